"""The reading half of AIR: nothing here changes anything, and nothing waits for a writer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from hunting.air import explorer, export, live, mail_page, report, tables, tabs, views
from hunting.air.clusters import CLUSTERS
from hunting.air.feed import START, FeedLine, feed
from hunting.air.journal import Journal
from hunting.air.mailboxes import Hunting
from hunting.air.publisher import Publisher
from hunting.air.records import ActionRecord, Investigation, Verification
from hunting.air.settings import Settings, settings_from
from hunting.errors import AirError
from hunting.formats import records
from hunting.result import Result
from kql.errors import closest


class Reader:
    """What can be asked of AIR over one store.

    Args:
        hunt: queries, lake and clock of the store.
        on_step: told of every step of the ledger; for tests.
    """

    def __init__(self, hunt: Hunting, on_step: Callable[[str], None] | None = None) -> None:
        self._hunt = hunt
        self._on_step = on_step

    def settings(self) -> Settings:
        """The automation settings as they are now."""
        return settings_from({row["key"]: row["value"] for row in self._journal.rows("SELECT key, value FROM settings")})

    def investigations(self) -> list[Investigation]:
        """All investigations, oldest first, without their lists."""
        return views.investigations(self._journal)

    def investigation(self, investigation_id: str) -> Investigation:
        """One investigation with log, evidence, clusters and actions.

        Args:
            investigation_id: the id, or its first six or more digits.
        """
        return views.investigation(self._journal, self._full("investigations", investigation_id))

    def actions(
        self, *, status: str | None = None, decided_by: str | None = None, source: str | None = None
    ) -> list[ActionRecord]:
        """The Action center: Pending and History together, oldest first."""
        return views.actions(self._journal, status=status, decided_by=decided_by, source=source)

    def action(self, action_id: str) -> ActionRecord:
        """One action, by its id or the first six or more digits."""
        return views.action(self._journal, self._full("actions", action_id))

    # Surfaces: tables with Defender's headings, ready to be shown or exported

    def settings_table(self) -> Result:
        """Every setting with its value, in the words that `set` takes."""
        return records({"Setting": "string", "Value": "string"}, self.settings().rows(CLUSTERS))

    def action_center(self, tab: str = "", **filters: Any) -> Result:
        """The Action center: `tab` "pending", "history" or "" for both; filters as in `tables.action_center`."""
        return tables.action_center(self._journal, tab, **filters)

    def investigation_list(
        self,
        *,
        status: str | None = None,
        type: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Result:
        """The page of investigations, the newest first."""
        return tables.investigation_list(self._journal, status=status, type=type, since=since, until=until)

    def tab(self, investigation_id: str, tab: str) -> Result:
        """A tab of an investigation: alerts, evidence, entities, clusters, log, pending or history."""
        return tabs.tab_of(self._journal, self._full("investigations", investigation_id), tab)

    def explorer(self, **filters: Any) -> Result:
        """Threat Explorer: one row per copy with its Additional action; filters are the fields of `explorer.Filters`.

        Raises:
            AirError: no such filter, or a value that it cannot have.
        """
        known = {field.name for field in fields(explorer.Filters)}
        for name in filters.keys() - known:
            raise AirError(
                f"Explorer has no filter '{name}'.", hint=closest(name, known) or f"Filters: {', '.join(sorted(known))}."
            )
        return explorer.explore(self._hunt, self._journal, self._publisher.published(), explorer.Filters(**filters))

    def email(self, message: str, recipient: str = "") -> mail_page.EmailEntity:
        """The e-mail entity page: copies with original and latest location, and the timeline."""
        return mail_page.email_entity(self._hunt, self._journal, self._publisher.published(), message, recipient)

    def cluster(self, cluster_id: str) -> Result:
        """The members of a cluster, each with the cluster's own columns: what `export_cluster` writes."""
        return export.cluster_table(self._hunt, self._journal, self._full("clusters", cluster_id))

    def export_cluster(self, cluster_id: str, path: Path) -> int:
        """Writes a cluster as a CSV file, whole or not at all, safe for spreadsheets; returns the number of rows.

        Raises:
            HuntingError: the file cannot be written.
        """
        return export.export_cluster(self._hunt, self._journal, self._full("clusters", cluster_id), path)

    def recount(self, cluster_id: str) -> dict[str, int]:
        """The counts of a cluster as they are now, by the names of `FoundCluster`; the frozen ones stay."""
        return live.recount(self._hunt, self._journal, self._full("clusters", cluster_id))

    def blocks(self) -> Result:
        """The block list: URLs and senders that approved actions have put there and no undo has taken off."""
        return live.blocks(self._journal)

    def report(self, since: datetime | None = None, until: datetime | None = None) -> Mapping[str, Result]:
        """Tables by name: Decisions, False positives, Impact, Audit."""
        return report.report(self._journal, since, until)

    def feed(self, after: str = START) -> Iterator[FeedLine]:
        """JSON lines in the streaming envelope, from behind a position on."""
        return feed(self._journal, after)

    def verify(self) -> Verification:
        """Checks the audit chain, the digests that it holds, and that the lake holds the journal's rows, each once."""
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
    def _publisher(self) -> Publisher:
        return Publisher(self._hunt.lake, self._journal)

    def _full(self, table: str, prefix: str) -> str:
        return views.full_id(self._journal, table, prefix)
