-- Decisions that keep their evidence, recalls, cases with owners, and one reading of where a hold covers.

------------------------------------------------------------------------------------------------------- decisions

-- What is known of a lot's exposure to an excursion, in one text: the excursion as it is, and each stay of the lot in
-- it (place, serial, from when to when). Stock that is moved afterwards changes nothing; an excursion that turns out
-- otherwise, or another or longer stay in it, does. For a lot that was not in it itself, but made of or mixed with what
-- was, since when it counts as exposed.
CREATE FUNCTION exposure_evidence(of_excursion bigint, of_lot bigint) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT encode(sha256(convert_to(concat_ws('|', e.began_at, e.ended_at, e.worst, e.reach_from, e.reach_until,
        coalesce(
            (SELECT string_agg(concat_ws(',', x.place_id, x.serial, x.since, least(
                        r.ended_at, coalesce(e.reach_until, e.ended_at))), ';' ORDER BY x.place_id, x.serial, x.since)
             FROM exposure x
             JOIN residency r ON (r.lot_id, r.place_id, r.serial, r.began_at)
                               = (x.lot_id, x.place_id, x.serial, x.residency_began_at)
             JOIN place p ON p.id = x.place_id AND p.ancestors @> ARRAY[e.place_id]
             WHERE x.excursion_id = e.id AND x.lot_id = of_lot
               AND r.began_at < coalesce(e.reach_until, e.ended_at, 'infinity')),
            (SELECT min(x.since)::text FROM exposure x WHERE x.excursion_id = e.id AND x.lot_id = of_lot))), 'UTF8')),
        'hex')
    FROM excursion e
    WHERE e.id = of_excursion
$$;

-- A decision outlives its excursion: when that is withdrawn, the decision stays in history. places: it covers stock
-- only while that is at or below one of them (null: wherever it is). evidence: what it was decided on.
ALTER TABLE disposition
    DROP CONSTRAINT disposition_excursion_id_fkey,
    ADD COLUMN places bigint[],
    ADD COLUMN evidence text;

CREATE FUNCTION note_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.evidence := coalesce(NEW.evidence, exposure_evidence(NEW.excursion_id, NEW.lot_id));
    RETURN NEW;
END $$;
CREATE TRIGGER disposition_evidence BEFORE INSERT ON disposition FOR EACH ROW EXECUTE FUNCTION note_evidence();
CREATE TRIGGER disposition_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON disposition
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

---------------------------------------------------------------------------------------------------------- recalls

-- A recall of lots, of all lots of items, or of all that suppliers sent. While it is not lifted, everything in its reach
-- is held, whenever it arrives. A mock recall holds nothing. reached_at: when it was known where everything is.
CREATE TABLE recall (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title text NOT NULL,
    reason text NOT NULL,
    is_mock boolean NOT NULL,
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    reconciled_at timestamptz,
    closed_by text,
    closed_at timestamptz,
    outcome text CHECK (outcome IN ('completed', 'lifted')),
    closed_reason text,
    CHECK ((closed_at IS NULL) = (outcome IS NULL))
);

CREATE TABLE recall_scope (
    recall_id bigint NOT NULL REFERENCES recall,
    lot_id bigint REFERENCES lot,
    item_id bigint REFERENCES item,
    supplier_id bigint REFERENCES place,
    CHECK (num_nonnulls(lot_id, item_id, supplier_id) = 1)
);
CREATE INDEX recall_scope_recall ON recall_scope (recall_id);

-- Lots in the reach of a recall: those it names, and those made of them.
CREATE TABLE recall_lot (
    recall_id bigint NOT NULL REFERENCES recall,
    lot_id bigint NOT NULL REFERENCES lot,
    is_product boolean NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (recall_id, lot_id)
);
CREATE INDEX recall_lot_lot ON recall_lot (lot_id);

-- What a recipient was told, and said: records of what people did.
CREATE TABLE recall_notice (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recall_id bigint NOT NULL REFERENCES recall,
    place_id bigint NOT NULL REFERENCES place,
    lots jsonb NOT NULL,
    sent_by text,
    sent_at timestamptz,
    sent_how text,
    acknowledged_by text,
    acknowledged_at timestamptz,
    acknowledged_text text,
    UNIQUE (recall_id, place_id)
);

------------------------------------------------------------------------------------------------------------ cases

-- place_id: a case about stock in one place holds the lot there only (null: everywhere). assignee: who looks into it.
ALTER TABLE exception_case
    ADD COLUMN place_id bigint REFERENCES place,
    ADD COLUMN assignee text,
    ADD COLUMN decision text CHECK (decision IN ('explained', 'corrected', 'accepted', 'rejected')),
    ADD COLUMN resolved_role text;
