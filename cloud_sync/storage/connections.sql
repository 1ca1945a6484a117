-- Connections to other systems: their keys, what goes to them, and the feed of events in the order of their commits.

-- name: put_connection(name, url, shown, secret, scopes, event_kinds, requests_per_minute, followed_to, created_by)$
-- Keep a connection, or another content of it; gives whether it is new. It is tried at once. What it was sent stays.
INSERT INTO interop_connection AS c (name, url, shown, secret, scopes, event_kinds, requests_per_minute, followed_to, created_by)
VALUES (:name, :url, :shown, :secret, :scopes, :event_kinds, :requests_per_minute, :followed_to, :created_by)
ON CONFLICT (name) DO UPDATE
SET url = excluded.url, shown = excluded.shown, scopes = excluded.scopes, event_kinds = excluded.event_kinds,
    requests_per_minute = excluded.requests_per_minute, active = true, failures = 0, failing_since = NULL, next_at = NULL,
    last_error = '', paused_at = NULL, paused_why = '',
    secret = CASE WHEN c.secret = '' THEN excluded.secret ELSE c.secret END,
    followed_to = CASE WHEN c.event_kinds = '{}' OR NOT c.active THEN excluded.followed_to ELSE c.followed_to END
RETURNING xmax = 0;

-- name: connection(name)^
-- A connection, with what is secret of it. Index: interop_connection_pkey.
SELECT * FROM interop_connection WHERE name = :name;

-- name: connections()
-- All connections, without what is secret of them.
SELECT c.name, c.shown, c.scopes, c.event_kinds, c.requests_per_minute, c.active, c.paused_at, c.paused_why, c.followed_to,
       c.failing_since, c.next_at, c.last_error, c.last_sent_at, c.created_by, c.created_at, u.last_seen_at,
       c.key_sha256 IS NOT NULL AS has_key,
       (SELECT count(*) FROM interop_delivery d
        WHERE d.connection = c.name AND d.sent_at IS NULL AND d.withdrawn_at IS NULL) AS unsent
FROM interop_connection c LEFT JOIN interop_connection_use u ON u.connection = c.name
ORDER BY c.name;

-- name: connection_by_key(key_sha256, at)^
-- Whose key this is. Indexes: the unique ones of both digests.
SELECT name, scopes, requests_per_minute FROM interop_connection
WHERE active AND (key_sha256 = :key_sha256 OR previous_key_sha256 = :key_sha256 AND previous_key_until > :at);

-- name: change_key(name, key_sha256, previous_until)!
-- Another key for a connection; the one before is good until then.
UPDATE interop_connection
SET previous_key_sha256 = key_sha256, previous_key_until = :previous_until, key_sha256 = :key_sha256
WHERE name = :name AND active;

-- name: change_secret(name, secret, previous_until)!
-- Another secret for a connection; messages carry signatures of both until then.
UPDATE interop_connection
SET previous_secret = secret, previous_secret_until = :previous_until, secret = :secret
WHERE name = :name AND active;

-- name: switch_connection_off(name)!
-- Nothing is sent there any more, and its keys are worth nothing.
UPDATE interop_connection
SET active = false, key_sha256 = NULL, previous_key_sha256 = NULL, previous_key_until = NULL, failing_since = NULL
WHERE name = :name AND active;

-- name: pause_connection(name, at, why)!
-- Nothing is sent there until somebody resumes it.
UPDATE interop_connection SET paused_at = :at, paused_why = :why WHERE name = :name AND active AND paused_at IS NULL;

-- name: resume_connection(name)!
-- It is tried again, at once.
UPDATE interop_connection
SET paused_at = NULL, paused_why = '', failures = 0, failing_since = NULL, next_at = NULL, last_error = ''
WHERE name = :name AND active AND paused_at IS NOT NULL;

-- name: take_request(connection, per_minute, at)$
-- Count a request; no row if the connection has made too many.
INSERT INTO interop_connection_use AS u (connection, requests_left, last_seen_at)
VALUES (:connection, :per_minute::double precision - 1, :at)
ON CONFLICT (connection) DO UPDATE
SET requests_left = least(:per_minute::double precision, u.requests_left
                          + greatest(0, extract(epoch FROM :at::timestamptz - u.last_seen_at)) * :per_minute / 60) - 1,
    last_seen_at = greatest(u.last_seen_at, :at)
