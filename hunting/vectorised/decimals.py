"""Products and quotients of decimals of one row, as text: exact, then rounded to the 18 digits that a decimal keeps."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal, InvalidOperation

from hunting.vectorised.rows import by_row

_EXACT = Context(prec=80)
_DIGITS = Decimal(1).scaleb(-18)


def _rounded(compute: Callable[[Decimal, Decimal], Decimal], left: str, right: str) -> str | None:
    try:
        return format(compute(Decimal(left), Decimal(right)).quantize(_DIGITS, context=_EXACT), "f")
    except (InvalidOperation, ZeroDivisionError):
        return None


@by_row("VARCHAR", "VARCHAR", result="VARCHAR")
def decimal_product(left: str, right: str) -> str | None:
    return _rounded(_EXACT.multiply, left, right)


@by_row("VARCHAR", "VARCHAR", result="VARCHAR")
def decimal_quotient(left: str, right: str) -> str | None:
    """Null by zero."""
    return _rounded(_EXACT.divide, left, right)
