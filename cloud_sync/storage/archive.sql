-- name: store()$
-- Where the archive is; null if there is none.
SELECT url FROM archive_store;

-- name: set_store(url, set_by)!
-- Where the archive is from now on.
INSERT INTO archive_store (url, set_by) VALUES (:url, :set_by)
ON CONFLICT (is_the_one) DO UPDATE SET url = excluded.url, set_by = excluded.set_by, set_at = clock_timestamp()
WHERE archive_store.url <> excluded.url;

-- name: gateways_with_holes()
-- Gateways whose journals the ledger does not know without a hole: what is missing may be of any month.
SELECT DISTINCT l.gateway_id
FROM lane_progress l
WHERE l.lane = 'readings' AND l.max_seq >= l.next_seq
  AND NOT EXISTS (SELECT FROM gateway_journal j
                  WHERE (j.gateway_id, j.journal) = (l.gateway_id, l.journal) AND j.standing <> 'trusted');

-- name: channels_of_month(began_at, ended_at)
-- The channels with readings of a month, and what of each stays in any case: its first and last readings ever, which say
-- since when it is known and what it says now; what lies beside an envelope; what was measured in an excursion and an hour
-- around. Not those with times that may still be corrected, nor versions by a doubted journal, nor those of which some of
-- this month is in the archive already.
SELECT c.id AS channel_id, c.gateway_id, g.name AS gateway, c.device, c.metric,
       (tstzmultirange(tstzrange(NULL, ends.first_at, '[]'), tstzrange(ends.last_at, NULL))
        + coalesce((SELECT range_agg(tstzrange(e.began_at, e.ended_at, '[]')) FROM envelope e
                    WHERE e.channel_id = c.id AND e.ended_at >= :began_at AND e.began_at < :ended_at), '{}')
        + coalesce((SELECT range_agg(tstzrange(e.began_at - interval '1 hour', e.ended_at + interval '1 hour', '[]'))
                    FROM (SELECT began_at, ended_at FROM probe_excursion x WHERE x.channel_id = c.id
                          UNION ALL SELECT began_at, ended_at FROM excursion y WHERE y.channel_id = c.id) e
                    WHERE e.began_at < :ended_at::timestamptz + interval '1 hour'
                      AND coalesce(e.ended_at, 'infinity') >= :began_at::timestamptz - interval '1 hour'), '{}'))::text AS stays
FROM (SELECT DISTINCT channel_id FROM reading WHERE at >= :began_at AND at < :ended_at) AS here
JOIN channel c ON c.id = here.channel_id
JOIN gateway g ON g.id = c.gateway_id
CROSS JOIN LATERAL (SELECT (SELECT f.at FROM reading f WHERE f.channel_id = c.id ORDER BY f.at LIMIT 1) AS first_at,
                           (SELECT l.at FROM reading l WHERE l.channel_id = c.id ORDER BY l.at DESC LIMIT 1) AS last_at) AS ends
WHERE c.version_of IS NULL
  AND NOT EXISTS (SELECT FROM reading u WHERE u.channel_id = c.id AND NOT u.synced AND u.said_at IS NULL)
  AND NOT EXISTS (SELECT FROM archive_part p WHERE p.channel_id = c.id AND NOT p.is_home
                  AND p.last_at >= :began_at AND p.last_at < :ended_at)
ORDER BY c.gateway_id, c.id;

-- name: with_instants(stays, instants)$
-- What stays, and these instants as well.
SELECT (:stays::tstzmultirange + coalesce(range_agg(tstzrange(at, at, '[]')), '{}'))::text
FROM unnest(:instants::timestamptz[]) AS i (at);

-- name: rows_that_leave(channel_id, began_at, ended_at, stays)
-- Readings of a channel in a month that may leave, in the order of time; microseconds since 1970.
SELECT (extract(epoch FROM at) * 1000000)::bigint AS at_us, seq, value, evidence_id
FROM reading
WHERE channel_id = :channel_id AND at >= :began_at AND at < :ended_at
  AND synced AND said_at IS NULL AND boot IS NULL AND NOT :stays::tstzmultirange @> at
ORDER BY at, seq, evidence_id;

-- name: marks(name, plan)
-- What the readings of a month that may leave come to, by channel.
SELECT channel_id, row_count, mark FROM archive_marks(:name, :plan::jsonb);

-- name: leave_month(name, plan)$
-- Let them leave; gives how many others stayed.
SELECT leave_month(:name, :plan::jsonb);

-- name: last_manifest()^
-- The newest manifest: its number, name and hash.
SELECT number, name, sha256 FROM archive_manifest ORDER BY number DESC LIMIT 1;

-- name: manifests()
-- All manifests, the oldest first.
SELECT number, name, sha256, made_at, made_by FROM archive_manifest ORDER BY number;

-- name: add_manifest(number, name, sha256, made_at, made_by)!
-- A manifest that was written.
INSERT INTO archive_manifest (number, name, sha256, made_at, made_by)
VALUES (:number, :name, :sha256, :made_at, :made_by);

-- name: add_file(manifest, name, month, gateway_id, row_count, bytes, footer_bytes, sha256, footer_sha256)$
-- A file that was written, read back and compared.
INSERT INTO archive_file (manifest, name, month, gateway_id, row_count, bytes, footer_bytes, sha256, footer_sha256)
VALUES (:manifest, :name, :month, :gateway_id, :row_count, :bytes, :footer_bytes, :sha256, :footer_sha256)
RETURNING id;

