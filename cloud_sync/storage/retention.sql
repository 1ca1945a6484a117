-- name: make_partitions(first_at, last_at)$
-- Make the months of readings from one instant to another; gives how many were missing.
SELECT make_reading_partitions(:first_at, :last_at);

-- name: lock_month(name)$
-- Let readings that come late for this month wait: what is dropped is what was rolled up.
SELECT lock_month(:name);

-- name: drop_month_if_empty(name)$
-- Drop a month without readings; gives whether it was one.
SELECT drop_month_if_empty(:name);

-- name: months()
-- Months of readings that there are, as 2026_03.
SELECT substr(c.relname, 9) AS month
FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'reading'::regclass;

-- name: months_before(before)
-- Months of readings that lie wholly before an instant, the oldest first: name of the partition, first and last instant.
SELECT c.relname AS name, to_date(substr(c.relname, 9), 'YYYY_MM')::timestamp AT TIME ZONE 'UTC' AS began_at,
       (to_date(substr(c.relname, 9), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC' AS ended_at
FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'reading'::regclass
  AND (to_date(substr(c.relname, 9), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC' <= :before
ORDER BY c.relname;

-- name: roll_up(began_at, ended_at)!
-- Keep each hour of each channel, envelopes included, as long as all its readings are there.
INSERT INTO reading_hour (channel_id, began_at, readings, lowest, mean, highest)
SELECT channel_id, hour, sum(readings), min(lowest), least(greatest(sum(total) / sum(readings), min(lowest)), max(highest)),
       max(highest)
FROM (SELECT channel_id, date_trunc('hour', at, 'UTC') AS hour, 1 AS readings, value AS lowest, value AS total,
             value AS highest
      FROM reading
      WHERE at >= :began_at AND at < :ended_at
      UNION ALL
      SELECT channel_id, date_trunc('hour', began_at, 'UTC'), left_readings, lowest, left_mean * left_readings, highest
      FROM envelope_now
      WHERE began_at >= :began_at AND began_at < :ended_at AND left_readings > 0) AS known
GROUP BY 1, 2
ON CONFLICT (channel_id, began_at) DO UPDATE
SET readings = excluded.readings, lowest = excluded.lowest, mean = excluded.mean, highest = excluded.highest
WHERE NOT reading_hour.thinned;

-- name: channels_measured(began_at, ended_at)
-- The channels with readings in a month.
SELECT DISTINCT channel_id FROM reading_hour WHERE began_at >= :began_at AND began_at < :ended_at ORDER BY 1;

-- name: drop_rolled_up(began_at, ended_at, young_at, channel_ids, reaches_s)!
-- Drop the readings of a month whose hour has been rolled up, so that everything can always be judged again: none that
-- was inside an excursion of its channel (its first and last included), none of where and while goods under legal hold
-- were, none that a rule of its channel looks back to
-- from there (reaches_s by channel_ids), and none that such a rule looks back to from readings that are young (those from
-- young_at on). Hours that stay for the young are dropped once these are old themselves.
WITH reach AS (
    SELECT * FROM unnest(:channel_ids::bigint[], :reaches_s::double precision[]) AS reach (channel_id, seconds)
), done AS (
    UPDATE reading_hour h SET thinned = true
    WHERE h.began_at >= :began_at AND h.began_at < :ended_at AND NOT h.thinned
      AND h.began_at + interval '1 hour' <= :young_at - coalesce(
          (SELECT seconds FROM reach WHERE reach.channel_id = h.channel_id), 0) * interval '1 s'
    RETURNING h.channel_id, h.began_at
)
DELETE FROM reading r
USING done
WHERE r.at >= :began_at AND r.at < :ended_at
  AND r.channel_id = done.channel_id AND r.at >= done.began_at AND r.at < done.began_at + interval '1 hour'
  AND NOT EXISTS (SELECT FROM legal_hold_now h
                  JOIN lot l ON l.id = h.lot_id OR l.item_id = h.item_id
                  JOIN residency s ON s.lot_id = l.id
                  JOIN place p ON p.id = s.place_id
                  JOIN channel c ON c.id = r.channel_id AND c.place_id = ANY(p.ancestors)
                  WHERE r.at >= s.began_at AND r.at <= coalesce(s.ended_at, 'infinity'))
  AND NOT EXISTS (SELECT FROM legal_hold_now h
                  JOIN exception_case k ON k.id = h.case_id
                  JOIN place p ON p.id = k.place_id
                  JOIN channel c ON c.id = r.channel_id AND (c.place_id = ANY(p.ancestors) OR k.place_id = c.place_id))
  AND NOT EXISTS (SELECT FROM probe_excursion e WHERE e.channel_id = r.channel_id
                  AND r.at >= e.began_at - coalesce((SELECT seconds FROM reach WHERE reach.channel_id = r.channel_id), 0)
                              * interval '1 s'
                  AND r.at <= coalesce(e.ended_at, 'infinity'));
