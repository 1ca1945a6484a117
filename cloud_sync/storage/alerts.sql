-- Alerts: what is new since the last look, who gets it, and the outbox.

-- name: lock_watermark()^
-- Up to where events were followed, for one transaction at a time; no row while another one follows.
SELECT seen::text AS seen, at, pg_current_snapshot()::text AS snapshot,
       pg_snapshot_xmax(seen) > pg_snapshot_xmax(pg_current_snapshot()) AS is_another_server
FROM alert_watermark
FOR UPDATE SKIP LOCKED;

-- name: move_watermark(snapshot, at)!
-- Events were followed up to this state of the database.
UPDATE alert_watermark SET seen = :snapshot::pg_snapshot, at = :at;

-- name: new_events(seen, snapshot, kinds, after_id, rows_max)
-- Events of these kinds that were committed since the state that was seen. Numbers and times are not in the order of commits; the
-- rows that the seal follows know their transaction. Index: seal_row_xact.
SELECT e.id, e.at, e.actor, e.kind, e.subject, e.reason, e.data
FROM seal_row s
JOIN event e ON e.id = s.row_id
WHERE s.of_table = 'event' AND s.xact >= pg_snapshot_xmin(:seen::pg_snapshot)
  AND NOT pg_visible_in_snapshot(s.xact, :seen::pg_snapshot)
  AND pg_visible_in_snapshot(s.xact, :snapshot::pg_snapshot)
  AND e.kind = ANY(:kinds) AND e.id > :after_id
ORDER BY e.id
LIMIT :rows_max;

-- name: events_since(after_id, kinds, rows_max)
-- Events of these kinds after a number: where transactions cannot be compared, for the ledger was restored on another server.
-- Index: event_pkey.
SELECT id, at, actor, kind, subject, reason, data FROM event
WHERE id > :after_id AND kind = ANY(:kinds)
ORDER BY id LIMIT :rows_max;

-- name: last_event_told()$
-- The newest event of which an alert tells. Index: alert_event_id_key.
SELECT coalesce(max(event_id), 0) FROM alert;

-- name: lots_held_before(subject, before)
-- Lots that an excursion or hold held before an event. Index: event_subject.
SELECT id FROM (
    SELECT DISTINCT ON (1) lot::bigint AS id, e.kind
    FROM event e, jsonb_array_elements_text(e.data -> 'lots') AS lot
    WHERE e.subject = :subject AND e.kind IN ('lots_held', 'lots_freed') AND e.id < :before
    ORDER BY 1, e.id DESC
) latest
WHERE kind = 'lots_held';

-- name: excursion_told(excursion_id)^
-- An excursion as a message tells of it, also if it was withdrawn meanwhile. Index: excursion_version_pkey.
SELECT v.excursion_id AS id, v.rule, v.began_at, v.ended_at, v.worst, coalesce(e.severity, 'action') AS severity, c.device, c.metric,
       g.name AS gateway, v.place_id, p.name AS place, p.title AS place_title, p.zone, p.ancestors, y.body AS policy
FROM excursion_version v
JOIN channel c ON c.id = v.channel_id
JOIN gateway g ON g.id = c.gateway_id
JOIN place p ON p.id = v.place_id
LEFT JOIN excursion e ON e.id = v.excursion_id
LEFT JOIN LATERAL (SELECT o.policy FROM place o WHERE o.id = ANY(p.ancestors) AND o.policy IS NOT NULL
                   ORDER BY cardinality(o.ancestors) DESC LIMIT 1) o ON true
LEFT JOIN policy y ON y.name = o.policy
WHERE v.excursion_id = :excursion_id
ORDER BY v.version DESC
LIMIT 1;

-- name: lots_told(lot_ids, rows_max)
-- Lots as a message names them. Index: lot_pkey.
SELECT l.id, i.name AS item, l.lot_number FROM lot l JOIN item i ON i.id = l.item_id
WHERE l.id = ANY(:lot_ids) ORDER BY i.name, l.lot_number LIMIT :rows_max;

