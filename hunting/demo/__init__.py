"""The main job in one go, told step by step: simulate, hunt, investigate, remediate, hunt again, undo.

Everything that is said is measured while it runs; what AIR removed is compared with sets computed from the Parquet files
without KQL and without AIR's code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from hunting.air import ActionRecord, Air
from hunting.clock import ManualClock
from hunting.engine import Hunt
from hunting.errors import HuntingError
from hunting.formats import table_text
from hunting.lake import Lake
from hunting.simulate import Summary, scenario_folder, simulate

END = datetime(2026, 11, 21, tzinfo=UTC)
"""The simulation's last moment: a fixed one, so that every run shows the same numbers."""

_BEFORE_ATTACKS = timedelta(days=5, hours=12)
_WIDTH = 110

SEED_HUNT = 'EmailPostDeliveryEvents | where ActionType == "Automated Remediation" and ActionTrigger == "Automation"'

_FIRST_HUNT = """
EmailAttachmentInfo
| where FileName endswith ".docm" or FileName endswith ".xlsm"
| join kind=inner (EmailEvents | where ThreatTypes has "Malware") on NetworkMessageId, RecipientEmailAddress
| extend InMailbox = DeliveryLocation in ("Inbox/folder", "Junk folder")
| summarize Copies = count(), Delivered = countif(InMailbox), Senders = dcount(SenderFromDomain) by FileName
| where Copies >= 100
| sort by Copies
""".strip()

Copies = set[tuple[str, str]]
Say = Callable[[str], None]


def run(folder: Path, say: Say, messages: int = 30_000, progress: Callable[[str, int, int], None] | None = None) -> None:
    """Runs the demo in a new store.

    Args:
        say: told each line.
        messages: rows of EmailEvents, at least as many as the scenarios hold.

    Raises:
        HuntingError: the folder is not empty, or a figure is not what it must be.
    """
    lake = Lake.create(folder)
    if lake.tables():
        raise HuntingError(f"{folder} is not empty.", hint="Name a new folder with --store.")
    clock = ManualClock(END - _BEFORE_ATTACKS)
    with Hunt(lake, clock=clock) as hunt:
        steps = _Demo(lake, hunt, clock, say)
        scenarios = [scenario_folder(), Path(__file__).with_name("last-week.yaml")]
        steps.simulated(simulate(lake, messages=messages, days=30, seed=1, end=END, scenarios=scenarios, progress=progress))
        steps.hunted()
        steps.everything_off()
        steps.opted_in()
        steps.thresholds()
        steps.undone()
        steps.repeated()
        hunt.air.close()


