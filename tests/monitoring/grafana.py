"""What Grafana's own models, which are made of its schemas, object to in a dashboard.

The models pass over what they do not know, and check no value. So what is read into
them is written again, to see what got lost, and each value is held against the type of
its field.
"""

from __future__ import annotations

import json
from enum import Enum
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.cog.runtime import UnknownDataquery, panelcfg_config
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard, Panel
from grafana_foundation_sdk.models.tempo import TempoQuery, TempoQueryType

if TYPE_CHECKING:
    from collections.abc import Iterator

UNITS = {value for name, value in vars(units).items() if name[0].isupper()}

register_default_plugins()


def objections(dashboard: dict[str, Any]) -> list[str]:
    """Give the path of each field that no model has, and of each wrong value."""
    found = [*_compared(dashboard, Dashboard, "dashboard")]
    for number, panel in enumerate(dashboard["panels"]):
        if panel["type"] != "row":
            path = f"dashboard.panels[{number}]"
            found += _of_panel(panel, path)
    return found


def _of_panel(panel: dict[str, Any], path: str) -> Iterator[str]:
    """What the models leave open: plugins, units, overrides, whose names are paths."""
    if panelcfg_config(panel["type"]) is None:
        yield f"{path}.type: {panel['type']!r} is no panel"
    config = panel.get("fieldConfig", {"defaults": {}, "overrides": []})
    unit = config["defaults"].get("unit")
    if unit is not None and unit not in UNITS:
        yield f"{path}.fieldConfig.defaults.unit: {unit!r} is no unit"
    for override in config["overrides"]:
        name = override["matcher"]["options"]
        for each in override["properties"]:
            defaults = each["value"]
            for part in reversed(each["id"].split(".")):
                defaults = {part: defaults}
            alone = {
                "type": panel["type"],
                "fieldConfig": {"defaults": defaults, "overrides": []},
            }
            where = f"{path}, of {name!r}"
            yield from _compared(alone, Panel, where)
            if "unit" in defaults:
                yield from _of_panel(alone, where)


def _compared(given: dict[str, Any], model: Any, path: str) -> Iterator[str]:
    """Read it into the model, and see what became of it."""
    try:
        read = model.from_json(given)
    except KeyError as kind:
        yield f"{path}: no model for {kind}"
        return
    written = json.loads(json.dumps(read, cls=JSONEncoder))
    yield from _lost(given, written, path)
    yield from _wrong(read, type(read), path)


def _lost(given: Any, written: Any, path: str) -> Iterator[str]:
    """Find what was given and not written again."""
    if isinstance(given, dict) and isinstance(written, dict):
        for name, value in given.items():
            if name in written:
                yield from _lost(value, written[name], f"{path}.{name}")
            else:
                yield f"{path}.{name}: no such field"
    elif isinstance(given, list) and isinstance(written, list):
        for number, pair in enumerate(zip(given, written, strict=True)):
            yield from _lost(*pair, f"{path}[{number}]")
    elif given != written:
        yield f"{path}: {given!r} became {written!r}"


def _wrong(value: Any, kind: Any, path: str) -> Iterator[str]:
    """Find values that are not of their field's type."""
    if isinstance(value, UnknownDataquery):
        yield f"{path}: no model for its data source"
    elif _is_model(type(value)):
        for name, its in get_type_hints(type(value)).items():
            yield from _wrong(getattr(value, name), its, f"{path}.{_in_json(name)}")
        if isinstance(value, TempoQuery):
            yield from _wrong(value.query_type, TempoQueryType, f"{path}.queryType")
    elif isinstance(value, dict) and _is_model(kind):
        # Some models leave their parts as they are.
        yield from _compared(value, kind, path)
    elif isinstance(value, list) and get_origin(kind) is list:
        for number, each in enumerate(value):
            yield from _wrong(each, get_args(kind)[0], f"{path}[{number}]")
    elif isinstance(value, dict) and get_origin(kind) is dict:
        for name, each in value.items():
            yield from _wrong(each, get_args(kind)[1], f"{path}.{name}")
    elif get_origin(kind) in {Union, UnionType}:
        ways = [list(_wrong(value, each, path)) for each in get_args(kind)]
        yield from min(ways, key=len)
    elif not _is(value, kind):
        yield f"{path}: {value!r} is not {_named(kind)}"


def _is(value: Any, kind: Any) -> bool:
    """Tell whether a value that has no parts is of a type."""
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if not isinstance(kind, type):
        return False
    if issubclass(kind, Enum):
        return value in {each.value for each in kind}
    if kind in {int, float} and isinstance(value, bool):
        return False
    return isinstance(value, (int, float) if kind is float else kind)


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and hasattr(kind, "from_json")


def _in_json(name: str) -> str:
    """Name a field as the file does: `type_val` is `type`, `ref_id` is `refId`."""
    first, *others = name.removesuffix("_val").split("_")
    return first + "".join(each.title() for each in others)


def _named(kind: Any) -> str:
    """Say what a value could have been."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return f"one of {[each.value for each in kind]}"
    return "left out" if kind is NoneType else getattr(kind, "__name__", str(kind))