-- name: sites_of_lots(lot_ids)
-- At which sites goods of these lots are. Index: position_pkey.
SELECT DISTINCT site.id
FROM position b JOIN place p ON p.id = b.place_id JOIN place site ON site.id = ANY(p.ancestors) AND site.kind = 'site'
WHERE b.lot_id = ANY(:lot_ids) AND b.quantity > 0;

-- name: hold_told(hold_id)^
-- A hold as a message tells of it. Index: hold_pkey, event_subject.
SELECT h.kind, h.reason, h.placed_by, h.placed_at, h.lot_id,
       (SELECT min(e.id) FROM event e WHERE e.subject = 'lot:' || h.lot_id AND e.kind = 'hold_placed'
        AND (e.data ->> 'hold')::bigint = h.id) AS placed_event
FROM hold h WHERE h.id = :hold_id;

-- name: case_told(case_id)^
-- A case as a message tells of it. Index: exception_case_pkey.
SELECT k.kind, k.text, k.lot_id, k.place_id FROM exception_case k WHERE k.id = :case_id;

-- name: sites_of_place_names(names)
-- The sites in which these places are. Index: place_name_key.
SELECT DISTINCT site.id
FROM place p JOIN place site ON site.id = ANY(p.ancestors) AND site.kind = 'site'
WHERE p.name = ANY(:names);

-- name: sites_of_place(place_id)
-- The site in which a place is. Index: place_pkey.
SELECT site.id FROM place p JOIN place site ON site.id = ANY(p.ancestors) AND site.kind = 'site' WHERE p.id = :place_id;

-- name: add_alert(kind, severity, key, subject, sites, place_id, title, text, path, needs_acknowledgement, event_id, occurred_at, raised_at)$
-- Keep an alert and give its id; no row if the event was told already.
INSERT INTO alert (kind, severity, key, subject, sites, place_id, title, text, path, needs_acknowledgement, event_id,
                   occurred_at, raised_at)
VALUES (:kind, :severity, :key, :subject, :sites, :place_id, :title, :text, :path, :needs_acknowledgement, :event_id,
        :occurred_at, :raised_at)
ON CONFLICT (event_id) DO NOTHING
RETURNING id;

-- name: alerts_lately(keys, since)
-- How often each of these was told since. Index: alert_key.
SELECT key, count(*) AS times FROM alert WHERE key = ANY(:keys) AND raised_at > :since GROUP BY key;

-- name: subscriptions()
-- All subscriptions.
SELECT s.name, s.goes_to, s.site_id, p.name AS site, s.kinds, s.severity_min, s.quiet_from, s.quiet_until, s.zone,
       coalesce((SELECT jsonb_agg(jsonb_build_object('after_minutes', e.after_minutes, 'goes_to', e.goes_to) ORDER BY e.step)
                 FROM alert_escalation e WHERE e.subscription = s.name), '[]') AS escalation
FROM alert_subscription s LEFT JOIN place p ON p.id = s.site_id
ORDER BY s.name;

-- name: rotas()
-- All rotas.
SELECT name, members, first_day, handover, days_each, zone FROM alert_rota ORDER BY name;

-- name: covers(at)
-- Who stands in for whom, from then on.
SELECT id, rota, target, begins_at, ends_at FROM alert_rota_cover WHERE ends_at > :at ORDER BY begins_at;

-- name: targets()
-- All targets, without what is secret of them.
SELECT t.name, t.channel, t.shown, t.active, t.failing_since, t.next_at, t.last_error, t.last_sent_at, t.created_by, t.created_at,
       (SELECT count(*) FROM alert_message m
        WHERE m.target = t.name AND m.sent_at IS NULL AND m.withdrawn_at IS NULL) AS unsent
FROM alert_target t ORDER BY t.name;

