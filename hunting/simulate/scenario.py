"""Scenarios: attack campaigns, and other stories that hunting finds, declared as data, one YAML file each in data/scenarios.

    kind: shared-file            shared-file | shared-url | plain: what all copies have in common
    copies: 600                  rows of EmailEvents; the indicator is on exactly these
    verdict: malware             malware | phish (high confidence) | phish-low | spam | clean: as known at the end
    ago: 3d                      the first message, before the end of the simulation
    spread: 2h                   over which time messages arrive
    verdict_after: 30m           from the last message to the verdict, when ZAP runs and the alert is raised
    subjects: [...]              one per message, in turn
    senders: [...]               sender domains or whole addresses, in turn; mail that is not inbound is written by one employee
    sender_names: [...]          names shown, in turn; "{colleague}" stands for an employee's name
    envelope: host               domain of the envelope sender, if another one (a forged visible sender)
    direction: inbound           inbound | intra-org | outbound; outbound mail goes to private addresses
    recipients: 1                to how many different people at most; everyone if left out
    file: Rechnung.docm          name of the shared file (needed for shared-file)
    sha256: hex                  its hash; drawn if left out
    url: https://host/path       the shared link (needed for shared-url)
    url_location: Body           Body | Subject | Attachment | CloudAttachment | QRCode
    redirects: [...]             addresses that a click on the link is led through, the last is the page
    locations: {...}             delivery location -> share of the copies
    after_delivery: {...}        what became of the copies in Inbox and Junk: kind of event -> share of them; the rest stays
    alert: title                 alert policy that is raised, or left out
    clicks: {share, through}     share of the inbox copies whose link is clicked; of those, share that reached the page
    sign_in: password            password | device-code: how who reached the page is robbed of the account
    chats: 12                    to how many employees a stranger sends the link in Teams, too
    network: 203.0.113           first three octets of the sending servers' addresses
    first_contact, forwarded     true: the senders wrote to nobody before; mailbox settings sent the mail on

In senders, sender_names and subjects "{n}" stands for the number of the message. The optional keys and their defaults are the
fields of `Scenario`. Counts are exact: shares are apportioned by largest remainder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from hunting.errors import HuntingError
from hunting.simulate import checks
from hunting.simulate.draw import HOUR, MINUTE
from hunting.simulate.values import (
    AIR_ALERTS,
    DIRECTIONS,
    EVENTS,
    INBOX,
    LOCATIONS,
    ON_PREMISES,
    SCENARIO_VERDICTS,
    URL_LOCATIONS,
)
from kql.errors import closest

KINDS = ("shared-file", "shared-url", "plain")
SIGN_INS = ("password", "device-code")
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
    locations: Mapping[str, float]
    senders: tuple[str, ...] = ()
    sender_names: tuple[str, ...] = ()
    envelope: str = ""
    direction: str = "inbound"
    recipients: int = 0
    description: str = ""
    spread: int = HOUR
    verdict_after: int = 30 * MINUTE
    file: str = ""
    sha256: str = ""
    url: str = ""
    url_location: str = "Body"
    redirects: tuple[str, ...] = ()
    language: str = "en"
    subtype: str = ""
    recipients_per_message: int = 5
    after_delivery: Mapping[str, float] = field(default_factory=dict)
    alert: str = ""
    clicks: Mapping[str, float] = field(default_factory=dict)
    sign_in: str = SIGN_INS[0]
    network: str = "203.0.113"
    chats: int = 0
    first_contact: bool = False
    forwarded: bool = False
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
        check: Callable[[Any, checks.Complaint], Any] = _CHECKS.get(key, checks.text)
        values[key] = check(value, partial(_wrong, source, key))
    scenario = Scenario(name=name, **values)
    for key, text, cure in _contradictions(scenario):
        raise _wrong(source, key, text, cure)
    return scenario


def _wrong(source: str, key: str, text: str, cure: str) -> HuntingError:
    return HuntingError(f"Scenario {source}: '{key}' {text}", hint=cure)


def _contradictions(s: Scenario) -> Iterator[tuple[str, str, str]]:
    for kind, key in zip(KINDS, ("file", "url"), strict=False):
        if s.kind == kind and not getattr(s, key):
            yield key, f"is missing, and the kind is {kind}.", f"Add '{key}: ...'."
    if bool(s.senders) != (s.direction == "inbound"):
        if s.senders:
            yield "senders", f"cannot be chosen for {s.direction} mail.", "It is written by an employee: take 'senders' out."
        else:
            yield "senders", "is missing.", "Add it."
    if s.direction == "outbound" and s.locations.get(LOCATIONS[ON_PREMISES], 0.0) < 1:
        yield "locations", "of outbound mail are outside.", f"Write {{{LOCATIONS[ON_PREMISES]}: 1}}."
    if s.sha256 and not s.file:
        yield "sha256", "needs a file.", "Add 'file', or take 'sha256' out."
    if s.chats and not (s.url and s.senders):
        yield "chats", "need a link and a sender outside.", "Add 'url' and 'senders', or take 'chats' out."
    if s.clicks and not s.url:
        yield "clicks", "needs a link.", "Add 'url', or take 'clicks' out."
    if s.secops_copies > int(s.copies * s.locations.get(LOCATIONS[INBOX], 0.0)):
        yield "secops_copies", f"is larger than the part of the copies in {LOCATIONS[INBOX]}.", "They are part of those."
    if sum(s.after_delivery.values()) > 1 + 1e-9:
        yield "after_delivery", "has shares that sum to more than 1.", "Shares are parts of the copies in Inbox and Junk."
    if abs(sum(s.locations.values()) - 1) > 1e-6:
        yield "locations", f"has shares that sum to {sum(s.locations.values()):g}.", "They must sum to 1."


_CHECKS: dict[str, Callable[[Any, checks.Complaint], Any]] = {
    "kind": checks.one_of(KINDS),
    "verdict": checks.one_of(tuple(SCENARIO_VERDICTS)),
    "copies": checks.positive,
    "recipients_per_message": checks.positive,
    "secops_copies": checks.count,
    "ago": checks.duration,
    "spread": checks.duration,
    "verdict_after": checks.duration,
    "recipients": checks.positive,
    "chats": checks.positive,
    "sha256": checks.digest,
    "network": checks.network,
    "direction": checks.one_of([direction.lower() for direction in DIRECTIONS]),
    "url_location": checks.one_of(URL_LOCATIONS),
    "sign_in": checks.one_of(SIGN_INS),
    "subjects": checks.texts,
    "sender_names": checks.texts,
    "redirects": checks.texts,
    "senders": checks.texts,
    "locations": checks.shares_of(LOCATIONS),
    "after_delivery": checks.shares_of(AFTER_DELIVERY),
    "alert": checks.one_of(tuple(AIR_ALERTS)),
    "clicks": checks.shares_of(("share", "through")),
    "simulation": checks.flag,
    "first_contact": checks.flag,
    "forwarded": checks.flag,
}
