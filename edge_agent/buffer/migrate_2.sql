-- From schema version 1 to 2: bytes written are counted, and readings can be thinned. Applied in one transaction.

ALTER TABLE head ADD COLUMN written_bytes INTEGER NOT NULL DEFAULT 0;

ALTER TABLE batch ADD COLUMN may_thin INTEGER NOT NULL DEFAULT 1;

PRAGMA user_version = 2;
