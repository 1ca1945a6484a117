-- Compounding. A production batch is a place of kind production: what goes in and comes out are movements like any
-- other, so that balances, exposure and trace need nothing new. Beside them stands the batch record.

-- A master formulation record. A version never changes; body is cloud_sync.domain.compounding.Formula.
CREATE TABLE formula (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    item_id bigint NOT NULL REFERENCES item,
    body jsonb NOT NULL,
    drafted_by text NOT NULL,
    drafted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    approved_by text,
    approved_at timestamptz,
    UNIQUE (name, version),
    CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
    CHECK (approved_by <> drafted_by)
);

CREATE FUNCTION refuse_formula_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF old.approved_by IS NOT NULL OR (new.name, new.version, new.item_id, new.body, new.drafted_by)
        IS DISTINCT FROM (old.name, old.version, old.item_id, old.body, old.drafted_by) THEN
        RAISE EXCEPTION 'a formula never changes: draft a new version';
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER formula_never_changes BEFORE UPDATE ON formula
    FOR EACH ROW EXECUTE FUNCTION refuse_formula_change();

-- One batch, one place. quantity is what is to be made, in base units. prescription only for one patient (503A).
CREATE TABLE production_batch (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    place_id bigint NOT NULL UNIQUE REFERENCES place,
    formula_id bigint NOT NULL REFERENCES formula,
    quantity bigint NOT NULL CHECK (quantity > 0),
    prescription text NOT NULL DEFAULT '',
    owner text NOT NULL REFERENCES owner,
    planned_by text NOT NULL,
    planned_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX production_batch_prescription ON production_batch (prescription) WHERE prescription <> '';

-- What was done to a batch, beside the movements: steps, checks, equipment, deviations, yields, tests, decisions. Its
-- state follows from these and is not stored.
CREATE TABLE batch_fact (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_id bigint NOT NULL REFERENCES production_batch,
    kind text NOT NULL CHECK (kind IN ('step', 'check', 'equipment', 'deviation', 'assessment', 'yield', 'finished',
                                       'test', 'released', 'rejected')),
    actor text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    data jsonb NOT NULL DEFAULT '{}',
    event_id bigint NOT NULL REFERENCES event
);
CREATE INDEX batch_fact_batch ON batch_fact (batch_id, id);
-- Finished once, decided once.
CREATE UNIQUE INDEX batch_fact_finished ON batch_fact (batch_id) WHERE kind = 'finished';
CREATE UNIQUE INDEX batch_fact_decided ON batch_fact (batch_id) WHERE kind IN ('released', 'rejected');
CREATE TRIGGER batch_fact_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON batch_fact
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What came out of a batch, by whatever door it was said; what only came back out again was an ingredient.
CREATE VIEW batch_product AS
SELECT DISTINCT b.id AS batch_id, m.lot_id
FROM production_batch b
JOIN movement m ON m.from_place = b.place_id
WHERE NOT EXISTS (SELECT FROM movement put_in WHERE put_in.lot_id = m.lot_id AND put_in.to_place = b.place_id);
