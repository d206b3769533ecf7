"""Automated investigation and response: from alerts to removed messages, and back.

    air = hunting.connect(store).air
    air.set(similar_urls=True, by="me")
    air.run()
    air.undo(air.actions(status="Completed")[0].id, by="me")

Reading never waits for a writer. Whatever changes something takes the store's writer lock, first carries on what a crash left
half done, and last publishes: repeating it changes nothing.
"""

from hunting.air.air import Air
from hunting.air.records import (
    ActionRecord,
    Evidence,
    FoundCluster,
    Investigation,
    LogEntry,
    RetentionNote,
    RunSummary,
    SettingsChange,
    Verification,
)
from hunting.air.settings import Settings

__all__ = [
    "ActionRecord",
    "Air",
    "Evidence",
    "FoundCluster",
    "Investigation",
    "LogEntry",
    "RetentionNote",
    "RunSummary",
    "Settings",
    "SettingsChange",
    "Verification",
]
