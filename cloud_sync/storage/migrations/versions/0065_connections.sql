-- Other systems: what they may ask for, what is delivered to them, and what items cost.

-- A system of somebody else's. url is empty for one that only asks. followed_to: up to which leaf of the seal's tree
-- events have been queued for it. The key is kept as a digest; the one before it is good for a while after a change.
CREATE TABLE interop_connection (
    name text PRIMARY KEY,
    url text NOT NULL DEFAULT '',
    shown text NOT NULL DEFAULT '',
    secret text NOT NULL DEFAULT '',
    previous_secret text NOT NULL DEFAULT '',
    previous_secret_until timestamptz,
    scopes text[] NOT NULL DEFAULT '{}',
    event_kinds text[] NOT NULL DEFAULT '{}',
    requests_per_minute integer NOT NULL CHECK (requests_per_minute > 0),
    key_sha256 text UNIQUE,
    previous_key_sha256 text UNIQUE,
    previous_key_until timestamptz,
    active boolean NOT NULL DEFAULT true,
    paused_at timestamptz,
    paused_why text NOT NULL DEFAULT '',
    followed_to bigint NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    next_at timestamptz,
    last_error text NOT NULL DEFAULT '',
    last_sent_at timestamptz,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON COLUMN interop_connection.url IS 'may hold a password: never shown, logged or put into an event; shown is its public part';
COMMENT ON COLUMN interop_connection.event_kinds IS 'kinds of events that are sent to it; * is all of them';

-- When a connection asked last, and how many requests it may still make at once (a token bucket).
CREATE TABLE interop_connection_use (
    connection text PRIMARY KEY REFERENCES interop_connection,
    requests_left double precision NOT NULL,
    last_seen_at timestamptz NOT NULL
);

-- What goes to a connection: an event of the log, or a kept document. message_id is the same however often it is sent.
CREATE TABLE interop_delivery (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    connection text NOT NULL REFERENCES interop_connection,
    message_id text NOT NULL,
    kind text NOT NULL,
    position bigint,
    event_id bigint REFERENCES event,
    document_id bigint REFERENCES interop_document,
    media_type text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts integer NOT NULL DEFAULT 0,
    claimed_until timestamptz,
    sent_at timestamptz,
    withdrawn_at timestamptz,
    last_error text NOT NULL DEFAULT '',
    UNIQUE (connection, message_id),
    CHECK (num_nonnulls(event_id, document_id) = 1),
    CHECK ((event_id IS NULL) = (position IS NULL))
);
CREATE INDEX interop_delivery_unsent ON interop_delivery (connection, attempts, id) WHERE sent_at IS NULL AND withdrawn_at IS NULL;

CREATE INDEX interop_delivery_position ON interop_delivery (connection, position);

-- What one base unit of an item costs, from a day on, at a supplier or (null) wherever it is from. What is told last of
-- the same day and supplier counts.
CREATE TABLE item_cost (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id bigint NOT NULL REFERENCES item,
    supplier_id bigint REFERENCES place,
    valid_from date NOT NULL,
    cost numeric NOT NULL CHECK (cost >= 0),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    told_by text NOT NULL,
    told_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    document_id bigint REFERENCES interop_document
);
CREATE INDEX item_cost_item ON item_cost (item_id, valid_from DESC, id DESC);
