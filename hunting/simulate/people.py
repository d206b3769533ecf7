"""Who writes to whom: the employees of the tenant, its correspondents outside, and what circulates (files, links)."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pyarrow as pa

from hunting.simulate import words
from hunting.simulate.draw import (
    DAY,
    Flags,
    Ints,
    Rng,
    addresses_v4,
    cumulative,
    glue,
    guids,
    hexadecimal,
    numbers,
    pick,
    rng_for,
    same,
    texts,
    timestamps,
)
from hunting.tables import TABLES
from kql.types import Schema

# Kinds of correspondents, in the order in which they stand in the directory; the last two are attackers.
CORRESPONDENTS = ("partner", "freemail", "newsletter", "spammer", "phisher")
PARTNER, FREEMAIL, NEWSLETTER, SPAMMER, PHISHER = range(5)
_SHARES = (0.34, 0.22, 0.14, 0.18, 0.12)

MAILBOXES: Schema = TABLES["Mailboxes"].schema


@dataclass(frozen=True)
class Tenant:
    """Everyone with an address. Employees come first (`0 .. employees-1`), then correspondents; arrays are in that order."""

    employees: int
    address: pa.Array
    domain: pa.Array
    name: pa.Array
    object_id: pa.Array
    ip: pa.Array
    language: Ints
    kind: Ints  # of correspondents; -1 for employees
    on_premises: Flags  # employees only
    secops: int  # the employee number of the security team's mailbox
    department: Ints
    given_name: pa.Array
    surname: pa.Array
    files: pa.Table = field(repr=False)
    urls: pa.Table = field(repr=False)

    @property
    def size(self) -> int:
        return len(self.address)

    def correspondents(self, *kinds: int) -> Ints:
        """Directory numbers of the correspondents of these kinds."""
        return np.flatnonzero(np.isin(self.kind, kinds))

    def cloud(self) -> Ints:
        """Employees whose mailbox is in the cloud, without the security team's."""
        free = ~self.on_premises
        free[self.secops] = False
        return np.flatnonzero(free)


def make_tenant(seed: int, employees: int) -> Tenant:
    """The tenant for a seed and a size; the last employee number is the security team's mailbox."""
    rng = rng_for(seed, "people")
    outside = max(40, employees * 2)
    language = pick(rng, cumulative((0.5, 0.2, 0.12, 0.08, 0.06, 0.04)), employees + outside)
    kind = np.concatenate([np.full(employees, -1), np.sort(pick(rng, cumulative(_SHARES), outside))])
    kind[employees : employees + len(CORRESPONDENTS)] = range(len(CORRESPONDENTS))  # at least one of each, also when small
    kind[employees:].sort()
    given, surname = (_by_language(rng, source, language) for source in (words.GIVEN_NAMES, words.SURNAMES))
    domain = [words.TENANT_DOMAIN] * employees + _outside_domains(rng, kind[employees:])
    address, names = _addresses(given, surname, domain, kind)
    secops = employees - 1
    address[secops], names[secops] = f"secops@{words.TENANT_DOMAIN}", "SecOps Reporting"
    ids = guids(rng, employees).to_pylist() + [""] * outside
    on_premises = rng.random(employees) < 0.04
    on_premises[:2], on_premises[secops] = (True, False), False  # one of either kind, also when small
    ip_numbers = rng.permutation(np.arange(65536))[np.arange(employees + outside) % 65536]
    return Tenant(
        employees,
        pa.array(address),
        pa.array(domain),
        pa.array(names),
        pa.array(ids),
        pa.concat_arrays([addresses_v4("198.19", ip_numbers[:employees]), addresses_v4("198.18", ip_numbers[employees:])]),
        language,
        kind,
        on_premises,
        secops,
        rng.integers(0, len(words.DEPARTMENTS), employees),
        pa.array(given[:employees]),
        pa.array(surname[:employees]),
        _files(rng),
        _urls(rng, sorted(set(domain[employees:]))),
    )


def _by_language(rng: Rng, source: Mapping[str, tuple[str, ...]], language: Ints) -> list[str]:
    drawn = rng.integers(0, 12, len(language))
    return [source[words.LANGUAGES[code]][number] for code, number in zip(language.tolist(), drawn.tolist(), strict=True)]


def _outside_domains(rng: Rng, kind: Ints) -> list[str]:
    endings = [f"{first}-{second}.example" for first in words.COMPANY_WORDS for second in words.COMPANY_KINDS]
    pools = (endings, words.FREEMAIL_DOMAINS, words.NEWSLETTER_DOMAINS, words.SPAM_DOMAINS, words.PHISH_DOMAINS)
    drawn = rng.random(len(kind)) ** 2  # the first of each pool most often
    return [pools[code][int(u * len(pools[code]))] for code, u in zip(kind.tolist(), drawn.tolist(), strict=True)]


def ascii_name(text: str) -> str:
    """A name as it stands in an address: ł, ß and accents folded, nothing but letters."""
    folded = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("ł", "l").replace("Ł", "L"))
    return "".join(c for c in folded.lower() if "a" <= c <= "z")


_ROLES = {NEWSLETTER: "newsletter", SPAMMER: "offers", PHISHER: "no-reply"}


