-- What papers show beyond what pages and the API read.

-- name: site_of_place(name)^
-- The site in which a place stands (or which it is), and how that site writes; zone of the place where nothing else is known.
SELECT p.name AS place, p.title AS place_title, p.kind, p.zone, s.name AS site, s.title AS site_title
FROM place p
LEFT JOIN place s ON s.id = ANY(p.ancestors) AND s.kind = 'site'
WHERE p.name = :name;

-- name: sites()
-- All sites.
SELECT name, title, zone, is_zone_known FROM place WHERE kind = 'site' ORDER BY name;

-- name: rule_of_excursion(excursion_id)^
-- The policy that was in force where and when an excursion began, and its rule of that name.
SELECT s.policy, y.body, r.rule
FROM excursion e
JOIN place p ON p.id = e.place_id
JOIN LATERAL (SELECT s.policy, a.depth FROM unnest(p.ancestors) WITH ORDINALITY AS a (place_id, depth)
              JOIN policy_spell s ON s.place_id = a.place_id AND s.since <= e.began_at AND s.until > e.began_at
              WHERE s.policy IS NOT NULL) s ON true
JOIN policy y ON y.name = s.policy
CROSS JOIN LATERAL jsonb_array_elements(y.body -> 'rules') AS r (rule)
WHERE e.id = :excursion_id AND r.rule ->> 'name' = e.rule
ORDER BY s.depth DESC
LIMIT 1;

-- name: site_formats(site)
-- How the papers of a site (or of each site) are written; the defaults where nobody has said it.
SELECT s.name AS site, s.title, s.zone, coalesce(f.language, 'en-GB') AS language, coalesce(f.temperature, 'C') AS temperature,
       coalesce(f.page, 'a4') AS page
FROM place s LEFT JOIN site_format f ON f.place_id = s.id
WHERE s.kind = 'site' AND (:site::text IS NULL OR s.name = :site)
ORDER BY s.name;

-- name: set_site_format(site, language, temperature, page, set_by)!
-- Say how the papers of a site are written.
INSERT INTO site_format (place_id, language, temperature, page, set_by)
SELECT id, :language, :temperature, :page, :set_by FROM place WHERE name = :site
ON CONFLICT (place_id) DO UPDATE SET language = excluded.language, temperature = excluded.temperature, page = excluded.page,
                                     set_by = excluded.set_by, set_at = clock_timestamp();

-- name: metrics_of_excursions(ids)
-- What was measured in each of these excursions.
SELECT e.id, c.metric FROM excursion e JOIN channel c ON c.id = e.channel_id WHERE e.id = ANY(:ids);

-- name: place_titles(names)
-- What people call places.
SELECT name, title FROM place WHERE name = ANY(:names);

-- name: units_of_items(names)
-- What items are called, and what their quantities count.
SELECT name, title, base_unit FROM item WHERE name = ANY(:names);

-- name: channel_of_excursion(excursion_id)$
-- The channel whose values an excursion is told by.
SELECT channel_id FROM excursion WHERE id = :excursion_id;

-- name: lot(lot_id)^
-- A lot with what its item is called.
SELECT l.id, i.name AS item, i.title AS item_title, i.base_unit, i.ndc, l.lot_number, l.owner, l.expires_on,
       lot_expires_at(l) AS expires_at
FROM lot l JOIN item i ON i.id = l.item_id
WHERE l.id = :lot_id;

-- name: last_place_of_lot(lot_id)$
-- A place inside of a site where a lot is, or was last. Index: residency's primary key.
SELECT p.name
FROM residency r
JOIN place p ON p.id = r.place_id
WHERE r.lot_id = :lot_id AND EXISTS (SELECT FROM place s WHERE s.id = ANY(p.ancestors) AND s.kind = 'site')
ORDER BY r.ended_at DESC NULLS FIRST, r.began_at DESC, p.name
LIMIT 1;

