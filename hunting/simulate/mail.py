"""Everyday mail, and the shape that all simulated mail takes before it becomes rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from hunting.simulate.content import Draft, attachments, links, make_headers
from hunting.simulate.draw import HOUR, Flags, Ints, Rng, choose_by_row, cumulative, pick, pick_by_row, repeat, spread_over, zipf
from hunting.simulate.people import CORRESPONDENTS, FREEMAIL, PARTNER, Tenant
from hunting.simulate.values import (
    BULK,
    CLEAN,
    CLEAN_SCL1,
    DELETED_ITEMS,
    DROPPED,
    FAILED,
    IMPERSONATION,
    INBOUND,
    INBOX,
    JUNK,
    LOCATIONS,
    MALWARE,
    MALWARE_AV,
    ON_PREMISES,
    OUTBOUND,
    PHISH,
    PHISH_REPUTATION,
    PHISH_SPAM,
    PHISH_TEXT,
    QUARANTINE,
    SPAM,
    SPAM_HIGH,
    SPOOF,
    VERDICTS,
)


@dataclass(frozen=True)
class Events:
    """What happened to copies after delivery, in order of time: copy number, code of the kind of event, time."""

    copy: Ints
    kind: Ints
    time: Ints


NO_EVENTS = Events(*(np.zeros(0, dtype=np.int64) for _ in range(3)))


@dataclass(frozen=True)
class Mail:
    """Messages and their copies, one per recipient.

    Per message: `time` (microseconds), `direction`, `verdict`, `headers` (columns of EmailEvents under their KQL
    names). Per copy: `message`, `recipient` (directory number), `location` at delivery, `policy`.
    `files` and `urls` are sorted by their column `message`; `files.verdict`: the verdict on the file itself.
    """

    time: Ints
    direction: Ints
    verdict: Ints
    headers: pa.Table
    message: Ints
    recipient: Ints
    location: Ints
    policy: Ints
    files: pa.Table
    urls: pa.Table
    events: Events = NO_EVENTS
    discarded: Ints = field(
        default_factory=lambda: np.zeros(0, dtype=np.int64)
    )  # copies that their owners moved to Deleted items

    def with_events(self, events: Events) -> Mail:
        order = np.lexsort((events.copy, events.time))
        return replace(self, events=Events(events.copy[order], events.kind[order], events.time[order]))


_DIRECTION = cumulative((0.68, 0.22, 0.10))
_RECIPIENTS = cumulative([0.74, 0.11, 0.05, 0.03, *[0.02] * 2, *[0.002] * 14])  # 1 .. 20 recipients
_KIND = cumulative((0.52, 0.16, 0.20, 0.09, 0.03))  # of inbound senders, in the order of CORRESPONDENTS


def _shares(weights: Mapping[int, float], size: int) -> list[float]:
    return list(cumulative([weights.get(code, 0.0) for code in range(size)]))


_VERDICT_OF: tuple[Mapping[int, float], ...] = (  # by kind of sender
    {CLEAN: 30, CLEAN_SCL1: 69, SPAM: 0.5, IMPERSONATION: 0.1, SPOOF: 0.2, PHISH: 0.05},
    {CLEAN: 10, CLEAN_SCL1: 82, SPAM: 5, IMPERSONATION: 1.5, PHISH: 0.5, MALWARE: 0.5, PHISH_TEXT: 0.5},
    {CLEAN_SCL1: 88, BULK: 11, SPAM: 1},
    {CLEAN_SCL1: 6, SPAM: 50, SPAM_HIGH: 30, BULK: 8, PHISH_SPAM: 6},
    {
        CLEAN_SCL1: 4,
        SPOOF: 14,
        IMPERSONATION: 10,
        PHISH: 26,
        PHISH_REPUTATION: 14,
        PHISH_SPAM: 8,
        MALWARE: 10,
        MALWARE_AV: 8,
        PHISH_TEXT: 6,
    },
)
_VERDICT = np.array([_shares(weights, len(VERDICTS)) for weights in _VERDICT_OF])

# Where copies go, by class of verdict: clean, spam and low-confidence phish, malicious.
_PLACED: tuple[Mapping[int, float], ...] = (
    {INBOX: 97.5, JUNK: 1.3, DELETED_ITEMS: 0.7, FAILED: 0.3, DROPPED: 0.1, QUARANTINE: 0.1},
    {INBOX: 6, JUNK: 76, QUARANTINE: 16, DROPPED: 1, DELETED_ITEMS: 1},
    {INBOX: 9, JUNK: 3, QUARANTINE: 86, DROPPED: 2},
)
_LOCATION = np.array([_shares(weights, len(LOCATIONS)) for weights in _PLACED])
_CLASS = np.array([0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2])  # by verdict


def background(tenant: Tenant, hours: Ints, counts: Ints, rng: Rng) -> Mail:
    """Everyday mail: counts[i] copies in the hour that starts at hours[i] (microseconds)."""
    copies = int(counts.sum())
    sizes = _message_sizes(rng, copies, tenant.employees // 2)
    message, _ = repeat(sizes)
    count = len(sizes)
    first_copy = np.cumsum(sizes) - sizes
    time = np.repeat(hours, counts)[first_copy] + rng.integers(0, HOUR, count)
    direction = pick(rng, _DIRECTION, count)
    kind = pick(rng, _KIND, count)
    sender = _senders(tenant, rng, direction, kind)
    verdict = np.where(direction == INBOUND, pick_by_row(rng, _VERDICT, kind), CLEAN)
    recipient = _recipients(tenant, rng, direction, sizes)
    # Copies of one message mostly share their fate.
    fate = np.where(rng.random(copies) < 0.9, rng.random(count)[message], rng.random(copies))
    location = choose_by_row(fate, _LOCATION, _CLASS[verdict][message])
    draft = Draft(sender, recipient, sizes, kind, direction, verdict)
    files, urls = attachments(tenant, rng, verdict), links(tenant, rng, verdict, draft.news)
    headers = make_headers(tenant, rng, draft, files, urls)
    secops = recipient == tenant.secops
    return Mail(
        time,
        direction,
        verdict,
        headers,
        message,
        recipient,
        settle(tenant, recipient, np.where(secops, INBOX, location)),
        secops.astype(np.int64),
        files,
        urls,
    )


def settle(tenant: Tenant, recipient: Ints, location: Ints) -> Ints:
    """Locations in view of the recipient: what is delivered outside the cloud's mailboxes is On-premises/external."""
    cloud = np.zeros(tenant.size, dtype=bool)
    cloud[: tenant.employees] = ~tenant.on_premises
    delivered = np.isin(location, (INBOX, JUNK, DELETED_ITEMS))
    return np.where(~cloud[recipient] & delivered, ON_PREMISES, location)


