-- name: token_by_digest(token_sha256)^
-- Who holds the token with this digest, if it is not revoked.
SELECT name, person, role FROM api_token WHERE token_sha256 = :token_sha256 AND revoked_at IS NULL;

-- name: add_token(name, person, role, token_sha256)!
-- Keep a new token; no row if the name is taken.
INSERT INTO api_token (name, person, role, token_sha256) VALUES (:name, :person, :role, :token_sha256)
ON CONFLICT (name) DO NOTHING;

-- name: revoke_token(name)!
-- End a token; no row if there is none by that name that is still good.
UPDATE api_token SET revoked_at = clock_timestamp() WHERE name = :name AND revoked_at IS NULL;

-- name: tokens()
-- All tokens ever made, without their secrets.
SELECT name, person, role, created_at, revoked_at FROM api_token ORDER BY name;

-- name: answers()$
-- Whether the database answers at all.
SELECT true;
