-- A message of a hospital's system (HL7 version 2, FHIR), whose bytes are kept beside it. It speaks for places of its site
-- (null: of all) and of stock of one owner.
CREATE TABLE hospital_message (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    document_id bigint NOT NULL UNIQUE REFERENCES interop_document,
    connection text NOT NULL CHECK (connection <> ''),
    format text NOT NULL CHECK (format IN ('hl7v2', 'fhir-R4', 'fhir-R5')),
    kind text NOT NULL,
    control_id text NOT NULL,
    site_id bigint REFERENCES place,
    owner text NOT NULL REFERENCES owner,
    received_at timestamptz NOT NULL
);
CREATE INDEX hospital_message_control_id ON hospital_message (connection, control_id);

-- What became of a message each time that it was read; the last one counts.
CREATE TABLE hospital_outcome (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id bigint NOT NULL REFERENCES hospital_message,
    outcome text NOT NULL
        CHECK (outcome IN ('booked', 'with_cases', 'ordered', 'noted', 'not_understood', 'refused')),
    answer text NOT NULL CHECK (answer IN ('AA', 'AE', 'AR')),
    text text NOT NULL,
    faults jsonb NOT NULL DEFAULT '[]',
    map_sha256 text NOT NULL DEFAULT '',
    by_whom text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX hospital_outcome_message ON hospital_outcome (message_id, id DESC);

-- Dispenses, page by page.
CREATE INDEX movement_dispensed ON movement (id) WHERE action = 'dispense';

-- For whom stock was dispensed: a token, for personal data stand apart.
CREATE TABLE hospital_patient (
    fact text PRIMARY KEY,
    patient text NOT NULL CHECK (starts_with(patient, 'personal:'))
);
