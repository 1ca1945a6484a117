-- Who signs in by an identity provider, and what is under way there.

-- An identity of a provider belongs to an account because its person proved to be both: never because names are alike.
CREATE TABLE account_identity (
    issuer text NOT NULL,
    subject text NOT NULL,
    person text NOT NULL REFERENCES account,
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX account_identity_person ON account_identity (person);

-- A browser was sent to the provider and comes back with this state (its digest), once. Only that browser has the
-- cookie (its digest).
CREATE TABLE oidc_request (
    state_sha256 text PRIMARY KEY,
    browser_sha256 text NOT NULL,
    nonce text NOT NULL,
    verifier text NOT NULL,
    next text NOT NULL,
    begun_at timestamptz NOT NULL
);

-- A browser came back as this identity, and has to show a second factor of ours, or that an account is its own.
CREATE TABLE oidc_arrival (
    browser_sha256 text PRIMARY KEY,
    issuer text NOT NULL,
    subject text NOT NULL,
    next text NOT NULL,
    arrived_at timestamptz NOT NULL
);
