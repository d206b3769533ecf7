"""Sign-ins and what people do in cloud applications; whom attacks reached, and what the attacker does with their accounts."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from hunting.simulate import words
from hunting.simulate.campaigns import Campaign
from hunting.simulate.clicks import Clicks
from hunting.simulate.draw import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Flags,
    Ints,
    Rng,
    cumulative,
    guids,
    pick,
    repeat,
    same,
    texts,
    timestamps,
)
from hunting.simulate.people import Tenant
from hunting.simulate.values import CLEAN_SCL1, INBOX, PHISHING_SIMULATION

ATTACKER_IP = "203.0.113.66"
ATTACKER_HOST = "cdn-sync.example"
_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
)
_PLATFORMS = ("Windows 11", "iOS")
_APPS = ("Office 365 Exchange Online", "Microsoft Teams", "SharePoint Online", "Azure Portal")
_OPENED = 0.05  # of the inbox copies of a malicious file


@dataclass(frozen=True)
class Victims:
    """Employees whom an attack reached, and when."""

    person: Ints
    time: Ints


NOBODY = Victims(*(np.zeros(0, dtype=np.int64) for _ in range(2)))


def victims(campaign: Campaign, clicks: Clicks | None, rng: Rng, end: int) -> Victims:
    """Who reached the page of a malicious link, or opened a malicious file, once per person."""
    mail = campaign.mail
    if campaign.scenario.kind == "plain" or mail.verdict[0] <= CLEAN_SCL1 or PHISHING_SIMULATION in mail.policy:
        return NOBODY
    if campaign.scenario.kind == "shared-url":
        if clicks is None:
            return NOBODY
        copy, time = clicks.copy[clicks.reached], clicks.time[clicks.reached]
    else:
        copy = np.flatnonzero((mail.location == INBOX) & (mail.policy == 0) & (rng.random(len(mail.location)) < _OPENED))
        time = mail.time[mail.message[copy]] + rng.integers(MINUTE, 30 * MINUTE, len(copy))
    order = np.argsort(time, kind="stable")
    person, first = np.unique(mail.recipient[copy][order], return_index=True)
    kept = time[order][first] < end - HOUR  # room for what follows
    return Victims(person[kept], time[order][first][kept])


def activity(tenant: Tenant, rng: Rng, start: int, end: int, mean: float) -> tuple[Ints, Ints]:
    """Employees and times of everyday activity: on average `mean` per person and day of work, mostly in working hours."""
    busy = mean * (0.1 if (start // DAY + 3) % 7 >= 5 else 1.0)  # 1970-01-01 was a Thursday
    person, _ = repeat(rng.poisson(busy, tenant.employees - 1))  # the security team's mailbox is no person
    time = start + np.clip(rng.normal(11.5, 3.0, len(person)), 0, 23.99) * HOUR
    return person[time < end], time[time < end].astype(np.int64)


def everyday_sign_ins(tenant: Tenant, rng: Rng, start: int, end: int) -> pa.Table:
    """A day's rows of the sign-in tables; a few fail."""
    person, time = activity(tenant, rng, start, end, 1.2)
    error = np.array((0, 50126, 50074))[pick(rng, cumulative((96, 3, 1)), len(person))]
    return _sign_ins(tenant, rng, person, time, error, np.zeros(len(person), dtype=bool))


def risky_sign_ins(tenant: Tenant, rng: Rng, stolen: Victims, device_code: bool) -> pa.Table:
    """The attacker's sign-ins with stolen passwords or approved device codes.

    Who types in a device code is interrupted first and asked to confirm it (error 50199), in the same session.
    """
    time = stolen.time + rng.integers(MINUTE, 6 * MINUTE, len(stolen.time))
    asked = np.flatnonzero(np.repeat(device_code, len(time)))
    order = np.argsort(np.concatenate([asked, np.arange(len(time))]), kind="stable")
    person = np.concatenate([stolen.person[asked], stolen.person])[order]
    error = np.repeat([50199, 0], [len(asked), len(time)])[order]
    when = np.concatenate([time[asked] - 20 * SECOND, time])[order]
    return _sign_ins(tenant, rng, person, when, error, np.ones(len(person), dtype=bool))


def _sign_ins(tenant: Tenant, rng: Rng, person: Ints, time: Ints, error: Ints, risky: Flags) -> pa.Table:
    size, who = len(person), pa.array(person)
    device = pick(rng, cumulative((80, 20)), size)
    places = [words.PLACES[code] for code in words.LANGUAGES] + [("BR", "Brazil", "Belém")]
    place = np.where(risky, len(places) - 1, tenant.language[person])
    application = texts(_APPS, pick(rng, cumulative((50, 25, 23, 2)), size))
    return pa.table(
        {
            "Timestamp": timestamps(time),
            "Application": application,
            "ResourceDisplayName": application,
            "AccountDisplayName": tenant.name.take(who),
            "AccountObjectId": tenant.object_id.take(who),
            "AccountUpn": tenant.address.take(who),
            "LogonType": pa.array(['["interactiveUser"]'] * size, pa.string()),
            "ErrorCode": pa.array(error, pa.int32()),
            "CorrelationId": guids(rng, size),
            "SessionId": guids(rng, size),
            "IPAddress": _address(tenant, person, risky),
            "Country": texts([code for code, _, _ in places], place),
            "City": texts([city for _, _, city in places], place),
            "Browser": texts(("Chrome 131.0", "Mobile Safari"), device),
            "ClientAppUsed": texts(("Browser", "Mobile Apps and Desktop clients"), device),
            "OSPlatform": texts(_PLATFORMS, np.where(risky, 0, device)),
            "UserAgent": texts((*_AGENTS, "python-requests/2.32"), np.where(risky, 2, device)),
            "IsManaged": pa.array(np.where(risky, 0, 1), pa.int32()),
            "IsCompliant": pa.array(np.where(risky, 0, 1), pa.int32()),
            "IsExternalUser": pa.array(np.zeros(size), pa.int32()),
            "AuthenticationRequirement": texts(
                ("multiFactorAuthentication", "singleFactorAuthentication"), risky.astype(np.int64)
            ),
            "RiskLevelDuringSignIn": pa.array(np.where(risky, 100, 0), pa.int32()),
            "RiskLevelAggregated": pa.array(np.where(risky, 100, 0), pa.int32()),
            "RiskState": pa.array(np.where(risky, 4, 0), pa.int32()),
            "RiskEventTypes": texts(("", '["unfamiliarFeatures","anonymizedIPAddress"]'), risky.astype(np.int64)),
            "ReportId": guids(rng, size),
        }
    )


