-- The lot ledger. Facts (evidence, movements, readings) are only ever added; what follows from them (residency,
-- position, excursion, exposure) is kept beside them and can be rebuilt from them at any time.

-- Who did what, when and why. Nothing in the ledger changes without a row here.
CREATE TABLE event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    reason text NOT NULL DEFAULT '',
    data jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX event_subject ON event (subject, id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: corrections are new rows', TG_TABLE_NAME;
END $$;
CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Who may use the HTTP API. Only a SHA-256 of the (random, 256 bit) token is kept.
CREATE TABLE api_token (
    name text PRIMARY KEY,
    role text NOT NULL CHECK (role IN ('reader', 'operator', 'quality', 'administrator')),
    token_sha256 text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamptz
);

---------------------------------------------------------------------------------------------------- master data

-- Storage policies as edge_agent.domain.monitoring.policies reads them.
CREATE TABLE policy (
    name text PRIMARY KEY,
    body jsonb NOT NULL
);

-- Anything that can hold stock. ancestors holds the place itself and everything above it.
CREATE TABLE place (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    title text NOT NULL DEFAULT '',
    kind text NOT NULL CHECK (kind IN ('site', 'room', 'bin', 'supplier', 'customer', 'ward', 'production',
                                       'scrap', 'count_difference', 'used_up')),
    parent_id bigint REFERENCES place,
    ancestors bigint[] NOT NULL,
    policy text REFERENCES policy
);
CREATE INDEX place_ancestors ON place USING gin (ancestors);

CREATE TABLE owner (
    name text PRIMARY KEY,
    title text NOT NULL DEFAULT ''
);
INSERT INTO owner VALUES ('house', 'The house itself');

CREATE TABLE item (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    title text NOT NULL DEFAULT '',
    base_unit text NOT NULL DEFAULT 'each',
    expiry_required boolean NOT NULL DEFAULT true,
    serial_tracked boolean NOT NULL DEFAULT false
);

-- A GTIN names a packaging level: so many base units of an item.
CREATE TABLE item_gtin (
    gtin text PRIMARY KEY CHECK (gtin ~ '^[0-9]{14}$'),
    item_id bigint NOT NULL REFERENCES item,
    base_units bigint NOT NULL DEFAULT 1 CHECK (base_units > 0)
);

-- The other codes of items (edge_agent.domain.barcodes.item_codes): NDC, HIBC. A code has one key or two, by which scans are
-- looked up; the key makes sure that no two items claim the same. Keys that follow from another code, as the NDC inside
-- a GTIN, were not said.
CREATE TABLE item_code (
    key text PRIMARY KEY CHECK (key ~ '^(ndc|ndc10|hibc):.'),
    item_id bigint NOT NULL REFERENCES item,
    base_units bigint NOT NULL CHECK (base_units > 0),
    code text NOT NULL,
    said boolean NOT NULL
);
CREATE INDEX item_code_item ON item_code (item_id);

-- Everything that a scanned code may be looked up by.
CREATE VIEW item_key AS
SELECT gtin AS key, item_id, base_units FROM item_gtin
UNION ALL SELECT key, item_id, base_units FROM item_code;

-- expires_on is what the label says; expires_at the first instant at which the lot may no longer be used.
-- Where labels disagree, the earliest is kept and an exception case tells of it.
CREATE TABLE lot (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id bigint NOT NULL REFERENCES item,
    lot_number text NOT NULL,
    owner text NOT NULL REFERENCES owner,
    expires_on date,
    expires_at timestamptz,
    UNIQUE (item_id, lot_number, owner)
);
CREATE INDEX lot_fefo ON lot (item_id, owner, expires_at, id);

------------------------------------------------------------------------------------------------------- evidence

CREATE TABLE gateway (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    public_key bytea NOT NULL CHECK (length(public_key) = 32),
    registered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamptz,
    last_seen_at timestamptz
);

-- One row per batch, byte for byte as the gateway signed it.
CREATE TABLE evidence (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gateway_id bigint NOT NULL REFERENCES gateway,
    journal uuid NOT NULL,
    lane text NOT NULL CHECK (lane IN ('scans', 'readings')),
    first_seq bigint NOT NULL CHECK (first_seq > 0),
    last_seq bigint NOT NULL CHECK (last_seq >= first_seq),
    digest bytea NOT NULL CHECK (length(digest) = 32),
    previous bytea NOT NULL CHECK (length(previous) = 32),
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    raw bytea NOT NULL,
    UNIQUE (gateway_id, journal, lane, first_seq)
);
ALTER TABLE evidence ALTER COLUMN raw SET STORAGE EXTERNAL; -- compressed already
CREATE TRIGGER evidence_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What gateways say about themselves: alarms, losses, gaps, clock offsets.
CREATE TABLE notice (
    evidence_id bigint NOT NULL REFERENCES evidence,
    seq bigint NOT NULL,
    gateway_id bigint NOT NULL REFERENCES gateway,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    text text NOT NULL,
    data jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (evidence_id, seq)
);

------------------------------------------------------------------------------------------- readings, excursions

-- place_id is null until somebody says where the device is; its readings are kept all the same.
CREATE TABLE channel (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gateway_id bigint NOT NULL REFERENCES gateway,
    device text NOT NULL,
    metric text NOT NULL,
    place_id bigint REFERENCES place,
    UNIQUE (gateway_id, device, metric)
);
CREATE INDEX channel_place ON channel (place_id);

-- Good values only. Of several values at one instant the furthest out counts, so that the order of arrival does not.
CREATE TABLE reading (
    channel_id bigint NOT NULL REFERENCES channel,
    at timestamptz NOT NULL,
    seq bigint NOT NULL,
    value double precision NOT NULL,
    synced boolean NOT NULL DEFAULT true,
    evidence_id bigint NOT NULL
);
CREATE INDEX reading_channel_at ON reading (channel_id, at);

-- When a device had nothing usable to say, and why.
CREATE TABLE unusable_reading (
    gateway_id bigint NOT NULL REFERENCES gateway,
    device text NOT NULL,
    at timestamptz NOT NULL,
    seq bigint NOT NULL,
    quality text NOT NULL,
    detail text NOT NULL DEFAULT '',
    evidence_id bigint NOT NULL
);
CREATE INDEX unusable_reading_device_at ON unusable_reading (gateway_id, device, at);

-- Where one rule on one channel stands after its latest reading (edge_agent.domain.monitoring.excursions.Track), and the rule as it
-- was then: when the policy has changed since, the track is worthless and all readings are judged again.
CREATE TABLE track (
    channel_id bigint NOT NULL REFERENCES channel,
    rule text NOT NULL,
    definition jsonb NOT NULL,
    last_at timestamptz NOT NULL,
    outside_since timestamptz,
    opened boolean NOT NULL,
    worst double precision,
    PRIMARY KEY (channel_id, rule)
);

-- An interval during which a channel broke a rule of its place; ended_at is null while it lasts. began_at is its
-- identity within channel and rule. version counts how often its interval was amended.
CREATE TABLE excursion (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel_id bigint NOT NULL REFERENCES channel,
    place_id bigint NOT NULL REFERENCES place,
    rule text NOT NULL,
    began_at timestamptz NOT NULL,
    ended_at timestamptz CHECK (ended_at >= began_at),
    worst double precision NOT NULL,
    version integer NOT NULL DEFAULT 1,
    UNIQUE (channel_id, rule, began_at)
);
CREATE INDEX excursion_place ON excursion (place_id, began_at);

---------------------------------------------------------------------------------------------------------- stock

-- The only way stock changes. fact names where it was said (gateway/journal/lane/seq#line, or a client's own id), is
-- the same whatever arrived first, and makes saying it twice harmless. serial is '' for what has none.
CREATE TABLE movement (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fact text NOT NULL UNIQUE,
    lot_id bigint NOT NULL REFERENCES lot,
    serial text NOT NULL DEFAULT '',
    quantity bigint NOT NULL CHECK (quantity > 0),
    from_place bigint NOT NULL REFERENCES place,
    to_place bigint NOT NULL REFERENCES place,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    action text NOT NULL,
    operator text NOT NULL DEFAULT '',
    order_ref text NOT NULL DEFAULT '',
    event_id bigint NOT NULL REFERENCES event,
    CHECK (from_place <> to_place),
    CHECK (serial = '' OR quantity = 1)
);
CREATE INDEX movement_out ON movement (lot_id, from_place, serial, occurred_at);
CREATE INDEX movement_in ON movement (lot_id, to_place, serial, occurred_at);
CREATE INDEX movement_from_place ON movement (from_place, occurred_at);
CREATE INDEX movement_to_place ON movement (to_place, occurred_at);
CREATE TRIGGER movement_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON movement
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Balance of a lot in a place: in - out, over all movements. May be negative: then there is an exception case.
CREATE TABLE position (
    lot_id bigint NOT NULL REFERENCES lot,
    serial text NOT NULL DEFAULT '',
    place_id bigint NOT NULL REFERENCES place,
    quantity bigint NOT NULL,
    PRIMARY KEY (lot_id, place_id, serial)
);
CREATE INDEX position_place ON position (place_id);

-- Maximal intervals during which a lot was in a place (balance > 0 in the order of event time; of movements at the
-- same instant those into the place count first). ended_at is null while it is there.
CREATE TABLE residency (
    lot_id bigint NOT NULL REFERENCES lot,
    serial text NOT NULL DEFAULT '',
    place_id bigint NOT NULL REFERENCES place,
    began_at timestamptz NOT NULL,
    ended_at timestamptz CHECK (ended_at >= began_at),
    PRIMARY KEY (lot_id, place_id, serial, began_at)
);
CREATE INDEX residency_place ON residency (place_id, began_at);

-- Stock that was in an excursion, followed wherever it went since. since is the first exposed instant within the
-- residency that began at residency_began_at. lot_id and place_id come from there, where they are checked: thousands of
-- these rows are written while somebody waits for the hold.
CREATE TABLE exposure (
    excursion_id bigint NOT NULL REFERENCES excursion ON DELETE CASCADE,
    lot_id bigint NOT NULL,
    serial text NOT NULL DEFAULT '',
    place_id bigint NOT NULL,
    residency_began_at timestamptz NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (excursion_id, lot_id, place_id, serial, residency_began_at)
);
CREATE INDEX exposure_lot ON exposure (lot_id, place_id, serial);

---------------------------------------------------------------------------------------- holds, decisions, cases

-- Reasons not to issue that people or rules gave. Holds by exposure are not stored: they follow from exposure and
-- disposition (view hold_now). place_id null means everywhere.
CREATE TABLE hold (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('manual', 'supplier', 'recall', 'receipt_inspection', 'exception')),
    lot_id bigint NOT NULL REFERENCES lot,
    place_id bigint REFERENCES place,
    reason text NOT NULL,
    placed_by text NOT NULL,
    placed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    lifted_by text,
    lifted_at timestamptz,
    lifted_reason text
);
CREATE INDEX hold_lot ON hold (lot_id) WHERE lifted_at IS NULL;

-- A signed decision on the exposure of a lot by an excursion. It covers the evidence as it was: began, ended and worst
-- of the excursion are kept, and if they change afterwards the hold is back.
CREATE TABLE disposition (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    excursion_id bigint NOT NULL REFERENCES excursion ON DELETE CASCADE,
    lot_id bigint NOT NULL REFERENCES lot,
    decision text NOT NULL CHECK (decision IN ('release', 'reject', 'destroy')),
    reason text NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    began_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    worst double precision NOT NULL
);
CREATE INDEX disposition_exposure ON disposition (excursion_id, lot_id);

-- Stock promised to a demand. client_id makes asking twice harmless.
CREATE TABLE reservation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    client_id uuid NOT NULL,
    lot_id bigint NOT NULL REFERENCES lot,
    serial text NOT NULL DEFAULT '',
    place_id bigint NOT NULL REFERENCES place,
    quantity bigint NOT NULL CHECK (quantity > 0),
    demand text NOT NULL,
    reserved_by text NOT NULL,
    reserved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    ended_as text CHECK (ended_as IN ('picked', 'void', 'expired', 'broken')),
    ended_reason text,
    CHECK ((ended_at IS NULL) = (ended_as IS NULL))
);
CREATE INDEX reservation_open ON reservation (lot_id, place_id, serial) WHERE ended_at IS NULL;
CREATE INDEX reservation_client ON reservation (client_id);

-- A physical fact that contradicts the ledger, or that cannot be read. Nothing is dropped; a person resolves it.
-- key is the same whatever arrived first, so that a case is opened once.
CREATE TABLE exception_case (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    key text NOT NULL,
    text text NOT NULL,
    lot_id bigint REFERENCES lot,
    evidence_id bigint REFERENCES evidence,
    data jsonb NOT NULL DEFAULT '{}',
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    resolved_at timestamptz,
    resolved_by text,
    resolution text
);
CREATE UNIQUE INDEX exception_case_open ON exception_case (kind, key) WHERE resolved_at IS NULL;
CREATE INDEX exception_case_key ON exception_case (kind, key, id);
CREATE INDEX exception_case_lot ON exception_case (lot_id) WHERE resolved_at IS NULL;
