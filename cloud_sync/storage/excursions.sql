-- Excursions of channels (probe_excursion: the evidence), and of places and rules (excursion: what follows from them).

-- name: add_probe_excursion(channel_id, place_id, rule, severity, sensors, is_high_worse, began_at, ended_at, worst, longest_gap_s)!
-- A channel broke a rule of its place.
INSERT INTO probe_excursion (channel_id, place_id, rule, severity, sensors, is_high_worse, began_at, ended_at, worst,
                             longest_gap_s)
VALUES (:channel_id, :place_id, :rule, :severity, :sensors, :is_high_worse, :began_at, :ended_at, :worst,
        :longest_gap_s);

-- name: amend_probe_excursion(id, began_at, ended_at, worst, longest_gap_s)!
-- Another interval or worst value.
UPDATE probe_excursion
SET began_at = :began_at, ended_at = :ended_at, worst = :worst, longest_gap_s = :longest_gap_s
WHERE id = :id;

-- name: withdraw_probe_excursion(id)!
-- It turns out not to have been one.
DELETE FROM probe_excursion WHERE id = :id;

-- name: probes_over(place_id, rule, first, before)
-- Excursions of the channels of a place by a rule that reach into an interval (null: ever, without end), with the names
-- of the channels. Index: probe_excursion_place.
SELECT coalesce(c.version_of, c.id) AS channel_id, g.name AS gateway, c.device, c.metric,
       c.version_of IS NOT NULL OR EXISTS (
           SELECT FROM channel_statement x
           WHERE x.channel_id = c.id AND x.place_id = e.place_id AND x.decision IS NULL
             AND e.began_at >= x.since AND e.began_at < x.until) AS is_doubted,
       e.began_at, e.ended_at, e.worst, e.longest_gap_s, e.reach_from,
       nullif(e.reach_until, 'infinity') AS reach_until, e.sensors, e.is_high_worse, e.severity
FROM probe_excursion e
JOIN channel c ON c.id = e.channel_id
JOIN gateway g ON g.id = c.gateway_id
WHERE e.place_id = :place_id AND e.rule = :rule
  AND coalesce(e.ended_at, 'infinity'::timestamptz) > coalesce(:first::timestamptz, '-infinity')
  AND e.began_at < coalesce(:before::timestamptz, 'infinity')
ORDER BY e.began_at, g.name, c.device, c.metric;

-- name: excursions_over(place_id, rule, first, before)
-- Excursions of a place by a rule that reach into an interval (null: ever, without end). Index: excursion_place_rule.
SELECT id, began_at, ended_at, worst, longest_gap_s, channel_id, reach_from,
       nullif(reach_until, 'infinity') AS reach_until
FROM excursion
WHERE place_id = :place_id AND rule = :rule
  AND coalesce(ended_at, 'infinity'::timestamptz) > coalesce(:first::timestamptz, '-infinity')
  AND began_at < coalesce(:before::timestamptz, 'infinity')
ORDER BY began_at;

-- name: excursion_by_id(excursion_id)^
-- One excursion, with the name of its place.
SELECT e.id, e.place_id, p.name AS place, e.rule, e.began_at, e.ended_at
FROM excursion e JOIN place p ON p.id = e.place_id
WHERE e.id = :excursion_id;

-- name: open_probes(place_id, rule)
-- The channels that keep a place outside a rule, with the last good value of each, and when that was.
SELECT e.channel_id, c.gateway_id, c.device || '/' || c.metric AS name, last.at AS last_at, last.value AS last_value
FROM probe_excursion e
JOIN channel c ON c.id = e.channel_id
LEFT JOIN LATERAL (SELECT r.at, r.value FROM reading r WHERE r.channel_id = c.id ORDER BY r.at DESC LIMIT 1) AS last
    ON true
WHERE e.place_id = :place_id AND e.rule = :rule AND e.ended_at IS NULL
  AND coalesce(e.ended_at, 'infinity'::timestamptz) = 'infinity'
ORDER BY e.channel_id;

-- name: add_seen_within(channel_ids, at, excursion_id, reason, evidence, said_by)!
-- Somebody saw, by this evidence, that all was within the limits then.
INSERT INTO seen_within (channel_id, at, excursion_id, reason, evidence, said_by)
SELECT unnest(:channel_ids::bigint[]), :at, :excursion_id, :reason, :evidence, :said_by
ON CONFLICT (channel_id, at) DO NOTHING;

