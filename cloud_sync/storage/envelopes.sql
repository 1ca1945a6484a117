-- name: add_retold(gateway_id, journal, was, seq)!
-- Readings that were told again under a new number.
INSERT INTO retold_reading (gateway_id, journal, was, seq)
SELECT :gateway_id, :journal::uuid, was, seq FROM unnest(:was::bigint[], :seq::bigint[]) AS new (was, seq)
ON CONFLICT DO NOTHING;

-- name: stored_numbers(gateway_id, journal, numbers)
-- Which of these readings of a journal are stored under these numbers. Those set aside are not, as long as nobody has had
-- them booked: also if a person has decided that they never will be. Index: evidence's key.
SELECT new.number
FROM unnest(:numbers::bigint[]) AS new (number)
CROSS JOIN LATERAL (
    SELECT e.id, e.last_seq FROM evidence e
    WHERE (e.gateway_id, e.journal, e.lane) = (:gateway_id, :journal::uuid, 'readings') AND e.first_seq <= new.number
    ORDER BY e.first_seq DESC LIMIT 1
) AS near
WHERE near.last_seq >= new.number
  -- Index: exception_case_set_aside.
  AND NOT EXISTS (SELECT FROM exception_case k
                  WHERE k.evidence_id = near.id AND k.kind = 'batch_set_aside'
                    AND (k.resolved_at IS NULL OR k.decision IS NOT NULL));

-- name: retold_between(gateway_id, journal, first, last)
-- Which readings with these numbers were told again, and under which number. Index: retold_reading's key.
SELECT was, seq FROM retold_reading
WHERE gateway_id = :gateway_id AND journal = :journal::uuid AND was BETWEEN :first AND :last;

-- name: touched_lanes(gateway_id, journals, firsts, lasts)
-- Of these batches (number counts from 1), those with readings that were told again. Index: retold_reading's key.
SELECT new.number
FROM unnest(:journals::uuid[], :firsts::bigint[], :lasts::bigint[]) WITH ORDINALITY AS new (journal, first, last, number)
WHERE EXISTS (SELECT FROM retold_reading t
              WHERE t.gateway_id = :gateway_id AND t.journal = new.journal AND t.was BETWEEN new.first AND new.last);

-- name: add_envelope(channel_id, began_at, ended_at, readings, lowest, mean, highest, gap_s, synced, seq, evidence_id, boot, began_mono_ms, ended_mono_ms, said_began_at, said_ended_at)*!
-- Keep envelopes.
INSERT INTO envelope (channel_id, began_at, ended_at, readings, lowest, mean, highest, gap_s, synced, seq, evidence_id,
                      boot, began_mono_ms, ended_mono_ms, said_began_at, said_ended_at)
VALUES (:channel_id, :began_at, :ended_at, :readings, :lowest, :mean, :highest, :gap_s, :synced, :seq, :evidence_id,
        :boot, :began_mono_ms, :ended_mono_ms, :said_began_at, :said_ended_at);

-- name: envelopes_over(channel_ids, firsts, lasts)
-- The envelopes of each channel that overlap the time from one instant to another. Index: envelope_channel_ended.
SELECT e.id, e.channel_id, e.began_at, e.ended_at
FROM unnest(:channel_ids::bigint[], :firsts::timestamptz[], :lasts::timestamptz[]) AS new (channel_id, first_at, last_at)
JOIN envelope e ON e.channel_id = new.channel_id AND e.ended_at >= new.first_at AND e.began_at <= new.last_at
ORDER BY e.id;

-- name: envelopes_told(gateway_id, journal, first, last)
-- For each channel from when to when the envelopes with these numbers reach. A batch has at most 10,000 records.
SELECT e.channel_id, min(e.began_at) AS first, max(e.ended_at) AS last
FROM evidence v
JOIN envelope e ON e.evidence_id = v.id AND e.seq BETWEEN :first AND :last
WHERE (v.gateway_id, v.journal, v.lane) = (:gateway_id, :journal::uuid, 'readings')
  AND v.first_seq BETWEEN :first::bigint - 10000 AND :last
