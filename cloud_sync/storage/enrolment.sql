-- name: add_invite(gateway, place_id, replaces, code_sha256, invited_by, expires_at)$
-- Keep a new invitation; gives its id.
INSERT INTO gateway_invite (gateway, place_id, replaces, code_sha256, invited_by, expires_at)
VALUES (:gateway, :place_id, :replaces, :code_sha256, :invited_by, :expires_at)
RETURNING id;

-- name: end_open_invites(gateway)!
-- A newer invitation takes the place of those that nobody has used.
UPDATE gateway_invite SET expires_at = least(expires_at, clock_timestamp())
WHERE gateway = :gateway AND used_at IS NULL;

-- name: lock_invite(code_sha256)^
-- The invitation behind a code, locked.
SELECT id, gateway, place_id, replaces, invited_by, expires_at, used_at, public_key
FROM gateway_invite WHERE code_sha256 = :code_sha256
FOR UPDATE;

-- name: use_invite(id, public_key)!
-- A code is good once.
UPDATE gateway_invite SET used_at = clock_timestamp(), public_key = :public_key WHERE id = :id;

-- name: add_failure(gateway, at, address)!
-- Somebody tried a wrong code.
INSERT INTO enrolment_failure (gateway, at, address) VALUES (:gateway, :at, :address);

-- name: forget_failures(before)!
-- Attempts that limit nobody any longer.
DELETE FROM enrolment_failure WHERE at < :before;

-- name: failures(address, since)^
-- How many wrong codes were tried of late, from one address and in all?
SELECT count(*) FILTER (WHERE address = :address) AS of_address, count(*) AS of_all
FROM enrolment_failure WHERE at >= :since;

-- name: lock_gateway(name)^
-- The gateway by that name, locked.
SELECT id, name, public_key, registered_at, revoked_at, last_seen_at FROM gateway WHERE name = :name FOR UPDATE;

-- name: replace_key(id, public_key)!
-- Believe another key from now on; the old one is worth nothing any longer.
UPDATE gateway SET public_key = :public_key, revoked_at = NULL, key_since = clock_timestamp() WHERE id = :id;

-- name: put_gateway(id, place_id)!
-- Say where a gateway stands.
UPDATE gateway SET place_id = :place_id WHERE id = :id;

-- name: place_of_name(name)$
-- The id of a place.
SELECT id FROM place WHERE name = :name;
