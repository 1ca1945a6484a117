-- Equipment, its calibrations, and agreements with suppliers: papers that end on a day.

-- name: keep_equipment(name, title, maker, model, serial_number, gateway_id, device, place_id, active)!
-- A piece of equipment as it is now.
INSERT INTO equipment (name, title, maker, model, serial_number, gateway_id, device, place_id, in_use)
VALUES (:name, :title, :maker, :model, :serial_number, :gateway_id, :device, :place_id, :active)
ON CONFLICT (name) DO UPDATE SET title = excluded.title, maker = excluded.maker, model = excluded.model,
    serial_number = excluded.serial_number, gateway_id = excluded.gateway_id, device = excluded.device,
    place_id = excluded.place_id, in_use = excluded.in_use;

-- name: equipment(name)
-- Equipment with its latest calibration; null: all of it.
SELECT e.name, e.title, e.maker, e.model, e.serial_number, g.name AS gateway, e.device, p.name AS place, e.in_use,
       c.certificate, c.calibrated_on, c.due_on, c.passed
FROM equipment e
LEFT JOIN gateway g ON g.id = e.gateway_id
LEFT JOIN place p ON p.id = e.place_id
LEFT JOIN LATERAL (SELECT * FROM calibration c WHERE c.equipment = e.name ORDER BY c.calibrated_on DESC, c.id DESC LIMIT 1) c
    ON true
WHERE :name::text IS NULL OR e.name = :name
ORDER BY e.name;

-- name: gateway_id(name)$
-- A gateway by name.
SELECT id FROM gateway WHERE name = :name;

-- name: device_taken(gateway_id, device, name)$
-- Other equipment in use that is said to be this device.
SELECT name FROM equipment WHERE gateway_id = :gateway_id AND device = :device AND in_use AND name <> :name;

-- name: add_calibration(equipment, certificate, laboratory, calibrated_on, due_on, passed, points, reference, sha256, note, actor, at)$
-- A certificate; no row if it is there.
INSERT INTO calibration (equipment, certificate, laboratory, calibrated_on, due_on, passed, points, reference, sha256,
                         note, recorded_by, recorded_at)
VALUES (:equipment, :certificate, :laboratory, :calibrated_on, :due_on, :passed, :points, :reference, :sha256,
        :note, :actor, :at)
ON CONFLICT (equipment, certificate) DO NOTHING RETURNING id;

-- name: calibrations(equipment)
-- Calibrations of a piece of equipment (null: of all), the newest first.
SELECT id, equipment, certificate, laboratory, calibrated_on, due_on, passed, points, reference, sha256, note,
       recorded_by, recorded_at
FROM calibration WHERE :equipment::text IS NULL OR equipment = :equipment
ORDER BY calibrated_on DESC, id DESC LIMIT 1000;

-- name: calibrations_due(last_day)
-- Equipment in use whose latest calibration ends by that day, or did not pass.
SELECT e.name, e.title, g.name AS gateway, e.device, e.place_id, c.due_on, c.passed, c.certificate
FROM equipment e
LEFT JOIN gateway g ON g.id = e.gateway_id
CROSS JOIN LATERAL (SELECT * FROM calibration c WHERE c.equipment = e.name ORDER BY c.calibrated_on DESC, c.id DESC LIMIT 1) c
WHERE e.in_use AND (c.due_on <= :last_day OR NOT c.passed)
ORDER BY e.name;

-- name: calibrated_devices(last_day)
-- Devices of gateways whose latest calibration is good beyond that day: what their gateway reminds of is over.
SELECT g.name AS gateway, e.device
FROM equipment e JOIN gateway g ON g.id = e.gateway_id
CROSS JOIN LATERAL (SELECT * FROM calibration c WHERE c.equipment = e.name ORDER BY c.calibrated_on DESC, c.id DESC LIMIT 1) c
WHERE e.in_use AND c.passed AND c.due_on > :last_day;

-- name: agreements(supplier_ids)
-- The latest agreement of each kind of these suppliers (null: all) and until when it is good. Index: document_supplier.
SELECT DISTINCT ON (d.supplier_id, d.kind) p.id AS supplier_id, p.name AS supplier, d.id, d.kind, d.reference, d.sha256,
       d.valid_until, d.added_by, d.added_at
FROM document d JOIN place p ON p.id = d.supplier_id
WHERE d.kind IN ('agreement', 'quality_agreement') AND (:supplier_ids::bigint[] IS NULL OR d.supplier_id = ANY(:supplier_ids))
ORDER BY d.supplier_id, d.kind, d.id DESC;
