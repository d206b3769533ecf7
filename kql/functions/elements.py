"""Lines that operators use and that have no name in the language: what mv-expand and make-series do with values."""

from __future__ import annotations

from kql.functions.registry import Function, Kind

NUMBER = Function(
    Kind.SCALAR,
    "number_of(value: dynamic) -> dynamic",
    "CASE WHEN json_type($value) IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN $value END",
    "",
    "The dynamic if it is a number, else null.",
    nulls="some",
)
