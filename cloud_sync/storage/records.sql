-- Master data as records (cloud_sync.domain.master_records): the columns are the fields of the record.

-- name: places(key, words, kind, policy, sort, is_descending, rows_max, rows_skipped)
-- Places of the house.
SELECT x.name, x.title, x.kind, x.parent, x.policy, x.zone
FROM (SELECT p.name, p.title, p.kind, up.name AS parent, p.policy,
             CASE WHEN p.parent_id IS NULL AND p.is_zone_known THEN p.zone END AS zone,
             cardinality(p.ancestors) AS depth
      FROM place p LEFT JOIN place up ON up.id = p.parent_id
      WHERE p.kind NOT IN ('supplier', 'customer', 'ward')) x
WHERE (:key::text IS NULL OR x.name = :key) AND (:kind = '' OR x.kind = :kind) AND (:policy = '' OR x.policy = :policy)
  AND (:words = '' OR strpos(lower(concat_ws(' ', x.name, x.title, x.kind, x.parent, x.policy, x.zone)), lower(:words)) > 0)
ORDER BY CASE WHEN :sort <> '' AND NOT :is_descending THEN sort_text(:sort, to_jsonb(x)) END NULLS LAST,
         CASE WHEN :sort <> '' AND :is_descending THEN sort_text(:sort, to_jsonb(x)) END DESC NULLS LAST, x.depth, x.name
LIMIT :rows_max OFFSET :rows_skipped;

-- name: owners(key, words, sort, is_descending, rows_max, rows_skipped)
-- Owners of stock.
SELECT x.name, x.title
FROM owner x
WHERE (:key::text IS NULL OR x.name = :key)
  AND (:words = '' OR strpos(lower(concat_ws(' ', x.name, x.title)), lower(:words)) > 0)
ORDER BY CASE WHEN :sort <> '' AND NOT :is_descending THEN sort_text(:sort, to_jsonb(x)) END NULLS LAST,
         CASE WHEN :sort <> '' AND :is_descending THEN sort_text(:sort, to_jsonb(x)) END DESC NULLS LAST, x.name
LIMIT :rows_max OFFSET :rows_skipped;

-- name: items(key, words, sort, is_descending, rows_max, rows_skipped)
-- Items with their GTINs, other codes and substitutes; searched by what they are called and by any of their codes.
SELECT x.name, x.title, x.base_unit, x.expiry_required, x.serial_tracked,
       coalesce((SELECT jsonb_object_agg(g.gtin, g.base_units) FROM item_gtin g WHERE g.item_id = x.id), '{}') AS gtins,
       coalesce((SELECT jsonb_object_agg(c.code, c.base_units) FROM item_code c
                 WHERE c.item_id = x.id AND c.said), '{}') AS codes,
       x.ndc, x.storage_class, x.allowance_minutes, x.allowance_c_max, x.receipt_inspection, x.shelf_life_days,
       x.receipt_days_min,
       coalesce((SELECT array_agg(other.name ORDER BY s.rank)
                 FROM item_substitute s JOIN item other ON other.id = s.substitute_id
                 WHERE s.item_id = x.id), '{}') AS substitutes,
       x.controlled_schedule, x.compounding
FROM item x
WHERE (:key::text IS NULL OR x.name = :key)
  AND (:words = '' OR strpos(lower(concat_ws(' ', x.name, x.title, x.base_unit, x.ndc, x.storage_class, x.controlled_schedule)),
                             lower(:words)) > 0
       OR x.id IN (SELECT g.item_id FROM item_gtin g WHERE strpos(g.gtin, :words) > 0
                   UNION ALL SELECT c.item_id FROM item_code c WHERE c.said AND strpos(lower(c.code), lower(:words)) > 0))
ORDER BY CASE WHEN :sort <> '' AND NOT :is_descending THEN sort_text(:sort, to_jsonb(x)) END NULLS LAST,
         CASE WHEN :sort <> '' AND :is_descending THEN sort_text(:sort, to_jsonb(x)) END DESC NULLS LAST, x.name
LIMIT :rows_max OFFSET :rows_skipped;

-- name: suppliers(key, words, status, sort, is_descending, rows_max, rows_skipped)
-- Suppliers. One that was never judged is pending.
SELECT x.*
FROM (SELECT p.name, p.title, coalesce(s.status, 'pending') AS status, s.qualified_until, coalesce(s.note, '') AS note
      FROM place p LEFT JOIN supplier s ON s.place_id = p.id
      WHERE p.kind = 'supplier') x
