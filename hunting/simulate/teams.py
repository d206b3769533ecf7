"""Chats in Teams (tables MessageEvents, MessageUrlInfo): among colleagues, and of strangers who send a campaign's link."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from hunting.simulate.campaigns import Campaign
from hunting.simulate.draw import MINUTE, Flags, Ints, Rng, glue, guids, numbers, same, texts, timestamps
from hunting.simulate.people import Tenant
from hunting.simulate.sign_ins import activity

_LINKED = 0.15  # of everyday chats


def everyday_chats(tenant: Tenant, rng: Rng, start: int, end: int) -> Iterator[tuple[str, pa.Table]]:
    """A day's chats between employees, some with a link that circulates."""
    person, time = activity(tenant, rng, start, end, 0.8)
    other = (person + rng.integers(1, tenant.employees - 1, len(person))) % (tenant.employees - 1)
    ids = guids(rng, len(person))
    sender = {
        "SenderEmailAddress": tenant.address.take(pa.array(person)),
        "SenderDisplayName": tenant.name.take(pa.array(person)),
        "SenderObjectId": tenant.object_id.take(pa.array(person)),
    }
    yield "MessageEvents", _messages(tenant, rng, ids, time, sender, other, np.zeros(len(person), dtype=bool))
    linked = np.flatnonzero(rng.random(len(person)) < _LINKED)
    known = tenant.urls.take(pa.array(rng.integers(0, tenant.urls.num_rows, len(linked))))
    yield "MessageUrlInfo", _links(rng, ids.take(pa.array(linked)), time[linked], known["Url"], known["UrlDomain"])


def campaign_chats(tenant: Tenant, rng: Rng, campaign: Campaign) -> Iterator[tuple[str, pa.Table]]:
    """The campaign's link, sent by a help desk that is none to as many employees as the scenario declares."""
    scenario, cloud = campaign.scenario, tenant.cloud()
    person = rng.permutation(cloud)[: scenario.chats]
    size = len(person)
    time = int(campaign.mail.time.min()) + rng.integers(0, max(scenario.spread, MINUTE), size)
    host = scenario.url.partition("://")[2].partition("/")[0]
    sender = {
        "SenderEmailAddress": same(f"helpdesk@{scenario.senders[0].rpartition('@')[2]}", size),
        "SenderDisplayName": same("Help Desk", size),
        "SenderObjectId": same(guids(rng, 1)[0].as_py(), size),
    }
    ids = guids(rng, size)
    yield "MessageEvents", _messages(tenant, rng, ids, time, sender, person, np.ones(size, dtype=bool))
    yield "MessageUrlInfo", _links(rng, ids, time, same(scenario.url, size), same(host, size))


def _messages(
    tenant: Tenant, rng: Rng, ids: pa.Array, time: Ints, sender: dict[str, pa.Array], recipient: Ints, external: Flags
) -> pa.Table:
    size = len(recipient)
    return pa.table(
        {
            "Timestamp": timestamps(time),
            "TeamsMessageId": ids,
            **sender,
            "SenderType": same("User", size),
            "RecipientDetails": _recipients(tenant, recipient),
            "IsOwnedThread": pa.array(~external),
            "MessageId": numbers(time // 1000),
            "ThreadId": glue("19:", guids(rng, size), "@unq.gbl.spaces"),
            "IsExternalThread": pa.array(external),
            "MessageFormatType": same("RichText", size),
            "DetectionMethods": same("{}", size),
            "ConfidenceLevel": same("{}", size),
            "DeliveryAction": same("Delivered", size),
            "DeliveryLocation": same("Teams", size),
            "SafetyTip": texts(("", "External sender"), external.astype(np.int64)),
            "ReportId": guids(rng, size),
        }
    )


def _recipients(tenant: Tenant, recipient: Ints) -> pa.Array:
    who = pa.array(recipient)
    columns = (column.take(who).to_pylist() for column in (tenant.address, tenant.name, tenant.object_id))
    fields = ("RecipientSmtpAddress", "RecipientDisplayName", "RecipientObjectId")
    people = [dict(zip(fields, row, strict=True), RecipientType="User") for row in zip(*columns, strict=True)]
    return pa.array([json.dumps([one], ensure_ascii=False, separators=(",", ":")) for one in people], pa.string())


def _links(rng: Rng, ids: pa.Array, time: Ints, url: pa.Array, host: pa.Array) -> pa.Table:
    return pa.table(
        {"Timestamp": timestamps(time), "TeamsMessageId": ids, "Url": url, "UrlDomain": host, "ReportId": guids(rng, len(ids))}
    )
