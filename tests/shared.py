"""What all tests of a process share, and some change while they run."""

from __future__ import annotations

import logging
import logging.config
import os
import sys
import threading
from pathlib import Path
from typing import Any

from opentelemetry import _logs, metrics, propagate, trace

# What pytest itself changes.
PYTESTS = {"PYTEST_CURRENT_TEST"}


def shared() -> dict[str, Any]:
    """Name what one test would find of another."""
    root = logging.getLogger()
    return {
        "the tracer provider": trace._TRACER_PROVIDER,
        "the meter provider": metrics._internal._METER_PROVIDER,
        "the logger provider": _logs._internal._LOGGER_PROVIDER,
        "the propagator": propagate.get_global_textmap(),
        "the factory of log records": logging.getLogRecordFactory(),
        "logging.basicConfig": logging.basicConfig,
        "logging.config": (logging.config.dictConfig, logging.config.fileConfig),
        "logging.Logger.callHandlers": logging.Logger.callHandlers,
        "logging.disable": root.manager.disable,
        "the root logger's level": root.level,
        "the root logger's handlers": [
            each for each in root.handlers if type(each).__module__ != "_pytest.logging"
        ],
        "the directory": Path.cwd(),
        "os.environ": {
            name: value for name, value in os.environ.items() if name not in PYTESTS
        },
        "sys.path": sys.path.copy(),
        "sys.excepthook": sys.excepthook,
        "timers": timers(),
    }


def timers() -> set[threading.Timer]:
    """Give the timers that wait, or do what they waited for."""
    return {
        each
        for each in threading.enumerate()
        if isinstance(each, threading.Timer) and not each.finished.is_set()
    }
