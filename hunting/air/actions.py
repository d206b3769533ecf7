"""The remediation actions: where each may take a copy from, where it leaves it, and which action takes it back.

A new action is one `Action(...)` line. Names are the ones that EmailPostDeliveryEvents' Action column holds (page:
EmailPostDeliveryEvents; Remediate malicious email delivered in Office 365).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from hunting.air.places import Place
from hunting.errors import AirError
from kql.errors import closest

_REACHABLE = (Place.INBOX, Place.JUNK, Place.DELETED_ITEMS, Place.RECOVERABLE)


@dataclass(frozen=True, slots=True)
class Action:
    """One way to remediate a copy.

    Attributes:
        name: the word in the tables and the Action center.
        place_after: where the copy is afterwards.
        takes_from: the places where the action can reach a copy.
        inverse: the action that undoes it by default, or "" if nothing can.
        kept: whether the copy stays at `place_after` only as long as the mailbox retains deleted items.
    """

    name: str
    place_after: Place
    takes_from: tuple[Place, ...] = _REACHABLE
    inverse: str = "Moved to inbox"
    kept: bool = False


ACTIONS: Mapping[str, Action] = MappingProxyType(
    {
        action.name: action
        for action in (
            Action("Soft delete", Place.RECOVERABLE, kept=True),
            Action("Hard delete", Place.PURGED, inverse=""),
            Action("Moved to deleted items", Place.DELETED_ITEMS),
            Action("Moved to junk folder", Place.JUNK),
            Action("Moved to inbox", Place.INBOX, inverse="Moved to junk folder"),
        )
    }
)

SOFT_DELETE = ACTIONS["Soft delete"]

RESTORES: Mapping[str, Action] = MappingProxyType({"inbox": ACTIONS["Moved to inbox"], "junk": ACTIONS["Moved to junk folder"]})
"""Where an undo may put a copy: Move to Inbox (the default) and Move to Junk."""


def action_named(name: str) -> Action:
    """The action of that name, in any case and with '-' for ' '.

    Raises:
        AirError: there is none.
    """
    wanted = name.strip().replace("-", " ").casefold()
    for action in ACTIONS.values():
        if action.name.casefold() == wanted:
            return action
    raise AirError(f"'{name}' is not a remediation action.", hint=closest(name, ACTIONS) or f"Actions: {', '.join(ACTIONS)}.")
