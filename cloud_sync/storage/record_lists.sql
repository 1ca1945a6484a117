-- Lists that people leaf through, searched, filtered and sorted here however long they are. Each takes the same: words
-- ('': all), state and kind ('': any), sort ('': the newest first) and is_descending. Numbers sort as numbers: CT-9 is before CT-10.

-- name: counts_listed(words, state, sort, is_descending, rows_max, rows_skipped)
-- Counts.
SELECT x.id, x.number, x.place, x.opened_by, x.opened_at, x.decision, x.decided_by, x.decided_at, x.reason
FROM (SELECT c.*, p.name AS place, coalesce(c.decision, 'open') AS state
      FROM stock_count c JOIN place p ON p.id = c.place_id) x
WHERE (:state = '' OR x.state = :state)
  AND (:words = '' OR strpos(lower(concat_ws(' ', x.number, x.place, x.opened_by, x.decided_by, x.reason)), lower(:words)) > 0)
ORDER BY CASE WHEN NOT :is_descending THEN sort_text(:sort, to_jsonb(x)) END NULLS LAST,
         CASE WHEN :is_descending THEN sort_text(:sort, to_jsonb(x)) END DESC NULLS LAST, x.id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: recalls_listed(words, state, kind, sort, is_descending, rows_max, rows_skipped)
-- Recalls with how long they took, and how many lots they reach.
SELECT x.*, (SELECT count(*) FROM recall_lot l WHERE l.recall_id = x.id) AS lots
FROM (SELECT c.*, extract(epoch FROM coalesce(c.closed_at, clock_timestamp()) - c.opened_at)::double precision AS elapsed_s,
             extract(epoch FROM c.reconciled_at - c.opened_at)::double precision AS reconciled_after_s,
             coalesce(c.outcome, 'open') AS state, CASE WHEN c.is_mock THEN 'mock' ELSE 'real' END AS kind
      FROM recall c) x
WHERE (:state = '' OR x.state = :state) AND (:kind = '' OR x.kind = :kind)
  AND (:words = '' OR strpos(lower(concat_ws(' ', x.id, x.title, x.reason, x.opened_by)), lower(:words)) > 0)
ORDER BY CASE WHEN NOT :is_descending THEN sort_text(:sort, to_jsonb(x)) END NULLS LAST,
         CASE WHEN :is_descending THEN sort_text(:sort, to_jsonb(x)) END DESC NULLS LAST, x.id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: batches_listed(words, state, sort, is_descending, rows_max, rows_skipped)
-- Numbers of production batches. What state a batch is in is looked up for those that match alone.
SELECT x.number
FROM (SELECT b.id, p.name AS number, i.name AS item, f.name AS master_formulation_record, up.name AS room, b.quantity,
             b.planned_at, b.planned_by, b.place_id
      FROM production_batch b
      JOIN place p ON p.id = b.place_id
      LEFT JOIN place up ON up.id = p.parent_id
      JOIN master_formulation_record f ON f.id = b.master_formulation_record_id
      JOIN item i ON i.id = f.item_id) x
WHERE (:words = '' OR strpos(lower(concat_ws(' ', x.number, x.item, x.master_formulation_record, x.room, x.planned_by)), lower(:words)) > 0)
  AND (:state = '' OR :state = production_state(x.id, x.place_id))
ORDER BY CASE WHEN NOT :is_descending THEN sort_text(:sort, to_jsonb(x)) END NULLS LAST,
         CASE WHEN :is_descending THEN sort_text(:sort, to_jsonb(x)) END DESC NULLS LAST, x.id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: changes_listed(only_open, words, state, kind, sort, is_descending, rows_max, rows_skipped)
-- Controlled changes.
SELECT x.*
FROM (SELECT c.*, CASE WHEN c.applied_at IS NOT NULL THEN 'in_force' ELSE coalesce(c.decision, 'open') END AS state
      FROM controlled_change c) x
WHERE (NOT :only_open OR x.applied_at IS NULL AND x.decision IS DISTINCT FROM 'rejected')
  AND (:state = '' OR x.state = :state) AND (:kind = '' OR x.kind = :kind)
  AND (:words = '' OR strpos(lower(concat_ws(' ', x.id, x.subject, x.reason, x.proposed_by, x.decided_by)), lower(:words)) > 0)
ORDER BY CASE WHEN NOT :is_descending THEN sort_text(:sort, to_jsonb(x)) END NULLS LAST,
         CASE WHEN :is_descending THEN sort_text(:sort, to_jsonb(x)) END DESC NULLS LAST, x.id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: change_controls_listed(only_open, words, state, sort, is_descending, rows_max, rows_skipped)
-- Change control records.
SELECT x.*
FROM (SELECT c.*, CASE WHEN c.closed_at IS NOT NULL THEN 'closed' WHEN c.implemented_at IS NOT NULL THEN 'implemented'
                       ELSE coalesce(c.decision, 'open') END AS state
      FROM change_control c) x
WHERE (NOT :only_open OR x.closed_at IS NULL AND x.decision IS DISTINCT FROM 'rejected')
  AND (:state = '' OR x.state = :state)
  AND (:words = '' OR strpos(lower(concat_ws(' ', 'CC-' || x.id, x.title, x.why, x.what, x.opened_by, x.closed_by)), lower(:words)) > 0)
ORDER BY CASE WHEN NOT :is_descending THEN sort_text(:sort, to_jsonb(x)) END NULLS LAST,
         CASE WHEN :is_descending THEN sort_text(:sort, to_jsonb(x)) END DESC NULLS LAST, x.id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: legal_holds_listed(only_open, words, state, sort, is_descending, rows_max, rows_skipped)
