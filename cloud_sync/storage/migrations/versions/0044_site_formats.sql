-- How papers of a site are written. A site without a row writes as PaperStyle's defaults say.
CREATE TABLE site_format (
    place_id bigint PRIMARY KEY REFERENCES place (id),
    language text NOT NULL,
    temperature text NOT NULL CHECK (temperature IN ('C', 'F')),
    page text NOT NULL CHECK (page IN ('a4', 'us-letter')),
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Which papers go to whom each day, week or month. next_at: when it is made next.
CREATE TABLE paper_schedule (
    name text PRIMARY KEY,
    kind text NOT NULL,
    subject text NOT NULL,
    target text NOT NULL REFERENCES alert_target (name),
    every text NOT NULL CHECK (every IN ('day', 'week', 'month')),
    zone text NOT NULL,
    next_at timestamptz NOT NULL,
    active boolean NOT NULL DEFAULT true,
    last_error text NOT NULL DEFAULT '',
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX paper_schedule_due ON paper_schedule (next_at) WHERE active;

-- The paper that a message of the outbox carries, as it was made.
CREATE TABLE alert_message_paper (
    message_id bigint PRIMARY KEY REFERENCES alert_message (id),
    schedule text NOT NULL REFERENCES paper_schedule (name),
    title text NOT NULL,
    file_name text NOT NULL,
    sha256 text NOT NULL,
    pdf bytea NOT NULL
);
ALTER TABLE alert_message DROP CONSTRAINT alert_message_reason_check;
ALTER TABLE alert_message ADD CONSTRAINT alert_message_reason_check
    CHECK (reason IN ('alert', 'escalation', 'test', 'paper'));
