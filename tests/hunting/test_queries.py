"""The saved hunts: each finds its story in the simulated tenant, and answers as SQL written from its description does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import pytest
from queries_tenant import EXPECTED, QUERIES, SAMPLES, SCENARIOS, answer, expected, hunt_over, plain

STORIES = {
    "01-zap-after-delivery": "parcel-login",
    "02-remediation-per-day": "parcel-login",
    "03-time-to-action": "mailbox-cleanup",
    "04-latest-state": "mailbox-cleanup",
    "05-deletes-per-mailbox": "mailbox-cleanup",
    "06-filter-efficacy": "redirect-chain",
    "07-clicks-after-delivery": "parcel-login",
    "08-device-code-sign-in": "device-code",
    "09-redirect-chains": "redirect-chain",
    "10-known-bad-attachments": "known-attachment",
    "11-attachment-on-device": "invoice-macro",
    "12-dangerous-file-types": "known-attachment",
    "13-campaign-by-cluster": "hosting-network",
    "14-missed-bulk-phish": "bulk-phish-missed",
    "15-new-sender-domains": "look-alike-domain",
    "16-mail-bombing": "mail-bombing",
    "17-spoofed-senders": "spoofed-partner",
    "18-look-alike-domains": "look-alike-domain",
    "19-display-name-impersonation": "many-names",
    "20-lure-wording": "invoice-macro",
    "21-odd-links": "qr-payroll",
    "22-where-senders-are": "hosting-network",
    "23-alert-to-messages": "parcel-login",
    "24-exfiltration": "data-to-private-mail",
    "25-pivot-on-indicator": "parcel-login",
    "26-link-by-mail-and-chat": "device-code",
}
FURTHER = [  # a second story of the same hunt
    ("19-display-name-impersonation", "executive-name"),
    ("21-odd-links", "ip-voicemail"),
    ("24-exfiltration", "auto-forwarding"),
]
each_query = pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.stem)


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    return plain()


def comparable(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return [tuple(round(value, 6) if isinstance(value, float) else value for value in row) for row in rows]


def test_every_hunt_has_a_story_and_an_expected_answer() -> None:
    names = [query.stem for query in QUERIES]
    assert names == sorted(STORIES) == sorted(file.stem for file in EXPECTED.glob("*.sql"))
    assert {*STORIES.values()} | {story for _, story in FURTHER} <= {file.stem for file in SCENARIOS}


@each_query
def test_it_says_what_it_finds_and_why(query: Path) -> None:
    head = [line.removeprefix("// ") for line in query.read_text(encoding="utf-8").splitlines() if line.startswith("//")]
    assert head[0][0].isupper() and not head[0].endswith(".")
    assert [line.partition(":")[0] for line in head[1:4]] == ["Finds", "Why", "Tables"]


def test_every_feed_has_a_sample() -> None:
    listed = json.loads((SAMPLES / "sources.json").read_text(encoding="utf-8"))
    used = {
        url for query in QUERIES for url in re.findall(r'@"(https://feeds\.example/[^"]+)"', query.read_text(encoding="utf-8"))
    }
    assert set(listed) == used and all((SAMPLES / file).is_file() for file in listed.values())


@each_query
def test_it_reads_the_tables_it_names(query: Path) -> None:
    text = query.read_text(encoding="utf-8")
    named = next(line for line in text.splitlines() if line.startswith("// Tables: ")).removeprefix("// Tables: ").split(", ")
    program = hunt_over().compile(text)
    assert {read.table for read in program.reads} - {external.table for external in program.externals} == set(named)


@each_query
def test_it_answers_as_plain_sql_does(database: duckdb.DuckDBPyConnection, query: Path) -> None:
    found = answer(query)
    assert found
    assert comparable(found) == comparable(expected(database, query))


@pytest.mark.parametrize(("name", "story"), [*STORIES.items(), *FURTHER])
def test_without_its_story_it_answers_otherwise(name: str, story: str) -> None:
    query = next(query for query in QUERIES if query.stem == name)
    assert answer(query, story) != answer(query)