WHERE (:key::text IS NULL OR x.name = :key) AND (:status = '' OR x.status = :status)
  AND (:words = '' OR strpos(lower(concat_ws(' ', x.name, x.title, x.status, x.qualified_until, x.note)), lower(:words)) > 0)
ORDER BY CASE WHEN :sort <> '' AND NOT :is_descending THEN sort_text(:sort, to_jsonb(x)) END NULLS LAST,
         CASE WHEN :sort <> '' AND :is_descending THEN sort_text(:sort, to_jsonb(x)) END DESC NULLS LAST, x.name
LIMIT :rows_max OFFSET :rows_skipped;

-- name: recipients(key, words, kind, sort, is_descending, rows_max, rows_skipped)
-- Customers and wards, and what they demand.
SELECT x.name, x.title, x.kind, x.parent, x.shelf_life_days_min, x.care_priority,
       coalesce((SELECT jsonb_object_agg(i.name, d.shelf_life_days_min)
                 FROM recipient_item d JOIN item i ON i.id = d.item_id
                 WHERE d.place_id = x.id), '{}') AS item_days_min
FROM (SELECT p.id, p.name, p.title, p.kind, up.name AS parent, coalesce(r.shelf_life_days_min, 0) AS shelf_life_days_min,
             coalesce(r.care_priority, 3) AS care_priority
      FROM place p
      LEFT JOIN recipient r ON r.place_id = p.id
      LEFT JOIN place up ON up.id = p.parent_id
      WHERE p.kind IN ('customer', 'ward')) x
WHERE (:key::text IS NULL OR x.name = :key) AND (:kind = '' OR x.kind = :kind)
  AND (:words = '' OR strpos(lower(concat_ws(' ', x.name, x.title, x.kind, x.parent)), lower(:words)) > 0)
ORDER BY CASE WHEN :sort <> '' AND NOT :is_descending THEN sort_text(:sort, to_jsonb(x)) END NULLS LAST,
         CASE WHEN :sort <> '' AND :is_descending THEN sort_text(:sort, to_jsonb(x)) END DESC NULLS LAST, x.name
LIMIT :rows_max OFFSET :rows_skipped;

-- name: operators(key, words, state, sort, is_descending, rows_max, rows_skipped)
-- Who works with scanners.
SELECT x.name, x.badge, x.active
FROM operator x
WHERE (:key::text IS NULL OR x.name = :key) AND (:state = '' OR x.active = (:state = 'yes'))
  AND (:words = '' OR strpos(lower(concat_ws(' ', x.name, x.badge)), lower(:words)) > 0)
ORDER BY CASE WHEN :sort <> '' AND NOT :is_descending THEN sort_text(:sort, to_jsonb(x)) END NULLS LAST,
         CASE WHEN :sort <> '' AND :is_descending THEN sort_text(:sort, to_jsonb(x)) END DESC NULLS LAST, x.name
LIMIT :rows_max OFFSET :rows_skipped;

-- name: reorder_levels(key, words, sort, is_descending, rows_max, rows_skipped)
-- When to order more.
SELECT x.*
FROM (SELECT i.name AS item, p.name AS place, s.name AS supplier, r.reorder_point, r.par_level, r.service_level,
             r.pack_size, r.order_min, r.cycle_days, r.room_max
      FROM reorder_level r
      JOIN item i ON i.id = r.item_id
      JOIN place p ON p.id = r.place_id
      LEFT JOIN place s ON s.id = r.supplier_id) x
WHERE (:key::text IS NULL OR x.item || '/' || x.place = :key)
  AND (:words = '' OR strpos(lower(concat_ws(' ', x.item, x.place, x.supplier)), lower(:words)) > 0)
ORDER BY CASE WHEN :sort <> '' AND NOT :is_descending THEN sort_text(:sort, to_jsonb(x)) END NULLS LAST,
         CASE WHEN :sort <> '' AND :is_descending THEN sort_text(:sort, to_jsonb(x)) END DESC NULLS LAST, x.item, x.place
LIMIT :rows_max OFFSET :rows_skipped;

-- name: costs(key, words, sort, is_descending, rows_max, rows_skipped)
-- What items cost, by supplier and day; what was told last of the same day. Index: item_cost_item.
SELECT x.*
FROM (SELECT DISTINCT ON (i.name, p.name, c.valid_from) i.name AS item, p.name AS supplier, c.valid_from, c.cost, c.currency
      FROM item_cost c JOIN item i ON i.id = c.item_id LEFT JOIN place p ON p.id = c.supplier_id
      ORDER BY i.name, p.name, c.valid_from, c.id DESC) x
