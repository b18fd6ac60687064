"""Does the same to a service without telemetry and to one with ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cost.contenders import BARE, OURS
from trials.apart import apart

if TYPE_CHECKING:
    from collections.abc import Callable


def bare_and_ours(
    function: Callable[..., dict[str, Any]], **options: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Call a function for each of the two, one after the other.

    Args:
        function: As for `Apart`. It is told whose telemetry there is: `contender`.
        options: As for `Apart`.

    Returns:
        What was seen without telemetry, and with ours.

    Raises:
        FailedError: A process failed, or was ended because it took too long.
    """
    bare = apart(function, contender=BARE, **options)
    return bare, apart(function, contender=OURS, **options)
