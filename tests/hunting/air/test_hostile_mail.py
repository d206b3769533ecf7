"""A campaign whose subjects, addresses, links and ids are payloads: what AIR tells of it, in every form, is text."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from air_tenant import URL_ALERT, StoredTenant
from payloads import ALL, FORMULAS, HTML, LOGS

from hunting.air.tabs import TABS
from hunting.cells import visible
from hunting.formats import WRITERS
from hunting.result import Result
from hunting.server import app
from hunting.server.tokens import Scope, Tokens

FILE = "f" * 64
SENT = [text for text in ALL if text.strip()]
ACTOR = LOGS[0] + HTML[0]


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredTenant]:
    """A file's cluster of all payloads removed by automation; clusters of hostile links that wait."""
    found = StoredTenant(tmp_path_factory.mktemp("hostile") / "store")
    for at, text in enumerate(SENT):
        found.mail(f"m{at} {text}", f"{text}@x", file=FILE, Subject=text, SenderDisplayName=text, SenderMailFromAddress=text)
    found.alert("alert", file=FILE)
    for at, text in enumerate((HTML[0], FORMULAS[0], LOGS[17])):
        found.mail(f"link{at}", "ann@x", url=f"https://bad.example/{text}", threats="Phish")
        found.alert(f"a{text}", URL_ALERT, url=f"https://bad.example/{text}")
    found.air.set(by=ACTOR, similar_files=True)
    found.air.run()
    yield found
    found.hunt.close()


def shown(tenant: StoredTenant) -> dict[str, Result]:
    """Every table that AIR shows."""
    air = tenant.air
    investigations = air.investigations()
    tabs = {f"{tab} of {each.name}": air.tab(each.id, tab) for each in investigations for tab in TABS}
    clusters = {f"cluster {c.id}": air.cluster(c.id) for each in investigations for c in air.investigation(each.id).clusters}
    lists = {"explorer": air.explorer(limit=1000), "list": air.investigation_list(), "settings": air.settings_table()}
    centre = {f"action center {tab}": air.action_center(tab) for tab in ("pending", "history")}
    page = air.email(f"m3 {SENT[3]}")
    return {**tabs, **clusters, **lists, **centre, **air.report(), "copies": page.copies, "timeline": page.timeline}


def test_the_campaign_was_found(tenant: StoredTenant) -> None:
    assert len(tenant.automatic()) == len(SENT)
    held = {row[0] for row in tenant.rows("EmailEvents | project Subject")}
    assert set(SENT) <= held


def test_every_table_of_air_is_text_in_every_format(tenant: StoredTenant) -> None:
    tables = shown(tenant)
    assert len(tables) > 15
    for name, table in tables.items():
        for form in ("table", "markdown", "json", "ndjson", "html", "csv"):
            sink = io.BytesIO()
            WRITERS[form](table, sink)
            said = sink.getvalue().decode()
            if form == "csv":
                cells = [cell for row in csv.reader(io.StringIO(said, newline="")) for cell in row]
                assert not [cell for cell in cells if cell.strip()[:1] in tuple("=+@＝＋－＠")], name
            else:
                assert all(c.isprintable() or c == "\n" for c in said), (name, form)
            assert form != "html" or not any(payload in said for payload in HTML if payload.startswith("<") and len(payload) > 9)
    table = tables["explorer"]
    assert set(SENT) <= {row[table.columns.index("Subject")] for row in table.rows()}


def test_an_exported_cluster_runs_nothing(tenant: StoredTenant, tmp_path: Path) -> None:
    (cluster,) = [
        c for each in tenant.air.investigations() for c in tenant.air.investigation(each.id).clusters if c.entity == FILE
    ]
    assert tenant.air.export_cluster(cluster.id, tmp_path / "cluster.csv") == len(SENT)
    with (tmp_path / "cluster.csv").open(newline="", encoding="utf-8") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell.strip()[:1] in tuple("=+-@＝＋－＠")]


def test_the_feed_is_one_object_a_line(tenant: StoredTenant) -> None:
    lines = [line.text for line in tenant.air.feed()]
    assert len(lines) >= len(SENT) and all(line.isascii() and line.isprintable() for line in lines)
    told = {json.loads(line)["properties"].get("RecipientEmailAddress") for line in lines}
    assert len(told) >= len(SENT) - 5 and tenant.air.verify().faults == ()


def test_the_audit_names_who_decided_and_no_line_more(tenant: StoredTenant) -> None:
    audit = tenant.air.report()["Audit"]
    assert ACTOR in {row[audit.columns.index("Actor")] for row in audit.rows()}
    assert visible(ACTOR).isprintable()


def test_the_servers_answers_are_json(tenant: StoredTenant) -> None:
    secret = Tokens(tenant.root, tenant.clock).create("reader", [Scope.READ], timedelta(days=1))
    transport = httpx.ASGITransport(app(tenant.hunt), raise_app_exceptions=False)

    async def asked(path: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get(path, headers={"Authorization": f"Bearer {secret}"})

    for path in ("/api/air/investigations?limit=200", "/api/air/actions?limit=200"):
        answer = asyncio.run(asked(path))
        assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff", "no browser guesses at HTML"
        assert answer.json()["value"] and answer.text.isprintable()