WHERE (:key::text IS NULL OR concat(x.item, '/', coalesce(x.supplier, 'any'), '/', x.valid_from) = :key)
  AND (:words = '' OR strpos(lower(concat_ws(' ', x.item, x.supplier, x.valid_from, x.currency)), lower(:words)) > 0)
ORDER BY CASE WHEN :sort <> '' AND NOT :is_descending THEN sort_text(:sort, to_jsonb(x)) END NULLS LAST,
         CASE WHEN :sort <> '' AND :is_descending THEN sort_text(:sort, to_jsonb(x)) END DESC NULLS LAST, x.item, x.supplier, x.valid_from
LIMIT :rows_max OFFSET :rows_skipped;

-- name: opening_balances(rows_max, rows_skipped)
-- Stock that was there before the ledger was, as it was said then. Index: movement_opening.
SELECT i.name AS item, l.lot_number, l.owner, p.name AS place, m.serial, m.quantity, l.expires_on
FROM movement m
JOIN lot l ON l.id = m.lot_id
JOIN item i ON i.id = l.item_id
JOIN place p ON p.id = m.to_place
WHERE m.action = 'opening'
ORDER BY i.name, l.lot_number, l.owner, p.name, m.serial
LIMIT :rows_max OFFSET :rows_skipped;

-- name: how_many()^
-- How many records of each kind there are.
SELECT (SELECT count(*) FROM place WHERE kind NOT IN ('supplier', 'customer', 'ward')) AS places,
       (SELECT count(*) FROM item) AS items, (SELECT count(*) FROM place WHERE kind = 'supplier') AS suppliers,
       (SELECT count(*) FROM place WHERE kind IN ('customer', 'ward')) AS recipients,
       (SELECT count(*) FROM owner) AS owners, (SELECT count(*) FROM operator) AS operators,
       (SELECT count(*) FROM reorder_level) AS "reorder-levels",
       (SELECT count(DISTINCT (item_id, supplier_id, valid_from)) FROM item_cost) AS costs,
       (SELECT count(*) FROM policy) AS policies;

-- name: supplier_standing(names)
-- What is thought of suppliers. One that was never judged is pending.
SELECT p.name, coalesce(s.status, 'pending') AS status, s.qualified_until
FROM place p LEFT JOIN supplier s ON s.place_id = p.id
WHERE p.kind = 'supplier' AND (:names::text[] IS NULL OR p.name = ANY(:names));

-- name: judged_suppliers()
-- Which suppliers have a row of their own.
SELECT p.name FROM supplier s JOIN place p ON p.id = s.place_id;

-- name: change_place(name, title, policy)$
-- A place's new title and policy; gives its id.
UPDATE place SET title = :title, policy = :policy WHERE name = :name RETURNING id;

-- name: retitle_place(name, title)$
-- A place's new title; gives its id.
UPDATE place SET title = :title WHERE name = :name RETURNING id;

-- name: change_owner(name, title)!
-- An owner's new title.
UPDATE owner SET title = :title WHERE name = :name;

-- name: is_item_used(name)$
-- Whether any lot of the item is known.
SELECT EXISTS (SELECT FROM lot l JOIN item i ON i.id = l.item_id WHERE i.name = :name);

-- name: keep_item(name, title, base_unit, expiry_required, serial_tracked, ndc, storage_class, allowance_minutes, allowance_c_max, receipt_inspection, shelf_life_days, receipt_days_min, controlled_schedule, compounding)$
-- An item as it is now; gives its id.
INSERT INTO item (name, title, base_unit, expiry_required, serial_tracked, ndc, storage_class, allowance_minutes,
                  allowance_c_max, receipt_inspection, shelf_life_days, receipt_days_min, controlled_schedule,
                  compounding)
VALUES (:name, :title, :base_unit, :expiry_required, :serial_tracked, :ndc, :storage_class, :allowance_minutes,
        :allowance_c_max, :receipt_inspection, :shelf_life_days, :receipt_days_min, :controlled_schedule, :compounding)
ON CONFLICT (name) DO UPDATE SET
    title = excluded.title, base_unit = excluded.base_unit, expiry_required = excluded.expiry_required,
    serial_tracked = excluded.serial_tracked, ndc = excluded.ndc, storage_class = excluded.storage_class,
    allowance_minutes = excluded.allowance_minutes, allowance_c_max = excluded.allowance_c_max,
    receipt_inspection = excluded.receipt_inspection, shelf_life_days = excluded.shelf_life_days,
    receipt_days_min = excluded.receipt_days_min, controlled_schedule = excluded.controlled_schedule,
    compounding = excluded.compounding
RETURNING id;

-- name: forget_substitutes(item_id)!
-- An item has no substitutes.
DELETE FROM item_substitute WHERE item_id = :item_id;

