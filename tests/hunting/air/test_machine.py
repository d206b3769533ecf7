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
from memory_lake import MemoryLake
from model import HOUR, RETENTION, WEEK, Copy, Model

from hunting.air.journal import micros
from hunting.air.places import Place, place_of
from hunting.errors import AirError
from hunting.lake import Lake

NAMED = ("open", "analyse", "intent", "move", "done", "cancelled", "publish", "tables")
STEPS = [f"{when} {step}" for step in NAMED for when in ("before", "after")]
CRASHES = st.sampled_from(["", "", *STEPS])
FILES = st.sampled_from(["f0", "f1"])
EDGES = (timedelta(seconds=-1), timedelta(0), timedelta(seconds=1))
AROUND = st.sampled_from(EDGES)
WAITS = (timedelta(0), timedelta(minutes=61), timedelta(days=7))
# A crash there finds this done: the last of the steps before it, of those that change what happens afterwards.
DONE = {"open": "", "analyse": "", "intent": "analyse", "move": "intent", "done": "move", "publish": "done", "tables": "done"}
DEATHS = [f"{when} {step}" for step in DONE for when in ("before", "after")]
PICKS = st.integers(0, 99)
PLACES_TO = st.sampled_from(["inbox", "junk"])
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
    Place.QUARANTINE: "Quarantine",
}
EVENTS = {"Reprocessed": "Inbox", "Moved to quarantine": "Quarantine"}


class Ledger(RuleBasedStateMachine):
    """The product and the model side by side; after a crash the operation is repeated, as an operator would.

    The first rules are what anybody may do at any time; the others are stories, orders that chance would seldom make.
    """

    lake: Callable[[Path], Lake] = Lake.create

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.tenant, self.model = Tenant(self.folder / "store", make_lake=type(self).lake), Model()
        self.numbers = itertools.count()
        self.seen: dict[str, set[tuple[Any, ...]]] = {table: set() for table in HISTORY}

    def teardown(self) -> None:
        try:
            assert self.tenant.air.verify().faults == ()
        finally:
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
            self.approved(name, crash)

    @rule(pick=PICKS)
    def reject(self, pick: int) -> None:
        if name := self.chosen(pick, "Pending"):
            done, _ = self.attempt(lambda: self.tenant.air.reject(name, by="me"), "")
            assert self.model.reject(name, self.now) == done

    @rule(pick=PICKS, to=PLACES_TO, crash=CRASHES)
    def undo(self, pick: int, to: str, crash: str) -> None:
        if name := self.chosen(pick, "Completed"):
            self.undone(name, to, crash)

    @rule(pick=PICKS, action=st.sampled_from(["soft-delete", "junk", "inbox", "deleted-items", "hard-delete"]))
    def by_hand(self, pick: int, action: str) -> None:
        self.moved_by_hand(sorted(self.model.copies)[pick % len(self.model.copies)], action)

    @rule(pick=PICKS, event=st.sampled_from(list(EVENTS)))
    def others(self, pick: int, event: str) -> None:
        self.moved_by_others(sorted(self.model.copies)[pick % len(self.model.copies)], event)

    @rule(step=st.sampled_from(CLOCK_STEPS))
    def later(self, step: timedelta) -> None:
        self.tenant.clock.advance(step)

    # Stories

    @rule(around=AROUND, to=PLACES_TO)
    def undo_when_the_retention_ends(self, around: timedelta, to: str) -> None:
        name = self.removed(on=True)
        action = self.model.actions[name]
        self.wait_until(self.model.copies[min(action.moved)].since + RETENTION["Recoverable"], around)
        self.undone(name, to)

    @rule(to=PLACES_TO, on=st.booleans(), crash=CRASHES)
    def put_back_and_alerted_again(self, to: str, on: bool, crash: str) -> None:
        name = self.removed(on=True)
        self.undone(name, to, crash)
        self.set(on)
        self.approved(self.alerted(self.model.actions[name].file))

    @rule(around=AROUND, on=st.booleans(), by_hand=st.booleans())
    def the_same_cluster_about_an_hour_later(self, around: timedelta, on: bool, by_hand: bool) -> None:
        first = self.model.actions[self.removed(on=not on)]
        for key in sorted(first.members):
            if by_hand:
                self.moved_by_hand(key, "inbox")
            else:
                self.moved_by_others(key, "Reprocessed")
        self.set(on)
        again = self.alerted(first.file)
        self.wait_until(first.completed + HOUR, around)
        if self.model.actions[again].status == "Pending":
            self.approved(again)
        self.run("")

    @rule(crash=CRASHES)
    def two_alerts_and_one_approval(self, crash: str) -> None:
        self.set(False)
        file = self.fresh()
        first, _ = self.alerted(file), self.alerted(file)
        self.approved(first, crash)

    @rule()
    def switched_off_between_decision_and_execution(self) -> None:
        self.run("")
        self.set(True)
        self.alert(self.fresh())
        self.die("after analyse")
        self.set(False)
        self.run("")

    @rule(
        step=st.sampled_from(DEATHS),
        again=CRASHES,
        on=st.booleans(),
        wait=st.sampled_from(WAITS),
        meanwhile=st.sampled_from(["", *EVENTS]),
    )
    def died_and_carried_on_later(self, step: str, again: str, on: bool, wait: timedelta, meanwhile: str) -> None:
        self.run("")
        self.set(True)
        self.alert(self.fresh())
        ((alert, file),) = self.model.alerts
        self.die(step)
        when, _, name = step.partition(" ")
        done = name if when == "after" and name in DONE.values() else DONE[name]
        if done:
            self.model.interrupted(alert, self.made_by_alerts()[alert], done, self.now)
        self.set(on)
        if meanwhile:
            self.moved_by_others(max(key for key, copy in self.model.copies.items() if copy.file == file), meanwhile)
        self.later(wait)
        self.run(again)

    @rule(around=AROUND, crash=CRASHES)
    def decided_when_a_week_is_over(self, around: timedelta, crash: str) -> None:
        self.set(False)
        waiting = self.alerted(self.fresh())
        self.wait_until(self.model.actions[waiting].created + WEEK, around)
        self.approved(waiting, crash)

    # Their parts

    def fresh(self) -> str:
        """A file that no other mail has, in two mailboxes."""
        file = f"fresh{next(self.numbers):03}"
        self.deliver(file, 2)
        return file

    def alerted(self, file: str) -> str:
        """The action that an alert on the file leads to."""
        self.alert(file)
        self.run("")
        return list(self.model.actions)[-1]

    def removed(self, on: bool) -> str:
        """The action that removed a fresh file's cluster: automation's, or one that a person has approved."""
        self.set(on)
        name = self.alerted(self.fresh())
        if not on:
            self.approved(name)
        return name

    def approved(self, name: str, crash: str = "") -> None:
        done, crashed = self.attempt(lambda: self.tenant.air.approve(name, by="me"), crash)
        assert self.model.approve(name, self.now) == done or crashed
        self.settle(crashed)

    def undone(self, name: str, to: str, crash: str = "") -> None:
        done, crashed = self.attempt(lambda: self.tenant.air.undo(name, to, by="me"), crash)
        assert self.model.undo(name, to, self.now) == done or crashed
        self.settle(crashed)

    def moved_by_hand(self, key: tuple[str, str], action: str) -> None:
        done = self.tenant.air.remediate([key], action, by="me")
        self.model.by_hand(done.id, key, action, self.now)

    def moved_by_others(self, key: tuple[str, str], event: str) -> None:
        self.later(timedelta(seconds=1))
        self.tenant.event(*key, event, EVENTS[event], at=self.tenant.clock())
        self.model.moved_by_others(key, EVENTS[event], self.now)

    def wait_until(self, moment: int, around: timedelta) -> None:
        span = timedelta(microseconds=moment - self.now) + around
        self.later(max(span, timedelta(0)))

    def chosen(self, pick: int, status: str) -> str:
        found = sorted(name for name, action in self.model.actions.items() if action.status == status)
        return found[pick % len(found)] if found else ""

    def die(self, step: str) -> None:
        """A run that comes as far as this step."""
        self.tenant.fail_at = step
        with pytest.raises(KilledError):
            self.tenant.air.run()
        self.tenant.air.close()

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
        rows = sorted(self.tenant.lake.read("EmailPostDeliveryEvents").to_pylist(), key=lambda row: row["Timestamp"])
        own = [row["ReportId"] for row in rows if row["ReportId"]]
        assert len(set(own)) == len(own), "a row twice"
        places = dict.fromkeys(self.model.copies, Place.INBOX)
        for row in rows:
            key = row["NetworkMessageId"], row["RecipientEmailAddress"]
            assert not row["ReportId"] or row["SourceLocation"] == places[key].location, "a move from where the copy was not"
            if row["ActionResult"] == "Success":
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