-- name: items(names)
-- Items by name, with a GTIN of theirs.
SELECT i.name, i.title, i.base_unit, i.ndc,
       coalesce((SELECT g.gtin FROM item_gtin g WHERE g.item_id = i.id ORDER BY g.base_units, g.gtin LIMIT 1), '') AS gtin
FROM item i
WHERE i.name = ANY(:names)
ORDER BY i.name;

-- name: moved_for_order(number, action)
-- What moved for an order in one way, oldest first. Index: movement_order.
SELECT i.name AS item, l.lot_number, l.expires_on, m.serial, m.quantity, m.occurred_at AS at, m.operator AS by
FROM movement m
JOIN lot l ON l.id = m.lot_id
JOIN item i ON i.id = l.item_id
WHERE m.order_ref = :number AND m.order_ref <> '' AND m.action = :action AND m.quantity > 0
ORDER BY m.occurred_at, m.id;

-- name: cases_of_order(number)
-- Cases about an order, and how each was resolved. Index: exception_case_order.
SELECT id, text, opened_at, resolved_by, resolved_at, decision, resolution
FROM exception_case
WHERE kind IN ('order_mismatch', 'receipt_discrepancy') AND data ->> 'order' = :number
ORDER BY id;

-- name: to_count(count_id, rows_max)
-- Stock at and below the place of a count that nobody has counted; not how much of it there should be.
SELECT p.name AS place, i.name AS item, i.title AS item_title, i.base_unit, l.lot_number, b.serial, l.expires_on
FROM stock_count k
JOIN place p ON p.ancestors @> ARRAY[k.place_id]
JOIN position b ON b.place_id = p.id AND b.quantity > 0
JOIN lot l ON l.id = b.lot_id
JOIN item i ON i.id = l.item_id
WHERE k.id = :count_id
  AND NOT EXISTS (SELECT FROM count_line c WHERE c.count_id = k.id
                  AND (c.lot_id, c.place_id, c.serial) = (b.lot_id, b.place_id, b.serial))
ORDER BY p.name, i.name, l.lot_number, b.serial
LIMIT :rows_max;

-- name: channels_in(place, first, last)
-- What measured in a place and below it between two instants, and from when to when it was there.
SELECT c.id, g.name AS gateway, c.device, c.metric, p.name AS place, s.place_id,
       greatest(s.since, timestamptz '1970-01-01 00:00Z') AS since, least(s.until, timestamptz '9999-01-01 00:00Z') AS until
FROM place here
JOIN place p ON p.ancestors @> ARRAY[here.id]
JOIN channel_stay s ON s.place_id = p.id
JOIN channel c ON c.id = s.channel_id
JOIN gateway g ON g.id = c.gateway_id
WHERE here.name = :place AND s.since < :last AND s.until > :first AND c.version_of IS NULL
ORDER BY c.metric, p.name, g.name, c.device, s.since;

-- name: excursions_in(place, first, last, rows_max)
-- Excursions of a place that touched a time, in its order. Index: excursion_place.
SELECT e.id, p.name AS place, e.rule, c.metric, e.severity, e.began_at, e.ended_at, e.worst,
       (SELECT count(DISTINCT x.lot_id) FROM exposure x WHERE x.excursion_id = e.id) AS lots_exposed
FROM place p
JOIN excursion e ON e.place_id = p.id
JOIN channel c ON c.id = e.channel_id
WHERE p.name = :place AND e.began_at < :last AND coalesce(e.ended_at, 'infinity') > :first
ORDER BY e.began_at, e.id
LIMIT :rows_max;

-- name: policy_at(place, at)$
-- The policy of a place, or of what it stands in, that was in force at an instant.
SELECT s.policy
FROM place p
CROSS JOIN unnest(p.ancestors) WITH ORDINALITY AS a (place_id, depth)
JOIN policy_spell s ON s.place_id = a.place_id AND s.since <= :at AND s.until > :at AND s.policy IS NOT NULL
WHERE p.name = :place
ORDER BY a.depth DESC
LIMIT 1;

