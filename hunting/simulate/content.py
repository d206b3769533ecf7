"""What a message contains: subject, headers, attached files, links."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hunting.simulate import words
from hunting.simulate.draw import (
    Flags,
    Floats,
    Ints,
    Rng,
    cumulative,
    glue,
    guids,
    hexadecimal,
    json_lists,
    numbers,
    pick,
    repeat,
    texts,
    zipf,
)
from hunting.simulate.people import NEWSLETTER, Tenant
from hunting.simulate.values import (
    CLEAN,
    CLEAN_SCL1,
    INBOUND,
    INTRA_ORG,
    MALWARE,
    MALWARE_AV,
    PHISH_SPAM,
    SPOOF,
    URL_LOCATIONS,
    VERDICTS,
)


@dataclass(frozen=True)
class Draft:
    """Messages before they have a content. Per message: sender (directory number), sizes (number of recipients), the kind of
    correspondent it comes from if it is inbound, direction, verdict; per copy: recipient (directory number)."""

    sender: Ints
    recipient: Ints
    sizes: Ints
    kind: Ints
    direction: Ints
    verdict: Ints

    @property
    def news(self) -> Flags:
        return np.asarray((self.direction == INBOUND) & (self.kind == NEWSLETTER))


def attachments(tenant: Tenant, rng: Rng, verdict: Ints) -> pa.Table:
    """Files per message; where the verdict is malware the first one is malicious and found nowhere else."""
    bad = np.isin(verdict, (MALWARE, MALWARE_AV))
    sizes = np.maximum(pick(rng, cumulative((0.74, 0.18, 0.06, 0.02)), len(verdict)), bad)
    message, position = repeat(sizes)
    known = tenant.files.take(pa.array(pick(rng, zipf(tenant.files.num_rows, 0.9), len(message))))
    risky = pa.array(bad[message] & (position == 0))
    fresh = risky_files(rng, len(message))
    columns = {name: pc.if_else(risky, fresh[name], known[name]) for name in known.column_names}
    return pa.table({"message": message, "verdict": np.where(risky, verdict[message], CLEAN), **columns})


def risky_files(rng: Rng, size: int) -> pa.Table:
    """Files as attackers send them, each with a hash of its own."""
    kind = rng.integers(0, len(words.RISKY_FILES), size)
    stem, extension, file_type = (texts(column, kind) for column in zip(*words.RISKY_FILES, strict=True))
    return pa.table(
        {
            "FileName": glue(stem, "_", numbers(rng.integers(100, 99999, size)), ".", extension),
            "FileType": file_type,
            "FileExtension": extension,
            "SHA256": hexadecimal(rng, size, 32),
            "FileSize": pa.array(rng.integers(8_000, 900_000, size)),
        }
    )


def links(tenant: Tenant, rng: Rng, verdict: Ints, news: Flags) -> pa.Table:
    """Links per message; where the verdict rests on a link the first one is malicious and found nowhere else."""
    by_url = np.array([v.indicator == "url" for v in VERDICTS])[verdict]
    sizes = np.maximum(pick(rng, cumulative((0.4, 0.3, 0.15, 0.1, 0.05)), len(verdict)), by_url | news)
    message, position = repeat(sizes)
    size = len(message)
    known = tenant.urls.take(pa.array(pick(rng, zipf(tenant.urls.num_rows, 0.9), size)))
    host = texts(words.PHISH_DOMAINS, rng.integers(0, len(words.PHISH_DOMAINS), size))
    token = hexadecimal(rng, size, 8)
    bad, tracking = pa.array(by_url[message] & (position == 0)), pa.array(news[message] & (position == 0))
    harmless = pc.if_else(tracking, glue(known["Url"], "?r=", token), known["Url"])
    url = pc.if_else(bad, glue("https://", host, "/login/", token), harmless)
    place = np.where(bad, pick(rng, cumulative((70, 4, 10, 4, 12)), size), pick(rng, cumulative((94, 1, 3, 2, 0)), size))
    return pa.table(
        {
            "message": message,
            "Url": url,
            "UrlDomain": pc.if_else(bad, host, known["UrlDomain"]),
            "UrlLocation": texts(URL_LOCATIONS, place),
            "malicious": bad,
        }
    )


def _subjects(rng: Rng, language: Ints, style: Ints) -> tuple[pa.Array, Ints]:
    """Subjects by language and style (0 work, 1 news, 2 lure), and the number of the template of each."""
    styles = (words.WORK_SUBJECTS, words.NEWS_SUBJECTS, words.LURE_SUBJECTS)
    pools = [subjects[code] for code in words.LANGUAGES for subjects in styles]
    starts = np.cumsum([0, *map(len, pools)])
    row = language * 3 + style
    template = starts[row] + (rng.random(len(row)) * np.diff(starts)[row]).astype(np.int64)
    text = texts([subject for pool in pools for subject in pool], template)
    number = numbers(rng.integers(1000, 99999, len(row)))
    before = pc.replace_substring_regex(text, "#.*", "")
    after = pc.replace_substring_regex(text, "^[^#]*#?", "")
    return glue(before, pc.if_else(pc.match_substring(text, "#"), number, ""), after), template


def make_headers(tenant: Tenant, rng: Rng, draft: Draft, files: pa.Table, urls: pa.Table) -> pa.Table:
    """The columns of EmailEvents that are the same for all copies of a message."""
    count = len(draft.sizes)
    threat = draft.verdict > CLEAN_SCL1
    style = np.where(threat, 2, np.where(draft.news, 1, 0))
    language = tenant.language[draft.sender]
    subject, template = _subjects(rng, language, style)
    prefix = texts(("", "Re: ", "Fwd: "), np.where(style == 0, pick(rng, cumulative((55, 38, 7)), count), 0))
    complaints = np.where(draft.news, rng.integers(3, 8, count), np.where(threat, rng.integers(0, 10, count), 0))
    to_list = (draft.sizes > 8) & (draft.direction == INTRA_ORG)
    return pa.table(
        {
            **_sender_columns(tenant, rng, draft),
            "Subject": glue(prefix, subject),
            "EmailClusterId": pa.array((template * 7919 + draft.sender * 104729) % 2**32, pa.int64()),
            "EmailLanguage": texts(words.LANGUAGES, language),
            "EmailSize": pa.array(sizes_in_bytes(rng, count, files), pa.int32()),
            "AttachmentCount": per_message(files, count),
            "UrlCount": per_message(urls, count),
            "BulkComplaintLevel": pa.array(complaints, pa.int32()),
            **_recipient_lists(tenant, rng, draft),
            "DistributionList": texts(("", f"all-staff@{words.TENANT_DOMAIN}"), to_list.astype(np.int64)),
        }
    )


def _recipient_lists(tenant: Tenant, rng: Rng, draft: Draft) -> dict[str, pa.Array]:
    """To and Cc: in some messages all but the first recipient get a copy only."""
    message, position = repeat(draft.sizes)
    copied = (rng.random(len(draft.sizes)) < 0.4)[message] & (position > 0)
    address = tenant.address.take(pa.array(draft.recipient))
    in_copy = np.bincount(message[copied], minlength=len(draft.sizes))
    return {
        "To": json_lists(address.filter(pa.array(~copied)), draft.sizes - in_copy),
        "Cc": json_lists(address.filter(pa.array(copied)), in_copy),
    }


def _sender_columns(tenant: Tenant, rng: Rng, draft: Draft) -> dict[str, pa.Array]:
    sender = pa.array(draft.sender)
    ids = guids(rng, len(sender))
    address, domain = tenant.address.take(sender), tenant.domain.take(sender)
    spoofed = pa.array(np.isin(draft.verdict, (SPOOF, PHISH_SPAM)))
    real_domain = pc.if_else(spoofed, texts(words.SPAM_DOMAINS, draft.sender % len(words.SPAM_DOMAINS)), domain)
    envelope = pc.if_else(pc.or_(spoofed, pa.array(draft.news)), glue("bounce@", real_domain), address)
    return {
        "NetworkMessageId": ids,
        "InternetMessageId": glue("<", hexadecimal(rng, len(sender), 12), "@", real_domain, ">"),
        "SenderMailFromAddress": envelope,
        "SenderMailFromDomain": real_domain,
        "SenderFromAddress": address,
        "SenderFromDomain": domain,
        "SenderDisplayName": tenant.name.take(sender),
        "SenderObjectId": pc.fill_null(tenant.object_id.take(sender), ""),
        "SenderIPv4": tenant.ip.take(sender),
    }


def per_message(parts: pa.Table, count: int) -> pa.Array:
    """How many files or links each message has."""
    return pa.array(np.bincount(parts["message"].to_numpy(), minlength=count), pa.int32())


def sizes_in_bytes(rng: Rng, count: int, files: pa.Table) -> Ints:
    """Sizes of messages: text of its own and the encoded attachments."""
    attached = np.bincount(files["message"].to_numpy(), weights=files["FileSize"].to_numpy(), minlength=count) * 4 // 3
    size: Floats = rng.lognormal(9.6, 0.9, count) + attached
    return np.minimum(size, 150_000_000).astype(np.int64)
