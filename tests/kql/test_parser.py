"""The parser: shapes, errors in words, limits, and the cache of its tables."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark import Tree

from kql.errors import KqlError, KqlLimitError, KqlSyntaxError
from kql.parser import grammar_words
from kql.parsing.grammar import parse_tree
from kql.parsing.limits import MAX_CHARACTERS, MAX_DEPTH, MAX_TOKENS
from kql.syntax import tree

# ---------------------------------------------------------------- shapes


def shape(node: object) -> object:
    return [str(node.data), *map(shape, node.children)] if isinstance(node, Tree) else node and str(node)


def expression(text: str) -> object:
    printed = shape(parse_tree(f"print {text}"))
    assert isinstance(printed, list)
    return printed[1][1][1][1]


@pytest.mark.parametrize(
    ("text", "brackets"),
    [
        ("a or b and c", "a or (b and c)"),
        ("a == 1 and b != 2 or c", "((a == 1) and (b != 2)) or c"),
        ("1 + 2 * 3", "1 + (2 * 3)"),
        ("1 - 2 - 3", "(1 - 2) - 3"),
        ("a + 1 > b * 2", "(a + 1) > (b * 2)"),
        ("-a.b[0]", "-(a.b[0])"),
        ("-1d + now()", "(-1d) + now()"),
        ("a has 'x' and b in (1, 2)", "(a has 'x') and (b in (1, 2))"),
        ("x between (1 .. 2 + 3)", "x between (1 .. (2 + 3))"),
        ("a % 2 == 0", "(a % 2) == 0"),
    ],
)
def test_precedence(text: str, brackets: str) -> None:
    def unwrap(node: object) -> object:
        if isinstance(node, list):
            return unwrap(node[1]) if node[0] == "group" else [unwrap(child) for child in node]
        return node

    assert unwrap(expression(text)) == unwrap(expression(brackets))


def test_members_and_indexes() -> None:
    assert expression('a.b["c d"][0].e') == [
        "member",
        ["index", ["index", ["member", ["name_ref", "a"], "b"], ["string", '"c d"']], ["long", "0"]],
        "e",
    ]


def test_absent_parts_are_none_so_that_every_child_has_its_place() -> None:
    assert shape(parse_tree("T | sort by a")) == [
        "query",
        ["body", ["pipe", ["name_ref", "T"], ["sort", ["params"], ["sort_keys", ["sort_key", ["name_ref", "a"], None, None]]]]],
    ]


def test_a_keyword_is_a_name_where_the_grammar_has_no_room_for_it() -> None:
    parsed = parse_tree("T | summarize last = max(x), by = 1 by order, kind | where inner == 1")
    assert [str(named.children[0]) for named in parsed.find_data("named")] == ["last", "by"]


def test_an_alias_is_no_operator_parameter() -> None:
    assert [shape(p) for p in parse_tree("T | mv-expand kind = Kinds").find_data("params")] == [["params"]]
    assert [shape(p) for p in parse_tree("T | mv-expand kind = array Kinds").find_data("params")] == [["params", "kind", "array"]]


def test_positions_are_offsets_into_the_text() -> None:
    text = "// ünïcode 😀\nT | where Size > 1"
    (where,) = parse_tree(text).find_data("where")
    assert text[where.meta.start_pos : where.meta.end_pos] == "where Size > 1"


# ---------------------------------------------------------------- errors in words

ERRORS = [
    ("T | summarise count()", "Found 'summarise', expected a query operator.", 1, 5, "Did you mean 'summarize'?"),
    ("T | mv-exand a", "Found 'mv-exand', expected a query operator.", 1, 5, "Did you mean 'mv-expand'?"),
    ("T | WHERE a", "Found 'WHERE', expected a query operator.", 1, 5, "Did you mean 'where'?"),
    ("T\n| where a = 1", "Found '=', expected an operator, '|' or ';'.", 2, 11, "To compare, write '=='."),
    ("T | where a === 1", "Found '=', expected an expression.", 1, 15, "KQL compares with '=='."),
    ("T | where (a == 1", "The bracket '(' has no closing ')'.", 1, 11, "Add ')'."),
    ("T | where a == 1)", "Found ')' without an opening bracket.", 1, 17, "Remove it."),
    ("T | where (a] == 1", "Found ']' where '(' is still open.", 1, 13, "Add ')' first."),
    ('T | where a == "x', "The string has no closing quote.", 1, 16, 'Add ".'),
    ('T | where a == "c:\\"', "The string has no closing quote.", 1, 16, r'A backslash escapes the quote; write \\, or @"...".'),
    ("T | where a == “x”", "Found '“', a typographic quote.", 1, 16, "Use straight quotes: \" or '."),
    (
        "T | where a == 1\n| and b == 2",
        "Found 'and', expected a query operator.",
        2,
        3,
        "Go on with the condition without '|', or start a new '| where'.",
    ),
    (
        "T | select a",
        "Found 'select', expected a query operator.",
        1,
        5,
        "KQL starts with the table and chooses columns with 'project': Table | project a, b.",
    ),
    (
        "T | group by a",
        "Found 'group', expected a query operator.",
        1,
        5,
        "KQL groups with 'summarize <aggregate> by <column>'.",
    ),
    ("T where a == 1", "Found 'where', expected an operator, '|' or ';'.", 1, 3, "Put '|' before 'where'."),
    ("T | where a && b", "Found '&&', expected an operator, '|' or ';'.", 1, 13, "KQL writes 'and'."),
    ("T | where a || b", "Found '|', expected a query operator.", 1, 14, "KQL writes 'or'; before an operator stands one '|'."),
    ("T | where a AND b", "Found 'AND', expected an operator, '|' or ';'.", 1, 13, "Keywords are written in lower case: 'and'."),
    ("T |", "Found the end of the query, expected a query operator.", 1, 4, "Add an operator, or remove the last '|'."),
    ("T | project a, | count", "Found '|', expected an expression.", 1, 16, "Remove the ',' before it."),
    ("let x = 5\nT | take x", "Found 'T', expected an operator, '|' or ';'.", 2, 1, "End the let statement with ';'."),
    (
        "T | where a is null",
        "Found 'is', expected an operator, '|' or ';'.",
        1,
        13,
        "KQL tests for a missing value with isnull(x), isempty(x) or isnotempty(x).",
    ),
    (
        "T | where a not in (1)",
        "Found 'not', expected an operator, '|' or ';'.",
        1,
        13,
        "KQL negates with not(...), or with '!' before the operator: '!in', '!has', '!contains'.",
    ),
    ("T | top 5 Size", "Found 'Size', expected an operator or 'by'.", 1, 11, ""),
    ("T | where a between (1, 2)", "Found ',', expected an operator or '..'.", 1, 23, ""),
    ("T | where a in 1", "Found '1', expected '('.", 1, 16, "Put what follows in brackets: (...)."),
    (
        "T | project a b",
        "Found 'b', expected an operator, '|', ',', ';' or '='.",
        1,
        15,
        "Is a ',' or an operator missing before 'b'?",
    ),
    (
        "T | where a > ago(1 d)",
        "Found 'd', expected an operator, '|', ',' or ')'.",
        1,
        21,
        "Write the unit next to the number: 1d.",
    ),
    (
        "let f = (x) { x }; f(1)",
        "Found '{', expected an operator, '|' or ';'.",
        1,
        13,
        "Declare the type of every parameter: (x:long).",
    ),
]


@pytest.mark.parametrize(("query", "message", "line", "column", "hint"), ERRORS, ids=[query for query, *_ in ERRORS])
def test_a_wrong_query_gets_its_place_and_its_cure(query: str, message: str, line: int, column: int, hint: str) -> None:
    with pytest.raises(KqlSyntaxError) as caught:
        tree(query)
    error = caught.value
    assert error.span is not None
    assert (error.message, error.span.line_column(query), error.hint) == (
        f"A recognition error occurred. {message}",
        (line, column),
        hint,
    )


# ---------------------------------------------------------------- limits

DEEP = {
    "brackets": "print " + "(" * 100_000,
    "square brackets": "print a" + "[" * 100_000,
    "braces": "print dynamic(" + '{"a":' * 100_000,
    "calls": "print " + "not(" * 100_000,
    "joins": "T | join (" * 50_000,
    "pairs of brackets": "print " + "(" * 5_000 + ")" * 5_000,
}
HUGE = {
    "characters": "print '" + "x" * MAX_CHARACTERS + "'",
    "operators": "T" + " | where a" * 100_000,
    "sums": "print 1" + " + 1" * 100_000,
    "conditions": "T | where a" + " or a" * 100_000,
    "members": "print a" + ".a" * 100_000,
    "signs": "print " + "-" * 100_000,
    "commas": "print 1" + ",1" * 100_000,
    "statements": ";" * 100_000,
    "comments": "//\n" * 100_000,
    "closing brackets": ")" * 100_000,
}


def timed(action: Callable[[], object]) -> float:
    """Seconds of the better of two runs: this bounds the growth, not the machine."""
    tree("print 1")
    times = []
    for _ in range(2):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


@pytest.mark.parametrize("query", [*DEEP.values(), *HUGE.values()], ids=[*DEEP, *HUGE])
def test_deep_and_huge_text_is_refused_at_once(query: str) -> None:
    def refuse() -> None:
        with pytest.raises(KqlLimitError, match="exceeds the allowed size limit"):
            tree(query)

    assert timed(refuse) < 0.5


OPEN_ENDED = [
    *('"\\', '@"', "'", "```", "~~~x", "1", "$", "#", " "),
    *("\n", "datetime(a", "\\", "é", "range [", ".a", "`", "a*", "kind ="),
]


@pytest.mark.parametrize("piece", OPEN_ENDED)
def test_time_grows_with_the_text_only(piece: str) -> None:
    query = "T | where " + piece * (300_000 // len(piece))

    def answer() -> None:
        try:
            tree(query)
        except KqlError as error:
            error.render()

    assert timed(answer) < 1.5


def test_what_is_within_the_limits_parses() -> None:
    tree("print " + "(" * MAX_DEPTH + "1" + ")" * MAX_DEPTH)
    tree("T | where a in (" + ", ".join(f"'{n}'" for n in range(MAX_TOKENS // 2 - 10)) + ")")
    tree("print '" + "(" * 5_000 + "' // " + "(" * 5_000)


SIGNS = [*"()[]{}|,;.=<-+*/:#@`é😀\n\x00\u200b\ufeff", "..", "==", "!=", "<=", "=>", "-->", "//", "```", "1", "2.5", "1d", "'x'"]
NAMES = ["T", "a", "b", "$left", "kind=", "dynamic(", "datetime(", "in", "!in", "has", "between", "and", "or", "not", "typeof"]
KEYWORDS = sorted(set(grammar_words().values()))
WORDS = st.sampled_from([*SIGNS, *NAMES, *KEYWORDS])


@settings(max_examples=300, deadline=2000)
@given(st.one_of(st.text(max_size=200), st.lists(WORDS, max_size=40).map(" ".join), st.lists(WORDS, max_size=40).map("".join)))
def test_any_text_gives_a_tree_or_an_error_with_a_place_in_it(text: str) -> None:
    try:
        tree(text)
    except KqlError as error:
        assert error.span is not None
        assert 0 <= error.span.start <= error.span.end <= len(text)
        assert isinstance(error, KqlSyntaxError | KqlLimitError)
        assert error.render().strip()
