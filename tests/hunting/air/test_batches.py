"""Many alerts at once: few readings of the mail, few copies in memory, and the same decisions as one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from air_tenant import Answer, Tenant

from hunting.air import investigations, mailboxes
from hunting.air.clusters import CLUSTERS
from hunting.errors import StoreError

COPIES = {mailboxes.copies_query(cluster) for cluster in CLUSTERS.values()}


def many(root: Path) -> Tenant:
    """Twelve alerts on five files of one to nine copies, on two URLs, and on nothing that lies anywhere."""
    root.mkdir()
    tenant = Tenant(root)
    for file, copies in enumerate((1, 9, 3, 2, 5)):
        tenant.mail(
            f"m{file}", *(f"user{number}@x" for number in range(copies)), file=f"f{file}", url=f"https://bad.example/{file % 2}"
        )
    for alert in range(9):
        tenant.alert(f"a{alert}", file=f"f{alert % 5}")
    tenant.alert("b0", url="https://bad.example/0")
    tenant.alert("b1", file="f1", url="https://bad.example/1")
    tenant.alert("c0", file="nowhere")
    tenant.air.set(by="me", similar_files=True)
    return tenant


def ends(tenant: Tenant) -> object:
    found = [tenant.air.investigation(i.id) for i in tenant.air.investigations()]
    clusters = [(i.trigger, i.status, [(c.type, c.entity, c.outcome, c.email_count) for c in i.clusters]) for i in found]
    return clusters, sorted((a.entity, a.status, a.moved) for a in tenant.air.actions()), tenant.automatic()


def watch(tenant: Tenant, monkeypatch: pytest.MonkeyPatch, seen: Callable[[int], None]) -> None:
    """Tells how many copies each reading brings."""
    query = tenant.query

    def watched(text: str, parameters: Mapping[str, object] | None = None) -> Answer:
        answer = query(text, parameters)
        if text in COPIES:
            seen(answer.table.num_rows)
        return answer

    monkeypatch.setattr(tenant, "query", watched)


@pytest.mark.parametrize("most", [1, 8, 14, 1000])
def test_batches_decide_as_one_reading_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    together = many(tmp_path / "together")
    together.air.run()
    batched, readings = many(tmp_path / "batched"), list[int]()
    watch(batched, monkeypatch, readings.append)
    monkeypatch.setattr(investigations, "_FEW", 2)
    monkeypatch.setattr(investigations, "_COPIES", most)
    batched.air.run()
    assert ends(batched) == ends(together)
    assert max(readings) <= max(most, 15), "a batch is never larger than allowed, unless by one alert"
    assert (len(readings) == 2) == (most == 1000), "all at once where they fit"


def test_what_cannot_be_read_spoils_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = many(tmp_path / "broken")
    monkeypatch.setattr(investigations, "_FEW", 2)
    monkeypatch.setattr(investigations, "_COPIES", 4)
    query = tenant.query

    def broken(text: str, parameters: Mapping[str, Any] | None = None) -> Answer:
        if text in COPIES and "f2" in (parameters or {}).get("Wanted", ()):
            raise StoreError("A file is damaged.")
        return query(text, parameters)

    monkeypatch.setattr(tenant, "query", broken)
    assert tenant.air.run().failed == 2
    assert {i.trigger for i in tenant.air.investigations() if i.status == "Failed"} == {"a2", "a7"}
    assert len(tenant.air.investigations()) == 12
