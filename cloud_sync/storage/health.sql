-- name: figures(lead)^
-- How the ledger itself is: one row, each value from an index or a short table.
SELECT pg_database_size(current_database()) AS database_bytes,
       (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()) AS connections,
       current_setting('max_connections')::integer AS connections_max,
       current_setting('server_version') AS server_version,
       coalesce((SELECT extract(epoch FROM max(clock_timestamp() - xact_start)) FROM pg_stat_activity
                 WHERE datname = current_database() AND state <> 'idle'), 0)::float AS longest_transaction_s,
       (SELECT count(DISTINCT application_name) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name ~ '^lotwarden [0-9]+$') AS workers,
       (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted
        AND classid = 0 AND objid = :lead::bigint::oid AND objsubid = 1
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS leaders,
       (SELECT rolname FROM pg_roles WHERE rolname = current_user) AS works_as,
       (SELECT version_num FROM alembic_version) AS revision,
       (SELECT count(*) FROM excursion WHERE ended_at IS NULL) AS excursions_open,
       (SELECT count(*) FROM hold WHERE lifted_at IS NULL) AS holds_open,
       (SELECT count(*) FROM alert_message WHERE sent_at IS NULL AND withdrawn_at IS NULL) AS messages_waiting,
       coalesce((SELECT extract(epoch FROM clock_timestamp() - min(due_at)) FROM alert_message
                 WHERE sent_at IS NULL AND withdrawn_at IS NULL AND due_at <= clock_timestamp()), 0)::float AS message_late_s,
       (SELECT count(*) FROM alert_target WHERE active AND failing_since IS NOT NULL) AS targets_failing,
       (SELECT count(*) FROM lane_progress WHERE next_seq <= max_seq) AS lanes_with_holes,
       (SELECT sum(greatest(next_seq - 1, 0)) FROM lane_progress)::bigint AS records_in_order,
       (SELECT size FROM seal_checkpoint ORDER BY size DESC LIMIT 1) AS sealed_size,
       (SELECT at FROM seal_checkpoint ORDER BY size DESC LIMIT 1) AS sealed_at,
       (SELECT max(id) FROM seal_row) AS last_seal_row,
       (SELECT max(made_at) FROM backup) AS backup_at,
       (SELECT at FROM event ORDER BY id LIMIT 1) AS first_event_at,
       clock_timestamp() AS now;

-- name: open_cases()
-- Open cases by kind. Index: exception_case_open_kind.
SELECT kind, count(*) AS open FROM exception_case WHERE resolved_at IS NULL GROUP BY kind ORDER BY kind;

-- name: gateways_heard()
-- When each gateway that is believed was last heard.
SELECT name, last_seen_at FROM gateway WHERE revoked_at IS NULL ORDER BY name;

-- name: oldest_unsealed(sealed_at, rows_max)
-- When the oldest of the latest events was recorded that is later than the last checkpoint. Index: event_pkey.
SELECT min(at) AS at FROM (SELECT at FROM event ORDER BY id DESC LIMIT :rows_max) AS latest WHERE at > :sealed_at;
