-- name: exposure_records(excursion_id, lot_ids)
-- What somebody signs who decides on exposures of these lots to an excursion: the evidence and the goods.
SELECT l.id AS lot_id, jsonb_build_object(
    'excursion', e.id, 'place', p.name, 'rule', e.rule, 'severity', e.severity, 'began_at', e.began_at,
    'ended_at', e.ended_at, 'worst', e.worst, 'evidence', exposure_evidence(e.id, l.id),
    'lot', l.id, 'item', i.name, 'lot_number', l.lot_number, 'owner', l.owner) AS record
FROM excursion e
JOIN place p ON p.id = e.place_id
JOIN lot l ON l.id = ANY(:lot_ids)
JOIN item i ON i.id = l.item_id
WHERE e.id = :excursion_id
  AND EXISTS (SELECT FROM exposure x WHERE x.excursion_id = e.id AND x.lot_id = l.id);

-- name: hold_record(id)$
-- A hold that somebody placed.
SELECT to_jsonb(h) FROM hold h WHERE h.id = :id;

-- name: case_record(id)$
-- An exception case.
SELECT to_jsonb(k) FROM exception_case k WHERE k.id = :id;

-- name: order_record(number)$
-- An order, its lines and what was decided on it.
SELECT to_jsonb(o)
       || coalesce((SELECT jsonb_build_object('urgency', u.urgency) FROM order_urgency u WHERE u.order_id = o.id), '{}')
       || jsonb_build_object(
    'lines', (SELECT jsonb_agg(to_jsonb(l) ORDER BY l.line) FROM order_line l WHERE l.order_id = o.id),
    'steps', (SELECT coalesce(jsonb_agg(to_jsonb(s) ORDER BY s.step), '[]') FROM order_step s WHERE s.order_id = o.id))
FROM stock_order o WHERE o.number = :number;

-- name: count_record(number)$
-- A count with its findings.
SELECT to_jsonb(c) || jsonb_build_object(
    'findings', (SELECT coalesce(jsonb_agg(to_jsonb(l) ORDER BY l.fact), '[]') FROM count_line l WHERE l.count_id = c.id))
FROM stock_count c WHERE c.number = :number;

-- name: batch_record(number)$
-- A production batch with all that was recorded of it.
SELECT to_jsonb(b) || jsonb_build_object(
    'facts', (SELECT coalesce(jsonb_agg(to_jsonb(f) ORDER BY f.event_id), '[]') FROM batch_fact f
              WHERE f.batch_id = b.id))
FROM production_batch b JOIN place p ON p.id = b.place_id WHERE p.name = :number;

-- name: formulation_record(name, version)$
-- A version of a master formulation record.
SELECT to_jsonb(r) FROM master_formulation_record r WHERE r.name = :name AND r.version = :version;

-- name: sop_record(code, version)$
-- A version of a procedure as people read it.
SELECT to_jsonb(s) FROM sop s WHERE s.code = :code AND s.version = :version;

-- name: sample_record(id)$
-- A sample with the plan it is tested by and its results; the decision on it stands apart.
SELECT to_jsonb(s) || jsonb_build_object(
    'plan', p.name, 'version', p.version,
    'results', (SELECT coalesce(jsonb_agg(to_jsonb(r) ORDER BY r.id), '[]') FROM quality_result r WHERE r.sample_id = s.id))
FROM quality_sample s JOIN quality_plan p ON p.id = s.plan_id WHERE s.id = :id;

-- name: add_signature(record_kind, record_id, record_sha256, meaning, person, printed_name, proof, reason, signed_at, sha256)!
-- Keep a signature; no row if this very one is there.
INSERT INTO signature (record_kind, record_id, record_sha256, meaning, person, printed_name, proof, reason, signed_at,
                       sha256)
VALUES (:record_kind, :record_id, :record_sha256, :meaning, :person, :printed_name, :proof, :reason, :signed_at, :sha256)
ON CONFLICT (sha256) DO NOTHING;

-- name: signatures_of(record_kind, record_ids)
-- What was signed of these records of a kind, oldest first, what a security key answered where one proves it, and the last erasure
-- of words that it lost hashes to. Index: signature_of_record, signature_by_key_pkey, erased_signature_signature_id_erasure_id_key.
SELECT id, record_kind, record_id, record_sha256, meaning, person, printed_name, proof, reason, signed_at, sha256,
       k.shown, k.public_key, k.client_data, k.authenticator_data, k.key_signature,
       x.erasure_id, x.stood, x.was_intact, x.erased_record_sha256, x.erased_sha256
