"""Where a message is now: EmailEvents' LatestDelivery* columns as a view over the events after delivery.

What a store was filled with says where a copy was then; a later event in EmailPostDeliveryEvents says where it is now. The events
are joined only where a query reads one of these columns: everything else reads the plain table.
"""

from __future__ import annotations

TABLE, EVENTS = "EmailEvents", "EmailPostDeliveryEvents"
COLUMNS = frozenset({"LatestDeliveryLocation", "LatestDeliveryAction", "LastEventExecutionTime"})


def overlaid(mail: str, events: str) -> str:
    """SQL: the rows of `mail` (a SELECT over EmailEvents) with the columns of the last event that `events` has after them.

    Only what moved a copy counts. The two tables spell the inbox differently.
    """
    return f"""
        SELECT m.* REPLACE (
            CASE WHEN e.place = 'Inbox' THEN 'Inbox/folder' ELSE coalesce(e.place, m.LatestDeliveryLocation) END
                AS LatestDeliveryLocation,
            coalesce(e.action, m.LatestDeliveryAction) AS LatestDeliveryAction,
            coalesce(e.at, m.LastEventExecutionTime) AS LastEventExecutionTime)
        FROM ({mail}) m LEFT JOIN (
            SELECT NetworkMessageId AS message, lower(RecipientEmailAddress) AS recipient, max("Timestamp") AS at,
                arg_max(DeliveryLocation, "Timestamp") AS place, arg_max("Action", "Timestamp") AS action
            FROM ({events}) WHERE ActionResult = 'Success' GROUP BY ALL) e
        ON e.message = m.NetworkMessageId AND e.recipient = lower(m.RecipientEmailAddress)
            AND e.at > coalesce(m.LastEventExecutionTime, m."Timestamp")
    """
