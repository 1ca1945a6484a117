-- What people look at all day: sites, rooms, and what lies in them.

-- name: rooms(name)
-- Places where something may be kept or measured (the one of this name; null: all), with the site they stand in.
SELECT p.id, p.name, p.title, p.kind, site.name AS site, site.title AS site_title, site.zone, site.is_zone_known, p.policy
FROM place p
JOIN place site ON site.id = ANY(p.ancestors) AND site.kind = 'site'
WHERE (:name::text IS NULL OR p.name = :name)
  AND (p.kind IN ('room', 'ward', 'production', 'transit') OR EXISTS (SELECT FROM channel c WHERE c.place_id = p.id))
ORDER BY site.name, p.name;

-- name: lots_in_rooms()
-- How many lots lie at and below each room now.
SELECT inside.room_id AS place_id, count(*) AS lots
FROM (SELECT DISTINCT room.id AS room_id, b.lot_id
      FROM place room
      JOIN place p ON p.ancestors @> ARRAY[room.id]
      JOIN position b ON b.place_id = p.id AND b.quantity > 0
      WHERE room.kind IN ('room', 'ward', 'production', 'transit')
         OR EXISTS (SELECT FROM channel c WHERE c.place_id = room.id)) inside
GROUP BY inside.room_id;

-- name: held_in_rooms()
-- How many of the lots that lie at and below each place now are held there. Index: position's primary key.
WITH held AS MATERIALIZED (
    SELECT DISTINCT h.lot_id, h.place_id AS held_place FROM active_hold h
)
SELECT above.id AS place_id, count(DISTINCT held.lot_id) AS lots_held
FROM held
CROSS JOIN LATERAL (SELECT b.place_id FROM position b WHERE b.lot_id = held.lot_id AND b.quantity > 0 OFFSET 0) AS here
JOIN place p ON p.id = here.place_id
CROSS JOIN LATERAL unnest(p.ancestors) AS above (id)
WHERE hold_covers(held.held_place, here.place_id)
GROUP BY above.id;

-- name: channels_now(place_id, at, marks)
-- Channels of a place (null: of all) with their latest good and latest unusable reading, and what they measured at each
-- of these instants, null where that was more than an hour older. Index: those of reading by channel and time.
SELECT c.id, c.place_id, g.name AS gateway, c.device, c.metric, latest.at, latest.value, latest.synced,
       missed.at AS missed_at, missed.quality AS missed_quality,
       (SELECT array_agg((SELECT r.value FROM reading r
                          WHERE r.channel_id = c.id AND r.at <= mark.at AND r.at > mark.at - interval '1 hour'
                          ORDER BY r.at DESC LIMIT 1) ORDER BY mark.at)
        FROM unnest(:marks::timestamptz[]) AS mark (at)) AS history
FROM channel c
JOIN gateway g ON g.id = c.gateway_id
LEFT JOIN LATERAL (SELECT r.at, r.value, r.synced FROM reading r
                   WHERE r.channel_id = c.id AND r.at <= :at ORDER BY r.at DESC LIMIT 1) latest ON true
LEFT JOIN LATERAL (SELECT u.at, u.quality FROM unusable_reading u
                   WHERE (u.gateway_id, u.device) = (c.gateway_id, c.device) AND u.at <= :at ORDER BY u.at DESC LIMIT 1) missed ON true
WHERE c.place_id IS NOT NULL AND (:place_id::bigint IS NULL OR c.place_id = :place_id)
ORDER BY c.place_id, c.device, c.metric;

-- name: zones_of_sites()
-- The time zones of all sites whose zone somebody has said.
SELECT DISTINCT zone FROM place WHERE kind = 'site' AND is_zone_known;

-- name: open_excursions()
-- Excursions that are not over, by place.
SELECT e.id, e.place_id, e.rule, e.severity, e.began_at, e.worst FROM excursion e WHERE e.ended_at IS NULL ORDER BY e.began_at;

-- name: todo()^
-- What waits for somebody. Index: exception_case_open_kind, excursion_open.
SELECT (SELECT count(*) FROM exception_case WHERE resolved_at IS NULL) AS cases,
       (SELECT count(*) FROM exception_case WHERE kind = 'channel_not_judged' AND resolved_at IS NULL) AS channels_not_judged,
       (SELECT count(*) FROM excursion WHERE ended_at IS NULL) AS excursions_open;

-- name: exposure_queue(lots_max, rows_max)
-- Excursions that hold stock until somebody decides, those that are over first, then the oldest; and how many lots each
-- holds, counted up to so many. Index: exposure_pkey, residency_pkey.
SELECT e.id, p.name AS place, p.title AS place_title, p.zone, e.rule, e.severity, e.began_at, e.ended_at, e.worst, c.metric,
       held.lots
