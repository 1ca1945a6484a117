-- name: own_lane(lane)!
-- Wait until no other batch of this lane of this journal is being stored; keep others waiting until the end.
SELECT pg_advisory_xact_lock(x'4C414E45'::int, hashtext(:lane));

-- name: gateway(name)^
-- Who a batch claims to come from.
SELECT id, public_key, revoked_at FROM gateway WHERE name = :name;

-- name: last_batch_up_to(gateway_id, journal, lane, last_seq)^
-- The stored batch nearest before the end of a new one: if any overlaps it, this one does, for stored ones never overlap.
SELECT first_seq, last_seq, digest
FROM evidence
WHERE gateway_id = :gateway_id AND journal = :journal AND lane = :lane AND first_seq <= :last_seq
ORDER BY first_seq DESC
LIMIT 1;

-- name: add_evidence(gateway_id, journal, lane, first_seq, last_seq, digest, previous, raw)$
-- Keep a batch as it was signed; gives its id.
INSERT INTO evidence (gateway_id, journal, lane, first_seq, last_seq, digest, previous, raw)
VALUES (:gateway_id, :journal, :lane, :first_seq, :last_seq, :digest, :previous, :raw)
RETURNING id;

-- name: gateway_seen(id)!
-- When a gateway was last heard, to a few seconds: not every batch needs to write it.
UPDATE gateway SET last_seen_at = clock_timestamp()
WHERE id = :id AND (last_seen_at IS NULL OR last_seen_at < clock_timestamp() - interval '5 s');

-- name: add_notice(evidence_id, seq, gateway_id, at, kind, subject, text, data)*!
-- What gateways say about themselves.
INSERT INTO notice (evidence_id, seq, gateway_id, at, kind, subject, text, data)
VALUES (:evidence_id, :seq, :gateway_id, :at, :kind, :subject, :text, :data);

-- name: last_batches_up_to(gateway_id, journals, lanes, last_seqs)
-- For each of many new batches what last_batch_up_to gives; number counts from 1. Index: evidence's unique key.
SELECT new.number, near.first_seq, near.last_seq, near.digest
FROM unnest(:journals::uuid[], :lanes::text[], :last_seqs::bigint[]) WITH ORDINALITY
     AS new (journal, lane, last_seq, number)
CROSS JOIN LATERAL (
    SELECT e.first_seq, e.last_seq, e.digest
    FROM evidence e
    WHERE e.gateway_id = :gateway_id AND e.journal = new.journal AND e.lane = new.lane AND e.first_seq <= new.last_seq
    ORDER BY e.first_seq DESC
    LIMIT 1
) AS near;

-- name: evidence_ids(count)
-- Ids for so many batches.
SELECT nextval(pg_get_serial_sequence('evidence', 'id')) AS id FROM generate_series(1, :count);