WHERE least(:per_minute::double precision, u.requests_left
            + greatest(0, extract(epoch FROM :at::timestamptz - u.last_seen_at)) * :per_minute / 60) >= 1
RETURNING requests_left;

-- name: tree_size()$
-- How many leaves the seal's tree has. Index: seal_checkpoint_pkey, backwards.
SELECT coalesce(max(size), 0) FROM seal_checkpoint;

-- name: feed(after, until, kinds, rows_max)
-- Events after a leaf of the seal's tree, up to another one: in the order in which they were committed. Null kinds: all.
-- Index: seal_tile_pkey, seal_row_pkey, event_pkey.
SELECT t.n * 256 + leaf.place AS position, e.id, e.at, e.actor, e.kind, e.subject, e.reason, e.data
FROM seal_tile t
CROSS JOIN LATERAL unnest(t.entries) WITH ORDINALITY AS leaf (entry, place)
JOIN seal_row s ON s.id = leaf.entry
JOIN event e ON e.id = s.row_id
WHERE t.level = 0 AND t.n BETWEEN :after::bigint / 256 AND :until::bigint / 256
  AND t.n * 256 + leaf.place > :after AND t.n * 256 + leaf.place <= :until
  AND s.of_table = 'event' AND s.change = 'I'
  AND (:kinds::text[] IS NULL OR e.kind = ANY(:kinds))
ORDER BY t.n, leaf.place
LIMIT :rows_max;

-- name: connections_behind(size)
-- Connections for which there may be events that are not queued yet.
SELECT name FROM interop_connection WHERE active AND event_kinds <> '{}' AND url <> '' AND followed_to < :size ORDER BY name;

-- name: lock_connection(name)^
-- A connection whose events nobody else queues until this transaction ends; no row while somebody does.
SELECT name, event_kinds, followed_to FROM interop_connection WHERE name = :name AND active FOR UPDATE SKIP LOCKED;

-- name: follow_connection(name, followed_to)!
-- Events up to this leaf are queued.
UPDATE interop_connection SET followed_to = :followed_to WHERE name = :name;

-- name: queue_events(connection, event_ids, kinds, positions)!
-- Queue events for a connection; those that are queued already are not queued again. Index: the one of message ids.
INSERT INTO interop_delivery (connection, message_id, kind, position, event_id, media_type)
SELECT :connection, 'evt_' || e.id, e.kind, e.position, e.id, 'application/json'
FROM unnest(:event_ids::bigint[], :kinds::text[], :positions::bigint[]) AS e (id, kind, position)
ORDER BY e.position
ON CONFLICT (connection, message_id) DO NOTHING;

-- name: queue_document(connection, message_id, kind, document_id, media_type)$
-- Queue a kept document for a connection; gives the id of its delivery, no row if it was queued before.
INSERT INTO interop_delivery (connection, message_id, kind, document_id, media_type)
VALUES (:connection, :message_id, :kind, :document_id, :media_type)
ON CONFLICT (connection, message_id) DO NOTHING
RETURNING id;

-- name: delivery_of(connection, message_id)$
-- The delivery of a message. Index: the one of message ids.
SELECT id FROM interop_delivery WHERE (connection, message_id) = (:connection, :message_id);

-- name: due_deliveries(at, busy)
-- For each connection that may be tried, but for those that are being tried, the delivery whose turn it is. Index:
-- interop_delivery_unsent.
SELECT c.name AS target, d.id
FROM interop_connection c
CROSS JOIN LATERAL (SELECT id FROM interop_delivery
                    WHERE connection = c.name AND sent_at IS NULL AND withdrawn_at IS NULL
                      AND coalesce(claimed_until, '-infinity') <= :at
                    ORDER BY attempts, id LIMIT 1) d
WHERE c.active AND c.url <> '' AND c.paused_at IS NULL AND coalesce(c.next_at, '-infinity') <= :at
  AND NOT c.name = ANY(:busy::text[]);

