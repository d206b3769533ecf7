"""Where a copy of a message (message + recipient) can be, and the spellings that the tables use for it.

EmailEvents writes "Inbox/folder", EmailPostDeliveryEvents "Inbox"; a soft delete and a move to Deleted Items both write
"Deleted items folder" and differ in Action alone. One closed set of places ends that here.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache


class Place(StrEnum):
    """A place, with the name that people read."""

    INBOX = "Inbox"
    JUNK = "Junk folder"
    DELETED_ITEMS = "Deleted items folder"
    RECOVERABLE = "Recoverable items"
    PURGED = "Hard deleted"
    QUARANTINE = "Quarantine"
    EXTERNAL = "On-premises/external"
    FAILED = "Failed"
    DROPPED = "Dropped"
    UNKNOWN = "Unknown"

    @property
    def location(self) -> str:
        """The place as EmailPostDeliveryEvents' DeliveryLocation and SourceLocation write it."""
        return str(Place.DELETED_ITEMS) if self in (Place.RECOVERABLE, Place.PURGED) else str(self)


MAILBOX = (Place.INBOX, Place.JUNK)
"""Where automated remediation acts. A message that its reader moved to Deleted Items is left to a person's decision."""

_SPELLINGS = {str(place).casefold(): place for place in Place} | {
    "inbox/folder": Place.INBOX,
    "junk": Place.JUNK,
    "deleted items": Place.DELETED_ITEMS,
    "deletedfolder": Place.DELETED_ITEMS,
    "junkfolder": Place.JUNK,
    "on-prem/external": Place.EXTERNAL,
    "external": Place.EXTERNAL,
}
_BY_ACTION = {"soft delete": Place.RECOVERABLE, "hard delete": Place.PURGED}


@lru_cache(maxsize=1024)
def place_of(location: str, action: str = "") -> Place:
    """The place that a DeliveryLocation means after `action` ("" at delivery); UNKNOWN for a spelling that is not known."""
    return _BY_ACTION.get(action.casefold()) or _SPELLINGS.get(location.casefold(), Place.UNKNOWN)


@lru_cache(maxsize=4096)
def place_now(delivered: str, latest: str, latest_action: str, moved_to: str, moved_by: str) -> Place:
    """Where the tables say that a copy is.

    Args:
        delivered, latest, latest_action: EmailEvents' DeliveryLocation, LatestDeliveryLocation ("" where it is not kept) and
            LatestDeliveryAction.
        moved_to, moved_by: DeliveryLocation and Action of the copy's last successful event, "" if it has none.
    """
    known = place_of(latest, latest_action) if latest else place_of(delivered)
    if not moved_by:
        return known
    after = place_of(moved_to, moved_by)
    # People's own moves leave no event: a copy in the bin was put there after the event that left it in a mailbox.
    return known if after in MAILBOX and known is Place.DELETED_ITEMS else after
