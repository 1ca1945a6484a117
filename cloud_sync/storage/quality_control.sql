-- Quality control: plans, samples, results, decisions, stability studies, sessions of plates, qualifications.

-- name: plan(name, version)^
-- A version of a quality plan; null: the newest.
SELECT p.id, p.kind, p.name, p.version, p.item_id, p.place_id, p.body, p.effective_from, p.proposed_by, p.approved_by
FROM quality_plan p
WHERE p.name = :name AND (:version::integer IS NULL OR p.version = :version)
ORDER BY p.version DESC LIMIT 1;

-- name: plans(kind, rows_max, rows_skipped)
-- Plans, the newest version first; of one kind.
SELECT p.kind, p.name, p.version, p.body, p.effective_from, p.proposed_by, p.approved_by
FROM quality_plan p
WHERE :kind::text IS NULL OR p.kind = :kind
ORDER BY p.name, p.version DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: other_material_plan(item_id, name)$
-- Another plan for the same raw material. Index: quality_plan_item.
SELECT name FROM quality_plan WHERE item_id = :item_id AND kind = 'material' AND name <> :name LIMIT 1;

-- name: add_plan(kind, name, version, item_id, place_id, body, effective_from, proposed_by, approved_by)!
-- A version that was approved.
INSERT INTO quality_plan (kind, name, version, item_id, place_id, body, effective_from, proposed_by, approved_by)
VALUES (:kind, :name, :version, :item_id, :place_id, :body, :effective_from, :proposed_by, :approved_by);

-- name: sample(id)^
-- A sample with its plan, what it is of, and what was decided on it.
SELECT s.id, p.kind, p.name AS plan, p.version, p.body, s.lot_id, l.lot_number, i.name AS item, s.study_id, s.day, s.session_id,
       s.point, s.code, here.name AS place, s.person, s.quantity, s.note, s.taken_at, s.taken_by,
       d.decision, d.by_exception, d.reason AS decided_reason, d.decided_by, d.decided_at
FROM quality_sample s
JOIN quality_plan p ON p.id = s.plan_id
LEFT JOIN lot l ON l.id = s.lot_id
LEFT JOIN item i ON i.id = l.item_id
LEFT JOIN place here ON here.id = s.place_id
LEFT JOIN quality_decision d ON d.sample_id = s.id
WHERE s.id = :id;

-- name: lock_sample(id)$
-- One at a time writes results and the decision of a sample.
SELECT id FROM quality_sample WHERE id = :id FOR UPDATE;

-- name: samples(kind, lot_id, only_open, rows_max, rows_skipped)
-- Samples, the newest first: of a kind of plan, of a lot, those that wait for a decision.
SELECT s.id, p.kind, p.name AS plan, p.version, p.body, s.lot_id, l.lot_number, i.name AS item, s.study_id, s.day, s.session_id,
       s.point, s.code, here.name AS place, s.person, s.quantity, s.note, s.taken_at, s.taken_by,
       d.decision, d.by_exception, d.reason AS decided_reason, d.decided_by, d.decided_at
FROM quality_sample s
JOIN quality_plan p ON p.id = s.plan_id
LEFT JOIN lot l ON l.id = s.lot_id
LEFT JOIN item i ON i.id = l.item_id
LEFT JOIN place here ON here.id = s.place_id
LEFT JOIN quality_decision d ON d.sample_id = s.id
WHERE (:kind::text IS NULL OR p.kind = :kind) AND (:lot_id::bigint IS NULL OR s.lot_id = :lot_id)
  AND (NOT :only_open OR d.sample_id IS NULL)
ORDER BY s.taken_at DESC, s.id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: sample_of_request(client_id)$
-- The sample that was asked for under this id. Index: quality_sample_client_id_key.
SELECT id FROM quality_sample WHERE client_id = :client_id;

-- name: add_sample(client_id, plan_id, lot_id, study_id, day, session_id, point, code, place_id, person, quantity, note, at, actor)$
-- Take a sample; no row if the pull point or the code has one.
INSERT INTO quality_sample (client_id, plan_id, lot_id, study_id, day, session_id, point, code, place_id, person, quantity,
                            note, taken_at, taken_by)
