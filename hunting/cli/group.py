"""Groups of commands, and how they are listed: in sections by what one wants to do, each with its whole first sentence."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, TypeVar

import click

from hunting.cli.command import command

Function = TypeVar("Function", bound=Callable[..., None])

_LONGEST = 200  # characters of a first sentence: longer ones would be cut


class Group(click.Group):
    """A group of commands, listed in their order, whose help is not cut."""

    def __init__(self, name: str, help: str, **settings: Any) -> None:
        super().__init__(name, help=help, no_args_is_help=True, **settings)

    def verb(self, name: str = "") -> Callable[[Function], Function]:
        """Makes a function a command of the group, and leaves it as it is."""

        def add(function: Function) -> Function:
            self.add_command(command(function, name))
            return function

        return add

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """The names."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Writes the list of commands."""
        for title, names in self.sections():
            with formatter.section(title):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(_LONGEST)) for name in names])

    def sections(self) -> Iterator[tuple[str, list[str]]]:
        """How the commands are listed."""
        yield "Commands", list(self.commands)


class Modules(UserDict[str, Any]):
    """Commands by name; one that is a module's name is taken from there when it is asked for, and no other is imported."""

    def __getitem__(self, name: str) -> click.Command:
        found = self.data[name]
        if isinstance(found, str):
            found = getattr(import_module(found), name)
            self.data[name] = found if isinstance(found, click.Command) else command(found)
        made: click.Command = self.data[name]
        return made
