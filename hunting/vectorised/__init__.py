"""KQL functions that SQL cannot say: Arrow arrays in, an Arrow array out. Each is declared by a line in kql/functions."""

from __future__ import annotations

from hunting.vectorised import (  # noqa: F401 - a module declares its functions when it is imported
    arrays,
    bags,
    decimals,
    encoding,
    fitting,
    hashes,
    network,
    pairs,
    parsing,
    seasons,
    series,
    sketches,
    statistics,
    text,
)
from hunting.vectorised.rows import FUNCTIONS, Vectorised

__all__ = ["FUNCTIONS", "Vectorised"]
