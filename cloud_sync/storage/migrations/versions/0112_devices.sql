-- Devices: tracking class, warranty, service plans, and the life of each unit as facts; field corrections.

-- An item that is a device: its class (21 CFR 860), and why it is tracked to the patient (21 CFR 821), if it is.
CREATE TABLE device (
    item_id bigint PRIMARY KEY REFERENCES item,
    class text NOT NULL CHECK (class IN ('I', 'II', 'III')),
    tracking text NOT NULL CHECK (tracking IN ('none', 'implanted', 'life_sustaining')),
    set_by text NOT NULL,
    set_at timestamptz NOT NULL
);

-- How long a unit is under warranty, from when; supplier null: from any that has no term of its own.
CREATE TABLE warranty_term (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id bigint NOT NULL REFERENCES item,
    supplier_id bigint REFERENCES place,
    months integer NOT NULL CHECK (months BETWEEN 1 AND 600),
    starts text NOT NULL CHECK (starts IN ('receipt', 'first_use', 'sale')),
    set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    UNIQUE NULLS NOT DISTINCT (item_id, supplier_id)
);

-- What is done to each unit again and again.
CREATE TABLE service_plan (
    item_id bigint NOT NULL REFERENCES item,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('maintenance', 'calibration')),
    every_days integer NOT NULL CHECK (every_days BETWEEN 1 AND 36500),
    starts text NOT NULL CHECK (starts IN ('receipt', 'first_use')),
    set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    PRIMARY KEY (item_id, name)
);

-- What happened to a unit beside its movements. patient: a token of personal_data. other_*: the unit that took its place.
-- about: the fact that this one ends or goes on with (a loan, a repair), or the field correction that was done.
CREATE TABLE unit_fact (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lot_id bigint NOT NULL REFERENCES lot,
    serial text NOT NULL CHECK (serial <> ''),
    kind text NOT NULL CHECK (kind IN ('first_use', 'service', 'patient', 'patient_ended', 'lent', 'loan_returned',
                                       'repair_opened', 'repair_closed', 'swapped', 'corrected')),
    at timestamptz NOT NULL,
    patient text CHECK (starts_with(patient, 'personal:')),
    other_lot_id bigint REFERENCES lot,
    other_serial text,
    about bigint,
    data jsonb NOT NULL DEFAULT '{}',
    reason text NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    CHECK ((kind IN ('patient', 'patient_ended')) = (patient IS NOT NULL)),
    CHECK ((kind = 'swapped') = (other_serial IS NOT NULL)),
    CHECK (num_nulls(other_lot_id, other_serial) IN (0, 2)),
    CHECK ((kind IN ('loan_returned', 'repair_closed', 'corrected')) = (about IS NOT NULL))
);
CREATE INDEX unit_fact_unit ON unit_fact (lot_id, serial, at);
CREATE INDEX unit_fact_patient ON unit_fact (patient) WHERE patient IS NOT NULL;
CREATE INDEX unit_fact_kind ON unit_fact (kind, at);
CREATE INDEX unit_fact_about ON unit_fact (about) WHERE about IS NOT NULL;
CREATE UNIQUE INDEX unit_fact_swapped ON unit_fact (lot_id, serial) WHERE kind = 'swapped';
CREATE UNIQUE INDEX unit_fact_took_its_place ON unit_fact (other_lot_id, other_serial) WHERE kind = 'swapped';
CREATE UNIQUE INDEX unit_fact_ended ON unit_fact (about) WHERE kind IN ('loan_returned', 'repair_closed');
CREATE UNIQUE INDEX unit_fact_corrected ON unit_fact (about, lot_id, serial) WHERE kind = 'corrected';

-- A correction in the field, and the serials that its maker names, ours or not.
CREATE TABLE field_correction (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id bigint NOT NULL REFERENCES item,
    title text NOT NULL,
    reference text NOT NULL,
    instructions text NOT NULL,
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_by text,
    closed_at timestamptz,
    closed_reason text,
    CHECK (num_nulls(closed_by, closed_at, closed_reason) IN (0, 3))
);
CREATE TABLE field_correction_unit (
    correction_id bigint NOT NULL REFERENCES field_correction,
    serial text NOT NULL CHECK (serial <> ''),
    PRIMARY KEY (correction_id, serial)
);
