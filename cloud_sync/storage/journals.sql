-- The journals of gateways, and what a doubted one says of their channels: versions of them (channel.version_of).

-- name: journal(gateway_id, journal)^
-- How a journal of a gateway stands.
SELECT standing, why, follows::text AS follows, began_at, first_received_at
FROM gateway_journal WHERE gateway_id = :gateway_id AND journal = :journal::uuid;

-- name: journals_of(gateway_id)
-- All journals of a gateway.
SELECT journal::text AS journal, standing, why, follows::text AS follows, began_at, first_received_at
FROM gateway_journal WHERE gateway_id = :gateway_id ORDER BY first_received_at, journal;

-- name: add_journal(gateway_id, journal)$
-- Note a journal that was never heard of. The first of a gateway, or of its key, is trusted; another is not, until it is
-- announced. Gives how it stands.
INSERT INTO gateway_journal (gateway_id, journal, standing, why)
SELECT g.id, :journal::uuid, CASE WHEN other.is_any THEN 'doubted' ELSE 'trusted' END,
       CASE WHEN other.is_any THEN 'unannounced' END
FROM gateway g
CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM gateway_journal j
                   WHERE j.gateway_id = g.id AND j.first_received_at >= coalesce(g.key_since, '-infinity')) AS is_any
) AS other
WHERE g.id = :gateway_id
ON CONFLICT (gateway_id, journal) DO UPDATE SET standing = gateway_journal.standing
RETURNING standing;

-- name: announce_journal(gateway_id, journal, follows, began_at)!
-- A journal takes the place of another (null: of all before) from an instant on.
UPDATE gateway_journal SET standing = 'trusted', why = NULL, follows = :follows::uuid, began_at = :began_at
WHERE gateway_id = :gateway_id AND journal = :journal::uuid;

-- name: believe_journal(gateway_id, journal)!
-- It counts with the others from now on.
UPDATE gateway_journal SET standing = 'trusted', why = NULL WHERE gateway_id = :gateway_id AND journal = :journal::uuid;

-- name: set_standing(gateway_id, journal, standing, why)!
-- How a journal stands from now on. What it announced of itself counts no more.
UPDATE gateway_journal SET standing = :standing, why = :why, follows = NULL, began_at = NULL
WHERE gateway_id = :gateway_id AND journal = :journal::uuid;

-- name: latest_of_journal(gateway_id, journal)$
-- The latest trusted time in the last batches of a journal. Index: evidence's key.
SELECT max(near.last_at)
FROM (VALUES ('scans'), ('readings')) AS lane (name)
CROSS JOIN LATERAL (
    SELECT e.last_at FROM evidence e
    WHERE e.gateway_id = :gateway_id AND e.journal = :journal::uuid AND e.lane = lane.name
    ORDER BY e.first_seq DESC LIMIT 200
) AS near;

-- name: earliest_heard(channel_ids)$
-- The first instant at which any of these channels was heard.
SELECT min(first.at)
FROM unnest(:channel_ids::bigint[]) AS c (id)
CROSS JOIN LATERAL (SELECT h.at FROM good_reading h WHERE h.channel_id = c.id ORDER BY h.at LIMIT 1) AS first;

-- name: add_versions(gateway_id, journal, devices, metrics)!
-- Make the versions of these channels by a doubted journal that are not there yet.
INSERT INTO channel (gateway_id, device, metric, version_of, journal)
SELECT DISTINCT c.gateway_id, c.device || ' (journal ' || :journal::uuid || ')', c.metric, c.id, :journal::uuid
FROM unnest(:devices::text[], :metrics::text[]) AS new (device, metric)
JOIN channel c ON (c.gateway_id, c.device, c.metric) = (:gateway_id, new.device, new.metric)
ORDER BY c.id
ON CONFLICT DO NOTHING;

-- name: add_versions_of_all(gateway_id, journal)!
-- Make a version of every channel of a gateway that this journal measured.
INSERT INTO channel (gateway_id, device, metric, version_of, journal, has_doubtful_times)
SELECT c.gateway_id, c.device || ' (journal ' || :journal::uuid || ')', c.metric, c.id, :journal::uuid,
       c.has_doubtful_times
FROM channel c
WHERE c.gateway_id = :gateway_id AND c.version_of IS NULL
  AND (EXISTS (SELECT FROM reading r JOIN evidence v ON v.id = r.evidence_id
               WHERE r.channel_id = c.id AND v.journal = :journal::uuid)
       OR EXISTS (SELECT FROM envelope e JOIN evidence v ON v.id = e.evidence_id
                  WHERE e.channel_id = c.id AND v.journal = :journal::uuid))
