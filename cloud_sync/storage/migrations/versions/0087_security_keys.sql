-- Security keys and passkeys (WebAuthn): a second factor, and what people sign with.

CREATE TABLE security_key (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person text NOT NULL REFERENCES account,
    -- How its owner calls it.
    name text NOT NULL,
    credential_id bytea NOT NULL UNIQUE,
    -- COSE, as the authenticator gave it.
    public_key bytea NOT NULL,
    -- The ledger's name in the browser when it was added: it signs for no other.
    domain text NOT NULL,
    sign_count bigint NOT NULL,
    added_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX security_key_person ON security_key (person);

-- A question to a key: good once, and for some minutes.
CREATE TABLE security_key_question (
    challenge bytea PRIMARY KEY,
    person text NOT NULL,
    purpose text NOT NULL CHECK (purpose IN ('add', 'sign in', 'sign')),
    -- What was shown, where the challenge is its hash.
    shown text NOT NULL DEFAULT '',
    asked_at timestamptz NOT NULL
);

ALTER TABLE signature DROP CONSTRAINT signature_proof_check;
ALTER TABLE signature ADD CONSTRAINT signature_proof_check
    CHECK (proof IN ('password', 'password and code', 'security key'));

-- What a key answered, by the signature that it proves: whoever has this row checks it without the ledger.
CREATE TABLE signature_by_key (
    signature_sha256 text PRIMARY KEY REFERENCES signature (sha256),
    shown text NOT NULL,
    public_key bytea NOT NULL,
    client_data bytea NOT NULL,
    authenticator_data bytea NOT NULL,
    key_signature bytea NOT NULL
);
