-- name: add_policy(name, body)!
-- Keep a storage policy; no row if the name is taken.
INSERT INTO policy (name, body) VALUES (:name, :body) ON CONFLICT (name) DO NOTHING;

-- name: policy_by_name(name)^
-- One storage policy.
SELECT name, body FROM policy WHERE name = :name;

-- name: policies_named(name, pattern)
-- A policy and those that replaced it, whose names follow from its own.
SELECT name, body FROM policy WHERE name = :name OR name ~ :pattern;

-- name: places_with_policy(policy)
-- The places that have a policy of their own.
SELECT id, name FROM place WHERE policy = :policy ORDER BY id;

-- name: guarded_places(rows_max)
-- The places that have a policy of their own, by policy.
SELECT name, title, policy FROM place WHERE policy IS NOT NULL ORDER BY policy, name LIMIT :rows_max;

-- name: set_policy(place_id, policy)!
-- Another policy for a place.
UPDATE place SET policy = :policy WHERE id = :place_id;

-- name: policies(rows_max, rows_skipped)
-- All storage policies.
SELECT name, body FROM policy ORDER BY name LIMIT :rows_max OFFSET :rows_skipped;

-- name: add_owner(name, title)!
-- Keep an owner; no row if the name is taken.
INSERT INTO owner (name, title) VALUES (:name, :title) ON CONFLICT (name) DO NOTHING;

-- name: owner_by_name(name)^
-- One owner.
SELECT name, title FROM owner WHERE name = :name;

-- name: owners(rows_max, rows_skipped)
-- All owners.
SELECT name, title FROM owner ORDER BY name LIMIT :rows_max OFFSET :rows_skipped;

-- name: add_place(name, title, kind, parent_id, policy)!
-- Keep a place; no row if the name is taken. Its ancestors are its parent's, and itself; its time zone is
-- its parent's.
INSERT INTO place (id, name, title, kind, parent_id, ancestors, policy, zone, is_zone_known)
OVERRIDING SYSTEM VALUE
SELECT new.id, :name, :title, :kind, :parent_id, coalesce(up.ancestors, '{}') || new.id, :policy,
       coalesce(up.zone, 'UTC'), coalesce(up.is_zone_known, false)
FROM (SELECT nextval(pg_get_serial_sequence('place', 'id')) AS id) AS new
LEFT JOIN place up ON up.id = :parent_id
ON CONFLICT (name) DO NOTHING;

-- name: place_by_name(name)^
-- One place, with the names of everything above it, outermost first.
SELECT p.id, p.name, p.title, p.kind, p.ancestors, p.policy, p.zone, p.is_zone_known, up.name AS parent,
       (SELECT array_agg(a.name ORDER BY step.nr) FROM unnest(p.ancestors) WITH ORDINALITY AS step (id, nr)
        JOIN place a ON a.id = step.id) AS path
FROM place p
LEFT JOIN place up ON up.id = p.parent_id
WHERE p.name = :name;

-- name: places(below, kind, rows_max, rows_skipped)
-- Places, all or those at and below one, all or those of one kind.
SELECT p.id, p.name, p.title, p.kind, p.ancestors, p.policy, p.zone, p.is_zone_known, up.name AS parent,
       (SELECT array_agg(a.name ORDER BY step.nr) FROM unnest(p.ancestors) WITH ORDINALITY AS step (id, nr)
        JOIN place a ON a.id = step.id) AS path
FROM place p
LEFT JOIN place up ON up.id = p.parent_id
WHERE (:below::text IS NULL OR p.ancestors @> ARRAY[(SELECT id FROM place WHERE name = :below)])
  AND (:kind::text IS NULL OR p.kind = :kind)
ORDER BY p.name
LIMIT :rows_max OFFSET :rows_skipped;

-- name: place_choices(kinds, below, words, rows_max)
-- Places of these kinds by name, all or those at and below one, that words match ('': all).
SELECT p.name, p.title, p.kind
FROM place p
WHERE p.kind = ANY(:kinds)
  AND (:below::text IS NULL OR p.ancestors @> ARRAY[(SELECT id FROM place WHERE name = :below)])
  AND (:words = '' OR strpos(lower(concat_ws(' ', p.name, p.title)), lower(:words)) > 0)
ORDER BY p.name
LIMIT :rows_max;

-- name: item_choices(words, rows_max)
-- Items by name that words match ('': all).
SELECT name, title
FROM item
WHERE :words = '' OR strpos(lower(concat_ws(' ', name, title)), lower(:words)) > 0
ORDER BY name
LIMIT :rows_max;