FROM signature
LEFT JOIN signature_by_key k ON k.signature_sha256 = sha256
LEFT JOIN LATERAL (
    SELECT e.erasure_id, e.stood, e.was_intact, e.record_sha256 AS erased_record_sha256, e.sha256 AS erased_sha256
    FROM erased_signature e WHERE e.signature_id = signature.id ORDER BY e.erasure_id DESC LIMIT 1
) x ON true
WHERE record_kind = :record_kind AND record_id = ANY(:record_ids) ORDER BY id;

-- name: second_signature_rules()
-- When a release takes two.
SELECT name, meaning, from_value, changed_by, changed_reason FROM second_signature_rule ORDER BY name;

-- name: set_second_signature_rule(name, from_value, changed_by, changed_reason)^
-- From which value on; null: never. Gives the value before, and nothing if there is no such rule.
UPDATE second_signature_rule r
SET from_value = :from_value, changed_by = :changed_by, changed_reason = :changed_reason
FROM (SELECT name, from_value AS before FROM second_signature_rule WHERE name = :name FOR UPDATE) AS was
WHERE r.name = was.name
RETURNING was.before;

-- name: release_facts(excursion_id, lot_ids)
-- Of lots that an excursion exposed: the controlled schedule, and whether the stability allowance is used up, by this
-- excursion alone or by all together. Index: exception_case_key.
SELECT l.id AS lot_id, i.controlled_schedule,
       coalesce(extract(epoch FROM e.ended_at - e.began_at) >= i.allowance_minutes * 60, false)
       OR coalesce(c.metric = 'temp_c' AND e.worst > i.allowance_c_max, false)
       OR EXISTS (SELECT FROM exception_case k
                  WHERE k.kind = 'stability_budget_used_up' AND k.key = 'lot:' || l.id) AS is_allowance_used
FROM excursion e
JOIN channel c ON c.id = e.channel_id
JOIN lot l ON l.id = ANY(:lot_ids)
JOIN item i ON i.id = l.item_id
WHERE e.id = :excursion_id;

-- name: policies_during(excursion_id)
-- The policies that were in force in the place of an excursion while it lasted, and its rule.
-- Index: place_policy_was_pkey.
SELECT k.body, e.rule
FROM excursion e
CROSS JOIN LATERAL (
    SELECT w.policy, lag(w.until, 1, '-infinity') OVER (ORDER BY w.until) AS since, w.until
    FROM place_policy_was w WHERE w.place_id = e.place_id
    UNION ALL
    SELECT p.policy, coalesce((SELECT max(w.until) FROM place_policy_was w WHERE w.place_id = p.id), '-infinity'), 'infinity'
    FROM place p WHERE p.id = e.place_id
) AS f
JOIN policy k ON k.name = f.policy
WHERE e.id = :excursion_id AND f.until > e.began_at AND f.since <= coalesce(e.ended_at, 'infinity');

-- name: lots_freed_facts(lot_ids)
-- Of lots that a decision frees: the controlled schedule, and whether the stability allowance is used up.
-- Index: exception_case_key.
SELECT l.id AS lot_id, i.controlled_schedule,
       EXISTS (SELECT FROM exception_case k
               WHERE k.kind = 'stability_budget_used_up' AND k.key = 'lot:' || l.id) AS is_allowance_used
FROM lot l JOIN item i ON i.id = l.item_id WHERE l.id = ANY(:lot_ids);

-- name: goods_of_order(number)
-- What an order is about: schedule and base units of each line, its item, and who delivers.
SELECT i.controlled_schedule, l.quantity AS units, i.id AS item_id, i.name AS item, o.from_place AS supplier_id
FROM stock_order o JOIN order_line l ON l.order_id = o.id JOIN item i ON i.id = l.item_id
WHERE o.number = :number;

-- name: schedules_of_lots(lot_ids)
-- The controlled schedule of each lot's item, and which that is.
SELECT l.id AS lot_id, i.controlled_schedule, i.id AS item_id, i.name AS item FROM lot l JOIN item i ON i.id = l.item_id WHERE l.id = ANY(:lot_ids);
