-- name: add_channels(gateway_id, devices, metrics)!
-- Make the channels that are not there yet, in one order; nobody has said yet where they are.
INSERT INTO channel (gateway_id, device, metric)
SELECT DISTINCT :gateway_id::bigint, device, metric
FROM unnest(:devices::text[], :metrics::text[]) AS new (device, metric)
ORDER BY device, metric
ON CONFLICT (gateway_id, device, metric) DO NOTHING;

-- name: lock_channels_of_devices(gateway_id, devices)
-- All channels of these devices, locked: readings of one channel are judged one batch at a time.
SELECT id, device, metric
FROM channel
WHERE gateway_id = :gateway_id AND device = ANY(:devices)
ORDER BY id
FOR NO KEY UPDATE;

-- name: lock_channels(channel_ids)
-- These channels, locked.
SELECT id, device, metric, place_id
FROM channel
WHERE id = ANY(:channel_ids)
ORDER BY id
FOR NO KEY UPDATE;

-- name: channels_at_or_below(place_id)
-- The channels that ever were in a place or in a place below it.
SELECT DISTINCT s.channel_id AS id
FROM place p JOIN judged_stay s ON s.place_id = p.id
WHERE p.ancestors @> ARRAY[:place_id::bigint]
ORDER BY 1;

-- name: policy_was(place_id, policy, until)!
-- Up to an instant another policy was in force in a place: after what was said before, though the clock may have been
-- set back. That none was, is said only where one had been before.
INSERT INTO place_policy_was (place_id, policy, until)
SELECT :place_id, :policy,
       greatest(:until::timestamptz,
                (SELECT max(until) + interval '1 microsecond' FROM place_policy_was WHERE place_id = :place_id))
WHERE :policy::text IS NOT NULL OR EXISTS (SELECT FROM place_policy_was WHERE place_id = :place_id);

-- name: placed(channel_id)^
-- Whether a channel is, or ever was, said to be anywhere.
SELECT c.place_id IS NOT NULL OR EXISTS (SELECT FROM channel_place_was w WHERE w.channel_id = c.id) AS was_placed
FROM channel c WHERE c.id = :channel_id;

-- name: last_assigned(channel_id)$
-- When a channel was last said to measure somewhere else; null if it never was.
SELECT max(until) FROM channel_place_was WHERE channel_id = :channel_id;

-- name: add_statement(channel_id, place_id, since, until, said_by)$
-- Somebody says at the end of it that a channel has been elsewhere since; gives its id.
INSERT INTO channel_statement (channel_id, place_id, since, until, said_by)
VALUES (:channel_id, :place_id, :since, :until, :said_by)
RETURNING id;

-- name: decide_statement(id, decision, decided_by)$
-- Quality's word on it; gives the channel.
UPDATE channel_statement SET decision = :decision, decided_by = :decided_by, decided_at = clock_timestamp()
WHERE id = :id AND decision IS NULL
RETURNING channel_id;

-- name: excursions_in_span(channel_id, first, before)
-- What a channel found out of limits between two instants, by place and rule.
SELECT p.name AS place, e.rule, e.severity, e.began_at, e.ended_at, e.worst
FROM probe_excursion e JOIN place p ON p.id = e.place_id
WHERE e.channel_id = :channel_id AND e.began_at < :before AND coalesce(e.ended_at, 'infinity') > :first
ORDER BY e.began_at, p.name, e.rule;

-- name: place_names(ids)
-- Places by their ids.
SELECT id, name FROM place WHERE id = ANY(:ids);

-- name: place_was(channel_id, place_id, until)!
-- Up to an instant a channel was in another place (null: in none).
INSERT INTO channel_place_was (channel_id, place_id, until) VALUES (:channel_id, :place_id, :until);

-- name: dated_channels(channel_ids)
-- Those whose place, or whose place's policies, were not always what they are.
SELECT c.id
FROM judged_channel c LEFT JOIN place p ON p.id = c.place_id
WHERE c.id = ANY(:channel_ids)
  AND (EXISTS (SELECT FROM channel_place_was w WHERE w.channel_id = c.own_id)
       OR EXISTS (SELECT FROM channel_statement x WHERE x.channel_id = c.own_id)
       OR EXISTS (SELECT FROM place_policy_was w WHERE w.place_id = ANY(p.ancestors)));

