-- name: token_by_digest(token_sha256)^
-- Who holds the token with this digest, if it is neither revoked nor over. After a rotation the old one is good a while.
SELECT name, person, role, site, owner FROM api_token
WHERE (token_sha256 = :token_sha256 OR previous_sha256 = :token_sha256 AND previous_until > clock_timestamp())
  AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp());

-- name: add_token(name, person, role, site, owner, expires_at, token_sha256)!
-- Keep a new token; no row if the name is taken.
INSERT INTO api_token (name, person, role, site, owner, expires_at, token_sha256)
VALUES (:name, :person, :role, :site, :owner, :expires_at, :token_sha256)
ON CONFLICT (name) DO NOTHING;

-- name: rotate_token(name, token_sha256, previous_until)!
-- Another secret for the same token; no row if there is none by that name that is still good.
UPDATE api_token
SET previous_sha256 = token_sha256, previous_until = :previous_until, token_sha256 = :token_sha256
WHERE name = :name AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp());

-- name: revoke_token(name)!
-- End a token; no row if there is none by that name that is still good.
UPDATE api_token SET revoked_at = clock_timestamp() WHERE name = :name AND revoked_at IS NULL;

-- name: tokens()
-- All tokens ever made, without their secrets.
SELECT t.name, t.person, t.role, p.name AS site, t.owner, t.created_at, t.expires_at, t.revoked_at
FROM api_token t LEFT JOIN place p ON p.id = t.site ORDER BY t.name;

-- name: answers()$
-- Whether the database answers at all.
SELECT true;
