-- name: share(key)
-- Wait for the owner of what the key stands for; nobody owns it until the end of the transaction.
SELECT pg_advisory_xact_lock_shared(:key);

-- name: own(key)
-- Wait for all who share what the key stands for; it is the transaction's alone until its end.
SELECT pg_advisory_xact_lock(:key);

-- name: lock_one(key, id)
-- Own one row of a kind; the kind has the key.
SELECT pg_advisory_xact_lock(:key, mod(:id::bigint, 2147483648)::integer);

-- name: lock_item_named(key, name)
-- Own the item with this name, if there is one.
SELECT pg_advisory_xact_lock(:key, mod(id, 2147483648)::integer) FROM item WHERE name = :name;

-- name: lock_orders(numbers)
-- Lock the orders with these numbers, in the order of ids. Index: stock_order_number_key.
SELECT FROM stock_order WHERE number = ANY(:numbers) ORDER BY id FOR UPDATE;

-- name: lock_lots(lot_ids)
-- Lock these lots, in the order of ids. Index: lot_pkey.
SELECT FROM lot WHERE id = ANY(:lot_ids) ORDER BY id FOR UPDATE;
