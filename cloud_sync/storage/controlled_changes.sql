-- Changes of configuration and policies: proposed, approved by somebody else, in force from a day on.

-- name: propose_change(kind, subject, request, before, after, reason, effective_from, needs_second_person, change_control_id, actor, at)$
-- Keep a proposal; no row if one about the same waits already. Index: controlled_change_open.
INSERT INTO controlled_change (kind, subject, request, before, after, reason, effective_from, needs_second_person,
                               change_control_id, proposed_by, proposed_at)
VALUES (:kind, :subject, :request, :before, :after, :reason, :effective_from, :needs_second_person,
        :change_control_id, :actor, :at)
ON CONFLICT (kind, subject) WHERE applied_at IS NULL AND decision IS DISTINCT FROM 'rejected' DO NOTHING
RETURNING id;

-- name: lock_change(id)^
-- One change, nobody else's until the end of the transaction.
SELECT * FROM controlled_change WHERE id = :id FOR UPDATE;

-- name: changes(only_open, kind, rows_max, rows_skipped)
-- Changes, the newest first.
SELECT * FROM controlled_change
WHERE (NOT :only_open OR applied_at IS NULL AND decision IS DISTINCT FROM 'rejected')
  AND (:kind::text IS NULL OR kind = :kind)
ORDER BY id DESC LIMIT :rows_max OFFSET :rows_skipped;

-- name: decide_change(id, decision, actor, at, reason)!
-- Approve or reject.
UPDATE controlled_change SET decision = :decision, decided_by = :actor, decided_at = :at, decision_reason = :reason
WHERE id = :id;

-- name: changes_due(at)
-- What is approved and in force by now. Index: controlled_change_due.
SELECT id FROM controlled_change WHERE decision = 'approved' AND applied_at IS NULL AND effective_from <= :at ORDER BY id;

-- name: change_applied(id, at)!
-- It is in force.
UPDATE controlled_change SET applied_at = :at WHERE id = :id;

-- name: retention_rules()
-- How long what could go is kept at the least.
SELECT name, meaning, years, changed_by, changed_reason FROM retention_rule ORDER BY name;

-- name: retention_rule(name)^
-- One of them, locked.
SELECT name, meaning, years FROM retention_rule WHERE name = :name FOR UPDATE;

-- name: set_retention(name, years, actor, reason)!
-- Another period.
UPDATE retention_rule SET years = :years, changed_by = :actor, changed_reason = :reason WHERE name = :name;

-- name: retention_years(name)$
-- How many years.
SELECT years FROM retention_rule WHERE name = :name;

-- name: second_signature_rule(name)^
-- One rule of those by which a decision takes two people, locked.
SELECT name, meaning, from_value FROM second_signature_rule WHERE name = :name FOR UPDATE;

-- name: add_change_control(title, why, what, risk_level, risk, actor, at)$
-- Open a change control record; gives its id.
INSERT INTO change_control (title, why, what, risk_level, risk, opened_by, opened_at)
VALUES (:title, :why, :what, :risk_level, :risk, :actor, :at) RETURNING id;

-- name: change_control(id)^
-- One of them, locked.
SELECT * FROM change_control WHERE id = :id FOR UPDATE;

-- name: change_controls(only_open, rows_max, rows_skipped)
-- Change control records, the newest first.
SELECT * FROM change_control
WHERE NOT :only_open OR closed_at IS NULL AND decision IS DISTINCT FROM 'rejected'
ORDER BY id DESC LIMIT :rows_max OFFSET :rows_skipped;

-- name: decide_change_control(id, decision, actor, at, reason)!
-- Approve or reject.
UPDATE change_control SET decision = :decision, decided_by = :actor, decided_at = :at, decision_reason = :reason
WHERE id = :id;

-- name: implement_change_control(id, actor, at, text)!
-- It was done.
UPDATE change_control SET implemented_by = :actor, implemented_at = :at, implementation = :text WHERE id = :id;

-- name: close_change_control(id, actor, at, text)!
-- It was looked at afterwards.
UPDATE change_control SET closed_by = :actor, closed_at = :at, effectiveness = :text WHERE id = :id;

-- name: link_event(id, event_id, actor, at)!
-- An event belongs to it; no row if there is no such event, or it is linked already. Index: event_pkey.
INSERT INTO change_control_event (change_control_id, event_id, linked_by, linked_at)
SELECT :id, e.id, :actor, :at FROM event e WHERE e.id = :event_id ON CONFLICT DO NOTHING;

-- name: linked_events(ids)
-- The events of these change control records. Index: event_pkey.
SELECT l.change_control_id, e.id, e.at, e.actor, e.kind, e.subject, e.reason
FROM change_control_event l JOIN event e ON e.id = l.event_id
WHERE l.change_control_id = ANY(:ids) ORDER BY e.id;

-- name: changes_of(ids)
-- The controlled changes that were made under these records.
SELECT change_control_id, id, kind, subject, decision, effective_from, applied_at FROM controlled_change
WHERE change_control_id = ANY(:ids) ORDER BY id;
