-- Excursions of every kind, their versions, how far each journal is known without a hole, and doubtful times.

------------------------------------------------------------------------------------------------------ excursions

-- severity 'action' holds stock, 'alert' opens a case only. longest_gap_s is the longest time within it during which
-- nothing was measured: across that time it is not known to have been outside, only not known to have come back.
-- reach_from and reach_until are its widest reading where clocks were doubtful (null: as began_at and ended_at say;
-- reach_until 'infinity': no end can be trusted).
ALTER TABLE excursion
    ADD COLUMN severity text NOT NULL DEFAULT 'action' CHECK (severity IN ('alert', 'action')),
    ADD COLUMN longest_gap_s double precision NOT NULL DEFAULT 0,
    ADD COLUMN reach_from timestamptz,
    ADD COLUMN reach_until timestamptz;

-- Every version that an excursion ever had, the withdrawn ones too. Not a reference: a withdrawn one is no more.
CREATE TABLE excursion_version (
    excursion_id bigint NOT NULL,
    version integer NOT NULL,
    change text NOT NULL CHECK (change IN ('opened', 'closed', 'amended', 'withdrawn')),
    channel_id bigint NOT NULL REFERENCES channel,
    place_id bigint NOT NULL REFERENCES place,
    rule text NOT NULL,
    began_at timestamptz NOT NULL,
    ended_at timestamptz,
    worst double precision NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (excursion_id, version)
);
CREATE TRIGGER excursion_version_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON excursion_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- last_out_at: the latest value beyond the limit that a windowed rule counts from; null if there never was one.
ALTER TABLE track
    ADD COLUMN last_out_at timestamptz,
    ADD COLUMN longest_gap_s double precision NOT NULL DEFAULT 0;

-------------------------------------------------------------------------------------------- what is known of journals

-- The latest trusted time of the readings of a batch, good or not.
ALTER TABLE evidence ADD COLUMN last_at timestamptz;

-- How far a lane is known without a hole: every record before next_seq is here, or declared lost. horizon_at is the
-- latest time among them: up to it, what is not here was not measured. max_seq is the highest number ever heard.
CREATE TABLE lane_progress (
    gateway_id bigint NOT NULL REFERENCES gateway,
    journal uuid NOT NULL,
    lane text NOT NULL,
    next_seq bigint NOT NULL DEFAULT 1,
    max_seq bigint NOT NULL DEFAULT 0,
    horizon_at timestamptz,
    PRIMARY KEY (gateway_id, journal, lane)
);

-- Records that a gateway has told it lost; they will never come.
CREATE TABLE declared_gap (
    gateway_id bigint NOT NULL REFERENCES gateway,
    journal uuid NOT NULL,
    lane text NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL CHECK (last_seq >= first_seq),
    PRIMARY KEY (gateway_id, journal, lane, first_seq, last_seq)
);

------------------------------------------------------------------------------------------------------ doubtful times

-- What gateways found out about their clocks: that by a monotonic time of a boot the wall clock was synchronised, and
-- what it was off by until then. wall_minus_mono_ms turns monotonic times into true ones; offset_ms is added to what was
-- said where that is not known.
CREATE TABLE clock_offset (
    gateway_id bigint NOT NULL REFERENCES gateway,
    boot text NOT NULL,
    by_mono_ms bigint NOT NULL,
    offset_ms bigint NOT NULL,
    wall_minus_mono_ms bigint,
    PRIMARY KEY (gateway_id, boot, by_mono_ms)
);

-- The true time of what was said before a clock was synchronised: by the first notice after it in its boot; null while
-- there is none.
CREATE FUNCTION corrected_time(of_gateway bigint, of_boot text, of_mono_ms bigint, said_at timestamptz)
RETURNS timestamptz STABLE LANGUAGE sql AS $$
    SELECT CASE WHEN wall_minus_mono_ms IS NULL THEN said_at + offset_ms * interval '1 ms'
                ELSE timestamptz 'epoch' + (of_mono_ms + wall_minus_mono_ms) * interval '1 ms' END
    FROM clock_offset
    WHERE gateway_id = of_gateway AND boot = of_boot AND by_mono_ms >= of_mono_ms
    ORDER BY by_mono_ms
    LIMIT 1
$$;

-- at is when it was as the ledger knows now; said_at what the gateway said, where a clock notice has corrected it.
-- boot and mono_ms are kept where the clock was not synchronised.
ALTER TABLE reading ADD COLUMN said_at timestamptz, ADD COLUMN boot text, ADD COLUMN mono_ms bigint;
CREATE INDEX reading_unsynced ON reading (boot, channel_id) WHERE NOT synced;
CREATE INDEX reading_unsynced_channel ON reading (channel_id) WHERE NOT synced;

-- Scanned lines from before a clock was synchronised: their movements follow when it is known how far off it was.
CREATE TABLE doubtful_scan (
    fact text PRIMARY KEY,
    gateway_id bigint NOT NULL REFERENCES gateway,
    boot text NOT NULL,
    mono_ms bigint NOT NULL,
    said_at timestamptz NOT NULL
);
CREATE INDEX doubtful_scan_boot ON doubtful_scan (gateway_id, boot);

-- A movement never changes, but for the time that the ledger derives: said_at is what the gateway said.
ALTER TABLE movement ADD COLUMN said_at timestamptz;
DROP TRIGGER movement_append_only ON movement;
CREATE TRIGGER movement_append_only BEFORE DELETE OR TRUNCATE ON movement
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE FUNCTION refuse_other_movement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.occurred_at := OLD.occurred_at;
    NEW.said_at := OLD.said_at;
    IF NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'movement is append-only: only its derived time may follow a clock notice';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER movement_only_time_changes AFTER UPDATE ON movement
    FOR EACH ROW EXECUTE FUNCTION refuse_other_movement();