-- name: policy_spells_of_channels(channel_ids)
-- For each channel the policies that were in force over it, at its place and above, nearest first, each from when to when
-- (null: since ever, to this day); and those that may have been (statement).
SELECT s.channel_id, c.metric, s.statement, s.place_id, policy.body::text,
       nullif(greatest(s.since, y.since), '-infinity') AS since, nullif(least(s.until, y.until), 'infinity') AS until
FROM judged_stay s
JOIN channel c ON c.id = s.channel_id
JOIN place p ON p.id = s.place_id
JOIN place above ON above.id = ANY(p.ancestors)
JOIN policy_spell y ON y.place_id = above.id
JOIN policy ON policy.name = y.policy
WHERE s.channel_id = ANY(:channel_ids) AND greatest(s.since, y.since) < least(s.until, y.until)
ORDER BY s.channel_id, s.statement NULLS FIRST, cardinality(above.ancestors) DESC, since NULLS FIRST;

-- name: excursions_of_channel(channel_id)
-- All excursions of a channel.
SELECT id, channel_id, place_id, rule, began_at, ended_at, worst, longest_gap_s
FROM probe_excursion WHERE channel_id = :channel_id ORDER BY began_at, id;

-- name: place_channel(channel_id, place_id)!
-- Say where a channel is.
UPDATE channel SET place_id = :place_id WHERE id = :channel_id;

-- name: policies_of_channels(channel_ids)
-- For each channel that has a place: the policies of that place and of those above it, nearest first.
SELECT c.id AS channel_id, c.metric, c.place_id, policy.body::text
FROM judged_channel c
JOIN place p ON p.id = c.place_id
JOIN place above ON above.id = ANY(p.ancestors)
JOIN policy ON policy.name = above.policy
WHERE c.id = ANY(:channel_ids)
ORDER BY c.id, cardinality(above.ancestors) DESC;

-- name: track(channel_id, rule)^
-- Where a rule stands on a channel.
SELECT definition, last_at, outside_since, opened, worst, last_out_at, longest_gap_s
FROM track
WHERE channel_id = :channel_id AND rule = :rule;

-- name: keep_track(channel_id, rule, definition, last_at, outside_since, opened, worst, last_out_at, longest_gap_s)!
-- Where a rule stands on a channel now.
INSERT INTO track (channel_id, rule, definition, last_at, outside_since, opened, worst, last_out_at, longest_gap_s)
VALUES (:channel_id, :rule, :definition, :last_at, :outside_since, :opened, :worst, :last_out_at, :longest_gap_s)
ON CONFLICT (channel_id, rule) DO UPDATE
SET definition = excluded.definition, last_at = excluded.last_at, outside_since = excluded.outside_since,
    opened = excluded.opened, worst = excluded.worst, last_out_at = excluded.last_out_at,
    longest_gap_s = excluded.longest_gap_s;

-- name: note_last_out(channel_id, rule, last_out_at)!
-- A late value beyond the limit.
UPDATE track SET last_out_at = :last_out_at WHERE channel_id = :channel_id AND rule = :rule;

-- name: last_back_before(channel_id, at, is_above, limit, hysteresis, on_limit_is_outside)$
-- The last instant before :at whose values were all back within the limit; null if there is none. The days before first:
-- most often it is one of them, and other months need not be looked into.
SELECT coalesce((
    SELECT r.at FROM reading_range r
    WHERE r.channel_id = :channel_id AND r.at < :at AND r.at >= :at::timestamptz - interval '3 days'
      AND NOT EXISTS (
          SELECT FROM reading_range s
          WHERE s.channel_id = :channel_id AND s.at = r.at AND s.at < :at AND s.at >= :at::timestamptz - interval '3 days'
            AND (CASE WHEN :is_above THEN s.highest + :hysteresis > :limit ELSE s.lowest - :hysteresis < :limit END
                 OR :on_limit_is_outside AND CASE WHEN :is_above THEN s.highest + :hysteresis = :limit
                                                  ELSE s.lowest - :hysteresis = :limit END))
    ORDER BY r.at DESC LIMIT 1
), (
    SELECT r.at FROM reading_range r
    WHERE r.channel_id = :channel_id AND r.at < :at
      AND NOT EXISTS (
          SELECT FROM reading_range s
          WHERE s.channel_id = :channel_id AND s.at = r.at AND s.at < :at
            AND (CASE WHEN :is_above THEN s.highest + :hysteresis > :limit ELSE s.lowest - :hysteresis < :limit END
                 OR :on_limit_is_outside AND CASE WHEN :is_above THEN s.highest + :hysteresis = :limit
                                                  ELSE s.lowest - :hysteresis = :limit END))
    ORDER BY r.at DESC LIMIT 1
));

