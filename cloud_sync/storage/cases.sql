-- name: latest_cases(kind, keys)
-- The newest case about each of these things, open or resolved, locked. Index: exception_case_key.
SELECT k.*
FROM unnest(:keys::text[]) AS about (key)
CROSS JOIN LATERAL (
    SELECT id, key, text, lot_id, data, resolved_at, resolved_by
    FROM exception_case
    WHERE kind = :kind AND key = about.key
    ORDER BY id DESC
    LIMIT 1
    FOR UPDATE
) AS k;

-- name: add_case(kind, key, text, lot_id, evidence_id, data, place_id)$
-- Open a case and give its id; no row if one is open already.
INSERT INTO exception_case (kind, key, text, lot_id, evidence_id, data, place_id)
VALUES (:kind, :key, :text, :lot_id, :evidence_id, :data, :place_id)
ON CONFLICT (kind, key) WHERE resolved_at IS NULL DO NOTHING
RETURNING id;

-- name: amend_case(id, text, data)!
-- What an open case says now.
UPDATE exception_case SET text = :text, data = :data WHERE id = :id AND resolved_at IS NULL;

-- name: close_case(id, resolved_by, resolution)!
-- Resolve an open case.
UPDATE exception_case
SET resolved_at = clock_timestamp(), resolved_by = :resolved_by, resolution = :resolution
WHERE id = :id AND resolved_at IS NULL;

-- name: open_cases_of_kinds(kinds)
-- Open cases of these kinds, oldest first.
SELECT id, kind, key, data, evidence_id
FROM exception_case
WHERE kind = ANY(:kinds) AND resolved_at IS NULL
ORDER BY id
FOR UPDATE;

-- name: open_cases_of_lots(kind, lot_ids)
-- Open cases of one kind about these lots.
SELECT id, key, text, data, lot_id
FROM exception_case
WHERE kind = :kind AND lot_id = ANY(:lot_ids) AND resolved_at IS NULL
ORDER BY id
FOR UPDATE;
