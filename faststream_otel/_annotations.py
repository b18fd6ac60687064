"""What a FastStream handler can ask for in its signature."""

from __future__ import annotations

from typing import Annotated, Any

from fast_depends.library import CustomField
from opentelemetry.trace import Span, get_current_span

from faststream_otel._baggage import Baggage, ContextBaggage


class _CurrentSpanField(CustomField):
    """Gives a handler the span that is current when it is called."""

    def __init__(self) -> None:
        super().__init__(cast=False, required=False)

    def use(self, /, **kwargs: Any) -> dict[str, Any]:
        kwargs = super().use(**kwargs)
        kwargs[str(self.param_name)] = get_current_span()
        return kwargs


class _CurrentBaggageField(CustomField):
    """Gives a handler the baggage of the message that it is called with."""

    def __init__(self) -> None:
        super().__init__(cast=False, required=False)

    def use(self, /, **kwargs: Any) -> dict[str, Any]:
        kwargs = super().use(**kwargs)
        kwargs[str(self.param_name)] = ContextBaggage()
        return kwargs


CurrentSpan = Annotated[Span, _CurrentSpanField()]
"""The process span of the message that a handler was given.

Annotate a parameter of a handler or of a FastStream dependency with it. Without a
tracer provider it is a span that records nothing, so it can always be used.
"""

CurrentBaggage = Annotated[Baggage, _CurrentBaggageField()]
"""The baggage of the message that a handler was given; what it changes is sent on.

Annotate a parameter of a handler or of a FastStream dependency with it.
"""
