-- Signing in by an identity provider.

-- name: begin_request(state_digest, browser_digest, nonce, verifier, next, at)!
-- A browser is sent there.
INSERT INTO oidc_request (state_sha256, browser_sha256, nonce, verifier, next, begun_at)
VALUES (:state_digest, :browser_digest, :nonce, :verifier, :next, :at);

-- name: take_request(state_digest)^
-- It comes back, once.
DELETE FROM oidc_request WHERE state_sha256 = :state_digest RETURNING browser_sha256, nonce, verifier, next, begun_at;

-- name: forget_old(before)!
-- Whoever does not come back has to begin again.
WITH gone AS (DELETE FROM oidc_request WHERE begun_at < :before)
DELETE FROM oidc_arrival WHERE arrived_at < :before;

-- name: note_arrival(browser_digest, issuer, subject, next, at)!
-- Who it is, by the provider's word.
INSERT INTO oidc_arrival (browser_sha256, issuer, subject, next, arrived_at)
VALUES (:browser_digest, :issuer, :subject, :next, :at)
ON CONFLICT (browser_sha256) DO UPDATE
SET issuer = excluded.issuer, subject = excluded.subject, next = excluded.next, arrived_at = excluded.arrived_at;

-- name: arrival(browser_digest, after)^
-- Who this browser is, by the provider's word.
SELECT issuer, subject, next FROM oidc_arrival WHERE browser_sha256 = :browser_digest AND arrived_at > :after;

-- name: end_arrival(browser_digest)!
-- It is signed in.
DELETE FROM oidc_arrival WHERE browser_sha256 = :browser_digest;

-- name: person_of_identity(issuer, subject)$
-- Whose identity it is. Index: account_identity_pkey.
SELECT person FROM account_identity WHERE issuer = :issuer AND subject = :subject;

-- name: link_identity(issuer, subject, person, at)!
-- It is theirs; no row if it is somebody's already.
INSERT INTO account_identity (issuer, subject, person, linked_at) VALUES (:issuer, :subject, :person, :at)
ON CONFLICT DO NOTHING;

-- name: unlink_identities(person)!
-- They sign in by password only.
DELETE FROM account_identity WHERE person = :person;
