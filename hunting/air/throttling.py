"""Investigations that are held up: too much waits for people, or their data cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from hunting.air.journal import Journal
from hunting.air.ledger import set_status
from hunting.air.policy import AUTOMATION, ActionStatus, Status
from hunting.air.settings import Settings
from hunting.air.triggers import Trigger

QUEUED_FOR = timedelta(days=7)
"""How long an investigation is queued before it is Terminated By Throttling; the product's own figure is not published."""


def admitted(journal: Journal, triggers: Sequence[Trigger], settings: Settings) -> list[Trigger]:
    """The triggers that may be analysed now: all, unless too many actions are pending; the others are queued."""
    pending = journal.scalar("SELECT count(*) FROM actions WHERE status = ?", (ActionStatus.PENDING,))
    allowed = []
    for trigger in triggers:
        queued = journal.scalar("SELECT queued_at FROM investigations WHERE id = ?", (trigger.investigation_id,))
        if queued is not None and journal.now() - queued >= QUEUED_FOR // timedelta(microseconds=1):
            text = f"Queued longer than {QUEUED_FOR.days} days."
            _set(journal, trigger, Status.TERMINATED_BY_THROTTLING, text)
        elif pending < settings.pending_limit:
            allowed.append(trigger)
        elif queued is None:
            text = f"{pending:,} actions wait for a decision; it goes on when there are fewer than {settings.pending_limit:,}."
            _set(journal, trigger, Status.QUEUED, text)
    return allowed


def fail(journal: Journal, trigger: Trigger, reason: str) -> None:
    """The analysis could not be carried out; it can be asked for again."""
    _set(journal, trigger, Status.FAILED, f"The analysis failed: {reason}")


def _set(journal: Journal, trigger: Trigger, status: Status, text: str) -> None:
    investigation = trigger.investigation_id
    with journal.transaction(str(status).casefold()) as db:
        if status is Status.QUEUED:
            db.execute("UPDATE investigations SET queued_at = ? WHERE id = ?", (journal.now(), investigation))
        set_status(db, journal, investigation, status, text)
        journal.audit(AUTOMATION, f"investigation {str(status).casefold()}", investigation, {"reason": text})
