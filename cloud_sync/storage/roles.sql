-- name: protect_evidence(of_table, may_change)$
-- Let rows of a table only be added, and only these columns of them be written later.
SELECT protect_evidence(:of_table, :may_change);

-- name: make_runtime_role()$
-- Make the role as which the ledger works, and let this user take it; false if it may not.
SELECT make_runtime_role();

-- name: grant_runtime(of_table, privileges)$
-- What the ledger at work may do with a table.
SELECT grant_runtime(:of_table, :privileges);

-- name: grant_runtime_others(known)$
-- The same for views, sequences, and tables that nobody has said anything of.
SELECT grant_runtime_others(:known);

-- name: make_client_role()$
-- Make the role as which the ledger works for an owner; false if this user may not.
SELECT make_client_role();

-- name: let_runtime_pass_by_policies()$
-- What only owners are bound by costs nobody else anything; false if this user may not say so.
SELECT let_runtime_pass_by_policies();

-- name: open_to_owners(of_table, only_where)$
-- Let owners read these rows of a table.
SELECT open_to_owners(:of_table, :only_where);

-- name: make_views_look_as_who_asks()$
-- No view shows more than its reader may see.
SELECT make_views_look_as_who_asks();

-- name: close_privileged_functions()$
-- What runs with the rights of whoever owns the tables, only the ledger at work may call.
SELECT close_privileged_functions();

-- name: act_for_owner(owner)^
-- Until the end of this transaction, see what that owner may see.
SELECT set_config('lotwarden.owner', :owner, true), set_config('role', 'lotwarden_client', true);

-- name: may_be_runtime()$
-- Whether this user can take that role.
SELECT may_be_runtime();

-- name: table_names()
-- All tables and views.
SELECT relname::text FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v') AND NOT relispartition;

-- name: holds_ledger()$
-- Whether there is a ledger in this database, of whatever version.
SELECT to_regclass('alembic_version') IS NOT NULL;

-- name: revision()$
-- Which version of the schema this is.
SELECT version_num FROM alembic_version;

-- name: seal_table(of_table, may_change, left_out)$
-- Seal what is written to a table, and what is there.
SELECT seal_table(:of_table, :may_change, :left_out);

-- name: seal_note_migration()$
-- Say so if this transaction, of a migration, changed evidence.
SELECT seal_note_migration();

-- name: answering_process()$
-- The process of the server that answers.
SELECT pg_backend_pid();

-- name: mark_free_text(tables, columns)$
-- Mark these columns as free text, and no others; nothing is written where that stands already.
SELECT mark_free_text(:tables, :columns);