-- name: claim_delivery(id, at, until)^
-- Take a delivery to send it; no row if somebody else did. After that time others may. Index: interop_delivery_pkey.
UPDATE interop_delivery d SET claimed_until = :until, attempts = d.attempts + 1
FROM interop_connection c
WHERE d.id = :id AND c.name = d.connection AND d.sent_at IS NULL AND d.withdrawn_at IS NULL
  AND coalesce(d.claimed_until, '-infinity') <= :at
RETURNING d.id, d.connection AS target, d.message_id, d.kind, d.position, d.event_id, d.document_id, d.media_type, d.attempts,
          c.url, c.secret, c.previous_secret, c.previous_secret_until;

-- name: event_to_send(id)^
-- An event as it is sent. Index: event_pkey.
SELECT id, at, actor, kind, subject, reason, data FROM event WHERE id = :id;

-- name: note_delivered(id, at)!
-- A delivery was taken. Index: interop_delivery_pkey.
UPDATE interop_delivery SET sent_at = :at, claimed_until = NULL, last_error = '' WHERE id = :id AND sent_at IS NULL;

-- name: note_connection_well(name, at)$
-- A connection works; gives since when it had not, if it had not.
UPDATE interop_connection c SET failures = 0, failing_since = NULL, next_at = NULL, last_error = '', last_sent_at = :at
FROM (SELECT failing_since FROM interop_connection WHERE name = :name FOR UPDATE) was
WHERE c.name = :name
RETURNING was.failing_since;

-- name: note_not_delivered(id, last_error)!
-- A delivery was not taken; it is tried again. Index: interop_delivery_pkey.
UPDATE interop_delivery SET claimed_until = NULL, last_error = :last_error WHERE id = :id AND sent_at IS NULL;

-- name: note_connection_failed(name, at, last_error)^
-- A connection does not work; gives how often in a row, and since when.
UPDATE interop_connection SET failures = failures + 1, failing_since = coalesce(failing_since, :at), last_error = :last_error
WHERE name = :name RETURNING failures, failing_since;

-- name: leave_connection_alone(name, until)!
-- A connection is tried again then.
UPDATE interop_connection SET next_at = :until WHERE name = :name;

-- name: withdraw_deliveries(connection, at)!
-- What waits for a connection goes nowhere. Index: interop_delivery_unsent.
UPDATE interop_delivery SET withdrawn_at = :at WHERE connection = :connection AND sent_at IS NULL AND withdrawn_at IS NULL;

-- name: send_again(connection, after)!
-- Events after a leaf of the tree go to a connection again. Index: interop_delivery_position.
UPDATE interop_delivery SET sent_at = NULL, withdrawn_at = NULL, attempts = 0, claimed_until = NULL
WHERE connection = :connection AND position > :after AND (sent_at IS NOT NULL OR withdrawn_at IS NOT NULL);

-- name: send_delivery_again(connection, id)!
-- One delivery goes out again. Index: interop_delivery_pkey.
UPDATE interop_delivery SET sent_at = NULL, withdrawn_at = NULL, attempts = 0, claimed_until = NULL
WHERE connection = :connection AND id = :id AND (sent_at IS NOT NULL OR withdrawn_at IS NOT NULL);

-- name: deliveries(connection, only_unsent, rows_max, rows_skipped)
-- Deliveries, the newest first; null connection: of all. Index: interop_delivery_pkey, backwards.
SELECT id, connection, message_id, kind, position, event_id, document_id, media_type, made_at, attempts, sent_at, withdrawn_at,
       last_error
FROM interop_delivery
WHERE (:connection::text IS NULL OR connection = :connection) AND (NOT :only_unsent::boolean OR sent_at IS NULL)
ORDER BY id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: prune_deliveries(before, rows_max)!
-- Take away what was delivered, or withdrawn, before an instant: the event or the document stays. Index: interop_delivery_done.
DELETE FROM interop_delivery
WHERE id IN (SELECT id FROM interop_delivery
             WHERE coalesce(sent_at, withdrawn_at) < :before::timestamptz AND (sent_at IS NOT NULL OR withdrawn_at IS NOT NULL)
             ORDER BY coalesce(sent_at, withdrawn_at) LIMIT :rows_max);