-- name: first_back_after(channel_id, at, is_above, limit, hysteresis, on_limit_is_outside)$
-- The first instant after :at whose values were all back within the limit; null if there is none. As above.
SELECT coalesce((
    SELECT r.at FROM reading_range r
    WHERE r.channel_id = :channel_id AND r.at > :at AND r.at <= :at::timestamptz + interval '3 days'
      AND NOT EXISTS (
          SELECT FROM reading_range s
          WHERE s.channel_id = :channel_id AND s.at = r.at AND s.at > :at AND s.at <= :at::timestamptz + interval '3 days'
            AND (CASE WHEN :is_above THEN s.highest + :hysteresis > :limit ELSE s.lowest - :hysteresis < :limit END
                 OR :on_limit_is_outside AND CASE WHEN :is_above THEN s.highest + :hysteresis = :limit
                                                  ELSE s.lowest - :hysteresis = :limit END))
    ORDER BY r.at LIMIT 1
), (
    SELECT r.at FROM reading_range r
    WHERE r.channel_id = :channel_id AND r.at > :at
      AND NOT EXISTS (
          SELECT FROM reading_range s
          WHERE s.channel_id = :channel_id AND s.at = r.at AND s.at > :at
            AND (CASE WHEN :is_above THEN s.highest + :hysteresis > :limit ELSE s.lowest - :hysteresis < :limit END
                 OR :on_limit_is_outside AND CASE WHEN :is_above THEN s.highest + :hysteresis = :limit
                                                  ELSE s.lowest - :hysteresis = :limit END))
    ORDER BY r.at LIMIT 1
));

-- name: instants(channel_id, first, before, is_above, at_most)
-- What was measured from one instant on (null: ever), before another (null: without end), the furthest out of each; the
-- first so many of them (null: all).
SELECT at, CASE WHEN :is_above THEN max(highest) ELSE min(lowest) END AS value
FROM reading_range
WHERE channel_id = :channel_id
  AND at >= coalesce(:first::timestamptz, '-infinity') AND at < coalesce(:before::timestamptz, 'infinity')
GROUP BY at
ORDER BY at
LIMIT :at_most;

-- name: telling_instants(channel_id, first, before, is_above, at_most, limit, hysteresis, on_limit_is_outside)
-- As instants, without those that change nothing for a rule on the values themselves: back within the limit, as the one
-- before and the one after them are.
SELECT at, value
FROM (
    SELECT at, value, is_back,
           coalesce(lag(is_back) OVER in_time AND lead(is_back) OVER in_time, false) AS is_among_back
    FROM (
        SELECT at, value,
               NOT (CASE WHEN :is_above THEN value + :hysteresis > :limit ELSE value - :hysteresis < :limit END
                    OR :on_limit_is_outside AND CASE WHEN :is_above THEN value + :hysteresis = :limit
                                                     ELSE value - :hysteresis = :limit END) AS is_back
        FROM (
            SELECT at, CASE WHEN :is_above THEN max(highest) ELSE min(lowest) END AS value
            FROM reading_range
            WHERE channel_id = :channel_id
              AND at >= coalesce(:first::timestamptz, '-infinity') AND at < coalesce(:before::timestamptz, 'infinity')
            GROUP BY at
        ) AS furthest
    ) AS compared
    WINDOW in_time AS (ORDER BY at)
) AS beside
WHERE NOT (is_back AND is_among_back)
ORDER BY at
LIMIT :at_most;

-- name: last_beyond(channel_id, first, last, is_above, edge, on_edge_is_outside)$
-- The latest value beyond an edge between two instants (null: ever), null if there is none.
SELECT max(at)
FROM reading_range
WHERE channel_id = :channel_id
  AND at BETWEEN coalesce(:first::timestamptz, '-infinity') AND coalesce(:last::timestamptz, 'infinity')
  AND (CASE WHEN :is_above THEN highest > :edge ELSE lowest < :edge END
       OR :on_edge_is_outside AND CASE WHEN :is_above THEN highest ELSE lowest END = :edge);

