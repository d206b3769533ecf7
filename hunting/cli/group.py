"""How a list of commands is shown: in groups by what one wants to do, each with its whole first sentence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typer.core import TyperGroup

_GROUPS = {
    "Begin": ("demo", "simulate"),
    "Hunt": ("query", "shell", "explain", "tables", "schema", "functions"),
    "Respond": ("air", "detection", "explorer", "email"),
    "Report": ("report", "due"),
    "Store": ("verify", "compact", "vacuum", "external"),
    "Serve": ("serve", "tokens"),
}
_LONGEST = 200  # characters of a first sentence: longer ones would be cut


class Commands(TyperGroup):
    """A group of commands whose help is not cut; `hunting` itself lists its own in groups."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Writes the list of commands."""
        for title, names in self._sections(ctx):
            with formatter.section(title):
                formatter.write_dl([(name, self._help(ctx, name)) for name in names])

    def _sections(self, ctx: Any) -> Iterator[tuple[str, list[str]]]:
        names = [name for name in self.list_commands(ctx) if not self.commands[name].hidden]
        if ctx.parent is not None:
            yield "Commands", names
            return
        for title, members in _GROUPS.items():
            yield from [(title, [name for name in members if name in names])] if set(members) & set(names) else []
        others = [name for name in names if not any(name in members for members in _GROUPS.values())]
        yield from [("More", others)] if others else []

    def _help(self, ctx: Any, name: str) -> str:
        command = self.get_command(ctx, name)
        return command.get_short_help_str(_LONGEST) if command is not None else ""
