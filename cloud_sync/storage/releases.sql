-- Releases of the gateways' program, and their ways out.

-- name: add_release(version, body, signed_by, signature, sha256, actor, at)!
-- Keep a release; no row if there is one of that version.
INSERT INTO release (version, body, signed_by, signature, sha256, added_by, added_at)
VALUES (:version, :body, :signed_by, :signature, :sha256, :actor, :at) ON CONFLICT (version) DO NOTHING;

-- name: add_release_file(version, name, sha256, bytes)!
-- One of its files; its content lies in the folder of the ledger.
INSERT INTO release_file (version, name, sha256, bytes) VALUES (:version, :name, :sha256, :bytes);

-- name: file_of_release(version, name)^
-- One file; is_here: its content still lies in the database. Index: release_file_pkey.
SELECT sha256, bytes, content IS NOT NULL AS is_here FROM release_file WHERE version = :version AND name = :name;

-- name: files_of_releases()
-- All files of all releases, the newest release first; is_here: the content still lies in the database.
SELECT f.version, f.name, f.sha256, f.bytes, f.content IS NOT NULL AS is_here
FROM release_file f JOIN release r ON r.version = f.version ORDER BY r.added_at DESC, f.version, f.name;

-- name: forget_content(version, name)!
-- Its content lies in the folder now. Index: release_file_pkey.
UPDATE release_file SET content = NULL WHERE version = :version AND name = :name;

-- name: release_of(version)^
-- One release. Index: release_pkey.
SELECT version, body, signed_by, signature, sha256, added_by, added_at FROM release WHERE version = :version;

-- name: releases(rows_max)
-- Releases, the newest first, with how many gateways run each.
SELECT r.version, r.body, r.sha256, r.signed_by, r.added_by, r.added_at,
       (SELECT sum(f.bytes)::bigint FROM release_file f WHERE f.version = r.version) AS bytes,
       (SELECT count(*) FROM gateway_heartbeat h WHERE h.release ->> 'version' = r.version) AS gateways
FROM release r ORDER BY r.added_at DESC, r.version LIMIT :rows_max;

-- name: part_of_file(version, name, start, bytes)^
-- A piece of a file, start counted from 0. Index: release_file_pkey.
SELECT substring(content FROM :start::integer + 1 FOR :bytes::integer) AS part
FROM release_file WHERE version = :version AND name = :name;

-- name: put_cohort(gateway_id, cohort, actor, at)!
-- A gateway goes out with these.
INSERT INTO gateway_cohort (gateway_id, cohort, set_by, set_at) VALUES (:gateway_id, :cohort, :actor, :at)
ON CONFLICT (gateway_id) DO UPDATE SET cohort = excluded.cohort, set_by = excluded.set_by, set_at = excluded.set_at;

-- name: drop_cohort(gateway_id)!
-- A gateway belongs to no cohort.
DELETE FROM gateway_cohort WHERE gateway_id = :gateway_id;

-- name: members()
-- The fleet: gateways that are believed, and their cohorts.
SELECT g.id, g.name, coalesce(c.cohort, '') AS cohort
FROM gateway g LEFT JOIN gateway_cohort c ON c.gateway_id = g.id
WHERE g.revoked_at IS NULL ORDER BY g.name;

-- name: start_roll_out(version, waves, soak_minutes, reason, actor, at)$
-- A release begins to go out; no row while another one is on its way.
INSERT INTO roll_out (version, waves, soak_minutes, reason, started_by, started_at)
VALUES (:version, :waves, :soak_minutes, :reason, :actor, :at)
ON CONFLICT ((true)) WHERE ended_as IS NULL DO NOTHING
RETURNING id;

-- name: add_to_roll_out(roll_out_id, gateway_ids, waves)!
-- Who is in which wave.
INSERT INTO roll_out_gateway (roll_out_id, gateway_id, wave)
SELECT :roll_out_id, * FROM unnest(:gateway_ids::bigint[], :waves::integer[]);

