"""What a handler can ask for in its signature, in FastStream and in FastAPI routers."""

from __future__ import annotations

import sys
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


class _FastAPIDependency:
    """Gives the same to the handler of a FastAPI router, which looks for a `Depends`.

    It is one as soon as FastAPI was imported, which this package never does itself.
    """

    def __init__(self, provide: Callable[[], object]) -> None:
        self._provide = provide
        self._depends: Any = None

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        parameters = sys.modules.get("fastapi.params")
        return _FastAPIDependency if parameters is None else parameters.Depends

    def __getattr__(self, name: str) -> Any:
        parameters = sys.modules.get("fastapi.params")
        if parameters is None or name.startswith("__"):
            raise AttributeError(name)
        if self._depends is None:
            provide = self._provide

            async def dependency() -> Any:
                return provide()

            self._depends = parameters.Depends(dependency, use_cache=False)
        return getattr(self._depends, name)


def _annotated(kind: type, provide: Callable[[], object]) -> Any:
    parameters = (kind, _Provided(provide), _FastAPIDependency(provide))
    return Annotated[parameters]


if TYPE_CHECKING:
    CurrentSpan = Annotated[Span, ...]
    """The process span of the message that is being handled.

    Annotate a parameter of a handler or of a dependency with it. Without a tracer
    provider, it is a span that records nothing, so you can always use it.
    """

    CurrentBaggage = Annotated[Baggage, ...]
    """The baggage of the message that is being handled.

    Annotate a parameter of a handler or of a dependency with it. Changes to it are sent
    on with the messages that the handler publishes.
    """
else:
    CurrentSpan = _annotated(Span, get_current_span)
    CurrentBaggage = _annotated(Baggage, ContextBaggage)