def case(lake: Callable[[Path], Lake], examples: int, steps: int) -> Any:
    machine = type("Machine", (Ledger,), {"lake": staticmethod(lake)})
    made = type("Case", (machine.TestCase,), {})
    checks = list(HealthCheck)
    made.settings = settings(max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=checks)
    return made


BOTH = (False, True)
STORIES: list[tuple[Callable[..., None], dict[str, Any]]] = [
    *((Ledger.undo_when_the_retention_ends, {"around": edge, "to": to}) for edge in EDGES for to in ("inbox", "junk")),
    *(
        (Ledger.put_back_and_alerted_again, {"to": "inbox", "on": on, "crash": crash})
        for on in BOTH
        for crash in ("", "after move")
    ),
    *(
        (Ledger.the_same_cluster_about_an_hour_later, {"around": edge, "on": on, "by_hand": by_hand})
        for edge in EDGES
        for on in BOTH
        for by_hand in BOTH
    ),
    *((Ledger.two_alerts_and_one_approval, {"crash": crash}) for crash in ("", "before cancelled", "after cancelled")),
    (Ledger.switched_off_between_decision_and_execution, {}),
    *(
        (Ledger.died_and_carried_on_later, {"step": step, "again": "", "on": on, "wait": wait, "meanwhile": meanwhile})
        for step, (on, wait, meanwhile) in zip(
            DEATHS, itertools.cycle(itertools.product(BOTH, WAITS, ("", "Moved to quarantine"))), strict=False
        )
    ),
    *((Ledger.decided_when_a_week_is_over, {"around": edge, "crash": ""}) for edge in EDGES),
]


def _named(value: Any) -> str:
    return str(value.__name__) if callable(value) else "-".join(map(str, value.values()))


@pytest.mark.parametrize(("story", "arguments"), STORIES, ids=_named)
def test_a_story(story: Callable[..., None], arguments: dict[str, Any]) -> None:
    machine = type("Machine", (Ledger,), {"lake": staticmethod(MemoryLake)})()
    try:
        machine.begin()
        story(machine, **arguments)
        machine.the_rows_of_the_lake_lead_every_copy_to_where_the_model_has_it()
        machine.every_action_stands_where_the_model_has_it()
    finally:
        machine.teardown()


TestInMemory = case(MemoryLake, 3, 12)
TestInParquet = case(Lake.create, 1, 8)
TestTenThousandSteps = pytest.mark.long(case(MemoryLake, 200, 50))
