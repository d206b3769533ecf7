"""What an investigation looks at: the files and URLs that the alert's evidence names, and those that its messages carry."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from hunting.air.clusters import CLUSTERS, Cluster
from hunting.air.mailboxes import Hunting, Weight, weigh
from hunting.air.policy import Verdict, cluster_verdict
from hunting.air.triggers import Trigger

_EVIDENCE = """
declare query_parameters(Alerts:dynamic, Now:datetime);
AlertEvidence
| where AlertId in (Alerts) and Timestamp <= Now
| where EntityType in ("File", "Url", "MailMessage")
| project AlertId, EntityType, SHA256, RemoteUrl, NetworkMessageId, AdditionalFields
"""

_CARRIED = """
declare query_parameters(Wanted:dynamic);
let Mails = print Mail = Wanted | mv-expand Mail to typeof(string);
{carried}
"""

_VERDICTS = {
    "malicious": Verdict.MALICIOUS,
    "suspicious": Verdict.SUSPICIOUS,
    "clean": Verdict.NO_THREATS,
    "nothreatsfound": Verdict.NO_THREATS,
    "no threats found": Verdict.NO_THREATS,
}

MAIL = "MailMessage"


@dataclass(frozen=True, slots=True)
class Entity:
    """A piece of evidence.

    Attributes:
        type: "File", "Url" or "MailMessage".
        value: SHA256, URL or NetworkMessageId.
        verdict: what the alert says of it; after `judged`, what the investigation says.
        origin: "Alert", or the NetworkMessageId of the message that carries it.
    """

    type: str
    value: str
    verdict: Verdict = Verdict.UNKNOWN
    origin: str = "Alert"


def gather(hunt: Hunting, triggers: Iterable[Trigger], blocked: Collection[str] = ()) -> dict[str, list[Entity]]:
    """The evidence of each trigger, by its key, judged: one query per kind for all triggers together.

    Args:
        blocked: URLs that people have put on the block list: malicious, unless the alert says otherwise.
    """
    triggers = list(triggers)
    now = hunt.clock()
    found: dict[str, dict[tuple[str, str], Entity]] = {t.key: {} for t in triggers}
    for trigger in triggers:
        if trigger.email:
            _add(found[trigger.key], Entity(MAIL, trigger.email))
    for key, entity in _named(hunt, [t.key for t in triggers if not t.email], now):
        _add(found[key], entity)
    _add_carried(hunt, found)
    entities = {key: [_or_blocked(entity, blocked) for entity in each.values()] for key, each in found.items()}
    return _judged(hunt, entities, now)


def _or_blocked(entity: Entity, blocked: Collection[str]) -> Entity:
    listed = (entity.type, entity.verdict) == ("Url", Verdict.UNKNOWN) and entity.value in blocked
    return replace(entity, verdict=Verdict.MALICIOUS) if listed else entity


def _named(hunt: Hunting, alerts: list[str], now: datetime) -> Iterable[tuple[str, Entity]]:
    if not alerts:
        return
    for row in hunt.query(_EVIDENCE, {"Alerts": alerts, "Now": now}).table.to_pylist():
        verdict = stated_verdict(row["AdditionalFields"])
        for cluster in CLUSTERS.values():
            if row["EntityType"] == cluster.entity_type and row[cluster.evidence_column]:
                yield row["AlertId"], Entity(cluster.entity_type, cluster.entity(row[cluster.evidence_column]), verdict)
        if row["EntityType"] == MAIL and row["NetworkMessageId"]:
            yield row["AlertId"], Entity(MAIL, row["NetworkMessageId"], verdict)


def _add_carried(hunt: Hunting, found: Mapping[str, dict[tuple[str, str], Entity]]) -> None:
    mails = sorted({entity.value for entities in found.values() for entity in entities.values() if entity.type == MAIL})
    if not mails:
        return
    for cluster in CLUSTERS.values():
        carried: dict[str, list[str]] = {}
        for row in hunt.query(_CARRIED.format(carried=cluster.carried), {"Wanted": mails}).table.to_pylist():
            carried.setdefault(row["NetworkMessageId"], []).append(row["Entity"])
        for entities in found.values():
            for mail in [e.value for e in entities.values() if e.type == MAIL]:
                for value in sorted(carried.get(mail, ())):
                    _add(entities, Entity(cluster.entity_type, value, origin=mail))


def _add(entities: dict[tuple[str, str], Entity], entity: Entity) -> None:
    """Keeps one entry per entity: the first, unless a later one states a verdict that the first does not."""
    key = entity.type, entity.value
    if key not in entities or entities[key].verdict is Verdict.UNKNOWN:
        entities[key] = replace(entities[key], verdict=entity.verdict) if key in entities else entity


def _judged(hunt: Hunting, found: Mapping[str, list[Entity]], now: datetime) -> dict[str, list[Entity]]:
    weights: dict[tuple[str, str], Weight] = {}
    for cluster in CLUSTERS.values():
        unknown = [
            e.value
            for entities in found.values()
            for e in entities
            if (e.type, e.verdict) == (cluster.entity_type, Verdict.UNKNOWN)
        ]
        weights |= {(cluster.entity_type, value): weight for value, weight in weigh(hunt, cluster, unknown, now).items()}
    return {key: [_weighed(e, weights.get((e.type, e.value))) for e in entities] for key, entities in found.items()}


def _weighed(entity: Entity, weight: Weight | None) -> Entity:
    if weight is None:
        return entity
    return replace(entity, verdict=cluster_verdict(entity.verdict, weight.copies, weight.malicious, weight.harmful))


def clusters_of(entities: Iterable[Entity]) -> list[tuple[Cluster, Entity]]:
    """The clusters that an investigation builds: one for every file or URL that is malicious or suspicious."""
    by_type = {cluster.entity_type: cluster for cluster in CLUSTERS.values()}
    harmful = (Verdict.MALICIOUS, Verdict.SUSPICIOUS)
    return [(by_type[e.type], e) for e in entities if e.type in by_type and e.verdict in harmful]


def stated_verdict(additional_fields: str) -> Verdict:
    """The verdict in an evidence's AdditionalFields: LastVerdict, Verdict or that of ThreatAnalysisSummary; else UNKNOWN."""
    try:
        fields = json.loads(additional_fields or "{}")
    except ValueError:
        return Verdict.UNKNOWN
    if not isinstance(fields, dict):
        return Verdict.UNKNOWN
    analyses = fields.get("ThreatAnalysisSummary")
    summary = [a for a in analyses if isinstance(a, dict)] if isinstance(analyses, list) else []
    for source in (fields, *summary):
        for name in ("LastVerdict", "Verdict"):
            verdict = _VERDICTS.get(str(source.get(name, "")).casefold())
            if verdict is not None:
                return verdict
    return Verdict.UNKNOWN