-- name: has_silence_rule(gateway_id)$
-- Whether silence is, or may have been, judged anywhere at this gateway.
SELECT EXISTS (
    SELECT FROM channel c
    JOIN place p ON p.id = c.place_id
    JOIN place above ON above.id = ANY(p.ancestors)
    JOIN policy ON policy.name = above.policy
    WHERE c.gateway_id = :gateway_id AND policy.body @> '{"rules": [{"kind": "no_data"}]}')
    OR EXISTS (SELECT FROM channel_place_was w JOIN channel c ON c.id = w.channel_id WHERE c.gateway_id = :gateway_id)
    OR EXISTS (SELECT FROM place_policy_was w JOIN policy ON policy.name = w.policy
               WHERE policy.body @> '{"rules": [{"kind": "no_data"}]}');

-- name: lock_channels_of_gateway(gateway_id)
-- All channels of a gateway, locked.
SELECT id, device, metric FROM channel WHERE gateway_id = :gateway_id ORDER BY id FOR NO KEY UPDATE;

-- name: horizon(gateway_id, journal)$
-- Up to when the ledger has all readings that a gateway ever took; null while it does not know. A journal with a hole
-- holds it back to the hole, for what is missing may be of any time since. Of journals that are trusted, or (journal) of
-- a doubted one alone.
SELECT CASE WHEN bool_or(max_seq >= next_seq AND horizon_at IS NULL) THEN NULL
            ELSE coalesce(min(horizon_at) FILTER (WHERE max_seq >= next_seq), max(horizon_at)) END
FROM lane_progress l
WHERE l.gateway_id = :gateway_id AND l.lane = 'readings'
  AND CASE WHEN :journal::uuid IS NOT NULL THEN l.journal = :journal
           ELSE NOT EXISTS (SELECT FROM gateway_journal j
                            WHERE (j.gateway_id, j.journal) = (l.gateway_id, l.journal) AND j.standing <> 'trusted') END;

-- name: horizon_of_channel(channel_id)$
-- The same for the gateway of a channel, or for the doubted journal that this version of a channel is of.
SELECT CASE WHEN bool_or(max_seq >= next_seq AND horizon_at IS NULL) THEN NULL
            ELSE coalesce(min(horizon_at) FILTER (WHERE max_seq >= next_seq), max(horizon_at)) END
FROM channel c JOIN lane_progress l ON l.gateway_id = c.gateway_id AND l.lane = 'readings'
WHERE c.id = :channel_id
  AND CASE WHEN c.journal IS NOT NULL THEN l.journal = c.journal
           ELSE NOT EXISTS (SELECT FROM gateway_journal j
                            WHERE (j.gateway_id, j.journal) = (l.gateway_id, l.journal) AND j.standing <> 'trusted') END;

-- name: silence_start(channel_id, at)$
-- From where silence is judged: the last good value before an instant, or else when the device was first heard of.
SELECT coalesce(
    (SELECT max(r.at) FROM good_reading r
     WHERE r.channel_id = :channel_id AND r.at < :at AND r.at >= :at::timestamptz - interval '3 days'),
    (SELECT r.at FROM good_reading r WHERE r.channel_id = :channel_id AND r.at < :at ORDER BY r.at DESC LIMIT 1),
    least((SELECT min(r.at) FROM good_reading r WHERE r.channel_id = :channel_id),
          (SELECT min(u.at) FROM channel c JOIN unusable_reading u ON (u.gateway_id, u.device) = (c.gateway_id, c.device)
           WHERE c.id = :channel_id)));

-- name: last_good_reading(channel_id, horizon)$
-- The last good value up to an instant.
SELECT coalesce(
    (SELECT max(at) FROM good_reading
     WHERE channel_id = :channel_id AND at <= :horizon AND at >= :horizon::timestamptz - interval '3 days'),
    (SELECT at FROM good_reading WHERE channel_id = :channel_id AND at <= :horizon ORDER BY at DESC LIMIT 1));

-- name: first_good_after(channel_id, at)$
-- The first good value after an instant.
SELECT coalesce(
    (SELECT min(at) FROM good_reading
     WHERE channel_id = :channel_id AND at > :at AND at <= :at::timestamptz + interval '3 days'),
    (SELECT at FROM good_reading WHERE channel_id = :channel_id AND at > :at ORDER BY at LIMIT 1));

