"""Request and reply on Kafka: FastStream has no `request` for it.

The question says where its answer is to go, and the answer repeats the question's
correlation id. One process may ask: a second one would take the first one's answers.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import uuid4

from faststream import Context

CorrelationId = Annotated[str, Context("message.correlation_id")]


def asking(
    broker: Any, subscriber: Callable[[str], Any], name: str
) -> Callable[[str], Awaitable[Any]]:
    answers = f"{name}.answers"
    waiting: dict[str, asyncio.Future[Any]] = {}

    @subscriber(answers)
    async def take_answer(answer: Any, correlation_id: CorrelationId) -> None:
        if correlation_id in waiting:
            waiting.pop(correlation_id).set_result(answer)

    async def ask(question: str) -> Any:
        id_ = str(uuid4())
        waiting[id_] = asyncio.get_running_loop().create_future()
        await broker.publish(question, name, reply_to=answers, correlation_id=id_)
        try:
            return await asyncio.wait_for(waiting[id_], timeout=2)
        finally:
            waiting.pop(id_, None)

    return ask