-- name: add_part(file_id, number, channel_id, first_at, last_at, row_count, byte_offset, bytes, sha256, is_home)*!
-- Its parts.
INSERT INTO archive_part (file_id, number, channel_id, first_at, last_at, row_count, byte_offset, bytes, sha256, is_home)
VALUES (:file_id, :number, :channel_id, :first_at, :last_at, :row_count, :byte_offset, :bytes, :sha256, :is_home);

-- name: files()
-- All files, by name: what each must be.
SELECT f.id, f.name, f.month, g.name AS gateway, f.row_count, f.bytes, f.footer_bytes, f.sha256, f.footer_sha256
FROM archive_file f JOIN gateway g ON g.id = f.gateway_id
ORDER BY f.name;

-- name: parts_of_file(file_id)
-- The parts of a file, in their order. Index: archive_part's key.
SELECT number, channel_id, row_count, byte_offset, bytes, sha256, is_home
FROM archive_part WHERE file_id = :file_id ORDER BY number;

-- name: months()
-- The archived months: files, readings and bytes, and how many of the readings are in the database again.
SELECT f.month, count(DISTINCT f.id) AS files, count(DISTINCT f.gateway_id) AS gateways, sum(p.row_count)::bigint AS readings,
       sum(p.bytes)::bigint AS bytes, coalesce(sum(p.row_count) FILTER (WHERE p.is_home), 0)::bigint AS home
FROM archive_file f JOIN archive_part p ON p.file_id = f.id
GROUP BY f.month ORDER BY f.month;

-- name: borders(channel_ids)
-- Until when readings of these channels have left the database, of those of which any have. Reading is named so that
-- none can leave until the transaction ends. Index: archive_part_away.
SELECT c.id AS channel_id, border.at AS border
FROM unnest(:channel_ids::bigint[]) AS c (id)
CROSS JOIN LATERAL (SELECT p.last_at AS at FROM archive_part p WHERE p.channel_id = c.id AND NOT p.is_home
                    ORDER BY p.last_at DESC LIMIT 1) AS border
LEFT JOIN reading r ON false;

-- name: parts_away(channel_ids, first, last)
-- The parts that hold what these channels measured between two instants, as far as it has left the database. Index:
-- archive_part_away.
SELECT p.file_id, p.number, p.channel_id, p.first_at, p.last_at, p.row_count, p.byte_offset, p.bytes, p.sha256, f.name,
       f.bytes AS file_bytes, f.footer_bytes, f.footer_sha256
FROM archive_part p JOIN archive_file f ON f.id = p.file_id
WHERE p.channel_id = ANY(:channel_ids) AND NOT p.is_home AND p.last_at >= :first AND p.first_at <= :last
ORDER BY p.channel_id, p.first_at, p.file_id, p.number
FOR SHARE OF p;

-- name: part_before(channel_id, at)$
-- When the part before the one at an instant begins; null if there is none.
SELECT first_at FROM archive_part
WHERE channel_id = :channel_id AND NOT is_home AND last_at < :at
ORDER BY last_at DESC LIMIT 1;

-- name: is_home(file_id, numbers)!
-- These parts are in the database again.
UPDATE archive_part SET is_home = true WHERE file_id = :file_id AND number = ANY(:numbers);

-- name: archived_channels_of_gateway(gateway_id)
-- The channels of a gateway of which readings have left the database.
SELECT DISTINCT c.id FROM channel c JOIN archive_part p ON p.channel_id = c.id AND NOT p.is_home
WHERE c.gateway_id = :gateway_id ORDER BY 1;

-- name: archived_months()
-- The months of which readings are in the archive.
SELECT DISTINCT f.month FROM archive_file f JOIN archive_part p ON p.file_id = f.id WHERE NOT p.is_home;

-- name: lock_parts(channel_id)
-- The parts of a channel that are away are nobody else's to bring back until the transaction ends.
SELECT file_id, number FROM archive_part WHERE channel_id = :channel_id AND NOT is_home ORDER BY 1, 2 FOR UPDATE;

-- name: has_readings_between(channel_id, first, last)$
-- Whether a channel measured after one instant and before another, as far as the database has it. Index: reading_channel_at.
SELECT EXISTS (SELECT FROM reading WHERE channel_id = :channel_id AND at > :first AND at < :last);

-- name: roll_up_channels(began_at, ended_at, channel_ids)!
-- Keep each hour of channels whose readings leave, envelopes included: all of the month is here still.
INSERT INTO reading_hour (channel_id, began_at, readings, lowest, mean, highest)
SELECT channel_id, hour, sum(readings), min(lowest), least(greatest(sum(total) / sum(readings), min(lowest)), max(highest)),
       max(highest)
FROM (SELECT channel_id, date_trunc('hour', at, 'UTC') AS hour, 1 AS readings, value AS lowest, value AS total,
             value AS highest
      FROM reading
      WHERE at >= :began_at AND at < :ended_at AND channel_id = ANY(:channel_ids)
      UNION ALL
      SELECT channel_id, date_trunc('hour', began_at, 'UTC'), left_readings, lowest, left_mean * left_readings, highest
      FROM envelope_now
      WHERE began_at >= :began_at AND began_at < :ended_at AND left_readings > 0 AND channel_id = ANY(:channel_ids)) AS known
GROUP BY 1, 2
ON CONFLICT (channel_id, began_at) DO UPDATE
SET readings = excluded.readings, lowest = excluded.lowest, mean = excluded.mean, highest = excluded.highest
WHERE NOT reading_hour.thinned;

-- name: archived_channels_named(gateway)
-- The same by the gateway's name.
SELECT DISTINCT c.id FROM gateway g JOIN channel c ON c.gateway_id = g.id JOIN archive_part p ON p.channel_id = c.id AND NOT p.is_home
WHERE g.name = :gateway ORDER BY 1;
