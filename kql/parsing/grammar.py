"""Lark's part: it compiles the grammar, and says why a text is refused.

What is right is read by `automaton.py`, with lark's tables and without lark.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any, BinaryIO

import lark
from lark import Lark, Token, Tree
from lark.common import LexerConf
from lark.exceptions import UnexpectedInput
from lark.lexer import BasicLexer, Lexer, LexerState

from kql.parsing.limits import check_limits
from kql.parsing.recognition import in_words
from kql.parsing.stored import GRAMMAR, loaded, store
from kql.parsing.tables import tables


def parse_tree(text: str) -> Tree[Token]:
    """The syntax tree of a query; rules and their children are those of `kql.lark`, absent optional parts are None.

    Raises:
        KqlLimitError: as `kql.parsing.limits.check_limits`; found without parsing.
        KqlSyntaxError: the text is not KQL; with place, what was found, what was expected, and the cure where one is known.
    """
    check_limits(text)
    parser = compiled()
    try:
        return parser.parse(text)
    except UnexpectedInput as error:
        raise in_words(error, text, parser) from None


# ---------------------------------------------------------------- lexer


class KeywordFallback(Lexer):
    """A contextual lexer in which NAME is accepted everywhere: a keyword is one only where the grammar has room for it.

    Where it has none the word is read whole, as NAME, so that `inner` is never `in` and `ner`.
    """

    __future_interface__ = 2  # lark then passes the parser's state to `lex`

    def __init__(self, conf: LexerConf) -> None:
        self.conf = conf
        self.by_state: dict[int, BasicLexer] = {}
        self.by_accepted: dict[frozenset[str], BasicLexer] = {}

    def lex(self, lexer_state: LexerState, parser_state: Any) -> Iterator[Token]:
        with suppress(EOFError):
            while True:
                state = parser_state.position
                lexer = self.by_state.get(state) or self._lexer(state, parser_state.parse_conf.states[state])
                yield lexer.next_token(lexer_state, parser_state)

    def _lexer(self, state: int, actions: dict[str, Any]) -> BasicLexer:
        accepted = frozenset(actions) | {"NAME", *self.conf.ignore}
        if accepted not in self.by_accepted:
            terminals = [terminal for terminal in self.conf.terminals if terminal.name in accepted]
            self.by_accepted[accepted] = BasicLexer(
                LexerConf(terminals, self.conf.re_module, self.conf.ignore, skip_validation=True)
            )
        self.by_state[state] = self.by_accepted[accepted]
        return self.by_state[state]


# ---------------------------------------------------------------- parser


@cache
def compiled() -> Lark:
    """Lark's parser of the grammar, from the cache if it is there."""
    grammar = GRAMMAR.read_bytes()
    return loaded(grammar, _load) or _build(grammar)


def _build(grammar: bytes) -> Lark:
    parser = Lark(
        grammar.decode(),
        start="query",
        parser="lalr",
        lexer=KeywordFallback,
        strict=True,
        propagate_positions=True,
        maybe_placeholders=True,
    )

    def write(stream: BinaryIO) -> None:
        pickle.dump(tables(parser), stream)
        pickle.dump(lark.__version__, stream)
        parser.save(stream)

    with suppress(OSError):
        store(grammar, write)
    return parser


def _load(stream: BinaryIO) -> Lark:
    pickle.load(stream)
    if pickle.load(stream) != lark.__version__:
        raise ValueError("another lark's")
    return Lark.load(stream)
