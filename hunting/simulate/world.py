"""What happens beside mail: a day after the other on accounts and devices, and what follows when an attack succeeds.

Each campaign draws for itself, so that one can be left out and nothing else changes. To be found by hunting: who entered a
password on a campaign's page is signed in from the attacker's address one to six minutes later with risk, and gets an inbox rule
that forwards mail outside; who opened a campaign's file has it on the device, with a script it started calling the attacker.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from hunting.simulate.campaigns import Campaign
from hunting.simulate.devices import (
    Devices,
    attack_network,
    attack_processes,
    device_logons,
    everyday_network,
    everyday_processes,
    inventory,
    make_devices,
    opened_files,
    saved_files,
)
from hunting.simulate.draw import DAY, Rng, rng_for
from hunting.simulate.people import Tenant
from hunting.simulate.sign_ins import Victims, everyday_cloud, everyday_sign_ins, forwarding_rules, logons, risky_sign_ins
from hunting.simulate.teams import campaign_chats, everyday_chats

_EVERYDAY = {
    "DeviceInfo": inventory,
    "DeviceLogonEvents": device_logons,
    "DeviceProcessEvents": everyday_processes,
    "DeviceFileEvents": saved_files,
    "DeviceNetworkEvents": everyday_network,
}

Rows = Iterator[tuple[str, pa.Table]]


def surroundings(tenant: Tenant, seed: int, campaigns: list[Campaign], reached: list[Victims], begin: int, end: int) -> Rows:
    """Rows of the tables around mail, with their table's name, between `begin` and `end` (microseconds).

    `reached`: per campaign, whom it reached. Everyday activity starts at the first midnight.
    """
    devices = make_devices(tenant, seed)
    for day in range(-(-begin // DAY), -(-end // DAY)):
        yield from _day(tenant, devices, rng_for(seed, "day", day), day * DAY, end)
    for campaign, whom in zip(campaigns, reached, strict=True):
        if campaign.scenario.chats:
            yield from campaign_chats(tenant, rng_for(seed, "chats", campaign.scenario.name), campaign)
        if len(whom.person):
            yield from _aftermath(tenant, devices, rng_for(seed, "aftermath", campaign.scenario.name), campaign, whom)


def _aftermath(tenant: Tenant, devices: Devices, rng: Rng, campaign: Campaign, whom: Victims) -> Rows:
    if campaign.scenario.kind == "shared-file":
        yield "DeviceFileEvents", opened_files(tenant, devices, rng, whom, campaign)
        yield "DeviceProcessEvents", attack_processes(tenant, devices, rng, whom)
    else:
        yield from _accounts(rng, risky_sign_ins(tenant, rng, whom, campaign.scenario.sign_in == "device-code"))
        yield "CloudAppEvents", forwarding_rules(tenant, rng, whom)
    yield "DeviceNetworkEvents", attack_network(tenant, devices, rng, whom, campaign)


def _day(tenant: Tenant, devices: Devices, rng: Rng, start: int, end: int) -> Rows:
    yield from _accounts(rng, everyday_sign_ins(tenant, rng, start, end))
    yield "CloudAppEvents", everyday_cloud(tenant, rng, start, end)
    for table, make in _EVERYDAY.items():
        yield table, make(tenant, devices, rng, start, end)
    yield from everyday_chats(tenant, rng, start, end)


def _accounts(rng: Rng, sign_ins: pa.Table) -> Rows:
    # The table was renamed; published queries still read its old name.
    yield "EntraIdSignInEvents", sign_ins
    yield "AADSignInEventsBeta", sign_ins
    yield "IdentityLogonEvents", logons(rng, sign_ins)
