-- What is wrong with goods that a supplier delivered, and what an investigation by somebody else found.
CREATE TABLE complaint (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lot_id bigint NOT NULL REFERENCES lot,
    serial text NOT NULL DEFAULT '',
    supplier_id bigint NOT NULL REFERENCES place,
    place_id bigint REFERENCES place,
    order_number text NOT NULL DEFAULT '',
    kind text NOT NULL CHECK (kind IN (
        'temperature', 'damage', 'defect', 'labelling', 'short_delivery', 'short_dated', 'wrong_item', 'other')),
    quantity bigint NOT NULL CHECK (quantity > 0),
    description text NOT NULL,
    observed_at timestamptz NOT NULL,
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL,
    finding text CHECK (finding IN ('confirmed', 'not_confirmed')),
    finding_text text,
    investigated_by text,
    investigated_at timestamptz,
    CHECK (num_nulls(finding, finding_text, investigated_by, investigated_at) IN (0, 4)),
    CHECK (investigated_by <> opened_by)
);
CREATE INDEX complaint_lot ON complaint (lot_id);
CREATE INDEX complaint_supplier ON complaint (supplier_id);

-- What shows it: a thermal passport as it was then, a logger's file, photographs and documents, each with its digest.
CREATE TABLE complaint_evidence (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    complaint_id bigint NOT NULL REFERENCES complaint,
    kind text NOT NULL CHECK (kind IN ('thermal_passport', 'logger_file', 'photo', 'document')),
    document_id bigint NOT NULL REFERENCES interop_document,
    logger_file_id bigint REFERENCES logger_file,
    title text NOT NULL,
    added_by text NOT NULL,
    added_at timestamptz NOT NULL,
    CHECK ((kind = 'logger_file') = (logger_file_id IS NOT NULL)),
    UNIQUE (complaint_id, kind, document_id)
);

-- What is asked of the supplier. evidence_sha256: of the digests of all evidence as it was sent.
CREATE TABLE supplier_claim (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    complaint_id bigint NOT NULL REFERENCES complaint,
    wants text NOT NULL CHECK (wants IN ('credit', 'replacement')),
    quantity bigint NOT NULL CHECK (quantity > 0),
    amount numeric(14, 2) NOT NULL CHECK (amount > 0),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount_by text NOT NULL,
    note text NOT NULL DEFAULT '',
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    sent_by text,
    sent_at timestamptz,
    sent_how text,
    evidence_sha256 text CHECK (evidence_sha256 ~ '^[0-9a-f]{64}$'),
    closed_as text CHECK (closed_as IN ('settled', 'refused', 'withdrawn')),
    closed_by text,
    closed_at timestamptz,
    closed_reason text,
    CHECK (num_nulls(sent_by, sent_at, sent_how, evidence_sha256) IN (0, 4)),
    CHECK (num_nulls(closed_as, closed_by, closed_at, closed_reason) IN (0, 4))
);
CREATE INDEX supplier_claim_complaint ON supplier_claim (complaint_id);
CREATE INDEX supplier_claim_open ON supplier_claim (made_at) WHERE closed_at IS NULL;

-- What the supplier gave: a credit note, or goods. A replacement settles what its quantity was claimed for.
CREATE TABLE claim_settlement (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    claim_id bigint NOT NULL REFERENCES supplier_claim,
    kind text NOT NULL CHECK (kind IN ('credit', 'replacement')),
    amount numeric(14, 2) NOT NULL CHECK (amount > 0),
    quantity bigint CHECK (quantity > 0),
    reference text NOT NULL,
    settled_by text NOT NULL,
    settled_at timestamptz NOT NULL,
    CHECK ((kind = 'replacement') = (quantity IS NOT NULL)),
    UNIQUE (claim_id, kind, reference)
);