VALUES (:client_id, :plan_id, :lot_id, :study_id, :day, :session_id, :point, :code, :place_id, :person, :quantity, :note,
        :at, :actor)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: results(sample_ids)
-- What the tests of samples gave, oldest first; whether an investigation voided it. Index: quality_result_sample, exception_case_key.
SELECT r.sample_id, r.id, r.test, r.value, r.conforms, r.note, r.verdict, r.read_by, r.read_at,
       EXISTS (SELECT FROM exception_case k WHERE k.kind IN ('out_of_specification', 'action_level')
               AND k.key = 'result:' || r.id AND k.decision IN ('explained', 'corrected')) AS is_void
FROM quality_result r WHERE r.sample_id = ANY(:sample_ids) ORDER BY r.id;

-- name: add_result(sample_id, test, value, conforms, note, verdict, actor, at)$
-- Keep a result.
INSERT INTO quality_result (sample_id, test, value, conforms, note, verdict, read_by, read_at)
VALUES (:sample_id, :test, :value, :conforms, :note, :verdict, :actor, :at)
RETURNING id;

-- name: add_decision(sample_id, decision, by_exception, reason, actor, at)!
-- What quality decided; no row if it was decided.
INSERT INTO quality_decision (sample_id, decision, by_exception, reason, decided_by, decided_at)
VALUES (:sample_id, :decision, :by_exception, :reason, :actor, :at)
ON CONFLICT DO NOTHING;

-- name: study_of_request(client_id)$
-- The study that was asked for under this id. Index: stability_study_client_id_key.
SELECT id FROM stability_study WHERE client_id = :client_id;

-- name: add_study(client_id, plan_id, lot_id, place_id, at, actor)$
-- Begin a study.
INSERT INTO stability_study (client_id, plan_id, lot_id, place_id, began_at, started_by)
VALUES (:client_id, :plan_id, :lot_id, :place_id, :at, :actor)
RETURNING id;

-- name: studies(study_id, rows_max, rows_skipped)
-- Stability studies, the newest first; one of them.
SELECT t.id, p.name AS plan, p.version, p.body, t.plan_id, t.lot_id, l.lot_number, l.owner, i.name AS item, t.place_id,
       here.name AS place, t.began_at, t.started_by,
       coalesce((SELECT sum(b.quantity) FROM position b WHERE b.lot_id = t.lot_id AND b.place_id = t.place_id), 0)::bigint AS units_left
FROM stability_study t
JOIN quality_plan p ON p.id = t.plan_id
JOIN lot l ON l.id = t.lot_id
JOIN item i ON i.id = l.item_id
JOIN place here ON here.id = t.place_id
WHERE :study_id::bigint IS NULL OR t.id = :study_id
ORDER BY t.id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: pulls(study_ids)
-- What was pulled from studies, and decided on it. Index: quality_sample_pull.
SELECT s.study_id, s.day, s.id AS sample_id, s.taken_at, d.decision, d.by_exception
FROM quality_sample s LEFT JOIN quality_decision d ON d.sample_id = s.id
WHERE s.study_id = ANY(:study_ids)
ORDER BY s.study_id, s.day;

-- name: is_in_place(lot_id, place_id)$
-- Whether there is stock of a lot in a place. Index: position_pkey.
SELECT EXISTS (SELECT FROM position WHERE lot_id = :lot_id AND place_id = :place_id AND quantity <> 0);

-- name: accepted_pulls(name)
-- Of each lot under a protocol, the days whose samples were accepted without exception. Index: quality_sample_pull.
SELECT t.lot_id, s.day
FROM quality_plan p
JOIN stability_study t ON t.plan_id = p.id
JOIN quality_sample s ON s.study_id = t.id
JOIN quality_decision d ON d.sample_id = s.id AND d.decision = 'accepted' AND NOT d.by_exception
WHERE p.name = :name
ORDER BY t.lot_id, s.day;

-- name: beyond_use_support(item_id, storage)^
-- What stability data support for a product so stored, as it was approved last. Index: beyond_use_support_item.
SELECT u.plan_name, i.name AS item, u.storage, u.days, u.reason, u.proposed_by, u.approved_by, u.approved_at
FROM beyond_use_support u JOIN item i ON i.id = u.item_id
WHERE u.item_id = :item_id AND u.storage = :storage
ORDER BY u.id DESC LIMIT 1;

