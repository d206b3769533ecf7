"""Commands from functions: a parameter's annotation says how it is written, its default what is meant where it is left out.

    def vacuum(tables: Annotated[tuple[str, ...], Argument(help="Default: all.")] = (), store: Store = STORE) -> None:

A tuple takes several values, a bool is a switch. Click does the rest; whatever it takes may stand in the annotation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from inspect import Parameter, signature
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import click


class Option:
    """An option. Its flags are named where the parameter's name does not tell them."""

    def __init__(self, *flags: str, **settings: Any) -> None:
        self.flags = flags
        self.settings = settings

    def parameter(self, name: str, several: bool, settings: Mapping[str, Any]) -> click.Parameter:
        """What click makes of it."""
        flags = self.flags or (f"--{name.replace('_', '-')}",)
        shown = bool(settings.get("default"))
        switch = settings["type"] is bool
        return click.Option([*flags, name], multiple=several, is_flag=switch, show_default=shown, show_envvar=True, **settings)


class Argument(Option):
    """An argument, which has its place and no flag."""

    def parameter(self, name: str, several: bool, settings: Mapping[str, Any]) -> click.Parameter:
        """What click makes of it."""
        return click.Argument([name], nargs=-1 if several else 1, **settings)


class _OneOf(click.Choice[StrEnum]):
    """Members of an enum by their values, in any case; click would take their names."""

    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:
        return super().normalize_choice(str(choice), ctx)


def command(function: Callable[..., None], name: str = "", **settings: Any) -> click.Command:
    """The command that calls a function.

    Args:
        name: if it is not the function's.
        settings: as click.Command takes them.
    """
    hints = get_type_hints(function, include_extras=True)
    parameters = [_parameter(each, hints[each], given.default) for each, given in signature(function).parameters.items()]
    return click.Command(name or function.__name__, callback=function, params=parameters, help=function.__doc__, **settings)


def _parameter(name: str, hint: Any, default: object) -> click.Parameter:
    kind, written = get_args(hint)
    assert isinstance(written, Option)
    several = get_origin(kind) is tuple
    kind = get_args(kind)[0] if get_args(kind) else kind  # of `X | None` and `tuple[X, ...]`
    settings = {"type": _type(kind), "required": default is Parameter.empty, **written.settings}
    if default is not Parameter.empty:
        settings["default"] = str(default) if isinstance(default, StrEnum) else default
    return written.parameter(name, several, settings)


def _type(kind: type) -> Any:
    if kind is Path:
        return click.Path(path_type=Path)
    return _OneOf(kind, case_sensitive=False) if issubclass(kind, StrEnum) else kind