def _addresses(given: list[str], surname: list[str], domain: list[str], kind: Ints) -> tuple[list[str], list[str]]:
    taken: dict[str, int] = {}
    addresses, names = [], []
    for first, last, where, code in zip(given, surname, domain, kind.tolist(), strict=True):
        local = _ROLES.get(code) or f"{ascii_name(first)}.{ascii_name(last)}"
        number = taken[f"{local}@{where}"] = taken.get(f"{local}@{where}", 0) + 1
        addresses.append(f"{local}{number if number > 1 else ''}@{where}")
        names.append(f"{first} {last}" if code in (-1, PARTNER, FREEMAIL) else where.split(".")[0].replace("-", " ").title())
    return addresses, names


def _files(rng: Rng, size: int = 4000) -> pa.Table:
    """Harmless files that circulate: names, types, hashes."""
    kind = pick(rng, cumulative([weight for *_, weight in words.FILES]), size)
    extension = texts([extension for _, extension, _, _ in words.FILES], kind)
    stem = texts([stem for stem, *_ in words.FILES], kind)
    return pa.table(
        {
            "FileName": glue(stem, "-", numbers(rng.integers(1, 9999, size)), ".", extension),
            "FileType": texts([kind_of for *_, kind_of, _ in words.FILES], kind),
            "FileExtension": extension,
            "SHA256": hexadecimal(rng, size, 32),
            "FileSize": pa.array(rng.lognormal(11, 1.2, size).astype(np.int64) + 200),
        }
    )


def _urls(rng: Rng, domains: list[str], size: int = 6000) -> pa.Table:
    """Harmless links that circulate."""
    domain = texts(domains, rng.integers(0, len(domains), size))
    path = texts(words.URL_WORDS, rng.integers(0, len(words.URL_WORDS), size))
    return pa.table({"Url": glue("https://", domain, "/", path, "/", hexadecimal(rng, size, 3)), "UrlDomain": domain})


def mailboxes(tenant: Tenant, seed: int) -> pa.Table:
    """Rows of the table Mailboxes (schema MAILBOXES), one per employee."""
    rng = rng_for(seed, "mailboxes")
    own = slice(0, tenant.employees)
    days = np.array((14, 30, 7, 0))[pick(rng, cumulative((0.86, 0.1, 0.03, 0.01)), tenant.employees)]
    return pa.table(
        {
            "RecipientEmailAddress": tenant.address[own],
            "RetentionDays": pa.array(days, pa.int32()),
            "IsOnHold": pa.array(rng.random(tenant.employees) < 0.02),
            "IsSecOps": pa.array(np.arange(tenant.employees) == tenant.secops),
            "AccountObjectId": tenant.object_id[own],
            "MailboxType": texts(("Cloud", "OnPremises"), tenant.on_premises.astype(np.int64)),
        }
    )


def identities(tenant: Tenant, seed: int, end: datetime) -> pa.Table:
    """Rows of IdentityInfo, one per employee."""
    rng = rng_for(seed, "identities")
    count, stop = tenant.employees, int(end.timestamp() * 1e6)
    place = [words.PLACES[words.LANGUAGES[code]] for code in tenant.language[:count].tolist()]
    title = pick(rng, cumulative((20, 20, 15, 8, 10, 5, 8, 2)), count)
    address, name = tenant.address[:count], tenant.name[:count]
    managers = np.flatnonzero(title >= 5)
    manager = managers[rng.integers(0, len(managers), count)] if len(managers) else np.zeros(count, dtype=np.int64)
    return pa.table(
        {
            "Timestamp": timestamps(stop - rng.integers(0, DAY, count)),
            "ReportId": guids(rng, count),
            "AccountObjectId": tenant.object_id[:count],
            "AccountUpn": address,
            "AccountDisplayName": name,
            "AccountName": pa.array([text.split("@")[0] for text in address.to_pylist()]),
            "AccountDomain": pa.array([words.TENANT_DOMAIN.split(".")[0]] * count),
            "CriticalityLevel": pa.array(np.where(title == 7, 1, 3), pa.int32()),
            "Type": texts(("User", "ServiceAccount"), (np.arange(count) == tenant.secops).astype(np.int64)),
            "GivenName": tenant.given_name,
            "Surname": tenant.surname,
            "Department": texts(words.DEPARTMENTS, tenant.department),
            "JobTitle": texts(words.JOB_TITLES, title),
            "EmailAddress": address,
            "SipProxyAddress": glue("sip:", address),
            "City": pa.array([city for _, _, city in place]),
            "Country": pa.array([country for _, country, _ in place]),
            "CompanyName": same(words.TENANT_NAME, count),
            "IsAccountEnabled": pa.array(rng.random(count) > 0.03),
            "Manager": name.take(pa.array(manager)),
            "Phone": glue("+49 30 5555 ", numbers(rng.integers(1000, 9999, count))),
            "CreatedDateTime": timestamps(stop - rng.integers(60 * DAY, 4000 * DAY, count)),
            "ChangeSource": same("Microsoft Entra ID", count),
            "BlastRadius": texts(("Low", "Medium", "High"), np.minimum(title // 3, 2)),
            "RiskLevel": texts(("None", "Low", "Medium", "High"), pick(rng, cumulative((95, 3, 1.5, 0.5)), count)),
            "RiskStatus": same("None", count),
            "TenantMembershipType": same("Member", count),
            "IdentityEnvironment": texts(("CloudOnly", "Hybrid", "On-premises"), np.where(tenant.on_premises, 2, title % 2)),
            "Tags": pa.array([json.dumps(["Priority account"]) if code == 7 else "[]" for code in title.tolist()]),
            "AssignedRoles": pa.array(['["Security Administrator"]' if n == tenant.secops else "[]" for n in range(count)]),
        }
    )
