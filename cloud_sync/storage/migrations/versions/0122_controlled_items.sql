-- What a house asks of items of a controlled schedule. A schedule without a row has no rule: nothing is guessed.
CREATE TABLE controlled_rule (
    schedule text PRIMARY KEY CHECK (schedule IN ('I', 'II', 'III', 'IV', 'V')),
    blind_count boolean NOT NULL,
    double_count boolean NOT NULL,
    witnessed_waste boolean NOT NULL,
    resolve_hours integer NOT NULL CHECK (resolve_hours BETWEEN 1 AND 8760),
    inventory_months integer NOT NULL CHECK (inventory_months BETWEEN 1 AND 24),
    source text NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL
);

-- While a blind count goes on, nobody is shown what the ledger expects; whoever ends the counting reveals it.
ALTER TABLE stock_count ADD COLUMN is_blind boolean NOT NULL DEFAULT false;
ALTER TABLE stock_count ADD COLUMN finished_by text;
ALTER TABLE stock_count ADD COLUMN finished_at timestamptz;
ALTER TABLE stock_count ADD CHECK ((finished_by IS NULL) = (finished_at IS NULL));

-- What was thrown away of a controlled item: an opened or broken unit of stock, or what was left of a dose. Whole units
-- leave stock when somebody else has seen it.
CREATE TABLE waste (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lot_id bigint NOT NULL REFERENCES lot,
    serial text NOT NULL DEFAULT '',
    place_id bigint NOT NULL REFERENCES place,
    takes_unit boolean NOT NULL,
    amount numeric(18, 6) CHECK (amount > 0),
    unit text NOT NULL DEFAULT '',
    administration_id bigint UNIQUE REFERENCES administration,
    fact text UNIQUE,
    reason text NOT NULL,
    wasted_by text NOT NULL,
    wasted_at timestamptz NOT NULL,
    witness text,
    witnessed_at timestamptz,
    witnessed_how text CHECK (witnessed_how IN ('dock', 'ledger')),
    CHECK (takes_unit = (amount IS NULL)),
    CHECK (num_nulls(witness, witnessed_at, witnessed_how) IN (0, 3)),
    CHECK (witness <> wasted_by)
);
CREATE INDEX waste_waiting ON waste (wasted_at) WHERE witnessed_at IS NULL;
CREATE INDEX waste_lot ON waste (lot_id);

-- An inventory of all controlled items of a site, made of approved counts.
CREATE TABLE controlled_inventory (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id bigint NOT NULL REFERENCES place,
    taken_on date NOT NULL,
    taken_when text NOT NULL CHECK (taken_when IN ('opening', 'close')),
    counts text[] NOT NULL CHECK (cardinality(counts) > 0),
    remark text NOT NULL DEFAULT '',
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    UNIQUE (site_id, taken_on, taken_when)
);
CREATE TABLE controlled_inventory_line (
    inventory_id bigint NOT NULL REFERENCES controlled_inventory,
    lot_id bigint NOT NULL REFERENCES lot,
    serial text NOT NULL DEFAULT '',
    place_id bigint NOT NULL REFERENCES place,
    schedule text NOT NULL,
    counted bigint NOT NULL CHECK (counted >= 0),
    expected bigint NOT NULL,
    counted_by text[] NOT NULL,
    PRIMARY KEY (inventory_id, lot_id, serial, place_id)
);

-- Open cases by the lot that they are about, whether they hold it or not.
CREATE FUNCTION lot_of_case(held bigint, data jsonb) RETURNS bigint IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT coalesce(held, CASE WHEN data ->> 'lot' ~ '^[0-9]{1,18}$' THEN (data ->> 'lot')::bigint END)
$$;
