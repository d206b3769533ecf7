"""The cluster types: how the messages that belong together are found.

A new type is one `Cluster(...)` line: a KQL query over the list or table `Entities` that returns `Entity` and `NetworkMessageId`
of every message, and where an alert's evidence names the entity. Pages: Email analysis in investigations; Automated
remediation in AIR.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Cluster:
    """A way to group messages by something malicious that they share.

    Attributes:
        key: the name of its automation setting.
        name: the name that people read.
        entity_type: EntityType of the evidence that starts such a cluster.
        evidence_column: the column of AlertEvidence that holds the entity.
        messages: KQL; the messages that hold any of `Entities`, as (Entity, NetworkMessageId).
        carried: KQL; the entities that the messages `Mails` hold, as (NetworkMessageId, Entity).
        folds_case: whether entities that differ only in case are the same.
        spares: whether mailboxes of the security team and phishing simulations are left alone.
    """

    key: str
    name: str
    entity_type: str
    evidence_column: str
    messages: str
    carried: str
    folds_case: bool = False
    spares: bool = True

    def entity(self, text: str) -> str:
        """An entity in the spelling that `messages` returns."""
        return text.casefold() if self.folds_case else text

    def hunt(self, entity: str) -> str:
        """The cluster's query for one entity, complete, to be hunted with."""
        # JSON's escapes are KQL's: a hostile URL stays inside its literal.
        return (
            f"let Entities = dynamic({json.dumps([entity])});\n{self.messages}\n| join kind=inner EmailEvents on NetworkMessageId"
        )


CLUSTERS: Mapping[str, Cluster] = MappingProxyType(
    {
        cluster.key: cluster
        for cluster in (
            Cluster(
                key="similar-files",
                name="Similar files",
                entity_type="File",
                evidence_column="SHA256",
                messages=(
                    "EmailAttachmentInfo\n"
                    "| where SHA256 in~ (Entities)\n"
                    "| project Entity = tolower(SHA256), NetworkMessageId\n"
                    "| distinct Entity, NetworkMessageId"
                ),
                carried=(
                    "EmailAttachmentInfo\n"
                    "| where NetworkMessageId in (Mails) and isnotempty(SHA256)\n"
                    "| project NetworkMessageId, Entity = tolower(SHA256)\n"
                    "| distinct NetworkMessageId, Entity"
                ),
                folds_case=True,
            ),
            Cluster(
                key="similar-urls",
                name="Similar URLs",
                entity_type="Url",
                evidence_column="RemoteUrl",
                messages=(
                    "EmailUrlInfo\n"
                    "| where Url in (Entities)\n"
                    "| project Entity = Url, NetworkMessageId\n"
                    "| distinct Entity, NetworkMessageId"
                ),
                carried=(
                    "EmailUrlInfo\n"
                    "| where NetworkMessageId in (Mails) and isnotempty(Url)\n"
                    "| project NetworkMessageId, Entity = Url\n"
                    "| distinct NetworkMessageId, Entity"
                ),
            ),
        )
    }
)

SELECTED = Cluster(
    key="selected",
    name="Selected messages",
    entity_type="MailMessage",
    evidence_column="NetworkMessageId",
    messages=(
        "EmailEvents\n"
        "| where NetworkMessageId in (Entities)\n"
        "| project Entity = NetworkMessageId, NetworkMessageId\n"
        "| distinct Entity, NetworkMessageId"
    ),
    carried="",
    spares=False,
)
"""What a person selected by message: no cluster type of automation's, and nothing is spared."""
