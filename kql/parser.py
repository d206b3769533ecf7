"""From the text of a query to lark's tree: the lexer, the limits, and lark's errors in an analyst's words."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, Tree
from lark.common import LexerConf
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.lexer import BasicLexer, Lexer, LexerState

from kql.errors import KqlSyntaxError, Span

GRAMMAR = Path(__file__).with_name("kql.lark")


class KeywordFallback(Lexer):
    """A contextual lexer in which NAME is accepted everywhere: a keyword is one only where the grammar has room for it.

    Where it has none the word is read whole, as NAME, so that `inner` is never `in` and `ner`.
    """

    __future_interface__ = 2

    def __init__(self, conf: LexerConf) -> None:
        self.conf = conf
        self.lexers: dict[frozenset[str], BasicLexer] = {}

    def lex(self, lexer_state: LexerState, parser_state: Any) -> Iterator[Token]:
        try:
            while True:
                accepted = parser_state.parse_conf.states[parser_state.position]
                yield self._lexer(frozenset(accepted)).next_token(lexer_state, parser_state)
        except EOFError:
            return

    def _lexer(self, accepted: frozenset[str]) -> BasicLexer:
        if accepted not in self.lexers:
            wanted = accepted | {"NAME", *self.conf.ignore}
            terminals = [terminal for terminal in self.conf.terminals if terminal.name in wanted]
            conf = LexerConf(terminals, self.conf.re_module, self.conf.ignore, skip_validation=True)
            self.lexers[accepted] = BasicLexer(conf)
        return self.lexers[accepted]


@cache
def _lark() -> Lark:
    return Lark(
        GRAMMAR.read_text(encoding="utf-8"),
        start="query",
        parser="lalr",
        lexer=KeywordFallback,
        strict=True,
        propagate_positions=True,
        maybe_placeholders=True,
    )


def parse_tree(text: str) -> Tree[Token]:
    """The syntax tree of a query; rules and their children are those of `kql.lark`, absent optional parts are None.

    Raises:
        KqlSyntaxError: the text is not KQL.
    """
    try:
        return _lark().parse(text)
    except UnexpectedInput as error:
        raise _in_words(error, text) from None


def _in_words(error: UnexpectedInput, text: str) -> KqlSyntaxError:
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        found, span = f"'{error.token}'", Span(error.token.start_pos or 0, error.token.end_pos or 0)
    elif isinstance(error, UnexpectedCharacters):
        at = error.pos_in_stream or 0
        found, span = f"'{text[at]}'", Span(at, at + 1)
    else:
        found, span = "the end of the query", Span(len(text), len(text))
    return KqlSyntaxError(f"A recognition error occurred. Found {found}.", span, text=text)
