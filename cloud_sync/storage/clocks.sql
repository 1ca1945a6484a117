-- name: lock_clock(gateway)!
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

-- name: corrected_span(gateway_id, boot)^
-- The first and last time to which the notices of a boot move what was said in it; null where there is nothing.
SELECT min(corrected_time(:gateway_id, :boot, s.mono_ms, s.said_at)) AS first_at,
       max(corrected_time(:gateway_id, :boot, s.mono_ms, s.said_at)) AS last_at
FROM (SELECT r.mono_ms, coalesce(r.said_at, r.at) AS said_at
      FROM reading r JOIN channel c ON c.id = r.channel_id
      WHERE c.gateway_id = :gateway_id AND NOT r.synced AND r.boot = :boot
      UNION ALL
      SELECT mono_ms, coalesce(said_at, at) FROM unusable_reading WHERE gateway_id = :gateway_id AND boot = :boot
      UNION ALL
      SELECT e.ended_mono_ms, coalesce(e.said_ended_at, e.ended_at)
      FROM envelope e JOIN channel c ON c.id = e.channel_id
      WHERE c.gateway_id = :gateway_id AND NOT e.synced AND e.boot = :boot
      UNION ALL
      SELECT mono_ms, said_at FROM doubtful_scan WHERE gateway_id = :gateway_id AND boot = :boot) AS s;

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

-- name: correct_unusable(gateway_id, boots)
-- Bring the derived times of unusable readings of these boots up to date; gives the channels of their devices. Index:
-- unusable_reading_unsynced.
WITH moved AS (
    UPDATE unusable_reading u
    SET at = corrected_time(gateway_id, boot, mono_ms, coalesce(said_at, at)), said_at = coalesce(said_at, at)
    WHERE gateway_id = :gateway_id AND boot = ANY(:boots)
      AND (said_at IS NULL AND corrected_time(gateway_id, boot, mono_ms, at) IS NOT NULL
           OR at <> corrected_time(gateway_id, boot, mono_ms, said_at))
    RETURNING u.gateway_id, u.device
)
SELECT DISTINCT c.id AS channel_id FROM moved m JOIN channel c USING (gateway_id, device) ORDER BY c.id;

-- name: add_doubtful_scans(gateway_id, journal, facts, seqs, boots, mono_ms, said_at)!
-- Scanned lines from before the clock was synchronised.
INSERT INTO doubtful_scan (fact, gateway_id, journal, seq, boot, mono_ms, said_at)
SELECT fact, :gateway_id, :journal, seq, boot, mono_ms, said_at
FROM unnest(:facts::text[], :seqs::bigint[], :boots::text[], :mono_ms::bigint[], :said_at::timestamptz[])
     AS each (fact, seq, boot, mono_ms, said_at)
ON CONFLICT (fact) DO NOTHING;

-- name: true_times(facts)
-- Of these scanned lines, those that a doubtful clock timed; at: when they really were, null while no notice tells.
SELECT s.fact, corrected_time(s.gateway_id, s.boot, s.mono_ms, s.said_at) AS at
FROM doubtful_scan s
WHERE s.fact = ANY(:facts);

-- name: mistimed_of_boots(gateway_id, boots)
-- Movements of these boots that are not where the notices say. Index: doubtful_scan_boot.
SELECT id, lot_id, serial, from_place, to_place, at, earliest_at, latest_at
FROM mistimed_movement
WHERE gateway_id = :gateway_id AND boot = ANY(:boots)
ORDER BY id;

-- name: mistimed_around(gateway_id, journal, first_seq, last_seq)
-- Doubtful movements that trusted times between these numbers of a journal bound otherwise: those between the trusted
-- batches next to them. Indexes: doubtful_scan_seq, evidence_trusted_scans.
SELECT id, lot_id, serial, from_place, to_place, at, earliest_at, latest_at
FROM mistimed_movement
WHERE gateway_id = :gateway_id AND journal = :journal
  AND seq >= coalesce((
      SELECT e.last_seq FROM evidence e
      WHERE e.gateway_id = :gateway_id AND e.journal = :journal AND e.lane = 'scans' AND e.last_at IS NOT NULL
        AND e.first_seq < :first_seq
      ORDER BY e.first_seq DESC LIMIT 1), 0)
  AND seq <= coalesce((
      SELECT e.first_seq FROM evidence e
      WHERE e.gateway_id = :gateway_id AND e.journal = :journal AND e.lane = 'scans' AND e.last_at IS NOT NULL
        AND e.first_seq > :last_seq
      ORDER BY e.first_seq LIMIT 1), 2::bigint ^ 62)
ORDER BY id;

-- name: correct_movements(ids, at, earliest_at, latest_at)!
-- Let movements have happened when they really did, as far as that is known; what was said is kept.
UPDATE movement m
SET occurred_at = new.at, earliest_at = new.earliest_at, latest_at = new.latest_at,
    said_at = CASE WHEN new.at <> m.occurred_at THEN coalesce(m.said_at, m.occurred_at) ELSE m.said_at END
FROM unnest(:ids::bigint[], :at::timestamptz[], :earliest_at::timestamptz[], :latest_at::timestamptz[])
     AS new (id, at, earliest_at, latest_at)
WHERE m.id = new.id;

-- name: has_doubtful_scans(gateway_id)$
-- Whether a gateway ever told scans by a clock that was not synchronised. Index: doubtful_scan_seq.
SELECT EXISTS (SELECT FROM doubtful_scan WHERE gateway_id = :gateway_id);
