-- name: lots_of_excursion(excursion_id)
-- Lots that were exposed by an excursion, or on which somebody decided. Index: exposure_pkey, disposition_exposure.
SELECT DISTINCT lot_id FROM exposure WHERE excursion_id = :excursion_id
UNION
SELECT lot_id FROM disposition WHERE excursion_id = :excursion_id;

-- name: what_a_case_is_about(case_id)^
-- The lot of an exception case, and the batch that it came with. Index: exception_case_pkey.
SELECT id, lot_id, evidence_id FROM exception_case WHERE id = :case_id;

-- name: rows_of(excursion_ids, lot_ids, case_ids, evidence_ids, subjects)
-- All rows of evidence that belong to excursions, lots, cases and subjects of events.
WITH moved AS (
    SELECT id, fact, event_id FROM movement WHERE lot_id = ANY(:lot_ids)
), read_then AS (
    SELECT DISTINCT r.evidence_id
    FROM excursion e
    JOIN reading r ON r.channel_id = e.channel_id
        AND r.at BETWEEN e.began_at - interval '1 hour' AND coalesce(e.ended_at, e.began_at) + interval '1 hour'
    WHERE e.id = ANY(:excursion_ids)
), scanned AS (
    SELECT DISTINCT v.id
    FROM moved m
    JOIN gateway g ON g.name = split_part(m.fact, '/', 1)
    JOIN evidence v ON v.gateway_id = g.id AND v.journal::text = split_part(m.fact, '/', 2)
        AND v.lane = split_part(m.fact, '/', 3)
        AND substring(m.fact FROM '/scans/([0-9]+)')::bigint BETWEEN v.first_seq AND v.last_seq
), held AS (
    SELECT id, event_id FROM hold WHERE lot_id = ANY(:lot_ids)
)
SELECT 'event' AS of_table, id AS row_id, NULL::text AS row_key FROM event WHERE subject = ANY(:subjects)
UNION
SELECT 'event', event_id, NULL FROM moved
UNION
SELECT 'event', event_id, NULL FROM held WHERE event_id IS NOT NULL
UNION
SELECT 'event', e.id, NULL FROM held h JOIN event e ON e.subject = 'hold:' || h.id
UNION
SELECT 'excursion_version', NULL, jsonb_build_array(excursion_id, version)::text FROM excursion_version
WHERE excursion_id = ANY(:excursion_ids)
UNION
SELECT 'disposition', id, NULL FROM disposition WHERE excursion_id = ANY(:excursion_ids)
UNION
SELECT 'disposition', d.id, NULL
FROM unnest(:lot_ids::bigint[]) AS l (id)
JOIN exposure x ON x.lot_id = l.id
JOIN disposition d ON d.excursion_id = x.excursion_id AND d.lot_id = l.id
UNION
SELECT 'hold', id, NULL FROM held
UNION
SELECT 'movement', id, NULL FROM moved
UNION
SELECT 'exception_case', id, NULL FROM exception_case WHERE lot_id = ANY(:lot_ids) OR id = ANY(:case_ids)
UNION
SELECT 'signature', s.id, NULL
FROM unnest(:excursion_ids::bigint[]) AS e (id)
JOIN disposition d ON d.excursion_id = e.id
JOIN signature s ON s.record_kind = 'exposure' AND s.record_id = e.id || ':' || d.lot_id
UNION
SELECT 'signature', s.id, NULL
FROM unnest(:lot_ids::bigint[]) AS l (id)
JOIN exposure x ON x.lot_id = l.id
JOIN signature s ON s.record_kind = 'exposure' AND s.record_id = x.excursion_id || ':' || l.id
UNION
SELECT 'signature', s.id, NULL FROM held h JOIN signature s ON s.record_kind = 'hold' AND s.record_id = h.id::text
UNION
SELECT 'signature', s.id, NULL
FROM unnest(:case_ids::bigint[]) AS c (id) JOIN signature s ON s.record_kind = 'case' AND s.record_id = c.id::text
UNION
SELECT 'evidence', id, NULL FROM evidence
WHERE id IN (SELECT evidence_id FROM read_then) OR id IN (SELECT id FROM scanned) OR id = ANY(:evidence_ids);

