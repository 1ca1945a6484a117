-- Sheets that were written by hand while everything was out.

-- name: printer_of_sheet(name)^
-- Whether a site or a gateway of this name prints sheets.
SELECT EXISTS (SELECT FROM place WHERE name = :name AND kind = 'site') OR EXISTS (SELECT FROM gateway WHERE name = :name)
       AS is_known;

-- name: lock_sheet(sheet)^
-- Whoever enters a sheet or closes it waits for others who do. A key of its own beside the other advisory locks.
SELECT pg_advisory_xact_lock(hashtextextended('paper_sheet/' || :sheet, 0)) AS locked;

-- name: lines_of_sheet(sheet)
-- What was entered of a sheet, and what became of it: the movement, and cases about it that are open.
SELECT p.line, p.fact, encode(p.told_sha256, 'hex') AS told_sha256, p.written_at, p.entered_by, p.entered_at,
       m.lot_id, m.action, m.quantity, m.serial, m.operator, m.order_ref, i.name AS item, l.lot_number, l.owner,
       f.name AS from_place, t.name AS to_place,
       ARRAY(SELECT c.id FROM exception_case c
             WHERE c.key = p.fact AND c.resolved_at IS NULL ORDER BY c.id) AS cases
FROM paper_line p
JOIN movement m ON m.fact = p.fact
JOIN lot l ON l.id = m.lot_id
JOIN item i ON i.id = l.item_id
JOIN place f ON f.id = m.from_place
JOIN place t ON t.id = m.to_place
WHERE p.sheet = :sheet
ORDER BY p.line;

-- name: add_line(sheet, line, fact, told_sha256, written_at, entered_by, entered_at, event_id)!
-- Keep that a line was entered.
INSERT INTO paper_line (sheet, line, fact, told_sha256, written_at, entered_by, entered_at, event_id)
VALUES (:sheet, :line, :fact, decode(:told_sha256, 'hex'), :written_at, :entered_by, :entered_at, :event_id);

-- name: closed(sheet)^
-- Who compared a sheet with the paper, and what was found.
SELECT sheet, lines_written, closed_by, closed_at, remark FROM paper_sheet_close WHERE sheet = :sheet;

-- name: close_sheet(sheet, lines_written, closed_by, closed_at, remark)!
-- Keep that a sheet was compared.
INSERT INTO paper_sheet_close (sheet, lines_written, closed_by, closed_at, remark)
VALUES (:sheet, :lines_written, :closed_by, :closed_at, :remark);

-- name: sheets(only_open, rows_max, rows_skipped)
-- Sheets of which something was entered, the latest first.
SELECT p.sheet, count(*)::integer AS lines, min(p.written_at) AS first_written_at, max(p.written_at) AS last_written_at,
       max(p.entered_at) AS entered_at, string_agg(DISTINCT p.entered_by, ', ') AS entered_by, c.lines_written, c.closed_by,
       c.closed_at, c.remark
FROM paper_line p LEFT JOIN paper_sheet_close c ON c.sheet = p.sheet
GROUP BY p.sheet, c.sheet
HAVING NOT :only_open OR c.sheet IS NULL
ORDER BY max(p.entered_at) DESC, p.sheet
LIMIT :rows_max OFFSET :rows_skipped;

-- name: same_by_others(facts, within_s)
-- For each of these facts, a movement that says the same and was told another way: same goods, places and quantity, at
-- about the same time. It may be the same act, told twice.
SELECT DISTINCT ON (m.fact) m.fact, o.fact AS other, o.occurred_at, o.operator
FROM movement m
JOIN movement o ON o.lot_id = m.lot_id AND o.id <> m.id AND o.serial = m.serial AND o.quantity = m.quantity
     AND o.from_place = m.from_place AND o.to_place = m.to_place AND NOT starts_with(o.fact, 'paper/')
     AND o.occurred_at BETWEEN m.occurred_at - make_interval(secs => :within_s)
                           AND m.occurred_at + make_interval(secs => :within_s)
WHERE m.fact = ANY(:facts)
ORDER BY m.fact, abs(extract(epoch FROM o.occurred_at - m.occurred_at));
