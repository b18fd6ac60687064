"""What a handler can ask for in its signature, in FastStream and in FastAPI routers."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any

from fast_depends.library import CustomField
from opentelemetry.trace import Span, get_current_span

from faststream_otel._baggage import Baggage, ContextBaggage

if TYPE_CHECKING:
    from collections.abc import Callable


class _Provided(CustomField):
    """Gives a FastStream handler what `provide` returns when it is called."""

    def __init__(self, provide: Callable[[], object]) -> None:
        super().__init__(cast=False, required=False)
        self._provide = provide

    def use(self, /, **kwargs: Any) -> dict[str, Any]:
        kwargs = super().use(**kwargs)
        kwargs[str(self.param_name)] = self._provide()
        return kwargs


def _annotated(kind: type, provide: Callable[[], object]) -> Any:
    markers: list[object] = [_Provided(provide)]
    # A router of FastAPI resolves the handler's parameters in its own way.
    if find_spec("fastapi") is not None:
        from fastapi.params import Depends  # noqa: PLC0415 - it may not be there

        async def dependency() -> Any:
            return provide()

        markers.append(Depends(dependency, use_cache=False))
    parameters = (kind, *markers)
    return Annotated[parameters]


if TYPE_CHECKING:
    CurrentSpan = Annotated[Span, ...]
    """The process span of the message that a handler was given.

    Annotate a parameter of a handler or of a dependency with it. Without a tracer
    provider it is a span that records nothing, so it can always be used.
    """

    CurrentBaggage = Annotated[Baggage, ...]
    """The baggage of the message that a handler was given; what it changes is sent on.

    Annotate a parameter of a handler or of a dependency with it.
    """
else:
    CurrentSpan = _annotated(Span, get_current_span)
    CurrentBaggage = _annotated(Baggage, ContextBaggage)
