"""The ten scalar types of KQL, and columns made of them (page: Scalar data types)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace


class ScalarType(StrEnum):
    """A KQL scalar type; its value is the type's name in the language."""

    BOOL = "bool"
    INT = "int"
    LONG = "long"
    REAL = "real"
    DECIMAL = "decimal"
    STRING = "string"
    DATETIME = "datetime"
    TIMESPAN = "timespan"
    GUID = "guid"
    DYNAMIC = "dynamic"

    @property
    def numeric(self) -> bool:
        return self in _NUMERIC


_NUMERIC = (ScalarType.INT, ScalarType.LONG, ScalarType.REAL, ScalarType.DECIMAL)

# Every spelling that a declaration may use: KQL's names, their synonyms, and the .NET names of exported schemas.
TYPE_NAMES: dict[str, ScalarType] = {str(kind): kind for kind in ScalarType} | {
    "boolean": ScalarType.BOOL,
    "int32": ScalarType.INT,
    "int64": ScalarType.LONG,
    "double": ScalarType.REAL,
    "date": ScalarType.DATETIME,
    "time": ScalarType.TIMESPAN,
    "uniqueid": ScalarType.GUID,
    "uuid": ScalarType.GUID,
    "object": ScalarType.DYNAMIC,
}


class Column(Struct, frozen=True):
    """A column of a table or a relation. `nullable` is False where a null cannot occur (strings never are null)."""

    name: str
    type: ScalarType
    nullable: bool = True

    def named(self, name: str) -> Column:
        return replace(self, name=name)


Schema = tuple[Column, ...]


def common_type(types: Iterable[ScalarType]) -> ScalarType | None:
    """The type that values of all `types` can take together, or None: int < long < real, int < decimal; else equal."""
    kinds = set(types)
    if len(kinds) == 1:
        return kinds.pop()
    if kinds <= set(_NUMERIC):
        for kind in (ScalarType.REAL, ScalarType.DECIMAL, ScalarType.LONG):
            if kind in kinds:
                return kind
    return None


def physical_names(names: Iterable[str]) -> Mapping[str, str]:
    """KQL name -> storage name, unique regardless of case (SQL and Delta fold case, KQL does not).

    The first of several names that differ only in case keeps its spelling, the next ones get a suffix: LogonId, LogonID__2.
    """
    return _physical_names(tuple(names))


@lru_cache(maxsize=1024)
def _physical_names(names: tuple[str, ...]) -> Mapping[str, str]:
    taken: set[str] = set()
    result: dict[str, str] = {}
    for name in names:
        candidate, number = name, 1
        while candidate.lower() in taken:
            number += 1
            candidate = f"{name}__{number}"
        taken.add(candidate.lower())
        result[name] = candidate
    return MappingProxyType(result)
