"""Writes the tab sets that pages include: one a file that several brokers have.

`docs/includes/chain.py.md` shows `docs_src/<broker>/chain.py` of each broker, with the
picture of its trace where there is one. `docs_src/<broker>/chain.md` is what that
broker's tab says besides, or instead of a program that the broker cannot have.
`docs/includes/reading_lost.md` has pictures alone: those of the same program where its
messages are lost.

python -m guide.tabs update
"""

from __future__ import annotations

import argparse
from collections import Counter
from typing import TYPE_CHECKING, Final

from guide.places import BROKERS, DOCS, PICTURES, PROGRAMS, TABS
from guide.steps import STEPS

if TYPE_CHECKING:
    from pathlib import Path

INCLUDES = DOCS / "includes"
LANGUAGES = {".py": "python", ".sh": "bash", ".txt": "text"}

# The full example has its file for each broker in a folder of its own, and shows the
# trace before it.
ELSEWHERE: Final[dict[str, str]] = {
    "shop_trace": "monitoring/shop/brokers/{broker}",
    "shop_broker.py": "monitoring/shop/brokers/{broker}.py",
}

# Lines to mark: those of a file that contain one of these.
MARKED: Final[dict[str, tuple[str, ...]]] = {
    "context.py": ('message.headers["traceparent"]',),
    "errors.py": ("raise ",),
    "baggage.py": ("baggage.set(", "baggage.remove(", "baggage.clear("),
    "settled.py": ("settle_spans=True",),
    "exporting.py": ("BatchSpanProcessor(OTLPSpanExporter())",),
    "exporting_http.py": ("proto.http",),
    "exporting_zipkin.py": (".zipkin.", "ZipkinExporter()"),
    "exporting_prometheus.py": ("PrometheusMetricReader()", "start_http_server("),
    "exporting_console.py": ("for exporter in", "SimpleSpanProcessor(exporter)"),
    "exporting_memory.py": (
        "= InMemorySpanExporter()",
        "SimpleSpanProcessor(exporter)",
    ),
    "serving.py": ("import shutdown", "after_shutdown=", "as_asgi()"),
    "serving_fastapi.py": ("import shutdown", "await shutdown()"),
    "http_in.py": ("instrument_app", "app, tracer_provider", "await broker.publish"),
    "http_out.py": ("instrument(", "shop.post"),
    "by_hand.py": ("propagate.",),
    "custom_spans.py": ("span.", "start_as_current_span"),
    "hooks.py": ("def sending", "def received", "_hook"),
    "caught_error.py": ("record_exception", "set_status"),
    "background.py": ("create_task", "to_thread", "run_in_executor"),
    "incoming_link.py": ("incoming=",),
    "batch.py": ("broker.subscriber", "broker.publish"),
    "create_spans.py": ("create_spans=",),
    "shortest.py": ("middlewares=",),
    "before.py": (".opentelemetry import",),
    "migrated.py": ("from faststream_otel",),
    "mixed.py": ("middlewares=",),
    "both.py": ("(tracer_provider=tracer_provider)",),
    "logs_instrumented.py": ("inject_trace_context", "%(otelTraceID)s"),
    "logs_json.py": ("addFilter", "JsonFormatter()"),
    "logs_structlog.py": ("processors=[add_trace_ids", "foreign_pre_chain"),
    "redelivered.py": ("ack_policy=",),
    "order.py": ("middlewares=",),
    "sampler.py": ("dropped =", "sampler=ParentBased"),
    "tenant.py": ("set_attribute", "baggage_keys="),
    "untrusted.py": ("incoming=",),
}


def names() -> list[str]:
    """The files that have tabs: what one broker alone has is on its page as it is."""
    counted = Counter(
        path.name
        for broker in TABS.values()
        for path in (PROGRAMS / broker).iterdir()
        if path.suffix in LANGUAGES
    )
    several = [name for name, count in counted.items() if count > 1]
    pictured = [step for step, each in STEPS.items() if each.circumstances.of]
    return sorted([*several, *ELSEWHERE, *pictured])


def file_of(name: str, broker: str) -> Path:
    """Where the file of a broker is; what has no suffix has a picture alone."""
    return PROGRAMS / ELSEWHERE.get(name, f"{{broker}}/{name}").format(broker=broker)


def tab_set(name: str) -> str:
    """The tabs for a file, in Markdown."""
    tabs = []
    for label, broker in TABS.items():
        file = file_of(name, broker)
        parts = list(filter(None, contents(file)))
        program = file.with_suffix(".py")
        if file.suffix == ".sh" and not file.exists() and not program.exists():
            parts = [f"There is nothing to run with {label}."]
        if not parts:
            raise FileNotFoundError(
                f"docs_src/{broker}/{name}: there must be one, or a .md that says why"
            )
        tabs.append("\n\n".join([f'=== "{label}"', *map(indented, parts)]))
    return "\n\n".join(tabs) + "\n"


def contents(file: Path) -> list[str]:
    """What a broker's tab shows."""
    broker = file.parent.name
    # A script is of its program: what there is to say is said there.
    words = file.with_suffix(".md") if file.suffix == ".py" else file
    picture = PICTURES / file.relative_to(PROGRAMS).with_suffix(".svg")
    # A program of the full example has its picture in a tab without it.
    pictured = not file.suffix or (file.suffix == ".py" and broker in BROKERS)
    shown = [
        block(file) if file.exists() else "",
        figure(picture) if pictured and picture.exists() else "",
    ]
    said = (
        f'{{! include "../../docs_src/{broker}/{words.name}" !}}'
        if words.suffix == ".md" and words.exists()
        else ""
    )
    # Where a broker cannot do it, the words say so before another broker's picture.
    return [*shown, said] if file.exists() or not file.suffix else [said, *shown]


def block(file: Path) -> str:
    """A file as a code block."""
    title = file.relative_to(PROGRAMS).as_posix()
    lines = file.read_text().splitlines()
    marked = [
        str(number)
        for number, line in enumerate(lines, start=1)
        if any(text in line for text in MARKED.get(file.name, ()))
    ]
    marks = f' hl_lines="{" ".join(marked)}"' if marked else ""
    return (
        f'```{LANGUAGES[file.suffix]} title="{title}"{marks}\n'
        f'{{! include "../../docs_src/{title}" !}}\n'
        "```"
    )


def figure(picture: Path) -> str:
    """The picture of a trace, inline, and the attributes of its spans below it."""
    included = "\n".join(
        f'{{! include "../traces/{file.relative_to(PICTURES).as_posix()}" !}}'
        for file in (picture, picture.with_suffix(".html"))
    )
    return f"/// html | figure.trace\n    markdown: html\n{included}\n///"


def indented(text: str) -> str:
    """Put text into a tab."""
    return "\n".join(f"    {line}" if line else "" for line in text.splitlines())


def main() -> None:
    """Write the tab sets anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("update", help="write docs/includes")
    parser.parse_args()
    INCLUDES.mkdir(exist_ok=True)
    for path in INCLUDES.iterdir():
        path.unlink()
    for name in names():
        path = INCLUDES / f"{name}.md"
        path.write_text(tab_set(name))
        print(f"wrote {path.relative_to(DOCS.parent)}")


if __name__ == "__main__":
    main()
