"""Investigations and actions as JSON, under the names of the Office 365 Management Activity API's schema (AIR events).

What that schema has no name for stands beside it under a name of its own, likewise in PascalCase. Times are UTC, ISO 8601.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from hunting.air import ActionRecord, FoundCluster, Investigation
from hunting.air.clusters import CLUSTERS
from hunting.air.ledger import AUTOMATION


def investigation_json(found: Investigation) -> dict[str, object]:
    """An investigation with its lists. `DeeplinkURL` is null: there is no portal to lead to."""
    return {
        "InvestigationId": found.id,
        "InvestigationName": found.name,
        "InvestigationType": found.type,
        "Status": found.status,
        "StartTimeUtc": _time(found.created_at),
        "LastUpdateTimeUtc": _time(found.changed_at),
        "EndTimeUtc": _time(found.ended_at),
        "DeeplinkURL": None,
        "Actions": [action_json(action, found) for action in found.actions],
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


def action_json(action: ActionRecord, investigation: Investigation) -> dict[str, object]:
    """An action. `ApprovedBy` is null where automation decided or nobody approved; `DecidedBy` tells of every decision."""
    return {
        "ID": action.id,
        "ActionId": action.id,
        "InvestigationId": action.investigation_id,
        "RelatedAlertIds": _alerts(investigation),
        "ActionType": action.name,
        "ActionStatus": action.status,
        "ActionApproval": action.decision or "Pending",
        "ApprovedBy": action.decided_by if action.decision == "Approved" and action.decided_by != AUTOMATION else None,
        "ApproverComment": action.reason,
        "TimestampUtc": _time(action.created_at),
        "StartTimeUtc": _time(action.decided_at),
        "EndTimeUtc": _time(action.completed_at),
        "Entities": [_entity(each) for each in investigation.clusters if each.id == action.cluster_id],
        "DecidedBy": action.decided_by,
        "ActionSource": action.source,
        "Kind": action.kind,
        "Undoes": action.undoes or None,
        "UndoneBy": action.undone_by or None,
        "Moved": action.moved,
        "AlreadyInDestination": action.already,
        "LeftWhereTheyAre": action.left,
        "Failed": action.failed,
    }


def _entity(cluster: FoundCluster) -> dict[str, object]:
    is_url = cluster.type in CLUSTERS and CLUSTERS[cluster.type].entity_type == "Url"
    return {
        "Type": "mailCluster",
        "ClusterId": cluster.id,
        "ClusterBy": cluster.name,
        "ClusterByValue": cluster.entity,
        "Urls": [cluster.entity] if is_url else [],
        "MailCount": cluster.email_count,
        "Query": cluster.query,
    }


def _alerts(found: Investigation) -> list[str]:
    return [found.alert_id] if found.alert_id else []


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def _pascal(values: dict[str, object]) -> dict[str, object]:
    """A record's fields: snake_case becomes PascalCase, times become text."""
    return {
        "".join(word.capitalize() for word in name.split("_")): _time(value) if isinstance(value, datetime) else value
        for name, value in values.items()
    }
