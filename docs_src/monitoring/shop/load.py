"""Places orders: python -m shop.load --seed 1 --count 100 --rate 10."""

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

import httpx


class Placed(NamedTuple):
    symbol: str
    quantity: int
    tier: str
    end: str  # bought, failed or rejected


def orders(seed: int, count: int) -> Iterator[Placed]:
    """The same ones for the same seed."""
    random = Random(seed)  # noqa: S311 - to be the same is what it is for
    for _ in range(count):
        tier = random.choice(["standard", "standard", "gold"])
        symbol = random.choice(["TEA", "CAKE"])
        quantity = random.randint(1, 100)
        (end,) = random.choices(["bought", "failed", "rejected"], [8, 1, 1])
        if end == "failed":
            symbol = "HALT"
        elif end == "rejected":
            quantity += 1000
        yield Placed(symbol, quantity, tier, end)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--rate", type=float, default=10, help="orders a second")
    parser.add_argument("--url", default="http://127.0.0.1:8000/orders")
    options = parser.parse_args()

    ends: Counter[str] = Counter()
    start = time.monotonic()
    with httpx.Client(timeout=30) as client:
        for number, order in enumerate(orders(options.seed, options.count)):
            time.sleep(max(0, start + number / options.rate - time.monotonic()))
            response = client.post(
                options.url,
                json={"symbol": order.symbol, "quantity": order.quantity},
                headers={"customer-tier": order.tier},
            )
            response.raise_for_status()
            ends[order.end] += 1
    print(f"Placed {options.count} orders, to be", dict(sorted(ends.items())))


if __name__ == "__main__":
    main()
