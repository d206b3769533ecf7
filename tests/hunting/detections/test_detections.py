"""Rules: what can be saved, and what a run raises."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import hunting
from hunting import detections
from hunting.clock import ManualClock
from hunting.engine import Hunt
from hunting.errors import HuntingError
from kql.errors import KqlError

MAIL = "EmailEvents | project Timestamp, ReportId, NetworkMessageId, RecipientEmailAddress, Subject"
KEPT = "project Timestamp, ReportId, RecipientEmailAddress"
RAISED = 'AlertInfo | where DetectionSource == "Custom detection"'
LIBRARY = Path(detections.__file__).with_name("library")


@pytest.fixture
def hunt(investigated: Path, tmp_path: Path) -> Iterator[Hunt]:
    store = shutil.copytree(investigated, tmp_path / "a store")
    with hunting.connect(store, clock=ManualClock(datetime(2026, 11, 1, tzinfo=UTC))) as hunt:
        yield hunt
        hunt.air.close()


def rule(folder: Path, query: str, **keys: str) -> detections.Rule:
    file = folder / "a rule.yaml"
    head = {"name": "A rule", "severity": "high", **keys}
    lines = "\n  ".join(query.splitlines())
    file.write_text("".join(f"{key}: {value}\n" for key, value in head.items()) + f"query: |\n  {lines}\n", encoding="utf-8")
    return detections.load(file)


def refused(hunt: Hunt, given: detections.Rule) -> str:
    with pytest.raises(KqlError) as caught:
        detections.check(given, hunt)
    return str(caught.value)


def test_23_of_151_rows_150_become_alerts_and_the_loss_is_recorded(hunt: Hunt, tmp_path: Path) -> None:
    done = detections.run(rule(tmp_path, f"{MAIL} | sort by Timestamp asc, NetworkMessageId asc | take 151"), hunt)
    assert done == detections.Run(rows=151, raised=150, repeated=0, lost=1, error_code="queryExceededResultSize")
    raised = hunt.query(f"{RAISED} | summarize count(), dcount(AlertId), take_any(Title, Severity)")
    assert raised.rows() == [(150, 150, "A rule", "High")]
    run = 'AirAudit | where Event == "detection run" | extend d = parse_json(Detail)'
    recorded = hunt.query(f"{run} | project tolong(d.lost), tostring(d.errorCode)")
    assert recorded.rows() == [(1, "queryExceededResultSize")]
    assert hunt.air.verify().sound


@pytest.mark.parametrize(
    ("query", "why"),
    [
        (
            f"EmailEvents | join kind=inner EmailUrlInfo on NetworkMessageId | {KEPT}",
            "join",
        ),
        (f"EmailEvents | lookup EmailUrlInfo on NetworkMessageId | {KEPT}", "join"),
        (f"EmailEvents | union EmailEvents | {KEPT}", "union"),
        (f"{MAIL} // why", "comment"),
        (f"{MAIL} | where NetworkMessageId in ((EmailUrlInfo | project NetworkMessageId))", "reads 2"),
        (f"CampaignInfo | {KEPT}", "CampaignInfo is not read so"),
        (
            f"EmailEvents | where LatestDeliveryLocation == 'Junk folder' | {KEPT}",
            "LatestDelivery",
        ),
    ],
)
def test_24_a_continuous_rule_with_a_join_is_refused_when_it_is_saved(hunt: Hunt, tmp_path: Path, query: str, why: str) -> None:
    message = refused(hunt, rule(tmp_path, query, kind="NRT"))
    assert why in message and "continuous" in message and "kind: Scheduled" in message
    detections.check(rule(tmp_path, MAIL, kind="NRT"), hunt)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("EmailEvents | project Timestamp, NetworkMessageId, RecipientEmailAddress", "ReportId"),
        ("EmailEvents | summarize arg_max(Timestamp, ReportId) by Subject", "what was hit"),
        ("EmailEvents | project ReportId, RecipientEmailAddress", "Timestamp"),
        ("DeviceLogonEvents | project Timestamp, ReportId, AccountSid", "DeviceId"),
    ],
)
def test_25_a_rule_needs_columns_that_an_interactive_query_does_not(hunt: Hunt, tmp_path: Path, query: str, why: str) -> None:
    assert why in refused(hunt, rule(tmp_path, query))
    assert hunt.query(query).columns


def test_a_wrong_query_is_told_with_file_and_place(hunt: Hunt, tmp_path: Path) -> None:
    message = refused(hunt, rule(tmp_path, "EmailEvents | where Subjct has 'a'"))
    assert message.startswith("a rule.yaml:") and "Did you mean 'Subject'?" in message


def test_the_same_row_raises_its_alert_once(hunt: Hunt, tmp_path: Path) -> None:
    first = detections.run(rule(tmp_path, f"{MAIL} | take 3"), hunt)
    again = detections.run(rule(tmp_path, f"{MAIL} | take 3"), hunt)
    assert (first.raised, again.raised, again.repeated) == (3, 0, 3)
    assert hunt.query(f"{RAISED} | count").rows() == [(3,)]


def test_an_alert_has_its_message_and_its_mailbox(hunt: Hunt, tmp_path: Path) -> None:
    detections.run(rule(tmp_path, f"{MAIL} | take 1"), hunt)
    (mail,) = hunt.query(f"{MAIL} | take 1 | project NetworkMessageId, RecipientEmailAddress, Subject").rows()
    evidence = hunt.query(
        f"{RAISED} | project AlertId | join kind=inner AlertEvidence on AlertId"
        " | project EntityType, NetworkMessageId, AccountUpn, EmailSubject | sort by EntityType asc"
    )
    assert evidence.rows() == [("MailMessage", mail[0], "", mail[2]), ("Mailbox", mail[0], mail[1], "")]


@pytest.mark.parametrize(
    ("frequency", "hours"), [("5m", 1 / 3), ("1h", 4), ("3h", 12), ("PT12H", 48), ("24h", 720), ("1d", 720), ("14d", 720)]
)
def test_how_far_a_rule_looks_back(tmp_path: Path, frequency: str, hours: float) -> None:
    assert rule(tmp_path, MAIL, queryFrequency=frequency).lookback == timedelta(hours=hours)


def test_rows_before_the_lookback_do_not_count(hunt: Hunt, tmp_path: Path) -> None:
    given = rule(tmp_path, "EmailEvents | summarize arg_min(Timestamp, *) by EmailDirection", queryFrequency="1h")
    assert detections.run(given, hunt).rows <= 3
    late = hunt.query(f"{RAISED} | count").rows()[0][0]
    moved = rule(tmp_path, "EmailEvents | take 5 | extend Timestamp = Timestamp - 100d", queryFrequency="1d")
    assert detections.run(moved, hunt) == detections.Run(0, 0, 0, 0)
    assert hunt.query(f"{RAISED} | count").rows()[0][0] == late


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"severity": "Grave"}, "a rule.yaml:2: There is no severity 'Grave'. Known: Informational, Low, Medium, High."),
        ({"queryFrequency": "1m"}, "5 minutes to 14 days"),
        ({"queryFrequency": "soon"}, "no span"),
        ({"queryFrequency": "1d", "queryPeriod": "1h"}, "looks back at least as far"),
        ({"kind": "NRT", "queryFrequency": "1h"}, "has no 'queryFrequency'"),
        ({"triggerThreshold": "5"}, "'triggerThreshold' is not supported"),
        ({"tactics": "Impact"}, "must be a list"),
    ],
)
def test_mistakes_in_a_rule_are_told_with_their_line(tmp_path: Path, keys: dict[str, str], why: str) -> None:
    with pytest.raises(HuntingError) as caught:
        rule(tmp_path, MAIL, **keys)
    assert why in str(caught.value)


@pytest.mark.parametrize("file", sorted(LIBRARY.glob("*.yaml")), ids=lambda file: file.stem)
def test_shipped_rules_are_sound_and_raise_alerts(hunt: Hunt, file: Path) -> None:
    given = detections.load(file)
    assert file.stem == given.id
    assert detections.run(replace(given, lookback=timedelta(days=30)), hunt).raised > 0
