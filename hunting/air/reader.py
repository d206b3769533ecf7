"""The reading half of AIR: nothing here changes anything, and nothing waits for a writer."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from hunting.air import views
from hunting.air.action_center import ActionCenter
from hunting.air.journal import Journal
from hunting.air.mailboxes import Hunting
from hunting.air.publisher import Publisher
from hunting.air.records import ActionRecord, Investigation, Verification
from hunting.air.settings import Settings, settings_from


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
        return views.investigation(self._journal, self._center, self._full("investigations", investigation_id))

    def actions(
        self, *, status: str | None = None, decided_by: str | None = None, source: str | None = None
    ) -> list[ActionRecord]:
        """The Action center: Pending and History together, oldest first."""
        return self._center.list(status=status, decided_by=decided_by, source=source)

    def action(self, action_id: str) -> ActionRecord:
        """One action, by its id or the first six or more digits."""
        return self._center.get(self._full("actions", action_id))

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
    def _center(self) -> ActionCenter:
        return ActionCenter(self._hunt, self._journal)

    @property
    def _publisher(self) -> Publisher:
        return Publisher(self._hunt.lake, self._journal)

    def _full(self, table: str, prefix: str) -> str:
        return views.full_id(self._journal, table, prefix)