-- name: owner_choices(words, rows_max)
-- Owners by name that words match ('': all), the house first.
SELECT name, title
FROM owner
WHERE :words = '' OR strpos(lower(concat_ws(' ', name, title)), lower(:words)) > 0
ORDER BY name <> 'house', name
LIMIT :rows_max;

-- name: add_item(name, title, base_unit, expiry_required, serial_tracked)!
-- Keep an item; no row if the name is taken.
INSERT INTO item (name, title, base_unit, expiry_required, serial_tracked)
VALUES (:name, :title, :base_unit, :expiry_required, :serial_tracked)
ON CONFLICT (name) DO NOTHING;

-- name: add_gtin(gtin, item, base_units)!
-- Say which item a GTIN is, and how many base units; no row if the GTIN is taken.
INSERT INTO item_gtin (gtin, item_id, base_units) SELECT :gtin, id, :base_units FROM item WHERE name = :item
ON CONFLICT (gtin) DO NOTHING;

-- name: gtin(gtin)^
-- What a GTIN stands for.
SELECT g.gtin, g.base_units, i.name AS item FROM item_gtin g JOIN item i ON i.id = g.item_id WHERE g.gtin = :gtin;

-- name: add_code_key(key, item, base_units, code, said)!
-- Say which item a code is, by one of its keys; no row if the key is taken.
INSERT INTO item_code (key, item_id, base_units, code, said)
SELECT :key, id, :base_units, :code, :said FROM item WHERE name = :item
ON CONFLICT (key) DO NOTHING;

-- name: say_code(key, code)!
-- A key that followed from another code was now said.
UPDATE item_code SET code = :code, said = true WHERE key = :key;

-- name: code_key(key)^
-- What the key of a code stands for.
SELECT c.key, c.base_units, c.code, c.said, i.name AS item FROM item_code c JOIN item i ON i.id = c.item_id
WHERE c.key = :key;

-- name: item_by_name(name)^
-- One item with its GTINs and other codes.
SELECT i.id, i.name, i.title, i.base_unit, i.expiry_required, i.serial_tracked,
       coalesce((SELECT jsonb_agg(jsonb_build_object('gtin', g.gtin, 'base_units', g.base_units) ORDER BY g.gtin)
                 FROM item_gtin g WHERE g.item_id = i.id), '[]') AS gtins,
       coalesce((SELECT jsonb_agg(jsonb_build_object('code', c.code, 'base_units', c.base_units) ORDER BY c.code)
                 FROM item_code c WHERE c.item_id = i.id AND c.said), '[]') AS codes
FROM item i
WHERE i.name = :name;

-- name: items(rows_max, rows_skipped)
-- All items with their GTINs and other codes.
SELECT i.id, i.name, i.title, i.base_unit, i.expiry_required, i.serial_tracked,
       coalesce((SELECT jsonb_agg(jsonb_build_object('gtin', g.gtin, 'base_units', g.base_units) ORDER BY g.gtin)
                 FROM item_gtin g WHERE g.item_id = i.id), '[]') AS gtins,
       coalesce((SELECT jsonb_agg(jsonb_build_object('code', c.code, 'base_units', c.base_units) ORDER BY c.code)
                 FROM item_code c WHERE c.item_id = i.id AND c.said), '[]') AS codes
FROM item i
ORDER BY i.name
LIMIT :rows_max OFFSET :rows_skipped;

-- name: channels(gateway, place, rows_max, rows_skipped)
-- Channels that were ever heard of, with their place if somebody said it, and the latest good reading.
SELECT c.id, g.name AS gateway, c.device, c.metric, p.name AS place, latest.at AS latest_at, latest.value AS latest_value,
       (SELECT k.data ->> 'why' FROM exception_case k
        WHERE k.kind = 'channel_not_judged' AND k.key = 'channel:' || c.id AND k.resolved_at IS NULL) AS not_judged,
       (SELECT k.data ->> 'proposed_place' FROM exception_case k
        WHERE k.kind = 'channel_not_judged' AND k.key = 'channel:' || c.id AND k.resolved_at IS NULL) AS proposed_place
FROM channel c
JOIN gateway g ON g.id = c.gateway_id
LEFT JOIN place p ON p.id = c.place_id
LEFT JOIN LATERAL (SELECT at, value FROM reading r WHERE r.channel_id = c.id ORDER BY at DESC LIMIT 1) latest ON true
WHERE (:gateway::text IS NULL OR g.name = :gateway) AND (:place::text IS NULL OR p.name = :place)
ORDER BY g.name, c.device, c.metric
LIMIT :rows_max OFFSET :rows_skipped;
