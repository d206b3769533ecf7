"""Our loop over lark's tables does what lark does: same nodes, same places, same errors. The oracle: `lark_nodes.py`."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import golden_cases
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark.lexer import BasicLexer
from lark_nodes import lark_nodes, shape
from test_grammar_cases import INVALID, VALID

from kql import KqlError, constructs, parser
from kql.parsing.automaton import Automaton, Rejected
from kql.parsing.grammar import compiled, parse_tree
from kql.parsing.tables import END, tables
from kql.syntax import tree

QUERIES = Path(__file__).parents[2] / "data" / "queries"
TEXTS = [
    *VALID.values(),
    *INVALID.values(),
    *(path.read_text(encoding="utf-8") for path in sorted(QUERIES.glob("*.kql"))),
    *(case.query for case in golden_cases.cases()),
]
ODD = [
    *("", " ", ";", ";;", "// a", "#a\nT", "T //", "T // a\n", "\ufeffT", "T #a", "T | where /a", "T\n#a\n| count"),
    *("['a b'] | count", "print 'a' \"b\"", "print dynamic([])", "print dynamic({'a': [1, 2,], 'b': -1})", "print f()"),
    *(
        "print 99999999999999999999",
        "print 99999999999999999999 +",
        "print '\\ud800' )",
        "print datetime(x), (",
        "print a b 1e999",
    ),
    *("T | where innery == 1 and inner in~ (1)", "T | where a == datetime", "print " + "-" * 200 + "1", "T" + " | where a" * 200),
    *(
        "print " + "(" * 90 + "1" + ")" * 90,
        "print " + "f(" * 99 + "1" + ")" * 99,
        "T | where a" + " and a" * 999 + " or b" * 999,
    ),
    *("T | render timechart with (title='a', ycolumns=a, b)", "T | mv-apply a on (take 1 | take 2)", "union (T), (U | count)"),
]


def outcome(read: Callable[[str], Any], text: str) -> object:
    """All that can be seen of a reading: the nodes, or the error."""
    try:
        return repr(shape(read(text)))
    except KqlError as error:
        return type(error).__name__, error.render(), error.span


@pytest.mark.parametrize("text", ODD)
def test_nodes_and_errors_are_those_of_lark(text: str) -> None:
    assert outcome(tree, text) == outcome(lark_nodes, text)


def test_so_they_are_of_all_cases_and_queries() -> None:
    assert [text for text in TEXTS if outcome(tree, text) != outcome(lark_nodes, text)] == []


PIECE = re.compile(r"\s+|\"[^\"\n]*\"|'[^'\n]*'|\w+|[^\w\s]")
PIECES = [PIECE.findall(text) for text in TEXTS if len(text) < 2000]


def mutated(chance: random.Random) -> str:
    """A text with some of its words and signs left out, doubled, exchanged or taken from another one."""
    pieces = chance.choice(PIECES).copy()
    for _ in range(chance.randint(1, 3)):
        at, other = chance.randrange(len(pieces)), chance.randrange(len(pieces))
        chance.choice(
            [
                lambda at, _: pieces.__setitem__(at, ""),
                lambda at, _: pieces.__setitem__(at, pieces[at] * 2),
                lambda at, other: pieces.__setitem__(at, pieces[other]),
                lambda at, _: pieces.__setitem__(at, chance.choice(chance.choice(PIECES))),
            ]
        )(at, other)
    return "".join(pieces)


@settings(max_examples=300, deadline=None)
@given(st.randoms(use_true_random=False).map(mutated))
def test_wrong_texts_are_wrong_in_the_same_way(text: str) -> None:
    assert outcome(tree, text) == outcome(lark_nodes, text)


@pytest.mark.parametrize("title", VALID)
def test_constructs_are_the_rules_of_the_tree(title: str) -> None:
    rules = {str(each.data).partition("_where")[0] for each in parse_tree(VALID[title]).iter_subtrees()}
    assert constructs(VALID[title]) - {"comment", "join"} == rules - {"join"}


@pytest.mark.parametrize("title", VALID)
def test_what_may_follow_is_what_lark_accepts(title: str) -> None:
    """After each prefix that ends between two tokens."""
    text = VALID[title]
    for found in PIECE.finditer(text):
        begun = text[: found.end()]
        asked: Any = compiled().parse_interactive(begun)
        try:
            asked.exhaust_lexer()
        except Exception:
            assert parser.begin(begun, lambda *_: None) is None
        else:
            read = parser.begin(begun, lambda *_: None)
            assert read is not None
            assert read.accepted == asked.accepts()
            assert len(read.stack) == len(asked.parser_state.value_stack)


# ---------------------------------------------------------------- tables


def test_terminals_are_tried_in_larks_order() -> None:
    """In every state: the same alternatives in the same order, and the same words looked up."""
    conf: Any = compiled().parser.lexer_conf  # type: ignore[attr-defined]
    reader = Automaton(tables(compiled()))
    ignored = set(conf.ignore)
    for state, actions in reader.tables.actions.items():
        accepted = {*actions, "NAME", *ignored}
        theirs: Any = BasicLexer(
            type(conf)([each for each in conf.terminals if each.name in accepted], re, conf.ignore, skip_validation=True)
        )
        order = [each.name for each in theirs.scanner.terminals if each.name not in ignored]
        ours = reader._reader(state)
        pattern = reader._patterns[frozenset(actions) | {"NAME"}]
        assert [*pattern.groupindex][:-1] == order
        for name, group in pattern.groupindex.items():
            looked_up = theirs.callback.get(name)
            words = {each.pattern.value for each in looked_up.scanner.terminals} if looked_up else set()
            step = ours.steps[group]
            assert words == (set(step) if isinstance(step, dict) else set())


@pytest.mark.parametrize("begin", [" ", "\n", "\u200b", "\ufeff", "//", "#"])
@pytest.mark.parametrize("rest", ["", "a", "1", "=", "(", " T"])
def test_blanks_and_comments_outrank_all_terminals(begin: str, rest: str) -> None:
    """So that they may be passed over before a terminal is tried."""
    found = tables(compiled())
    assert next(name for name, pattern in found.terminals.items() if re.match(pattern, begin + rest)) in found.ignored


def test_a_reduction_leads_past_the_rules_that_hand_their_child_on() -> None:
    reader = parser.automaton()
    made: list[str] = []
    reader.run("print a", lambda name, *_: made.append(name))
    assert made == ["name_ref", "items", "print", "body", "query"]


def test_what_lark_refuses_is_rejected() -> None:
    with pytest.raises(Rejected):
        parser.automaton().run("T | where", lambda *_: None)
    assert END not in parser.automaton().tables.terminals
