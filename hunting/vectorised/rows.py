"""How a Python function of one row's values becomes an Arrow function: JSON read and written, equal rows computed once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import Parameter, Signature
from itertools import repeat
from typing import Any

import numpy as np
import pyarrow as pa

_ARROW = {
    "BOOLEAN": pa.bool_(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "JSON": pa.string(),
}


@dataclass(frozen=True, slots=True)
class Vectorised:
    """An Arrow function and its SQL types.

    Attributes:
        call: Arrow arrays in, an Arrow array out.
        parameters: SQL types of the arguments.
        result: SQL type of the result.
        setting: the name of a setting of the hunt that `call` takes before its arrays, or "".
        package: a package that it needs and that is an extra of the project, or "".
    """

    call: Callable[..., Any]
    parameters: list[str]
    result: str
    setting: str = ""
    package: str = ""


FUNCTIONS: dict[str, Vectorised] = {}

Rowwise = Callable[..., Any]


def by_row(*parameters: str, result: str, total: bool = False) -> Callable[[Rowwise], Rowwise]:
    """Declares a function of one row's values under its own name.

    JSON arguments arrive read, a JSON result is written. A null argument gives null without a call unless `total`.
    """

    def declare(function: Rowwise) -> Rowwise:
        def call(*columns: Any) -> Any:
            return from_rows(function, columns, parameters, result, total)

        # DuckDB counts the arguments by the signature.
        places = [Parameter(f"_{at}", Parameter.POSITIONAL_ONLY) for at in range(len(parameters))]
        call.__signature__ = Signature(places)  # type: ignore[attr-defined]
        FUNCTIONS[function.__name__] = Vectorised(call, list(parameters), result)
        return function

    return declare


def from_rows(
    function: Rowwise, columns: tuple[Any, ...], parameters: tuple[str, ...], result: str, total: bool = False
) -> pa.Array:
    """The function over every row of the columns; equal rows are computed once.

    JSON that Python does not take (nested too deeply, a number of thousands of digits) gives null.
    """
    done: dict[tuple[Any, ...], Any] = {}

    def value(row: tuple[Any, ...]) -> Any:
        if not total and None in row:
            return None
        try:
            given = [
                json.loads(each) if kind == "JSON" and each is not None else each
                for kind, each in zip(parameters, row, strict=True)
            ]
        except (ValueError, RecursionError):
            return None
        try:
            found = function(*given)
            return found if found is None or result != "JSON" else compact(found)
        except RecursionError:
            return None

    out: list[Any] = []
    with np.errstate(all="ignore"):  # what overflows is infinite
        for row in _rows(columns):
            if row not in done:
                done[row] = value(row)
            out.append(done[row])
    return typed(out, result)


def _rows(columns: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """A constant argument may come as one value for all rows."""
    length = max(len(column) for column in columns)
    return zip(
        *(repeat(column[0].as_py(), length) if len(column) != length else column.to_pylist() for column in columns), strict=False
    )


def typed(values: list[Any], result: str) -> pa.Array:
    array = pa.array(values, _ARROW[result])
    return pa.ExtensionArray.from_storage(pa.json_(pa.string()), array) if result == "JSON" else array


def compact(value: Any) -> str:
    """Canonical JSON text, as every dynamic is kept."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
