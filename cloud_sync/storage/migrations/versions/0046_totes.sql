-- A box, tote or pallet with a serial shipping container code (SSCC); no number is ever given twice.
CREATE TABLE tote (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sscc text NOT NULL UNIQUE CHECK (sscc ~ '^[0-9]{18}$'),
    order_id bigint REFERENCES stock_order,
    note text NOT NULL DEFAULT '',
    numbered_by text NOT NULL,
    numbered_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX tote_order ON tote (order_id, id);
