"""How much the values of stored columns repeat, estimated from a sample of a table's files.

Of text, the number of different values grows with a power of the number of rows (Heaps' law); two parts of a sample tell which.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

MANY = 500_000  # rows of a table from which on its variety is worth asking for
_FILES, _ROWS = 4, 65_536
_FIRST = _ROWS // _FILES


def estimated(row_of: Callable[[str], tuple[Any, ...] | None], files: Sequence[str], columns: Sequence[str]) -> float | None:
    """Different combinations of the columns' values per row of all files; None of few rows, where it does not matter.

    Args:
        row_of: runs SQL in DuckDB that gives one row, or None if it fails, such as on older files that lack a column.
    """
    if not files:
        return None
    sizes = {path: Path(path).stat().st_size for path in files}
    large = [path for path in files if 2 * sizes[path] >= max(sizes.values())]
    some = list(dict.fromkeys(large[at * (len(large) - 1) // (_FILES - 1)] for at in range(_FILES)))
    listed = ", ".join(_text(path) for path in some)
    held = row_of(f"SELECT sum(num_rows) FROM parquet_file_metadata([{listed}])")
    total = 0 if held is None else held[0] * sum(sizes.values()) / sum(sizes[path] for path in some)
    if total < MANY:
        return None
    sample = row_of(_sample(listed, columns, _ROWS // len(some)))
    if sample is None:
        return 1.0
    rows, different, first_rows, first_different = sample
    if rows <= first_rows:
        return 1.0
    power = math.log(different / first_different) / math.log(rows / first_rows)
    return float(different / rows * (total / rows) ** (min(power, 1) - 1))


def _sample(listed: str, columns: Sequence[str], rows: int) -> str:
    """Rows and different combinations of the sample, then of its first part."""
    first = f"count(*) FILTER (file_index = 0 AND file_row_number < {_FIRST})"
    names = ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
    source = f"read_parquet([{listed}], hive_partitioning = false) WHERE file_row_number < {rows}"
    groups = f"SELECT count(*) AS n, {first} AS f FROM {source} GROUP BY {names}"
    return f"SELECT sum(n), count(*), sum(f), count(*) FILTER (f > 0) FROM ({groups})"


def _text(path: str) -> str:
    return "'" + path.replace("'", "''") + "'"
