-- Who signs in by an identity provider, and what is under way there.

-- An identity of a provider belongs to an account because somebody said so: never because addresses or names are alike.
CREATE TABLE account_identity (
    issuer text NOT NULL,
    subject text NOT NULL,
    person text NOT NULL REFERENCES account,
    linked_by text NOT NULL,
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX account_identity_person ON account_identity (person);

-- A browser was sent to the provider and is to come back with this state (its digest), once.
CREATE TABLE oidc_request (
    state_sha256 text PRIMARY KEY,
    -- Only the browser that was sent has this secret, as a cookie (its digest).
    browser_sha256 text NOT NULL,
    nonce text NOT NULL,
    verifier text NOT NULL,
    next text NOT NULL,
    -- Who links their account, having shown their password; null: somebody signs in.
    links text,
    begun_at timestamptz NOT NULL
);