-- name: beyond_use_supports()
-- The same of all products.
SELECT DISTINCT ON (i.name, u.storage) u.plan_name, i.name AS item, u.storage, u.days, u.reason, u.proposed_by, u.approved_by,
       u.approved_at
FROM beyond_use_support u JOIN item i ON i.id = u.item_id
ORDER BY i.name, u.storage, u.id DESC;

-- name: add_beyond_use_support(plan_name, item_id, storage, days, reason, proposed_by, approved_by, at)!
-- Keep what data support.
INSERT INTO beyond_use_support (plan_name, item_id, storage, days, reason, proposed_by, approved_by, approved_at)
VALUES (:plan_name, :item_id, :storage, :days, :reason, :proposed_by, :approved_by, :at);

-- name: compounded_lot(lot_id)^
-- The batch that a lot came out of, as far as its beyond-use date depends on it. Index: movement_lot.
SELECT p.name AS number, p.zone, b.place_id, f.item_id, f.body, (SELECT min(m.occurred_at) FROM movement m WHERE m.to_place = b.place_id) AS began_at
FROM batch_product product
JOIN production_batch b ON b.id = product.batch_id
JOIN place p ON p.id = b.place_id
JOIN master_formulation_record f ON f.id = b.master_formulation_record_id
WHERE product.lot_id = :lot_id
ORDER BY b.id LIMIT 1;

-- name: add_session(plan_id, batch_id, note, at, actor)$
-- Open a session of plates.
INSERT INTO environment_session (plan_id, batch_id, began_at, opened_by, note)
VALUES (:plan_id, :batch_id, :at, :actor, :note)
RETURNING id;

-- name: sessions(session_id, batch_id, rows_max, rows_skipped)
-- Sessions of plates, the newest first; one of them, those of a batch. Index: environment_session_batch.
SELECT e.id, p.name AS plan, p.version, p.body, e.plan_id, p.place_id, here.name AS place, e.batch_id, made.name AS batch, e.began_at,
       e.opened_by, e.note
FROM environment_session e
JOIN quality_plan p ON p.id = e.plan_id
JOIN place here ON here.id = p.place_id
LEFT JOIN production_batch b ON b.id = e.batch_id
LEFT JOIN place made ON made.id = b.place_id
WHERE (:session_id::bigint IS NULL OR e.id = :session_id) AND (:batch_id::bigint IS NULL OR e.batch_id = :batch_id)
ORDER BY e.id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: plates(session_ids)
-- Plates of sessions. Index: quality_sample_session.
SELECT s.id, s.session_id, s.point, s.code, s.person, s.taken_at, s.taken_by
FROM quality_sample s WHERE s.session_id = ANY(:session_ids) ORDER BY s.id;

-- name: qualification_standing(preparation, persons, ats)
-- Of each of these people at that time: the plans that ask for a media fill for this preparation, and the last one that counts.
-- Index: quality_sample_person.
SELECT w.person, w.at, p.name AS plan, p.body, fill.taken_at, fill.decision
FROM unnest(:persons::text[], :ats::timestamptz[]) AS w (person, at)
CROSS JOIN (SELECT DISTINCT ON (name) name, body FROM quality_plan WHERE kind = 'qualification' ORDER BY name, version DESC) AS p
LEFT JOIN LATERAL (
    SELECT s.taken_at, d.decision
    FROM quality_sample s
    JOIN quality_plan of ON of.id = s.plan_id AND of.name = p.name
    LEFT JOIN quality_decision d ON d.sample_id = s.id
    WHERE s.person = w.person AND s.taken_at <= w.at
      AND (d.decision IS NOT NULL
           OR EXISTS (SELECT FROM quality_result r
                      WHERE r.sample_id = s.id AND r.verdict = 'fail'
                        AND NOT EXISTS (SELECT FROM exception_case k WHERE k.kind = 'out_of_specification'
                                        AND k.key = 'result:' || r.id AND k.decision IN ('explained', 'corrected'))))
    ORDER BY s.taken_at DESC, s.id DESC LIMIT 1
) AS fill ON true
WHERE p.body -> 'preparations' @> to_jsonb(:preparation::text)
ORDER BY w.person, p.name;