-- name: running_roll_out()^
-- The one that is on its way, nobody else's until the end of the transaction. Index: roll_out_running.
SELECT id, version, waves, soak_minutes, reason, started_by, started_at FROM roll_out WHERE ended_as IS NULL FOR UPDATE;

-- name: roll_outs(rows_max)
-- Roll-outs, the newest first. Index: roll_out_pkey.
SELECT id, version, waves, soak_minutes, reason, started_by, started_at, ended_as, ended_at, ended_by, ended_reason
FROM roll_out ORDER BY id DESC LIMIT :rows_max;

-- name: gateways_of_roll_outs(ids)
-- How the gateways of roll-outs stand. Index: roll_out_gateway_pkey.
SELECT m.roll_out_id, m.gateway_id, g.name, m.wave, m.ordered_at, m.before, m.reached_at, m.judged_at, m.faults,
       h.at AS heard_at, h.release, h.health
FROM roll_out_gateway m JOIN gateway g ON g.id = m.gateway_id LEFT JOIN gateway_heartbeat h ON h.gateway_id = m.gateway_id
WHERE m.roll_out_id = ANY(:ids)
ORDER BY m.roll_out_id DESC, m.wave, g.name;

-- name: order_wave(roll_out_id, wave, at)!
-- Let a wave install it; what each is like now is kept to compare with.
UPDATE roll_out_gateway m
SET ordered_at = :at,
    before = coalesce((SELECT h.health FROM gateway_heartbeat h WHERE h.gateway_id = m.gateway_id), '{}')
WHERE m.roll_out_id = :roll_out_id AND m.wave = :wave AND m.ordered_at IS NULL;

-- name: reached(roll_out_id, gateway_id, at)!
-- It runs the release, and its receipt came.
UPDATE roll_out_gateway SET reached_at = :at
WHERE roll_out_id = :roll_out_id AND gateway_id = :gateway_id AND reached_at IS NULL;

-- name: judge_gateway(roll_out_id, gateway_id, faults, at)!
-- Whether it is worse off, and in what.
UPDATE roll_out_gateway SET judged_at = :at, faults = :faults
WHERE roll_out_id = :roll_out_id AND gateway_id = :gateway_id;

-- name: end_roll_out(id, ended_as, actor, reason, at)!
-- It is over; no row if it was.
UPDATE roll_out SET ended_as = :ended_as, ended_at = :at, ended_by = :actor, ended_reason = :reason
WHERE id = :id AND ended_as IS NULL;

-- name: order_of_gateway(gateway_id)^
-- The release that a gateway is to install: of the latest roll-out that ordered it, unless that was stopped before this
-- gateway had it. Index: roll_out_gateway_orders.
SELECT o.id, o.version, r.sha256
FROM roll_out_gateway m JOIN roll_out o ON o.id = m.roll_out_id JOIN release r ON r.version = o.version
WHERE m.gateway_id = :gateway_id AND m.ordered_at IS NOT NULL AND o.ended_as IS DISTINCT FROM 'stopped'
ORDER BY o.id DESC LIMIT 1;

-- name: stopped_by_itself()
-- Roll-outs that the ledger stopped, of the last days, and that no newer one has followed.
SELECT o.id, o.version, o.ended_at, o.ended_reason FROM roll_out o
WHERE o.ended_as = 'stopped' AND o.ended_by = 'ledger' AND NOT EXISTS (SELECT FROM roll_out n WHERE n.id > o.id);

-- name: fleet_releases()
-- Which gateway runs which version.
SELECT g.name, coalesce(c.cohort, '') AS cohort, h.release ->> 'version' AS version, h.release ->> 'state' AS state,
       h.release ->> 'tried' AS tried, h.release ->> 'last' AS last, h.release ->> 'reason' AS reason
FROM gateway g
LEFT JOIN gateway_cohort c ON c.gateway_id = g.id
LEFT JOIN gateway_heartbeat h ON h.gateway_id = g.id
WHERE g.revoked_at IS NULL ORDER BY g.name;