FROM excursion e
JOIN channel c ON c.id = e.channel_id
JOIN place p ON p.id = e.place_id
CROSS JOIN LATERAL (
    SELECT count(*) AS lots
    FROM (SELECT FROM (SELECT DISTINCT lot_id FROM exposure WHERE excursion_id = e.id) x
          WHERE EXISTS (SELECT FROM active_hold h
                        WHERE h.lot_id = x.lot_id AND h.kind = 'exposure' AND h.excursion_id = e.id OFFSET 0)
          LIMIT :lots_max) few) held
WHERE held.lots > 0
ORDER BY e.ended_at IS NULL, e.began_at
LIMIT :rows_max;

-- name: other_holds(rows_max)
-- What else holds stock: placed by people, by a case, by a recall.
SELECT h.kind, h.hold_id, h.lot_id, i.name AS item, i.title AS item_title, l.lot_number, h.serial, h.text, h.since,
       array_agg(DISTINCT p.name) FILTER (WHERE p.name IS NOT NULL) AS places
FROM active_hold h
JOIN lot l ON l.id = h.lot_id
JOIN item i ON i.id = l.item_id
LEFT JOIN place p ON p.id = h.place_id
WHERE h.kind <> 'exposure'
GROUP BY h.kind, h.hold_id, h.lot_id, i.id, l.id, h.serial, h.text, h.since
ORDER BY h.since NULLS FIRST, h.lot_id
LIMIT :rows_max;

-- name: lots_of_event(excursion_id)
-- The lots that an excursion exposed: where the exposed goods are now, whether they are held for it, the latest decision.
SELECT x.lot_id, i.name AS item, i.title AS item_title, i.base_unit, i.controlled_schedule, l.lot_number, l.expires_on,
       l.owner, min(x.since) AS since,
       EXISTS (SELECT FROM disposition d WHERE (d.excursion_id, d.lot_id) = (x.excursion_id, x.lot_id)
               AND d.decision <> 'release') AS was_rejected,
       (SELECT jsonb_agg(jsonb_build_object('name', p.name, 'title', p.title, 'kind', p.kind, 'quantity', b.quantity)
                         ORDER BY p.name)
        FROM (SELECT DISTINCT y.place_id FROM exposure y
              JOIN residency r ON (r.lot_id, r.place_id, r.serial, r.began_at)
                                  = (y.lot_id, y.place_id, y.serial, y.residency_began_at)
              WHERE (y.excursion_id, y.lot_id) = (x.excursion_id, x.lot_id) AND r.ended_at IS NULL) at
        JOIN place p ON p.id = at.place_id
        JOIN LATERAL (SELECT sum(quantity)::bigint AS quantity FROM position
                      WHERE (lot_id, place_id) = (x.lot_id, p.id)) b ON true) AS places,
       EXISTS (SELECT FROM active_hold h
               WHERE h.kind = 'exposure' AND (h.lot_id, h.excursion_id) = (x.lot_id, x.excursion_id)) AS is_held,
       decided.decision, decided.reason, decided.decided_by, decided.decided_at
FROM exposure x
JOIN lot l ON l.id = x.lot_id
JOIN item i ON i.id = l.item_id
LEFT JOIN LATERAL (SELECT d.decision, d.reason, d.decided_by, d.decided_at FROM disposition d
                   WHERE (d.excursion_id, d.lot_id) = (x.excursion_id, x.lot_id) ORDER BY d.id DESC LIMIT 1) decided ON true
WHERE x.excursion_id = :excursion_id
GROUP BY x.excursion_id, x.lot_id, i.id, l.id, decided.decision, decided.reason, decided.decided_by, decided.decided_at
ORDER BY i.name, l.lot_number;