-- The batch in which a fact was scanned (gateway/journal/lane/seq#line); null for what was said otherwise.
CREATE FUNCTION evidence_of(of_fact text) RETURNS bigint STABLE LANGUAGE sql AS $$
    SELECT e.id
    FROM (SELECT of_fact ~ '^[^/]+/[0-9a-f-]{36}/scans/[0-9]{1,18}#' AS is_scan) AS fact
    JOIN gateway g ON fact.is_scan AND g.name = split_part(of_fact, '/', 1)
    JOIN evidence e ON e.gateway_id = g.id AND e.lane = 'scans'
        AND e.journal = CASE WHEN fact.is_scan THEN split_part(of_fact, '/', 2)::uuid END
        AND CASE WHEN fact.is_scan THEN split_part(split_part(of_fact, '/', 4), '#', 1)::bigint END
            BETWEEN e.first_seq AND e.last_seq
    ORDER BY e.first_seq DESC
    LIMIT 1
$$;
CREATE INDEX exception_case_open_kind ON exception_case (kind, opened_at) WHERE resolved_at IS NULL;

------------------------------------------------------------------------------------------------------------ holds

-- Whether a hold covers stock in a place: the one reading of it. Exposure is of the stock in that very place; what
-- people and rules hold, they hold at and below.
CREATE FUNCTION hold_covers(kind text, held_place bigint, place bigint, ancestors bigint[])
RETURNS boolean IMMUTABLE LANGUAGE sql AS $$
    SELECT held_place IS NULL OR held_place = place OR kind <> 'exposure' AND held_place = ANY(ancestors)
$$;

-- Whether a hold of the kind patient says that the stock was made for this demand: a prescription, or an order with it.
CREATE FUNCTION patient_hold_is_for(said text, demand text)
RETURNS boolean STABLE LANGUAGE sql AS $$
    SELECT coalesce(said = 'made for prescription ' || demand || ' alone'
                    OR said = 'made for prescription '
                       || (SELECT o.patient_ref FROM stock_order o WHERE o.number = demand) || ' alone', false)
$$;

-- Every reason that blocks stock now, one row each: (lot, serial, place) with place null = everywhere, serial null =
-- all serials, since = from when on (for exposure the time of the fact, else of the decision). The exposure part: the
-- stock is still there, and the latest decision on it is not a release of the evidence as it is now. Products of a
-- batch are blocked until quality releases it, and those for one patient are never stock for others.
CREATE VIEW hold_now AS
SELECT x.lot_id, x.serial, x.place_id, 'exposure'::text AS kind, x.excursion_id,
       format('exposed since %s: %s broke %s at %s (worst %s)',
              CASE WHEN x.since <= '0001-01-01Z' THEN 'a time that nobody knows'
                   ELSE to_char(x.since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS UTC') END,
              c.device || '/' || c.metric, e.rule, p.name, round(e.worst::numeric, 2))
       || CASE decided.decision
              WHEN 'release' THEN '; evidence changed after disposition'
              WHEN 'reject' THEN '; rejected: ' || decided.reason
              WHEN 'destroy' THEN '; to be destroyed: ' || decided.reason
              ELSE '' END AS text,
       x.since
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
SELECT h.lot_id, NULL, h.place_id, h.kind, NULL, h.reason, h.placed_at
FROM hold h
WHERE h.lifted_at IS NULL
UNION ALL
SELECT k.lot_id, NULL, k.place_id, 'exception', NULL, k.kind || ': ' || k.text, k.opened_at
FROM exception_case k
WHERE k.resolved_at IS NULL AND k.lot_id IS NOT NULL
UNION ALL
SELECT l.lot_id, NULL, NULL, 'recall', NULL,
       format('recall %s: %s', c.id, c.title) || CASE WHEN l.is_product THEN ' (made of a recalled lot)' ELSE '' END,
       c.opened_at
FROM recall_lot l
JOIN recall c ON c.id = l.recall_id
WHERE NOT c.is_mock AND c.outcome IS DISTINCT FROM 'lifted'
UNION ALL
SELECT product.lot_id, NULL, NULL, 'unreleased', NULL,
       CASE WHEN rejected.id IS NULL THEN 'production batch ' || p.name || ' is not released'
            ELSE 'production batch ' || p.name || ' was rejected: ' || (rejected.data ->> 'reason') END,
       b.planned_at
FROM batch_product product
JOIN production_batch b ON b.id = product.batch_id
JOIN place p ON p.id = b.place_id
LEFT JOIN batch_fact rejected ON rejected.batch_id = b.id AND rejected.kind = 'rejected'
WHERE NOT EXISTS (SELECT FROM batch_fact f WHERE f.batch_id = b.id AND f.kind = 'released')
UNION ALL
SELECT product.lot_id, NULL, NULL, 'patient', NULL, 'made for prescription ' || b.prescription || ' alone', b.planned_at
FROM batch_product product
JOIN production_batch b ON b.id = product.batch_id
WHERE b.prescription <> '';

------------------------------------------------------------------------------------------------------------ trace

CREATE INDEX lot_number ON lot (lot_number);
CREATE INDEX movement_serial ON movement (serial) WHERE serial <> '';

----------------------------------------------------------------------------------------------------------- lists

-- What lists are narrowed down by and put in order with.
CREATE INDEX lot_expiry ON lot (expires_at, id);
CREATE INDEX movement_opening ON movement (id) WHERE action = 'opening';
CREATE INDEX stock_order_from ON stock_order (from_place, id);
CREATE INDEX stock_order_to ON stock_order (to_place, id);
CREATE INDEX exception_case_order ON exception_case ((data ->> 'order'))
    WHERE kind IN ('order_mismatch', 'receipt_discrepancy');
CREATE INDEX exception_case_of_lot ON exception_case (lot_id, id);
CREATE INDEX exception_case_assignee ON exception_case (assignee, id) WHERE assignee IS NOT NULL;
CREATE INDEX hold_of_lot ON hold (lot_id, id);
