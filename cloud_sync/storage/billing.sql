-- Buy and bill: conversion tables, what patients were given, charges, and how they fit the stock.

-- name: set_payer_class(name, payer_class)!
-- How stock of an owner is paid for.
UPDATE owner SET payer_class = :payer_class WHERE name = :name;

-- name: payer_class_of(name)$
-- How stock of an owner is paid for; '' where nobody has said.
SELECT payer_class FROM owner WHERE name = :name;

-- name: payer_classes()
-- Of every owner.
SELECT name, title, payer_class FROM owner ORDER BY name;

-- name: add_table(title, source, document_id, imported_by, imported_at)$
-- Keep a conversion table and give its id.
INSERT INTO billing_table (title, source, document_id, imported_by, imported_at)
VALUES (:title, :source, :document_id, :imported_by, :imported_at) RETURNING id;

-- name: add_conversion(table_id, ndc, hcpcs, description, dose_unit, dose_per_base_unit, dose_per_billing_unit, ndc_unit, ndc_units_per_base_unit, container, rounding, valid_from, valid_until)!
-- Keep a row of a conversion table.
INSERT INTO billing_conversion (table_id, ndc, hcpcs, description, dose_unit, dose_per_base_unit, dose_per_billing_unit,
                                ndc_unit, ndc_units_per_base_unit, container, rounding, valid_from, valid_until)
VALUES (:table_id, :ndc, :hcpcs, :description, :dose_unit, :dose_per_base_unit, :dose_per_billing_unit, :ndc_unit,
        :ndc_units_per_base_unit, :container, :rounding, :valid_from, :valid_until);

-- name: tables(rows_max, rows_skipped)
-- Conversion tables, the newest first.
SELECT t.id, t.title, t.source, t.imported_by, t.imported_at, encode(d.sha256, 'hex') AS sha256,
       (SELECT count(*) FROM billing_conversion c WHERE c.table_id = t.id) AS rows
FROM billing_table t JOIN interop_document d ON d.id = t.document_id
ORDER BY t.id DESC LIMIT :rows_max OFFSET :rows_skipped;

-- name: conversions_on(ndcs, day)
-- By NDC, the row that counts on a day: of the latest table that knows the NDC then. Index: billing_conversion_ndc.
SELECT DISTINCT ON (c.ndc) c.*, t.title, t.source
FROM billing_conversion c JOIN billing_table t ON t.id = c.table_id
WHERE c.ndc = ANY(:ndcs) AND c.valid_from <= :day AND (c.valid_until IS NULL OR c.valid_until >= :day)
ORDER BY c.ndc, c.table_id DESC, c.id DESC;

-- name: items_with_ndc()
-- Items that have an NDC.
SELECT id, name, ndc FROM item WHERE ndc <> '' ORDER BY id;

-- name: site_and_day(place_id, at)^
-- The site that a place is in, and which day it is there.
SELECT site.id AS site_id, site.name AS site, (:at::timestamptz AT TIME ZONE p.zone)::date AS day
FROM place p LEFT JOIN place site ON site.id = ANY(p.ancestors) AND site.kind = 'site'
WHERE p.id = :place_id;

-- name: lot_of_fact(facts)
-- What was moved by these facts.
SELECT m.fact, m.lot_id, l.item_id, i.name AS item, i.ndc, i.controlled_schedule, l.lot_number, l.owner, l.expires_on, m.serial,
       m.quantity, m.from_place, m.to_place, m.occurred_at, m.operator
FROM movement m JOIN lot l ON l.id = m.lot_id JOIN item i ON i.id = l.item_id
WHERE m.fact = ANY(:facts) ORDER BY m.fact;

-- name: patient_of_order(number)$
-- For whom an order is: the token. Index: stock_order_number_key.
SELECT patient_ref FROM stock_order WHERE number = :number;

-- name: add_administration(fact, lot_id, serial, quantity, expires_on, from_place, to_place, site_id, day, payer_class, patient, order_number, dose, wasted, dose_unit, given_by, given_at, witness, not_charged, recorded_by, recorded_at)$
-- Keep what a patient was given and give its id; no row if this was kept before.
INSERT INTO administration (fact, lot_id, serial, quantity, expires_on, from_place, to_place, site_id, day, payer_class, patient,
                            order_number, dose, wasted, dose_unit, given_by, given_at, witness, not_charged, recorded_by, recorded_at)
VALUES (:fact, :lot_id, :serial, :quantity, :expires_on, :from_place, :to_place, :site_id, :day, :payer_class, :patient,
        :order_number, :dose, :wasted, :dose_unit, :given_by, :given_at, :witness, :not_charged, :recorded_by, :recorded_at)
ON CONFLICT (fact) DO NOTHING
RETURNING id;

