-- What planning needs to know, what it suggested, and what people decided on it. Nothing here orders anything by itself.

-- How an item is to be kept at a place, beside its levels: the share of what is wanted that is to be there, packs, the
-- smallest order, for how many days is ordered at once, and how much fits.
ALTER TABLE reorder_level
    ADD COLUMN service_level double precision NOT NULL DEFAULT 0.98 CHECK (service_level > 0 AND service_level < 1),
    ADD COLUMN pack_size bigint NOT NULL DEFAULT 1 CHECK (pack_size > 0),
    ADD COLUMN order_min bigint NOT NULL DEFAULT 1 CHECK (order_min > 0),
    ADD COLUMN cycle_days integer NOT NULL DEFAULT 14 CHECK (cycle_days BETWEEN 1 AND 365),
    ADD COLUMN room_max bigint CHECK (room_max > 0);

-- Who comes first when there is not enough: 1 life-saving, 2 urgent, 3 planned care, 4 can wait.
ALTER TABLE recipient ADD COLUMN care_priority smallint NOT NULL DEFAULT 3 CHECK (care_priority BETWEEN 1 AND 4);

-- A plan of all items and places as of one instant, of the movements up to one id. The hashes fix what went in and came out.
CREATE TABLE planning_run (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    as_of timestamptz NOT NULL,
    movement_mark bigint NOT NULL,
    lines integer NOT NULL,
    inputs_sha256 text NOT NULL CHECK (inputs_sha256 ~ '^[0-9a-f]{64}$'),
    results_sha256 text NOT NULL CHECK (results_sha256 ~ '^[0-9a-f]{64}$'),
    made_by text NOT NULL,
    made_at timestamptz NOT NULL
);

-- Its lines: what each suggestion was made of, and what it is.
CREATE TABLE planning_line (
    run_id bigint NOT NULL REFERENCES planning_run,
    item_id bigint NOT NULL REFERENCES item,
    place_id bigint NOT NULL REFERENCES place,
    inputs jsonb NOT NULL,
    result jsonb NOT NULL,
    PRIMARY KEY (run_id, item_id, place_id)
);

-- A lot (or any lot of an item) that one place has too much of and another one needs: it becomes a transfer once somebody
-- else than who put it forward agrees.
CREATE TABLE transfer_advice (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id bigint NOT NULL REFERENCES planning_run,
    item_id bigint NOT NULL REFERENCES item,
    lot_id bigint REFERENCES lot,
    from_place bigint NOT NULL REFERENCES place,
    to_place bigint NOT NULL REFERENCES place,
    quantity bigint NOT NULL CHECK (quantity > 0),
    why text NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    decision text CHECK (decision IN ('approved', 'rejected')),
    decided_by text,
    decided_at timestamptz,
    decision_reason text,
    order_number text,
    CHECK (num_nulls(decision, decided_by, decided_at, decision_reason) IN (0, 4)),
    CHECK (decided_by <> proposed_by),
    CHECK (order_number IS NULL OR decision = 'approved')
);
CREATE INDEX transfer_advice_open ON transfer_advice (id) WHERE decision IS NULL;
CREATE INDEX transfer_advice_run ON transfer_advice (run_id);