-- name: silences(channel_id, first, last, after_s, horizon)
-- From an instant at which the device was heard of to a good value (null: to the end): where no good value came for so
-- long, as far as it is known that none was taken. Of readings thinned to an envelope only the longest gap is known. seconds: how long that is, so far.
WITH taken AS (
    SELECT at FROM good_reading
    WHERE channel_id = :channel_id AND at >= :first AND at <= coalesce(:last::timestamptz, 'infinity')
    UNION
    SELECT :first::timestamptz
), pair AS (
    SELECT at AS began_at, lead(at) OVER (ORDER BY at) AS ended_at FROM taken
)
SELECT began_at, ended_at,
       extract(epoch FROM coalesce(ended_at, :horizon) - began_at)::double precision AS seconds
FROM pair
WHERE least(coalesce(ended_at, 'infinity'), :horizon) >= began_at + :after_s * interval '1 s'
  AND (ended_at IS NOT NULL OR :last::timestamptz IS NULL)
  AND NOT EXISTS (SELECT FROM reading_hour h -- whose readings were there, and have been thinned out
                  WHERE h.channel_id = :channel_id AND h.thinned AND h.began_at > pair.began_at
                    AND h.began_at + interval '1 hour' <= coalesce(pair.ended_at, :horizon))
  AND NOT EXISTS (SELECT FROM envelope e -- throughout which something good was measured often enough
                  WHERE e.channel_id = :channel_id AND e.began_at <= pair.began_at AND e.ended_at >= pair.ended_at
                    AND e.gap_s < :after_s)
ORDER BY began_at;

-- name: excursion_covering(channel_id, place_id, rule, at)^
-- The excursion that lasts at or ends with an instant, having begun before it.
SELECT id, began_at, ended_at, worst, longest_gap_s
FROM probe_excursion
WHERE channel_id = :channel_id AND place_id = :place_id AND rule = :rule AND began_at < :at AND (ended_at IS NULL OR ended_at >= :at)
ORDER BY began_at LIMIT 1;

-- name: channels_with_doubtful_times(channel_ids)
-- Which of these channels ever had readings from before their clock was synchronised.
SELECT id FROM channel WHERE id = ANY(:channel_ids) AND has_doubtful_times ORDER BY id;

-- name: note_doubtful_times(channel_ids)!
-- These channels have such readings.
UPDATE channel SET has_doubtful_times = true WHERE id = ANY(:channel_ids) AND NOT has_doubtful_times;

-- name: widen_reaches(channel_id)
-- How far the excursions of a channel may reach, where times in them or at their ends were said by a clock that was not
-- synchronised and that no notice has corrected: from the last trusted reading said before them in the journal, or else
-- from what was said; until the first trusted reading said after them, or else without end. Gives those that changed.
WITH doubtful AS (
    SELECT e.id, min(r.seq) AS first_seq, max(r.seq) AS last_seq, max(v.journal::text) AS journal, e.began_at, e.ended_at
    FROM probe_excursion e
    JOIN reading r ON r.channel_id = e.channel_id AND r.at >= e.began_at AND r.at <= coalesce(e.ended_at, 'infinity')
        AND NOT r.synced AND r.said_at IS NULL
    JOIN evidence v ON v.id = r.evidence_id
    WHERE e.channel_id = :channel_id
    GROUP BY e.id
), reach AS (
    SELECT d.id, least(d.began_at, (
               SELECT max(r.at) FROM reading r JOIN evidence v ON v.id = r.evidence_id
               WHERE r.channel_id = :channel_id AND r.seq < d.first_seq AND v.journal::text = d.journal
                 AND (r.synced OR r.said_at IS NOT NULL))) AS reach_from,
           greatest(d.ended_at, coalesce((
               SELECT min(r.at) FROM reading r JOIN evidence v ON v.id = r.evidence_id
               WHERE r.channel_id = :channel_id AND r.seq > d.last_seq AND v.journal::text = d.journal
                 AND (r.synced OR r.said_at IS NOT NULL)), 'infinity')) AS reach_until
    FROM doubtful d
), changed AS (
    SELECT e.id, r.reach_from, r.reach_until
    FROM probe_excursion e LEFT JOIN reach r USING (id)
    WHERE e.channel_id = :channel_id
      AND (e.reach_from, e.reach_until) IS DISTINCT FROM (r.reach_from, r.reach_until)
)
UPDATE probe_excursion e SET reach_from = c.reach_from, reach_until = c.reach_until FROM changed c WHERE e.id = c.id
RETURNING e.place_id, e.rule, e.began_at, e.ended_at;

