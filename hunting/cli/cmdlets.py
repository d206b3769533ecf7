"""Six commands in the manner of PowerShell, aliases of others; each says which. They are no Microsoft cmdlets.

    hunting Get-AutomatedInvestigation -InvestigationId ID

Names of commands and parameters go in any case; a parameter is `-Name value` or `-Name:value`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import click

from hunting.cli.command import Argument, command
from hunting.cli.options import STORE, By, Now, Store
from hunting.cli.output import note

Values = dict[str, str]
Parameters = Annotated[tuple[str, ...], Argument(metavar="[-NAME VALUE ...]")]


@dataclass(frozen=True)
class Given:
    """What every one of them takes besides its own parameters."""

    by: str
    now: str
    store: Path


Run = Callable[[Values, Given], None]

_SWITCH = {"$true": "on", "true": "on", "$false": "off", "false": "off"}


def _command(name: str, wanted: Mapping[str, str], alias: str, run: Run) -> click.Command:
    def cmdlet(parameters: Parameters = (), by: By = "", now: Now = "", store: Store = STORE) -> None:
        values = _values(name, wanted, parameters)
        note(f"{name} is an alias of: hunting {alias.format(**values)}")
        run(values, Given(by, now, store))

    taken = " ".join(f"-{parameter} {kind}" for parameter, kind in wanted.items())
    cmdlet.__doc__ = f"With {taken}, an alias of: hunting {alias.format(**wanted)}"
    settings = {"ignore_unknown_options": True, "help_option_names": ["--help"]}
    return command(cmdlet, name, context_settings=settings, hidden=True)


def _values(name: str, wanted: Mapping[str, str], given: Sequence[str]) -> Values:
    """The parameters' values by the names as they are declared; all are mandatory."""
    known = {f"-{parameter}".casefold(): parameter for parameter in wanted}
    values: Values = {}
    rest = list(given)
    while rest:
        option, colon, value = rest.pop(0).partition(":")
        parameter = known.get(option.casefold())
        if parameter is None:
            raise click.BadParameter(f"{name} has no parameter '{option}'.", param_hint=_listed(wanted))
        if parameter in values:
            raise click.BadParameter("It is given twice.", param_hint=f"-{parameter}")
        if not colon:
            value = rest.pop(0) if rest and rest[0].casefold() not in known else ""
        values[parameter] = _checked(parameter, value)
    missing = [parameter for parameter in wanted if parameter not in values]
    if missing:
        raise click.BadParameter(f"{name} needs it.", param_hint=_listed(missing))
    return values


def _checked(parameter: str, value: str) -> str:
    switch = parameter == "EnableAutoRemediation"
    if not value:
        cure = " A shell puts nothing in the place of $true: write '$true' in quotes, or true." if switch else ""
        raise click.BadParameter(f"It has no value.{cure}", param_hint=f"-{parameter}")
    if not switch:
        return value
    if value.casefold() not in _SWITCH:
        raise click.BadParameter(f"'{value}' is neither $true nor $false.", param_hint=f"-{parameter}")
    return _SWITCH[value.casefold()]


def _listed(wanted: Iterable[str]) -> str:
    return ", ".join(f"-{parameter}" for parameter in wanted)


# ---------------------------------------------------------------- what they do


def _set(values: Values, given: Given) -> None:
    from hunting.air.clusters import CLUSTERS
    from hunting.cli import air

    changes = tuple(f"{key}={values['EnableAutoRemediation']}" for key in CLUSTERS)
    air.settings_set(changes, by=given.by, now=given.now, store=given.store)


def _get(values: Values, given: Given) -> None:
    from hunting.cli import investigations

    investigations.show_(values["InvestigationId"], store=given.store)


def _start(values: Values, given: Given) -> None:
    from hunting.cli import investigations

    investigations.start(email=values["Entity"], by=given.by, now=given.now, store=given.store)


def _report(values: Values, given: Given) -> None:
    from hunting.cli import actions

    actions.show_(values["RemediationAction"], store=given.store)


def _export(values: Values, given: Given) -> None:
    from hunting.cli import investigations

    investigations.export(values["ClusterId"], Path(values["Path"]), store=given.store)


def _undo(values: Values, given: Given) -> None:
    from hunting.cli import actions

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

COMMANDS = {name: _command(name, *each) for name, each in _CMDLETS.items()}

EPILOG = "\b\n" + "\n".join(["Aliases in the manner of PowerShell (--help tells of what):", *(f"  {name}" for name in _CMDLETS)])