-- name: administrations(administration_id, patients, day, lot_id, is_charged, rows_max, rows_skipped)
-- What patients were given, the newest first.
SELECT a.id, a.fact, a.lot_id, i.name AS item, i.title AS item_title, i.base_unit, i.ndc, i.controlled_schedule, l.lot_number,
       l.owner, a.serial, a.quantity, a.expires_on, f.name AS from_place, t.name AS to_place, s.name AS site, a.day,
       a.payer_class, a.patient, a.order_number, a.dose, a.wasted, a.dose_unit, a.given_by, a.given_at, a.witness,
       a.not_charged, a.recorded_by, a.recorded_at,
       CASE WHEN live.n > 0 THEN 'charged' WHEN a.not_charged <> '' THEN 'not_charged' WHEN made.n > 0 THEN 'reversed'
            ELSE 'to_charge' END AS state
FROM administration a
JOIN lot l ON l.id = a.lot_id
JOIN item i ON i.id = l.item_id
JOIN place f ON f.id = a.from_place
JOIN place t ON t.id = a.to_place
LEFT JOIN place s ON s.id = a.site_id
CROSS JOIN LATERAL (SELECT count(*) AS n FROM charge c WHERE c.administration_id = a.id AND c.reverses IS NULL
                    AND NOT EXISTS (SELECT FROM charge r WHERE r.reverses = c.id)) live
CROSS JOIN LATERAL (SELECT count(*) AS n FROM charge c WHERE c.administration_id = a.id) made
WHERE (:administration_id::bigint IS NULL OR a.id = :administration_id)
  AND (:patients::text[] IS NULL OR a.patient = ANY(:patients))
  AND (:day::date IS NULL OR a.day = :day)
  AND (:lot_id::bigint IS NULL OR a.lot_id = :lot_id)
  AND (:is_charged::boolean IS NULL OR (live.n > 0) = :is_charged)
ORDER BY a.id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: lock_administration(administration_id)^
-- An administration whose charges nobody else changes until the end of the transaction.
SELECT a.*, i.ndc, i.name AS item FROM administration a JOIN lot l ON l.id = a.lot_id JOIN item i ON i.id = l.item_id
WHERE a.id = :administration_id FOR UPDATE OF a;

-- name: add_charge(administration_id, conversion_id, version, part, hcpcs, units, modifier, ndc, ndc_units, ndc_unit, dose, reason, made_by, made_at)$
-- Keep a charge and give its id.
INSERT INTO charge (administration_id, conversion_id, version, part, hcpcs, units, modifier, ndc, ndc_units, ndc_unit, dose, reason,
                    made_by, made_at)
VALUES (:administration_id, :conversion_id, :version, :part, :hcpcs, :units, :modifier, :ndc, :ndc_units, :ndc_unit, :dose,
        :reason, :made_by, :made_at)
RETURNING id;

-- name: reverse_charges(administration_id, reason, made_by, made_at)
-- Take back all charges of an administration that were not taken back before; gives the reversals.
INSERT INTO charge (administration_id, conversion_id, version, part, reverses, hcpcs, units, modifier, ndc, ndc_units, ndc_unit,
                    dose, reason, made_by, made_at)
SELECT c.administration_id, c.conversion_id, c.version, c.part, c.id, c.hcpcs, c.units, c.modifier, c.ndc, c.ndc_units,
       c.ndc_unit, c.dose, :reason, :made_by, :made_at
FROM charge c
WHERE c.administration_id = :administration_id AND c.reverses IS NULL
  AND NOT EXISTS (SELECT FROM charge r WHERE r.reverses = c.id)
ORDER BY c.id
RETURNING id, reverses;

-- name: charges_of(administration_ids)
-- Charges and reversals, oldest first. Index: charge_administration.
SELECT c.id, c.administration_id, c.version, c.part, c.reverses, CASE WHEN c.reverses IS NULL THEN 'charge' ELSE 'reversal' END AS kind,
       c.hcpcs, c.units, c.modifier, c.ndc, c.ndc_units, c.ndc_unit, c.dose, c.reason, c.made_by, c.made_at,
       t.title AS table_title, t.source AS table_source,
       EXISTS (SELECT FROM charge r WHERE r.reverses = c.id) AS is_reversed
FROM charge c JOIN billing_conversion v ON v.id = c.conversion_id JOIN billing_table t ON t.id = v.table_id
WHERE c.administration_id = ANY(:administration_ids) ORDER BY c.id;

-- name: charge_feed(after, until, rows_max)
-- Charges and reversals after a leaf of the seal's tree, up to another one. Index: seal_tile_pkey, seal_row_pkey, charge_pkey.
SELECT t.n * 256 + leaf.place AS position, c.id, CASE WHEN c.reverses IS NULL THEN 'charge' ELSE 'reversal' END AS kind, c.reverses,
       c.administration_id, c.part, c.hcpcs, c.units, c.modifier, c.ndc, c.ndc_units, c.ndc_unit, c.dose, a.dose_unit,
       a.patient, a.order_number, a.payer_class, i.name AS item, l.lot_number, l.owner, l.expires_on, a.serial, a.quantity,
       s.name AS site, f.name AS from_place, p.name AS to_place, a.given_at, a.given_by, c.reason, c.made_by, c.made_at
