"""AIR as it should behave, in plain Python without journal, lake or SQL: what the state machine compares the product with."""

from __future__ import annotations

from dataclasses import dataclass, field

Key = tuple[str, str]
SECOND = 1_000_000
HOUR, DAY = 3_600 * SECOND, 86_400 * SECOND
WEEK, RETENTION = 7 * DAY, {"Recoverable": 14 * DAY, "Quarantine": 30 * DAY}
MAILBOX = ("Inbox", "Junk")
AFTER = {"soft-delete": "Recoverable", "hard-delete": "Purged", "deleted-items": "Deleted", "junk": "Junk", "inbox": "Inbox"}


@dataclass
class Copy:
    file: str
    place: str
    since: int
    restored: bool = False


@dataclass
class Action:
    """A remediation; `members` are frozen, `moved` is what it moved."""

    file: str
    name: str
    members: set[Key]
    created: int
    status: str = "Pending"
    moved: set[Key] = field(default_factory=set)
    completed: int = 0
    undone: bool = False


class Model:
    """The rules; every method is one operation, times are microseconds."""

    def __init__(self) -> None:
        self.copies: dict[Key, Copy] = {}
        self.actions: dict[str, Action] = {}
        self.alerts: list[tuple[str, str]] = []
        self.enabled = False

    def run(self, now: int, names: dict[str, str]) -> None:
        """`names`: alert -> id of its action, if the product made one; of the product, only these ids are taken over."""
        self.carry_on(now)
        for alert, file in self.alerts:
            self.investigate(alert, file, now, names)
        self.alerts.clear()
        self.cancel_idle()

    def investigate(self, alert: str, file: str, now: int, names: dict[str, str]) -> None:
        members = {key for key, copy in self.copies.items() if copy.file == file}
        inside = [self.copies[key] for key in members if self.copies[key].place in MAILBOX]
        assert (alert in names) == bool(inside), "an action if and only if a copy is in a mailbox"
        if not inside:
            return
        action = self.actions[names[alert]] = Action(file, "soft-delete", members, now)
        if self.enabled and not any(copy.restored for copy in inside):
            action.status = "Approved"
            self.execute(names[alert], now)

    def carry_on(self, now: int) -> None:
        """What every decision and every run begins with."""
        for action in self.actions.values():
            if action.status == "Running" and not action.moved:
                self.move(action, now, MAILBOX)
            elif action.status == "Running":
                action.status, action.completed = "Completed", now
        waiting = [(action.created, name) for name, action in self.actions.items() if action.status == "Approved"]
        for _, name in sorted(waiting):
            self.execute(name, now)
        for action in self.actions.values():
            if action.status == "Pending" and action.created <= now - WEEK:
                action.status = "Expired"

    def execute(self, name: str, now: int) -> None:
        action = self.actions[name]
        if not self.enabled:
            action.status = "Pending"
        elif not self.processed(name, now):
            self.move(action, now, MAILBOX)

    def processed(self, name: str, now: int) -> bool:
        """Whether the same copies of the same cluster were processed less than an hour ago."""
        action = self.actions[name]
        return any(
            other is not action
            and (other.file, other.status, other.undone) == (action.file, "Completed", False)
            and other.completed > now - HOUR
            and action.members <= other.members
            for other in self.actions.values()
        )

    def approve(self, name: str, now: int) -> bool:
        self.carry_on(now)
        action = self.actions[name]
        if action.status != "Pending" or self.processed(name, now):
            return False
        self.move(action, now, MAILBOX)
        self.cancel_idle()
        return True

    def reject(self, name: str, now: int) -> bool:
        self.carry_on(now)
        if self.actions[name].status != "Pending":
            return False
        self.actions[name].status = "Rejected"
        return True

    def by_hand(self, name: str, key: Key, action: str, now: int) -> None:
        self.carry_on(now)
        # Its cluster is the selection: no other has the same.
        made = self.actions[name] = Action(f"selected {name}", action, {key}, now)
        self.move(made, now, ("Inbox", "Junk", "Deleted", "Recoverable", "Quarantine"))
        self.cancel_idle()

    def undo(self, name: str, to: str, now: int) -> bool:
        self.carry_on(now)
        action, target = self.actions[name], AFTER[to]
        if action.undone or action.name == "hard-delete":
            return False
        back = [
            key for key in action.moved if self.copies[key].place == AFTER[action.name] != target and not self.expired(key, now)
        ]
        for key in back:
            self.put(key, target, now, restored=True)
        action.undone = bool(back)
        return action.undone

    def moved_by_others(self, key: Key, place: str, now: int) -> None:
        """Something else than AIR moves a copy."""
        self.put(key, place, now, restored=False)

    def interrupted(self, alert: str, name: str, step: str, now: int) -> None:
        """The one new alert was being worked on, opted in, when the program died after `step`; `name`: its action."""
        file = dict(self.alerts)[alert]
        members = {key for key, copy in self.copies.items() if copy.file == file}
        action = self.actions[name] = Action(file, "soft-delete", members, now, "Approved")
        self.alerts.clear()
        if step in ("move", "done"):
            self.move(action, now, MAILBOX)
        if step in ("intent", "move"):
            action.status = "Running"

    def cancel_idle(self) -> None:
        for action in self.actions.values():
            if action.status == "Pending" and not any(self.copies[key].place in MAILBOX for key in action.members):
                action.status = "Cancelled"

    def move(self, action: Action, now: int, places: tuple[str, ...]) -> None:
        target = AFTER[action.name]
        action.moved = {
            key
            for key in action.members
            if self.copies[key].place in places and self.copies[key].place != target and not self.expired(key, now)
        }
        for key in action.moved:
            self.put(key, target, now, restored=action.name == "inbox")
        action.status, action.completed = "Completed", now

    def expired(self, key: Key, now: int) -> bool:
        copy = self.copies[key]
        return copy.place in RETENTION and now - copy.since >= RETENTION[copy.place]

    def put(self, key: Key, place: str, now: int, restored: bool) -> None:
        copy = self.copies[key]
        copy.place, copy.since, copy.restored = place, max(now, copy.since + 1), restored
