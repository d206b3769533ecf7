"""The interactive shell: queries and dot commands, on a terminal with highlighting and completion, or from a pipe."""

from __future__ import annotations

from hunting.shell.session import Session
from hunting.shell.texts import finished, tokens

__all__ = ["Session", "finished", "tokens"]