ORDER BY c.id
ON CONFLICT DO NOTHING;

-- name: versions(gateway_id, journal)
-- The versions of a gateway's channels by a doubted journal. Index: channel_gateway_id_device_metric_key.
SELECT c.id, c.version_of, b.device, b.metric, c.has_doubtful_times
FROM channel c JOIN channel b ON b.id = c.version_of
WHERE c.gateway_id = :gateway_id AND c.journal = :journal::uuid
ORDER BY c.id;

-- name: readings_to_versions(gateway_id, journal)!
-- What a journal measured is of its own versions of the channels from now on.
UPDATE reading r SET channel_id = c.id
FROM channel c, evidence v
WHERE c.gateway_id = :gateway_id AND c.journal = :journal::uuid AND r.channel_id = c.version_of
  AND v.id = r.evidence_id AND v.journal = c.journal;

-- name: envelopes_to_versions(gateway_id, journal)!
-- The same of envelopes.
WITH moved AS (
    UPDATE envelope e SET channel_id = c.id
    FROM channel c, evidence v
    WHERE c.gateway_id = :gateway_id AND c.journal = :journal::uuid AND e.channel_id = c.version_of
      AND v.id = e.evidence_id AND v.journal = c.journal
    RETURNING e.id, e.channel_id
)
UPDATE envelope_point p SET channel_id = m.channel_id FROM moved m WHERE p.envelope_id = m.id;

-- name: readings_to_channels(gateway_id, journal)!
-- What a journal measured is of the channels themselves from now on.
UPDATE reading r SET channel_id = c.version_of
FROM channel c
WHERE c.gateway_id = :gateway_id AND c.journal = :journal::uuid AND r.channel_id = c.id;

-- name: envelopes_to_channels(gateway_id, journal)!
-- The same of envelopes.
WITH moved AS (
    UPDATE envelope e SET channel_id = c.version_of
    FROM channel c
    WHERE c.gateway_id = :gateway_id AND c.journal = :journal::uuid AND e.channel_id = c.id
    RETURNING e.id, e.channel_id
)
UPDATE envelope_point p SET channel_id = m.channel_id FROM moved m WHERE p.envelope_id = m.id;

-- name: movements_of_journal(name, journal, is_doubted)
-- What was booked of a journal's scans, with the times between which it was: of a doubted one as late as it was received.
SELECT m.id, m.lot_id, m.serial, m.from_place, m.to_place, m.occurred_at AS at,
       CASE WHEN :is_doubted THEN coalesce(possible.earliest_at, m.occurred_at) ELSE possible.earliest_at END AS earliest_at,
       CASE WHEN :is_doubted THEN greatest(possible.latest_at, m.recorded_at, m.occurred_at)
            ELSE possible.latest_at END AS latest_at
FROM movement m
LEFT JOIN LATERAL possible_times(m.fact) AS possible ON true
WHERE starts_with(m.fact, :name || '/' || :journal || '/scans/')
ORDER BY m.id;

-- name: batches_of_scans(gateway_id, journal)
-- The batches of a journal's scans and notices that have a notice that counts for more than itself.
SELECT v.id, v.raw
FROM evidence v
WHERE v.gateway_id = :gateway_id AND v.journal = :journal::uuid AND v.lane = 'scans'
  AND EXISTS (SELECT FROM notice n WHERE n.evidence_id = v.id AND n.kind IN ('clock', 'gap', 'thinned'))
ORDER BY v.first_seq;

-- name: both_versions(name, journal)
-- For each channel of which a doubted journal speaks: from when to when, and what both versions have to say of that time.
SELECT b.id AS channel, c.id AS doubted_channel, b.device || '/' || b.metric AS name, d.first, d.last,
       jsonb_build_object('readings', d.readings, 'lowest', d.lowest, 'highest', d.highest) AS doubted,
       jsonb_build_object('readings', t.readings, 'lowest', t.lowest, 'highest', t.highest) AS trusted
FROM channel c
JOIN channel b ON b.id = c.version_of
CROSS JOIN LATERAL (SELECT min(at) AS first, max(at) AS last, count(*) AS readings, min(lowest) AS lowest,
                           max(highest) AS highest FROM reading_range m WHERE m.channel_id = c.id) AS d
CROSS JOIN LATERAL (SELECT count(*) AS readings, min(lowest) AS lowest, max(highest) AS highest
                    FROM reading_range m WHERE m.channel_id = b.id AND m.at BETWEEN d.first AND d.last) AS t
WHERE c.gateway_id = (SELECT id FROM gateway WHERE name = :name) AND c.journal = :journal::uuid AND d.readings > 0
ORDER BY name;
