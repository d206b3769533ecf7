"""Mail -> rows of EmailEvents, EmailAttachmentInfo, EmailUrlInfo, EmailPostDeliveryEvents."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hunting.simulate.draw import Ints, Rng, glue, report_numbers, same, texts, timestamps
from hunting.simulate.mail import Mail, replaced
from hunting.simulate.people import Tenant
from hunting.simulate.values import (
    AUTHENTICATION,
    CLEAN,
    CLEAN_SCL1,
    DELETED_ITEMS,
    DELIVERY_ACTIONS,
    DIRECTIONS,
    EMAIL_ACTIONS,
    EVENT_LIST,
    EVENT_LOCATIONS,
    INBOUND,
    INBOX,
    INTRA_ORG,
    JUNK,
    LATEST_ACTIONS,
    LOCATIONS,
    NO_AUTHENTICATION,
    ON_PREMISES,
    ORG_POLICIES,
    QUARANTINE,
    REPLACED,
    VERDICTS,
)

_BY_DELIVERY = np.array([LATEST_ACTIONS.index(action) for action in DELIVERY_ACTIONS])
_EVENT_TARGET = np.array([-1 if event.target is None else event.target for event in EVENT_LIST])
_EVENT_LATEST = np.array([LATEST_ACTIONS.index(event.latest) if event.latest else -1 for event in EVENT_LIST])


def latest(mail: Mail) -> tuple[Ints, Ints]:
    """Where each copy is after all events, and the last action on it (an index into LATEST_ACTIONS)."""
    location, action = mail.location.copy(), _BY_DELIVERY[mail.location]
    moved = _EVENT_TARGET[mail.events.kind] >= 0
    copy, kind = mail.events.copy[moved], mail.events.kind[moved]
    location[copy] = _EVENT_TARGET[kind]  # events are in order of time and numpy keeps the last of several assignments
    action[copy] = _EVENT_LATEST[kind]
    location[mail.discarded] = DELETED_ITEMS
    action[mail.discarded] = LATEST_ACTIONS.index("Moved to deleted items")
    return location, action


def email_events(tenant: Tenant, mail: Mail, rng: Rng) -> pa.Table:
    """One row per copy."""
    message = pa.array(mail.message)
    columns = {name: column.take(message) for name, column in zip(mail.headers.column_names, mail.headers.columns, strict=True)}
    drawn = pa.array((rng.random(len(message)) < 0.08) & (mail.direction[mail.message] == INBOUND))
    first = columns.pop("IsFirstContact", drawn)  # scenarios may tell these two
    forwarding = columns.pop("ForwardingInformation", same("", len(message)))
    return pa.table(
        {
            "Timestamp": timestamps(mail.time[mail.message]),
            **columns,
            **_recipient_columns(tenant, mail),
            **_verdict_columns(mail),
            **_delivery_columns(mail),
            "AuthenticationDetails": texts(AUTHENTICATION, _authentication(mail)[mail.message]),
            "EmailDirection": texts(DIRECTIONS, mail.direction[mail.message]),
            "ReportId": glue(columns["NetworkMessageId"], "-", report_numbers(rng, len(message)), "-1"),
            "ForwardingInformation": forwarding,
            "IsFirstContact": first,
        }
    )


def _recipient_columns(tenant: Tenant, mail: Mail) -> dict[str, pa.Array]:
    recipient = pa.array(mail.recipient)
    return {
        "RecipientEmailAddress": tenant.address.take(recipient),
        "RecipientObjectId": tenant.object_id.take(recipient),
        "RecipientDomain": tenant.domain.take(recipient),
    }


def _verdict_columns(mail: Mail) -> dict[str, pa.Array]:
    """The verdict as known now, and as it was at delivery: what reached an inbox had none then."""
    now = mail.verdict[mail.message]
    missed = np.isin(mail.location, (INBOX, ON_PREMISES)) & (now > CLEAN_SCL1) & ~replaced(mail)
    then = np.where(missed, CLEAN, now)
    types, methods, confidence = ([getattr(v, field) for v in VERDICTS] for field in ("types", "methods", "confidence"))
    return {
        "ThreatTypes": texts(types, now),
        "DetectionMethods": texts(methods, now),
        "ConfidenceLevel": texts(confidence, now),
        "ThreatNames": texts([v.names for v in VERDICTS], now),
        "OriginalThreatTypes": texts(types, then),
        "OriginalDetectionMethods": texts(methods, then),
        "OriginalConfidenceLevel": texts(confidence, then),
    }


def _delivery_columns(mail: Mail) -> dict[str, pa.Array]:
    filtered = (np.isin(mail.location, (JUNK, QUARANTINE)) & (mail.verdict[mail.message] > CLEAN_SCL1)) | replaced(mail)
    policies = ["", *(v.policy for v in VERDICTS)]
    location, action = latest(mail)
    last_event = mail.time[mail.message].copy()
    last_event[mail.events.copy] = mail.events.time
    return {
        "DeliveryAction": texts((*DELIVERY_ACTIONS, REPLACED), np.where(replaced(mail), len(DELIVERY_ACTIONS), mail.location)),
        "DeliveryLocation": texts(LOCATIONS, mail.location),
        "LatestDeliveryAction": texts(LATEST_ACTIONS, action),
        "LatestDeliveryLocation": texts(LOCATIONS, location),
        "LastEventExecutionTime": timestamps(last_event),
        "EmailAction": texts(EMAIL_ACTIONS, mail.location),
        "EmailActionPolicy": texts(policies, np.where(filtered, mail.verdict[mail.message] + 1, 0)),
        "OrgLevelAction": texts(("", "Allow"), (mail.policy > 0).astype(np.int64)),
        "OrgLevelPolicy": texts(ORG_POLICIES, mail.policy),
    }


def _authentication(mail: Mail) -> Ints:
    by_verdict = np.array([v.authentication for v in VERDICTS])[mail.verdict]
    return np.where(mail.direction == INTRA_ORG, NO_AUTHENTICATION, by_verdict)


def attachment_rows(mail: Mail, events: pa.Table) -> pa.Table:
    """One row per file and copy; `events`: the rows of `email_events` for the same mail."""
    copy, part = _pairs(mail.message, mail.files["message"].to_numpy(), len(mail.time))
    files, mails = mail.files.take(pa.array(part)), events.take(pa.array(copy))
    verdict = files["verdict"].to_numpy()
    shared = (
        "Timestamp",
        "NetworkMessageId",
        "SenderFromAddress",
        "SenderDisplayName",
        "SenderObjectId",
        "RecipientEmailAddress",
        "RecipientObjectId",
        "ReportId",
    )
    return pa.table(
        {
            **{name: mails[name] for name in shared},
            **{name: files[name] for name in ("FileName", "FileType", "FileExtension", "SHA256", "FileSize")},
            "ThreatTypes": texts([v.types for v in VERDICTS], verdict),
            "ThreatNames": texts([v.names for v in VERDICTS], verdict),
            "DetectionMethods": texts([v.methods for v in VERDICTS], verdict),
        }
    )


def _pairs(message: Ints, of_part: Ints, messages: int) -> tuple[Ints, Ints]:
    """All (copy, part) of the same message; `of_part` (the message of each part) is sorted."""
    counts = np.bincount(of_part, minlength=messages)
    starts = np.cumsum(counts) - counts
    copy = np.repeat(np.arange(len(message)), counts[message])
    position = np.arange(len(copy)) - np.repeat(np.cumsum(counts[message]) - counts[message], counts[message])
    return copy, starts[message[copy]] + position


def url_rows(mail: Mail, rng: Rng) -> pa.Table:
    """One row per link and message."""
    message = mail.urls["message"]
    ids = mail.headers["NetworkMessageId"].take(message)
    return pa.table(
        {
            "Timestamp": timestamps(mail.time[message.to_numpy()]),
            "NetworkMessageId": ids,
            "Url": mail.urls["Url"],
            "UrlDomain": mail.urls["UrlDomain"],
            "UrlLocation": mail.urls["UrlLocation"],
            "ReportId": glue(ids, "-", report_numbers(rng, len(message)), "-1"),
        }
    )


def post_delivery_rows(tenant: Tenant, mail: Mail, rng: Rng) -> pa.Table:
    """One row per event; redeliveries carry no threat and no direction."""
    copy, kind = mail.events.copy, mail.events.kind
    message = mail.message[copy]
    headers = mail.headers.select(["NetworkMessageId", "InternetMessageId", "SenderFromAddress"]).take(pa.array(message))
    source = sources(mail)
    target = np.where(_EVENT_TARGET[kind] >= 0, _EVENT_TARGET[kind], source)
    blank = pa.array(np.array([event.type == "Redelivery" for event in EVENT_LIST])[kind])
    texts_of = {"Action": "action", "ActionType": "type", "ActionTrigger": "trigger", "ActionResult": "result"}
    verdict = mail.verdict[message]
    return pa.table(
        {
            "Timestamp": timestamps(mail.events.time),
            **{name: headers[name] for name in headers.column_names},
            **{column: texts([getattr(event, field) for event in EVENT_LIST], kind) for column, field in texts_of.items()},
            "RecipientEmailAddress": tenant.address.take(pa.array(mail.recipient[copy])),
            "SourceLocation": texts(EVENT_LOCATIONS, source),
            "DeliveryLocation": texts(EVENT_LOCATIONS, target),
            "ThreatTypes": pc.if_else(blank, "", texts([v.types for v in VERDICTS], verdict)),
            "DetectionMethods": pc.if_else(blank, "", texts([v.methods for v in VERDICTS], verdict)),
            "EmailDirection": pc.if_else(blank, "", texts(DIRECTIONS, mail.direction[message])),
            "ReportId": glue(headers["NetworkMessageId"], "-", report_numbers(rng, len(copy))),
        }
    )


def sources(mail: Mail) -> Ints:
    """Where the copy was before each event: after the copy's event before it, else where it was delivered."""
    copy, kind = mail.events.copy, mail.events.kind
    order = np.argsort(copy, kind="stable")
    result = mail.location[copy]
    current: dict[int, int] = {}
    for number in order[_repeated(copy[order])].tolist():  # only copies with several events need a walk
        at = current.get(int(copy[number]), int(mail.location[copy[number]]))
        result[number] = at
        current[int(copy[number])] = int(_EVENT_TARGET[kind[number]]) if _EVENT_TARGET[kind[number]] >= 0 else at
    return result


def _repeated(ordered: Ints) -> Ints:
    """Positions in sorted numbers that occur more than once."""
    same = ordered[1:] == ordered[:-1]
    return np.flatnonzero(np.concatenate([[False], same]) | np.concatenate([same, [False]]))
