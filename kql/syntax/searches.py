"""Terms and conditions over many tables (pages: search operator, find operator)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from lark import Token

from kql.algebra import Call, ColumnRef, Filter, InList, Item, Literal, Logical, Not, Project, Relation, Scan, Union, Value, ref
from kql.errors import KqlSemanticError, Span
from kql.functions.dynamic import PACK
from kql.functions.terms import regex_escaped
from kql.overloads import convert, invoke
from kql.scope import Scope, empty
from kql.syntax.base import Expression, Operator, Syntax, rule
from kql.syntax.calls import FunctionCall
from kql.syntax.columns import Items, Patterns, ProjectAway
from kql.syntax.comparisons import Match, MatchAnyColumn
from kql.syntax.expressions import Chain, Group, NameRef, boolean
from kql.syntax.literals import Constant
from kql.syntax.parameters import Parameters
from kql.syntax.sources import Tabular
from kql.syntax.statements import scalar_type
from kql.syntax.unions import Named, Sources, matching, outer_columns, tables, union_schema, united
from kql.traversal import map_inner
from kql.types import Column, ScalarType, Schema

# ---------------------------------------------------------------- predicates

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
        for part in fields(node):
            yield from _nodes(getattr(node, part.name))


# ---------------------------------------------------------------- search


@rule("search")
@dataclass(slots=True)
class Search(Operator, Tabular):
    """Without tables all stored tables and views are searched; `$table` tells where a row is from."""

    params: Parameters
    sources: Sources | None
    node: Any

    def bind_tabular(self, scope: Scope) -> Relation:
        named = tables(self.sources.items, scope) if self.sources is not None else matching(None, scope)
        return self._found(named, scope, "$table")

    def apply(self, source: Relation, scope: Scope) -> Relation:
        if self.sources is not None:
            raise KqlSemanticError(
                "'search' operator: tables are named by the pipeline or by 'in', not by both.", self.sources.span
            )
        known = isinstance(source, Union) or any(column.name == "$table" for column in source.schema)
        name = source.table if isinstance(source, Scan) else "union_arg0"
        return self._found([(name, source)], scope, "" if known else "$table")

    def _found(self, named: Named, scope: Scope, column: str) -> Relation:
        kind = self.params.get("kind", "default")
        if kind not in ("default", "case_insensitive", "case_sensitive"):
            raise KqlSemanticError(f"'search' operator: unknown kind '{kind}'.", self.span, "Write kind=case_sensitive, or none.")
        if not named:
            raise KqlSemanticError("'search' operator: no table matches.", self.span)
        if not isinstance(self.node, Token):
            named = filtered(named, with_terms(self.node, scope), scope, "search", column, kind == "case_sensitive")
        return united(named, column, "outer", self.span)


# ---------------------------------------------------------------- find


@rule("typed_column")
@dataclass(slots=True)
class TypedColumn(Expression):
    """`name: type` in find's project."""

    name: Token
    type: Token


@rule("find")
@dataclass(slots=True)
class Find(Tabular):
    """Columns of the predicate and those that all tables share stay columns, the rest goes into the bag `pack_`."""

    params: Parameters
    sources: Sources | None
    node: Any
    wanted: Any
    away: Patterns | None

    def bind_tabular(self, scope: Scope) -> Relation:
        named = tables(self.sources.items, scope) if self.sources is not None else matching(None, scope)
        node = with_terms(self.node, scope)
        used = referenced(node)
        reads = [each for each in named if any(_reads(each[1], name, scope) for name in used)]
        whole = any(isinstance(each, Constant | MatchAnyColumn) and _is_term(each, node) for each in _nodes(node))
        named = named if whole or not reads else reads
        if not named:
            raise KqlSemanticError("'find' operator: no table matches.", self.span)
        source = self.params.get("withsource") or self.params.get("with_source") or "source_"
        found = filtered(named, node, scope, "find", source)
        arms = self._projected(found, source) if isinstance(self.wanted, Items) else self._smart(found, used, source)
        result: Relation = Union(arms, union_schema(arms), span=self.span) if len(arms) > 1 else arms[0]
        return ProjectAway(self.away, span=self.span).apply(result, scope) if self.away is not None else result

    def _smart(self, named: Named, used: set[str], source: str) -> tuple[Relation, ...]:
        shared = set.intersection(*({c.name for c in relation.schema} for _, relation in named)) | used
        columns = [each for each in outer_columns([relation.schema for _, relation in named]) if each[1] in shared]
        packs = any(c.name not in shared for _, relation in named for c in relation.schema)
        arms = []
        for name, relation in named:
            mine = {(c.name, c.type): c for c in relation.schema}
            items = [Item(out, ref(mine[of, kind]) if (of, kind) in mine else empty(kind)) for out, of, kind in columns]
            rest = [c for c in relation.schema if c.name not in shared]
            arms.append(_arm(name, relation, source, [*items, Item("pack_", _pack(rest))] if packs else items))
        return tuple(arms)

    def _projected(self, named: Named, source: str) -> tuple[Relation, ...]:
        wanted = [(str(each.name), self._type(each, named)) for each in self.wanted.items if not _is_pack_all(each)]
        packs = any(_is_pack_all(each) for each in self.wanted.items)
        arms = []
        for name, relation in named:
            mine = {c.name: c for c in relation.schema}
            items = [Item(out, convert(ref(mine[out]), kind) if out in mine else empty(kind)) for out, kind in wanted]
            rest = [c for c in relation.schema if c.name not in dict(wanted)]
            arms.append(_arm(name, relation, source, [*items, Item("pack_", _pack(rest))] if packs else items))
        return tuple(arms)

    def _type(self, node: Any, named: Named) -> ScalarType:
        """The type of a projected column: as told, else the one that it has in all tables."""
        if isinstance(node, TypedColumn):
            return scalar_type(node.type)
        if not isinstance(node, NameRef):
            raise KqlSemanticError("'find' operator: project takes names, name: type, and pack_all().", node.span)
        kinds = {c.type for _, relation in named for c in relation.schema if c.name == node.name}
        if len(kinds) != 1:
            what = f"has the types {', '.join(sorted(kinds))}" if kinds else "is in none of the tables"
            raise KqlSemanticError(f"'find' operator: the column '{node.name}' {what}.", node.span, f"Write {node.name}: type.")
        return kinds.pop()


def _arm(name: str, relation: Relation, source: str, items: Sequence[Item]) -> Relation:
    return Project(relation, (Item(source, Literal(name, ScalarType.STRING)), *items))


def _pack(columns: Sequence[Column]) -> Value:
    values: list[Value] = []
    for column in columns:
        values += [Literal(column.name, ScalarType.STRING), convert(ref(column), ScalarType.DYNAMIC)]
    return invoke(PACK.name, *values)


def _reads(relation: Relation, name: str, scope: Scope) -> bool:
    return scope.with_row(relation.schema, "find").column(name) is not None


def _is_pack_all(node: Any) -> bool:
    return isinstance(node, FunctionCall) and node.name == "pack_all"


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
