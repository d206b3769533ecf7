"""Terms and conditions over whichever columns a table has: the predicates of search and find."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from kql.algebra import Call, ColumnRef, Filter, InList, Literal, Logical, Not, Value
from kql.errors import KqlSemanticError, Span
from kql.functions.terms import regex_escaped
from kql.scope import Scope, empty
from kql.syntax.base import Syntax
from kql.syntax.calls import FunctionCall
from kql.syntax.comparisons import Match, MatchAnyColumn
from kql.syntax.expressions import Chain, Group, NameRef, boolean
from kql.syntax.literals import Constant
from kql.syntax.unions import Named
from kql.tokens import Token
from kql.traversal import map_inner
from kql.types import Column, ScalarType, Schema

_CASED = {"==": "==", "=~": "==", "!~": "!=", "in~": "in", "!in~": "!in", ":": "has_cs"}


def predicate(node: Any, scope: Scope, cased: bool = False) -> Value:
    """A search predicate: a bare text is a term looked for in all columns, `col:"x"` in one; the rest is as in `where`."""
    match node:
        case Group():
            return predicate(node.inner, scope, cased)
        case Chain():
            return Logical("and" if node.op == "and" else "or", tuple(predicate(each, scope, cased) for each in node.operands))
        case FunctionCall() if node.name == "not" and len(node.items) == 1:
            return Not(predicate(node.items[0], scope, cased))
        case Constant() if node.literal.type is ScalarType.STRING:
            op, text = term(node, cased)
            return MatchAnyColumn(Token("STAR", "*"), Token("MATCH", op), text, span=node.span).bind(scope)
        case Constant() if node.literal.type is not ScalarType.BOOL:
            raise KqlSemanticError("A term to search for is a text.", node.span, "Put it in quotes.")
        case Match() if node.op == ":" and isinstance(node.right, Constant):
            op, text = term(node.right, cased)
            return Match(node.left, Token("MATCH", op), text, span=node.span).bind(scope)
        case Match() | MatchAnyColumn() if cased:
            node.op = Token("MATCH", _case_sensitive(str(node.op)))
            return node.bind(scope)
        case _:
            return boolean(node, scope, scope.operator)


def term(node: Constant, cased: bool) -> tuple[str, Constant]:
    """The operator of a term and what it looks for: the asterisks tell (page: search operator)."""
    text = str(node.literal.value)
    inner = text.strip("*")
    suffix = "_cs" if cased else ""
    if "*" in inner:
        pattern = ".*".join(regex_escaped(part) for part in text.split("*"))
        return "matches regex", _text(rf"{'' if cased else '(?i)'}\b{pattern}\b", node.span)
    before, after = text.startswith("*"), text.endswith("*") and len(text) > 1
    op = "contains" if before and after else "hassuffix" if before else "hasprefix" if after else "has"
    return op + suffix, _text(inner, node.span)


def _text(text: str, span: Span) -> Constant:
    return Constant(Literal(text, ScalarType.STRING), span=span)


def _case_sensitive(op: str) -> str:
    return _CASED.get(op) or (op if op.endswith("_cs") or op == "matches regex" else f"{op}_cs")


def with_terms(node: Any, scope: Scope) -> Any:
    """The predicate with the text in place of a name that stands for a constant one, where a term may stand."""
    match node:
        case NameRef():
            match scope.names.get(str(node.name)):
                case Literal(type=ScalarType.STRING) as text:
                    return Constant(text, span=node.span)
            return node
        case Group():
            return replace(node, inner=with_terms(node.inner, scope))
        case Chain():
            return replace(node, operands=[with_terms(each, scope) for each in node.operands])
        case FunctionCall() if node.name == "not" and node.args is not None:
            return replace(node, args=replace(node.args, items=[with_terms(each, scope) for each in node.items]))
        case Match() if node.op == ":":
            return replace(node, right=with_terms(node.right, scope))
        case _:
            return node


def filtered(named: Named, node: Any, scope: Scope, operator: str, source: str, cased: bool = False) -> Named:
    """Each table's rows that meet the predicate; a column that a table lacks is empty there.

    Where a column has several types and the predicate does not fit a table's own, it means the column of the other type,
    which is empty there: as in a union, which has one column for each type. Tables of which no row can meet the predicate
    are left out, unless all are.

    Raises:
        KqlSemanticError: the predicate fits no type.
    """
    used = referenced(node)
    kinds: dict[str, list[ScalarType]] = {}
    for column in (c for _, relation in named for c in relation.schema if c.name in used):
        kinds.setdefault(column.name, []).append(column.type)
    tests = []
    for name, relation in named:
        mine = scope.with_row(relation.schema, operator)
        constants = {each: empty(types[0]) for each, types in kinds.items() if mine.column(each) is None}
        if source in used:
            constants[source] = Literal(name, ScalarType.STRING)
        schema = (*relation.schema, *(Column(each, literal.type, literal.nullable) for each, literal in constants.items()))
        test = _predicate(node, schema, kinds, scope.with_row(schema, operator), cased)
        tests.append(_placed(test, constants) if constants else test)
    found = [(name, Filter(relation, test)) for (name, relation), test in zip(named, tests, strict=True)]
    return [each for each, test in zip(found, tests, strict=True) if not _impossible(test)] or list(found)


def _predicate(node: Any, schema: Schema, kinds: Mapping[str, Sequence[ScalarType]], scope: Scope, cased: bool) -> Value:
    try:
        return predicate(node, scope, cased)
    except KqlSemanticError:
        others = {c.name: kind for c in schema for kind in kinds.get(c.name, ()) if kind is not c.type}
        if not others:
            raise
        changed = tuple(Column(c.name, others.get(c.name, c.type), c.nullable) for c in schema)
        bound = predicate(node, scope.with_row(changed, scope.operator), cased)
        return _placed(bound, {name: empty(kind) for name, kind in others.items()})


def _placed(value: Value, constants: Mapping[str, Literal]) -> Value:
    """The value with a constant in place of each of these columns."""
    if isinstance(value, ColumnRef):
        return constants.get(value.name, value)
    return map_inner(value, lambda inner: _placed(inner, constants), lambda relation: relation)


_WITHIN = ("==", "=~", "has", "contains", "startswith", "endswith", "hasprefix", "hassuffix")


def _impossible(value: Value) -> bool:
    """Whether a predicate is true of no row, as far as constants tell."""
    match value:
        case Literal():
            return not value.value
        case Logical(op=op, args=args):
            return any(map(_impossible, args)) if op == "and" else all(map(_impossible, args))
        case Call(function=function, args=(Literal() as one, other)) if function.name in ("==", "<", ">", "<=", ">="):
            differ = isinstance(other, Literal) and one.type is other.type and one.value != other.value
            return one.value is None or (function.name == "==" and differ)
        case Call(function=function, args=(Literal(value=""), Literal() as text)):
            return function.name.removesuffix("_cs") in _WITHIN and bool(text.value)
        case InList(value=Literal() as one, items=items):
            return all(item.value != one.value for item in items)
        case _:
            return False


def referenced(node: Any) -> set[str]:
    """Every name that stands in an expression."""
    return {str(each.name) for each in _nodes(node) if isinstance(each, NameRef)}


def _nodes(node: Any) -> Iterator[Syntax]:
    if isinstance(node, list | tuple):
        for each in node:
            yield from _nodes(each)
    elif isinstance(node, Syntax):
        yield node
        for name in node.__struct_fields__:
            yield from _nodes(getattr(node, name))


def looks_everywhere(node: Any) -> bool:
    """Whether a term of it is looked for in all columns."""
    return any(isinstance(each, Constant | MatchAnyColumn) and _is_term(each, node) for each in _nodes(node))


def _is_term(node: Any, root: Any) -> bool:
    """Whether a constant is a term of its own, not an operand."""
    match root:
        case Group():
            return _is_term(node, root.inner)
        case Chain():
            return any(_is_term(node, each) for each in root.operands)
        case FunctionCall():
            return any(_is_term(node, each) for each in root.items)
        case _:
            return node is root
