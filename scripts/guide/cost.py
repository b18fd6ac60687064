"""What the page about cost shows: the counts that `scripts/bench --count` wrote."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean
from typing import Any, Final

from cost.goals import GOALS
from cost.scenes import SCALES

# Under the checkout, written by `scripts/bench --count --write`.
COUNTS: Final = Path(__file__).parents[1] / "cost" / "counts.json"

_NAMES: Final = {
    "kafka": "Kafka",
    "confluent": "Confluent",
    "rabbit": "RabbitMQ",
    "nats": "NATS",
    "redis": "Redis",
    "mqtt": "MQTT",
}
_CONTENDERS: Final = {
    "own": ("FastStream's own", "trace-internal"),
    "floor": ("bare calls of the SDK", "trace-producer"),
    "ours": ("this package", "trace-consumer"),
}
# What a reader calls the modes, in a heading of the chart and in the table.
_MODES: Final = {
    "no provider": "No provider is set",
    "all sampled out": "Spans are sampled out",
    "all sampled": "Spans are recorded",
    "all sampled + metrics": "Spans and metrics are recorded",
}

# CSS pixels, as in the pictures of traces.
_HEAD: Final = 26
_ROW: Final = 32
_BASELINE: Final = 13
_BAR_TOP: Final = 18
_BAR_HEIGHT: Final = 9
_GAP: Final = 10


def _counts() -> dict[str, dict[str, dict[str, int]]]:
    counts: dict[str, Any] = json.loads(COUNTS.read_text())["counts"]
    return counts


def _means() -> dict[str, dict[str, float]]:
    """Give the mean of all brokers, in thousands, by mode and contender."""
    brokers = _counts().values()
    return {
        mode: {
            name: mean(broker[mode][name] for broker in brokers) / 1000
            for name in _CONTENDERS
        }
        for mode in _MODES
    }


def chart() -> str:
    """Draw the mean of all brokers as bars, readable in light and dark."""
    means = _means()
    most = max(max(of.values()) for of in means.values())
    height = len(_MODES) * (_HEAD + len(_CONTENDERS) * _ROW + _GAP)
    told = "; ".join(
        f"{_MODES[mode]}: "
        + ", ".join(f"{_CONTENDERS[name][0]} {of[name]:.0f}" for name in _CONTENDERS)
        for mode, of in means.items()
    )
    lines = [
        (
            '<svg xmlns="http://www.w3.org/2000/svg" class="trace-picture" role="img"'
            ' aria-labelledby="cost-title cost-desc" width="100%"'
            f' height="{height}" style="height:{height}px">'
        ),
        '<title id="cost-title">What telemetry adds to a message</title>',
        f'<desc id="cost-desc">Thousands of instructions. {told}.</desc>',
    ]
    top = 0
    for mode, of in means.items():
        lines.append(
            f'<text class="trace-name" x="0" y="{top + _BASELINE}">{_MODES[mode]}'
            "</text>"
        )
        top += _HEAD
        for name, (label, kind) in _CONTENDERS.items():
            width = of[name] / most * 100
            bar = f'x="0" y="{top + _BAR_TOP}" height="{_BAR_HEIGHT}" rx="2"'
            lines += [
                f'<g class="{kind}">',
                f'<text class="trace-note" x="0" y="{top + _BASELINE}">{label}</text>',
                (
                    f'<text class="trace-duration" x="100%" y="{top + _BASELINE}">'
                    f"{of[name]:.0f}</text>"
                ),
                f'<rect class="trace-track" {bar} width="100%"/>',
                f'<rect class="trace-bar" {bar} width="{width:.2f}%"/>',
                "</g>",
            ]
            top += _ROW
        top += _GAP
    return "\n".join([*lines, "</svg>"]) + "\n"


def table() -> str:
    """Give each broker's counts, in thousands, and ours as shares of the other two."""
    lines = [
        "| Broker | Bare | Own | This | of bare | of own |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for mode, heading in _MODES.items():
        lines.append(f"| **{heading}** | | | | | |")
        for broker, of in _counts().items():
            floor, own, ours = (of[mode][name] for name in ("floor", "own", "ours"))
            lines.append(
                f"| {_NAMES[broker]} | {floor / 1000:.0f} | {own / 1000:.0f} "
                f"| {ours / 1000:.0f} | {ours / floor:.2f} | {ours / own:.2f} |"
            )
    return "\n".join(lines) + "\n"


def savings() -> str:
    """Give what remains of the cost where less is recorded."""
    means = {mode: of["ours"] for mode, of in _means().items()}
    whole = means["all sampled + metrics"]
    rows = (
        ("spans and metrics", "all sampled + metrics"),
        ("spans alone", "all sampled"),
        ("nothing: the sampler drops each span, and no metrics", "all sampled out"),
        ("nothing: no provider is set", "no provider"),
    )
    lines = ["| Recorded | Instructions | Of the whole |", "|---|--:|--:|"]
    lines += [
        f"| {what} | {round(means[mode]) * 1000:,} | {means[mode] / whole:.0%} |"
        for what, mode in rows
    ]
    return "\n".join(lines) + "\n"


def limits() -> str:
    """Give what the bare calls take of FastStream's own, beside what was aimed at."""
    lines = [
        "| Mode | Aim | Bare calls of the SDK | This package |",
        "|---|--:|--:|--:|",
    ]
    for mode, of in _means().items():
        bare, this = of["floor"] / of["own"], of["ours"] / of["own"]
        lines.append(
            f"| {_MODES[mode]} | {GOALS[mode][1]:.2f} | {bare:.2f} | {this:.2f} |"
        )
    return "\n".join(lines) + "\n"


def scale() -> str:
    """Give what a message costs where there is much of something."""
    counted = json.loads(COUNTS.read_text())["scale"]
    lines = [
        "| One message of many | FastStream's own | This package | Times as much |",
        "|---|--:|--:|--:|",
    ]
    for broker, little, much in SCALES:
        few, many = counted[broker][little], counted[broker][much]
        for scene, of, times in (
            (little, few, ""),
            (much, many, f"{many['ours'] / few['ours']:.2f}"),
        ):
            lines.append(
                f"| {_NAMES[broker]}, {scene} | {of['own'] / 1000:.0f} "
                f"| {of['ours'] / 1000:.0f} | {times} |"
            )
    return "\n".join(lines) + "\n"


def memory() -> str:
    """Say how much memory a process has after few messages, and after many more."""
    sizes = json.loads(COUNTS.read_text())["memory"]
    bare, ours = (
        [f"{each / 1e6:.1f} MB" for each in sizes[name]] for name in ("bare", "ours")
    )
    return (
        f"After 10,000 messages, the process uses {ours[0]} with this package, and "
        f"{bare[0]} without it.\n"
        f"After another 500,000 messages, it uses {ours[1]} and {bare[1]}.\n"
    )


def made_with() -> str:
    """Say which versions were counted."""
    counted = json.loads(COUNTS.read_text())
    versions = counted["versions"]
    return (
        f"Counted with Python {counted['python']}, FastStream {versions['faststream']} "
        f"and OpenTelemetry {versions['opentelemetry-sdk']}.\n"
    )
