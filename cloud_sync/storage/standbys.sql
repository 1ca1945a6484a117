-- name: write_if_standbys()$
-- A transaction that wrote nothing waits for no standby. What it writes here is a line of the server's log, and no row.
SELECT CASE
    WHEN current_setting('synchronous_standby_names') <> '' THEN pg_logical_emit_message(true, 'lotwarden', '')
END IS NOT NULL;