-- name: recent_messages(target, bundle, since)
-- When the last messages of a bundle went out, or go. Index: alert_message_bundle.
SELECT due_at FROM alert_message WHERE target = :target AND bundle = :bundle AND due_at > :since ORDER BY due_at;

-- name: join_message(target, bundle, due_at)$
-- The message of a bundle that nobody has begun to send, if there is one; it goes out no later than that. Index:
-- alert_message_unsent.
UPDATE alert_message SET due_at = least(due_at, :due_at)
WHERE id = (SELECT id FROM alert_message
            WHERE target = :target AND bundle = :bundle AND sent_at IS NULL AND withdrawn_at IS NULL AND attempts = 0
            ORDER BY due_at LIMIT 1)
  AND attempts = 0
RETURNING id;

-- name: add_message(target, bundle, reason, made_at, due_at)$
-- A new message; gives its id.
INSERT INTO alert_message (target, bundle, reason, made_at, due_at)
VALUES (:target, :bundle, :reason, :made_at, :due_at)
RETURNING id;

-- name: add_line(message_id, alert_id, subscription, step)*!
-- Let a message tell of an alert.
INSERT INTO alert_message_line (message_id, alert_id, subscription, step)
VALUES (:message_id, :alert_id, :subscription, :step)
ON CONFLICT DO NOTHING;

-- name: due_escalations(at, since, undelivered_before, rows_max)
-- Alerts that nobody acknowledged in time, or that do not reach their target, with where they go next. Index: alert_open,
-- alert_message_line_alert.
SELECT DISTINCT a.id AS alert_id, a.sites, e.subscription, e.step, e.goes_to
FROM alert a
CROSS JOIN LATERAL (SELECT l.message_id, l.subscription FROM alert_message_line l
                    WHERE l.alert_id = a.id AND l.step = 0 LIMIT 1000) l
JOIN alert_message m ON m.id = l.message_id
JOIN alert_target t ON t.name = m.target
JOIN alert_escalation e ON e.subscription = l.subscription
WHERE a.needs_acknowledgement AND a.acknowledged_at IS NULL AND a.raised_at > :since
  AND (m.due_at + e.after_minutes * interval '1 min' <= :at
       OR e.step = 1 AND m.due_at <= :at AND m.sent_at IS NULL
          AND (t.failing_since <= :undelivered_before OR m.withdrawn_at IS NOT NULL))
  AND (SELECT x.step FROM alert_message_line x
       WHERE (x.alert_id, x.subscription, x.step) = (a.id, e.subscription, e.step) LIMIT 1) IS NULL
ORDER BY a.id, e.subscription, e.step
LIMIT :rows_max;

-- name: due_messages(at, busy)
-- For each target that may be tried, but for those that are being tried, the message whose turn it is. Index:
-- alert_message_unsent.
SELECT t.name AS target, m.id
FROM alert_target t
CROSS JOIN LATERAL (SELECT id FROM alert_message
                    WHERE target = t.name AND sent_at IS NULL AND withdrawn_at IS NULL AND due_at <= :at
                      AND coalesce(claimed_until, '-infinity') <= :at
                    ORDER BY attempts, due_at LIMIT 1) m
WHERE t.active AND coalesce(t.next_at, '-infinity') <= :at AND NOT t.name = ANY(:busy::text[]);

-- name: claim_message(id, at, until)^
-- Take a message to send it; no row if somebody else did. After that time others may.
UPDATE alert_message m SET claimed_until = :until, attempts = attempts + 1
FROM alert_target t
WHERE m.id = :id AND t.name = m.target AND m.sent_at IS NULL AND m.withdrawn_at IS NULL
  AND coalesce(m.claimed_until, '-infinity') <= :at
RETURNING m.id, m.target, m.reason, m.bundle, m.made_at, m.attempts, t.channel, t.address, t.secret;

