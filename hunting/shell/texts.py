"""The text that is being typed: its tokens, for colours, and whether it is ready to run."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""
      (?P<comment> //[^\n]* )
    | (?P<string> [hH]?(?: ```.*?(?:```|\Z) | ~~~.*?(?:~~~|\Z)
                         | @"(?:[^"]|"")*(?:"|\Z) | @'(?:[^']|'')*(?:'|\Z)
                         | "(?:\\.|[^"\\\n])*"? | '(?:\\.|[^'\\\n])*'? ) )
    | (?P<number> \b\d[\w.]* )
    | (?P<name> [A-Za-z_$][\w$]*(?:-[a-z]+)* )
    | (?P<space> \s+ )
    | (?P<sign> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_PREPARING = ("let", "set", "declare", "alias", "pattern", "restrict")


def tokens(text: str) -> Iterator[tuple[str, str]]:
    """(kind, text) of each token, nothing left out: comment, string, number, name, space, sign."""
    for found in _TOKEN.finditer(text):
        yield found.lastgroup or "sign", found[0]


def finished(text: str) -> bool:
    """Whether Enter runs the text: a dot command, an empty last line, or a `;` behind a query.

    Statements that only prepare (`let x = 5;`) wait for the query that follows.
    """
    stripped = text.strip()
    if not stripped or stripped.startswith("."):
        return True
    return text.rstrip(" \t").endswith("\n") or (stripped.endswith(";") and _ends_query(stripped))


def _ends_query(text: str) -> bool:
    depth, first, ended = 0, "", ""
    for kind, token in tokens(text):
        if kind == "sign" and token in "([{":
            depth += 1
        elif kind == "sign" and token in ")]}":
            depth -= 1
        elif kind == "sign" and token == ";" and depth <= 0:
            ended, first = first or ended, ""
            continue
        if not first and kind not in ("space", "comment"):
            first = token
    return not first and ended not in _PREPARING and depth <= 0