-- name: qualifications(rows_max)
-- Everybody who ever filled medium for a plan, and their last fill. Index: quality_sample_person.
SELECT DISTINCT ON (p.name, s.person) p.name AS plan, newest.body, s.person, s.id AS sample_id, s.taken_at, d.decision
FROM quality_sample s
JOIN quality_plan p ON p.id = s.plan_id AND p.kind = 'qualification'
CROSS JOIN LATERAL (SELECT body FROM quality_plan n WHERE n.name = p.name ORDER BY version DESC LIMIT 1) AS newest
LEFT JOIN quality_decision d ON d.sample_id = s.id
ORDER BY p.name, s.person, s.taken_at DESC, s.id DESC
LIMIT :rows_max;

-- name: worked_since(person, since)
-- Batches in which somebody did steps since a moment.
SELECT DISTINCT p.name AS number
FROM batch_fact f JOIN production_batch b ON b.id = f.batch_id JOIN place p ON p.id = b.place_id
WHERE f.actor = :person AND f.kind IN ('step', 'yield') AND f.occurred_at >= :since
ORDER BY 1 LIMIT 200;

-- name: last_passed_fill(person, name)$
-- When somebody last passed the media fill of a plan. Index: quality_sample_person.
SELECT max(s.taken_at) FROM quality_sample s
JOIN quality_plan p ON p.id = s.plan_id AND p.name = :name
JOIN quality_decision d ON d.sample_id = s.id AND d.decision = 'accepted'
WHERE s.person = :person;

-- name: material_standing(lot_ids)
-- Of these lots, those of raw materials with a plan: the last sample that was decided on, and exposures since.
-- Index: quality_plan_item, quality_sample_lot.
SELECT l.id AS lot_id, l.lot_number, i.name AS item, p.name AS plan, p.version, p.body, s.id AS sample_id, s.taken_at, s.decision,
       exposed.until AS exposed_until, coalesce(exposed.is_open, false) AS is_exposed
FROM lot l
JOIN item i ON i.id = l.item_id
CROSS JOIN LATERAL (SELECT * FROM quality_plan n WHERE n.item_id = l.item_id AND n.kind = 'material' ORDER BY n.id DESC LIMIT 1) AS p
LEFT JOIN LATERAL (
    SELECT s.id, s.taken_at, d.decision
    FROM quality_sample s JOIN quality_decision d ON d.sample_id = s.id
    WHERE s.lot_id = l.id AND s.study_id IS NULL
    ORDER BY s.taken_at DESC, s.id DESC LIMIT 1
) AS s ON true
LEFT JOIN LATERAL (
    SELECT max(e.ended_at) AS until, bool_or(e.ended_at IS NULL) AS is_open
    FROM exposure x JOIN excursion e ON e.id = x.excursion_id WHERE x.lot_id = l.id
) AS exposed ON true
WHERE l.id = ANY(:lot_ids)
ORDER BY l.id;

-- name: material_lots(rows_max)
-- Lots in the house of raw materials with a plan. Index: lot_number.
SELECT DISTINCT l.id AS lot_id
FROM quality_plan p
JOIN lot l ON l.item_id = p.item_id
WHERE p.kind = 'material'
  AND EXISTS (SELECT FROM position b JOIN place at ON at.id = b.place_id
              WHERE b.lot_id = l.id AND b.quantity > 0 AND at.kind IN ('site', 'room', 'bin'))
ORDER BY l.id DESC
LIMIT :rows_max;

-- name: batches_at(place_ids)
-- The batches that these places are, and what they are made by. Index: production_batch_place_id_key.
SELECT b.place_id, p.name AS number, f.body ->> 'preparation' AS preparation
FROM production_batch b JOIN place p ON p.id = b.place_id
JOIN master_formulation_record f ON f.id = b.master_formulation_record_id
WHERE b.place_id = ANY(:place_ids);