GROUP BY e.channel_id;

-- name: forget_points(envelope_ids)!
-- Before they are drawn anew.
DELETE FROM envelope_point WHERE envelope_id = ANY(:envelope_ids);

-- name: draw_points(envelope_ids)!
-- The widest reading of envelopes of which readings are left; at most 1,000 instants along each.
INSERT INTO envelope_point (envelope_id, channel_id, at, lowest, highest)
SELECT DISTINCT e.id, e.channel_id, point.at, e.lowest, e.highest
FROM envelope_now e
CROSS JOIN LATERAL (
    SELECT at
    FROM generate_series(
        e.began_at, e.ended_at,
        greatest(e.gap_s, extract(epoch FROM e.ended_at - e.began_at) / 1000, 0.001) * interval '1 s') AS series (at)
    WHERE NOT EXISTS (SELECT FROM reading r WHERE r.channel_id = e.channel_id AND r.at = series.at)
    UNION ALL
    SELECT unnest(ARRAY[e.began_at, e.ended_at])
    UNION ALL
    SELECT r.at + interval '1 microsecond'
    FROM reading r
    WHERE r.channel_id = e.channel_id AND r.at >= e.began_at AND r.at < e.ended_at
) AS point
WHERE e.id = ANY(:envelope_ids) AND e.left_readings > 0;

-- name: correct_envelopes(gateway_id, boots)
-- Bring the derived times of envelopes of these boots up to date; gives the channels whose envelopes moved.
WITH moved AS (
    UPDATE envelope e
    SET began_at = corrected_time(c.gateway_id, e.boot, e.began_mono_ms, coalesce(e.said_began_at, e.began_at)),
        ended_at = greatest(
            corrected_time(c.gateway_id, e.boot, e.began_mono_ms, coalesce(e.said_began_at, e.began_at)),
            corrected_time(c.gateway_id, e.boot, e.ended_mono_ms, coalesce(e.said_ended_at, e.ended_at))),
        said_began_at = coalesce(e.said_began_at, e.began_at), said_ended_at = coalesce(e.said_ended_at, e.ended_at)
    FROM channel c
    WHERE c.id = e.channel_id AND c.gateway_id = :gateway_id AND NOT e.synced AND e.boot = ANY(:boots)
      AND corrected_time(c.gateway_id, e.boot, e.began_mono_ms, coalesce(e.said_began_at, e.began_at)) IS NOT NULL
      AND corrected_time(c.gateway_id, e.boot, e.ended_mono_ms, coalesce(e.said_ended_at, e.ended_at)) IS NOT NULL
    RETURNING e.channel_id
)
SELECT DISTINCT channel_id FROM moved ORDER BY channel_id;

-- name: envelopes_of(channel_ids)
-- All envelopes of these channels.
SELECT id FROM envelope WHERE channel_id = ANY(:channel_ids);

-- name: readings_of(channel_id, first, last, rows_max, rows_skipped)
-- What a channel measured from one instant to another: readings, and what is left of those that were thinned. readings:
-- how many a row stands for; one that stands for several has its interval and their lowest, mean and highest value.
SELECT r.at, r.at AS until, 1::bigint AS readings, r.value AS lowest, r.value AS mean, r.value AS highest, r.synced
FROM reading r
WHERE r.channel_id = :channel_id AND r.at BETWEEN :first AND :last
UNION ALL
SELECT e.began_at, e.ended_at, e.left_readings, e.lowest, e.left_mean, e.highest, e.synced
FROM envelope_now e
WHERE e.channel_id = :channel_id AND e.ended_at >= :first AND e.began_at <= :last AND e.left_readings > 0
ORDER BY 1, 2, 3, 4
LIMIT :rows_max OFFSET :rows_skipped;

