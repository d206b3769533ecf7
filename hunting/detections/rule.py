"""A detection rule: a YAML file in the format of Microsoft Sentinel's analytics rules (page: create custom detection rules)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from hunting.errors import HuntingError
from hunting.keyed import keyed, wrong
from kql.errors import closest

SEVERITIES = ("Informational", "Low", "Medium", "High")
SHORTEST, LONGEST = timedelta(minutes=5), timedelta(days=14)
LOOKBACK = timedelta(days=30)
"""How far back a rule that runs once a day or less looks, and none looks further."""

_NEEDED = ("name", "severity", "query")
_TOLD = ("id", "description", "kind", "queryFrequency", "queryPeriod", "tactics", "relevantTechniques")
_NOTED = ("version", "status", "requiredDataConnectors", "tags", "metadata")  # of no effect on what a run does
_LOOKBACKS = {timedelta(hours=12): timedelta(hours=48)}
_SPAN = re.compile(r"(?:P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?|(?:(\d+)d)|(?:(\d+)h)|(?:(\d+)m))", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule's file says.

    Attributes:
        path: the file's name, as messages tell it.
        id: what makes its alerts its own; the name where the file gives none.
        frequency: how often it is meant to run; None is continuous (NRT).
        lookback: rows older than this do not count.
        category: the first of its tactics, "SuspiciousActivity" without one.
    """

    path: str
    id: str
    name: str
    severity: str
    query: str
    description: str = ""
    frequency: timedelta | None = timedelta(days=1)
    lookback: timedelta = LOOKBACK
    tactics: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()

    @property
    def continuous(self) -> bool:
        return self.frequency is None

    @property
    def category(self) -> str:
        return self.tactics[0] if self.tactics else "SuspiciousActivity"


def load(path: Path) -> Rule:
    """Reads a rule; its query is looked at by `check`.

    Raises:
        HuntingError: with file, line and cure.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise HuntingError(f"{path.name} cannot be read: {error}.") from None
    given, lines = keyed(path.name, text, "A rule")
    for key in given:
        if key not in (*_NEEDED, *_TOLD, *_NOTED):
            known = (*_NEEDED, *_TOLD)
            raise wrong(path.name, lines[key], f"'{key}' is not supported.", closest(key, known) or f"Known: {', '.join(known)}.")
    for key in _NEEDED:
        if not isinstance(given.get(key), str) or not given[key].strip():
            raise wrong(path.name, lines.get(key, 1), f"A rule needs '{key}', as text.", f"Add {key}: ...")
    severity = given["severity"].strip().capitalize()
    if severity not in SEVERITIES:
        raise wrong(
            path.name, lines["severity"], f"There is no severity '{given['severity']}'.", f"Known: {', '.join(SEVERITIES)}."
        )
    frequency = _frequency(path.name, given, lines)
    return Rule(
        path.name,
        str(given.get("id", given["name"])).strip(),
        " ".join(given["name"].split()),
        severity,
        given["query"],
        " ".join(str(given.get("description", "")).split()),
        frequency,
        _lookback(path.name, given, lines, frequency),
        _texts(path.name, given, lines, "tactics"),
        _texts(path.name, given, lines, "relevantTechniques"),
    )


def _frequency(path: str, given: Mapping[str, Any], lines: Mapping[str, int]) -> timedelta | None:
    kind = given.get("kind", "Scheduled")
    if kind not in ("Scheduled", "NRT"):
        raise wrong(path, lines["kind"], f"There is no kind '{kind}'.", "Known: Scheduled, NRT.")
    if kind == "NRT":
        for key in ("queryFrequency", "queryPeriod"):
            if key in given:
                raise wrong(path, lines[key], f"A continuous rule has no '{key}'.", "Take it out, or write kind: Scheduled.")
        return None
    frequency = _span(path, given, lines, "queryFrequency", timedelta(days=1))
    if not SHORTEST <= frequency <= LONGEST:
        raise wrong(path, lines["queryFrequency"], "A rule runs every 5 minutes to 14 days.", "Write, for example, 1h or 1d.")
    return frequency


def _lookback(path: str, given: Mapping[str, Any], lines: Mapping[str, int], frequency: timedelta | None) -> timedelta:
    """As given, or what the product takes for that frequency."""
    if frequency is None:
        return SHORTEST
    usual = LOOKBACK if frequency >= timedelta(days=1) else _LOOKBACKS.get(frequency, 4 * frequency)
    lookback = _span(path, given, lines, "queryPeriod", usual)
    if not frequency <= lookback <= LOOKBACK:
        raise wrong(path, lines["queryPeriod"], "A rule looks back at least as far as its frequency, at most 30 days.")
    return lookback


def _span(path: str, given: Mapping[str, Any], lines: Mapping[str, int], key: str, default: timedelta) -> timedelta:
    if key not in given:
        return default
    found = _SPAN.fullmatch(str(given[key]).strip())
    if found is None or not any(found.groups()):
        raise wrong(path, lines[key], f"'{key}' is no span: '{given[key]}'.", "Write, for example, 5m, 1h, 1d or PT1H.")
    days, hours, minutes, *short = (int(each or 0) for each in found.groups())
    return timedelta(days=days + short[0], hours=hours + short[1], minutes=minutes + short[2])


def _texts(path: str, given: Mapping[str, Any], lines: Mapping[str, int], key: str) -> tuple[str, ...]:
    values = given.get(key, [])
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise wrong(path, lines[key], f"'{key}' must be a list of texts.", "Write [one, two].")
    return tuple(values)