-- name: unfinished_beside(batch_id, room)
-- Other batches that are made in the same room and are not finished: something went in, nothing closed them.
SELECT p.name AS number
FROM production_batch b
JOIN place p ON p.id = b.place_id
JOIN place above ON above.id = p.parent_id AND above.name = :room
WHERE b.id <> :batch_id
  AND EXISTS (SELECT FROM movement m WHERE m.to_place = b.place_id)
  AND NOT EXISTS (SELECT FROM batch_fact f WHERE f.batch_id = b.id AND f.kind IN ('finished', 'released', 'rejected'))
ORDER BY b.id LIMIT 10;

-- name: environment_standing()
-- Plans of rooms that name how often, and when each was last done.
SELECT p.name AS plan, p.body, here.name AS place, p.place_id, p.effective_from,
       (SELECT max(e.began_at) FROM environment_session e JOIN quality_plan q ON q.id = e.plan_id WHERE q.name = p.name) AS last_at
FROM (SELECT DISTINCT ON (name) * FROM quality_plan WHERE kind = 'environment' ORDER BY name, version DESC) AS p
JOIN place here ON here.id = p.place_id
ORDER BY p.name;

-- name: made_in(since, until)
-- What was made for stock in a period: products of batches that finished then, by item.
SELECT i.name AS item, i.title, i.base_unit, f.name AS master_formulation_record, f.version, f.body, place.name AS batch, b.id AS batch_id,
       b.place_id, done.occurred_at AS finished_at, done.data ->> 'made' AS made, b.owner,
       (SELECT f2.kind FROM batch_fact f2 WHERE f2.batch_id = b.id AND f2.kind IN ('released', 'rejected')) AS decision,
       coalesce((SELECT array_agg(g.gtin ORDER BY g.base_units, g.gtin) FROM item_gtin g WHERE g.item_id = i.id), '{}') AS gtins
FROM production_batch b
JOIN place ON place.id = b.place_id
JOIN master_formulation_record f ON f.id = b.master_formulation_record_id
JOIN item i ON i.id = f.item_id AND i.compounding = '503B'
JOIN batch_fact done ON done.batch_id = b.id AND done.kind = 'finished'
WHERE (done.occurred_at AT TIME ZONE coalesce(place.zone, 'UTC'))::date >= :since
  AND (done.occurred_at AT TIME ZONE coalesce(place.zone, 'UTC'))::date < :until
ORDER BY i.name, done.occurred_at, b.id;

-- name: ingredients_of(place_ids)
-- What went into batches, with whom each lot came from. Index: movement_to_place, movement_lot.
SELECT m.to_place, i.name AS item, i.title, l.lot_number,
       coalesce((SELECT array_agg(g.gtin ORDER BY g.base_units, g.gtin) FROM item_gtin g WHERE g.item_id = i.id), '{}') AS gtins,
       coalesce((SELECT array_agg(DISTINCT s.name ORDER BY s.name)
                 FROM movement came JOIN place s ON s.id = came.from_place AND s.kind = 'supplier'
                 WHERE came.lot_id = l.id), '{}') AS suppliers
FROM movement m
JOIN lot l ON l.id = m.lot_id
JOIN item i ON i.id = l.item_id
WHERE m.to_place = ANY(:place_ids)
GROUP BY m.to_place, i.id, l.id
ORDER BY i.name, l.lot_number;

-- name: add_product_report(since, until, body, sha256, actor, at)$
-- Keep a report as it was made.
INSERT INTO product_report (since, until, body, sha256, made_by, made_at)
VALUES (:since, :until, :body, :sha256, :actor, :at)
RETURNING id;

-- name: product_reports(report_id, rows_max, rows_skipped)
-- Reports that were made, the newest first; one of them.
SELECT id, since, until, body, sha256, made_by, made_at FROM product_report
WHERE :report_id::bigint IS NULL OR id = :report_id
ORDER BY until DESC, id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: last_report_until()$
-- Up to when products are reported.
SELECT max(until) FROM product_report;

-- name: first_made_since(since)$
-- When something for stock was first finished from this day on.
SELECT min(f.occurred_at)::date FROM batch_fact f
JOIN production_batch b ON b.id = f.batch_id
JOIN master_formulation_record r ON r.id = b.master_formulation_record_id
JOIN item i ON i.id = r.item_id AND i.compounding = '503B'
WHERE f.kind = 'finished' AND (:since::date IS NULL OR f.occurred_at >= :since::date);