-- name: sensors(site)
-- Devices (of a site, or all) with the day on which their calibration is due, as their gateways last reported it. Index:
-- notice_latest.
SELECT g.name AS gateway, c.device, coalesce(min(p.name), '') AS place, array_agg(c.metric ORDER BY c.metric) AS metrics,
       told.due, told.at AS reported_at
FROM channel c
JOIN gateway g ON g.id = c.gateway_id
LEFT JOIN place p ON p.id = c.place_id
LEFT JOIN LATERAL (
    SELECT n.data ->> 'due' AS due, n.at FROM notice n
    WHERE (n.gateway_id, n.kind) = (g.id, 'calibration_due') AND n.subject = c.device ORDER BY n.at DESC LIMIT 1
) AS told ON true
WHERE c.version_of IS NULL
  AND (:site::text IS NULL OR p.ancestors @> ARRAY[(SELECT id FROM place WHERE name = :site)])
GROUP BY g.name, c.device, told.due, told.at
ORDER BY g.name, c.device;

-- name: stock_figures(site, first, last)^
-- What moved into, out of and within the house (or a site) in a time, and what was counted. Index: movement_occurred.
WITH moved AS (
    SELECT m.action, sum(m.quantity)::bigint AS units
    FROM movement m
    WHERE m.occurred_at >= :first AND m.occurred_at < :last
      AND (:site::text IS NULL
           OR EXISTS (SELECT FROM place p WHERE p.id IN (m.from_place, m.to_place)
                      AND p.ancestors @> ARRAY[(SELECT id FROM place WHERE name = :site)]))
    GROUP BY m.action
), counted AS (
    SELECT count(DISTINCT k.id) AS counts, count(r.count_id) AS positions,
           count(r.count_id) FILTER (WHERE r.counted = r.expected) AS equal
    FROM stock_count k
    JOIN place p ON p.id = k.place_id
    LEFT JOIN count_result r ON r.count_id = k.id
    WHERE k.decided_at >= :first AND k.decided_at < :last
      AND (:site::text IS NULL OR p.ancestors @> ARRAY[(SELECT id FROM place WHERE name = :site)])
)
SELECT coalesce((SELECT sum(units) FROM moved WHERE action = 'receive'), 0)::bigint AS received_units,
       coalesce((SELECT sum(units) FROM moved WHERE action IN ('ship', 'dispense')), 0)::bigint AS issued_units,
       coalesce((SELECT sum(units) FROM moved WHERE action = 'destroy'), 0)::bigint AS destroyed_units,
       coalesce((SELECT sum(units) FROM moved WHERE action = 'return'), 0)::bigint AS returned_units,
       (SELECT count(DISTINCT l.id) FROM lot l
        JOIN residency r ON r.lot_id = l.id AND r.began_at < l.expires_on + 1
                         AND coalesce(r.ended_at, 'infinity') > l.expires_on + 1
        JOIN place p ON p.id = r.place_id AND p.kind IN ('site', 'room', 'bin')
        WHERE l.expires_on >= (:first::timestamptz AT TIME ZONE 'UTC')::date
          AND l.expires_on < (:last::timestamptz AT TIME ZONE 'UTC')::date
          AND (:site::text IS NULL OR p.ancestors @> ARRAY[(SELECT id FROM place WHERE name = :site)]))
       AS expired_in_stock_lots,
       counts AS counts_decided, positions AS positions_counted, equal AS positions_as_expected
FROM counted;

