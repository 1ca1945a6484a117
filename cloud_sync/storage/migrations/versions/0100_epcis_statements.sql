-- EPCIS: what was said of lots before they were corrected, and what is packed into totes.

-- Corrections that were confirmed, for whoever asks what an event said before.
CREATE INDEX correction_confirmed ON correction (lot_id, decided_at)
    WHERE decision = 'confirmed' AND kind IN ('lot_number', 'lot_expiry');

-- Corrections since an instant: of the numbers of some lots, and of the expiry of others; the first first.
CREATE FUNCTION lot_corrections(numbered bigint[], expiring bigint[], told_at timestamptz) RETURNS jsonb
STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('lot_id', c.lot_id, 'kind', c.kind, 'decided_at', c.decided_at,
                                                 'before', coalesce(c.before ->> 'lot_number', c.before ->> 'expiry'))
                              ORDER BY c.decided_at, c.id), '[]')
    FROM correction c
    WHERE c.decision = 'confirmed' AND c.kind IN ('lot_number', 'lot_expiry') AND c.decided_at > told_at
      AND (c.kind = 'lot_number' AND c.lot_id = ANY(numbered) OR c.kind = 'lot_expiry' AND c.lot_id = ANY(expiring))
      AND c.lot_id = ANY(numbered || expiring)
$$;

-- What concerns the event of a movement. A unit that a GTIN names is called without its lot, but where it gets its serial,
-- with the expiry of its lot; a batch names what was consumed
-- with the first movement out of it, and the expiry of what was made.
CREATE FUNCTION movement_corrections(m movement) RETURNS jsonb STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT lot_corrections(
        CASE WHEN m.serial = '' OR m.action = 'commission'
                  OR NOT EXISTS (SELECT FROM lot l JOIN item_gtin g ON g.item_id = l.item_id AND g.base_units = 1
                                 WHERE l.id = m.lot_id)
             THEN ARRAY[m.lot_id] ELSE '{}' END
        || CASE WHEN p.kind = 'production'
                     AND m.id = (SELECT min(made.id) FROM movement made WHERE made.from_place = m.from_place)
                THEN ARRAY(SELECT c.lot_id FROM movement c WHERE c.to_place = m.from_place) ELSE '{}' END,
        CASE WHEN p.kind = 'production' OR m.action = 'commission' THEN ARRAY[m.lot_id] ELSE '{}' END, m.recorded_at)
    FROM place p WHERE p.id = m.from_place
$$;

-- Movements whose events a correction of these lots concerns: their own, and those out of batches that they went into.
CREATE FUNCTION corrected_movements(lots bigint[])
RETURNS TABLE (id bigint, occurred_at timestamptz, said_at timestamptz, corrections jsonb)
STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT f.id, f.occurred_at, f.said_at, f.corrections
    FROM (
        SELECT m.id, m.occurred_at, m.said_at, movement_corrections(m) AS corrections
        FROM movement m WHERE m.lot_id = ANY(lots)
        UNION
        SELECT m.id, m.occurred_at, m.said_at, movement_corrections(m)
        FROM (SELECT DISTINCT i.to_place FROM movement i JOIN place p ON p.id = i.to_place AND p.kind = 'production'
              WHERE i.lot_id = ANY(lots)) AS batch
        JOIN movement m ON m.from_place = batch.to_place
    ) AS f
    WHERE f.corrections <> '[]'
$$;

CREATE FUNCTION hold_corrections(h hold, told_at timestamptz) RETURNS jsonb STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT lot_corrections(ARRAY(SELECT g.lot_id FROM hold_goods g WHERE g.hold_id = h.id UNION SELECT h.lot_id), '{}', told_at)
$$;

CREATE FUNCTION excursion_corrections(x excursion) RETURNS jsonb STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT lot_corrections(ARRAY(SELECT DISTINCT e.lot_id FROM exposure e WHERE e.excursion_id = x.id), '{}',
                           coalesce((SELECT min(v.recorded_at) FROM excursion_version v WHERE v.excursion_id = x.id), x.began_at))
$$;

-- Goods that were put into a tote, or taken out of it: what its SSCC stands for. They stay where they are in the ledger.
CREATE TABLE tote_packing (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tote_id bigint NOT NULL REFERENCES tote,
    is_unpacking boolean NOT NULL,
    place_id bigint NOT NULL REFERENCES place,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    packed_by text NOT NULL,
    client_id uuid NOT NULL UNIQUE
);
CREATE INDEX tote_packing_occurred ON tote_packing (occurred_at, id);
CREATE INDEX tote_packing_tote ON tote_packing (tote_id, id);
CREATE TABLE tote_packing_line (
    packing_id bigint NOT NULL REFERENCES tote_packing,
    line integer NOT NULL CHECK (line > 0),
    lot_id bigint NOT NULL REFERENCES lot,
    serial text NOT NULL DEFAULT '',
    quantity bigint NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (packing_id, line)
);
CREATE INDEX tote_packing_line_lot ON tote_packing_line (lot_id, packing_id);
