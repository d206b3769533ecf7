"""The automation settings: what may be opted in, checked before it is stored (page: Automated remediation in AIR)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hunting.air.actions import PROPOSALS, SOFT_DELETE
from hunting.errors import AirError
from kql.errors import closest

LARGEST_AUTOMATIC = 10_000
"""Copies (message + recipient, all locations, at analysis) up to which a cluster may be remediated automatically."""

PENDING_LIMIT = 1_000
"""Actions that may wait for a person before new investigations are queued; the product's own figure is not published."""

APPROVED_ACTION_TYPES = ("Automated Remediation", "Manual Remediation")


@dataclass(frozen=True, slots=True)
class Settings:
    """The automation settings of the store. Without any change, everything waits for a person.

    Attributes:
        enabled: keys of the cluster types that are remediated automatically ("similar-files", "similar-urls").
        remediation_action: what automation does; Soft delete is the only one.
        automatic_limit: copies above which a cluster waits for approval; can be lowered from 10,000, never raised.
        approved_action_type: ActionType of the rows that an approved action writes (ActionTrigger is AdminAction).
        proposals: keys of what is proposed for malicious clusters besides ("block-url", "block-sender", "quarantine"); a person
            decides on these, always.
        pending_limit: actions that may wait for a person; above it, new investigations are Queued By Throttling.
    """

    enabled: frozenset[str] = frozenset()
    remediation_action: str = SOFT_DELETE.name
    automatic_limit: int = LARGEST_AUTOMATIC
    approved_action_type: str = APPROVED_ACTION_TYPES[0]
    proposals: frozenset[str] = frozenset()
    pending_limit: int = PENDING_LIMIT

    def rows(self, types: Iterable[str]) -> list[tuple[str, str]]:
        """Every setting as (key, value), in the words that `setting` takes; `types`: the keys of the cluster types."""
        switches = [(key, "on" if key in self.enabled | self.proposals else "off") for key in (*types, *PROPOSALS)]
        return [
            *switches,
            ("remediation-action", self.remediation_action),
            ("automatic-limit", str(self.automatic_limit)),
            ("approved-action-type", self.approved_action_type),
            ("pending-limit", str(self.pending_limit)),
        ]


def setting(key: str, value: object, types: Iterable[str]) -> tuple[str, str]:
    """A setting's key and value as they are stored.

    Args:
        types: the keys of the cluster types.

    Raises:
        AirError: no such setting, or a value that it cannot have.
    """
    types = (*types, *PROPOSALS)
    key = key.replace("_", "-").casefold()
    if key in types:
        return key, "on" if _switch(key, value) else "off"
    check = _CHECKS.get(key)
    if check is None:
        names = (*types, *_CHECKS)
        raise AirError(f"There is no AIR setting '{key}'.", hint=closest(key, names) or f"Settings: {', '.join(names)}.")
    return key, check(value)


def settings_from(stored: Mapping[str, str]) -> Settings:
    """The settings from stored keys and values; what was never set has its default."""
    default = Settings()
    return Settings(
        frozenset(key for key, value in stored.items() if value == "on" and key not in PROPOSALS),
        stored.get("remediation-action", default.remediation_action),
        int(stored.get("automatic-limit", default.automatic_limit)),
        stored.get("approved-action-type", default.approved_action_type),
        frozenset(key for key in PROPOSALS if stored.get(key) == "on"),
        int(stored.get("pending-limit", default.pending_limit)),
    )


def _switch(key: str, value: object) -> bool:
    words = {"on": True, "true": True, "off": False, "false": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.casefold() in words:
        return words[value.casefold()]
    raise AirError(f"'{value}' is not a value for {key}.", hint="Use on or off.")


def _remediation_action(value: object) -> str:
    if str(value).replace("-", " ").casefold() == SOFT_DELETE.name.casefold():
        return SOFT_DELETE.name
    raise AirError(
        f"'{value}' cannot be the automatic action.", hint="Soft delete is the only action that runs without approval."
    )


def _automatic_limit(value: object) -> str:
    cure = f"It is a number of copies from 1 to {LARGEST_AUTOMATIC:,}; larger clusters always wait for approval."
    return _number("automatic-limit", value, LARGEST_AUTOMATIC, cure)


def _pending_limit(value: object) -> str:
    return _number("pending-limit", value, 1_000_000, "It is a number of actions from 1 to 1,000,000.")


def _number(key: str, value: object, largest: int, cure: str) -> str:
    text = str(value).replace(",", "").replace("_", "")
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= largest):
        raise AirError(f"'{value}' is not a value for {key}.", hint=cure)
    return str(int(text))


def _approved_action_type(value: object) -> str:
    for name in APPROVED_ACTION_TYPES:
        if str(value).casefold() == name.casefold():
            return name
    raise AirError(f"'{value}' is not a value for approved-action-type.", hint=f"Values: {', '.join(APPROVED_ACTION_TYPES)}.")


_CHECKS = {
    "remediation-action": _remediation_action,
    "automatic-limit": _automatic_limit,
    "approved-action-type": _approved_action_type,
    "pending-limit": _pending_limit,
}
