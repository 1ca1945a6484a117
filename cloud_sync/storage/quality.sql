-- name: excursions(place, only_open, rows_max, rows_skipped)
-- Excursions, the latest first, all or those of a place.
SELECT e.id, g.name AS gateway, c.device, c.metric, p.name AS place, e.rule, e.began_at, e.ended_at, e.worst, e.version,
       e.severity, e.longest_gap_s,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('gateway', pg.name, 'device', pc.device, 'metric', pc.metric,
                                                     'began_at', b.began_at, 'ended_at', b.ended_at, 'worst', b.worst)
                                  ORDER BY b.began_at, pg.name, pc.device, pc.metric), '[]')
        FROM probe_excursion b
        JOIN channel pc ON pc.id = b.channel_id
        JOIN gateway pg ON pg.id = pc.gateway_id
        WHERE b.place_id = e.place_id AND b.rule = e.rule
          AND coalesce(b.ended_at, 'infinity'::timestamptz) > e.began_at
          AND b.began_at < coalesce(e.ended_at, 'infinity')) AS probes,
       (SELECT count(DISTINCT x.lot_id) FROM exposure x WHERE x.excursion_id = e.id) AS lots_exposed
FROM excursion e
JOIN channel c ON c.id = e.channel_id
JOIN gateway g ON g.id = c.gateway_id
JOIN place p ON p.id = e.place_id
WHERE (:place::text IS NULL OR p.name = :place) AND (NOT :only_open OR e.ended_at IS NULL)
ORDER BY e.began_at DESC, e.id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: excursion_row(excursion_id)
-- One excursion, as it is listed.
SELECT e.id, g.name AS gateway, c.device, c.metric, p.name AS place, e.rule, e.began_at, e.ended_at, e.worst, e.version,
       e.severity, e.longest_gap_s,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('gateway', pg.name, 'device', pc.device, 'metric', pc.metric,
                                                     'began_at', b.began_at, 'ended_at', b.ended_at, 'worst', b.worst)
                                  ORDER BY b.began_at, pg.name, pc.device, pc.metric), '[]')
        FROM probe_excursion b
        JOIN channel pc ON pc.id = b.channel_id
        JOIN gateway pg ON pg.id = pc.gateway_id
        WHERE b.place_id = e.place_id AND b.rule = e.rule
          AND coalesce(b.ended_at, 'infinity'::timestamptz) > e.began_at
          AND b.began_at < coalesce(e.ended_at, 'infinity')) AS probes,
       (SELECT count(DISTINCT x.lot_id) FROM exposure x WHERE x.excursion_id = e.id) AS lots_exposed
FROM excursion e
JOIN channel c ON c.id = e.channel_id
JOIN gateway g ON g.id = c.gateway_id
JOIN place p ON p.id = e.place_id
WHERE e.id = :excursion_id;

-- name: exposures(excursion_id, lot_id, rows_max, rows_skipped)
-- Which stock was exposed to which excursion, where and since when.
SELECT x.excursion_id, x.lot_id, i.name AS item, l.lot_number, x.serial, p.name AS place, p.kind AS place_kind,
       x.residency_began_at, x.since, e.rule, e.began_at, e.ended_at, e.worst
FROM exposure x
JOIN excursion e ON e.id = x.excursion_id
JOIN lot l ON l.id = x.lot_id
JOIN item i ON i.id = l.item_id
JOIN place p ON p.id = x.place_id
WHERE (:excursion_id::bigint IS NULL OR x.excursion_id = :excursion_id)
  AND (:lot_id::bigint IS NULL OR x.lot_id = :lot_id)
ORDER BY x.excursion_id, x.lot_id, x.since, p.name, x.serial
LIMIT :rows_max OFFSET :rows_skipped;

-- name: holds_now(lot_id, place, rows_max, rows_skipped)
-- Everything that blocks stock now. hold_id is null where the hold follows from an exposure, a case or a recall.
SELECT h.lot_id, i.name AS item, l.lot_number, h.serial, p.name AS place, h.kind, h.excursion_id, h.hold_id, h.text
FROM active_hold h
JOIN lot l ON l.id = h.lot_id
JOIN item i ON i.id = l.item_id
LEFT JOIN place p ON p.id = h.place_id
WHERE (:lot_id::bigint IS NULL OR h.lot_id = :lot_id)
  AND (:place::text IS NULL OR p.ancestors @> ARRAY[(SELECT id FROM place WHERE name = :place)])
ORDER BY h.lot_id, h.kind, h.excursion_id, p.name, h.serial
LIMIT :rows_max OFFSET :rows_skipped;

-- name: placed_holds(lot_id, only_open, rows_max, rows_skipped)
-- Holds that people or rules placed, with who lifted them.
SELECT h.id, h.kind, h.lot_id, i.name AS item, l.lot_number, h.serial, p.name AS place, h.reason, h.placed_by,
       h.placed_at, h.since,
       h.case_id, h.lifted_by, h.lifted_at, h.lifted_reason
FROM hold h
JOIN lot l ON l.id = h.lot_id
JOIN item i ON i.id = l.item_id
LEFT JOIN place p ON p.id = h.place_id
WHERE (:lot_id::bigint IS NULL OR h.lot_id = :lot_id) AND (NOT :only_open OR h.lifted_at IS NULL)
ORDER BY h.id
LIMIT :rows_max OFFSET :rows_skipped;

