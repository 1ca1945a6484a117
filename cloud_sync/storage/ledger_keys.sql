-- name: lock_ledger_keys()!
-- Make or change the ledger's key one at a time.
SELECT pg_advisory_xact_lock(x'4B455953'::int);

-- name: ledger_keys(keys_max)
-- The latest keys of the ledger, the latest first.
SELECT public_key, private_key, previous, handover, made_at FROM ledger_key ORDER BY id DESC LIMIT :keys_max;

-- name: add_ledger_key(public_key, private_key, previous, handover)!
-- The key that signs from now on.
INSERT INTO ledger_key (public_key, private_key, previous, handover)
VALUES (:public_key, :private_key, :previous, :handover);