-- name: order_figures(site, first, last)^
-- Orders that were requested in a time, how many of them all of it was moved for, and batches.
WITH asked AS (
    SELECT o.id, o.number FROM stock_order o
    JOIN place f ON f.id = o.from_place
    JOIN place t ON t.id = o.to_place
    WHERE o.requested_at >= :first AND o.requested_at < :last
      AND (:site::text IS NULL OR f.ancestors || t.ancestors @> ARRAY[(SELECT id FROM place WHERE name = :site)])
), batch AS (
    SELECT b.id, b.planned_at FROM production_batch b JOIN place p ON p.id = b.place_id
    WHERE :site::text IS NULL OR p.ancestors @> ARRAY[(SELECT id FROM place WHERE name = :site)]
)
SELECT (SELECT count(*) FROM asked) AS orders_requested,
       (SELECT count(*) FROM asked a
        WHERE (SELECT sum(quantity) FROM order_line l WHERE l.order_id = a.id)
              <= (SELECT sum(m.quantity) FROM movement m WHERE m.order_ref = a.number AND m.order_ref <> ''
                  AND m.action IN ('receive', 'ship', 'dispense', 'destroy', 'return'))) AS orders_fulfilled,
       (SELECT count(*) FROM batch WHERE planned_at >= :first AND planned_at < :last) AS batches_planned,
       (SELECT count(*) FROM batch b JOIN batch_fact f ON f.batch_id = b.id AND f.kind = 'released'
        WHERE f.occurred_at >= :first AND f.occurred_at < :last) AS batches_released,
       (SELECT count(*) FROM batch b JOIN batch_fact f ON f.batch_id = b.id AND f.kind = 'rejected'
        WHERE f.occurred_at >= :first AND f.occurred_at < :last) AS batches_rejected;

-- name: quality_figures(site, first, last)^
-- Excursions that began in a time, decisions, cases and recalls. Indexes: excursion_began.
WITH began AS (
    SELECT e.id, e.began_at, least(coalesce(e.ended_at, :last), :last) - e.began_at AS lasted
    FROM excursion e JOIN place p ON p.id = e.place_id
    WHERE e.began_at >= :first AND e.began_at < :last
      AND (:site::text IS NULL OR p.ancestors @> ARRAY[(SELECT id FROM place WHERE name = :site)])
), decided AS (
    SELECT d.decision, d.decided_at - d.began_at AS after
    FROM disposition d
    LEFT JOIN excursion e ON e.id = d.excursion_id
    LEFT JOIN place p ON p.id = e.place_id
    WHERE d.decided_at >= :first AND d.decided_at < :last
      AND (:site::text IS NULL OR p.ancestors @> ARRAY[(SELECT id FROM place WHERE name = :site)])
), cases AS (
    SELECT k.opened_at, k.resolved_at
    FROM exception_case k LEFT JOIN place p ON p.id = k.place_id
    WHERE k.opened_at < :last AND coalesce(k.resolved_at, 'infinity') >= :first
      AND (:site::text IS NULL OR p.ancestors @> ARRAY[(SELECT id FROM place WHERE name = :site)])
)
SELECT (SELECT count(*) FROM began) AS excursions,
       (SELECT coalesce(extract(epoch FROM sum(lasted)), 0)::double precision FROM began) AS excursion_s,
       (SELECT count(DISTINCT x.lot_id) FROM began b JOIN exposure x ON x.excursion_id = b.id) AS lots_exposed,
       (SELECT count(*) FROM decided) AS decisions,
       (SELECT extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY after))::double precision FROM decided)
       AS decision_median_s,
       (SELECT count(*) FROM decided WHERE decision = 'release') AS releases,
       (SELECT count(*) FROM cases WHERE opened_at >= :first) AS cases_opened,
       (SELECT count(*) FROM cases WHERE resolved_at >= :first AND resolved_at < :last) AS cases_closed,
       (SELECT extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY resolved_at - opened_at))::double precision
        FROM cases WHERE resolved_at >= :first AND resolved_at < :last) AS case_median_s,
       (SELECT count(*) FROM cases WHERE coalesce(resolved_at, 'infinity') >= :last) AS cases_open_at_end,
       (SELECT count(*) FROM recall WHERE opened_at >= :first AND opened_at < :last) AS recalls_opened;

