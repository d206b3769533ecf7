"""Scenario files: what is wrong in one is told with file, key and cure."""

from __future__ import annotations

from pathlib import Path

import pytest
from memory import SHIPPED, made

from hunting.errors import HuntingError
from hunting.simulate import load_scenarios, words


def test_encoded_hosts_decode() -> None:
    scenarios = [host for scenario in load_scenarios([SHIPPED]) for host in scenario.senders if host.startswith("xn--")]
    hosts = [host for host in (*words.PHISH_DOMAINS, *words.SPAM_DOMAINS, *scenarios) if host.startswith("xn--")]
    assert len(hosts) >= 4 and all(host.encode().decode("idna") != host for host in hosts)


def test_an_unknown_scenario_cannot_be_left_out() -> None:
    with pytest.raises(HuntingError, match=r"no scenario 'mail-bomb'.*Did you mean 'mail-bombing'"):
        made(scenarios=None, without={"mail-bomb"})


def test_too_few_messages_or_days_for_the_scenarios() -> None:
    with pytest.raises(HuntingError, match=r"hold 240 copies, and only 100 messages.*at least 240"):
        made(messages=100, scenarios=[SHIPPED / "all-blocked.yaml"])
    with pytest.raises(HuntingError, match=r"all-blocked starts before the simulation.*more days"):
        made(messages=300, days=2, scenarios=[SHIPPED / "all-blocked.yaml"])


VALID = """
kind: shared-file
copies: 10
verdict: malware
ago: 1d
subjects: [Hello]
senders: [evil.example]
file: a.docm
locations: {Inbox/folder: 1}
"""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("coppies: 3", r"mine.yaml: 'coppies' is not a key.*Did you mean 'copies'"),
        ("copies: many", r"'copies' must be a whole number, not 'many'"),
        ("copies: 0", r"'copies' must be at least 1"),
        ("verdict: phsh", r"'verdict' cannot be 'phsh'.*Did you mean 'phish'"),
        ("ago: 3 days", r"'ago' must be a time span.*30m, 2h, 3.5d"),
        ("locations: {Inbx/folder: 1}", r"'locations' knows no 'Inbx/folder'.*Did you mean 'Inbox/folder'"),
        ("locations: {Inbox/folder: 0.5}", r"'locations' has shares that sum to 0.5.*must sum to 1"),
        ("after_delivery: {malware zap: 2}", r"has a share of 2 for 'malware zap'.*between 0 and 1"),
        ("after_delivery: {malware zap: 0.7, soft delete: 0.7}", r"'after_delivery' has shares that sum to more than 1"),
        ("alert: Email messages removed", r"'alert' cannot be.*Did you mean 'Email messages removed after delivery'"),
        ("kind: shared-url", r"'url' is missing, and the kind is shared-url"),
        ("clicks: {share: 0.1}", r"'clicks' needs a link"),
        ("secops_copies: 11", r"'secops_copies' is larger"),
        ("simulation: maybe", r"'simulation' must be true or false"),
        ("subjects: Hello", r"'subjects' must be a list"),
        ("senders: []", r"'senders' must be a list"),
        ("direction: sideways", r"'direction' cannot be 'sideways'.*inbound; intra-org; outbound"),
        ("direction: outbound", r"'senders' cannot be chosen for outbound mail"),
        ("sha256: abc", r"'sha256' must be a SHA-256"),
        ("network: 10.1", r"'network' must be the start of an IPv4 address"),
        ("url_location: Boddy", r"'url_location' cannot be 'Boddy'.*Did you mean 'Body'"),
        ("redirects: https://x.example", r"'redirects' must be a list"),
        ("sign_in: magic", r"'sign_in' cannot be 'magic'"),
        ("chats: 3", r"'chats' need a link"),
        ("recipients: 0", r"'recipients' must be at least 1"),
        ("ago: 10m", r"mine is not over when the simulation ends"),
    ],
)
def test_a_wrong_scenario_names_file_key_and_cure(tmp_path: Path, line: str, message: str) -> None:
    key = line.partition(":")[0]
    kept = [given for given in VALID.strip().splitlines() if not given.startswith(f"{key}:")]
    file = tmp_path / "mine.yaml"
    file.write_text("\n".join([*kept, line]), encoding="utf-8")
    with pytest.raises(HuntingError, match=message):
        made(scenarios=[file])


@pytest.mark.parametrize(
    ("text", "message"), [("- 1", "must be a mapping"), ("a: [", "is not YAML"), ("copies: 1", "'kind' is missing")]
)
def test_a_file_that_is_no_scenario(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(HuntingError, match=message):
        made(scenarios=[file])
    with pytest.raises(HuntingError, match="cannot be read"):
        made(scenarios=[tmp_path / "missing.yaml"])