-- name: lots_in_house(sort, is_descending, state, rows_max, rows_skipped)
-- Ids of lots by expiry ('expires_on') or by number ('lot_number'), those of one state ('free', 'none here'; '': all that are in
-- the house); lots without expiry come last. Index: lot_expiry, lot_number, position's primary key.
SELECT listed.id
FROM (
    (SELECT l.id, row_number() OVER (ORDER BY l.expires_on, l.id) AS nr FROM lot l
     WHERE :sort = 'expires_on' AND NOT :is_descending
       AND (CASE WHEN :state = 'none here' THEN (SELECT true FROM position b JOIN place p ON p.id = b.place_id
                      WHERE b.lot_id = l.id AND b.quantity > 0 AND p.kind IN ('site', 'room', 'bin') LIMIT 1) IS NULL
                ELSE (SELECT true FROM position b JOIN place p ON p.id = b.place_id
                      WHERE b.lot_id = l.id AND b.quantity > 0 AND p.kind IN ('site', 'room', 'bin') LIMIT 1) IS NOT NULL
                     AND (:state = '' OR (SELECT true FROM active_hold h WHERE h.lot_id = l.id LIMIT 1) IS NULL) END)
     ORDER BY l.expires_on, l.id LIMIT :rows_max + :rows_skipped)
    UNION ALL
    (SELECT l.id, row_number() OVER (ORDER BY l.expires_on DESC, l.id DESC) AS nr FROM lot l
     WHERE :sort = 'expires_on' AND :is_descending AND l.expires_on IS NOT NULL
       AND (CASE WHEN :state = 'none here' THEN (SELECT true FROM position b JOIN place p ON p.id = b.place_id
                      WHERE b.lot_id = l.id AND b.quantity > 0 AND p.kind IN ('site', 'room', 'bin') LIMIT 1) IS NULL
                ELSE (SELECT true FROM position b JOIN place p ON p.id = b.place_id
                      WHERE b.lot_id = l.id AND b.quantity > 0 AND p.kind IN ('site', 'room', 'bin') LIMIT 1) IS NOT NULL
                     AND (:state = '' OR (SELECT true FROM active_hold h WHERE h.lot_id = l.id LIMIT 1) IS NULL) END)
     ORDER BY l.expires_on DESC, l.id DESC LIMIT :rows_max + :rows_skipped)
    UNION ALL
    (SELECT l.id, 1000000000 + row_number() OVER (ORDER BY l.id DESC) AS nr FROM lot l
     WHERE :sort = 'expires_on' AND :is_descending AND l.expires_on IS NULL
       AND (CASE WHEN :state = 'none here' THEN (SELECT true FROM position b JOIN place p ON p.id = b.place_id
                      WHERE b.lot_id = l.id AND b.quantity > 0 AND p.kind IN ('site', 'room', 'bin') LIMIT 1) IS NULL
                ELSE (SELECT true FROM position b JOIN place p ON p.id = b.place_id
                      WHERE b.lot_id = l.id AND b.quantity > 0 AND p.kind IN ('site', 'room', 'bin') LIMIT 1) IS NOT NULL
                     AND (:state = '' OR (SELECT true FROM active_hold h WHERE h.lot_id = l.id LIMIT 1) IS NULL) END)
     ORDER BY l.id DESC LIMIT :rows_max + :rows_skipped)
    UNION ALL
    (SELECT l.id, row_number() OVER (ORDER BY l.lot_number, l.id) AS nr FROM lot l
     WHERE :sort = 'lot_number' AND NOT :is_descending
       AND (CASE WHEN :state = 'none here' THEN (SELECT true FROM position b JOIN place p ON p.id = b.place_id
                      WHERE b.lot_id = l.id AND b.quantity > 0 AND p.kind IN ('site', 'room', 'bin') LIMIT 1) IS NULL
                ELSE (SELECT true FROM position b JOIN place p ON p.id = b.place_id
                      WHERE b.lot_id = l.id AND b.quantity > 0 AND p.kind IN ('site', 'room', 'bin') LIMIT 1) IS NOT NULL
                     AND (:state = '' OR (SELECT true FROM active_hold h WHERE h.lot_id = l.id LIMIT 1) IS NULL) END)
     ORDER BY l.lot_number, l.id LIMIT :rows_max + :rows_skipped)
    UNION ALL
    (SELECT l.id, row_number() OVER (ORDER BY l.lot_number DESC, l.id DESC) AS nr FROM lot l
     WHERE :sort = 'lot_number' AND :is_descending
       AND (CASE WHEN :state = 'none here' THEN (SELECT true FROM position b JOIN place p ON p.id = b.place_id
                      WHERE b.lot_id = l.id AND b.quantity > 0 AND p.kind IN ('site', 'room', 'bin') LIMIT 1) IS NULL
                ELSE (SELECT true FROM position b JOIN place p ON p.id = b.place_id
                      WHERE b.lot_id = l.id AND b.quantity > 0 AND p.kind IN ('site', 'room', 'bin') LIMIT 1) IS NOT NULL
                     AND (:state = '' OR (SELECT true FROM active_hold h WHERE h.lot_id = l.id LIMIT 1) IS NULL) END)
     ORDER BY l.lot_number DESC, l.id DESC LIMIT :rows_max + :rows_skipped)
) listed
ORDER BY listed.nr
LIMIT :rows_max OFFSET :rows_skipped;

