"""Lines that operators and passes use and that have no name in the language: what mv-expand and make-series do with values."""

from __future__ import annotations

from collections.abc import Callable

from kql.functions.fragments import wrapped
from kql.functions.registry import Function, Kind

NUMBER = Function(
    Kind.SCALAR,
    "number_of(value: dynamic) -> dynamic",
    "CASE WHEN json_type($value) IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN $value END",
    "",
    "The dynamic if it is a number, else null.",
    nulls="some",
)

_OFFSET = "($value - $start)"
SLOT = Function(
    Kind.SCALAR,
    "slot(value: long, start: long, step: long) -> long",
    f"CASE WHEN $step > 0 THEN ({_OFFSET} - (({_OFFSET} % $step) + $step) % $step) // $step END",
    "",
    "How many whole steps a value is from the start; null unless the step is positive.",
    nulls="some",
)
SLOT_REAL = Function(
    Kind.SCALAR,
    "slot(value: real, start: real, step: real) -> long",
    f"CASE WHEN $step > 0 THEN TRY_CAST(floor({_OFFSET} / $step) AS BIGINT) END",
    "",
    "How many whole steps a value is from the start; null unless the step is positive.",
    nulls="some",
)


def _steps(template: str) -> Callable[[list[object]], str]:
    """A template with $us, the microseconds of the constant step."""

    def filled(constants: list[object]) -> str:
        step = constants[2]
        assert isinstance(step, int)
        return template.replace("$us", str(step // 10))

    return filled


_SINCE_START = "epoch_us($value) - epoch_us($start)"
SLOT_TIME = Function(
    Kind.SCALAR,
    "slot(value: datetime, start: datetime, step: const timespan) -> long",
    _steps(f"({_SINCE_START}) // $us"),
    "",
    "How many whole steps of positive microseconds a moment is from the start, which is no later.",
)
LAST_TIME = Function(
    Kind.SCALAR,
    "last_slot(value: datetime, start: datetime, step: const timespan) -> long",
    _steps(f"greatest({_SINCE_START} + $us - 1, 0) // $us - 1"),
    "",
    "The last slot that begins before a moment; -1 if none does.",
)
POINT_TIME = Function(
    Kind.SCALAR,
    "point(slot: long, start: datetime, step: const timespan) -> datetime",
    _steps("make_timestamp(epoch_us($start) + $slot * $us)"),
    "",
    "The moment at which a slot begins.",
)
SLOTS = Function(
    Kind.SCALAR,
    "slots(first: long, last: long) -> long",
    f"range($first, least($last, $first + {2**20 - 1}) + 1)",
    "",
    "The SQL list of the numbers from first to last, both included, 2^20 at most.",
    nulls="some",
)
LIST = Function(
    Kind.AGGREGATE,
    "list(value: any) -> dynamic",
    "to_json(list($value))",
    "",
    "The values in the order of the rows, nulls too.",
    nulls="some",
    ordered=True,
)


def _inside(constants: list[object]) -> str:
    return f"bool_or($_0) OVER (ROWS BETWEEN {constants[1]} PRECEDING AND {constants[2]} FOLLOWING)"


INSIDE = Function(
    Kind.WINDOW,
    "inside(condition: bool, before: const long, after: const long) -> bool",
    _inside,
    "",
    "Whether it is true for a row at most so many rows before or after.",
    nulls="some",
)
IP6_BITS = Function(
    Kind.SCALAR,
    "ip6_bits(ip: string) -> long",
    "coalesce(TRY_CAST(regexp_extract($ip, '/([0-9]+)$', 1) AS BIGINT) + CASE WHEN contains($ip, ':') THEN 0 ELSE 96 END, 128)",
    "",
    "The length of the prefix of an address that is written as IPv6.",
    nulls="total",
)

AS_DYNAMIC = Function(
    Kind.SCALAR, "as_dynamic(text: dynamic) -> dynamic", "CAST($text AS JSON)", "", "A dynamic of its stored text.", nulls="some"
)


def _weighed(signature: str, template: str, help: str) -> Function:
    return Function(Kind.AGGREGATE, signature, template, "", f"{help}, where each row stands for several.", nulls="total")


_TIMES = "CAST(coalesce(sum($times){}, 0) AS BIGINT)"
_PRODUCT = "coalesce(sum(CAST($value AS HUGEINT) * $times){}, 0)"
_WHERE = " FILTER (WHERE $predicate)"
COUNT_OF = _weighed("count_of(times: long) -> long", _TIMES.format(""), "Number of rows")
COUNTIF_OF = _weighed("countif_of(predicate: bool, times: long) -> long", _TIMES.format(_WHERE), "Number of rows with a property")
SUM_OF = _weighed("sum_of(value: integer, times: long) -> long", wrapped(_PRODUCT.format("")), "Sum")
SUMIF_OF = _weighed(
    "sumif_of(value: integer, predicate: bool, times: long) -> long",
    wrapped(_PRODUCT.format(_WHERE)),
    "Sum of rows with a property",
)
