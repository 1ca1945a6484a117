-- Alerts, and the outbox from which messages about them are sent.

CREATE TABLE alert_target (
    name text PRIMARY KEY,
    channel text NOT NULL CHECK (channel IN ('mail', 'webhook', 'apprise')),
    address text NOT NULL,
    shown text NOT NULL,
    secret text NOT NULL DEFAULT '',
    active boolean NOT NULL DEFAULT true,
    failures integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    next_at timestamptz,
    last_error text NOT NULL DEFAULT '',
    last_sent_at timestamptz,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON COLUMN alert_target.address IS 'may hold a password: never shown, logged or put into an event; shown is its public part';

CREATE TABLE alert_rota (
    name text PRIMARY KEY,
    members text[] NOT NULL CHECK (cardinality(members) > 0),
    first_day date NOT NULL,
    handover time NOT NULL,
    days_each integer NOT NULL CHECK (days_each > 0),
    zone text NOT NULL
);

CREATE TABLE alert_rota_cover (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rota text NOT NULL REFERENCES alert_rota ON DELETE CASCADE,
    target text NOT NULL REFERENCES alert_target,
    begins_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > begins_at)
);
CREATE INDEX alert_rota_cover_rota ON alert_rota_cover (rota, ends_at);

CREATE TABLE alert_subscription (
    name text PRIMARY KEY,
    goes_to text NOT NULL,
    site_id bigint REFERENCES place,
    kinds text[] NOT NULL DEFAULT '{}',
    severity_min text NOT NULL CHECK (severity_min IN ('info', 'alert', 'action')),
    quiet_from time,
    quiet_until time CHECK ((quiet_from IS NULL) = (quiet_until IS NULL)),
    zone text NOT NULL
);
COMMENT ON COLUMN alert_subscription.goes_to IS 'the name of a target, or rota: and the name of a rota';

CREATE TABLE alert_escalation (
    subscription text NOT NULL REFERENCES alert_subscription ON DELETE CASCADE,
    step integer NOT NULL CHECK (step > 0),
    after_minutes integer NOT NULL CHECK (after_minutes > 0),
    goes_to text NOT NULL,
    PRIMARY KEY (subscription, step)
);

-- Something that happened and is told. event_id makes that an event is told once, however often it is looked at.
CREATE TABLE alert (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('info', 'alert', 'action')),
    key text NOT NULL,
    subject text NOT NULL,
    sites bigint[] NOT NULL,
    place_id bigint REFERENCES place,
    title text NOT NULL,
    text text NOT NULL,
    path text NOT NULL,
    needs_acknowledgement boolean NOT NULL,
    event_id bigint REFERENCES event UNIQUE,
    occurred_at timestamptz NOT NULL,
    raised_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text,
    acknowledged_comment text
);
CREATE INDEX alert_key ON alert (key, raised_at);
CREATE INDEX alert_open ON alert (raised_at) WHERE needs_acknowledgement AND acknowledged_at IS NULL;

-- What is the case at the moment: a silent gateway, a lot that expires soon. The alert tells of its beginning.
CREATE TABLE alert_condition (
    key text PRIMARY KEY,
    kind text NOT NULL,
    since timestamptz NOT NULL,
    alert_id bigint NOT NULL REFERENCES alert
);

-- A message to one target about one or many alerts. While nobody has begun to send it, alerts are added to it.
CREATE TABLE alert_message (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    target text NOT NULL REFERENCES alert_target,
    bundle text NOT NULL,
    reason text NOT NULL CHECK (reason IN ('alert', 'escalation', 'test')),
    made_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    claimed_until timestamptz,
    sent_at timestamptz,
    withdrawn_at timestamptz,
    last_error text NOT NULL DEFAULT ''
);
CREATE INDEX alert_message_unsent ON alert_message (target, due_at) WHERE sent_at IS NULL AND withdrawn_at IS NULL;
CREATE INDEX alert_message_bundle ON alert_message (target, bundle, due_at);

CREATE TABLE alert_message_line (
    message_id bigint NOT NULL REFERENCES alert_message,
    alert_id bigint NOT NULL REFERENCES alert,
    subscription text NOT NULL,
    step integer NOT NULL,
    PRIMARY KEY (message_id, alert_id, subscription, step)
);
CREATE INDEX alert_message_line_alert ON alert_message_line (alert_id, subscription, step);

-- Up to which state of the database events have been turned into alerts. What happened before this version is not told.
CREATE TABLE alert_watermark (
    is_one boolean PRIMARY KEY DEFAULT true CHECK (is_one),
    seen pg_snapshot NOT NULL,
    at timestamptz NOT NULL
);
INSERT INTO alert_watermark (seen, at) VALUES (pg_current_snapshot(), clock_timestamp());

INSERT INTO role_permission
SELECT role, 'acknowledge alerts'
FROM unnest(ARRAY['receiver', 'operator', 'pharmacist', 'production', 'quality', 'facilities', 'administrator']) AS role;
INSERT INTO role_permission
SELECT role, 'set up alerts' FROM unnest(ARRAY['quality', 'facilities', 'administrator']) AS role;
