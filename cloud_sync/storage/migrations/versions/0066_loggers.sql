-- Files of temperature loggers, as they were read: of a shipment (order_id), or of a room (place_id), whose readings are
-- those of a gateway that stands for the logger. The file itself is the document. verdict: what our policies make of it,
-- device_verdict: what the device did.
CREATE TABLE logger_file (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    document_id bigint NOT NULL REFERENCES interop_document,
    order_id bigint REFERENCES stock_order,
    place_id bigint REFERENCES place,
    gateway_id bigint REFERENCES gateway,
    format text NOT NULL,
    is_verified boolean NOT NULL,
    device text NOT NULL,
    serial text NOT NULL,
    zone text NOT NULL,
    answers jsonb NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL CHECK (last_at >= first_at),
    readings integer NOT NULL,
    lowest double precision NOT NULL,
    highest double precision NOT NULL,
    device_verdict text NOT NULL CHECK (device_verdict IN ('alarm', 'ok', '')),
    device_alarms text[] NOT NULL,
    policies text[] NOT NULL,
    verdict text NOT NULL CHECK (verdict IN ('broken', 'kept', 'judged_in_place')),
    broken jsonb NOT NULL,
    explanation text NOT NULL,
    notes text[] NOT NULL,
    brought_by text NOT NULL,
    brought_at timestamptz NOT NULL,
    CHECK (num_nonnulls(order_id, place_id) = 1),
    UNIQUE NULLS NOT DISTINCT (document_id, order_id, place_id)
);
CREATE INDEX logger_file_order ON logger_file (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX logger_file_place ON logger_file (place_id, last_at) WHERE place_id IS NOT NULL;
