"""Calls of window functions: what a restart and a rank are made of (pages: row_number, row_cumsum, row_rank_dense)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from kql.algebra import Call, Literal, Value, Window
from kql.errors import KqlSemanticError
from kql.functions import OPERATORS, WINDOWS
from kql.functions.windows import BEGINS, RUN
from kql.overloads import Argument, call, convert, invoke
from kql.scope import Scope
from kql.types import ScalarType

if TYPE_CHECKING:
    from kql.syntax.calls import FunctionCall


def window_call(node: FunctionCall, scope: Scope) -> Value:
    """The value of a window function.

    Raises:
        KqlSemanticError: the rows have no order.
    """
    if not scope.serialized:
        message = f"The function '{node.name}' needs rows in an order."
        raise KqlSemanticError(message, node.span, "Put '| serialize' or '| sort by ...' before it.")
    found = call(str(node.name), _with_default(str(node.name), node.bound(scope)), node.span, WINDOWS)
    stretch: tuple[Value, ...] = ()
    if found.function.parameters and found.function.parameters[-1].name == "restart":
        stretch = (_run(found.args[-1]),)
        found = replace(found, args=(*found.args[:-1], Literal(True, ScalarType.BOOL)))
    if found.function.name.startswith("row_rank"):
        return _rank(found, stretch)
    return Window(found, stretch)


def _with_default(name: str, args: list[Argument]) -> list[Argument]:
    """The arguments; the default of prev and next takes the column's type: `next(Timestamp, 1, 0)`."""
    if name not in ("prev", "next") or len(args) != 3:
        return args
    return [*args[:2], Argument(convert(args[2].value, args[0].value.type), args[2].span)]


def _rank(rank: Call, stretch: tuple[Value, ...]) -> Value:
    """The dense rank is the number of runs so far; the other the row's number less its place in the run."""
    begins = Window(Call(BEGINS, rank.args[:1], ScalarType.BOOL, nullable=False), stretch)
    if rank.function.name == "row_rank_dense":
        return Window(replace(rank, args=(begins, *rank.args[1:])), stretch)
    place = Window(invoke("row_number", registry=WINDOWS), (*stretch, _run(begins, *stretch)))
    before = invoke("-", Window(rank, stretch), place, registry=OPERATORS)
    return invoke("+", before, Literal(1, ScalarType.LONG), registry=OPERATORS)


def _run(begins: Value, *partition: Value) -> Window:
    """The number of the run that a row is in; null begins none."""
    known = invoke("coalesce", begins, Literal(False, ScalarType.BOOL))
    return Window(Call(RUN, (known,), ScalarType.LONG, nullable=False), partition)
