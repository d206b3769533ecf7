"""AIR over one store: the verbs that change something. What only reads is inherited from `Reader`."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from hunting.air import manual, notices, throttling, views
from hunting.air.action_center import ActionCenter
from hunting.air.actions import by_hand
from hunting.air.clusters import CLUSTERS
from hunting.air.investigations import Case, analyse, cases, open_all, waiting
from hunting.air.ledger import MANUAL_SOURCE
from hunting.air.mailboxes import note_on_retention
from hunting.air.notices import Alert
from hunting.air.policy import AUTOMATION, ActionStatus, Status
from hunting.air.reader import Reader
from hunting.air.records import ActionRecord, Investigation, RunSummary, SettingsChange
from hunting.air.remediation import Remediation
from hunting.air.settings import Settings, setting
from hunting.air.triggers import Trigger, alert_trigger, alerts, mail_trigger
from hunting.errors import AirError
from kql.errors import KqlError

Progress = Callable[[str, int, int], None]

_SET = "INSERT INTO settings VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
_BATCH = 10_000  # investigations whose evidence is read together


class Air(Reader):
    """AIR over one store: reading as in `Reader`, and what changes something.

    Every `by` is the person who decides; automation's own name is refused. Every id may be shortened to six or more digits.
    """

    def set(self, *, by: str, **changes: object) -> SettingsChange:
        """Changes settings, all or none: `similar_files=True, similar_urls="off", remediation_action="Soft delete"`, ...

        Returns:
            The settings, and where a cluster type was switched on, the note on what could not be restored.

        Raises:
            AirError: no such setting, or a value that it cannot have; nothing is changed.
        """
        checked = [setting(key, value, CLUSTERS) for key, value in changes.items()]
        enabling = any(key in CLUSTERS and value == "on" for key, value in checked)
        note = note_on_retention(self._hunt) if enabling else None
        # What a crash left is not carried on first: it must find the new settings.
        with self._journal.writing():
            self._publisher.published()
            with self._journal.transaction("settings") as db:
                for key, value in checked:
                    db.execute(_SET, (key, value))
                    self._journal.audit(_person(by), "setting changed", key, {"value": value})
            self._publisher.publish()
        return SettingsChange(self.settings(), note)

    # Investigations

    def run(self, progress: Progress | None = None) -> RunSummary:
        """Investigates every alert that has no investigation yet, remediates what the settings allow, and publishes."""
        with self._working() as (recovered, expired):
            before = self._publisher.published()
            found = self._investigate([*waiting(self._journal), *alerts(self._hunt)], progress)
            cancelled = self._center.cancel_idle()
        published = self._publisher.published() - before
        ids = {trigger.investigation_id for trigger in found}
        states = [i.status for i in self.investigations() if i.id in ids]
        actions = [action for action in self.actions() if action.investigation_id in ids]
        return RunSummary(
            investigations=len(ids),
            automatic=sum(action.decided_by == AUTOMATION and action.status == ActionStatus.COMPLETED for action in actions),
            pending=sum(action.status == ActionStatus.PENDING for action in actions),
            moved=sum(action.moved for action in actions),
            published=published,
            recovered=recovered,
            expired=expired,
            cancelled=cancelled,
            queued=states.count(Status.QUEUED),
            failed=states.count(Status.FAILED),
        )

    def investigate(self, alert_id: str = "", *, email: str = "", by: str = "") -> Investigation:
        """The investigation of an alert, or of a message (NetworkMessageId) on a person's wish; an existing one if there is one.

        One that failed is analysed once more.

        Raises:
            AirError: no such alert or message, or an alert whose policy starts no investigation.
        """
        trigger = mail_trigger(self._hunt, email, _person(by)) if email else alert_trigger(self._hunt, alert_id)
        with self._working():
            self._investigate([trigger], None, again=True)
            self._center.cancel_idle()
        return self.investigation(trigger.investigation_id)

    def terminate(self, investigation_id: str, *, by: str, reason: str = "") -> Investigation:
        """Stops an investigation and cancels what is pending in it: Terminated By User.

        Raises:
            AirError: it has ended.
        """
        investigation = self._full("investigations", investigation_id)
        with self._working():
            self._center.terminate(investigation, _person(by), reason)
        return self.investigation(investigation)

    # Actions

    def approve(self, action_id: str, *, by: str, reason: str = "") -> ActionRecord:
        """Approves a pending action, carries it out and publishes.

        Raises:
            AirError: it is not pending, its cluster was processed less than an hour ago, or `by` has proposed it.
        """
        action = self._full("actions", action_id)
        with self._working():
            self._center.approve(action, _person(by), reason, self.settings())
            self._remediation.execute(action, self.settings())
            self._center.cancel_idle()
        return views.action(self._journal, action)

    def reject(self, action_id: str, *, by: str, reason: str = "") -> ActionRecord:
        """Rejects a pending action.

        Raises:
            AirError: it is not pending.
        """
        action = self._full("actions", action_id)
        with self._working():
            self._center.close(action, ActionStatus.REJECTED, _person(by), reason)
        return views.action(self._journal, action)

    def undo(self, action_id: str, to: str = "inbox", *, by: str, reason: str = "") -> ActionRecord:
        """Puts the copies that an action removed back into "inbox" or "junk", publishes, and returns the new action.

        A quarantine is undone by a release, a block by an unblock, wherever `to` says.

        Raises:
            AirError: undone before, nothing to undo, a hard delete, or the mailboxes' retention has passed.
        """
        action = self._full("actions", action_id)
        with self._working():
            undo = self._remediation.undo(action, to, _person(by), reason)
        return views.action(self._journal, undo)

    def retry(self, action_id: str, *, by: str, reason: str = "") -> ActionRecord:
        """Repeats an action some of whose moves failed (ActionResult Error), publishes, and returns the new action.

        Raises:
            AirError: none of its moves failed.
        """
        action = self._full("actions", action_id)
        with self._working():
            again = self._remediation.retry(action, self.settings(), _person(by), reason)
        return views.action(self._journal, again)

    def remediate(
        self, rows: Any, action: str, *, by: str, reason: str = "", source: str = MANUAL_SOURCE, propose: bool = False
    ) -> ActionRecord:
        """Take action on the rows of a hunt or on messages by their ids, publishes, and returns the action.

        Args:
            rows: a `Result` or Arrow table with NetworkMessageId and RecipientEmailAddress, mappings or pairs of these, or
                NetworkMessageIds, which stand for all of their recipients.
            action: soft-delete, hard-delete, deleted-items, junk, inbox, quarantine or release; the names of
                EmailPostDeliveryEvents' Action do as well.
            source: "Manual email action", "Advanced hunting action" or "Explorer action".
            propose: leave it pending, for another person to approve.

        Raises:
            AirError: no such action, nothing selected, nothing known of the selection, or too much open.
        """
        targets, chosen = manual.targets_of(rows), by_hand(action)
        with self._working():
            found, unknown = manual.select(self._hunt, targets)
            name = manual.start(self._journal, found, unknown, chosen, _person(by), reason, source, propose)
            if not propose:
                self._remediation.execute(name, self.settings(), found)
                self._center.cancel_idle()
        return views.action(self._journal, name)

    def detected(self, rule: str, alerts: Sequence[Alert], detail: Mapping[str, object]) -> int:
        """Raises the alerts of a detection rule that are new, records the run in the audit, and publishes; how many were new."""
        with self._journal.writing():
            self._publisher.published()
            with self._journal.transaction("detection") as db:
                raised = sum(notices.detected(db, self._journal, alert) for alert in alerts)
                self._journal.audit("Custom detection", "detection run", rule, {**detail, "raised": raised})
            self._publisher.publish()
        return raised

    # Parts

    @property
    def _center(self) -> ActionCenter:
        return ActionCenter(self._hunt, self._journal)

    @property
    def _remediation(self) -> Remediation:
        return Remediation(self._hunt, self._journal)

    @contextmanager
    def _working(self) -> Iterator[tuple[int, int]]:
        """Holds the writer lock; publishes at the end, also what was refused.

        First carries on what a crash left, and closes what has waited too long; yields the numbers of both.
        """
        with self._journal.writing(), _without_collector():
            self._publisher.published()
            try:
                yield self._remediation.recover(self.settings()), self._center.expire()
            except AirError:
                self._publisher.publish()
                raise
            self._publisher.publish()

    def _investigate(self, triggers: Sequence[Trigger], progress: Progress | None, again: bool = False) -> list[Trigger]:
        settings = self.settings()
        todo = open_all(self._journal, triggers, again)
        done = 0
        for start in range(0, len(todo), _BATCH):
            admitted = throttling.admitted(self._journal, todo[start : start + _BATCH], settings)
            for case in self._cases(admitted):
                if throttling.admitted(self._journal, [case.trigger], settings):
                    analyse(self._journal, case, settings)
                    self._act(case, settings)
                done += 1
                if progress is not None:
                    progress("investigate", done, len(todo))
        return todo

    def _cases(self, triggers: Sequence[Trigger]) -> Iterator[Case]:
        """What the lake says of each trigger; one that cannot be read fails alone."""
        done = 0
        try:
            for case in cases(self._hunt, self._journal, triggers) if triggers else ():
                yield case
                done += 1
        except KqlError as error:
            left = triggers[done:]
            if len(left) == 1:
                throttling.fail(self._journal, left[0], error.message)
                return
            for half in (left[: len(left) // 2], left[len(left) // 2 :]):
                yield from self._cases(half)

    def _act(self, case: Case, settings: Settings) -> None:
        """Carries out what the analysis approved."""
        for row in self._journal.rows(
            "SELECT a.id, c.type, c.entity FROM actions a JOIN clusters c ON c.id = a.cluster_id"
            " WHERE a.investigation_id = ? AND a.status = ? ORDER BY a.rowid",
            (case.trigger.investigation_id, ActionStatus.APPROVED),
        ):
            self._remediation.execute(row["id"], settings, case.members[row["type"], row["entity"]])


@contextmanager
def _without_collector() -> Iterator[None]:
    """Python's cycle collector stands still: it would walk over every copy again and again, a fifth of the whole time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _person(name: str) -> str:
    """The name under which a decision is recorded; automation's own name is not a person's."""
    if not name.strip() or name.strip().casefold() == AUTOMATION.casefold():
        raise AirError(f"'{name}' cannot stand for a person.", hint="Say who decides: by='name@company'.")
    return name.strip()
