"""Places in a query, and every error that a query can cause.

    KqlError                 the base; what an analyst can cause, and cure
    ├── KqlSyntaxError       the text is not KQL
    ├── KqlSemanticError     it is KQL, but a name, a type or an argument does not fit
    │   └── KqlUnresolvedError   a table or tabular function of that name does not exist
    ├── KqlUnsupportedError  it is right, but this engine does not do it (yet)
    ├── KqlLimitError        too long, too deep, too many rows, too slow
    └── KqlExecutionError    it was compiled, and failed on the data

Every error carries its message, its place in the text (a Span) and, where one is known, the cure (`hint`).
The wording follows the hunting portal.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from textwrap import wrap

from msgspec import Struct


class Span(Struct, frozen=True):
    """Half-open range of character offsets in a query's text."""

    start: int
    end: int

    def __or__(self, other: Span) -> Span:
        """The smallest span that covers both."""
        return Span(min(self.start, other.start), max(self.end, other.end))

    def line_column(self, text: str) -> tuple[int, int]:
        """Line and column of the start, both counted from 1."""
        before = text[: self.start]
        return before.count("\n") + 1, self.start - (before.rfind("\n") + 1) + 1


class KqlError(Exception):
    """What a query (or its caller) did wrong; `str(error)` is one line, `render()` shows the place.

    Attributes:
        message: one sentence, without place.
        span: where in `text`, or None if the whole text is meant.
        hint: the cure, or "".
        text: the query, once the compiler has set it.
    """

    def __init__(self, message: str, span: Span | None = None, hint: str = "", text: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.hint = hint
        self.text = text

    def __str__(self) -> str:
        place = ""
        if self.span is not None and self.text is not None:
            place = " (line {}, column {})".format(*self.span.line_column(self.text))
        return f"{self.message}{place}{' ' + self.hint if self.hint else ''}"

    def __reduce__(self) -> tuple[type[KqlError], tuple[object, ...]]:
        return type(self), (self.message, self.span, self.hint, self.text)

    def render(self, width: int | None = None) -> str:
        """The message, then the line of the query with a caret under the place, then the cure.

        Args:
            width: of the terminal: texts are folded, and as much of the line is shown as it holds.
        """
        if self.span is None or self.text is None:
            lines = _folded(self.message, width)
        else:
            placed = str(KqlError(self.message, self.span, text=self.text))
            lines = [*_folded(placed, width), *_caret(self.text, self.span, width)]
        return "\n".join([*lines, *(_folded(f"  {self.hint}", width, "  ") if self.hint else [])])


class KqlSyntaxError(KqlError):
    """The text is not KQL."""


class KqlSemanticError(KqlError):
    """A name, a type or an argument does not fit."""


class KqlUnresolvedError(KqlSemanticError):
    """No table or tabular function has that name: what `union isfuzzy=true` leaves out."""


class KqlUnsupportedError(KqlError):
    """Valid KQL that this engine does not run."""


class KqlLimitError(KqlError):
    """A limit on size, depth, rows or time was reached."""


class KqlExecutionError(KqlError):
    """The query was compiled and failed on the data."""


_WIDTH = 110  # of the excerpt: a query pasted as one long line must not flood the terminal


def _folded(text: str, width: int | None, indent: str = "") -> list[str]:
    """A text in lines, broken between words; the first has room for "error: " before it."""
    if width is None or len(text) < width - 7:
        return [text]
    room = max(width - 7, 20)
    return wrap(text, room, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False) or [text]


def _caret(text: str, span: Span, width: int | None) -> list[str]:
    """The line that holds the span's start, cut to the terminal, and a line of carets under the span."""
    number, column = span.line_column(text)
    gutter = f"{number} | "
    room = _WIDTH if width is None else min(max(width - len(gutter) - 2, 20), _WIDTH)
    line = text.splitlines()[number - 1] if text.splitlines() and number <= len(text.splitlines()) else ""
    left = min(max(0, column - 1 - room // 2), len(line) - room) if len(line) > room else 0
    shown = "".join(c if c.isprintable() else " " for c in line[left : left + room])
    length = max(1, min(span.end - span.start, len(line) - (column - 1), left + room - (column - 1)))
    return [f"  {gutter}{shown}", "  " + " " * (len(gutter) + column - 1 - left) + "^" * length]


def closest(name: str, candidates: Iterable[str]) -> str:
    """A hint that names the nearest candidate: "Did you mean 'Subject'?", or "" if none is near."""
    by_folded = {candidate.lower(): candidate for candidate in candidates}
    near = get_close_matches(name.lower(), by_folded, n=1, cutoff=0.6)
    return f"Did you mean '{by_folded[near[0]]}'?" if near else ""
