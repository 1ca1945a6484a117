-- A document of events that somebody captured, and how that ended (EPCIS 2.0, section 12: a capture job). The same
-- document asked for in the same way is one job.
CREATE TABLE epcis_capture (
    id uuid PRIMARY KEY,
    document_id bigint NOT NULL REFERENCES interop_document,
    error_behaviour text NOT NULL CHECK (error_behaviour IN ('rollback', 'proceed')),
    told_by text NOT NULL CHECK (told_by <> ''),
    events integer NOT NULL CHECK (events >= 0),
    events_kept integer NOT NULL CHECK (events_kept BETWEEN 0 AND events),
    errors jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(errors) = 'array'),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (document_id, error_behaviour)
);
CREATE INDEX epcis_capture_created ON epcis_capture (created_at DESC, id DESC);

-- Events of captured documents: what partners say. They move nothing here.
CREATE TABLE epcis_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    capture_id uuid NOT NULL REFERENCES epcis_capture,
    event_id text NOT NULL CHECK (event_id <> ''),
    hash bytea NOT NULL CHECK (length(hash) = 32),
    -- Of all that the event says, and who said it: the same event in another document is the same.
    digest bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
    type text NOT NULL,
    event_time timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    biz_step text NOT NULL DEFAULT '',
    biz_location text NOT NULL DEFAULT '',
    body json NOT NULL,
    prefixes json NOT NULL DEFAULT '{}'
);
CREATE INDEX epcis_event_time ON epcis_event (event_time, id);
CREATE INDEX epcis_event_named ON epcis_event (event_id, id);
CREATE INDEX epcis_event_capture ON epcis_event (capture_id, id);

-- The GS1 keys that an event names, in their canonical form, and as what.
CREATE TABLE epcis_event_key (
    key text NOT NULL,
    event_time timestamptz NOT NULL,
    event bigint NOT NULL REFERENCES epcis_event,
    is_parent boolean NOT NULL,
    PRIMARY KEY (key, event_time, event, is_parent)
);

-- The GLN by which partners know a place, and its extension ('' without one).
CREATE TABLE place_gln (
    place_id bigint PRIMARY KEY REFERENCES place,
    gln text NOT NULL CHECK (gln ~ '^[0-9]{13}$'),
    extension text NOT NULL DEFAULT '',
    UNIQUE (gln, extension)
);

-- Queries that somebody named, to be asked again.
CREATE TABLE epcis_query (
    name text PRIMARY KEY CHECK (name <> ''),
    parameters jsonb NOT NULL,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Facts of ours in the order of events.
CREATE INDEX movement_said ON movement (said_at, id) WHERE said_at IS NOT NULL;
CREATE INDEX hold_placed ON hold (coalesce(since, placed_at), id);
CREATE INDEX hold_lifted ON hold (lifted_at, id) WHERE lifted_at IS NOT NULL;
CREATE INDEX disposition_decided ON disposition (decided_at, id);
CREATE INDEX disposition_of_lot ON disposition (lot_id, id);