-- name: lots_found(words, after_words, rows_max, rows_skipped)
-- Ids of lots by what a person types: the beginning of a lot number (capitals or not; after_words is the first text beyond
-- all that begin so), a part of an item's name or title, or a GTIN. Those that expire first come first. Index: lot_words,
-- lot_fefo.
SELECT l.id
FROM lot l
WHERE l.id = ANY(ARRAY(
    (SELECT id FROM lot
     WHERE lower(lot_number) COLLATE "C" >= lower(:words) AND lower(lot_number) COLLATE "C" < lower(:after_words)
     ORDER BY expires_on, id LIMIT :rows_max + :rows_skipped)
    UNION
    (SELECT of.id FROM item i
     CROSS JOIN LATERAL (SELECT id FROM lot WHERE item_id = i.id ORDER BY expires_on, id
                         LIMIT :rows_max + :rows_skipped) of
     WHERE strpos(lower(i.name), lower(:words)) > 0 OR strpos(lower(i.title), lower(:words)) > 0
        OR i.id IN (SELECT g.item_id FROM item_gtin g WHERE g.gtin = lpad(:words, 14, '0')))))
ORDER BY l.expires_on, l.id
LIMIT :rows_max OFFSET :rows_skipped;

-- name: lots_matching(words, state, sort, is_descending, rows_max, rows_skipped)
-- Ids of lots by the words of lots_found ('': all) and by state ('held', 'free', 'none here'; '': any; without words only what is in
-- the house), in the order of item, owner, lot_number or expires_on. Every lot that the words match is sorted; what is in the house
-- is looked up in that order, and whether what was exposed is still held, until the page is full.
SELECT sorted.id
FROM (
    SELECT l.id
    FROM lot l
    JOIN item i ON i.id = l.item_id
    WHERE (:words = ''
           OR starts_with(lower(l.lot_number), lower(:words))
           OR strpos(lower(i.name), lower(:words)) > 0 OR strpos(lower(i.title), lower(:words)) > 0
           OR i.id IN (SELECT g.item_id FROM item_gtin g WHERE g.gtin = lpad(:words, 14, '0')))
      AND (:state <> 'held' OR l.id = ANY(ARRAY(SELECT x.lot_id FROM exposure x
                                                UNION SELECT h.lot_id FROM active_hold h WHERE h.kind <> 'exposure')))
    ORDER BY CASE WHEN NOT :is_descending THEN
                 CASE :sort WHEN 'item' THEN lower(coalesce(nullif(i.title, ''), i.name)) WHEN 'owner' THEN l.owner
                            WHEN 'lot_number' THEN l.lot_number END END,
             CASE WHEN :is_descending THEN
                 CASE :sort WHEN 'item' THEN lower(coalesce(nullif(i.title, ''), i.name)) WHEN 'owner' THEN l.owner
                            WHEN 'lot_number' THEN l.lot_number END END DESC,
             CASE WHEN :is_descending AND :sort = 'expires_on' THEN l.expires_on END DESC NULLS LAST,
             l.expires_on, l.id
    OFFSET 0) sorted
WHERE (:state NOT IN ('free', 'none here') AND (:words <> '' OR :state = 'held')
       OR (:state = 'none here')
          = ((SELECT true FROM position b JOIN place p ON p.id = b.place_id
              WHERE b.lot_id = sorted.id AND b.quantity > 0 AND p.kind IN ('site', 'room', 'bin') LIMIT 1) IS NULL))
  AND (:state NOT IN ('free', 'held')
       OR (:state = 'free') = ((SELECT true FROM active_hold h WHERE h.lot_id = sorted.id LIMIT 1) IS NULL))
LIMIT :rows_max OFFSET :rows_skipped;

