"""Settings, verdicts, decisions and statuses are pure functions: tables of cases."""

from __future__ import annotations

import pytest

from hunting.air.clusters import CLUSTERS
from hunting.air.policy import (
    ActionStatus,
    Outcome,
    Status,
    Verdict,
    cluster_verdict,
    decide,
    status_of,
)
from hunting.air.settings import Settings, setting, settings_from
from hunting.errors import AirError

BAD, MAYBE, GOOD, UNKNOWN = Verdict.MALICIOUS, Verdict.SUSPICIOUS, Verdict.NO_THREATS, Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("verdict", "copies", "in_mailbox", "restored", "enabled", "outcome"),
    [
        (BAD, 10_000, 1, 0, True, Outcome.AUTOMATIC),
        (BAD, 10_001, 1, 0, True, Outcome.PENDING),
        (BAD, 10_001, 0, 0, True, Outcome.PREVENTED),
        (BAD, 5, 5, 0, False, Outcome.PENDING),
        (BAD, 5, 0, 0, True, Outcome.PREVENTED),
        (BAD, 5, 0, 0, False, Outcome.PREVENTED),
        (BAD, 5, 5, 1, True, Outcome.PENDING),
        (MAYBE, 5, 5, 0, True, Outcome.NONE),
        (GOOD, 5, 5, 0, True, Outcome.NONE),
        (UNKNOWN, 5, 5, 0, True, Outcome.NONE),
    ],
)
def test_decision(verdict: Verdict, copies: int, in_mailbox: int, restored: int, enabled: bool, outcome: Outcome) -> None:
    decision = decide(verdict, copies, in_mailbox, restored, enabled, limit=10_000)
    assert decision.outcome is outcome
    assert decision.reason.endswith(".")


@pytest.mark.parametrize(
    ("entity", "copies", "malicious", "harmful", "verdict"),
    [
        (BAD, 100, 0, 0, BAD),
        (GOOD, 100, 100, 100, GOOD),
        (UNKNOWN, 5, 3, 3, BAD),
        (UNKNOWN, 2, 2, 2, GOOD),
        (UNKNOWN, 100_000, 40, 40, GOOD),
        (UNKNOWN, 6, 3, 3, GOOD),
        (UNKNOWN, 6, 3, 4, MAYBE),
        (MAYBE, 1, 1, 1, MAYBE),
    ],
)
def test_verdict_on_a_cluster(entity: Verdict, copies: int, malicious: int, harmful: int, verdict: Verdict) -> None:
    assert cluster_verdict(entity, copies, malicious, harmful) is verdict


PENDING, DONE, NO, OLD, IDLE, RUNNING = (
    ActionStatus.PENDING,
    ActionStatus.COMPLETED,
    ActionStatus.REJECTED,
    ActionStatus.EXPIRED,
    ActionStatus.CANCELLED,
    ActionStatus.RUNNING,
)


@pytest.mark.parametrize(
    ("verdicts", "actions", "status"),
    [
        ([], [], Status.NO_THREATS),
        ([GOOD], [], Status.NO_THREATS),
        ([BAD], [], Status.PARTIALLY_INVESTIGATED),
        ([MAYBE], [], Status.PARTIALLY_INVESTIGATED),
        ([BAD], [PENDING], Status.PENDING),
        ([BAD], [PENDING, NO], Status.PENDING),
        ([BAD], [PENDING, DONE], Status.PARTIALLY_REMEDIATED),
        ([BAD], [DONE, RUNNING, PENDING], Status.RUNNING),
        ([BAD], [ActionStatus.APPROVED], Status.RUNNING),
        ([BAD], [DONE], Status.REMEDIATED),
        ([BAD], [NO], Status.REMEDIATED),
        ([BAD], [IDLE, DONE], Status.REMEDIATED),
        ([BAD], [OLD], Status.TERMINATED_BY_SYSTEM),
    ],
)
def test_status_of_an_investigation(verdicts: list[Verdict], actions: list[ActionStatus], status: Status) -> None:
    assert status_of(verdicts, actions) is status


def test_nothing_is_automatic_by_default() -> None:
    assert settings_from({}) == Settings(frozenset(), "Soft delete", 10_000, "Automated Remediation")


@pytest.mark.parametrize(
    ("key", "value", "stored"),
    [
        ("similar_files", True, ("similar-files", "on")),
        ("similar-urls", "ON", ("similar-urls", "on")),
        ("similar-urls", "false", ("similar-urls", "off")),
        ("remediation_action", "soft-delete", ("remediation-action", "Soft delete")),
        ("automatic_limit", "9,999", ("automatic-limit", "9999")),
        ("automatic_limit", 10_000, ("automatic-limit", "10000")),
        ("approved_action_type", "manual remediation", ("approved-action-type", "Manual Remediation")),
    ],
)
def test_setting(key: str, value: object, stored: tuple[str, str]) -> None:
    assert setting(key, value, CLUSTERS) == stored


@pytest.mark.parametrize(
    ("key", "value", "message", "hint"),
    [
        ("similar_file", True, "no AIR setting 'similar-file'", "similar-files"),
        ("similar_files", "$true", "'$true' is not a value", "on or off"),
        ("similar_files", 1, "'1' is not a value", "on or off"),
        ("remediation_action", "Hard delete", "'Hard delete' cannot be the automatic action", "Soft delete is the only"),
        ("automatic_limit", 10_001, "'10001' is not a value", "from 1 to 10,000"),
        ("automatic_limit", True, "'True' is not a value", "from 1 to 10,000"),
        ("automatic_limit", "², ", "is not a value", "from 1 to 10,000"),
        ("approved_action_type", "Automation", "'Automation' is not a value", "Manual Remediation"),
    ],
)
def test_setting_refused(key: str, value: object, message: str, hint: str) -> None:
    with pytest.raises(AirError) as caught:
        setting(key, value, CLUSTERS)
    assert message in caught.value.message
    assert hint in caught.value.hint
