"""How a Python function of one row's values becomes an Arrow function: JSON read and written, equal rows computed once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from inspect import Parameter, Signature
from typing import Any

import numpy as np
import numpy.typing as npt
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

        places = [Parameter(f"_{at}", Parameter.POSITIONAL_ONLY) for at in range(len(parameters))]
        call.__signature__ = Signature(places)  # type: ignore[attr-defined]  # DuckDB counts by it
        FUNCTIONS[function.__name__] = Vectorised(call, list(parameters), result)
        return function

    return declare


def from_rows(
    function: Rowwise, columns: tuple[Any, ...], parameters: tuple[str, ...], result: str, total: bool = False
) -> pa.Array:
    """The function over every row of the columns; equal rows are computed once, so the function must not change its arguments.

    JSON that Python does not take (nested too deeply, a number of thousands of digits) gives null.
    """
    places, values = zip(*(_encoded(column, kind) for column, kind in zip(columns, parameters, strict=True)), strict=True)
    rows, inverse = _distinct(places, [len(each) for each in values])

    def found(at: int) -> Any:
        given = [each[place[at]] for each, place in zip(values, places, strict=True)]
        if _UNREADABLE in given or (not total and None in given):
            return None
        try:
            value = function(*given)
            return value if value is None or result != "JSON" else compact(value)
        except RecursionError:
            return None

    with np.errstate(all="ignore"):  # what overflows is infinite
        return typed(pa.array([found(at) for at in rows], _ARROW[result]).take(pa.array(inverse)), result)


_UNREADABLE = object()


def _encoded(column: Any, kind: str) -> tuple[npt.NDArray[np.int64], list[Any]]:
    """A column as places in the list of its different values, JSON read."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    encoded = whole.dictionary_encode(null_encoding="encode")
    texts = encoded.dictionary.to_pylist()
    return encoded.indices.to_numpy().astype(np.int64), [_read(text) for text in texts] if kind == "JSON" else texts


def _read(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError):
        return _UNREADABLE


def _distinct(places: tuple[npt.NDArray[np.int64], ...], sizes: list[int]) -> tuple[list[int], npt.NDArray[np.int64]]:
    """A row for each different combination of places, and the combination of every row."""
    combined = places[0]
    for place, size in zip(places[1:], sizes[1:], strict=True):  # renumbered each time: the numbers stay small
        _, combined = np.unique(combined * size + place, return_inverse=True)
    _, first, inverse = np.unique(combined, return_index=True, return_inverse=True)
    return first.tolist(), inverse


def typed(array: pa.Array, result: str) -> pa.Array:
    return pa.ExtensionArray.from_storage(pa.json_(pa.string()), array) if result == "JSON" else array


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def compact(value: Any) -> str:
    """Canonical JSON text, as every dynamic is kept."""
    return _ENCODER.encode(value)
