"""Anything in any order, with crashes and jumps of the clock: locations and decisions equal a model, history is only added to."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from air_tenant import NOON, KilledError, Tenant
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from model import Copy, Model

from hunting.air.journal import micros
from hunting.air.places import Place, place_of
from hunting.errors import AirError

NAMED = ("open", "analyse", "intent", "move", "done", "cancelled", "publish", "tables")
STEPS = [f"{when} {step}" for step in NAMED for when in ("before", "after")]
CRASHES = st.sampled_from(["", "", *STEPS])
FILES = st.sampled_from(["f0", "f1"])
PICKS = st.integers(0, 99)
CLOCK_STEPS = (
    timedelta(seconds=1),
    timedelta(minutes=59),
    timedelta(minutes=61),
    timedelta(days=7),
    timedelta(days=14, seconds=-1),
)
HISTORY = ("events", "audit", "approvals", "investigation_log", "cluster_members", "outbox")
PLACES = {
    Place.INBOX: "Inbox",
    Place.JUNK: "Junk",
    Place.DELETED_ITEMS: "Deleted",
    Place.RECOVERABLE: "Recoverable",
    Place.PURGED: "Purged",
}


class Ledger(RuleBasedStateMachine):
    """The product and the model side by side; after a crash the operation is repeated, as an operator would."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.tenant, self.model = Tenant(self.folder / "store"), Model()
        self.numbers = itertools.count()
        self.seen: dict[str, set[tuple[Any, ...]]] = {table: set() for table in HISTORY}

    def teardown(self) -> None:
        self.tenant.air.close()
        shutil.rmtree(self.folder)

    @property
    def now(self) -> int:
        return micros(self.tenant.clock())

    # What happens

    @initialize()
    def begin(self) -> None:
        self.deliver("f0", 2)
        self.alert("f0")

    @rule(file=FILES, copies=st.integers(1, 3))
    def deliver(self, file: str, copies: int) -> None:
        message, people = f"m{next(self.numbers):03}", [f"user{n}@x" for n in range(copies)]
        self.tenant.mail(message, *people, file=file, ago=NOON - self.tenant.clock())
        for person in people:
            self.model.copies[message, person] = Copy(file, "Inbox", self.now)

    @rule(file=FILES)
    def alert(self, file: str) -> None:
        name = f"a{next(self.numbers):03}"
        self.tenant.alert(name, file=file, at=self.tenant.clock())
        self.model.alerts.append((name, file))

    @rule(on=st.booleans())
    def set(self, on: bool) -> None:
        self.tenant.air.set(by="me", similar_files=on)
        self.model.enabled = on

    @rule(crash=CRASHES)
    def run(self, crash: str) -> None:
        self.attempt(self.tenant.air.run, crash)
        self.model.run(self.now, self.made_by_alerts())

    @rule(pick=PICKS, crash=CRASHES)
    def approve(self, pick: int, crash: str) -> None:
        if name := self.chosen(pick, "Pending"):
            done, crashed = self.attempt(lambda: self.tenant.air.approve(name, by="me"), crash)
            assert self.model.approve(name, self.now) == done or crashed
            self.settle(crashed)

    @rule(pick=PICKS)
    def reject(self, pick: int) -> None:
        if name := self.chosen(pick, "Pending"):
            done, _ = self.attempt(lambda: self.tenant.air.reject(name, by="me"), "")
            assert self.model.reject(name, self.now) == done

    @rule(pick=PICKS, to=st.sampled_from(["inbox", "junk"]), crash=CRASHES)
    def undo(self, pick: int, to: str, crash: str) -> None:
        if name := self.chosen(pick, "Completed"):
            done, crashed = self.attempt(lambda: self.tenant.air.undo(name, to, by="me"), crash)
            assert self.model.undo(name, to, self.now) == done or crashed
            self.settle(crashed)

    @rule(pick=PICKS, action=st.sampled_from(["soft-delete", "junk", "inbox", "deleted-items", "hard-delete"]))
    def by_hand(self, pick: int, action: str) -> None:
        key = sorted(self.model.copies)[pick % len(self.model.copies)]
        done = self.tenant.air.remediate([key], action, by="me")
        self.model.by_hand(done.id, key, action, self.now)

    @rule(step=st.sampled_from(CLOCK_STEPS))
    def later(self, step: timedelta) -> None:
        self.tenant.clock.advance(step)

    def chosen(self, pick: int, status: str) -> str:
        found = sorted(name for name, action in self.model.actions.items() if action.status == status)
        return found[pick % len(found)] if found else ""

    def attempt(self, call: Callable[[], object], crash: str) -> tuple[bool, bool]:
        """Does it, again after a crash; returns whether it was accepted, and whether it crashed."""
        self.tenant.fail_at, crashed = crash, False
        for _ in range(2):
            try:
                call()
                return True, crashed
            except AirError:
                return False, crashed
            except KilledError:
                crashed = True
                self.tenant.air.close()
            finally:
                self.tenant.fail_at = ""
        raise AssertionError("a second crash")

    def settle(self, crashed: bool) -> None:
        """A repetition that is refused ("done before") does not look at what waits: the next run does."""
        if crashed:
            self.run("")

    def made_by_alerts(self) -> dict[str, str]:
        """Alert -> id of its action."""
        rows = self.tenant.air._journal.rows(
            "SELECT i.trigger, a.id FROM investigations i JOIN actions a ON a.investigation_id = i.id"
            " WHERE a.kind = 'remediation'"
        )
        waiting = {alert for alert, _ in self.model.alerts}
        return {row["trigger"]: row["id"] for row in rows if row["trigger"] in waiting}

    # What holds

    @invariant()
    def the_rows_of_the_lake_lead_every_copy_to_where_the_model_has_it(self) -> None:
        rows = sorted(self.tenant.published(), key=lambda row: row["Timestamp"])
        assert len({row["ReportId"] for row in rows}) == len(rows), "a row twice"
        places = dict.fromkeys(self.model.copies, Place.INBOX)
        for row in rows:
            key = row["NetworkMessageId"], row["RecipientEmailAddress"]
            assert row["SourceLocation"] == places[key].location, "a move from where the copy was not"
            places[key] = place_of(row["DeliveryLocation"], row["Action"])
        assert {key: PLACES[place] for key, place in places.items()} == {k: c.place for k, c in self.model.copies.items()}

    @invariant()
    def every_action_stands_where_the_model_has_it(self) -> None:
        stands = {a.id: (a.status, a.moved) for a in self.tenant.air.actions() if a.kind == "remediation"}
        assert stands == {name: (action.status, len(action.moved)) for name, action in self.model.actions.items()}

    @invariant()
    def history_is_only_added_to(self) -> None:
        for table, before in self.seen.items():
            self.seen[table] = {tuple(row) for row in self.tenant.air._journal.rows(f"SELECT * FROM {table}")}
            assert before <= self.seen[table], f"{table} was changed"

    @invariant()
    def lake_and_journal_are_sound(self) -> None:
        assert self.tenant.air.verify().faults == ()


def case(examples: int, steps: int) -> Any:
    made = type("Case", (Ledger.TestCase,), {})
    checks = list(HealthCheck)
    made.settings = settings(max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=checks)
    return made


TestLedger = case(6, 20)
TestTenThousandSteps = pytest.mark.long(case(200, 50))
