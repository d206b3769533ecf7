"""Errors as one line for the journal, a log and a terminal; what servers answer is hostile text."""

from __future__ import annotations

from hunting.cells import visible
from kql.errors import KqlError

_LONGEST = 500


def in_words(error: Exception) -> str:
    """What went wrong, in one line without control characters."""
    if isinstance(error, KqlError):
        text = f"{error.message} {error.hint or ''}"
    elif isinstance(error, OSError):
        named = f": {error.filename}" if error.filename else ""
        text = f"{error.strerror or error or type(error).__name__}{named}"
    else:  # a fault of the job's own
        text = f"{type(error).__name__}: {error}"
    return line(text)


def line(text: str) -> str:
    """Text as one visible line, cut if it is very long."""
    return visible(" ".join(text.split()))[:_LONGEST]