class _Demo:
    def __init__(self, lake: Lake, hunt: Hunt, clock: ManualClock, say: Say) -> None:
        self.lake, self.hunt, self.clock, self.say = lake, hunt, clock, say
        self.number = 0

    @property
    def air(self) -> Air:
        return self.hunt.air

    def step(self, title: str, why: str) -> None:
        self.number += 1
        self.say(f"\n{self.number}. {title}\n   {why}")

    def kql(self, text: str) -> None:
        """Shows a query and its answer."""
        answer = table_text(self.hunt.query(text), limit=10, width=_WIDTH)
        self.say("\n" + _indented(text, "   > ") + "\n\n" + _indented(answer, "     "))

    def seed_hunt(self) -> Copies:
        """The copies that the seed hunt finds."""
        names = ("NetworkMessageId", "RecipientEmailAddress")
        table = self.hunt.query(f"{SEED_HUNT} | project {', '.join(names)}").table
        rows = list(zip(*(table.column(name).to_pylist() for name in names), strict=True))
        _hold(len(rows) == len(set(rows)), "an event is there twice")
        return set(rows)

    # The steps

    def simulated(self, made: Summary) -> None:
        """What there is to hunt in."""
        self.step(
            "A tenant is simulated",
            f"{made.employees} people got {made.tables['EmailEvents']:,} mails in 30 days; "
            f"{len(made.campaigns)} campaigns hide in them, {made.tables['AlertInfo']} alerts were raised.",
        )

    def hunted(self) -> None:
        """A first hunt."""
        self.step("Hunt", "Which documents with macros came with malware, and how many copies reached a mailbox? In KQL:")
        self.kql(_FIRST_HUNT)

    def everything_off(self) -> None:
        """AIR as it is before anybody changes a setting."""
        done = self.air.run()
        self.step(
            f"{self.clock():%d %B}: AIR runs, with everything off",
            f"{done.investigations} alerts investigated, the big attacks are still to come. Nothing is opted in: "
            f"{done.pending} cluster{'s' * (done.pending != 1)} to be decided by a person, {done.moved} messages removed.",
        )
        _hold(done.pending > 0, "no action waits")
        _hold(done.moved == 0 and not self.seed_hunt(), "something was removed without being asked for")
        self.kql(f"{SEED_HUNT}\n| count")

    def opted_in(self) -> None:
        """Both cluster types on, the attacks of the next days, and the seed hunt against an independent count."""
        settings = self.air.set(similar_files=True, similar_urls=True, by="you")
        self.clock.advance(END - self.clock())
        done = self.air.run()
        self.step(
            f"Opt in to {' and '.join(sorted(settings.enabled))}; {self.clock():%d %B}: AIR runs again",
            f"{done.investigations} new alerts. {done.automatic} clusters were remediated without asking: "
            f"{done.moved:,} copies soft-deleted; {done.pending} left to a person.",
        )
        entities = [action.entity for action in self.automatic()]
        counted, found = mailbox_copies(self.lake, entities), self.seed_hunt()
        _hold(found == counted, f"the seed hunt found {len(found):,} copies, the files say {len(counted):,}")
        self.kql(f"{SEED_HUNT}\n| summarize Copies = count() by Action, DeliveryLocation, ActionResult")
        self.say(f"\n   Counted from the Parquet files, without KQL: {len(counted):,} copies; the same messages and recipients.")

    def automatic(self) -> list[ActionRecord]:
        return self.air.actions(status="Completed", decided_by="Automation")

    def thresholds(self) -> None:
        """10,000 acts, 10,001 waits."""
        acted = max(self.automatic(), key=lambda action: action.email_count)
        waits = max(self.air.actions(status="Pending"), key=lambda action: action.email_count)
        _hold((acted.email_count, waits.email_count) == (10_000, 10_001), "the threshold is not where it must be")
        self.step("The threshold", "A cluster of more than 10,000 copies waits, opted in or not; copies count wherever they are.")
        moved = f"{acted.moved:,} of them were in mailboxes and are gone"
        self.say(f"\n   {acted.email_count:,} copies: {acted.status} by {acted.decided_by}; {moved}.")
        self.say(f"   {waits.email_count:,} copies: {waits.status}. {self.reason(waits)}")

    def reason(self, action: ActionRecord) -> str:
        clusters = self.air.investigation(action.investigation_id).clusters
        return next(cluster.reason for cluster in clusters if cluster.id == action.cluster_id)

    def undone(self) -> None:
        """One action is undone: a new event, no change of the old ones."""
        action = min(self.automatic(), key=lambda each: (each.moved < 100, each.moved))
        before = self.seed_hunt()
        undo = self.air.undo(action.id, "inbox", by="you", reason="demo")
        self.step(
            f"Undo action {action.id[:6]} (the file {action.entity[:12]}…)",
            f"{undo.moved:,} copies go back to the inbox, as new events: history is never edited. "
            f"{undo.left:,} cannot: their mailboxes keep nothing that was deleted.",
        )
        _hold(undo.moved + undo.left == action.moved and self.seed_hunt() == before, "the undo changed what was there")
        _hold(undo.left == self.without_retention(action), "the undo left more behind than it must")
        self.kql(
            "EmailPostDeliveryEvents\n"
            f"| where Timestamp >= datetime({END:%Y-%m-%d})\n"
            "| summarize Events = count() by ActionType, ActionTrigger, Action, DeliveryLocation\n"
            "| sort by Events"
        )

    def without_retention(self, action: ActionRecord) -> int:
        """Copies that this action removed from mailboxes with a retention of no days, from the files."""
        people = self.lake.read("Mailboxes")
        keeps_nothing = people.filter(pc.and_(pc.equal(people["RetentionDays"], 0), pc.invert(people["IsOnHold"])))
        recipients = set(keeps_nothing["RecipientEmailAddress"].to_pylist())
        return sum(recipient in recipients for _, recipient in mailbox_copies(self.lake, [action.entity]))

    def repeated(self) -> None:
        """Running again changes nothing, and the ledger is sound."""
        done, checked = self.air.run(), self.air.verify()
        _hold(done.moved == done.published == 0 and checked.sound, f"a second run changed something {checked.faults}")
        self.step(
            "Run AIR once more",
            f"{done.moved} messages moved: repeating it changes nothing. The audit chain of {checked.audit_entries:,} entries "
            f"is whole; the store holds the ledger's {checked.events:,} events, each once.",
        )


def _hold(condition: bool, what: str) -> None:
    if not condition:
        raise HuntingError(f"The demo found a fault: {what}.")


def _indented(text: str, by: str) -> str:
    return "\n".join((by + line).rstrip() for line in text.splitlines())


def mailbox_copies(lake: Lake, entities: Iterable[str]) -> Copies:
    """Message and recipient of every copy that carries one of the entities and was in an Inbox or Junk folder, from the files.

    Left out, as AIR must: phishing simulations and the mailbox of the security team.
    """
    wanted = pa.array(sorted(set(entities)), pa.string())
    messages: set[str] = set()
    for table, column in (("EmailAttachmentInfo", "SHA256"), ("EmailUrlInfo", "Url")):
        rows = lake.read(table)
        messages.update(rows.filter(pc.is_in(rows[column], wanted))["NetworkMessageId"].to_pylist())
    people, mail = lake.read("Mailboxes"), lake.read("EmailEvents")
    secops = people.filter(people["IsSecOps"])["RecipientEmailAddress"].combine_chunks()
    mail = mail.filter(pc.is_in(mail["NetworkMessageId"], pa.array(sorted(messages))))
    mail = mail.filter(pc.is_in(mail["LatestDeliveryLocation"], pa.array(["Inbox/folder", "Junk folder"])))
    mail = mail.filter(pc.and_(pc.equal(mail["OrgLevelPolicy"], ""), pc.invert(pc.is_in(mail["RecipientEmailAddress"], secops))))
    return set(zip(mail["NetworkMessageId"].to_pylist(), mail["RecipientEmailAddress"].to_pylist(), strict=True))