-- name: excursions_between(channel_id, place_id, rule, first, before)
-- Excursions of a channel by a rule of a place that began from one instant on (null: ever), before another (null: without end).
SELECT id, began_at, ended_at, worst, longest_gap_s
FROM probe_excursion
WHERE channel_id = :channel_id AND place_id = :place_id AND rule = :rule
  AND began_at >= coalesce(:first::timestamptz, '-infinity') AND began_at < coalesce(:before::timestamptz, 'infinity')
ORDER BY began_at;

-- name: tracks_of(channel_ids)
-- Where all rules stand on these channels.
SELECT channel_id, rule, definition::text, last_at FROM track WHERE channel_id = ANY(:channel_ids);

-- name: extremes_around(channel_ids, firsts, lasts)
-- For each channel the lowest and highest value from the reading before one instant up to the one after another (or as
-- far as there are any). Those are looked for in the days around first. Index: reading_channel_at.
SELECT new.channel_id, r.lowest, r.highest
FROM unnest(:channel_ids::bigint[], :firsts::timestamptz[], :lasts::timestamptz[]) AS new (channel_id, first_at, last_at)
CROSS JOIN LATERAL (
    SELECT coalesce((SELECT max(b.at) FROM reading_range b
                     WHERE b.channel_id = new.channel_id AND b.at < new.first_at AND b.at >= new.first_at - interval '3 days'),
                    (SELECT b.at FROM reading_range b WHERE b.channel_id = new.channel_id AND b.at < new.first_at
                     ORDER BY b.at DESC LIMIT 1), new.first_at) AS begins,
           coalesce((SELECT min(a.at) FROM reading_range a
                     WHERE a.channel_id = new.channel_id AND a.at > new.last_at AND a.at <= new.last_at + interval '3 days'),
                    (SELECT a.at FROM reading_range a WHERE a.channel_id = new.channel_id AND a.at > new.last_at
                     ORDER BY a.at LIMIT 1), new.last_at) AS ends
    OFFSET 0
) AS span
CROSS JOIN LATERAL (
    SELECT min(s.lowest) AS lowest, max(s.highest) AS highest
    FROM reading_range s
    WHERE s.channel_id = new.channel_id AND s.at >= span.begins AND s.at <= span.ends
) AS r;

-- name: move_tracks_on(channel_ids, rules, last_ats)!
-- Nothing happened up to a later instant.
UPDATE track t SET last_at = new.last_at
FROM unnest(:channel_ids::bigint[], :rules::text[], :last_ats::timestamptz[]) AS new (channel_id, rule, last_at)
WHERE (t.channel_id, t.rule) = (new.channel_id, new.rule) AND t.last_at < new.last_at;

-- name: channels_of_gateway(gateway_id, journal)
-- The channels of a gateway, or their versions of one doubted journal. Index: channel_gateway_id_device_metric_key.
SELECT id FROM channel WHERE gateway_id = :gateway_id AND journal IS NOT DISTINCT FROM :journal::uuid;

-- name: gateways_of_channels(channel_ids)
-- The gateways that these channels belong to, and the journals that they are versions of, in one order.
SELECT DISTINCT gateway_id, journal::text AS journal FROM channel WHERE id = ANY(:channel_ids) ORDER BY 1, 2 NULLS FIRST;

-- name: with_versions(channel_ids)
-- These channels and all versions of them.
SELECT id FROM channel WHERE id = ANY(:channel_ids) OR version_of = ANY(:channel_ids) ORDER BY id;

-- name: forget_tracks(channel_ids)!
-- Where the rules of these channels stood, before all that they measured is judged again.
DELETE FROM track WHERE channel_id = ANY(:channel_ids);

-- name: spans_of_channels(channel_ids)
-- The first and the last measurement of each channel that has any.
SELECT channel_id, min(at) AS first, max(at) AS last FROM good_reading WHERE channel_id = ANY(:channel_ids) GROUP BY 1;
