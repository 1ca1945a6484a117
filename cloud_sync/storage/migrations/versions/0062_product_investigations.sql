-- DSCSA: verification of product identifiers asked and answered, suspect and illegitimate product, and what regulators ask.

INSERT INTO role VALUES ('partner', 'a trading partner: asks whether product identifiers are ours, and sees nothing else');
INSERT INTO role_permission VALUES
    ('partner', 'verify product identifiers'),
    ('receiver', 'verify product identifiers'),
    ('operator', 'verify product identifiers'),
    ('pharmacist', 'verify product identifiers'),
    ('quality', 'verify product identifiers');

-- What a partner's verification service asks us for; it is sent there and shown nowhere.
ALTER TABLE trading_partner ADD COLUMN verification_token text NOT NULL DEFAULT '';

-- A package is looked for by its serial.
CREATE INDEX position_serial ON position (serial, lot_id) WHERE serial <> '';

-- What was asked and answered. verified is null when a partner was asked and gave no answer; error says why.
CREATE TABLE product_verification (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    direction text NOT NULL CHECK (direction IN ('asked', 'answered')),
    partner_id bigint REFERENCES place,
    gtin text NOT NULL,
    lot_number text NOT NULL,
    serial text NOT NULL,
    expires_on date,
    context text NOT NULL DEFAULT '',
    correlation text NOT NULL DEFAULT '',
    requester_gln text NOT NULL DEFAULT '',
    verified boolean,
    reason text,
    info text,
    error text NOT NULL DEFAULT '',
    case_id bigint REFERENCES exception_case,
    person text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX product_verification_serial ON product_verification (serial);
CREATE INDEX product_verification_gtin ON product_verification (gtin, lot_number);
CREATE INDEX product_verification_at ON product_verification (at);

-- Product that is suspected, or found to be illegitimate. Its case holds it until it is cleared, or the notification is
-- terminated; how far it has come follows from what is set here and from the messages to partners.
CREATE TABLE suspect_product (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lot_id bigint NOT NULL REFERENCES lot,
    serial text NOT NULL DEFAULT '',
    case_id bigint NOT NULL REFERENCES exception_case,
    source text NOT NULL CHECK (source IN ('own', 'partner', 'fda')),
    classification text NOT NULL CHECK (classification IN (
        'counterfeit', 'diverted', 'stolen', 'intentional_adulteration', 'unfit_for_distribution', 'fraudulent_transaction')),
    description text NOT NULL,
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL,
    determination text CHECK (determination IN ('cleared', 'illegitimate')),
    determined_by text,
    determined_at timestamptz,
    determination_reason text,
    fda_notified_by text,
    fda_notified_at timestamptz,
    fda_notified_how text,
    fda_incident text NOT NULL DEFAULT '',
    terminated_by text,
    terminated_at timestamptz,
    termination_reason text,
    CHECK (num_nulls(determination, determined_by, determined_at, determination_reason) IN (0, 4)),
    CHECK (num_nulls(fda_notified_by, fda_notified_at, fda_notified_how) IN (0, 3)),
    CHECK (num_nulls(terminated_by, terminated_at, termination_reason) IN (0, 3)),
    CHECK (fda_notified_at IS NULL OR determination = 'illegitimate'),
    CHECK (terminated_at IS NULL OR fda_notified_at IS NOT NULL)
);
CREATE INDEX suspect_product_lot ON suspect_product (lot_id);
CREATE UNIQUE INDEX suspect_product_case ON suspect_product (case_id);
CREATE UNIQUE INDEX suspect_product_open ON suspect_product (lot_id, serial)
    WHERE determination IS DISTINCT FROM 'cleared' AND terminated_at IS NULL;

-- What the FDA or a state asks about a product, and when it was answered.
CREATE TABLE tracing_request (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asked_by text NOT NULL,
    reference text NOT NULL DEFAULT '',
    asked_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    gtin text NOT NULL DEFAULT '',
    item_id bigint NOT NULL REFERENCES item,
    lot_number text NOT NULL DEFAULT '',
    serial text NOT NULL DEFAULT '',
    recorded_by text NOT NULL,
    answered_by text,
    answered_at timestamptz,
    answer_sha256 text,
    CHECK (due_at > asked_at),
    CHECK (num_nulls(answered_by, answered_at, answer_sha256) IN (0, 3))
);
CREATE INDEX tracing_request_waiting ON tracing_request (due_at) WHERE answered_at IS NULL;
