"""From the text of a query to lark's tree: the limits, the lexer, the parser's tables and their cache.

`recognition.py` puts lark's errors into words.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import re
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import Any

import lark
from lark import Lark, Token, Tree
from lark.common import LexerConf
from lark.exceptions import UnexpectedInput
from lark.grammar import Rule
from lark.lexer import BasicLexer, Lexer, LexerState
from lark.parsers.lalr_interactive_parser import InteractiveParser

from kql.errors import KqlLimitError, Span
from kql.recognition import BLANKS, QUOTED, UNCLOSED, in_words, keywords

GRAMMAR = Path(__file__).with_name("kql.lark")
MAX_CHARACTERS = 1024 * 1024
MAX_TOKENS = 20_000
MAX_DEPTH = 100


def parse_tree(text: str) -> Tree[Token]:
    """The syntax tree of a query; rules and their children are those of `kql.lark`, absent optional parts are None.

    Raises:
        KqlLimitError: more than MAX_CHARACTERS, MAX_TOKENS or MAX_DEPTH brackets in each other; found without parsing.
        KqlSyntaxError: the text is not KQL; with place, what was found, what was expected, and the cure where one is known.
    """
    check_limits(text)
    parser = _parser()
    try:
        return parser.parse(text)
    except UnexpectedInput as error:
        raise in_words(error, text, parser) from None


def constructs(text: str) -> frozenset[str]:
    """What a query makes use of: the names of the grammar's rules (`join`, `union`, `externaldata`, ...), and `comment`.

    Raises:
        KqlError: as `parse_tree`.
    """
    rules = {str(subtree.data).partition("_where")[0] for subtree in parse_tree(text).iter_subtrees()}
    rules |= {"join"} if "lookup" in rules else set()
    remarks = any(piece.lastgroup == "remark" for piece in _PIECE.finditer(text))
    return frozenset(rules | ({"comment"} if remarks else set()))


# ---------------------------------------------------------------- limits

_PIECE = re.compile(QUOTED + UNCLOSED + BLANKS + r"|(?P<open>[(\[{])|(?P<close>[)\]}])|\w+|[^\w\s]", re.MULTILINE)


def check_limits(text: str) -> None:
    """Refuses what is too long or too deep in one pass that stops at the limit, so that hostile text costs little.

    Raises:
        KqlLimitError: see `parse_tree`.
    """
    if len(text) > MAX_CHARACTERS:
        raise _too_much(text, f"{len(text):,} characters; at most {MAX_CHARACTERS:,} are allowed", None)
    depth = 0
    for tokens, piece in enumerate(_PIECE.finditer(text), 1):
        kind = piece.lastgroup
        depth += (kind == "open") - (kind == "close")
        if depth > MAX_DEPTH:
            raise _too_much(text, f"more than {MAX_DEPTH} brackets in each other", Span(*piece.span()))
        if tokens > MAX_TOKENS:
            raise _too_much(text, f"more than {MAX_TOKENS:,} words, signs and comments", Span(*piece.span()))


def _too_much(text: str, what: str, span: Span | None) -> KqlLimitError:
    hint = "Keep long lists in a table and join it." if span is None or "words" in what else "Name the inner parts with let."
    return KqlLimitError(f"The query exceeds the allowed size limit: {what}.", span, hint, text)


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


def interactive(text: str) -> InteractiveParser:
    """A parser that can be asked, once it has taken the text, what it has read and what it would take next.

    Raises:
        KqlLimitError: the text is too long or nested too deeply.
    """
    check_limits(text)
    return _parser().parse_interactive(text)  # its lexer has read nothing yet: exhaust_lexer() does


def grammar_words() -> dict[str, str]:
    """The words of the grammar by the names of their terminals."""
    return keywords(_parser())


@cache
def _parser() -> Lark:
    grammar = GRAMMAR.read_bytes()
    parser = _load(grammar) or _build(grammar)
    _shorten(parser)
    return parser


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
    with suppress(OSError):
        _store(grammar, parser)
    return parser


def _shorten(parser: Lark) -> None:
    """`?expr: and_expr` and its like hand their only child on; lark's own way of doing so doubles the time of a parse."""
    frontend: Any = parser.parser
    callbacks = frontend.parser.parser.callbacks
    only_child = itemgetter(0)
    for rule in callbacks:
        if isinstance(rule, Rule) and rule.options.expand1 and not rule.alias and len(rule.expansion) == 1:
            symbol = rule.expansion[0]
            if not (any(rule.options.empty_indices) or getattr(symbol, "filter_out", False)):
                callbacks[rule] = only_child


# ---------------------------------------------------------------- cache: building the tables takes some 0.4 s, loading 0.03 s


def _cache_file(grammar: bytes) -> Path:
    """In the user's own cache folder: a pickle is code, and a folder that others may write to would let them run theirs."""
    key = hashlib.sha256(grammar + f"{lark.__version__} {sys.version}".encode()).hexdigest()[:20]
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    return Path(base) / "hunting-kql" / f"grammar-{key}.pickle"


def _is_private(path: Path) -> bool:
    found = path.lstat()
    return not hasattr(os, "getuid") or (
        found.st_uid == os.getuid() and not found.st_mode & 0o077 and not stat.S_ISLNK(found.st_mode)
    )


def _load(grammar: bytes) -> Lark | None:
    try:
        file = _cache_file(grammar)
        if not (_is_private(file.parent) and _is_private(file)):
            return None
        with file.open("rb") as stream:
            return Lark.load(stream)
    except (OSError, RuntimeError, EOFError, ValueError, LookupError, AttributeError, TypeError, pickle.UnpicklingError):
        return None  # no home, no cache yet, or a damaged one: build anew


def _store(grammar: bytes, parser: Lark) -> None:
    try:
        file = _cache_file(grammar)
    except RuntimeError:
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_private(file.parent):
        return
    handle, name = tempfile.mkstemp(dir=file.parent)  # 0600; renamed whole, so that no reader sees half a file
    try:
        with os.fdopen(handle, "wb") as stream:
            parser.save(stream)
        Path(name).replace(file)
    finally:
        Path(name).unlink(missing_ok=True)
