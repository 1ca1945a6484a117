-- The journal, schema version 2. Applied once, in one transaction, to a fresh file; migrate_2.sql brings a file of
-- version 1 to the same.

-- One row: which journal this is, and whose.
CREATE TABLE journal (
    id         TEXT NOT NULL,     -- UUID made with the file; a lost file is never continued under its id
    gateway    TEXT NOT NULL,
    created_at TEXT NOT NULL      -- wall time, ISO 8601 UTC
) STRICT;

-- The end of each lane's chain. Outlives the rows: acknowledged batches are deleted, numbers are never used again.
CREATE TABLE head (
    lane   TEXT PRIMARY KEY,
    seq    INTEGER NOT NULL,      -- last sequence number given out; 0 before the first
    digest TEXT NOT NULL,         -- digest of the last batch; 64 zeros before the first
    -- Bytes the disk was given to write. Kept here because this page is written by every append anyway.
    written_bytes INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- One row, one batch. `raw` is exactly what goes over the wire; the other columns repeat its header for searching.
-- `journal` differs from the one above for batches saved from a damaged journal.
CREATE TABLE batch (
    id       INTEGER PRIMARY KEY, -- order of writing
    journal  TEXT NOT NULL,
    lane     TEXT NOT NULL,
    first    INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    from_ms  INTEGER NOT NULL,    -- wall time of the earliest and latest record, ms since 1970 UTC
    until_ms INTEGER NOT NULL,
    digest   TEXT NOT NULL,
    state    TEXT NOT NULL CHECK (state IN ('pending', 'refused', 'fork', 'damaged')),
    reason   TEXT NOT NULL,       -- why it was set aside; empty while pending
    raw      BLOB NOT NULL,
    may_thin INTEGER NOT NULL DEFAULT 1 -- 0: there is nothing in it that thinning could make smaller
) STRICT;

-- Finds what is to be sent, oldest or newest first.
CREATE INDEX batch_to_send ON batch (lane, state);

-- Damaged journals that were set aside and searched for batches worth keeping.
CREATE TABLE adopted (
    name TEXT PRIMARY KEY,        -- directory name
    at   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO head (lane, seq, digest) VALUES
    ('scans', 0, '0000000000000000000000000000000000000000000000000000000000000000'),
    ('readings', 0, '0000000000000000000000000000000000000000000000000000000000000000');

PRAGMA application_id = 0x4c57424a;
PRAGMA user_version = 2;
