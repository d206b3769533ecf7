"""What filtering and administrators do to everyday mail after delivery (page: Zero-hour auto purge)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hunting.simulate.draw import DAY, HOUR, MINUTE, Flags, Ints, Rng, cumulative, pick
from hunting.simulate.mail import Events, Mail, replaced
from hunting.simulate.values import (
    EVENT_CODES,
    INBOX,
    JUNK,
    MALWARE,
    MALWARE_AV,
    NO_POLICY,
    PHISH,
    QUARANTINE,
    SPAM,
    SPOOF,
)

WINDOW = 48 * HOUR  # ZAP looks no further back

_ZAPS: tuple[Mapping[str, float], ...] = (  # by class of verdict: kind of event -> weight
    {"spam zap": 95, "spam zap policy": 5},
    {"phish zap junk": 80, "phish zap": 15, "phish zap policy": 5},
    {"phish zap": 90, "phish zap policy": 6, "phish zap error": 4},
    {"malware zap": 96, "malware zap error": 4},
)
_MANUAL: Mapping[str, float] = {"soft delete": 50, "hard delete": 10, "junk": 25, "deleted items": 15}


def everyday_events(mail: Mail, rng: Rng, end: int) -> Events:
    """ZAP of what was recognised after delivery, some redelivery of false positives, releases and manual remediation.

    Nothing happens at or after `end` (microseconds): the copy is then still where it was.
    """
    verdict = mail.verdict[mail.message]
    malware = np.isin(verdict, (MALWARE, MALWARE_AV))
    category = np.select([malware, verdict >= PHISH, verdict >= SPOOF, verdict >= SPAM], [3, 2, 1, 0], -1)
    # Malware is taken out of any folder, the rest out of the inbox.
    place = (mail.location == INBOX) | ((mail.location == JUNK) & (category == 3))
    zappable = (category >= 0) & place & (mail.policy == NO_POLICY) & ~replaced(mail)
    zapped = zappable & (rng.random(len(verdict)) < np.where(category == 0, 0.5, 0.85))
    parts = [_zap(mail, rng, np.flatnonzero(zapped), category)]
    parts.append(_redelivery(parts[0], rng))
    parts.append(_some(mail, rng, zappable & ~zapped, 0.4, _MANUAL))
    parts.append(_some(mail, rng, (mail.location == QUARANTINE) & (category <= 1), 0.02, {"release": 1}))
    joined = Events(*(np.concatenate(column) for column in zip(*((p.copy, p.kind, p.time) for p in parts), strict=True)))
    kept = joined.time < end
    return Events(joined.copy[kept], joined.kind[kept], joined.time[kept])


def _zap(mail: Mail, rng: Rng, copies: Ints, category: Ints) -> Events:
    kinds = np.array([_kinds(rng, weights, len(copies)) for weights in _ZAPS])
    # A verdict changes for a message, not for a copy: its copies go within a minute of each other.
    delay = np.minimum(rng.lognormal(np.log(40 * MINUTE), 1.3, len(mail.time)), WINDOW - 2 * MINUTE).astype(np.int64)
    message = mail.message[copies]
    time = mail.time[message] + delay[message] + rng.integers(0, MINUTE, len(copies))
    return Events(copies, kinds[category[copies], np.arange(len(copies))], time)


def _redelivery(zap: Events, rng: Rng) -> Events:
    """Reverse ZAP: what turns out to be harmless goes back to the inbox."""
    back = np.flatnonzero((zap.kind == EVENT_CODES["phish zap"]) & (rng.random(len(zap.kind)) < 0.05))
    code = np.full(len(back), EVENT_CODES["redelivery"])
    return Events(zap.copy[back], code, zap.time[back] + rng.integers(HOUR, DAY, len(back)))


def _some(mail: Mail, rng: Rng, chosen: Flags, share: float, weights: Mapping[str, float]) -> Events:
    copies = np.flatnonzero(chosen & (rng.random(len(chosen)) < share))
    time = mail.time[mail.message[copies]] + rng.integers(HOUR, 3 * DAY, len(copies))
    return Events(copies, _kinds(rng, weights, len(copies)), time)


def _kinds(rng: Rng, weights: Mapping[str, float], size: int) -> Ints:
    codes = np.array([EVENT_CODES[name] for name in weights])
    return np.asarray(codes[pick(rng, cumulative(list(weights.values())), size)])
