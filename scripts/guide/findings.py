"""The reference page of what the doctor finds, from its own rules."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Final

from faststream_otel.doctor._catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from faststream_otel.doctor._finding import Rule

HEAD: Final = """\
---
description: Every finding of the doctor, by its code - what it means, why it matters, and the line that fixes it.
search:
  boost: 0.5
---

<!-- Written by scripts/update. To change it, change faststream_otel/doctor or scripts/guide/findings.py. -->

# The doctor

What does a finding of `faststream-otel doctor` mean, and how do you fix it?
[Troubleshooting](../troubleshooting.md#ask-the-doctor) shows the command in use.

## The command

`faststream-otel doctor MODULE:APP` loads the application as `faststream run` does, and examines how its telemetry is set up.
`python -m faststream_otel doctor` is the same.
To examine the application as `opentelemetry-instrument` sets it up, put that command in front: `opentelemetry-instrument faststream-otel doctor app:app`.

| Option | What it does |
|---|---|
| `--app-dir DIRECTORY` | Looks for the module in this directory. |
| `--factory` | The application is what the function returns. |
| `--start` | Runs start-up hooks and the lifespan, with brokers in memory. No handler runs. Options after `--` are passed to the hooks, as with `faststream run`. |
| `--offline` | Sends nothing. Without this option, the doctor sends one span to the address of the application's exporter, and an empty request to the addresses for metrics and logs. |
| `--server NAME` | Says whether the last spans are lost under this server, such as `uvicorn`. |
| `--timeout SECONDS` | How long to wait for an answer. |
| `--json` | Prints JSON instead of text. |

| Exit status | Meaning |
|---|---|
| 0 | Nothing is wrong. There may be notes. |
| 1 | There is an error or a warning. |
| 2 | The application could not be loaded. Its own traceback says why. |
| 74 | The report could not be written, as on a full disk. |

To see whether a message stays in its trace, the doctor sends a message of its own through the application's middlewares, in memory.
No handler receives it.

Everything that the application prints goes to standard error, so that standard output contains only the report.
The values of headers, and passwords in addresses, are not printed.

In code, [`diagnose`][faststream_otel.doctor.diagnose] gives the same report.

An *error* means that telemetry is lost or wrong.
A *warning* means that something is probably not what you intended.
A *note* is worth knowing, and may be what you want.
Words in capitals below stand for what the doctor has found.
"""

TOPICS: Final = {
    "0": "Brokers",
    "1": "Recording",
    "2": "Context",
    "3": "Export",
    "4": "Metrics",
    "5": "Logs",
    "6": "Environment",
    "7": "Versions",
}
# What a gap of a rule stands for, where its name does not say that.
GAPS: Final = {
    "because": "the reason",
    "line": "the setting that is right",
    "nearest": "the nearest name that exists",
    "instead": "what to use in its place",
    "meaning": "what it means",
    "mended": "the value in the right unit",
    "mended_words": "that much",
}
_GAP: Final = re.compile(r"\{(\w+)\}")
# A word of a text that is code: a name with a sign in it that prose has not.
_CODE: Final = re.compile(r"[_=(){}\[\]]|://|\w\.\w|^--\w|^/\w|\*")
_BRACKETS: Final = re.compile(r"\(\w+\)")
_COMMAND: Final = re.compile(r"from \S+ import |pip install ")
_SENTENCE_END: Final = ",;:."


def page() -> str:
    """Write the page."""
    return "\n".join([HEAD, *_sections(CATALOGUE)]).rstrip() + "\n"


def _sections(rules: Iterable[Rule]) -> Iterator[str]:
    for topic, group in groupby(rules, key=lambda rule: rule.code[3]):
        yield f"## {TOPICS[topic]}\n"
        for rule in group:
            title = f"{rule.code}: {marked(rule.title).rstrip('.')}"
            yield f"### {title} {{ #{rule.code.lower()} }}\n"
            yield f"*{rule.kind.capitalize()}.*"
            why = marked(rule.why)
            yield f"{why.rstrip('.')}.\n"
            remedy = "  \n".join(map(marked, rule.remedy.splitlines()))
            yield f"Remedy: {remedy}\n"


def marked(text: str) -> str:
    """Mark what is code in a text, with its gaps in capitals."""
    filled = _GAP.sub(_gap, text).replace("{{", "{").replace("}}", "}")
    if _COMMAND.match(filled):
        command, *rest = filled.split(", ", 1)
        return ", ".join([f"`{command}`", *map(marked, rest)])
    words: list[str] = []
    for word in filled.split(" "):
        end = (
            word[len(word.rstrip(_SENTENCE_END)) :] if not word.endswith("...") else ""
        )
        bare = word.removesuffix(end)
        if bare.endswith(")") and "(" not in bare and "(" in " ".join(words):
            bare, end = bare[:-1], f"){end}"
        if bare.count("(") != bare.count(")") or bare.count("{") != bare.count("}"):
            # The code goes on with the next word.
            bare, end = word, ""
        if "`" in word or _BRACKETS.fullmatch(bare) or not _CODE.search(bare):
            words.append(word)
        elif words and words[-1].endswith("`"):
            words[-1] = f"{words[-1][:-1]} {bare}`{end}"
        else:
            words.append(f"`{bare}`{end}")
    return " ".join(words)


def _gap(found: re.Match[str]) -> str:
    return GAPS.get(found[1], found[1].replace("_", " ")).upper().replace(" ", "-")
