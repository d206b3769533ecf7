"""What is too long or too deep to be parsed, and what in a text is neither a word nor a bracket."""

from __future__ import annotations

import re

from kql.errors import KqlLimitError, Span

MAX_CHARACTERS = 1024 * 1024
MAX_TOKENS = 20_000
MAX_DEPTH = 100

# A string or a comment, as in the grammar: what is in it is neither bracket nor word.
QUOTED = (
    r"""@"(?:[^"]|"")*+"|@'(?:[^']|'')*+'|"(?:\\.|[^"\\\n])*+"|'(?:\\.|[^'\\\n])*+'|```[\s\S]*?```|~~~[\s\S]*?~~~"""
    r"""|(?P<remark>//[^\n]*|^\#[^\n]*)"""
)
UNCLOSED = r"""|@["'][\s\S]*|["'].*|(?:```|~~~)[\s\S]*"""  # read on from the next sign, it would cost n² steps
BLANKS = r"|\s{9,}"  # skipped at once; single ones cost less unnoticed
_PIECE = re.compile(QUOTED + UNCLOSED + BLANKS + r"|(?P<open>[(\[{])|(?P<close>[)\]}])|\w+|[^\w\s]", re.MULTILINE)


def check_limits(text: str) -> None:
    """Refuses what is too long or too deep in one pass that stops at the limit, so that hostile text costs little.

    Raises:
        KqlLimitError: more than MAX_CHARACTERS, MAX_TOKENS or MAX_DEPTH brackets in each other.
    """
    if len(text) <= MAX_TOKENS and sum(map(text.count, "([{")) <= MAX_DEPTH:
        return  # a token has a character, and a level a bracket
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


def has_comment(text: str) -> bool:
    """Whether there is a comment in the text."""
    return any(piece.lastgroup == "remark" for piece in _PIECE.finditer(text))


def _too_much(text: str, what: str, span: Span | None) -> KqlLimitError:
    hint = "Keep long lists in a table and join it." if span is None or "words" in what else "Name the inner parts with let."
    return KqlLimitError(f"The query exceeds the allowed size limit: {what}.", span, hint, text)
