-- Backups that were made, restores, and what a restored ledger waits for.

-- A backup that was written and checked. read_back: 'decrypted' (every row of it was read again) or 'compared' (its bytes
-- are what was written; the key that opens it is elsewhere).
CREATE TABLE backup (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    made_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    made_by text NOT NULL,
    name text NOT NULL,
    bytes bigint NOT NULL CHECK (bytes > 0),
    sha256 bytea NOT NULL,
    row_count bigint NOT NULL,
    sealed_size bigint NOT NULL,
    read_back text NOT NULL CHECK (read_back IN ('decrypted', 'compared'))
);
CREATE INDEX backup_made ON backup (made_at);

-- The sealed log goes on under another name after each restore, for the ledger before may have signed more than came back.
CREATE TABLE seal_epoch (
    number integer PRIMARY KEY CHECK (number > 1),
    restored_size bigint NOT NULL,
    statement text NOT NULL,
    signature bytea NOT NULL,
    public_key bytea NOT NULL,
    begun_at timestamptz NOT NULL,
    begun_by text NOT NULL,
    reason text NOT NULL
);

-- Up to which number the ledger before had a lane, as was kept outside of its backup. Settled: all of it is here again, or
-- the gateway has said that it is lost.
CREATE TABLE restored_lane (
    gateway_id bigint NOT NULL REFERENCES gateway,
    journal uuid NOT NULL,
    lane text NOT NULL,
    last_seq bigint NOT NULL,
    case_id bigint REFERENCES exception_case,
    PRIMARY KEY (gateway_id, journal, lane)
);