-- name: add_substitutes(item_id, names)!
-- An item's substitutes, the best first.
INSERT INTO item_substitute (item_id, rank, substitute_id)
SELECT :item_id, s.rank, i.id FROM unnest(:names::text[]) WITH ORDINALITY AS s (name, rank) JOIN item i USING (name);

-- name: keep_supplier(place_id, status, qualified_until, note)!
-- What is thought of a supplier now.
INSERT INTO supplier (place_id, status, qualified_until, note) VALUES (:place_id, :status, :qualified_until, :note)
ON CONFLICT (place_id) DO UPDATE SET
    status = excluded.status, qualified_until = excluded.qualified_until, note = excluded.note;

-- name: keep_recipient(place_id, shelf_life_days_min, care_priority)!
-- What a recipient demands of everything, and when it comes in a shortage.
INSERT INTO recipient (place_id, shelf_life_days_min, care_priority) VALUES (:place_id, :shelf_life_days_min, :care_priority)
ON CONFLICT (place_id) DO UPDATE SET
    shelf_life_days_min = excluded.shelf_life_days_min, care_priority = excluded.care_priority;

-- name: forget_recipient_items(place_id)!
-- A recipient demands nothing of single items.
DELETE FROM recipient_item WHERE place_id = :place_id;

-- name: add_recipient_item(place_id, item, days)!
-- What a recipient demands of one item.
INSERT INTO recipient_item (place_id, item_id, shelf_life_days_min)
SELECT :place_id, id, :days FROM item WHERE name = :item;

-- name: keep_operator(name, badge, active)!
-- An operator as known now.
INSERT INTO operator (name, badge, active) VALUES (:name, :badge, :active)
ON CONFLICT (name) DO UPDATE SET badge = excluded.badge, active = excluded.active;

-- name: operator_with_badge(badge)^
-- Whose badge this is.
SELECT name FROM operator WHERE badge = :badge;

-- name: keep_reorder_level(item_id, place_id, supplier_id, reorder_point, par_level, service_level, pack_size, order_min, cycle_days, room_max)!
-- When to order more of an item for a place, and how it is to be kept there.
INSERT INTO reorder_level (item_id, place_id, supplier_id, reorder_point, par_level, service_level, pack_size, order_min,
                           cycle_days, room_max)
VALUES (:item_id, :place_id, :supplier_id, :reorder_point, :par_level, :service_level, :pack_size, :order_min, :cycle_days,
        :room_max)
ON CONFLICT (item_id, place_id) DO UPDATE SET
    supplier_id = excluded.supplier_id, reorder_point = excluded.reorder_point, par_level = excluded.par_level,
    service_level = excluded.service_level, pack_size = excluded.pack_size, order_min = excluded.order_min,
    cycle_days = excluded.cycle_days, room_max = excluded.room_max;

-- name: add_difference_place(name)!
-- The place that stock comes from and goes to when a count finds more or less, if it is not there yet.
INSERT INTO place (id, name, title, kind, ancestors)
OVERRIDING SYSTEM VALUE
SELECT new.id, :name, 'Differences found by counting', 'count_difference', ARRAY[new.id]
FROM (SELECT nextval(pg_get_serial_sequence('place', 'id')) AS id) AS new
ON CONFLICT (name) DO NOTHING;

-- name: add_document(supplier_id, lot_id, kind, reference, sha256, valid_until, added_by)$
-- Keep where a paper is.
INSERT INTO document (supplier_id, lot_id, kind, reference, sha256, valid_until, added_by)
VALUES (:supplier_id, :lot_id, :kind, :reference, :sha256, :valid_until, :added_by)
RETURNING id;

-- name: documents(supplier, lot_id, rows_max, rows_skipped)
-- Papers of suppliers and lots.
SELECT d.id, p.name AS supplier, d.lot_id, d.kind, d.reference, d.sha256, d.valid_until, d.added_by, d.added_at
FROM document d LEFT JOIN place p ON p.id = d.supplier_id
WHERE (:supplier::text IS NULL OR p.name = :supplier) AND (:lot_id::bigint IS NULL OR d.lot_id = :lot_id)
ORDER BY d.id
LIMIT :rows_max OFFSET :rows_skipped;

-- name: opening_proposed(sha256, but_by)$
-- Whether somebody else brought this very file of opening balances before. Index: event_subject.
SELECT EXISTS (SELECT FROM event
               WHERE subject = 'import:opening-balances' AND kind = 'opening_proposed' AND actor <> :but_by
                 AND data ->> 'sha256' = :sha256);
