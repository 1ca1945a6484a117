-- Qualification of an installation: runs that are kept, and what they look at.

-- name: add_run(number, begun_at, run_by, passed, failed, body, sha256, public_key, signature)!
-- Keep a run of the validation protocol.
INSERT INTO validation_run (number, begun_at, run_by, passed, failed, body, sha256, public_key, signature)
VALUES (:number, :begun_at, :run_by, :passed, :failed, :body, decode(:sha256, 'hex'), :public_key, :signature);

-- name: lock_runs()^
-- One run after the other gets a number. A key of its own beside the other advisory locks.
SELECT pg_advisory_xact_lock(hashtextextended('validation_run', 0)) AS locked;

-- name: next_number()$
-- The number of the next run.
SELECT coalesce(max(number), 0) + 1 FROM validation_run;

-- name: run(number)^
-- A run that was kept.
SELECT number, begun_at, run_by, passed, failed, body, encode(sha256, 'hex') AS sha256, public_key, signature
FROM validation_run WHERE number = :number;

-- name: place_gateway(name, place)!
-- Where the gateway of a throwaway ledger stands.
UPDATE gateway SET place_id = (SELECT id FROM place WHERE name = :place) WHERE name = :name;

-- name: change_an_event()!
-- What nobody may: it has to be refused.
UPDATE event SET reason = 'changed' WHERE id = (SELECT min(id) FROM event);

-- name: delete_an_event()!
-- What nobody may: it has to be refused.
DELETE FROM event WHERE id = (SELECT min(id) FROM event);

-- name: to_make_database(name)$
-- What makes a throwaway database.
SELECT format('CREATE DATABASE %%I', :name::text);

-- name: to_drop_database(name)$
-- What takes it away again.
SELECT format('DROP DATABASE IF EXISTS %%I WITH (FORCE)', :name::text);

-- name: past_all_triggers()^
-- For this transaction of the owner of a throwaway database.
SELECT set_config('session_replication_role', 'replica', true);

-- name: falsify_an_event()$
-- Change an event; gives what stood there.
UPDATE event SET reason = event.reason || ' (falsified)'
FROM (SELECT id, reason FROM event ORDER BY id LIMIT 1) AS was
WHERE event.id = was.id
RETURNING was.reason;

-- name: put_back_the_event(reason)!
-- Put back what stood there.
UPDATE event SET reason = :reason WHERE id = (SELECT min(id) FROM event);

-- name: role_rights()^
-- What the role as which the ledger works may do beyond its tables.
SELECT rolname AS name, rolsuper AS is_superuser, rolcreaterole AS makes_roles, rolcreatedb AS makes_databases
FROM pg_roles WHERE rolname = current_user;

-- name: unguarded(tables)
-- Which of these tables have no trigger that guards them.
SELECT name FROM unnest(:tables::text[]) AS name
WHERE NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = to_regclass(name) AND NOT t.tgisinternal)
ORDER BY name;

-- name: not_separated(tables)
-- Which of these tables do not keep owners apart by row-level security; views of them look as who asks.
SELECT c.relname::text AS name FROM pg_class c
WHERE c.oid = ANY(SELECT to_regclass(name)::oid FROM unnest(:tables::text[]) AS name) AND c.relkind IN ('r', 'p')
  AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
ORDER BY c.relname;
