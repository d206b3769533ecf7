"""Scenario -> mail: copies, indicator, where they were delivered and what became of them, exactly as declared."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from hunting.simulate.draw import (
    MINUTE,
    SECOND,
    Ints,
    Rng,
    apportion,
    guids,
    hexadecimal,
    repeat,
    rng_for,
    same,
    spread_over,
)
from hunting.simulate.headers import scenario_headers
from hunting.simulate.mail import Events, Mail
from hunting.simulate.people import FREEMAIL, Tenant
from hunting.simulate.scenario import DISCARDED, Scenario
from hunting.simulate.values import (
    CLEAN,
    DIRECTIONS,
    EVENT_CODES,
    INBOX,
    JUNK,
    LOCATIONS,
    NO_POLICY,
    ON_PREMISES,
    PHISHING_SIMULATION,
    SCENARIO_VERDICTS,
    SECOPS_MAILBOX,
    VERDICTS,
)


@dataclass(frozen=True)
class Campaign:
    """A scenario's mail and what identifies it. `verdict_time`: microseconds, when it was recognised (or reported)."""

    scenario: Scenario
    mail: Mail
    sha256: str
    url: str
    campaign_id: str
    alert_id: str
    verdict_time: int


def make_campaign(tenant: Tenant, scenario: Scenario, seed: int, end: int) -> Campaign:
    """The scenario's copies, each message to at most `recipients_per_message` of the tenant's people."""
    rng = rng_for(seed, "campaign", scenario.name)
    location, recipient, sizes, policy = _copies(tenant, scenario, rng)
    message, _ = repeat(sizes)
    count = len(sizes)
    time = end - scenario.ago + rng.integers(0, max(scenario.spread, SECOND), count)
    verdict_time = end - scenario.ago + scenario.spread + scenario.verdict_after
    verdict = SCENARIO_VERDICTS[scenario.verdict]
    sha256 = scenario.sha256 or (hexadecimal(rng, 1, 32)[0].as_py() if scenario.file else "")
    files, urls = _file(scenario, rng, count, sha256, verdict), _url(scenario, count, verdict)
    mail = Mail(
        time,
        np.full(count, [direction.lower() for direction in DIRECTIONS].index(scenario.direction)),
        np.full(count, verdict),
        scenario_headers(tenant, scenario, rng, recipient, sizes, files, urls),
        message,
        recipient,
        location,
        policy,
        files,
        urls,
    )
    alert_id, campaign_id = hexadecimal(rng, 1, 16)[0].as_py(), guids(rng, 1)[0].as_py()
    mail = _aftermath(mail, scenario, rng, verdict_time)
    return Campaign(scenario, mail, sha256, scenario.url, campaign_id, alert_id, verdict_time)


def _copies(tenant: Tenant, scenario: Scenario, rng: Rng) -> tuple[Ints, Ints, Ints, Ints]:
    """Per copy location, recipient, policy, and the sizes of messages. Copies outside the cloud go to on-premises mailboxes."""
    counts = apportion(scenario.copies, [scenario.locations.get(name, 0.0) for name in LOCATIONS])
    outside = counts[ON_PREMISES]
    inside = np.repeat(np.arange(len(LOCATIONS)), [0 if code == ON_PREMISES else n for code, n in enumerate(counts)])
    secops = min(scenario.secops_copies, len(inside))
    inside = rng.permutation(inside[secops:])  # the first are Inbox copies: those the security team receives
    outsiders = tenant.correspondents(FREEMAIL) if scenario.direction == "outbound" else np.flatnonzero(tenant.on_premises)
    pools = [tenant.cloud(), outsiders, np.array([tenant.secops])]
    if scenario.recipients:
        pools = [rng.permutation(pool)[: scenario.recipients] for pool in pools]
    recipients, sizes = [], []
    for pool, total in zip(pools, (len(inside), outside, secops), strict=True):
        part = _sizes(rng, total, min(scenario.recipients_per_message, len(pool)))
        recipients.append(pool[spread_over(rng, part, len(pool))])
        sizes.append(part)
    location = np.concatenate([inside, np.full(outside, ON_PREMISES), np.full(secops, INBOX)])
    policy = np.full(len(location), PHISHING_SIMULATION if scenario.simulation else NO_POLICY)
    policy[len(location) - secops :] = SECOPS_MAILBOX
    return location, np.concatenate(recipients), np.concatenate(sizes), policy


