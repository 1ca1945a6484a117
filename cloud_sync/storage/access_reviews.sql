-- Reviews of accesses: what each person, program and badge may do is confirmed or taken back.

-- name: open_review(title, due_on, next_due_on, actor, at)$
-- Begin one; no row if one is open. Index: access_review_open.
INSERT INTO access_review (title, due_on, next_due_on, opened_by, opened_at)
VALUES (:title, :due_on, :next_due_on, :actor, :at)
ON CONFLICT ((true)) WHERE closed_at IS NULL DO NOTHING RETURNING id;

-- name: fill_review(id)!
-- A line for each account and token that is good, and each badge in use.
INSERT INTO access_review_line (review_id, kind, name, person, roles)
SELECT :id, 'account', a.person, a.person,
       (SELECT coalesce(array_agg(r.role || coalesce(' at ' || p.name, '') ORDER BY r.role, p.name), '{}')
        FROM account_role r LEFT JOIN place p ON p.id = r.site WHERE r.person = a.person)
FROM account a WHERE a.locked_at IS NULL AND (a.expires_at IS NULL OR a.expires_at > clock_timestamp())
UNION ALL
SELECT :id, 'token', t.name, t.person, ARRAY[t.role || coalesce(' at ' || p.name, '')]
FROM api_token t LEFT JOIN place p ON p.id = t.site
WHERE t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > clock_timestamp())
UNION ALL
SELECT :id, 'badge', o.name, o.name, ARRAY['scanner' || coalesce(' at ' || (SELECT string_agg(p.name, ', ' ORDER BY p.name)
        FROM operator_site s JOIN place p ON p.id = s.site_id WHERE s.operator = o.name), '')]
FROM operator o WHERE o.active;

-- name: reviews()
-- Reviews, the newest first, and how many lines wait.
SELECT r.id, r.title, r.due_on, r.next_due_on, r.opened_by, r.opened_at, r.closed_by, r.closed_at,
       (SELECT count(*) FROM access_review_line l WHERE l.review_id = r.id) AS lines,
       (SELECT count(*) FROM access_review_line l WHERE l.review_id = r.id AND l.decision IS NULL) AS waiting
FROM access_review r ORDER BY r.id DESC LIMIT 1000;

-- name: review(id)^
-- One review, locked.
SELECT * FROM access_review WHERE id = :id FOR UPDATE;

-- name: review_lines(id)
-- Its lines.
SELECT id, review_id, kind, name, person, roles, decision, decided_by, decided_at, reason FROM access_review_line
WHERE review_id = :id ORDER BY kind, name;

-- name: review_line(id)^
-- One line, locked.
SELECT * FROM access_review_line WHERE id = :id FOR UPDATE;

-- name: decide_line(id, decision, actor, at, reason)!
-- Confirm or take back.
UPDATE access_review_line SET decision = :decision, decided_by = :actor, decided_at = :at, reason = :reason WHERE id = :id;

-- name: close_review(id, actor, at)!
-- All lines are decided.
UPDATE access_review SET closed_by = :actor, closed_at = :at WHERE id = :id;

-- name: end_badge(name)!
-- A badge signs nobody in any more.
UPDATE operator SET active = false WHERE name = :name;

-- name: end_roles(person)!
-- Whoever is not to work here any more may nothing.
DELETE FROM account_role WHERE person = :person;

-- name: reviews_due(today)
-- An open review past its day; or the next one, when none is open.
SELECT r.id, r.title, r.due_on, true AS is_open FROM access_review r WHERE r.closed_at IS NULL AND r.due_on < :today
UNION ALL
SELECT r.id, r.title, r.next_due_on, false
FROM (SELECT * FROM access_review ORDER BY id DESC LIMIT 1) r WHERE r.closed_at IS NOT NULL AND r.next_due_on < :today;
