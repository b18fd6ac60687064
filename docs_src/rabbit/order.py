"""A service with two more middlewares: one adds to the span, one handles its error."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from faststream import BaseMiddleware, ExceptionMiddleware, FastStream, StreamMessage
from faststream.rabbit import RabbitBroker
from opentelemetry.trace import get_current_span

from faststream_otel.rabbit import RabbitTelemetryMiddleware

logger = logging.getLogger(__name__)


class Audit(BaseMiddleware[Any, Any]):
    async def consume_scope(
        self,
        call_next: Callable[[StreamMessage[Any]], Awaitable[Any]],
        msg: StreamMessage[Any],
    ) -> Any:
        get_current_span().set_attribute("app.audited", value=True)
        return await call_next(msg)


answers = ExceptionMiddleware()


@answers.add_handler(LookupError)
def explain(error: LookupError) -> None:
    print(f"Sorry: {error}")
    #> Sorry: no unicorn in stock


broker = RabbitBroker(middlewares=[RabbitTelemetryMiddleware(), answers, Audit])
app = FastStream(broker)


@broker.subscriber("orders")
async def pack(order: str) -> None:
    raise LookupError(f"no {order} in stock")


@app.after_startup
async def place_order() -> None:
    await broker.publish("unicorn", "orders")
