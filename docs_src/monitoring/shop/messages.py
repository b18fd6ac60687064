"""The messages that the services send to each other."""

from pydantic import BaseModel, Field


class Order(BaseModel):
    """A customer wants to buy shares."""

    symbol: str
    quantity: int = Field(gt=0)
    price: float | None = None  # None: nobody told it


class Trade(BaseModel):
    """The shares were bought."""

    symbol: str
    quantity: int
    total: float


class Receipt(BaseModel):
    """The customer was told."""

    text: str
    channel: str
