"""A second, slow engine for a core of the language: rows are dictionaries, operators are loops, null is None.

Written from the documentation and without a look at the compiler, so that both can be wrong only in different ways. A step is
its KQL and the function that does the same; `pipelines` draws random ones over random tables.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

Row = dict[str, Any]
Schema = dict[str, str]


@dataclass(frozen=True)
class Table:
    schema: Schema
    rows: list[Row]


@dataclass(frozen=True)
class Expr:
    text: str
    type: str
    of: Callable[[Row], Any]


@dataclass(frozen=True)
class Step:
    text: str
    run: Callable[[Table], Table]
    ordered: bool = False


# ---------------------------------------------------------------- values


def wrap(number: int) -> int:
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def equal(a: Any, b: Any) -> bool | None:
    if a is None and b is None:
        return None
    return a is not None and b is not None and bool(a == b)


def different(a: Any, b: Any) -> bool | None:
    same = equal(a, b)
    return None if same is None else not same


def less(a: Any, b: Any) -> bool | None:
    return None if a is None or b is None else bool(a < b)


def both(a: bool | None, b: bool | None) -> bool | None:
    return False if a is False or b is False else None if a is None or b is None else True


def either(a: bool | None, b: bool | None) -> bool | None:
    return True if a is True or b is True else None if a is None or b is None else False


def negated(a: bool | None) -> bool | None:
    return None if a is None else not a


def has(text: str, term: str) -> bool:
    """A run of terms and what is between them, with no letter or digit beside its ends."""
    text, term = text.lower(), term.lower()
    for found in re.finditer(f"(?={re.escape(term)})", text):
        start, end = found.start(), found.start() + len(term)
        left = not term[:1].isalnum() or not text[max(0, start - 1) : start].isalnum()
        right = not term[-1:].isalnum() or not text[end : end + 1].isalnum()
        if left and right:
            return True
    return False


def sort_key(value: Any, descending: bool) -> tuple[Any, ...]:
    """The places of null and NaN: together, first in ascending order, last in descending."""
    rank = 0 if value is None else 1 if isinstance(value, float) and math.isnan(value) else 2
    return (rank, value if rank == 2 else 0) if not descending else (-rank, value if rank == 2 else 0)


def literal(value: Any, kind: str) -> str:
    if value is None:
        return f"{kind}(null)"
    if kind == "string":
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"real({value!r})" if kind == "real" else str(value).lower() if kind == "bool" else str(value)


# ---------------------------------------------------------------- random values and expressions

WORDS = st.sampled_from(["", "a", "A", "ä", "ab", "a b", "a_b", "b-a", "Ab", " ", "é", "%", "a%b", "京都", "a.b", "'", '"', "0"])
LONGS = st.one_of(st.none(), st.integers(-3, 3), st.sampled_from([2**63 - 1, -(2**63) + 1]))
REALS = st.one_of(st.none(), st.sampled_from([0.0, 0.5, -1.5, 2.0, math.nan, math.inf, -math.inf]))
KEYS = st.one_of(st.none(), st.integers(0, 2))
VALUES = {"string": WORDS, "long": LONGS, "real": REALS}
COLUMNS: Schema = {"k": "long", "n": "long", "s": "string", "r": "real"}
OTHER: Schema = {"k": "long", "t": "string"}


def tables(schema: Schema) -> st.SearchStrategy[Table]:
    values = {name: KEYS if name == "k" else VALUES[kind] for name, kind in schema.items()}
    return st.lists(st.fixed_dictionaries(values), max_size=8).map(lambda rows: Table(schema, rows))


def atoms(schema: Schema, kind: str) -> st.SearchStrategy[Expr]:
    columns = [Expr(f"['{name}']", kind, itemgetter(name)) for name, declared in schema.items() if declared == kind]
    constants = VALUES[kind].map(lambda value: Expr(literal(value, kind), kind, lambda _: value))
    return st.one_of(st.sampled_from(columns), constants) if columns else constants


@st.composite
def longs(draw: DrawFn, schema: Schema, depth: int = 1) -> Expr:
    shape = draw(st.sampled_from(["atom", "+", "-", "*", "strlen", "iff", "coalesce"])) if depth else "atom"
    if shape == "atom":
        return draw(atoms(schema, "long"))
    if shape == "strlen":
        text = draw(atoms(schema, "string"))
        return Expr(f"strlen({text.text})", "long", lambda row: len(text.of(row)))
    one, two = draw(longs(schema, depth - 1)), draw(longs(schema, depth - 1))
    if shape == "coalesce":
        return Expr(f"coalesce({one.text}, {two.text})", "long", lambda row: two.of(row) if one.of(row) is None else one.of(row))
    if shape == "iff":
        test = draw(bools(schema, 0))
        text = f"iff({test.text}, {one.text}, {two.text})"
        return Expr(text, "long", lambda row: (one if test.of(row) is True else two).of(row))

    def computed(row: Row) -> Any:
        a, b = one.of(row), two.of(row)
        return None if a is None or b is None else wrap({"+": a + b, "-": a - b, "*": a * b}[shape])

    return Expr(f"({one.text} {shape} {two.text})", "long", computed)


TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "=~": lambda a, b: a.lower() == b.lower(),
    "contains": lambda a, b: b.lower() in a.lower(),
    "startswith": lambda a, b: a.lower().startswith(b.lower()),
    "endswith_cs": lambda a, b: a.endswith(b),
    "has": has,
    "!has": lambda a, b: not has(a, b),
}
NUMBER_TESTS: dict[str, Callable[[Any, Any], bool | None]] = {
    "==": equal,
    "!=": different,
    "<": less,
    ">": lambda a, b: less(b, a),
    "<=": lambda a, b: None if a is None or b is None else bool(a <= b),
    ">=": lambda a, b: None if a is None or b is None else bool(a >= b),
}


@st.composite
def bools(draw: DrawFn, schema: Schema, depth: int = 2) -> Expr:
    shape = draw(st.sampled_from(["text", "long", "real", *(["isnull", "in", "and", "or", "not"] if depth else [])]))
    if shape == "text":
        one, two = draw(atoms(schema, "string")), draw(atoms(schema, "string"))
        op = draw(st.sampled_from(sorted(TEXT_TESTS)))
        return Expr(f"({one.text} {op} {two.text})", "bool", lambda row: TEXT_TESTS[op](one.of(row), two.of(row)))
    if shape in ("long", "real"):
        one, two = draw(atoms(schema, shape)), draw(atoms(schema, shape))
        op = draw(st.sampled_from(sorted(NUMBER_TESTS)))
        return Expr(f"({one.text} {op} {two.text})", "bool", lambda row: NUMBER_TESTS[op](one.of(row), two.of(row)))
    if shape == "isnull":
        one = draw(atoms(schema, draw(st.sampled_from(["long", "string", "real"]))))
        return Expr(f"isnull({one.text})", "bool", lambda row: one.of(row) is None)
    if shape == "in":
        one, items, no = draw(longs(schema, 0)), draw(st.lists(st.integers(-2, 2), min_size=1, max_size=3)), draw(st.booleans())
        text = f"({one.text} {'!' if no else ''}in ({', '.join(map(str, items))}))"
        return Expr(text, "bool", lambda row: (one.of(row) in items) is not no)
    left, right = draw(bools(schema, depth - 1)), draw(bools(schema, depth - 1))
    if shape == "not":
        return Expr(f"not({left.text})", "bool", lambda row: negated(left.of(row)))
    combine = both if shape == "and" else either
    return Expr(f"({left.text} {shape} {right.text})", "bool", lambda row: combine(left.of(row), right.of(row)))


# ---------------------------------------------------------------- operators


@st.composite
def where(draw: DrawFn, schema: Schema) -> Step:
    test = draw(bools(schema))
    return Step(f"where {test.text}", lambda table: Table(table.schema, [row for row in table.rows if test.of(row) is True]))


@st.composite
def extend(draw: DrawFn, schema: Schema) -> Step:
    name, value = draw(st.sampled_from(["n", "x", "y"])), draw(longs(schema, 2))

    def run(table: Table) -> Table:
        return Table({**table.schema, name: "long"}, [{**row, name: value.of(row)} for row in table.rows])

    return Step(f"extend {name} = {value.text}", run)


@st.composite
def project(draw: DrawFn, schema: Schema) -> Step:
    names = draw(st.lists(st.sampled_from(sorted(schema)), min_size=1, unique=True))
    value = draw(longs(schema))
    computed = {} if "z" in names else {"z": value}

    def run(table: Table) -> Table:
        kept = {name: schema[name] for name in names} | dict.fromkeys(computed, "long")
        rows = [{name: computed[name].of(row) if name in computed else row[name] for name in kept} for row in table.rows]
        return Table(kept, rows)

    return Step("project " + ", ".join([*names, *(f"{name} = {each.text}" for name, each in computed.items())]), run)


def distinct(schema: Schema) -> st.SearchStrategy[Step]:
    def run(table: Table, names: list[str]) -> Table:
        seen = {tuple(str(row[name]) for name in names): {name: row[name] for name in names} for row in table.rows}
        return Table({name: table.schema[name] for name in names}, list(seen.values()))

    names = st.lists(st.sampled_from(sorted(schema)), min_size=1, unique=True)
    return names.map(lambda chosen: Step(f"distinct {', '.join(chosen)}", lambda table: run(table, chosen)))


@st.composite
def sort(draw: DrawFn, schema: Schema) -> Step:
    """By all columns, so that only equal rows are tied."""
    keys = [(name, draw(st.booleans())) for name in draw(st.permutations(sorted(schema)))]
    count = draw(st.one_of(st.none(), st.integers(0, 4)))

    def run(table: Table) -> Table:
        rows = list(table.rows)
        for name, descending in reversed(keys):
            rows.sort(key=lambda row: sort_key(row[name], descending), reverse=descending)
            if descending:  # a stable sort in reverse keeps equal rows in their order, ranks must not turn
                rows.sort(key=lambda row: -abs(sort_key(row[name], True)[0]))
        return Table(table.schema, rows if count is None else rows[:count])

    text = "sort by " + ", ".join(f"{name} {'desc' if descending else 'asc'}" for name, descending in keys)
    return Step(text if count is None else f"{text} | take {count}", run, ordered=True)


@st.composite
def summarize(draw: DrawFn, schema: Schema) -> Step:
    by = draw(st.lists(st.sampled_from(sorted(schema)), max_size=2, unique=True))
    column = draw(st.sampled_from(sorted(name for name, kind in schema.items() if kind == "long") or ["none"]))
    test = draw(bools(schema, 1))
    texts = {"c": "count()", "i": f"countif({test.text})"}
    if column != "none":
        texts |= {"total": f"sum({column})", "least": f"min({column})", "most": f"max({column})", "kinds": f"dcount({column})"}

    def aggregated(rows: list[Row]) -> Row:
        result: Row = {"c": len(rows), "i": sum(test.of(row) is True for row in rows)}
        if column != "none":
            values = [row[column] for row in rows if row[column] is not None]
            result |= {"total": wrap(sum(values)), "least": min(values, default=None), "most": max(values, default=None)}
            result["kinds"] = len(set(values))
        return result

    def run(table: Table) -> Table:
        groups: dict[tuple[str, ...], list[Row]] = {} if by else {(): []}
        for row in table.rows:
            groups.setdefault(tuple(repr(row[name]) for name in by), []).append(row)
        keys = {f"g_{name}": table.schema[name] for name in by}
        rows = [{**{f"g_{name}": rows[0][name] for name in by}, **aggregated(rows)} for rows in groups.values()]
        return Table({**keys, **dict.fromkeys(texts, "long")}, rows)

    grouped = " by " + ", ".join(f"g_{name} = {name}" for name in by) if by else ""
    return Step(f"summarize {', '.join(f'{name} = {text}' for name, text in texts.items())}{grouped}", run)


JOINS = ["inner", "leftouter", "rightouter", "fullouter", "leftsemi", "leftanti", "rightsemi", "rightanti"]


@st.composite
def join(draw: DrawFn, other: Table) -> Step:
    kind = draw(st.sampled_from(JOINS))

    def run(table: Table) -> Table:
        names = {}
        for name in other.schema:
            new, number = name, 0
            while new in table.schema or new in names.values():
                number += 1
                new = f"{name}{number}"
            names[name] = new
        match = [(left, right) for left in table.rows for right in other.rows if left["k"] == right["k"]]

        def matched(row: Row, side: int) -> bool:
            return any(pair[side] is row for pair in match)

        if kind in ("leftsemi", "leftanti"):
            return Table(table.schema, [row for row in table.rows if matched(row, 0) is (kind == "leftsemi")])
        if kind in ("rightsemi", "rightanti"):
            return Table(other.schema, [row for row in other.rows if matched(row, 1) is (kind == "rightsemi")])
        pad_left = {name: "" if type_ == "string" else None for name, type_ in table.schema.items()}
        pad_right = {name: "" if type_ == "string" else None for name, type_ in other.schema.items()}
        pairs = list(match)
        if kind in ("leftouter", "fullouter"):
            pairs += [(row, pad_right) for row in table.rows if not matched(row, 0)]
        if kind in ("rightouter", "fullouter"):
            pairs += [(pad_left, row) for row in other.rows if not matched(row, 1)]
        rows = [{**left, **{names[name]: right[name] for name in other.schema}} for left, right in pairs]
        return Table({**table.schema, **{names[name]: type_ for name, type_ in other.schema.items()}}, rows)

    return Step(f"join kind={kind} U on k", run)


def union(other: Table) -> Step:
    def run(table: Table) -> Table:
        schema = {**table.schema, **other.schema}
        empty = {name: "" if kind == "string" else None for name, kind in schema.items()}
        return Table(schema, [{**empty, **row} for row in (*table.rows, *other.rows)])

    return Step("union U", run)


@st.composite
def mv_expand(draw: DrawFn) -> Step:
    items = draw(st.one_of(st.none(), st.lists(st.one_of(st.none(), st.integers(0, 9)), max_size=3)))
    written = "dynamic(null)" if items is None else f"dynamic([{', '.join('null' if i is None else str(i) for i in items)}])"

    def run(table: Table) -> Table:
        values = [None] if items is None else items
        return Table({**table.schema, "e": "long"}, [{**row, "e": value} for row in table.rows for value in values])

    return Step(f"mv-expand e = {written} to typeof(long)", run)


@st.composite
def steps(draw: DrawFn, schema: Schema, other: Table) -> Step:
    kinds = ["where", "where", "extend", "extend", "project", "distinct", "sort", "summarize", "mv_expand"]
    if schema.get("k") == "long":
        kinds += ["join", "join"]
    if all(schema.get(name, kind) == kind for name, kind in other.schema.items()):
        kinds.append("union")
    match draw(st.sampled_from(kinds)):
        case "union":
            return union(other)
        case "join":
            return draw(join(other))
        case "mv_expand":
            return draw(mv_expand())
        case kind:
            return draw(ROW_STEPS[kind](schema))


ROW_STEPS = {"where": where, "extend": extend, "project": project, "distinct": distinct, "sort": sort, "summarize": summarize}


@dataclass(frozen=True)
class Example:
    """Two tables, a query over T and U, and its result; `ordered` if the last step says the order."""

    left: Table
    right: Table
    query: str
    result: Table
    ordered: bool


@st.composite
def pipelines(draw: DrawFn, longest: int = 6) -> Example:
    left, right = draw(tables(COLUMNS)), draw(tables(OTHER))
    current, texts, ordered = left, ["T"], False
    for _ in range(draw(st.integers(1, longest))):
        step = draw(steps(current.schema, right))
        current = step.run(current)
        texts.append(step.text)
        ordered = step.ordered
    return Example(left, right, "\n| ".join(texts), current, ordered)
