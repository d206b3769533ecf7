"""Commands, and what one left behind."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PROGRAM = [sys.executable, "-c", "from hunting.cli import script; script()"]
"""The command as a process of its own."""


@dataclass
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The answer, one JSON object a line."""
        assert self.code == 0, self.err
        return [json.loads(line) for line in self.out.splitlines()]

    def refused(self, code: int) -> str:
        """What was said instead of an answer: one error in words."""
        assert (self.code, self.out) == (code, ""), self.err
        assert "Traceback" not in self.err
        return self.err


Command = Callable[..., Done]
"""The command in this process, by its arguments."""