-- name: erasures_of(tables, row_names)
-- Erasures of words that changed these rows: the rows that name them, who asked and decided, and the events of it, with what was
-- erased from these in turn. Index: erased_row_of, event_subject.
WITH RECURSIVE wanted (of_table, row_name) AS (
    SELECT of_table, row_name FROM unnest(:tables::text[], :row_names::text[]) AS w (of_table, row_name)
    UNION
    SELECT x.of_table, x.row_name
    FROM wanted w
    JOIN erased_row r ON r.of_table = w.of_table AND r.row_name = w.row_name
    CROSS JOIN LATERAL (
        SELECT 'word_erasure' AS of_table, r.erasure_id::text AS row_name
        UNION ALL
        SELECT 'event', e.id::text FROM event e WHERE e.subject = 'word_erasure:' || r.erasure_id
    ) x
)
SELECT 'erased_row' AS of_table, r.id AS row_id, NULL::text AS row_key
FROM wanted w JOIN erased_row r ON r.of_table = w.of_table AND r.row_name = w.row_name
UNION
SELECT of_table, row_name::bigint, NULL FROM wanted WHERE of_table IN ('word_erasure', 'event')
UNION
SELECT 'erased_signature', x.id, NULL
FROM wanted w JOIN erased_signature x ON w.of_table = 'signature' AND x.signature_id::text = w.row_name;

-- name: sealed_texts(of_table, left_out, row_ids, row_keys)
-- What rows say, with the salt and the entry of their latest version in the tree.
SELECT t.row_id, t.row_key, t.text, s.id AS seal_id, s.salt, convert_from(seal_entry(s), 'UTF8') AS entry
FROM seal_texts(:of_table, :left_out, :row_ids::bigint[], :row_keys::text[]) t
CROSS JOIN LATERAL (
    SELECT * FROM seal_row s
    WHERE s.of_table = :of_table AND (s.row_id = t.row_id OR s.row_key = t.row_key)
    ORDER BY s.id DESC LIMIT 1
) AS s;

-- name: leaf_numbers(seal_ids)
-- Which leaves these are.
SELECT e.id, t.n * 256 + e.at - 1 AS leaf
FROM seal_tile t, unnest(t.entries) WITH ORDINALITY AS e (id, at)
WHERE t.level = 0 AND t.entries && :seal_ids::bigint[] AND e.id = ANY(:seal_ids);

-- name: best_checkpoint(size)^
-- The latest checkpoint of at least so many leaves: a witnessed one if there is any.
SELECT k.size, k.root, k.note,
       EXISTS (SELECT FROM seal_cosignature c WHERE c.size = k.size) AS is_witnessed
FROM seal_checkpoint k WHERE k.size >= :size ORDER BY is_witnessed DESC, k.size DESC LIMIT 1;

-- name: raw_batches(ids)
-- Batches as gateways signed them. Index: evidence_pkey.
SELECT v.id, v.raw, g.name AS gateway FROM evidence v JOIN gateway g ON g.id = v.gateway_id
WHERE v.id = ANY(:ids) ORDER BY v.id;

-- name: gateway_keys()
-- All keys that each gateway ever had, by the event log.
SELECT g.name, array(SELECT encode(g.public_key, 'base64')
                     UNION SELECT e.data ->> 'public_key' FROM event e
                           WHERE e.subject = 'gateway:' || g.name AND e.data ->> 'public_key' IS NOT NULL
                     UNION SELECT e.data ->> 'revoked_public_key' FROM event e
                           WHERE e.subject = 'gateway:' || g.name AND e.data ->> 'revoked_public_key' IS NOT NULL
               ) AS public_keys
FROM gateway g ORDER BY g.name;

-- name: readings_of_excursion(excursion_id)
-- What the channel measured from an hour before to an hour after.
SELECT r.at, c.device, c.metric, r.value, r.synced, r.evidence_id
FROM excursion e
JOIN channel c ON c.id = e.channel_id
JOIN reading r ON r.channel_id = e.channel_id
    AND r.at BETWEEN e.began_at - interval '1 hour' AND coalesce(e.ended_at, e.began_at) + interval '1 hour'
WHERE e.id = :excursion_id ORDER BY r.at;
