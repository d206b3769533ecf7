"""The journal's tables, as migrations: number n brings a journal of version n-1 to version n. Never edit one that was released.

All times are microseconds since 1970-01-01 UTC. `recipient` is the address in lower case, the key; `address` as delivered.
A move's key is action | message | recipient, where the action's id stands for investigation | cluster | action | generation. Its
state: executing, done, already in destination, not in mailbox, not found, retention passed, conflict. `outbox` holds rows of
Defender's own tables as JSON, `revision` counts transactions: what the lake's copy of the ledger is compared with.

`jobs` and `job_*` are the scheduler's (hunting.schedule): `watermark` is the last due moment that a run stands for. A run's
status: Running, Retrying, Delivering, Succeeded, Failed; a delivery's: Pending, Delivered, Failed. `job_revision` counts their
transactions.
"""

from __future__ import annotations

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE identity (id TEXT PRIMARY KEY) STRICT;
    INSERT INTO identity VALUES (lower(hex(randomblob(8))));

    CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

    CREATE TABLE investigations (
        id TEXT PRIMARY KEY, trigger TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL, severity TEXT NOT NULL,
        status TEXT NOT NULL, created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL, ended_at INTEGER
    ) STRICT;

    CREATE TABLE investigation_log (
        investigation_id TEXT NOT NULL REFERENCES investigations, number INTEGER NOT NULL, at INTEGER NOT NULL,
        status TEXT NOT NULL, description TEXT NOT NULL, PRIMARY KEY (investigation_id, number)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE evidence (
        investigation_id TEXT NOT NULL REFERENCES investigations, type TEXT NOT NULL, entity TEXT NOT NULL,
        verdict TEXT NOT NULL, origin TEXT NOT NULL, first_seen INTEGER NOT NULL, PRIMARY KEY (investigation_id, type, entity)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE clusters (
        id TEXT PRIMARY KEY, investigation_id TEXT NOT NULL REFERENCES investigations, type TEXT NOT NULL, entity TEXT NOT NULL,
        name TEXT NOT NULL, verdict TEXT NOT NULL, remediation_status TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL,
        query TEXT NOT NULL, analysed_at INTEGER NOT NULL, email_count INTEGER NOT NULL, malware INTEGER NOT NULL,
        phish INTEGER NOT NULL, high_confidence_phish INTEGER NOT NULL, spam INTEGER NOT NULL, delivered INTEGER NOT NULL,
        junked INTEGER NOT NULL, replaced INTEGER NOT NULL, blocked INTEGER NOT NULL, mailbox INTEGER NOT NULL,
        not_in_mailbox INTEGER NOT NULL, on_prem_external INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX clusters_of ON clusters (investigation_id);

    CREATE TABLE cluster_members (
        cluster_id TEXT NOT NULL REFERENCES clusters, message TEXT NOT NULL, recipient TEXT NOT NULL, address TEXT NOT NULL,
        internet_message_id TEXT NOT NULL, sender TEXT NOT NULL, direction TEXT NOT NULL, subject TEXT NOT NULL,
        threat_types TEXT NOT NULL, detection_methods TEXT NOT NULL, place TEXT NOT NULL,
        PRIMARY KEY (cluster_id, message, recipient)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE actions (
        id TEXT PRIMARY KEY, investigation_id TEXT NOT NULL REFERENCES investigations,
        cluster_id TEXT NOT NULL REFERENCES clusters, kind TEXT NOT NULL CHECK (kind IN ('remediation', 'undo')),
        name TEXT NOT NULL, generation INTEGER NOT NULL,
        status TEXT NOT NULL, source TEXT NOT NULL, decision TEXT NOT NULL, decided_by TEXT NOT NULL, reason TEXT NOT NULL,
        action_type TEXT NOT NULL, action_trigger TEXT NOT NULL, created_at INTEGER NOT NULL, decided_at INTEGER,
        completed_at INTEGER, undoes TEXT UNIQUE REFERENCES actions,
        UNIQUE (investigation_id, cluster_id, kind, name, generation), CHECK ((kind = 'undo') = (undoes IS NOT NULL))
    ) STRICT;
    CREATE INDEX actions_of ON actions (investigation_id);
    CREATE INDEX actions_open ON actions (status);

    CREATE TABLE approvals (
        action_id TEXT NOT NULL REFERENCES actions, number INTEGER NOT NULL, decision TEXT NOT NULL, decided_by TEXT NOT NULL,
        reason TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (action_id, number)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE moves (
        action_id TEXT NOT NULL REFERENCES actions, message TEXT NOT NULL, recipient TEXT NOT NULL, expected TEXT NOT NULL,
        target TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (action_id, message, recipient)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX moves_open ON moves (action_id, state);

    CREATE TABLE locations (
        message TEXT NOT NULL, recipient TEXT NOT NULL, place TEXT NOT NULL, since INTEGER NOT NULL, action_id TEXT,
        PRIMARY KEY (message, recipient)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, action_id TEXT NOT NULL, message TEXT NOT NULL, recipient TEXT NOT NULL,
        at INTEGER NOT NULL, source TEXT NOT NULL, place TEXT NOT NULL, report_id TEXT NOT NULL UNIQUE,
        FOREIGN KEY (action_id, message, recipient) REFERENCES moves, UNIQUE (action_id, message, recipient)
    ) STRICT;

    CREATE VIEW event_rows AS
        SELECT e.seq, e.at, e.message, m.internet_message_id, a.name AS action, a.action_type, a.action_trigger, m.address,
               e.source, e.place, m.threat_types, m.detection_methods, e.report_id, m.sender, m.direction, e.action_id
        FROM events e JOIN actions a ON a.id = e.action_id
        JOIN cluster_members m ON m.cluster_id = a.cluster_id AND m.message = e.message AND m.recipient = e.recipient;

    CREATE TABLE audit (
        seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, event TEXT NOT NULL, subject TEXT NOT NULL,
        detail TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL
    ) STRICT;
    """,
    """
    ALTER TABLE investigations ADD COLUMN alert_id TEXT NOT NULL DEFAULT '';
    UPDATE investigations SET alert_id = trigger WHERE trigger NOT LIKE 'email:%';
    ALTER TABLE investigations ADD COLUMN title TEXT NOT NULL DEFAULT '';
    ALTER TABLE investigations ADD COLUMN queued_at INTEGER;

    ALTER TABLE events ADD COLUMN result TEXT NOT NULL DEFAULT 'Success';
    DROP VIEW event_rows;
    CREATE VIEW event_rows AS
        SELECT e.seq, e.at, e.message, m.internet_message_id, a.name AS action, a.action_type, a.action_trigger, e.result,
               m.address, e.source, e.place, m.threat_types, m.detection_methods, e.report_id, m.sender, m.direction, e.action_id
        FROM events e JOIN actions a ON a.id = e.action_id
        JOIN cluster_members m ON m.cluster_id = a.cluster_id AND m.message = e.message AND m.recipient = e.recipient;

    CREATE TABLE outbox (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, target TEXT NOT NULL, subject TEXT NOT NULL, row TEXT NOT NULL
    ) STRICT;
    CREATE INDEX outbox_of ON outbox (target, subject);

    CREATE TABLE revision (number INTEGER NOT NULL) STRICT;
    INSERT INTO revision VALUES (1);
    """,
    """
    CREATE TABLE jobs (
        name TEXT PRIMARY KEY, schedule TEXT NOT NULL, watermark INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE job_runs (
        id TEXT PRIMARY KEY, job TEXT NOT NULL REFERENCES jobs, title TEXT NOT NULL, due_at INTEGER NOT NULL,
        missed INTEGER NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL, started_at INTEGER NOT NULL,
        changed_at INTEGER NOT NULL, ended_at INTEGER, error TEXT NOT NULL, UNIQUE (job, due_at)
    ) STRICT;
    CREATE INDEX job_runs_open ON job_runs (status);

    CREATE TABLE job_outputs (
        run_id TEXT NOT NULL REFERENCES job_runs, number INTEGER NOT NULL, name TEXT NOT NULL, media_type TEXT NOT NULL,
        size INTEGER NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (run_id, number), UNIQUE (run_id, name)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE job_deliveries (
        run_id TEXT NOT NULL REFERENCES job_runs, number INTEGER NOT NULL, kind TEXT NOT NULL, target TEXT NOT NULL,
        status TEXT NOT NULL, attempts INTEGER NOT NULL, changed_at INTEGER NOT NULL, place TEXT NOT NULL, error TEXT NOT NULL,
        PRIMARY KEY (run_id, number), UNIQUE (run_id, kind, target)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE job_revision (number INTEGER NOT NULL) STRICT;
    INSERT INTO job_revision VALUES (0);
    """,
)

WORKING = """
    CREATE TEMP TABLE seen (
        message TEXT NOT NULL, recipient TEXT NOT NULL, address TEXT NOT NULL, internet_message_id TEXT NOT NULL,
        sender TEXT NOT NULL, direction TEXT NOT NULL, subject TEXT NOT NULL, threat_types TEXT NOT NULL,
        detection_methods TEXT NOT NULL, high_confidence_phish INTEGER NOT NULL, delivery_action TEXT NOT NULL,
        place TEXT NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (message, recipient)
    ) STRICT, WITHOUT ROWID;

    CREATE TEMP TABLE retention (recipient TEXT PRIMARY KEY, micros INTEGER NOT NULL) STRICT, WITHOUT ROWID;

    CREATE TEMP VIEW whereabouts AS
        SELECT s.message, s.recipient, iif(l.since >= s.since, l.place, s.place) AS place,
               max(s.since, coalesce(l.since, 0)) AS since,
               l.since >= s.since AND (a.kind = 'undo' OR a.name IN ('Moved to inbox', 'Quarantine release')) AS restored
        FROM seen s LEFT JOIN locations l ON l.message = s.message AND l.recipient = s.recipient
        LEFT JOIN actions a ON a.id = l.action_id;
    """
"""Of one connection: `seen`, what the lake says of some copies, and `whereabouts`, the journal's moves laid over it.

The journal wins, because its moves may not be published yet, unless the lake holds a later event of another origin."""

EVENT_COLUMNS = (
    "seq, at, message, internet_message_id, action, action_type, action_trigger, result, address, source, place,"
    " threat_types, detection_methods, report_id, sender, direction"
)
"""Of `event_rows`: what becomes a row of EmailPostDeliveryEvents."""