-- name: stock_listed(place_id, lot_ids, is_descending, rows_max, rows_skipped)
-- Stock at and below a place (null: in the house) of these lots (null: of all), place by place, with all that blocks it. Index:
-- place's names, position_place, position's primary key.
WITH candidate AS MATERIALIZED (
    SELECT * FROM (
    (SELECT b.lot_id, b.serial, b.place_id, b.quantity, l.lot_number, l.owner, l.expires_on,
            expires_at(l.expires_on, l.expires_hour, l.expires_exactly, p.zone) AS expires_at, p.zone, i.expiry_required,
            i.name AS item, p.name AS place, p.title AS place_title, l.received_at
     FROM place p
     CROSS JOIN LATERAL (SELECT * FROM position WHERE place_id = p.id AND quantity <> 0 OFFSET 0) AS b
     JOIN lot l ON l.id = b.lot_id
     JOIN item i ON i.id = l.item_id
     WHERE NOT :is_descending AND :lot_ids::bigint[] IS NULL AND p.kind IN ('site', 'room', 'bin', 'ward', 'production', 'transit')
       AND (:place_id::bigint IS NULL OR p.ancestors @> ARRAY[:place_id::bigint])
     ORDER BY p.name, i.name, l.expires_on NULLS LAST, l.id, b.serial
     LIMIT :rows_max + :rows_skipped)
    UNION ALL
    (SELECT b.lot_id, b.serial, b.place_id, b.quantity, l.lot_number, l.owner, l.expires_on,
            expires_at(l.expires_on, l.expires_hour, l.expires_exactly, p.zone) AS expires_at, p.zone, i.expiry_required,
            i.name AS item, p.name AS place, p.title AS place_title, l.received_at
     FROM place p
     CROSS JOIN LATERAL (SELECT * FROM position WHERE place_id = p.id AND quantity <> 0 OFFSET 0) AS b
     JOIN lot l ON l.id = b.lot_id
     JOIN item i ON i.id = l.item_id
     WHERE :is_descending AND :lot_ids::bigint[] IS NULL AND p.kind IN ('site', 'room', 'bin', 'ward', 'production', 'transit')
       AND (:place_id::bigint IS NULL OR p.ancestors @> ARRAY[:place_id::bigint])
     ORDER BY p.name DESC, i.name, l.expires_on NULLS LAST, l.id, b.serial
     LIMIT :rows_max + :rows_skipped)
    UNION ALL
    (SELECT b.lot_id, b.serial, b.place_id, b.quantity, l.lot_number, l.owner, l.expires_on,
            expires_at(l.expires_on, l.expires_hour, l.expires_exactly, p.zone) AS expires_at, p.zone, i.expiry_required,
            i.name AS item, p.name AS place, p.title AS place_title, l.received_at
     FROM unnest(:lot_ids::bigint[]) AS wanted (lot_id)
     CROSS JOIN LATERAL (SELECT * FROM position WHERE lot_id = wanted.lot_id AND quantity <> 0 OFFSET 0) AS b
     JOIN place p ON p.id = b.place_id
     JOIN lot l ON l.id = b.lot_id
     JOIN item i ON i.id = l.item_id
     WHERE p.kind IN ('site', 'room', 'bin', 'ward', 'production', 'transit')
       AND (:place_id::bigint IS NULL OR p.ancestors @> ARRAY[:place_id::bigint]))
    ) found
    ORDER BY CASE WHEN NOT :is_descending THEN place END, CASE WHEN :is_descending THEN place END DESC, item,
             expires_on NULLS LAST, lot_id, serial
    LIMIT :rows_max OFFSET :rows_skipped
)
SELECT c.*,
       coalesce((SELECT sum(v.quantity) FROM reservation v
                 WHERE v.ended_at IS NULL AND (v.lot_id, v.place_id, v.serial) = (c.lot_id, c.place_id, c.serial)),
                0)::bigint AS reserved,
       coalesce((SELECT jsonb_agg(jsonb_build_object('kind', h.kind, 'text', h.text) ORDER BY h.kind, h.text)
                 FROM active_hold h
                 WHERE h.lot_id = c.lot_id AND coalesce(h.serial = c.serial, true)
                   AND hold_covers(h.place_id, c.place_id)), '[]') AS holds
FROM candidate c
ORDER BY CASE WHEN NOT :is_descending THEN place END, CASE WHEN :is_descending THEN place END DESC, item,
         expires_on NULLS LAST, lot_id, serial;

-- name: movements_listed(lot_ids, action, is_descending, rows_max, rows_skipped)
-- Movements of these lots (null: of all), of one action ('': any), by when they happened. Index: movement_occurred, movement_out.
SELECT m.id, m.lot_id, i.name AS item, l.lot_number, m.serial, m.quantity, f.name AS from_place, t.name AS to_place,
       m.occurred_at, m.action, m.operator, m.order_ref
FROM (
    (SELECT m.* FROM movement m WHERE NOT :is_descending AND :lot_ids::bigint[] IS NULL AND (:action = '' OR m.action = :action)
     ORDER BY m.occurred_at, m.id LIMIT :rows_max + :rows_skipped)
    UNION ALL
    (SELECT m.* FROM movement m WHERE :is_descending AND :lot_ids::bigint[] IS NULL AND (:action = '' OR m.action = :action)
     ORDER BY m.occurred_at DESC, m.id DESC LIMIT :rows_max + :rows_skipped)
    UNION ALL
    (SELECT m.* FROM unnest(:lot_ids::bigint[]) AS wanted (lot_id)
     CROSS JOIN LATERAL (SELECT * FROM movement WHERE lot_id = wanted.lot_id OFFSET 0) AS m WHERE NOT :is_descending AND (:action = '' OR m.action = :action)
     ORDER BY m.occurred_at, m.id LIMIT :rows_max + :rows_skipped)
    UNION ALL
    (SELECT m.* FROM unnest(:lot_ids::bigint[]) AS wanted (lot_id)
     CROSS JOIN LATERAL (SELECT * FROM movement WHERE lot_id = wanted.lot_id OFFSET 0) AS m WHERE :is_descending AND (:action = '' OR m.action = :action)
     ORDER BY m.occurred_at DESC, m.id DESC LIMIT :rows_max + :rows_skipped)
) m
CROSS JOIN LATERAL (SELECT item_id, lot_number FROM lot WHERE id = m.lot_id OFFSET 0) AS l
JOIN item i ON i.id = l.item_id
JOIN place f ON f.id = m.from_place
JOIN place t ON t.id = m.to_place
ORDER BY CASE WHEN NOT :is_descending THEN m.occurred_at END, CASE WHEN :is_descending THEN m.occurred_at END DESC,
         CASE WHEN :is_descending THEN -m.id ELSE m.id END
