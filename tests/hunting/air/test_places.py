"""One set of places behind the tables' spellings; actions and their inverses."""

from __future__ import annotations

import pytest

from hunting.air.actions import ACTIONS, RESTORES, action_named
from hunting.air.places import Place, place_now, place_of
from hunting.errors import AirError


@pytest.mark.parametrize(
    ("location", "action", "place"),
    [
        ("Inbox/folder", "", Place.INBOX),
        ("Inbox/Folder", "", Place.INBOX),
        ("Inbox", "Moved to inbox", Place.INBOX),
        ("Deleted items folder", "Soft delete", Place.RECOVERABLE),
        ("Deleted items folder", "soft Delete", Place.RECOVERABLE),
        ("Deleted items folder", "Hard delete", Place.PURGED),
        ("Deleted items folder", "Moved to deleted items", Place.DELETED_ITEMS),
        ("On-premises/External", "", Place.EXTERNAL),
        ("Forwarded", "", Place.UNKNOWN),
    ],
)
def test_place_of_a_location(location: str, action: str, place: Place) -> None:
    assert place_of(location, action) is place


@pytest.mark.parametrize(
    ("delivered", "latest", "latest_action", "moved_to", "moved_by", "place"),
    [
        ("Inbox/folder", "", "", "", "", Place.INBOX),
        ("Inbox/folder", "Deleted items folder", "Moved to deleted items", "", "", Place.DELETED_ITEMS),
        ("Inbox/folder", "Quarantine", "Moved to quarantine", "Inbox", "Reprocessed", Place.INBOX),
        ("Quarantine", "Deleted items folder", "Moved to deleted items", "Inbox", "Reprocessed", Place.DELETED_ITEMS),
        ("Inbox/folder", "Inbox/folder", "Delivered", "Deleted items folder", "Soft delete", Place.RECOVERABLE),
    ],
)
def test_place_now(delivered: str, latest: str, latest_action: str, moved_to: str, moved_by: str, place: Place) -> None:
    assert place_now(delivered, latest, latest_action, moved_to, moved_by) is place


def test_every_inverse_is_an_action_that_brings_the_copy_into_a_mailbox() -> None:
    for action in ACTIONS.values():
        if action.inverse and action.place_after not in (None, Place.QUARANTINE):
            assert ACTIONS[action.inverse].place_after in (Place.INBOX, Place.JUNK)
            assert ACTIONS[action.inverse].place_after is not action.place_after
    assert set(RESTORES.values()) <= set(ACTIONS.values())


def test_what_an_action_writes_is_read_back_as_its_place() -> None:
    for action in ACTIONS.values():
        if action.place_after is None:
            continue
        assert place_of(action.place_after.location, action.name) is action.place_after


def test_an_unknown_action_is_refused_by_name() -> None:
    assert action_named("soft-delete").name == "Soft delete"
    with pytest.raises(AirError, match="'Soft deleet' is not a remediation action"):
        action_named("Soft deleet")