-- name: hold_by_id(hold_id)^
-- One placed hold.
SELECT h.id, h.kind, h.lot_id, i.name AS item, l.lot_number, h.serial, p.name AS place, h.reason, h.placed_by,
       h.placed_at, h.since,
       h.case_id, h.lifted_by, h.lifted_at, h.lifted_reason
FROM hold h
JOIN lot l ON l.id = h.lot_id
JOIN item i ON i.id = l.item_id
LEFT JOIN place p ON p.id = h.place_id
WHERE h.id = :hold_id;

-- name: excursion_to_decide(excursion_id, lot_id)^
-- An excursion as a decision about one lot needs it.
SELECT e.began_at, e.ended_at, e.worst,
       EXISTS (SELECT FROM exposure x WHERE x.excursion_id = e.id AND x.lot_id = :lot_id) AS exposed
FROM excursion e
WHERE e.id = :excursion_id;

-- name: lots_exposed_to(excursion_ids)
-- The lots that any of these excursions exposed, and which.
SELECT DISTINCT excursion_id, lot_id FROM exposure WHERE excursion_id = ANY(:excursion_ids) ORDER BY 1, 2;

-- name: dispositions(excursion_id, lot_id, rows_max, rows_skipped)
-- Decisions on exposures, and whether they still stand on the evidence as it is now.
SELECT d.id, d.excursion_id, d.lot_id, i.name AS item, l.lot_number, d.decision, d.reason, d.decided_by, d.decided_at,
       d.places AS place_ids,
       (SELECT array_agg(p.name ORDER BY p.name) FROM place p WHERE p.id = ANY(d.places)) AS places,
       d.evidence, e.id IS NULL AS excursion_withdrawn,
       d.evidence IS NOT DISTINCT FROM exposure_evidence(d.excursion_id, d.lot_id) AS same_evidence
FROM disposition d
LEFT JOIN excursion e ON e.id = d.excursion_id
JOIN lot l ON l.id = d.lot_id
JOIN item i ON i.id = l.item_id
WHERE (:excursion_id::bigint IS NULL OR d.excursion_id = :excursion_id)
  AND (:lot_id::bigint IS NULL OR d.lot_id = :lot_id)
ORDER BY d.id
LIMIT :rows_max OFFSET :rows_skipped;

-- name: add_disposition(excursion_id, lot_id, decision, reason, decided_by, began_at, ended_at, worst, places)$
-- Keep a decision with the evidence it was made on.
INSERT INTO disposition (excursion_id, lot_id, decision, reason, decided_by, began_at, ended_at, worst, places)
VALUES (:excursion_id, :lot_id, :decision, :reason, :decided_by, :began_at, :ended_at, :worst, :places::bigint[])
RETURNING id;

-- name: open_holds_of_lot(lot_id)
-- Who holds a lot by hand.
SELECT placed_by FROM hold WHERE lot_id = :lot_id AND kind = 'manual' AND lifted_at IS NULL;

-- name: versions(excursion_id, rows_max)
-- What an excursion was before it was what it is, oldest first.
SELECT excursion_id, version, change, rule, began_at, ended_at, worst, recorded_at
FROM excursion_version
WHERE excursion_id = :excursion_id
ORDER BY version
LIMIT :rows_max;

-- name: cases(only_open, kind, lot_id, assignee, older_than, rows_max, rows_skipped)
-- Physical facts that contradict the ledger, oldest first. age_s: how long it has been open, or was.
SELECT k.id, k.kind, k.key, k.text, k.lot_id, p.name AS place, k.evidence_id, k.data, k.opened_at, k.assignee,
       extract(epoch FROM coalesce(k.resolved_at, clock_timestamp()) - k.opened_at)::double precision AS age_s,
       k.resolved_at, k.resolved_by, k.resolved_role, k.decision, k.resolution
FROM exception_case k
LEFT JOIN place p ON p.id = k.place_id
WHERE (NOT :only_open OR k.resolved_at IS NULL) AND (:kind::text IS NULL OR k.kind = :kind)
  AND (:lot_id::bigint IS NULL OR k.lot_id = :lot_id)
  AND (:assignee::text IS NULL OR k.assignee = :assignee)
  AND (:older_than::timestamptz IS NULL OR k.opened_at < :older_than)
ORDER BY k.id
LIMIT :rows_max OFFSET :rows_skipped;

-- name: case_by_id(case_id)^
-- One exception case.
SELECT k.id, k.kind, k.key, k.text, k.lot_id, p.name AS place, k.evidence_id, k.data, k.opened_at, k.assignee,
       extract(epoch FROM coalesce(k.resolved_at, clock_timestamp()) - k.opened_at)::double precision AS age_s,
       k.resolved_at, k.resolved_by, k.resolved_role, k.decision, k.resolution
FROM exception_case k
LEFT JOIN place p ON p.id = k.place_id
WHERE k.id = :case_id;

-- name: assign_case(case_id, assignee)!
-- Say who looks into an open case; no row if it is closed.
UPDATE exception_case SET assignee = :assignee WHERE id = :case_id AND resolved_at IS NULL;

-- name: resolve_case(case_id, resolved_by, resolved_role, decision, resolution)!
-- Close a case; no row if it is closed.
UPDATE exception_case
SET resolved_at = clock_timestamp(), resolved_by = :resolved_by, resolved_role = :resolved_role, decision = :decision,
    resolution = :resolution
WHERE id = :case_id AND resolved_at IS NULL;
