"""Automated investigation and response: from alerts to removed messages, and back.

    air = hunting.connect(store).air
    air.set(similar_urls=True, by="me")
    air.run()
    air.undo(air.actions(status="Completed")[0].id, by="me")

Reading never waits for a writer. Whatever changes something takes the store's writer lock, first carries on what a crash left
half done, and last publishes: repeating it changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property

from hunting.air import views
from hunting.air.action_center import ActionCenter
from hunting.air.clusters import CLUSTERS
from hunting.air.investigations import AUTOMATION, Case, analyse, cases, open_all
from hunting.air.journal import Journal
from hunting.air.mailboxes import Hunting
from hunting.air.policy import ActionStatus, Settings, setting, settings_from
from hunting.air.publisher import Publisher
from hunting.air.records import (
    ActionRecord,
    Evidence,
    FoundCluster,
    Investigation,
    LogEntry,
    RunSummary,
    Verification,
)
from hunting.air.remediation import Remediation
from hunting.air.triggers import Trigger, alert_trigger, alerts, mail_trigger
from hunting.errors import AirError

__all__ = [
    "ActionRecord",
    "Air",
    "Evidence",
    "FoundCluster",
    "Investigation",
    "LogEntry",
    "RunSummary",
    "Settings",
    "Verification",
]

Progress = Callable[[str, int, int], None]

_BATCH = 200  # investigations that read the lake together


class Air:
    """AIR over one store.

    Args:
        hunt: queries, lake and clock of the store.
        on_step: told of every step of the ledger; for tests.
    """

    def __init__(self, hunt: Hunting, on_step: Callable[[str], None] | None = None) -> None:
        self._hunt = hunt
        self._on_step = on_step

    # Settings

    def settings(self) -> Settings:
        """The automation settings as they are now."""
        return settings_from({row["key"]: row["value"] for row in self._journal.rows("SELECT key, value FROM settings")})

    def set(self, *, by: str, **changes: object) -> Settings:
        """Changes settings, all or none: `similar_files=True, similar_urls="off", remediation_action="Soft delete"`, ...

        Raises:
            AirError: no such setting, or a value that it cannot have; nothing is changed.
        """
        checked = [setting(key, value, CLUSTERS) for key, value in changes.items()]
        with self._journal.transaction("settings") as db:
            for key, value in checked:
                db.execute("INSERT INTO settings VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (key, value))
                self._journal.audit(_person(by), "setting changed", key, {"value": value})
        return self.settings()

    # Investigations

    def run(self, progress: Progress | None = None) -> RunSummary:
        """Investigates every alert that has no investigation yet, remediates what the settings allow, and publishes."""
        with self._working() as recovered:
            expired = self._center.expire()
            found = self._investigate(alerts(self._hunt), progress)
            cancelled = self._center.cancel_idle()
            published = self._publisher.publish()
        ids = {trigger.investigation_id for trigger in found}
        actions = [action for action in self._center.list() if action.investigation_id in ids]
        return RunSummary(
            investigations=len(ids),
            automatic=sum(action.decided_by == AUTOMATION and action.status == ActionStatus.COMPLETED for action in actions),
            pending=sum(action.status == ActionStatus.PENDING for action in actions),
            moved=sum(action.moved for action in actions),
            published=published,
            recovered=recovered,
            expired=expired,
            cancelled=cancelled,
        )

    def investigate(self, alert_id: str = "", *, email: str = "", by: str = "") -> Investigation:
        """The investigation of an alert, or of a message (NetworkMessageId) on a person's wish; an existing one if there is one.

        Raises:
            AirError: no such alert or message, or an alert whose policy starts no investigation.
        """
        trigger = mail_trigger(self._hunt, email, _person(by)) if email else alert_trigger(self._hunt, alert_id)
        with self._working():
            self._investigate([trigger], None)
            self._center.cancel_idle()
            self._publisher.publish()
        return self.investigation(trigger.investigation_id)

    def investigations(self) -> list[Investigation]:
        """All investigations, oldest first, without their lists."""
        return views.investigations(self._journal)

    def investigation(self, investigation_id: str) -> Investigation:
        """One investigation with log, evidence, clusters and actions.

        Args:
            investigation_id: the id, or its first six or more digits.
        """
        return views.investigation(self._journal, self._center, views.full_id(self._journal, "investigations", investigation_id))

    # Actions

    def actions(
        self, *, status: str | None = None, decided_by: str | None = None, source: str | None = None
    ) -> list[ActionRecord]:
        """The Action center: Pending and History together, oldest first."""
        return self._center.list(status=status, decided_by=decided_by, source=source)

    def action(self, action_id: str) -> ActionRecord:
        """One action, by its id or the first six or more digits."""
        return self._center.get(views.full_id(self._journal, "actions", action_id))

    def approve(self, action_id: str, *, by: str, reason: str = "") -> ActionRecord:
        """Approves a pending action, carries it out and publishes.

        Raises:
            AirError: it is not pending.
        """
        action = views.full_id(self._journal, "actions", action_id)
        with self._working():
            self._center.approve(action, _person(by), reason, self.settings())
            self._remediation.execute(action, self.settings())
            self._center.cancel_idle()
            self._publisher.publish()
        return self._center.get(action)

    def reject(self, action_id: str, *, by: str, reason: str = "") -> ActionRecord:
        """Rejects a pending action.

        Raises:
            AirError: it is not pending.
        """
        action = views.full_id(self._journal, "actions", action_id)
        with self._working():
            self._center.close(action, ActionStatus.REJECTED, _person(by), reason)
        return self._center.get(action)

    def undo(self, action_id: str, to: str = "inbox", *, by: str, reason: str = "") -> ActionRecord:
        """Puts the copies that an action removed back into "inbox" or "junk", publishes, and returns the new action.

        Raises:
            AirError: undone before, nothing to undo, a hard delete, or the mailboxes' retention has passed.
        """
        action = views.full_id(self._journal, "actions", action_id)
        with self._working():
            undo = self._remediation.undo(action, to, _person(by), reason)
            self._publisher.publish()
        return self._center.get(undo)

    def verify(self) -> Verification:
        """Checks the audit chain, the digests that it holds, and that the lake holds the journal's events, each once."""
        faults = [*self._journal.audit_faults(), *views.digest_faults(self._journal), *self._publisher.faults()]
        entries, events = (self._journal.scalar(f"SELECT count(*) FROM {table}") for table in ("audit", "events"))
        return Verification(entries, events, tuple(faults))

    def close(self) -> None:
        """Closes the journal."""
        if "_journal" in self.__dict__:
            self._journal.close()
            del self.__dict__["_journal"]

    # Parts

    @cached_property
    def _journal(self) -> Journal:
        return Journal(self._hunt.lake.root / "air", self._hunt.clock, self._on_step)

    @property
    def _center(self) -> ActionCenter:
        return ActionCenter(self._hunt, self._journal)

    @property
    def _remediation(self) -> Remediation:
        return Remediation(self._hunt, self._journal)

    @property
    def _publisher(self) -> Publisher:
        return Publisher(self._hunt.lake, self._journal)

    @contextmanager
    def _working(self) -> Iterator[int]:
        with self._journal.writing():
            self._publisher.published()
            yield self._remediation.recover(self.settings())

    def _investigate(self, triggers: Sequence[Trigger], progress: Progress | None) -> list[Trigger]:
        settings = self.settings()
        todo = open_all(self._journal, triggers)
        done = 0
        for start in range(0, len(todo), _BATCH):
            for case in cases(self._hunt, todo[start : start + _BATCH]):
                analyse(self._journal, case, settings)
                self._act(case, settings)
                done += 1
                if progress is not None:
                    progress("investigate", done, len(todo))
        return todo

    def _act(self, case: Case, settings: Settings) -> None:
        """Carries out what the analysis approved."""
        for row in self._journal.rows(
            "SELECT a.id, c.type, c.entity FROM actions a JOIN clusters c ON c.id = a.cluster_id"
            " WHERE a.investigation_id = ? AND a.status = ? ORDER BY a.rowid",
            (case.trigger.investigation_id, ActionStatus.APPROVED),
        ):
            self._remediation.execute(row["id"], settings, case.members[row["type"], row["entity"]])


def _person(name: str) -> str:
    """The name under which a decision is recorded; automation's own name is not a person's."""
    if not name.strip() or name.strip().casefold() == AUTOMATION.casefold():
        raise AirError(f"'{name}' cannot stand for a person.", hint="Say who decides: by='name@company'.")
    return name.strip()
