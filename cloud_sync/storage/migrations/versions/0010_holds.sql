-- What blocks stock now, in columns that rules read; text is for people only.

------------------------------------------------------------------------------------------------------------ holds

-- Whether what was made for a prescription alone may be used for a demand: that prescription, or an order with it.
CREATE FUNCTION is_for_prescription(prescription text, demand text) RETURNS boolean STABLE LANGUAGE sql AS $$
    SELECT coalesce(prescription = demand
                    OR prescription = (SELECT o.patient_ref FROM stock_order o WHERE o.number = demand), false)
$$;

DROP VIEW hold_now;
DROP FUNCTION patient_hold_is_for;

-- Every reason that blocks stock now, one row each: (lot, serial, place) with place null = everywhere, serial null =
-- all serials, since = from when on (for exposure the time of the fact, else of the decision). The exposure part: the
-- stock is still there, and the latest decision on it is not a release of the evidence as it is now. Products of a
-- batch are blocked until quality releases it; those made for a prescription are never stock for others.
CREATE VIEW active_hold AS
SELECT x.lot_id, x.serial, x.place_id, 'exposure'::text AS kind, x.excursion_id,
       format('exposed since %s: %s broke %s at %s (worst %s)',
              CASE WHEN x.since <= '0001-01-01Z' THEN 'an unknown time'
                   ELSE to_char(x.since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS UTC') END,
              c.device || '/' || c.metric, e.rule, p.name, round(e.worst::numeric, 2))
       || CASE decided.decision
              WHEN 'release' THEN '; evidence changed after disposition'
              WHEN 'reject' THEN '; rejected: ' || decided.reason
              WHEN 'destroy' THEN '; to be destroyed: ' || decided.reason
              ELSE '' END AS text,
       x.since, NULL::text AS prescription
FROM exposure x
JOIN residency r ON (r.lot_id, r.place_id, r.serial, r.began_at) = (x.lot_id, x.place_id, x.serial, x.residency_began_at)
JOIN excursion e ON e.id = x.excursion_id
JOIN channel c ON c.id = e.channel_id
JOIN place p ON p.id = e.place_id
JOIN place here ON here.id = x.place_id
LEFT JOIN LATERAL (
    SELECT d.decision, d.reason, d.evidence
    FROM disposition d
    WHERE d.excursion_id = x.excursion_id AND d.lot_id = x.lot_id
      AND (d.places IS NULL OR d.places && here.ancestors)
    ORDER BY d.id DESC
    LIMIT 1
) decided ON true
WHERE r.ended_at IS NULL
  AND CASE WHEN decided.decision = 'release' THEN decided.evidence <> exposure_evidence(x.excursion_id, x.lot_id)
           ELSE true END
UNION ALL
SELECT h.lot_id, NULL, h.place_id, h.kind, NULL, h.reason, h.placed_at, NULL
FROM hold h
WHERE h.lifted_at IS NULL
UNION ALL
SELECT k.lot_id, NULL, k.place_id, 'exception', NULL, k.kind || ': ' || k.text, k.opened_at, NULL
FROM exception_case k
WHERE k.resolved_at IS NULL AND k.lot_id IS NOT NULL
UNION ALL
SELECT l.lot_id, NULL, NULL, 'recall', NULL,
       format('recall %s: %s', c.id, c.title) || CASE WHEN l.is_product THEN ' (made of a recalled lot)' ELSE '' END,
       c.opened_at, NULL
FROM recall_lot l
JOIN recall c ON c.id = l.recall_id
WHERE NOT c.is_mock AND c.outcome IS DISTINCT FROM 'lifted'
UNION ALL
SELECT product.lot_id, NULL, NULL, 'unreleased', NULL,
       CASE WHEN rejected.id IS NULL THEN 'production batch ' || p.name || ' is not released'
            ELSE 'production batch ' || p.name || ' was rejected: ' || (rejected.data ->> 'reason') END,
       b.planned_at, NULL
FROM batch_product product
JOIN production_batch b ON b.id = product.batch_id
JOIN place p ON p.id = b.place_id
LEFT JOIN batch_fact rejected ON rejected.batch_id = b.id AND rejected.kind = 'rejected'
WHERE NOT EXISTS (SELECT FROM batch_fact f WHERE f.batch_id = b.id AND f.kind = 'released')
UNION ALL
SELECT product.lot_id, NULL, NULL, 'patient', NULL, 'made for prescription ' || b.prescription || ' alone', b.planned_at,
       b.prescription
FROM batch_product product
JOIN production_batch b ON b.id = product.batch_id
WHERE b.prescription <> '';
