"""Advanced hunting in KQL over e-mail security tables, with automated investigation and response.

import hunting
hunt = hunting.connect("data/store")
hunt.query("EmailEvents | where ThreatTypes has 'Phish' | count").rows()
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hunting.engine import Hunt, connect
    from hunting.errors import AirError, HuntingError, StoreError
    from hunting.result import Result
    from kql.errors import KqlError, KqlExecutionError, KqlLimitError, KqlSemanticError, KqlSyntaxError, KqlUnsupportedError

__version__ = "0.1.0"

__all__ = [
    "AirError",
    "Hunt",
    "HuntingError",
    "KqlError",
    "KqlExecutionError",
    "KqlLimitError",
    "KqlSemanticError",
    "KqlSyntaxError",
    "KqlUnsupportedError",
    "Result",
    "StoreError",
    "connect",
]

# Looked up on first use: the command line's help and completion must not wait for DuckDB and pyarrow.
_MODULES = {
    "hunting.engine": ("Hunt", "connect"),
    "hunting.errors": ("AirError", "HuntingError", "StoreError"),
    "hunting.result": ("Result",),
    "kql.errors": tuple(name for name in __all__ if name.startswith("Kql")),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOMES]