-- name: hours_of(channel_id, first, last, rows_max, rows_skipped)
-- The same by the hour (UTC): those rolled up for good or when their readings went to the archive, and those whose readings
-- are here. thinned: how many readings of an hour are known by an envelope alone.
WITH kept AS (
    SELECT h.began_at, h.readings, h.lowest, h.mean, h.highest
    FROM reading_hour h
    WHERE h.channel_id = :channel_id AND h.began_at BETWEEN :first AND :last
      AND (h.thinned OR EXISTS (SELECT FROM archive_part p WHERE p.channel_id = h.channel_id AND NOT p.is_home
                                AND p.last_at >= h.began_at AND p.first_at < h.began_at + interval '1 hour'))
), here AS (
    SELECT date_bin('1 hour', r.at, 'epoch') AS began_at, 1::bigint AS readings, 0::bigint AS thinned, r.value AS lowest,
           r.value AS total, r.value AS highest
    FROM reading r WHERE r.channel_id = :channel_id AND r.at BETWEEN :first AND :last
    UNION ALL
    SELECT date_bin('1 hour', e.began_at, 'epoch'), e.left_readings, e.left_readings, e.lowest, e.left_mean * e.left_readings,
           e.highest
    FROM envelope_now e
    WHERE e.channel_id = :channel_id AND e.began_at BETWEEN :first AND :last AND e.left_readings > 0
)
SELECT h.began_at AS at, h.readings, 0::bigint AS thinned, h.lowest, h.mean, h.highest
FROM kept h
UNION ALL
SELECT began_at, sum(readings)::bigint, sum(thinned)::bigint, min(lowest),
       least(greatest(sum(total) / sum(readings), min(lowest)), max(highest)), max(highest)
FROM here
WHERE NOT EXISTS (SELECT FROM kept h WHERE h.began_at = here.began_at)
GROUP BY began_at
ORDER BY 1
LIMIT :rows_max OFFSET :rows_skipped;

-- name: spans_of(channel_id, first, last, span, rows_max)
-- The same by spans of whole hours, for a chart that has no room for more. Which hours were rolled up is said twice: set aside
-- for both (WITH), thousands of them take half as long again.
SELECT date_bin(:span, x.at, 'epoch') AS at, sum(x.readings)::bigint AS readings, min(x.lowest) AS lowest,
       least(greatest(sum(x.mean * x.readings) / sum(x.readings), min(x.lowest)), max(x.highest)) AS mean,
       max(x.highest) AS highest
FROM (SELECT h.began_at AS at, h.readings, h.lowest, h.mean, h.highest
      FROM reading_hour h
      WHERE h.channel_id = :channel_id AND h.began_at BETWEEN :first AND :last
        AND (h.thinned OR EXISTS (SELECT FROM archive_part p WHERE p.channel_id = h.channel_id AND NOT p.is_home
                                  AND p.last_at >= h.began_at AND p.first_at < h.began_at + interval '1 hour'))
      UNION ALL
      SELECT h.at, h.readings, h.lowest, h.mean, h.highest
      FROM (SELECT r.at, 1::bigint AS readings, r.value AS lowest, r.value AS mean, r.value AS highest
            FROM reading r WHERE r.channel_id = :channel_id AND r.at BETWEEN :first AND :last
            UNION ALL
            SELECT e.began_at, e.left_readings, e.lowest, e.left_mean, e.highest
            FROM envelope_now e
            WHERE e.channel_id = :channel_id AND e.began_at BETWEEN :first AND :last AND e.left_readings > 0) h
      WHERE NOT EXISTS (SELECT FROM reading_hour k
                        WHERE k.channel_id = :channel_id AND k.began_at = date_bin('1 hour', h.at, 'epoch')
                          AND k.began_at BETWEEN :first AND :last
                          AND (k.thinned
                               OR EXISTS (SELECT FROM archive_part p WHERE p.channel_id = k.channel_id AND NOT p.is_home
                                          AND p.last_at >= k.began_at AND p.first_at < k.began_at + interval '1 hour')))) x
GROUP BY 1
ORDER BY 1
LIMIT :rows_max;

-- name: is_channel(channel_id)$
-- Whether there is such a channel.
SELECT EXISTS (SELECT FROM channel WHERE id = :channel_id);
