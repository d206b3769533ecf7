"""Scenarios: attack campaigns (and false alarms) declared as data, one YAML file each in data/scenarios.

    kind: shared-file            shared-file | shared-url: what all copies have in common
    copies: 600                  rows of EmailEvents; the indicator is on exactly these
    verdict: malware             malware | phish (high confidence) | phish-low | spam | clean: as known at the end
    ago: 3d                      the first message, before the end of the simulation
    spread: 2h                   over which time messages arrive
    verdict_after: 30m           from the last message to the verdict, when ZAP runs and the alert is raised
    subjects: [...]              one per message, in turn
    senders: [...]               sender domains, in turn
    file: Rechnung.docm          name of the shared file (needed for shared-file)
    url: https://host/path       the shared link (needed for shared-url)
    locations: {...}             delivery location -> share of the copies
    after_delivery: {...}        what became of the copies in Inbox and Junk: kind of event -> share of them; the rest stays
    alert: title                 alert policy that is raised, or left out
    clicks: {share, through}     share of the inbox copies whose link is clicked; of those, share that reached the page

The optional keys and their defaults are the fields of `Scenario`. Counts are exact: shares are apportioned by largest remainder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from hunting.errors import HuntingError
from hunting.simulate.draw import DAY, HOUR, MINUTE, SECOND
from hunting.simulate.values import AIR_ALERTS, EVENTS, INBOX, LOCATIONS, SCENARIO_VERDICTS
from kql.errors import closest

KINDS = ("shared-file", "shared-url")
DISCARDED = "moved by its owner"  # to Deleted items; people's own moves leave no event
AFTER_DELIVERY = (*EVENTS, DISCARDED)


@dataclass(frozen=True)
class Scenario:
    """A checked scenario; times are microseconds. The module's docstring tells what the fields mean."""

    name: str
    kind: str
    copies: int
    verdict: str
    ago: int
    subjects: tuple[str, ...]
    senders: tuple[str, ...]
    locations: Mapping[str, float]
    description: str = ""
    spread: int = HOUR
    verdict_after: int = 30 * MINUTE
    file: str = ""
    url: str = ""
    sender_name: str = ""
    language: str = "en"
    subtype: str = ""
    recipients_per_message: int = 5
    after_delivery: Mapping[str, float] = field(default_factory=dict)
    alert: str = ""
    clicks: Mapping[str, float] = field(default_factory=dict)
    secops_copies: int = 0
    simulation: bool = False


def load_scenarios(paths: Sequence[Path]) -> list[Scenario]:
    """Reads and checks scenario files; a folder stands for its *.yaml files in order of name.

    Raises:
        HuntingError: a file that cannot be read, or a key that is unknown, missing or wrong: names file, key and cure.
    """
    files = [file for path in map(Path, paths) for file in (sorted(path.glob("*.yaml")) if path.is_dir() else [path])]
    result = [load_scenario(file) for file in files]
    names = [scenario.name for scenario in result]
    for name in names:
        if names.count(name) > 1:
            raise HuntingError(f"Two scenarios are named '{name}'.", hint="Give each file its own name.")
    return result