-- name: channels_that_were_at(place_id)
-- The channels that ever were in this very place, without versions of them.
SELECT DISTINCT s.channel_id AS id
FROM channel_stay s JOIN channel c ON c.id = s.channel_id
WHERE s.place_id = :place_id AND c.version_of IS NULL
ORDER BY 1;

-- name: covered_by_good_readings(channel_id, first, before, gap_s)
-- When good readings of a channel cover its place, from the last good value before one instant up to another (null: without end): each value
-- stands until the next, for gap_s at most (null: without end). One row for each time without a gap.
WITH taken AS (
    SELECT at FROM good_reading
    WHERE channel_id = :channel_id
      AND at >= coalesce((SELECT max(h.at) FROM good_reading h
                          WHERE h.channel_id = :channel_id AND h.at <= :first
                            AND h.at >= :first::timestamptz - interval '3 days'),
                         (SELECT h.at FROM good_reading h WHERE h.channel_id = :channel_id AND h.at <= :first
                          ORDER BY h.at DESC LIMIT 1), :first::timestamptz)
      AND at < coalesce(:before::timestamptz, 'infinity')
), step AS (
    SELECT at, lag(at) OVER (ORDER BY at) AS before, lead(at) OVER (ORDER BY at) AS after FROM taken
), ends AS (
    SELECT at AS began_at, NULL::timestamptz AS last_at FROM step
    WHERE before IS NULL OR at > before + :gap_s::double precision * interval '1 s'
    UNION ALL
    SELECT NULL, at FROM step WHERE after IS NULL OR after > at + :gap_s::double precision * interval '1 s'
), numbered AS (
    SELECT began_at, last_at, row_number() OVER (PARTITION BY began_at IS NULL ORDER BY coalesce(began_at, last_at)) AS n
    FROM ends
)
SELECT b.began_at, e.last_at + :gap_s::double precision * interval '1 s' AS ended_at
FROM numbered b JOIN numbered e ON e.n = b.n AND e.last_at IS NOT NULL
WHERE b.began_at IS NOT NULL
ORDER BY 1;

-- name: add_excursion(channel_id, place_id, rule, severity, began_at, ended_at, worst, longest_gap_s, reach_from, reach_until)$
-- Keep an excursion of a place; gives its id.
INSERT INTO excursion (channel_id, place_id, rule, severity, began_at, ended_at, worst, longest_gap_s, reach_from,
                       reach_until)
VALUES (:channel_id, :place_id, :rule, :severity, :began_at, :ended_at, :worst, :longest_gap_s, :reach_from,
        CASE WHEN :reach_from::timestamptz IS NOT NULL THEN coalesce(:reach_until::timestamptz, 'infinity') END)
RETURNING id;

-- name: amend_excursion(id, channel_id, began_at, ended_at, worst, longest_gap_s, reach_from, reach_until, is_version)$
-- Another interval or worst value; gives the version. What only may reach further is none of its own.
UPDATE excursion
SET channel_id = :channel_id, began_at = :began_at, ended_at = :ended_at, worst = :worst,
    longest_gap_s = :longest_gap_s, reach_from = :reach_from,
    reach_until = CASE WHEN :reach_from::timestamptz IS NOT NULL THEN coalesce(:reach_until::timestamptz, 'infinity') END,
    version = version + :is_version::boolean::integer
WHERE id = :id
RETURNING version;

-- name: worsen_excursion(id, channel_id, worst, longest_gap_s)!
-- A value further out, or a longer gap, while it lasts.
UPDATE excursion SET channel_id = :channel_id, worst = :worst, longest_gap_s = :longest_gap_s WHERE id = :id;

-- name: withdraw_excursion(id)$
-- It turns out not to have been one, and its exposures go; its versions and the decisions on it are kept. Gives the
-- last version.
DELETE FROM excursion WHERE id = :id RETURNING version;

-- name: add_version(excursion_id, version, change, channel_id, place_id, rule, began_at, ended_at, worst)!
-- Keep a version of an excursion.
INSERT INTO excursion_version (excursion_id, version, change, channel_id, place_id, rule, began_at, ended_at, worst)
VALUES (:excursion_id, :version, :change, :channel_id, :place_id, :rule, :began_at, :ended_at, :worst);

-- name: dispositions_of(excursion_id)
-- Decisions on an excursion.
SELECT id, lot_id, decision, decided_by FROM disposition WHERE excursion_id = :excursion_id ORDER BY id;