def _address(tenant: Tenant, person: Ints, attacker: Flags) -> pa.Array:
    known = pa.concat_arrays([tenant.ip, pa.array([ATTACKER_IP])])
    return known.take(pa.array(np.where(attacker, tenant.size, person)))


def logons(rng: Rng, sign_ins: pa.Table) -> pa.Table:
    """Rows of IdentityLogonEvents that go with rows of the sign-in tables."""
    failed = sign_ins["ErrorCode"].to_numpy() != 0
    size = sign_ins.num_rows
    shared = ("Timestamp", "AccountDisplayName", "AccountObjectId", "AccountUpn", "IPAddress", "OSPlatform")
    return pa.table(
        {
            **{name: sign_ins[name] for name in shared},
            "ActionType": texts(("LogonSuccess", "LogonFailed"), failed.astype(np.int64)),
            "FailureReason": texts(("", "WrongPassword"), failed.astype(np.int64)),
            "Application": same("Microsoft 365", size),
            "LogonType": same("OAuth2:Login", size),
            "AccountDomain": same(words.TENANT_DOMAIN, size),
            "Location": sign_ins["Country"],
            "ReportId": guids(rng, size),
        }
    )


def everyday_cloud(tenant: Tenant, rng: Rng, start: int, end: int) -> pa.Table:
    """A day's rows of CloudAppEvents."""
    person, time = activity(tenant, rng, start, end, 0.6)
    kinds = ("MailItemsAccessed", "FileDownloaded", "FileUploaded", "FileAccessed")
    kind = [kinds[code] for code in pick(rng, cumulative((45, 20, 10, 25)), len(person)).tolist()]
    upn = tenant.address.take(pa.array(person)).to_pylist()
    raw = [{"Operation": action, "UserId": who} for action, who in zip(kind, upn, strict=True)]
    return _cloud(tenant, rng, person, time, kind, raw, np.zeros(len(person), dtype=bool))


def forwarding_rules(tenant: Tenant, rng: Rng, stolen: Victims) -> pa.Table:
    """The attacker's inbox rules: what arrives is forwarded outside."""
    target = {"Name": "ForwardTo", "Value": f"collector@{ATTACKER_HOST}"}
    upn = tenant.address.take(pa.array(stolen.person)).to_pylist()
    raw = [
        {
            "Operation": "New-InboxRule",
            "UserId": who,
            "ClientIP": ATTACKER_IP,
            "Parameters": [{"Name": "Name", "Value": "."}, target],
        }
        for who in upn
    ]
    time = stolen.time + rng.integers(8 * MINUTE, 20 * MINUTE, len(upn))
    return _cloud(tenant, rng, stolen.person, time, ["New-InboxRule"] * len(upn), raw, np.ones(len(upn), dtype=bool))


def user_report(tenant: Tenant, rng: Rng, campaign: Campaign) -> pa.Table:
    """The row of CloudAppEvents of the user who reported a message: the one whose copy came first."""
    mail = campaign.mail
    copy = int(np.argmin(np.where(mail.location == INBOX, mail.time[mail.message], np.iinfo(np.int64).max)))
    message_id = mail.headers["NetworkMessageId"][int(mail.message[copy])].as_py()
    raw = [{"Operation": "UserSubmission", "NetworkMessageId": message_id, "SubmissionType": "Phish"}]
    when = np.array([campaign.verdict_time])
    return _cloud(tenant, rng, mail.recipient[[copy]], when, ["UserSubmission"], raw, np.zeros(1, dtype=bool))


def _cloud(
    tenant: Tenant, rng: Rng, person: Ints, time: Ints, action: list[str], raw: list[dict[str, object]], attacker: Flags
) -> pa.Table:
    size, who = len(person), pa.array(person)
    files = [name.startswith("File") for name in action]
    application = texts(("Microsoft Exchange Online", "Microsoft SharePoint Online"), np.array(files, dtype=np.int64))
    country = [words.PLACES[code][0] for code in words.LANGUAGES] + ["BR"]
    return pa.table(
        {
            "Timestamp": timestamps(time),
            "ActionType": pa.array(action, pa.string()),
            "Application": application,
            "ApplicationId": pa.array(np.where(files, 20892, 20893), pa.int32()),
            "AccountDisplayName": tenant.name.take(who),
            "AccountId": tenant.address.take(who),
            "AccountObjectId": tenant.object_id.take(who),
            "AccountType": same("Regular", size),
            "IPAddress": _address(tenant, person, attacker),
            "IsAnonymousProxy": pa.array(attacker),
            "CountryCode": texts(country, np.where(attacker, len(country) - 1, tenant.language[person])),
            "RawEventData": pa.array([json.dumps(item, separators=(",", ":")) for item in raw], pa.string()),
            "ReportId": guids(rng, size),
        }
    )
