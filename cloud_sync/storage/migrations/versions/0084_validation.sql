-- Runs of the validation protocol, as they were signed.
CREATE TABLE validation_run (
    number bigint PRIMARY KEY,
    begun_at timestamptz NOT NULL,
    run_by text NOT NULL,
    passed integer NOT NULL CHECK (passed >= 0),
    failed integer NOT NULL CHECK (failed >= 0),
    body jsonb NOT NULL,
    sha256 bytea NOT NULL,
    public_key bytea NOT NULL,
    signature bytea NOT NULL
);
