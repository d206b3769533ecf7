"""Advanced hunting in KQL over e-mail security tables, with automated investigation and response.

    import hunting
    hunt = hunting.connect("data/store")
    hunt.query("EmailEvents | where ThreatTypes has 'Phish' | count").rows()
"""

from __future__ import annotations

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
