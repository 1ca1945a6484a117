-- A one-time code that lets one gateway enrol under one name. Only the digest of the code is kept. public_key is the
-- key it was used with: the same gateway may ask again when the answer got lost.
CREATE TABLE gateway_invite (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gateway text NOT NULL,
    place_id bigint REFERENCES place,
    replaces boolean NOT NULL,
    code_sha256 bytea NOT NULL UNIQUE CHECK (length(code_sha256) = 32),
    invited_by text NOT NULL,
    invited_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    public_key bytea CHECK (length(public_key) = 32),
    CHECK ((used_at IS NULL) = (public_key IS NULL))
);
CREATE INDEX gateway_invite_gateway ON gateway_invite (gateway, id);

-- The keys with which this ledger has signed receipts, the latest last. previous is the key before it, and handover the
-- signature with which that one says so. Whoever can read this table is the ledger: protect its backups as well.
CREATE TABLE ledger_key (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    public_key bytea NOT NULL UNIQUE CHECK (length(public_key) = 32),
    private_key bytea NOT NULL CHECK (length(private_key) = 32),
    previous bytea REFERENCES ledger_key (public_key),
    handover bytea CHECK (length(handover) = 64),
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((previous IS NULL) = (handover IS NULL))
);

-- Attempts with a wrong code, kept for as long as they limit further ones.
CREATE TABLE enrolment_failure (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gateway text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX enrolment_failure_at ON enrolment_failure (at);
