"""What happens beside mail: a day after the other on accounts and devices, and what follows when an attack succeeds.

Stories, to be found by hunting: who entered a password on a campaign's page is signed in from the attacker's address one to six
minutes later with risk, and gets an inbox rule that forwards mail outside; who opened a campaign's file has it on the device,
with a script started by it that calls the attacker.
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
from hunting.simulate.sign_ins import Victims, everyday_cloud, everyday_sign_ins, forwarding_rules, join, logons, risky_sign_ins

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
    rng = rng_for(seed, "stories")
    kinds = [campaign.scenario.kind for campaign in campaigns]
    by_link = join([part for part, kind in zip(reached, kinds, strict=True) if kind == "shared-url"])
    by_file = join([part for part, kind in zip(reached, kinds, strict=True) if kind == "shared-file"])
    yield from _accounts(rng, risky_sign_ins(tenant, rng, by_link))
    yield "CloudAppEvents", forwarding_rules(tenant, rng, by_link)
    yield "DeviceFileEvents", opened_files(tenant, devices, rng, by_file, campaigns)
    yield "DeviceProcessEvents", attack_processes(tenant, devices, rng, by_file)
    yield "DeviceNetworkEvents", attack_network(tenant, devices, rng, join(reached), campaigns)


def _day(tenant: Tenant, devices: Devices, rng: Rng, start: int, end: int) -> Rows:
    yield from _accounts(rng, everyday_sign_ins(tenant, rng, start, end))
    yield "CloudAppEvents", everyday_cloud(tenant, rng, start, end)
    for table, make in _EVERYDAY.items():
        yield table, make(tenant, devices, rng, start, end)


def _accounts(rng: Rng, sign_ins: pa.Table) -> Rows:
    # The table was renamed; published queries still read its old name.
    yield "EntraIdSignInEvents", sign_ins
    yield "AADSignInEventsBeta", sign_ins
    yield "IdentityLogonEvents", logons(rng, sign_ins)
