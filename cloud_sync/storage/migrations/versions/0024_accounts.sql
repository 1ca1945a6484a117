-- People: roles by name, one account a person, their sessions, and tokens that end, turn and stay at a site.

CREATE TABLE role (
    name text PRIMARY KEY,
    meaning text NOT NULL
);
INSERT INTO role VALUES
    ('receiver', 'takes goods in, puts them away and counts them'),
    ('operator', 'moves, orders, picks and counts stock'),
    ('pharmacist', 'approves orders, issues to patients and checks what colleagues prepare'),
    ('production', 'prepares batches by approved master formulation records'),
    ('quality', 'holds, releases and rejects; resolves cases; corrects what identifies stock'),
    ('facilities', 'looks after places, sensors and gateways'),
    ('auditor', 'reads everything and changes nothing'),
    ('owner', 'sees the stock that belongs to them'),
    ('administrator', 'keeps master data and gives out access; moves no stock and releases none');

-- Nothing but a new name: who reads is an auditor.
ALTER TABLE api_token DROP CONSTRAINT api_token_role_check;
ALTER TABLE api_token DISABLE TRIGGER USER;
UPDATE api_token SET role = 'auditor' WHERE role = 'reader';
ALTER TABLE api_token ENABLE TRIGGER USER;
ALTER TABLE api_token
    ADD CONSTRAINT api_token_role_fkey FOREIGN KEY (role) REFERENCES role,
    ADD COLUMN site bigint REFERENCES place,
    ADD COLUMN owner text,
    ADD COLUMN expires_at timestamptz,
    -- The secret before the last rotation is good until then.
    ADD COLUMN previous_sha256 text UNIQUE,
    ADD COLUMN previous_until timestamptz;

-- One person, one account; the person is called as on their badge and as in every event.
CREATE TABLE account (
    person text PRIMARY KEY,
    printed_name text NOT NULL,
    password_hash text NOT NULL,
    -- Given out once, to be changed at the first sign-in; good until then.
    one_time_until timestamptz,
    expires_at timestamptz,
    locked_at timestamptz,
    locked_reason text NOT NULL DEFAULT '',
    totp_secret bytea,
    totp_confirmed_at timestamptz,
    -- A code is good once: those of earlier steps are refused.
    totp_step bigint NOT NULL DEFAULT 0,
    owner text,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX account_one_person ON account (lower(person));

-- What a person is trusted with; without a site: everywhere.
CREATE TABLE account_role (
    person text NOT NULL REFERENCES account,
    role text NOT NULL REFERENCES role,
    site bigint REFERENCES place,
    granted_by text NOT NULL,
    granted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE NULLS NOT DISTINCT (person, role, site)
);

-- Of a session the ledger keeps only the digest, and any of its processes can ask for it.
CREATE TABLE account_session (
    id_sha256 text PRIMARY KEY,
    person text NOT NULL REFERENCES account,
    has_second_factor boolean NOT NULL,
    address text NOT NULL,
    began_at timestamptz NOT NULL,
    used_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX account_session_of_person ON account_session (person) WHERE ended_at IS NULL;

CREATE TABLE recovery_code (
    person text NOT NULL REFERENCES account,
    code_sha256 text NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (person, code_sha256)
);

-- Attempts that did not succeed (yet), of names that exist and names that do not alike; they make the next one wait.
CREATE TABLE sign_in_attempt (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person text NOT NULL,
    address text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX sign_in_attempt_of_person ON sign_in_attempt (person, at);
CREATE INDEX sign_in_attempt_of_address ON sign_in_attempt (address, at);
