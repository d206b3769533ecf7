"""Investigations and actions as JSON, under the names of the Office 365 Management Activity API's schema (AIR events).

What that schema has no name for stands beside it under a name of its own, likewise in PascalCase. Times are UTC, ISO 8601. The
HTTP service answers with these, and CloudAppEvents' RawEventData holds them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from hunting.air.clusters import CLUSTERS
from hunting.air.records import ActionRecord, FoundCluster, Investigation
from hunting.clock import iso

Json = dict[str, object]

_URLS = {cluster.key for cluster in CLUSTERS.values() if cluster.entity_type == "Url"}


def investigation_json(found: Investigation) -> Json:
    """An investigation with its lists. `DeeplinkURL` is null: there is no portal to lead to."""
    clusters = {each.id: cluster_json(each) for each in found.clusters}
    return event_json(found, clusters) | {
        "Data": {
            "Severity": found.severity,
            "RelatedAlertIds": _alerts(found),
            "Users": found.users,
            "Threats": found.threats,
            "Entities": [_pascal(asdict(each)) for each in found.evidence],
            "EmailClusters": [_pascal(asdict(each)) for each in found.clusters],
            "Log": [_pascal(asdict(each)) for each in found.log],
        },
    }


def event_json(found: Investigation, clusters: Mapping[str, Json]) -> Json:
    """What the schema says of an investigation, without `Data`; `clusters`: its clusters as JSON, by id."""
    return {
        "InvestigationId": found.id,
        "InvestigationName": found.name,
        "InvestigationType": found.type,
        "Status": found.status,
        "StartTimeUtc": iso(found.created_at),
        "LastUpdateTimeUtc": iso(found.changed_at),
        "EndTimeUtc": _time(found.ended_at),
        "DeeplinkURL": None,
        "Actions": [_action(action, _alerts(found), clusters[action.cluster_id]) for action in found.actions],
    }


def action_json(action: ActionRecord, investigation: Investigation) -> Json:
    """An action of an investigation."""
    (cluster,) = (each for each in investigation.clusters if each.id == action.cluster_id)
    return _action(action, _alerts(investigation), cluster_json(cluster))


def _action(action: ActionRecord, alerts: list[str], cluster: Json) -> Json:
    """`ApprovedBy` is null where automation decided or nobody approved; `DecidedBy` tells of every decision."""
    return {
        "ID": action.id,
        "ActionId": action.id,
        "InvestigationId": action.investigation_id,
        "RelatedAlertIds": alerts,
        "ActionType": action.name,
        "ActionStatus": action.status,
        "ActionApproval": action.decision or "Pending",
        "ApprovedBy": action.decided_by if action.decision == "Approved" and action.by_person else None,
        "ApproverComment": action.reason if action.by_person else "",
        "TimestampUtc": iso(action.created_at),
        "StartTimeUtc": _time(action.decided_at),
        "EndTimeUtc": _time(action.completed_at),
        "Entities": [cluster],
        "DecidedBy": action.decided_by,
        "Reason": action.reason,
        "ActionSource": action.source,
        "Kind": action.kind,
        "Undoes": action.undoes or None,
        "UndoneBy": action.undone_by or None,
        "Moved": action.moved,
        "AlreadyInDestination": action.already,
        "LeftWhereTheyAre": action.left,
        "LeftBecause": action.left_because,
        "Failed": action.failed,
    }


def cluster_json(cluster: FoundCluster) -> Json:
    """A cluster as an entity."""
    threats = (("Malware", cluster.malware), ("Phish", cluster.phish), ("Spam", cluster.spam))
    return {
        "Type": "mailCluster",
        "ClusterId": cluster.id,
        "ClusterBy": cluster.name,
        "ClusterByValue": cluster.entity,
        "LastVerdict": cluster.verdict.replace("No threats found", "NoThreatsFound"),
        "RemediationStatus": cluster.remediation_status,
        "MailCount": cluster.email_count,
        "Urls": [cluster.entity] if cluster.type in _URLS else [],
        "Threats": [name for name, count in threats if count],
        "ThreatAnalysisSummary": [{"Verdict": cluster.verdict, "AnalysisDate": iso(cluster.analysed_at)}],
        "CountByDeliveryStatus": {
            "Delivered": cluster.delivered,
            "Junked": cluster.junked,
            "Replaced": cluster.replaced,
            "Blocked": cluster.blocked,
        },
        "Query": cluster.query,
    }


def _alerts(found: Investigation) -> list[str]:
    return [found.alert_id] if found.alert_id else []


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)


def _pascal(values: dict[str, object]) -> Json:
    """A record's fields: snake_case becomes PascalCase, times become text."""
    return {
        "".join(word.capitalize() for word in name.split("_")): iso(value) if isinstance(value, datetime) else value
        for name, value in values.items()
    }
