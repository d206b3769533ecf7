"""The head of a report's file: YAML between two lines of `---`. Every mistake is told with its line and its cure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from hunting.errors import HuntingError, ScheduleError
from hunting.inputs import bound
from hunting.keyed import keyed, wrong
from hunting.reports.window import is_period
from kql.errors import KqlError, closest
from kql.types import TYPE_NAMES, ScalarType

FORMATS = ("html", "markdown", "xlsx", "csv", "json", "pdf")
WINDOW_NAMES = ("_startTime", "_endTime")
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that a run may choose; every block sees it as a KQL query parameter of this name and type."""

    name: str
    type: ScalarType
    default: object
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Front:
    """What the head declares; `lines` tells where each key stands."""

    title: str
    description: str = ""
    period: str = "last week"
    schedule: str = ""
    timezone: str = "UTC"
    formats: tuple[str, ...] = ("html",)
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    recipients: tuple[str, ...] = ()
    deliver: tuple[Mapping[str, Any], ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)


Complain = Callable[[str, str], HuntingError]


def front_of(path: str, text: str) -> tuple[Front, int]:
    """The head of a file's text, and how many lines it takes.

    Raises:
        HuntingError: with file, line and cure.
    """
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        raise wrong(path, 1, "A report begins with its head.", "Write '---', then title: ..., then '---'.")
    end = next((at for at, line in enumerate(lines) if at and line.rstrip() == "---"), None)
    if end is None:
        raise wrong(path, 1, "The head has no end.", "Write '---' on a line of its own after the last key.")
    given, at = keyed(path, "\n".join(lines[1:end]), "The head", before=1)
    for key in given:
        if key not in _CHECKS:
            raise wrong(path, at[key], f"'{key}' is not a key of a report.", closest(key, _CHECKS) or _known(_CHECKS))
    if "title" not in given:
        raise wrong(path, 1, "The head has no title.", "Add title: ...")
    checked = {key: _CHECKS[key](value, _complaint(path, at[key], key)) for key, value in given.items()}
    return Front(**checked, lines=at), end + 1


def _known(names: Iterable[str]) -> str:
    return f"Known: {', '.join(names)}."


def _complaint(path: str, line: int, key: str) -> Complain:
    return lambda message, hint: wrong(path, line, f"'{key}' {message}", hint)


# ---------------------------------------------------------------- values


def _text(value: Any, complain: Complain) -> str:
    if not isinstance(value, str) or not value.strip():
        raise complain("must be text.", "Put it in quotes.")
    return " ".join(value.split())


def _texts(value: Any, complain: Complain) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
        raise complain("must be a list of texts.", "Write [one, two].")
    return tuple(each.strip() for each in value)


def _period(value: Any, complain: Complain) -> str:
    if not is_period(value):
        raise complain(f"cannot be '{value}'.", "Write last day, last week, last month, last 24 hours or last 4 weeks.")
    return str(value)


def _schedule(value: Any, complain: Complain) -> str:
    from hunting.schedule.cron import Schedule  # schedules run reports, too

    try:
        return Schedule.parse(_text(value, complain)).expression
    except ScheduleError as error:
        raise complain(f"cannot be. {error.message}", error.hint) from None


def _timezone(value: Any, complain: Complain) -> str:
    from hunting.schedule.cron import Schedule

    try:
        return Schedule.parse("@daily", _text(value, complain)).zone
    except ScheduleError as error:
        raise complain(f"cannot be. {error.message}", error.hint) from None


def _formats(value: Any, complain: Complain) -> tuple[str, ...]:
    names = _texts(value, complain)
    for name in names:
        if name not in FORMATS:
            raise complain(f"names no format: '{name}'.", closest(name, FORMATS) or _known(FORMATS))
    return tuple(dict.fromkeys(names))


def _deliver(value: Any, complain: Complain) -> tuple[Mapping[str, Any], ...]:
    """Destinations as they are written; what each means is decided by who delivers."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise complain("must be a list of destinations.", "Write, for example, [{folder: reports}].")
    return tuple({str(key): part for key, part in each.items()} for each in value)


def _parameters(value: Any, complain: Complain) -> Mapping[str, Parameter]:
    if not isinstance(value, dict):
        raise complain("must be names and what they are.", "Write, for example, {top: {type: long, default: 10}}.")
    return {str(name): _parameter(str(name), given, complain) for name, given in value.items()}


def _parameter(name: str, given: Any, complain: Complain) -> Parameter:
    if not _NAME.fullmatch(name) or name in WINDOW_NAMES:
        raise complain(f"has a name that cannot be: '{name}'.", "A letter, then letters, digits and _; not the window's names.")
    if not isinstance(given, dict) or "type" not in given or set(given) - {"type", "default", "description"}:
        raise complain(f"declares '{name}' unclearly.", f"Write {name}: {{type: long, default: 10, description: ...}}.")
    kind = TYPE_NAMES.get(str(given["type"]))
    if kind is None:
        raise complain(f"gives '{name}' an unknown type: '{given['type']}'.", _known(ScalarType))
    try:
        default = checked(name, kind, given["default"]) if "default" in given else None
    except KqlError as error:
        raise complain(f"has a default that does not fit. {error.message}", error.hint) from None
    return Parameter(name, kind, default, "default" not in given, str(given.get("description", "")))


def checked(name: str, kind: ScalarType, value: object) -> object:
    """A parameter's value, once it is known that the engine can bind it.

    Raises:
        KqlError: it is not of that type.
    """
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    try:
        bound(value, kind, name)
    except (TypeError, ValueError, OverflowError):
        raise HuntingError(f"'{name}' is a {kind}, found {value!r}.", hint="Write a value of that type.") from None
    return value


_CHECKS: Mapping[str, Callable[[Any, Complain], Any]] = {
    "title": _text,
    "description": _text,
    "period": _period,
    "schedule": _schedule,
    "timezone": _timezone,
    "formats": _formats,
    "parameters": _parameters,
    "recipients": _texts,
    "deliver": _deliver,
}