-- name: alert_figures(site, first, last)^
-- Alerts that were raised in a time, and how soon they were acknowledged.
WITH raised AS (
    SELECT raised_at, acknowledged_at FROM alert
    WHERE raised_at >= :first AND raised_at < :last
      AND (:site::text IS NULL OR sites @> ARRAY[(SELECT id FROM place WHERE name = :site)])
)
SELECT count(*) AS alerts, count(acknowledged_at) AS alerts_acknowledged,
       extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY acknowledged_at - raised_at))::double precision
       AS acknowledge_median_s
FROM raised;

-- name: coverage(site, first, last)$
-- The share of hours in which temperature channels that stood in the house (or a site) measured anything. None without any.
-- Index: reading_hour's primary key, reading_channel_at.
WITH stay AS (
    SELECT s.channel_id, greatest(s.since, :first::timestamptz) AS since, least(s.until, :last::timestamptz) AS until
    FROM channel_stay s
    JOIN channel c ON c.id = s.channel_id AND c.metric = 'temp_c' AND c.version_of IS NULL
    JOIN place p ON p.id = s.place_id
    WHERE s.since < :last AND s.until > :first
      AND (:site::text IS NULL OR p.ancestors @> ARRAY[(SELECT id FROM place WHERE name = :site)])
), hours AS (
    SELECT s.channel_id, h.at
    FROM stay s
    CROSS JOIN LATERAL generate_series(date_trunc('hour', s.since, 'UTC'), s.until - interval '1 us', interval '1 hour') AS h (at)
    WHERE s.until > s.since
)
SELECT avg(CASE WHEN EXISTS (SELECT FROM reading r WHERE r.channel_id = h.channel_id AND r.at >= h.at
                                AND r.at < h.at + interval '1 hour')
                  OR EXISTS (SELECT FROM reading_hour o WHERE o.channel_id = h.channel_id AND o.began_at = h.at)
                THEN 1.0 ELSE 0.0 END)::double precision
FROM hours h;

-- name: put_schedule(name, kind, subject, target, every, zone, next_at, set_by)!
-- A schedule of papers, or another content for it.
INSERT INTO paper_schedule (name, kind, subject, target, every, zone, next_at, set_by)
VALUES (:name, :kind, :subject, :target, :every, :zone, :next_at, :set_by)
ON CONFLICT (name) DO UPDATE
SET kind = excluded.kind, subject = excluded.subject, target = excluded.target, every = excluded.every, zone = excluded.zone,
    next_at = excluded.next_at, set_by = excluded.set_by, set_at = clock_timestamp(), active = true, last_error = '';

-- name: schedules()
-- Schedules in force.
SELECT name, kind, subject, target, every, zone, next_at, last_error, set_by, set_at
FROM paper_schedule WHERE active ORDER BY name;

-- name: end_schedule(name)!
-- Make its paper no more.
UPDATE paper_schedule SET active = false WHERE name = :name AND active;

-- name: due_schedules(at)
-- Schedules whose paper is to be made now. Index: paper_schedule_due.
SELECT name, kind, subject, target, every, zone, next_at FROM paper_schedule WHERE active AND next_at <= :at ORDER BY next_at;

-- name: put_off(name, was_at, next_at, last_error)!
-- A schedule's next time; nothing if somebody else put it off meanwhile.
UPDATE paper_schedule SET next_at = :next_at, last_error = :last_error
WHERE name = :name AND active AND next_at = :was_at;

-- name: add_paper(message_id, schedule, title, file_name, sha256, pdf)!
-- The paper that a message carries.
INSERT INTO alert_message_paper (message_id, schedule, title, file_name, sha256, pdf)
VALUES (:message_id, :schedule, :title, :file_name, :sha256, :pdf);

-- name: forget_paper(message_id)!
-- Once it was handed over, its file is not kept here: it names people. Index: alert_message_paper_pkey.
UPDATE alert_message_paper SET pdf = '' WHERE message_id = :message_id;

-- name: paper_of_message(message_id)^
-- The paper that a message carries. Index: alert_message_paper_pkey.
SELECT title, file_name, sha256, pdf FROM alert_message_paper WHERE message_id = :message_id;