FROM seal_tile t
CROSS JOIN LATERAL unnest(t.entries) WITH ORDINALITY AS leaf (entry, place)
JOIN seal_row r ON r.id = leaf.entry
JOIN charge c ON c.id = r.row_id
JOIN administration a ON a.id = c.administration_id
JOIN lot l ON l.id = a.lot_id
JOIN item i ON i.id = l.item_id
JOIN place f ON f.id = a.from_place
JOIN place p ON p.id = a.to_place
LEFT JOIN place s ON s.id = a.site_id
WHERE t.level = 0 AND t.n BETWEEN :after::bigint / 256 AND :until::bigint / 256
  AND t.n * 256 + leaf.place > :after AND t.n * 256 + leaf.place <= :until
  AND r.of_table = 'charge' AND r.change = 'I'
ORDER BY t.n, leaf.place
LIMIT :rows_max;

-- name: sites()
-- Every site with its time zone.
SELECT id, name, zone FROM place WHERE kind = 'site' ORDER BY name;

-- name: bounds_of_day(zone, day)^
-- The instants between which a day lies in a time zone.
SELECT :day::date::timestamp AT TIME ZONE :zone AS first, (:day::date + 1)::timestamp AT TIME ZONE :zone AS last;

-- name: dispensed_between(site_id, item_ids, first, last)
-- Of each lot of these items what a site gave to patients and recipients less what came back, patients' own goods left out.
-- Index: movement_occurred.
SELECT m.lot_id, i.name AS item, l.lot_number,
       sum(CASE WHEN m.action = 'dispense' THEN m.quantity ELSE -m.quantity END)::bigint AS quantity
FROM movement m
JOIN lot l ON l.id = m.lot_id AND l.item_id = ANY(:item_ids)
JOIN item i ON i.id = l.item_id
JOIN owner o ON o.name = l.owner AND o.payer_class <> 'patient_owned'
JOIN place f ON f.id = m.from_place
JOIN place t ON t.id = m.to_place
WHERE m.occurred_at >= :first AND m.occurred_at < :last
  AND (m.action = 'dispense' AND f.ancestors @> ARRAY[:site_id::bigint]
       OR m.action = 'return' AND f.kind IN ('ward', 'customer') AND t.ancestors @> ARRAY[:site_id::bigint])
GROUP BY 1, 2, 3;

-- name: charged_on(site_id, item_ids, zone, day)
-- Of each lot of these items what stands in charges of a day: the first charge on the day of the administration, what was
-- charged again or taken back on the day when that was done, and what is not charged for a reason. Index: administration_day.
SELECT x.lot_id, i.name AS item, l.lot_number, sum(x.quantity)::bigint AS quantity
FROM (SELECT a.lot_id, a.quantity FROM administration a
      WHERE a.site_id = :site_id AND a.day = :day
        AND (a.not_charged <> '' OR EXISTS (SELECT FROM charge c WHERE c.administration_id = a.id AND c.version = 1))
      UNION ALL
      SELECT a.lot_id, CASE WHEN again.is_reversal THEN -a.quantity ELSE a.quantity END
      FROM (SELECT DISTINCT c.administration_id, c.version, c.reverses IS NOT NULL AS is_reversal FROM charge c
            WHERE c.made_at >= :day::date::timestamp AT TIME ZONE :zone
              AND c.made_at < (:day::date + 1)::timestamp AT TIME ZONE :zone
              AND (c.version > 1 OR c.reverses IS NOT NULL)) again
      JOIN administration a ON a.id = again.administration_id AND a.site_id = :site_id) x
JOIN lot l ON l.id = x.lot_id AND l.item_id = ANY(:item_ids)
JOIN owner o ON o.name = l.owner AND o.payer_class <> 'patient_owned'
JOIN item i ON i.id = l.item_id
GROUP BY 1, 2, 3;

-- name: add_reconciliation(site_id, day, dispensed, charged, differences, run_by, run_at)$
-- Keep how charges and stock of a site and day compared.
INSERT INTO charge_reconciliation (site_id, day, dispensed, charged, differences, run_by, run_at)
VALUES (:site_id, :day, :dispensed, :charged, :differences, :run_by, :run_at) RETURNING id;

-- name: last_reconciliation(site_id, day)^
-- How charges and stock of a site and day compared the last time. Index: charge_reconciliation_day.
SELECT id, dispensed, charged, differences FROM charge_reconciliation
WHERE site_id = :site_id AND day = :day ORDER BY id DESC LIMIT 1;

-- name: reconciliations(site, day, rows_max, rows_skipped)
-- How charges and stock compared, the newest first.
SELECT r.id, p.name AS site, r.day, r.dispensed, r.charged, r.differences, r.run_by, r.run_at
FROM charge_reconciliation r JOIN place p ON p.id = r.site_id
WHERE (:site::text IS NULL OR p.name = :site) AND (:day::date IS NULL OR r.day = :day)
ORDER BY r.id DESC LIMIT :rows_max OFFSET :rows_skipped;

-- name: open_difference_cases(site_id, day)
-- Open cases on differences of a site and day. Index: exception_case_open.
SELECT id, key, text FROM exception_case
WHERE kind = 'charge_difference' AND resolved_at IS NULL AND starts_with(key, :site_id::text || '/' || :day::date::text || '/');