-- Legal holds with what they are about. Index: lot_pkey, item_pkey.
SELECT x.*
FROM (SELECT h.*, l.lot_number, coalesce(i.name, li.name) AS item, k.text AS case_text,
             CASE WHEN h.lifted_at IS NOT NULL THEN 'lifted' WHEN h.decision IS NULL THEN 'waits_for_approval'
                  WHEN h.decision = 'rejected' THEN 'rejected' WHEN h.lift_asked_by IS NOT NULL THEN 'lift_asked_for'
                  ELSE 'in_force' END AS state
      FROM legal_hold h
      LEFT JOIN lot l ON l.id = h.lot_id
      LEFT JOIN item li ON li.id = l.item_id
      LEFT JOIN item i ON i.id = h.item_id
      LEFT JOIN exception_case k ON k.id = h.case_id) x
WHERE (NOT :only_open OR x.lifted_at IS NULL AND x.decision IS DISTINCT FROM 'rejected')
  AND (:state = '' OR x.state = :state)
  AND (:words = '' OR strpos(lower(concat_ws(' ', x.id, x.lot_number, x.item, x.case_text, x.reason, x.asked_by)), lower(:words)) > 0)
ORDER BY CASE WHEN NOT :is_descending THEN sort_text(:sort, to_jsonb(x)) END NULLS LAST,
         CASE WHEN :is_descending THEN sort_text(:sort, to_jsonb(x)) END DESC NULLS LAST, x.id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: partners_listed(today, words, state, kind, sort, is_descending, rows_max, rows_skipped)
-- Suppliers, customers and our own sites with the business behind them. Authorised is who has a licence that is good today (as
-- cloud_sync.interop.dscsa.licences says).
SELECT x.*
FROM (SELECT p.id AS place_id, p.name, p.title, p.kind, t.business_name, t.city, t.gln, l.valid_until,
             CASE WHEN p.kind = 'site' THEN 'ourselves' WHEN l.is_good THEN 'authorised' ELSE 'not_authorised' END AS state
      FROM place p
      LEFT JOIN trading_partner t ON t.place_id = p.id
      LEFT JOIN (SELECT place_id, max(valid_until) FILTER (WHERE withdrawn_at IS NULL) AS valid_until,
                        bool_or(withdrawn_at IS NULL AND valid_until >= :today) AS is_good
                 FROM (SELECT DISTINCT ON (place_id, kind, number) place_id, valid_until, withdrawn_at
                       FROM partner_licence ORDER BY place_id, kind, number, id DESC) looked_up
                 GROUP BY place_id) l ON l.place_id = p.id
      WHERE p.kind IN ('supplier', 'customer', 'site')) x
WHERE (:state = '' OR x.state = :state) AND (:kind = '' OR x.kind = :kind)
  AND (:words = '' OR strpos(lower(concat_ws(' ', x.name, x.title, x.business_name, x.city, x.gln)), lower(:words)) > 0)
ORDER BY CASE WHEN :sort = '' THEN x.kind <> 'site' END, CASE WHEN :sort = '' THEN x.kind END,
         CASE WHEN NOT :is_descending THEN sort_text(nullif(:sort, ''), to_jsonb(x)) END NULLS LAST,
         CASE WHEN :is_descending THEN sort_text(nullif(:sort, ''), to_jsonb(x)) END DESC NULLS LAST, x.name
LIMIT :rows_max OFFSET :rows_skipped;

-- name: products_listed(words, state, sort, is_descending, rows_max, rows_skipped)
-- Items that are traced as products under the act. They have no state.
SELECT x.*
FROM (SELECT i.name AS item, i.ndc, t.product_name, t.strength, t.dosage_form, t.container_size
      FROM traced_product t JOIN item i ON i.id = t.item_id) x
WHERE :state = ''
  AND (:words = '' OR strpos(lower(concat_ws(' ', x.item, x.ndc, x.product_name, x.strength, x.dosage_form)), lower(:words)) > 0)
ORDER BY CASE WHEN NOT :is_descending THEN sort_text(nullif(:sort, ''), to_jsonb(x)) END NULLS LAST,
         CASE WHEN :is_descending THEN sort_text(nullif(:sort, ''), to_jsonb(x)) END DESC NULLS LAST, x.item
LIMIT :rows_max OFFSET :rows_skipped;

-- name: records_waiting(at)^
-- How many records of each kind need somebody: those that the lists of open ones show, training that is missing, and equipment
-- whose calibration is past its day.
SELECT (SELECT count(*) FROM controlled_change WHERE applied_at IS NULL AND decision IS DISTINCT FROM 'rejected') AS changes,
       (SELECT count(*) FROM change_control WHERE closed_at IS NULL AND decision IS DISTINCT FROM 'rejected') AS change_controls,
       (SELECT count(*) FROM legal_hold WHERE lifted_at IS NULL AND decision IS DISTINCT FROM 'rejected') AS legal_holds,
       (SELECT count(*) FROM (SELECT DISTINCT a.person, r.role, m.code, m.version
                              FROM account a
                              CROSS JOIN LATERAL training_missing(a.person, :at) m
                              JOIN account_role r ON r.role = m.role AND r.person = a.person
                              WHERE a.locked_at IS NULL) missing) AS training,
       (SELECT count(*) FROM equipment e
        CROSS JOIN LATERAL (SELECT c.due_on FROM calibration c WHERE c.equipment = e.name
                            ORDER BY c.calibrated_on DESC, c.id DESC LIMIT 1) latest
        WHERE latest.due_on < (:at::timestamptz AT TIME ZONE 'UTC')::date) AS equipment;
