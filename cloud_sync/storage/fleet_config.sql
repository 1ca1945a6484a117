-- What configuration gateways are to have, and what they say of themselves.

-- name: lock_gateway(name)^
-- One gateway, nobody else's until the end of the transaction.
SELECT id, name, place_id, revoked_at FROM gateway WHERE name = :name FOR UPDATE;

-- name: lock_gateway_of_id(gateway_id)^
-- The same by its number.
SELECT id, name, place_id, revoked_at FROM gateway WHERE id = :gateway_id FOR UPDATE;

-- name: gateway_of_name(name)^
-- One gateway.
SELECT g.id, g.name, g.revoked_at, p.zone FROM gateway g LEFT JOIN place p ON p.id = g.place_id WHERE g.name = :name;

-- name: latest_config(gateway_id)^
-- The configuration that counts. Index: gateway_config_pkey.
SELECT version, toml, profiles, policies, sha256, replaces, reason, set_by, approved_by, set_at
FROM gateway_config WHERE gateway_id = :gateway_id ORDER BY version DESC LIMIT 1;

-- name: config_of_version(gateway_id, version)^
-- One version. Index: gateway_config_pkey.
SELECT version, toml, profiles, policies, sha256, replaces, reason, set_by, approved_by, set_at
FROM gateway_config WHERE gateway_id = :gateway_id AND version = :version;

-- name: configs(gateway_id, rows_max)
-- All versions, the newest first. Index: gateway_config_pkey.
SELECT version, toml, profiles, policies, sha256, replaces, reason, set_by, approved_by, set_at
FROM gateway_config WHERE gateway_id = :gateway_id ORDER BY version DESC LIMIT :rows_max;

-- name: add_config(gateway_id, version, toml, profiles, policies, sha256, replaces, reason, set_by, approved_by, at)!
-- The next version.
INSERT INTO gateway_config (gateway_id, version, toml, profiles, policies, sha256, replaces, reason, set_by, approved_by,
                            set_at)
VALUES (:gateway_id, :version, :toml, :profiles, :policies, :sha256, :replaces, :reason, :set_by, :approved_by, :at);

-- name: policies_of_gateway(gateway_id)
-- The storage policies that the places of a gateway's site use. Index: place_ancestors.
SELECT name, body FROM policy
WHERE name IN (SELECT p.policy FROM place p
               WHERE p.policy IS NOT NULL
                 AND p.ancestors @> ARRAY[(SELECT s.id FROM gateway g JOIN place w ON w.id = g.place_id
                                           JOIN place s ON s.id = ANY(w.ancestors) AND s.kind = 'site'
                                           WHERE g.id = :gateway_id)])
ORDER BY name;

-- name: heartbeat_of(gateway_id)^
-- The latest word of a gateway on itself. Index: gateway_heartbeat_pkey.
SELECT at, protocols, config, release, health FROM gateway_heartbeat WHERE gateway_id = :gateway_id;

-- name: put_heartbeat(gateway_id, at, protocols, config, release, health)!
-- A newer one.
INSERT INTO gateway_heartbeat (gateway_id, at, protocols, config, release, health)
VALUES (:gateway_id, :at, :protocols, :config, :release, :health)
ON CONFLICT (gateway_id) DO UPDATE
SET at = excluded.at, protocols = excluded.protocols, config = excluded.config, release = excluded.release,
    health = excluded.health;

-- name: open_change_of(subject)^
-- A change of configuration that waits for a second person. Index: controlled_change_open.
SELECT id, after, reason, proposed_by, proposed_at FROM controlled_change
WHERE kind = 'gateway_config' AND subject = :subject AND applied_at IS NULL AND decision IS DISTINCT FROM 'rejected';

-- name: off_course()
-- Gateways whose configuration is not what the ledger handed out: edited there, refused or rolled back.
SELECT g.name, g.place_id, h.at, h.config
FROM gateway_heartbeat h JOIN gateway g ON g.id = h.gateway_id
WHERE g.revoked_at IS NULL
  AND (h.config ->> 'state' IN ('drifted', 'unreadable')
       OR h.config ->> 'last' <> '' AND (h.config ->> 'tried')::integer
          = (SELECT max(c.version) FROM gateway_config c WHERE c.gateway_id = g.id))
ORDER BY g.name;