-- name: alerts_of_message(message_id)
-- What a message tells of, the most urgent first. Index: alert_message_line_pkey.
SELECT DISTINCT a.id, a.kind, a.severity, a.subject, a.title, a.text, a.path, a.occurred_at, a.raised_at, a.acknowledged_at,
       a.needs_acknowledgement, a.acknowledged_by, coalesce(p.zone, site.zone, 'UTC') AS zone, site.name AS site, site.title AS site_title,
       array_position(ARRAY['action', 'alert', 'info'], a.severity) AS rank
FROM alert_message_line l
JOIN alert a ON a.id = l.alert_id
LEFT JOIN place p ON p.id = a.place_id
LEFT JOIN place site ON site.id = a.sites[1]
WHERE l.message_id = :message_id
ORDER BY rank, a.occurred_at, a.id;

-- name: note_sent(id, at)!
-- A message was handed over.
UPDATE alert_message SET sent_at = :at, claimed_until = NULL, last_error = '' WHERE id = :id AND sent_at IS NULL;

-- name: note_target_well(name, at)$
-- A target works; gives since when it had not, if it had not.
UPDATE alert_target t SET failures = 0, failing_since = NULL, next_at = NULL, last_error = '', last_sent_at = :at
FROM (SELECT failing_since FROM alert_target WHERE name = :name FOR UPDATE) was
WHERE t.name = :name
RETURNING was.failing_since;

-- name: note_not_sent(id, last_error)!
-- A message could not be handed over; it is tried again.
UPDATE alert_message SET claimed_until = NULL, last_error = :last_error WHERE id = :id AND sent_at IS NULL;

-- name: note_target_failed(name, at, last_error)$
-- A target does not work; gives how often in a row.
UPDATE alert_target SET failures = failures + 1, failing_since = coalesce(failing_since, :at), last_error = :last_error
WHERE name = :name RETURNING failures;

-- name: leave_target_alone(name, until)!
-- A target is tried again then.
UPDATE alert_target SET next_at = :until WHERE name = :name;

-- name: message_state(id)^
-- How far a message has come. Index: alert_message_pkey.
SELECT id, target, sent_at, withdrawn_at, attempts, last_error FROM alert_message WHERE id = :id;

-- name: messages(only_unsent, rows_max, rows_skipped)
-- Messages, the newest first, with how many alerts each tells of. Index: alert_message_pkey.
SELECT m.id, m.target, m.reason, m.made_at, m.due_at, m.attempts, m.sent_at, m.withdrawn_at, m.last_error,
       (SELECT count(DISTINCT l.alert_id) FROM alert_message_line l WHERE l.message_id = m.id) AS alerts
FROM alert_message m
WHERE NOT :only_unsent::boolean OR m.sent_at IS NULL
ORDER BY m.id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: alerts(only_open, kind, words, rows_max, rows_skipped)
-- Alerts, the newest first; those with all of these words. Index: alert_pkey.
SELECT a.id, a.kind, a.severity, a.subject, p.name AS place, coalesce(p.zone, 'UTC') AS zone, a.title, a.text, a.path,
       a.needs_acknowledgement, a.occurred_at, a.raised_at, a.acknowledged_at, a.acknowledged_by, a.acknowledged_comment,
       (SELECT count(*) FROM alert_message_line l JOIN alert_message m ON m.id = l.message_id
        WHERE l.alert_id = a.id AND m.sent_at IS NOT NULL) AS sent,
       (SELECT count(*) FROM alert_message_line l JOIN alert_message m ON m.id = l.message_id
        WHERE l.alert_id = a.id AND m.sent_at IS NULL) AS unsent
FROM alert a LEFT JOIN place p ON p.id = a.place_id
WHERE (NOT :only_open::boolean OR a.needs_acknowledgement AND a.acknowledged_at IS NULL)
  AND (:kind::text IS NULL OR a.kind = :kind)
  AND NOT EXISTS (SELECT FROM unnest(:words::text[]) AS wanted (word)
                  WHERE strpos(lower(a.title || ' ' || a.text), wanted.word) = 0)
