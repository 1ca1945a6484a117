-- DSCSA: which items are products under the act, who trading partners are and whether they are authorised, and the
-- transaction information and statements that went out with each shipment and came in with each receipt.

--------------------------------------------------------------------------------------------------- products, partners

-- Items that are products under the act, with what transaction information tells of them. Their NDC stands with the item.
-- An item without a row is none: over the counter, compounded, or not traded in the United States.
CREATE TABLE traced_product (
    item_id bigint PRIMARY KEY REFERENCES item,
    product_name text NOT NULL CHECK (product_name <> ''),
    ingredients text NOT NULL DEFAULT '',
    strength text NOT NULL,
    dosage_form text NOT NULL,
    container_size text NOT NULL,
    -- How many base units are in one container.
    container_units bigint NOT NULL DEFAULT 1 CHECK (container_units > 0),
    set_by text NOT NULL
);

-- The business behind a supplier or customer, and our own behind a site: name, address, and where to ask for verification.
CREATE TABLE trading_partner (
    place_id bigint PRIMARY KEY REFERENCES place,
    business_name text NOT NULL CHECK (business_name <> ''),
    street text NOT NULL DEFAULT '',
    city text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT '',
    postal_code text NOT NULL DEFAULT '',
    country text NOT NULL DEFAULT 'US',
    gln text NOT NULL DEFAULT '' CHECK (gln ~ '^([0-9]{13})?$'),
    category text NOT NULL DEFAULT '',
    contact text NOT NULL DEFAULT '',
    telephone text NOT NULL DEFAULT '',
    email text NOT NULL DEFAULT '',
    verification_url text NOT NULL DEFAULT '',
    set_by text NOT NULL
);

-- A licence as somebody looked it up. Looking it up again is another row; the latest with the same number counts.
CREATE TABLE partner_licence (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    place_id bigint NOT NULL REFERENCES place,
    kind text NOT NULL CHECK (kind IN ('manufacturer', 'repackager', 'wholesale_distributor', 'third_party_logistics',
                                       'dispenser')),
    number text NOT NULL CHECK (number <> ''),
    state text NOT NULL DEFAULT '',
    valid_until date NOT NULL,
    verified_by text NOT NULL,
    verified_at timestamptz NOT NULL,
    verified_with text NOT NULL,
    withdrawn_by text,
    withdrawn_at timestamptz,
    withdrawn_reason text,
    CHECK (num_nulls(withdrawn_by, withdrawn_at, withdrawn_reason) IN (0, 3))
);
CREATE INDEX partner_licence_place ON partner_licence (place_id, kind, number, id DESC);

----------------------------------------------------------------------------------------------------- transaction data

-- What was told about one shipment, in or out: content is the transaction information and statement as a value, sha256 of
-- its canonical bytes. fault: why it does not count, faults in words. finished: the receipt of it is over, and what has not
-- come does not come. document_id: the bytes as they came.
CREATE TABLE transaction_record (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    direction text NOT NULL CHECK (direction IN ('in', 'out')),
    partner_id bigint NOT NULL REFERENCES place,
    reference text NOT NULL,
    order_ref text NOT NULL DEFAULT '',
    transaction_on date NOT NULL,
    content jsonb NOT NULL,
    sha256 text NOT NULL,
    faults text[] NOT NULL DEFAULT '{}',
    fault text CHECK (fault IN ('incomplete_data', 'wrong_consignee', 'duplicate_data')),
    document_id bigint,
    told_by text NOT NULL,
    told_at timestamptz NOT NULL,
    finished_by text,
    finished_at timestamptz,
    voided_by text,
    voided_at timestamptz,
    voided_reason text,
    UNIQUE (direction, partner_id, sha256),
    CHECK (num_nulls(finished_by, finished_at) IN (0, 2)),
    CHECK (num_nulls(voided_by, voided_at, voided_reason) IN (0, 3))
);
CREATE INDEX transaction_record_partner ON transaction_record (partner_id, direction, reference);
CREATE INDEX transaction_record_order ON transaction_record (order_ref) WHERE order_ref <> '';
CREATE INDEX transaction_record_told ON transaction_record (told_at);
CREATE INDEX transaction_record_unfinished ON transaction_record (told_at)
    WHERE direction = 'in' AND finished_at IS NULL AND voided_at IS NULL;

-- The lines of these, as they are looked for. Made from content. quantity in base units; item null: none here has that code.
CREATE TABLE transaction_line (
    record_id bigint NOT NULL REFERENCES transaction_record,
    line integer NOT NULL,
    item_id bigint REFERENCES item,
    gtin text NOT NULL,
    ndc text NOT NULL,
    lot_number text NOT NULL,
    quantity bigint NOT NULL,
    PRIMARY KEY (record_id, line)
);
CREATE INDEX transaction_line_lot ON transaction_line (item_id, lot_number);
CREATE INDEX transaction_line_ndc ON transaction_line (ndc, lot_number) WHERE item_id IS NULL;
CREATE TABLE transaction_serial (
    record_id bigint NOT NULL,
    line integer NOT NULL,
    serial text NOT NULL,
    PRIMARY KEY (record_id, line, serial),
    FOREIGN KEY (record_id, line) REFERENCES transaction_line
);
CREATE INDEX transaction_serial_serial ON transaction_serial (serial);

-- Which movements a line is about: receipts of what was told, shipments of what was told out.
CREATE TABLE transaction_movement (
    movement_id bigint NOT NULL REFERENCES movement,
    record_id bigint NOT NULL,
    line integer NOT NULL,
    PRIMARY KEY (movement_id, record_id, line),
    FOREIGN KEY (record_id, line) REFERENCES transaction_line
);
CREATE INDEX transaction_movement_record ON transaction_movement (record_id, line);

-------------------------------------------------------------------------------------------------------------- messages

-- What a partner has to be told: a discrepancy, or that product is illegitimate. It goes out through a connection, or
-- somebody sends it and says how.
CREATE TABLE partner_message (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partner_id bigint NOT NULL REFERENCES place,
    kind text NOT NULL,
    case_id bigint REFERENCES exception_case,
    subject text NOT NULL,
    body text NOT NULL,
    data jsonb NOT NULL DEFAULT '{}',
    made_at timestamptz NOT NULL,
    due_at timestamptz,
    sent_by text,
    sent_at timestamptz,
    sent_how text,
    answered_by text,
    answered_at timestamptz,
    answer text,
    withdrawn_at timestamptz,
    CHECK (num_nulls(sent_by, sent_at, sent_how) IN (0, 3)),
    CHECK (num_nulls(answered_by, answered_at, answer) IN (0, 3))
);
CREATE UNIQUE INDEX partner_message_case ON partner_message (case_id, partner_id, kind) WHERE withdrawn_at IS NULL;
CREATE INDEX partner_message_partner ON partner_message (partner_id, id);
CREATE INDEX partner_message_waiting ON partner_message (made_at) WHERE sent_at IS NULL AND withdrawn_at IS NULL;

INSERT INTO retention_rule (name, meaning, years) VALUES
    ('transaction_data', 'transaction information and statements, verifications and investigations of product', 6);
