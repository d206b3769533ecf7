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

_REACHABLE = (Place.INBOX, Place.JUNK, Place.DELETED_ITEMS, Place.RECOVERABLE, Place.QUARANTINE)


@dataclass(frozen=True, slots=True)
class Action:
    """One way to remediate.

    Attributes:
        name: the word in the tables and the Action center.
        place_after: where a copy is afterwards; None for an action on the block list, which moves nothing.
        takes_from: the places where the action can reach a copy.
        inverse: the action that undoes it by default, or "" if nothing can.
        alias: a short name to type.
        blocks: the column of the members whose values it puts on the block list, or "" ("entity" is the cluster's).
    """

    name: str
    place_after: Place | None = None
    takes_from: tuple[Place, ...] = _REACHABLE
    inverse: str = "Moved to inbox"
    alias: str = ""
    blocks: str = ""


ACTIONS: Mapping[str, Action] = MappingProxyType(
    {
        action.name: action
        for action in (
            Action("Soft delete", Place.RECOVERABLE, alias="soft-delete"),
            Action("Hard delete", Place.PURGED, inverse="", alias="hard-delete"),
            Action("Moved to deleted items", Place.DELETED_ITEMS, alias="deleted-items"),
            Action("Moved to junk folder", Place.JUNK, alias="junk"),
            Action("Moved to inbox", Place.INBOX, inverse="Moved to junk folder", alias="inbox"),
            Action("Moved to quarantine", Place.QUARANTINE, _REACHABLE[:-1], "Quarantine release", "quarantine"),
            Action("Quarantine release", Place.INBOX, (Place.QUARANTINE,), "", "release"),
            Action("Block URL", inverse="Unblock URL", alias="block-url", blocks="entity"),
            Action("Block sender", inverse="Unblock sender", alias="block-sender", blocks="sender"),
            Action("Unblock URL", inverse="", alias="unblock-url"),
            Action("Unblock sender", inverse="", alias="unblock-sender"),
        )
    }
)

SOFT_DELETE = ACTIONS["Soft delete"]

PROPOSALS: Mapping[str, Action] = MappingProxyType(
    {
        key: ACTIONS[name]
        for key, name in (("block-url", "Block URL"), ("block-sender", "Block sender"), ("quarantine", "Moved to quarantine"))
    }
)
"""What investigations may propose besides the soft delete; it always waits for a person."""

RESTORES: Mapping[str, Action] = MappingProxyType({"inbox": ACTIONS["Moved to inbox"], "junk": ACTIONS["Moved to junk folder"]})
"""Where an undo may put a copy: Move to Inbox (the default) and Move to Junk."""


def action_named(name: str) -> Action:
    """The action of that name or alias, in any case and with '-' or '_' for ' '.

    Raises:
        AirError: there is none.
    """
    wanted = _folded(name)
    for action in ACTIONS.values():
        if wanted in (_folded(action.name), _folded(action.alias), _folded(f"move to {action.alias}")):
            return action
    hint = closest(name, [*ACTIONS, *(action.alias for action in ACTIONS.values())])
    raise AirError(f"'{name}' is not a remediation action.", hint=hint or f"Actions: {', '.join(ACTIONS)}.")


def by_hand(name: str) -> Action:
    """The action of that name, if a person can apply it to copies.

    Raises:
        AirError: there is none, or it moves no copies.
    """
    action = action_named(name)
    if action.place_after is None:
        moving = [each.alias for each in ACTIONS.values() if each.place_after is not None]
        raise AirError(f"'{action.name}' does not act on copies of messages.", hint=f"Use one of: {', '.join(moving)}.")
    return action


def _folded(name: str) -> str:
    return name.strip().replace("-", " ").replace("_", " ").casefold()
