"""Six commands in the manner of PowerShell, aliases of others; each says which. They are no Microsoft cmdlets.

    hunting Get-AutomatedInvestigation -InvestigationId ID

Names of commands and parameters go in any case; a parameter is `-Name value` or `-Name:value`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from hunting.cli import actions, air, investigations
from hunting.cli.group import Commands
from hunting.cli.options import STORE, By, Now, Store
from hunting.cli.output import note

Values = dict[str, str]
Parameters = Annotated[list[str] | None, typer.Argument(metavar="-NAME VALUE ...", show_default=False)]


@dataclass(frozen=True)
class Given:
    """What every one of them takes besides its own parameters."""

    by: str
    now: str
    store: Path


Run = Callable[[Values, Given], None]

_SWITCH = {"$true": "on", "true": "on", "$false": "off", "false": "off"}


class Group(Commands):
    """The commands; one that has a dash and a capital is found in any case, as in PowerShell."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name."""
        folded = {name.casefold(): name for name in self.commands if name != name.casefold()}
        return super().get_command(ctx, folded.get(cmd_name.casefold(), cmd_name))


def add_to(app: typer.Typer) -> None:
    """Adds the six; the list of commands leaves them out, `EPILOG` under it names them."""
    for name, (wanted, alias, run) in _CMDLETS.items():
        _add(app, name, wanted, alias, run)


def _add(app: typer.Typer, name: str, wanted: Mapping[str, str], alias: str, run: Run) -> None:
    def command(parameters: Parameters = None, by: By = "", now: Now = "", store: Store = STORE) -> None:
        values = _values(name, wanted, parameters or [])
        note(f"{name} is an alias of: hunting {alias.format(**values)}")
        run(values, Given(by, now, store))

    taken = " ".join(f"-{parameter} {kind}" for parameter, kind in wanted.items())
    command.__doc__ = f"With {taken}, an alias of: hunting {alias.format(**wanted)}"
    settings = {"ignore_unknown_options": True, "help_option_names": ["--help"]}
    app.command(name, context_settings=settings, hidden=True)(command)


def _values(name: str, wanted: Mapping[str, str], given: Sequence[str]) -> Values:
    """The parameters' values by the names as they are declared; all are mandatory."""
    known = {f"-{parameter}".casefold(): parameter for parameter in wanted}
    values: Values = {}
    rest = list(given)
    while rest:
        option, colon, value = rest.pop(0).partition(":")
        parameter = known.get(option.casefold())
        if parameter is None:
            raise typer.BadParameter(f"{name} has no parameter '{option}'.", param_hint=_listed(wanted))
        if parameter in values:
            raise typer.BadParameter("It is given twice.", param_hint=f"-{parameter}")
        if not colon:
            value = rest.pop(0) if rest and rest[0].casefold() not in known else ""
        values[parameter] = _checked(parameter, value)
    missing = [parameter for parameter in wanted if parameter not in values]
    if missing:
        raise typer.BadParameter(f"{name} needs it.", param_hint=_listed(missing))
    return values


def _checked(parameter: str, value: str) -> str:
    switch = parameter == "EnableAutoRemediation"
    if not value:
        cure = " A shell puts nothing in the place of $true: write '$true' in quotes, or true." if switch else ""
        raise typer.BadParameter(f"It has no value.{cure}", param_hint=f"-{parameter}")
    if not switch:
        return value
    if value.casefold() not in _SWITCH:
        raise typer.BadParameter(f"'{value}' is neither $true nor $false.", param_hint=f"-{parameter}")
    return _SWITCH[value.casefold()]


def _listed(wanted: Iterable[str]) -> str:
    return ", ".join(f"-{parameter}" for parameter in wanted)


# ---------------------------------------------------------------- what they do


def _set(values: Values, given: Given) -> None:
    from hunting.air.clusters import CLUSTERS

    changes = [f"{key}={values['EnableAutoRemediation']}" for key in CLUSTERS]
    air.settings_set(changes, by=given.by, now=given.now, store=given.store)


def _get(values: Values, given: Given) -> None:
    investigations.show_(values["InvestigationId"], store=given.store)


def _start(values: Values, given: Given) -> None:
    investigations.start(email=values["Entity"], by=given.by, now=given.now, store=given.store)


def _report(values: Values, given: Given) -> None:
    actions.show_(values["RemediationAction"], store=given.store)


def _export(values: Values, given: Given) -> None:
    investigations.export(values["ClusterId"], Path(values["Path"]), store=given.store)


def _undo(values: Values, given: Given) -> None:
    actions.undo(values["ActionId"], by=given.by, now=given.now, store=given.store)


# name -> its parameters (all mandatory) with what they take, what it is an alias of, and that
_CMDLETS: dict[str, tuple[Mapping[str, str], str, Run]] = {
    "Set-AutomatedInvestigationRemediation": (
        {"EnableAutoRemediation": "$true"},
        "air settings set similar-files={EnableAutoRemediation} similar-urls={EnableAutoRemediation}",
        _set,
    ),
    "Get-AutomatedInvestigation": ({"InvestigationId": "ID"}, "air investigation show {InvestigationId}", _get),
    "Start-AutomatedInvestigation": ({"Entity": "ID"}, "air investigation start --email {Entity}", _start),
    "Get-ActionCenterReport": ({"RemediationAction": "ID"}, "air actions show {RemediationAction}", _report),
    "Export-AIRThreatCluster": ({"ClusterId": "ID", "Path": "FILE"}, "air cluster export {ClusterId} --path {Path}", _export),
    "Undo-AutomatedInvestigationAction": ({"ActionId": "ID"}, "air actions undo {ActionId}", _undo),
}

EPILOG = "\b\n" + "\n".join(["Aliases in the manner of PowerShell (--help tells of what):", *(f"  {name}" for name in _CMDLETS)])