def _sizes(rng: Rng, total: int, limit: int) -> Ints:
    """Message sizes of 1 .. limit that sum to `total`."""
    drawn = rng.integers(1, limit + 1, total)
    ends = np.cumsum(drawn)
    used = int(np.searchsorted(ends, total)) + 1 if total else 0
    sizes = drawn[:used]
    if used:
        sizes[-1] -= ends[used - 1] - total
    return sizes


def _file(scenario: Scenario, rng: Rng, count: int, sha256: str, verdict: int) -> pa.Table:
    size = int(rng.integers(20_000, 600_000))
    extension = scenario.file.rpartition(".")[2].lower()
    columns: dict[str, str] = {
        "FileName": scenario.file,
        "FileType": f"{extension};openxml" if extension in ("docm", "docx", "xlsm", "xlsx") else extension,
        "FileExtension": extension,
        "SHA256": sha256,
    }
    rows = count if scenario.file else 0
    file_verdict = verdict if scenario.kind == "shared-file" else CLEAN
    return pa.table(
        {
            "message": np.arange(rows),
            "verdict": np.full(rows, file_verdict),
            **{name: same(value, rows) for name, value in columns.items()},
            "FileSize": pa.array(np.full(rows, size)),
        }
    )


def _url(scenario: Scenario, count: int, verdict: int) -> pa.Table:
    rows = count if scenario.url else 0
    host = scenario.url.partition("://")[2].partition("/")[0]
    columns = {"Url": scenario.url, "UrlDomain": host, "UrlLocation": scenario.url_location}
    return pa.table(
        {
            "message": np.arange(rows),
            **{name: same(value, rows) for name, value in columns.items()},
            "malicious": pa.array(np.full(rows, VERDICTS[verdict].types != "")),
            **({"UrlChain": same(json.dumps([scenario.url, *scenario.redirects]), rows)} if scenario.redirects else {}),
        }
    )


def _aftermath(mail: Mail, scenario: Scenario, rng: Rng, verdict_time: int) -> Mail:
    """Events on exactly the declared shares of the copies in Inbox and Junk; ZAP within 40 s after the verdict."""
    candidates = rng.permutation(np.flatnonzero(np.isin(mail.location, (INBOX, JUNK)) & (mail.policy != SECOPS_MAILBOX)))
    shares = scenario.after_delivery
    counts = apportion(len(candidates), [*shares.values(), max(0.0, 1 - sum(shares.values()))])
    parts = dict(zip([*shares, ""], np.split(candidates, np.cumsum(counts)[:-1]), strict=True))
    discarded = parts.pop(DISCARDED, candidates[:0])
    kinds = [name for name in parts if name]
    copies = np.concatenate([candidates[:0], *(parts[name] for name in kinds)])
    codes = np.repeat(np.array([EVENT_CODES[name] for name in kinds], dtype=np.int64), [len(parts[name]) for name in kinds])
    by_zap = np.repeat([("zap" in name) for name in kinds], [len(parts[name]) for name in kinds]).astype(bool)
    wait = np.where(by_zap, rng.integers(0, 40 * SECOND, len(copies)), rng.integers(2 * MINUTE, 60 * MINUTE, len(copies)))
    return replace(mail, discarded=np.sort(discarded)).with_events(Events(copies, codes, verdict_time + wait))


def campaign_rows(tenant: Tenant, campaign: Campaign, rng: Rng) -> pa.Table:
    """Rows of CampaignInfo: the campaign's copies, if it is an attack."""
    mail, scenario = campaign.mail, campaign.scenario
    types = VERDICTS[SCENARIO_VERDICTS[scenario.verdict]].types
    rows = len(mail.message) if types and not scenario.simulation else 0
    message = pa.array(mail.message[:rows])
    return pa.table(
        {
            "Timestamp": pa.array(mail.time[mail.message[:rows]]).cast(pa.timestamp("us")),
            "CampaignName": same(scenario.name, rows),
            "CampaignId": same(campaign.campaign_id, rows),
            "CampaignType": pa.array([types.split(",")[0]] * rows, pa.string()),
            "CampaignSubtype": same(scenario.subtype, rows),
            "NetworkMessageId": mail.headers["NetworkMessageId"].take(message),
            "RecipientEmailAddress": tenant.address.take(pa.array(mail.recipient[:rows])),
            "ReportId": guids(rng, rows),
        }
    )
