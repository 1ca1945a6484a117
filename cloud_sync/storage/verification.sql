-- Verification of product identifiers.

-- name: known_packages(gtin, serials)
-- Packages with this GTIN and one of these serials, as the ledger has ever known them. Index: position_serial.
SELECT DISTINCT l.id AS lot_id, l.lot_number, l.expires_on,
       EXISTS (SELECT FROM recall_lot r JOIN recall c ON c.id = r.recall_id AND NOT c.is_mock
                   AND c.outcome IS DISTINCT FROM 'lifted' WHERE r.lot_id = l.id) AS is_recalled,
       EXISTS (SELECT FROM suspect_product s WHERE s.lot_id = l.id AND (s.serial = '' OR s.serial = b.serial)
                   AND s.determination IS NULL) AS is_suspect,
       EXISTS (SELECT FROM suspect_product s WHERE s.lot_id = l.id AND (s.serial = '' OR s.serial = b.serial)
                   AND s.determination = 'illegitimate') AS is_illegitimate
FROM item_gtin g
JOIN position b ON b.serial = ANY(:serials::text[]) AND b.serial <> ''
JOIN lot l ON l.id = b.lot_id AND l.item_id = g.item_id
WHERE g.gtin = :gtin;

-- name: lot_of_package(gtin, lot_number)
-- Lots with this number of the item with this GTIN.
SELECT l.id AS lot_id FROM item_gtin g JOIN lot l ON l.item_id = g.item_id AND l.lot_number = :lot_number
WHERE g.gtin = :gtin ORDER BY l.id;

-- name: add_verification(direction, partner_id, gtin, lot_number, serial, expires_on, context, correlation, requester_gln, verified, reason, info, error, case_id, person, at)$
-- Keep what was asked and answered.
INSERT INTO product_verification (direction, partner_id, gtin, lot_number, serial, expires_on, context, correlation,
                                  requester_gln, verified, reason, info, error, case_id, person, at)
VALUES (:direction, :partner_id, :gtin, :lot_number, :serial, :expires_on, :context, :correlation, :requester_gln, :verified,
        :reason, :info, :error, :case_id, :person, :at)
RETURNING id;

-- name: verifications(direction, serial, rows_max, rows_skipped)
-- What was asked and answered, the newest first.
SELECT v.*, p.name AS partner FROM product_verification v LEFT JOIN place p ON p.id = v.partner_id
WHERE (:direction::text IS NULL OR v.direction = :direction) AND (:serial::text IS NULL OR v.serial = :serial)
ORDER BY v.at DESC, v.id DESC LIMIT :rows_max OFFSET :rows_skipped;

-- name: verification_by_id(verification_id)^
-- One of them.
SELECT v.*, p.name AS partner FROM product_verification v LEFT JOIN place p ON p.id = v.partner_id
WHERE v.id = :verification_id;

-- name: verifications_of(gtins, lot_number, serial, rows_max)
-- What was asked and answered about a product ('' for any lot or serial).
SELECT v.*, p.name AS partner FROM product_verification v LEFT JOIN place p ON p.id = v.partner_id
WHERE v.gtin = ANY(:gtins::text[]) AND (:lot_number = '' OR v.lot_number = :lot_number)
  AND (:serial = '' OR v.serial = :serial)
ORDER BY v.id LIMIT :rows_max;

-- name: partner_with_gln(gln)^
-- The trading partner with this GLN.
SELECT t.place_id, p.name, p.kind FROM trading_partner t JOIN place p ON p.id = t.place_id
WHERE t.gln = :gln AND t.gln <> '' ORDER BY p.kind = 'site', t.place_id LIMIT 1;

-- name: our_gln()$
-- The GLN of our own business, that of the first site that has one.
SELECT t.gln FROM trading_partner t JOIN place p ON p.id = t.place_id AND p.kind = 'site'
WHERE t.gln <> '' ORDER BY t.place_id LIMIT 1;