def load_scenario(path: Path) -> Scenario:
    """Reads and checks one file; its name without suffix is the scenario's name. Raises as `load_scenarios`."""
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise HuntingError(f"Scenario {path} cannot be read: {error}.", hint="Check the path.") from error
    except yaml.YAMLError as error:
        raise HuntingError(f"Scenario {path.name} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(given, dict):
        raise HuntingError(f"Scenario {path.name} must be a mapping of keys to values.", hint="See data/scenarios for examples.")
    return check_scenario(path.stem, given, path.name)


def check_scenario(name: str, given: Mapping[str, Any], source: str) -> Scenario:
    """The scenario that a mapping declares. Raises HuntingError naming `source`, the key and the cure."""
    known = {f.name: f for f in fields(Scenario) if f.name != "name"}
    for key in given:
        if key not in known:
            cure = closest(str(key), known) or f"Keys: {', '.join(known)}."
            raise _wrong(source, str(key), "is not a key of a scenario.", cure)
    for key, one in known.items():
        if key not in given and one.default is MISSING and one.default_factory is MISSING:
            raise _wrong(source, key, "is missing.", "Add it.")
    values: dict[str, Any] = {}
    for key, value in given.items():
        check: Callable[[Any, Complaint], Any] = _CHECKS.get(key, _text)
        values[key] = check(value, partial(_wrong, source, key))
    scenario = Scenario(name=name, **values)
    for key, text, cure in _contradictions(scenario):
        raise _wrong(source, key, text, cure)
    return scenario


def _wrong(source: str, key: str, text: str, cure: str) -> HuntingError:
    return HuntingError(f"Scenario {source}: '{key}' {text}", hint=cure)


def _contradictions(s: Scenario) -> Iterator[tuple[str, str, str]]:
    for kind, key in zip(KINDS, ("file", "url"), strict=True):
        if s.kind == kind and not getattr(s, key):
            yield key, f"is missing, and the kind is {kind}.", f"Add '{key}: ...'."
    if s.clicks and not s.url:
        yield "clicks", "needs a link.", "Add 'url', or take 'clicks' out."
    if s.secops_copies > int(s.copies * s.locations.get(LOCATIONS[INBOX], 0.0)):
        yield "secops_copies", f"is larger than the part of the copies in {LOCATIONS[INBOX]}.", "They are part of those."
    if sum(s.after_delivery.values()) > 1 + 1e-9:
        yield "after_delivery", "has shares that sum to more than 1.", "Shares are parts of the copies in Inbox and Junk."
    if abs(sum(s.locations.values()) - 1) > 1e-6:
        yield "locations", f"has shares that sum to {sum(s.locations.values()):g}.", "They must sum to 1."


Complaint = Callable[[str, str], HuntingError]
_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}


def _text(value: Any, wrong: Complaint) -> str:
    if not isinstance(value, str) or not value.strip():
        raise wrong("must be text.", "Put it in quotes.")
    return value.strip()


def _texts(value: Any, wrong: Complaint) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
        raise wrong("must be a list of texts.", "Write [one, two].")
    return tuple(value)


def _count(value: Any, wrong: Complaint) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise wrong(f"must be a whole number, not {value!r}.", "Write it without separators.")
    return value


def _positive(value: Any, wrong: Complaint) -> int:
    if _count(value, wrong) == 0:
        raise wrong("must be at least 1.", "Give a larger number.")
    return int(value)


def _duration(value: Any, wrong: Complaint) -> int:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", value) if isinstance(value, str) else None
    if found is None:
        raise wrong(f"must be a time span, not {value!r}.", "Write a number and a unit: 90s, 30m, 2h, 3.5d.")
    return round(float(found[1]) * _UNITS[found[2]])


def _flag(value: Any, wrong: Complaint) -> bool:
    if not isinstance(value, bool):
        raise wrong("must be true or false.", "Write true or false.")
    return value


def _one_of(allowed: Sequence[str]) -> Callable[[Any, Complaint], str]:
    def check(value: Any, wrong: Complaint) -> str:
        if value not in allowed:
            raise wrong(f"cannot be {value!r}.", closest(str(value), allowed) or f"Choose one of: {'; '.join(allowed)}.")
        return str(value)

    return check


def _shares_of(allowed: Sequence[str]) -> Callable[[Any, Complaint], dict[str, float]]:
    def check(value: Any, wrong: Complaint) -> dict[str, float]:
        if not isinstance(value, dict):
            raise wrong("must be a mapping of names to shares.", f"Names: {'; '.join(allowed)}.")
        for name, share in value.items():
            if name not in allowed:
                raise wrong(f"knows no {name!r}.", closest(str(name), allowed) or f"Names: {'; '.join(allowed)}.")
            if not isinstance(share, int | float) or isinstance(share, bool) or not 0 <= share <= 1:
                raise wrong(f"has a share of {share!r} for '{name}'.", "Shares lie between 0 and 1.")
        return {str(name): float(share) for name, share in value.items()}

    return check


_CHECKS: dict[str, Callable[[Any, Complaint], Any]] = {
    "kind": _one_of(KINDS),
    "verdict": _one_of(tuple(SCENARIO_VERDICTS)),
    "copies": _positive,
    "recipients_per_message": _positive,
    "secops_copies": _count,
    "ago": _duration,
    "spread": _duration,
    "verdict_after": _duration,
    "subjects": _texts,
    "senders": _texts,
    "locations": _shares_of(LOCATIONS),
    "after_delivery": _shares_of(AFTER_DELIVERY),
    "alert": _one_of(tuple(AIR_ALERTS)),
    "clicks": _shares_of(("share", "through")),
    "simulation": _flag,
}
