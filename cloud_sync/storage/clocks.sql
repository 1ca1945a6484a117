-- name: own_clock(gateway)!
-- Notices of a gateway's clock and what they correct, one batch at a time.
SELECT pg_advisory_xact_lock(x'434C4F43'::int, hashtext(:gateway));

-- name: add_offset(gateway_id, boot, by_mono_ms, offset_ms, wall_minus_mono_ms)!
-- Keep what a notice says about the clock in a boot. Of two about one instant the larger correction counts.
INSERT INTO clock_offset (gateway_id, boot, by_mono_ms, offset_ms, wall_minus_mono_ms)
VALUES (:gateway_id, :boot, :by_mono_ms, :offset_ms, :wall_minus_mono_ms)
ON CONFLICT (gateway_id, boot, by_mono_ms) DO UPDATE
SET offset_ms = excluded.offset_ms, wall_minus_mono_ms = excluded.wall_minus_mono_ms
WHERE clock_offset.offset_ms < excluded.offset_ms;

-- name: corrected(gateway_id, boots, mono_ms, said_at)
-- True times of these, in their order; null where no notice tells.
SELECT corrected_time(:gateway_id, boot, mono_ms, said_at) AS at
FROM unnest(:boots::text[], :mono_ms::bigint[], :said_at::timestamptz[]) WITH ORDINALITY
     AS each (boot, mono_ms, said_at, number)
ORDER BY number;

-- name: true_months(gateway_id, boots)
-- The months (UTC) in which readings of these boots really were. Index: reading_unsynced.
SELECT DISTINCT date_trunc('month', corrected_time(c.gateway_id, r.boot, r.mono_ms, coalesce(r.said_at, r.at)), 'UTC')
       AS began_at
FROM reading r JOIN channel c ON c.id = r.channel_id
WHERE c.gateway_id = :gateway_id AND NOT r.synced AND r.boot = ANY(:boots)
  AND corrected_time(c.gateway_id, r.boot, r.mono_ms, coalesce(r.said_at, r.at)) IS NOT NULL
ORDER BY 1;

-- name: correct_readings(gateway_id, boots)
-- Bring the derived times of readings of these boots up to date; gives the channels whose readings moved.
WITH moved AS (
    UPDATE reading r
    SET at = corrected_time(c.gateway_id, r.boot, r.mono_ms, coalesce(r.said_at, r.at)), said_at = coalesce(r.said_at, r.at)
    FROM channel c
    WHERE c.id = r.channel_id AND c.gateway_id = :gateway_id AND NOT r.synced AND r.boot = ANY(:boots)
      AND (r.said_at IS NULL AND corrected_time(c.gateway_id, r.boot, r.mono_ms, r.at) IS NOT NULL
           OR r.at <> corrected_time(c.gateway_id, r.boot, r.mono_ms, r.said_at))
    RETURNING r.channel_id
)
SELECT DISTINCT channel_id FROM moved ORDER BY channel_id;

-- name: add_doubtful_scans(gateway_id, facts, boots, mono_ms, said_at)!
-- Scanned lines from before the clock was synchronised.
INSERT INTO doubtful_scan (fact, gateway_id, boot, mono_ms, said_at)
SELECT fact, :gateway_id, boot, mono_ms, said_at
FROM unnest(:facts::text[], :boots::text[], :mono_ms::bigint[], :said_at::timestamptz[]) AS each (fact, boot, mono_ms, said_at)
ON CONFLICT (fact) DO NOTHING;

-- name: true_times(facts)
-- Of these scanned lines, those whose time a notice has corrected.
SELECT s.fact, corrected_time(s.gateway_id, s.boot, s.mono_ms, s.said_at) AS at
FROM doubtful_scan s
WHERE s.fact = ANY(:facts) AND corrected_time(s.gateway_id, s.boot, s.mono_ms, s.said_at) IS NOT NULL;

-- name: wrong_movements(gateway_id, boots)
-- Movements of these boots that are not where the notices say, locked.
SELECT m.id, m.lot_id, m.serial, m.from_place, m.to_place,
       corrected_time(s.gateway_id, s.boot, s.mono_ms, s.said_at) AS at
FROM doubtful_scan s JOIN movement m USING (fact)
WHERE s.gateway_id = :gateway_id AND s.boot = ANY(:boots)
  AND corrected_time(s.gateway_id, s.boot, s.mono_ms, s.said_at) <> m.occurred_at
ORDER BY m.id;

-- name: correct_movements(ids, at)!
-- Let movements have happened when they really did; what was said is kept.
UPDATE movement m SET occurred_at = new.at, said_at = coalesce(m.said_at, m.occurred_at)
FROM unnest(:ids::bigint[], :at::timestamptz[]) AS new (id, at)
WHERE m.id = new.id;
