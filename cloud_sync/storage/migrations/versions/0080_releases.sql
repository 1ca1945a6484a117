-- Releases of the gateways' program, and how they go out in waves.

-- A release, as its signed manifest says (edge_agent/domain/fleet/releases.py). sha256: of the body.
CREATE TABLE release (
    version text PRIMARY KEY,
    body text NOT NULL,
    signed_by text NOT NULL,
    signature text NOT NULL,
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    added_by text NOT NULL,
    added_at timestamptz NOT NULL
);

-- Its files. content has its digest beside it.
CREATE TABLE release_file (
    version text NOT NULL REFERENCES release,
    name text NOT NULL,
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    bytes bigint NOT NULL CHECK (bytes > 0),
    content bytea NOT NULL,
    PRIMARY KEY (version, name)
);
-- Compressed already; and pieces of it are read from the middle.
ALTER TABLE release_file ALTER COLUMN content SET STORAGE EXTERNAL;

-- Which gateways go out together.
CREATE TABLE gateway_cohort (
    gateway_id bigint PRIMARY KEY REFERENCES gateway,
    cohort text NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL
);
CREATE INDEX gateway_cohort_name ON gateway_cohort (cohort);

-- A release on its way. Its number grows: gateways follow no older order after a newer one.
CREATE TABLE roll_out (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version text NOT NULL REFERENCES release,
    waves text[] NOT NULL,
    soak_minutes integer NOT NULL CHECK (soak_minutes >= 0),
    reason text NOT NULL,
    started_by text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_as text CHECK (ended_as IN ('done', 'stopped')),
    ended_at timestamptz,
    ended_by text,
    ended_reason text
);
CREATE UNIQUE INDEX roll_out_running ON roll_out ((true)) WHERE ended_as IS NULL;

-- Who is in which wave. before: the figures of health when it was ordered. faults: in what it is worse off; none is good.
CREATE TABLE roll_out_gateway (
    roll_out_id bigint NOT NULL REFERENCES roll_out,
    gateway_id bigint NOT NULL REFERENCES gateway,
    wave integer NOT NULL CHECK (wave > 0),
    ordered_at timestamptz,
    before jsonb,
    reached_at timestamptz,
    judged_at timestamptz,
    faults text[],
    PRIMARY KEY (roll_out_id, gateway_id)
);
CREATE INDEX roll_out_gateway_orders ON roll_out_gateway (gateway_id, roll_out_id) WHERE ordered_at IS NOT NULL;