LIMIT :rows_max OFFSET :rows_skipped;

-- name: case_kinds()
-- Every kind of which there is a case, one look at the index for each. Index: exception_case_key.
WITH RECURSIVE found AS (
    (SELECT kind FROM exception_case ORDER BY kind LIMIT 1)
    UNION ALL
    SELECT (SELECT k.kind FROM exception_case k WHERE k.kind > found.kind ORDER BY k.kind LIMIT 1) FROM found
    WHERE found.kind IS NOT NULL
)
SELECT kind FROM found WHERE kind IS NOT NULL ORDER BY kind;

-- name: cases_listed(only_open, state, kind, words, sort, is_descending, rows_max, rows_skipped)
-- Exception cases of one state ('open', 'closed'; '': any) and kind ('': any) with these words, by kind, place, opened_at, assignee or
-- age_s, else the oldest first. Reads all that match if it has to sort them. Index: exception_case_open_kind, its primary key.
SELECT k.id, k.kind, k.text, k.lot_id, (SELECT l.lot_number FROM lot l WHERE l.id = k.lot_id) AS lot_number,
       p.name AS place, k.opened_at, k.assignee,
       extract(epoch FROM coalesce(k.resolved_at, clock_timestamp()) - k.opened_at)::double precision AS age_s,
       k.resolved_at, k.resolved_by, k.decision, k.resolution