ORDER BY a.id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: acknowledge(ids, at, actor, comment)
-- Somebody takes care of these; gives those that nobody had acknowledged. Index: alert_pkey.
UPDATE alert SET acknowledged_at = :at, acknowledged_by = :actor, acknowledged_comment = :comment
WHERE id = ANY(:ids) AND acknowledged_at IS NULL
RETURNING id;

-- name: alert_exists(id)$
-- Whether there is such an alert. Index: alert_pkey.
SELECT EXISTS (SELECT FROM alert WHERE id = :id);

-- name: put_target(name, channel, address, shown, secret, created_by)!
-- A target, or another address for it; it is tried at once.
INSERT INTO alert_target (name, channel, address, shown, secret, created_by)
VALUES (:name, :channel, :address, :shown, :secret, :created_by)
ON CONFLICT (name) DO UPDATE
SET channel = excluded.channel, address = excluded.address, shown = excluded.shown, secret = excluded.secret, active = true,
    failures = 0, failing_since = NULL, next_at = NULL, last_error = '';

-- name: switch_target_off(name)!
-- Nothing is sent there any more.
UPDATE alert_target SET active = false, failing_since = NULL WHERE name = :name AND active;

-- name: withdraw_messages(target, at)!
-- What waited for a target goes nowhere. Index: alert_message_unsent.
UPDATE alert_message SET withdrawn_at = :at WHERE target = :target AND sent_at IS NULL AND withdrawn_at IS NULL;

-- name: uses_of_target(name, as_rota)
-- What leads to a target, or to a rota ("rota:" and its name).
SELECT 'subscription ' || name AS what FROM alert_subscription WHERE goes_to = :name
UNION ALL SELECT 'subscription ' || subscription FROM alert_escalation WHERE goes_to = :name
UNION ALL SELECT 'rota ' || name FROM alert_rota WHERE NOT :as_rota::boolean AND :name = ANY(members)
ORDER BY 1;

-- name: put_rota(name, members, first_day, handover, days_each, zone)!
-- A rota, or other turns for it.
INSERT INTO alert_rota (name, members, first_day, handover, days_each, zone)
VALUES (:name, :members, :first_day, :handover, :days_each, :zone)
ON CONFLICT (name) DO UPDATE
SET members = excluded.members, first_day = excluded.first_day, handover = excluded.handover,
    days_each = excluded.days_each, zone = excluded.zone;

-- name: delete_rota(name)!
-- End a rota.
DELETE FROM alert_rota WHERE name = :name;

-- name: add_cover(name, target, begins_at, ends_at)$
-- Somebody stands in.
INSERT INTO alert_rota_cover (rota, target, begins_at, ends_at) VALUES (:name, :target, :begins_at, :ends_at) RETURNING id;

-- name: put_subscription(name, goes_to, site_id, kinds, severity_min, quiet_from, quiet_until, zone)!
-- A subscription, or another content of it.
INSERT INTO alert_subscription (name, goes_to, site_id, kinds, severity_min, quiet_from, quiet_until, zone)
VALUES (:name, :goes_to, :site_id, :kinds, :severity_min, :quiet_from, :quiet_until, :zone)
ON CONFLICT (name) DO UPDATE
SET goes_to = excluded.goes_to, site_id = excluded.site_id, kinds = excluded.kinds, severity_min = excluded.severity_min,
    quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until, zone = excluded.zone;

-- name: delete_escalation(name)!
-- Before other steps are kept.
DELETE FROM alert_escalation WHERE subscription = :name;

-- name: add_escalation(name, step, after_minutes, goes_to)!
-- A step.
INSERT INTO alert_escalation (subscription, step, after_minutes, goes_to) VALUES (:name, :step, :after_minutes, :goes_to);

-- name: delete_subscription(name)!
-- End a subscription.
DELETE FROM alert_subscription WHERE name = :name;
