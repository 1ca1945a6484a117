-- How stock of an owner is paid for; '' where nobody has said: nothing of it is charged then.
ALTER TABLE owner ADD COLUMN payer_class text NOT NULL DEFAULT ''
    CHECK (payer_class IN ('', 'purchased', '340B', 'consignment', 'patient_owned'));

-- A conversion table as somebody brought it, and where it comes from. The latest one that knows an NDC counts.
CREATE TABLE billing_table (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title text NOT NULL,
    source text NOT NULL,
    document_id bigint NOT NULL REFERENCES interop_document,
    imported_by text NOT NULL,
    imported_at timestamptz NOT NULL
);

-- What a base unit of the item with an NDC holds, in which unit doses are said, and what one unit of a bill stands for.
CREATE TABLE billing_conversion (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    table_id bigint NOT NULL REFERENCES billing_table,
    ndc text NOT NULL CHECK (ndc ~ '^[0-9]{5}-[0-9]{4}-[0-9]{2}$'),
    hcpcs text NOT NULL CHECK (hcpcs ~ '^[A-Z][0-9]{4}$'),
    description text NOT NULL DEFAULT '',
    dose_unit text NOT NULL CHECK (dose_unit <> ''),
    dose_per_base_unit numeric(18, 6) NOT NULL CHECK (dose_per_base_unit > 0),
    dose_per_billing_unit numeric(18, 6) NOT NULL CHECK (dose_per_billing_unit > 0),
    ndc_unit text NOT NULL CHECK (ndc_unit <> ''),
    ndc_units_per_base_unit numeric(18, 6) NOT NULL CHECK (ndc_units_per_base_unit > 0),
    container text NOT NULL CHECK (container IN ('single_dose', 'multi_dose')),
    rounding text NOT NULL CHECK (rounding IN ('none', 'up', 'down', 'nearest')),
    valid_from date NOT NULL,
    valid_until date CHECK (valid_until >= valid_from)
);
CREATE INDEX billing_conversion_ndc ON billing_conversion (ndc, table_id DESC);

-- What a patient was given. patient: a token, for personal data stand apart. not_charged: why nothing is charged for it.
CREATE TABLE administration (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fact text NOT NULL UNIQUE,
    lot_id bigint NOT NULL REFERENCES lot,
    serial text NOT NULL DEFAULT '',
    quantity bigint NOT NULL CHECK (quantity > 0),
    expires_on date,
    from_place bigint NOT NULL REFERENCES place,
    to_place bigint NOT NULL REFERENCES place,
    site_id bigint REFERENCES place,
    day date NOT NULL,
    payer_class text NOT NULL,
    patient text NOT NULL CHECK (starts_with(patient, 'personal:')),
    order_number text NOT NULL DEFAULT '',
    dose numeric(18, 6) CHECK (dose >= 0),
    wasted numeric(18, 6) CHECK (wasted >= 0),
    dose_unit text NOT NULL DEFAULT '',
    given_by text NOT NULL,
    given_at timestamptz NOT NULL,
    witness text NOT NULL DEFAULT '',
    not_charged text NOT NULL DEFAULT '',
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    CHECK (num_nulls(dose, wasted) IN (0, 2)),
    CHECK (witness <> given_by)
);
CREATE INDEX administration_day ON administration (day, site_id);
CREATE INDEX administration_lot ON administration (lot_id);
CREATE INDEX administration_patient ON administration (patient);

-- What is charged for it. A charge goes out once; what was wrong is taken back whole by a reversal, and charged again.
CREATE TABLE charge (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    administration_id bigint NOT NULL REFERENCES administration,
    conversion_id bigint NOT NULL REFERENCES billing_conversion,
    version integer NOT NULL CHECK (version > 0),
    part text NOT NULL CHECK (part IN ('given', 'wasted')),
    reverses bigint UNIQUE REFERENCES charge,
    hcpcs text NOT NULL,
    units numeric(18, 6) NOT NULL CHECK (units > 0),
    modifier text NOT NULL CHECK (modifier IN ('', 'JW', 'JZ')),
    ndc text NOT NULL,
    ndc_units numeric(18, 6) NOT NULL CHECK (ndc_units > 0),
    ndc_unit text NOT NULL,
    dose numeric(18, 6) NOT NULL CHECK (dose > 0),
    reason text NOT NULL DEFAULT '',
    made_by text NOT NULL,
    made_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX charge_once ON charge (administration_id, version, part) WHERE reverses IS NULL;
CREATE INDEX charge_administration ON charge (administration_id, id);

-- When charges and stock of a site and day were compared, and what differed.
CREATE TABLE charge_reconciliation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id bigint NOT NULL REFERENCES place,
    day date NOT NULL,
    dispensed bigint NOT NULL,
    charged bigint NOT NULL,
    differences jsonb NOT NULL,
    run_by text NOT NULL,
    run_at timestamptz NOT NULL
);
CREATE INDEX charge_reconciliation_day ON charge_reconciliation (site_id, day, id DESC);