FROM (
    (SELECT x.* FROM exception_case x
     WHERE :sort = '' AND (NOT :only_open OR x.resolved_at IS NULL) AND (:kind = '' OR x.kind = :kind)
       AND (:state = '' OR (x.resolved_at IS NULL) = (:state = 'open'))
       AND (:words = '' OR strpos(lower(x.text || ' ' || coalesce(x.resolution, '')), lower(:words)) > 0)
     ORDER BY x.id LIMIT :rows_max + :rows_skipped)
    UNION ALL
    (SELECT x.* FROM exception_case x
     WHERE :sort <> '' AND (NOT :only_open OR x.resolved_at IS NULL) AND (:kind = '' OR x.kind = :kind)
       AND (:state = '' OR (x.resolved_at IS NULL) = (:state = 'open'))
       AND (:words = '' OR strpos(lower(x.text || ' ' || coalesce(x.resolution, '')), lower(:words)) > 0))
) k
LEFT JOIN place p ON p.id = k.place_id
ORDER BY CASE WHEN NOT :is_descending
                  THEN CASE :sort WHEN 'kind' THEN k.kind WHEN 'place' THEN p.name WHEN 'assignee' THEN k.assignee
                       WHEN 'opened_at' THEN to_char(k.opened_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS')
                       WHEN 'age_s' THEN lpad(extract(epoch FROM coalesce(k.resolved_at, clock_timestamp()) - k.opened_at)::bigint::text, 12, '0') END
                  END NULLS LAST,
         CASE WHEN :is_descending
                  THEN CASE :sort WHEN 'kind' THEN k.kind WHEN 'place' THEN p.name WHEN 'assignee' THEN k.assignee
                       WHEN 'opened_at' THEN to_char(k.opened_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS')
                       WHEN 'age_s' THEN lpad(extract(epoch FROM coalesce(k.resolved_at, clock_timestamp()) - k.opened_at)::bigint::text, 12, '0') END
                  END DESC NULLS LAST,
         k.id
LIMIT :rows_max OFFSET :rows_skipped;

-- name: excursions_listed(words, sort, is_descending, rows_max, rows_skipped)
-- Excursions whose place, rule, gateway or device has these words ('': all), by place, rule, severity or how long they lasted
-- ('minutes'), else by when they began ('began_at'; backwards: the latest first). Index: excursion_began.
SELECT e.id, e.id AS excursion_id, g.name AS gateway, c.device, c.metric, p.name AS place, e.rule, e.began_at, e.ended_at, e.worst,
       e.severity, (SELECT count(DISTINCT x.lot_id) FROM exposure x WHERE x.excursion_id = e.id) AS lots_exposed
FROM (
        (SELECT x.* FROM excursion x
         WHERE :sort = 'began_at' AND :is_descending
           AND (:words = '' OR (SELECT strpos(lower(concat_ws(' ', p.name, p.title, x.rule, g.name, c.device)), lower(:words)) > 0
                               FROM place p, channel c JOIN gateway g ON g.id = c.gateway_id
                               WHERE p.id = x.place_id AND c.id = x.channel_id))
         ORDER BY x.began_at DESC, x.id DESC LIMIT :rows_max OFFSET :rows_skipped)
        UNION ALL
        (SELECT x.* FROM excursion x
         WHERE :sort = 'began_at' AND NOT :is_descending
           AND (:words = '' OR (SELECT strpos(lower(concat_ws(' ', p.name, p.title, x.rule, g.name, c.device)), lower(:words)) > 0
                               FROM place p, channel c JOIN gateway g ON g.id = c.gateway_id
                               WHERE p.id = x.place_id AND c.id = x.channel_id))
         ORDER BY x.began_at, x.id LIMIT :rows_max OFFSET :rows_skipped)
        UNION ALL
        (SELECT x.* FROM excursion x JOIN place p ON p.id = x.place_id
         JOIN channel c ON c.id = x.channel_id JOIN gateway g ON g.id = c.gateway_id
         WHERE :sort <> 'began_at'
           AND (:words = '' OR strpos(lower(concat_ws(' ', p.name, p.title, x.rule, g.name, c.device)), lower(:words)) > 0)
         ORDER BY CASE WHEN NOT :is_descending
                  THEN CASE :sort WHEN 'place' THEN p.name WHEN 'rule' THEN x.rule WHEN 'severity' THEN x.severity
                       WHEN 'minutes' THEN lpad(extract(epoch FROM x.ended_at - x.began_at)::bigint::text, 12, '0') END
                  END NULLS LAST,
                  CASE WHEN :is_descending
                  THEN CASE :sort WHEN 'place' THEN p.name WHEN 'rule' THEN x.rule WHEN 'severity' THEN x.severity
                       WHEN 'minutes' THEN lpad(extract(epoch FROM x.ended_at - x.began_at)::bigint::text, 12, '0') END
                  END DESC NULLS LAST,
                  x.began_at DESC, x.id DESC
         LIMIT :rows_max OFFSET :rows_skipped)
) e
JOIN channel c ON c.id = e.channel_id
JOIN gateway g ON g.id = c.gateway_id
JOIN place p ON p.id = e.place_id
ORDER BY CASE WHEN :sort = 'began_at' AND NOT :is_descending THEN e.began_at END,
         CASE WHEN :sort = 'began_at' AND :is_descending THEN e.began_at END DESC,
         CASE WHEN NOT :is_descending
                  THEN CASE :sort WHEN 'place' THEN p.name WHEN 'rule' THEN e.rule WHEN 'severity' THEN e.severity
                       WHEN 'minutes' THEN lpad(extract(epoch FROM e.ended_at - e.began_at)::bigint::text, 12, '0') END
                  END NULLS LAST,
         CASE WHEN :is_descending
                  THEN CASE :sort WHEN 'place' THEN p.name WHEN 'rule' THEN e.rule WHEN 'severity' THEN e.severity
                       WHEN 'minutes' THEN lpad(extract(epoch FROM e.ended_at - e.began_at)::bigint::text, 12, '0') END
                  END DESC NULLS LAST,
         e.began_at DESC, e.id DESC;

-- name: lots_shown(lot_ids)
-- Lots as lists show them, those that expire first first, with what is in the house of each. LIMIT 1 lets holds be looked up
-- lot by lot.
SELECT l.id, i.name AS item, i.title AS item_title, i.base_unit, l.lot_number, l.owner, l.expires_on,
       coalesce(stock.quantity, 0)::bigint AS quantity, stock.places,
       (SELECT true FROM active_hold h WHERE h.lot_id = l.id LIMIT 1) IS NOT NULL AS is_held
FROM lot l
JOIN item i ON i.id = l.item_id
LEFT JOIN LATERAL (SELECT sum(b.quantity) AS quantity, array_agg(DISTINCT p.name) AS places
                   FROM position b JOIN place p ON p.id = b.place_id
                   WHERE b.lot_id = l.id AND b.quantity > 0 AND p.kind IN ('site', 'room', 'bin')) stock ON true
WHERE l.id = ANY(:lot_ids)
ORDER BY l.expires_on, l.id;

-- name: returned_goods(rows_max)
-- What came back from recipients and waits for quality's decision, where it is now. Index: hold_lot.
SELECT h.id AS hold_id, h.lot_id, i.name AS item, i.title AS item_title, l.lot_number, h.serial, h.reason AS text,
       h.placed_at AS since,
       (SELECT array_agg(DISTINCT p.name ORDER BY p.name)
        FROM hold_reach r
        JOIN position b ON (b.lot_id, b.place_id, b.serial) = (r.lot_id, r.place_id, r.serial) AND b.quantity > 0
        JOIN place p ON p.id = b.place_id AND p.kind IN ('site', 'room', 'bin')
        WHERE r.hold_id = h.id) AS places
FROM (SELECT * FROM hold WHERE lifted_at IS NULL ORDER BY lot_id) h
JOIN lot l ON l.id = h.lot_id
JOIN item i ON i.id = l.item_id
WHERE h.origin = 'return'
ORDER BY h.id
LIMIT :rows_max;

-- name: waiting_for_destruction(today, rows_max)
-- Stock in the house that quality rejected or wants destroyed, or that has expired, those decided first. Index:
-- lot_expiry, position's primary key.
WITH unwanted AS (
    SELECT d.lot_id, max(d.decision) AS why FROM disposition d WHERE d.decision <> 'release' GROUP BY d.lot_id
    UNION ALL
    (SELECT l.id, 'expired' FROM lot l
     WHERE l.expires_on < :today
       AND EXISTS (SELECT FROM position b JOIN place p ON p.id = b.place_id
                   WHERE b.lot_id = l.id AND b.quantity > 0 AND p.kind IN ('site', 'room', 'bin') LIMIT 1)
     ORDER BY l.expires_on, l.id LIMIT :rows_max)
)
SELECT u.lot_id, i.name AS item, i.title AS item_title, i.base_unit, l.lot_number, l.owner, l.expires_on, b.serial,
       p.name AS place, b.quantity::bigint AS quantity, u.why
FROM unwanted u
JOIN lot l ON l.id = u.lot_id
JOIN item i ON i.id = l.item_id
JOIN position b ON b.lot_id = l.id AND b.quantity > 0
JOIN place p ON p.id = b.place_id AND p.kind IN ('site', 'room', 'bin')
ORDER BY u.why = 'expired', l.expires_on, l.id, p.name, b.serial
LIMIT :rows_max;

-- name: stock_to_expire(until, rows_max)
-- What is in the house of lots that expire before a day, by place, those that expire first first. Index: lot_expiry, position's
-- primary key.
SELECT l.id AS lot_id, l.item_id, i.name AS item, i.title AS item_title, i.base_unit, l.lot_number, l.owner, l.expires_on,
       p.name AS place, p.title AS place_title, p.zone, sum(b.quantity)::bigint AS quantity,
       EXISTS (SELECT FROM active_hold h WHERE h.lot_id = l.id AND hold_covers(h.place_id, p.id)) AS is_held
FROM (SELECT id, item_id, lot_number, owner, expires_on FROM lot WHERE expires_on < :until
      AND EXISTS (SELECT FROM position b JOIN place p ON p.id = b.place_id
                  WHERE b.lot_id = lot.id AND b.quantity > 0 AND p.kind IN ('site', 'room', 'bin') LIMIT 1)
      ORDER BY expires_on, id LIMIT :rows_max) l
JOIN item i ON i.id = l.item_id
JOIN position b ON b.lot_id = l.id AND b.quantity > 0
JOIN place p ON p.id = b.place_id AND p.kind IN ('site', 'room', 'bin')
GROUP BY l.id, l.item_id, i.id, l.lot_number, l.owner, l.expires_on, p.id
ORDER BY l.expires_on, l.id, p.name;

-- name: used_of_items(item_ids, since)
-- Base units of each of these items that were issued or used up since. Index: lot_fefo, movement_out.
SELECT l.item_id, sum(m.quantity)::bigint AS used
FROM lot l
JOIN movement m ON m.lot_id = l.id
WHERE l.item_id = ANY(:item_ids) AND m.occurred_at >= :since AND m.action IN ('dispense', 'ship', 'consume')
GROUP BY l.item_id;

-- name: residents_between(place_id, since, until, came_from, is_descending, rows_max, rows_skipped)
-- Lots that were at and below a place between two instants and came from a third one on, by when they came. Index: residency_place.
SELECT r.lot_id, i.name AS item, i.title AS item_title, l.lot_number, r.serial, p.name AS place, r.began_at, r.ended_at
FROM (SELECT lot_id, serial, place_id, began_at, ended_at
      FROM residency
      WHERE place_id = ANY(ARRAY(SELECT id FROM place WHERE ancestors @> ARRAY[:place_id::bigint]))
        AND began_at >= :came_from AND began_at < :until AND (ended_at IS NULL OR ended_at >= :since)
      ORDER BY CASE WHEN :is_descending THEN began_at END DESC, CASE WHEN NOT :is_descending THEN began_at END, lot_id
      LIMIT :rows_max OFFSET :rows_skipped) r
JOIN lot l ON l.id = r.lot_id
JOIN item i ON i.id = l.item_id
JOIN place p ON p.id = r.place_id
ORDER BY CASE WHEN :is_descending THEN r.began_at END DESC, CASE WHEN NOT :is_descending THEN r.began_at END, r.lot_id;

-- name: positions_about()$
-- About how many positions the ledger has, as the database last counted them.
SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'position'::regclass;
