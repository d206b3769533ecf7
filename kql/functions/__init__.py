"""All functions of the language, by kind; each topic's module declares its lines when it is imported."""

from __future__ import annotations

from kql.functions import (  # noqa: F401 - a module declares its lines when it is imported
    aggregates,
    conversion,
    dynamic,
    encoding,
    geography,
    hashes,
    logic,
    network,
    number,
    operators,
    regex,
    series,
    sets,
    sketches,
    text,
    time,
    units,
    windows,
)
from kql.functions.registry import AGGREGATES, OPERATORS, SCALARS, WINDOWS

__all__ = ["AGGREGATES", "OPERATORS", "SCALARS", "WINDOWS"]
