-- name: lock_lane(lane)!
-- Wait until no other batch of this lane of this journal is being stored; keep others waiting until the end.
SELECT pg_advisory_xact_lock(x'4C414E45'::int, hashtext(:lane));

-- name: gateway(name)^
-- Who a batch claims to come from, since when it is known, what time it is, and which journals of it are known.
SELECT id, public_key, revoked_at, registered_at, clock_timestamp() AS now,
       (SELECT jsonb_object_agg(j.journal, jsonb_build_object('standing', j.standing, 'began_at', j.began_at,
                                                              'follows', j.follows))
        FROM gateway_journal j WHERE j.gateway_id = gateway.id) AS journals
FROM gateway WHERE name = :name;

-- name: gateways_named(names)
-- Who the batches of a message claim to come from.
SELECT name, public_key, revoked_at FROM gateway WHERE name = ANY(:names);

-- name: last_batch_up_to(gateway_id, journal, lane, last_seq)^
-- The stored batch nearest before the end of a new one: if any overlaps it, this one does, for stored ones never overlap.
SELECT id, first_seq, last_seq, digest
FROM evidence
WHERE gateway_id = :gateway_id AND journal = :journal AND lane = :lane AND first_seq <= :last_seq
ORDER BY first_seq DESC
LIMIT 1;

-- name: gateway_seen(id)!
-- When a gateway was last heard, to a few seconds: not every batch needs to write it.
UPDATE gateway SET last_seen_at = clock_timestamp()
WHERE id = :id AND (last_seen_at IS NULL OR last_seen_at < clock_timestamp() - interval '5 s');

-- name: add_notice(evidence_id, seq, gateway_id, at, kind, subject, text, data)*!
-- What gateways say about themselves.
INSERT INTO notice (evidence_id, seq, gateway_id, at, kind, subject, text, data)
VALUES (:evidence_id, :seq, :gateway_id, :at, :kind, :subject, :text, :data);

-- name: evidence_by_id(id)^
-- A batch as it was signed, and whose it is.
SELECT gateway_id, raw FROM evidence WHERE id = :id;

-- name: add_gap(gateway_id, journal, lane, first_seq, last_seq, by_first, by_last)!
-- Records that a gateway lost, or thinned to others. Of both said of the same records, the loss counts.
INSERT INTO declared_gap (gateway_id, journal, lane, first_seq, last_seq, by_first, by_last)
VALUES (:gateway_id, :journal, :lane, :first_seq, :last_seq, :by_first, :by_last)
ON CONFLICT (gateway_id, journal, lane, first_seq, last_seq) DO UPDATE SET by_first = NULL, by_last = NULL
WHERE excluded.by_first IS NULL;

-- name: journals_with_holes(gateway_id, lane, journal)
-- The other journals of a gateway of which numbers are missing below the highest one known.
SELECT journal::text AS journal
FROM lane_progress
WHERE gateway_id = :gateway_id AND lane = :lane AND journal <> :journal::uuid AND max_seq >= next_seq
ORDER BY journal;

-- name: advance_lane(gateway_id, journal, lane)!
-- Go on from where the lane was known to, batch by batch and over declared gaps, to the first hole. Thinned records are
-- a hole until all that stands for them is here. What is before a declared gap was written, though it may not be here yet.
-- What was set aside is a hole as long as its case is open: nothing of it counts.
WITH RECURSIVE start AS (
    SELECT coalesce(max(next_seq), 1) AS next_seq, max(horizon_at) AS horizon_at
    FROM lane_progress
    WHERE (gateway_id, journal, lane) = (:gateway_id, :journal::uuid, :lane)
), step AS (
    SELECT next_seq, horizon_at FROM start
    UNION ALL
    SELECT n.next_seq, greatest(s.horizon_at, n.last_at)
    FROM step s
    CROSS JOIN LATERAL (
        -- Stored batches never overlap: only the nearest can hold the next number. Index: evidence's key.
        (SELECT near.last_seq + 1 AS next_seq, near.last_at
         FROM (SELECT e.id, e.last_seq, e.last_at
               FROM evidence e
               WHERE (e.gateway_id, e.journal, e.lane) = (:gateway_id, :journal::uuid, :lane)
                 AND e.first_seq <= s.next_seq
               ORDER BY e.first_seq DESC LIMIT 1) AS near
         WHERE near.last_seq >= s.next_seq
           -- Index: exception_case_set_aside.
           AND NOT EXISTS (SELECT FROM exception_case k
                           WHERE k.evidence_id = near.id AND k.kind = 'batch_set_aside' AND k.resolved_at IS NULL))
        UNION ALL
        (SELECT d.last_seq + 1, NULL
         FROM declared_gap d
         WHERE (d.gateway_id, d.journal, d.lane) = (:gateway_id, :journal::uuid, :lane)
           AND d.first_seq <= s.next_seq AND d.last_seq >= s.next_seq
           AND (d.by_first IS NULL OR lane_has(:gateway_id, :journal::uuid, :lane, d.by_first, d.by_last))
         ORDER BY d.last_seq DESC LIMIT 1)
        LIMIT 1
    ) AS n
), reached AS (
    SELECT max(next_seq) AS next_seq, max(horizon_at) AS horizon_at FROM step
), newest AS (
    -- Stored batches never overlap: the one that begins last ends last. Index: evidence's key.
    SELECT max(last_seq) AS max_seq
    FROM (SELECT last_seq FROM evidence
          WHERE (gateway_id, journal, lane) = (:gateway_id, :journal::uuid, :lane)
          ORDER BY first_seq DESC LIMIT 1) AS last
), told AS (
    SELECT max(first_seq) - 1 AS max_seq
    FROM declared_gap
    WHERE (gateway_id, journal, lane) = (:gateway_id, :journal::uuid, :lane)
)
INSERT INTO lane_progress (gateway_id, journal, lane, next_seq, max_seq, horizon_at)
SELECT :gateway_id, :journal::uuid, :lane, r.next_seq, greatest(n.max_seq, t.max_seq, 0), r.horizon_at
FROM reached r, newest n, told t
ON CONFLICT (gateway_id, journal, lane) DO UPDATE
SET next_seq = excluded.next_seq, max_seq = excluded.max_seq, horizon_at = excluded.horizon_at;

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

-- name: copy_readings()!
-- Good readings as binary COPY takes them; ingest/binary_copy.py packs the fields in this order.
COPY reading (channel_id, at, seq, value, synced, evidence_id, said_at, boot, mono_ms) FROM STDIN (FORMAT binary);

-- name: copy_unusable()!
-- Readings that are no measurements, as text.
COPY unusable_reading (gateway_id, device, at, seq, quality, detail, evidence_id, said_at, boot, mono_ms) FROM STDIN;

-- name: copy_evidence()!
-- Batches, byte for byte; ingest/pipeline.py has the types of the fields.
COPY evidence (id, gateway_id, journal, lane, first_seq, last_seq, digest, previous, raw, first_at, last_at)
FROM STDIN (FORMAT binary);
