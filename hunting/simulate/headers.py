"""Whose name a scenario's messages carry: the columns of EmailEvents that are the same for all copies of a message."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from hunting.simulate import words
from hunting.simulate.content import per_message, sizes_in_bytes
from hunting.simulate.draw import Ints, Rng, addresses_v4, glue, guids, hexadecimal, json_lists, same, texts
from hunting.simulate.people import Tenant
from hunting.simulate.scenario import Scenario

_ROLES = ("no-reply", "service", "billing")


def scenario_headers(
    tenant: Tenant, scenario: Scenario, rng: Rng, recipient: Ints, sizes: Ints, files: pa.Table, urls: pa.Table
) -> pa.Table:
    """One row per message; `recipient`: directory numbers per copy, `sizes`: copies per message."""
    count = len(sizes)
    return pa.table(
        {
            "NetworkMessageId": guids(rng, count),
            **(_from_outside(tenant, scenario, rng, count) if scenario.senders else _from_inside(tenant, scenario, rng, count)),
            "Subject": pa.array(_in_turn(scenario.subjects, count)),
            "EmailClusterId": pa.array(np.full(count, rng.integers(2**31, 2**32))),
            "EmailLanguage": same(scenario.language, count),
            "EmailSize": pa.array(sizes_in_bytes(rng, count, files), pa.int32()),
            "AttachmentCount": per_message(files, count),
            "UrlCount": per_message(urls, count),
            "BulkComplaintLevel": pa.array(np.zeros(count), pa.int32()),
            "To": json_lists(tenant.address.take(pa.array(recipient)), sizes),
            "Cc": pa.array(["[]"] * count),
            "DistributionList": same("", count),
            **({"IsFirstContact": pa.array(np.ones(count, dtype=bool))} if scenario.first_contact else {}),
        }
    )


def _in_turn(values: tuple[str, ...], count: int) -> list[str]:
    """A value per message; {n} is the message's number."""
    return [values[at % len(values)].replace("{n}", str(at + 1)) for at in range(count)]


def _from_outside(tenant: Tenant, scenario: Scenario, rng: Rng, count: int) -> dict[str, pa.Array]:
    given = _in_turn(scenario.senders, count)
    role = texts(_ROLES, rng.integers(0, len(_ROLES), count)).to_pylist()
    address = [text if "@" in text else f"{local}@{text}" for text, local in zip(given, role, strict=True)]
    domain = [text.rpartition("@")[2] for text in address]
    shown = _in_turn(scenario.sender_names, count) if scenario.sender_names else [scenario.senders[0]] * count
    if any("{colleague}" in name for name in shown):
        colleague = tenant.name[int(rng.choice(tenant.cloud()))].as_py()
        shown = [name.replace("{colleague}", colleague) for name in shown]
    envelope = [scenario.envelope or host for host in domain]
    bounce = [f"bounce@{scenario.envelope}"] * count if scenario.envelope else address
    block, _, third = scenario.network.rpartition(".")
    return {
        "InternetMessageId": glue("<", hexadecimal(rng, count, 12), "@", pa.array(envelope), ">"),
        "SenderMailFromAddress": pa.array(bounce),
        "SenderMailFromDomain": pa.array(envelope),
        "SenderFromAddress": pa.array(address),
        "SenderFromDomain": pa.array(domain),
        "SenderDisplayName": pa.array(shown),
        "SenderObjectId": same("", count),
        "SenderIPv4": addresses_v4(block, int(third) * 256 + rng.integers(1, 60, count)),
    }


def _from_inside(tenant: Tenant, scenario: Scenario, rng: Rng, count: int) -> dict[str, pa.Array]:
    person = int(rng.choice(tenant.cloud()))
    address = tenant.address[person].as_py()
    forwarded = f'[{{"ForwardingUser":"{address}","ForwardingType":"SMTP forwarding"}}]' if scenario.forwarded else ""
    return {
        "InternetMessageId": glue("<", hexadecimal(rng, count, 12), f"@{words.TENANT_DOMAIN}>"),
        "SenderMailFromAddress": same(address, count),
        "SenderMailFromDomain": same(words.TENANT_DOMAIN, count),
        "SenderFromAddress": same(address, count),
        "SenderFromDomain": same(words.TENANT_DOMAIN, count),
        "SenderDisplayName": same(tenant.name[person].as_py(), count),
        "SenderObjectId": same(tenant.object_id[person].as_py(), count),
        "SenderIPv4": same(tenant.ip[person].as_py(), count),
        "ForwardingInformation": same(forwarded, count),
    }
