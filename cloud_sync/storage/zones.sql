-- name: time_in(zone)$
-- What clocks in a time zone show; an error if PostgreSQL does not know it. (Its list of names reads 600 files.)
SELECT now() AT TIME ZONE :zone;

-- name: zones_in_use()
-- Time zones that count in any place.
SELECT DISTINCT zone FROM place ORDER BY zone;

-- name: offsets(zone, first, days)
-- By how many seconds noon (UTC) of each of these days is ahead of UTC in a zone.
SELECT noon, extract(epoch FROM (noon AT TIME ZONE :zone) - (noon AT TIME ZONE 'UTC'))::int AS offset_s
FROM generate_series(:first::date + time '12:00' AT TIME ZONE 'UTC', :first::date + :days::int + time '12:00'
                     AT TIME ZONE 'UTC', interval '1 day') AS noon;

-- name: set_zone(place_id, zone)!
-- The time zone of a place and of all that stands in it. Index: place_ancestors.
UPDATE place SET zone = :zone, is_zone_known = true WHERE ancestors @> ARRAY[:place_id::bigint];

-- name: sites_without_zone()
-- Sites for which nobody has set a time zone.
SELECT name FROM place WHERE kind = 'site' AND NOT is_zone_known ORDER BY name;

-- name: open_expiry_cases(lot_id, place_id)
-- Open cases on issues of a lot, or from places at and below one, after its expiry. Index: exception_case_open.
SELECT k.id, k.key
FROM exception_case k JOIN movement m ON m.fact = k.key JOIN place p ON p.id = m.from_place
WHERE k.kind = 'issued_while_expired' AND k.resolved_at IS NULL
  AND (:lot_id::bigint IS NULL OR m.lot_id = :lot_id)
  AND (:place_id::bigint IS NULL OR p.ancestors @> ARRAY[:place_id::bigint])
ORDER BY k.id;