def replaced(mail: Mail) -> Flags:
    """Copies that were delivered without their attachment."""
    return np.asarray((mail.verdict[mail.message] == MALWARE_AV) & (mail.location == INBOX))


def _message_sizes(rng: Rng, copies: int, limit: int) -> Ints:
    drawn = np.minimum(pick(rng, _RECIPIENTS, copies) + 1, max(1, limit))
    ends = np.cumsum(drawn)
    used = int(np.searchsorted(ends, copies)) + 1
    sizes = drawn[:used]
    sizes[-1] -= ends[used - 1] - copies
    return sizes


def _senders(tenant: Tenant, rng: Rng, direction: Ints, kind: Ints) -> Ints:
    sender = pick(rng, zipf(tenant.employees, 0.6), len(direction))
    for code in range(len(CORRESPONDENTS)):
        chosen = np.flatnonzero((direction == INBOUND) & (kind == code))
        pool = tenant.correspondents(code)
        sender[chosen] = pool[pick(rng, zipf(len(pool), 0.9), len(chosen))]
    return sender


def _recipients(tenant: Tenant, rng: Rng, direction: Ints, sizes: Ints) -> Ints:
    outward = direction == OUTBOUND
    inside = spread_over(rng, sizes, tenant.employees, pick(rng, zipf(tenant.employees, 0.4), len(sizes)))
    pool = tenant.correspondents(PARTNER, FREEMAIL)
    outside = pool[spread_over(rng, np.minimum(sizes, len(pool)), len(pool))] if len(pool) >= sizes.max() else None
    if outside is None:  # a tenant so small that its correspondents do not suffice: everyone outside
        pool = np.arange(tenant.employees, tenant.size)
        outside = pool[spread_over(rng, sizes, len(pool))]
    return np.where(np.repeat(outward, sizes), outside, inside)
