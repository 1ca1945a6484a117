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

------------------------------------------------------------------------------------- what was in force, and where

-- Readings are judged by what was in force when they were taken. Here is what was; what is, stands in place.policy and
-- channel.place_id, since the latest of these rows, or else since ever. Null: no policy then, or in no place.
CREATE TABLE place_policy_was (
    place_id bigint NOT NULL REFERENCES place,
    policy text REFERENCES policy,
    until timestamptz NOT NULL,
    PRIMARY KEY (place_id, until)
);
CREATE TABLE channel_place_was (
    channel_id bigint NOT NULL REFERENCES channel,
    place_id bigint REFERENCES place,
    until timestamptz NOT NULL,
    PRIMARY KEY (channel_id, until)
);
CREATE TRIGGER place_policy_was_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON place_policy_was
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER channel_place_was_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON channel_place_was
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Where each channel measured and measures: from since on, before until ('infinity': to this day).
CREATE VIEW channel_stay AS
SELECT w.channel_id, w.place_id,
       coalesce(lag(w.until) OVER (PARTITION BY w.channel_id ORDER BY w.until), '-infinity') AS since, w.until
FROM channel_place_was w
UNION ALL
SELECT c.id, c.place_id,
       coalesce((SELECT max(w.until) FROM channel_place_was w WHERE w.channel_id = c.id), '-infinity'), 'infinity'
FROM channel c;

-- Which policy each place had and has, likewise.
CREATE VIEW policy_spell AS
SELECT w.place_id, w.policy,
       coalesce(lag(w.until) OVER (PARTITION BY w.place_id ORDER BY w.until), '-infinity') AS since, w.until
FROM place_policy_was w
UNION ALL
SELECT p.id, p.policy,
       coalesce((SELECT max(w.until) FROM place_policy_was w WHERE w.place_id = p.id), '-infinity'), 'infinity'
FROM place p;

-------------------------------------------------------------------------------------------- what is known of journals

-- The first and the latest trusted time of what a batch says: in the lane of readings only the latest, of readings good
-- or not; null where no clock was synchronised.
ALTER TABLE evidence ADD COLUMN first_at timestamptz, ADD COLUMN last_at timestamptz;
CREATE INDEX evidence_trusted_scans ON evidence (gateway_id, journal, first_seq)
    WHERE lane = 'scans' AND last_at IS NOT NULL;

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

-- Records that a gateway has told it lost; they will never come. by_first to by_last are the numbers of what stands for
-- them where they were thinned, null where nothing does.
CREATE TABLE declared_gap (
    gateway_id bigint NOT NULL REFERENCES gateway,
    journal uuid NOT NULL,
    lane text NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL CHECK (last_seq >= first_seq),
    by_first bigint,
    by_last bigint CHECK (by_last >= by_first),
    PRIMARY KEY (gateway_id, journal, lane, first_seq, last_seq)
);

-- Whether all records of a lane from one number to another are here, or told to be lost for good. A batch has at most
-- 10,000 records. Index: evidence's key.
CREATE FUNCTION lane_has(of_gateway bigint, of_journal uuid, of_lane text, first bigint, last bigint)
RETURNS boolean STABLE LANGUAGE sql AS $$
    SELECT coalesce(range_agg(numbers) @> int8range(first, last, '[]'), false)
    FROM (SELECT int8range(e.first_seq, e.last_seq, '[]') AS numbers
          FROM evidence e
          WHERE (e.gateway_id, e.journal, e.lane) = (of_gateway, of_journal, of_lane)
            AND e.first_seq BETWEEN first - 10000 AND last
          UNION ALL
          SELECT int8range(d.first_seq, d.last_seq, '[]')
          FROM declared_gap d
          WHERE (d.gateway_id, d.journal, d.lane) = (of_gateway, of_journal, of_lane) AND d.by_first IS NULL) AS known
$$;

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
ALTER TABLE unusable_reading ADD COLUMN said_at timestamptz, ADD COLUMN boot text, ADD COLUMN mono_ms bigint;
CREATE INDEX unusable_reading_unsynced ON unusable_reading (gateway_id, boot) WHERE boot IS NOT NULL;
CREATE INDEX reading_unsynced ON reading (boot, channel_id) WHERE NOT synced;
CREATE INDEX reading_unsynced_channel ON reading (channel_id) WHERE NOT synced;

---------------------------------------------------------------------------------------------------------- envelopes

-- What is left of readings that a gateway thinned out while its disk was full: how many of a channel there were between
-- two instants (of which the first and the last are two), their bounds, and the longest time without any among them.
-- boot, mono_ms and said_at as in reading.
CREATE TABLE envelope (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel_id bigint NOT NULL REFERENCES channel,
    began_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL CHECK (ended_at >= began_at),
    readings bigint NOT NULL CHECK (readings > 0),
    lowest double precision NOT NULL,
    mean double precision NOT NULL,
    highest double precision NOT NULL,
    gap_s double precision NOT NULL CHECK (gap_s >= 0),
    synced boolean NOT NULL,
    seq bigint NOT NULL,
    evidence_id bigint NOT NULL REFERENCES evidence,
    boot text,
    began_mono_ms bigint,
    ended_mono_ms bigint,
    said_began_at timestamptz,
    said_ended_at timestamptz,
    CHECK (lowest <= mean AND mean <= highest)
);
CREATE INDEX envelope_channel_began ON envelope (channel_id, began_at);
CREATE INDEX envelope_channel_ended ON envelope (channel_id, ended_at);
CREATE INDEX envelope_evidence ON envelope (evidence_id);
CREATE INDEX envelope_unsynced ON envelope (boot) WHERE NOT synced;

-- Readings that were told again under a new number (seq) when those around them were thinned. One of the two is kept.
CREATE TABLE retold_reading (
    gateway_id bigint NOT NULL REFERENCES gateway,
    journal uuid NOT NULL,
    was bigint NOT NULL,
    seq bigint NOT NULL,
    PRIMARY KEY (gateway_id, journal, was)
);

-- Each envelope with how many of its readings are known by it alone (the others are here after all, because they had
-- been sent before they were thinned), and the mean of those. Which numbers they had, the notice of it tells; before it
-- comes, none counts as here. Index: reading_channel_at.
CREATE VIEW envelope_now AS
SELECT e.*, greatest(e.readings - here.readings, 0) AS left_readings,
       CASE WHEN e.readings > here.readings
            THEN least(greatest((e.mean * e.readings - here.total) / (e.readings - here.readings), e.lowest), e.highest)
       END AS left_mean
FROM envelope e
JOIN evidence v ON v.id = e.evidence_id
CROSS JOIN LATERAL (
    SELECT count(*) AS readings, coalesce(sum(r.value), 0) AS total
    FROM reading r
    JOIN evidence w ON w.id = r.evidence_id AND (w.gateway_id, w.journal) = (v.gateway_id, v.journal)
    WHERE r.channel_id = e.channel_id AND r.at BETWEEN e.began_at AND e.ended_at AND r.synced = e.synced
      AND EXISTS (SELECT FROM declared_gap d
                  WHERE (d.gateway_id, d.journal, d.lane) = (v.gateway_id, v.journal, v.lane)
                    AND e.seq BETWEEN d.by_first AND d.by_last AND r.seq BETWEEN d.first_seq AND d.last_seq)
      AND NOT EXISTS (SELECT FROM retold_reading t
                      WHERE (t.gateway_id, t.journal, t.was) = (v.gateway_id, v.journal, r.seq))
) AS here;

-- The widest reading of an envelope as instants at which the value may have been anything between its bounds: all along
-- it, no further apart than its readings were, and right after each reading in it, which tells of its own instant only.
-- Drawn by queries("envelopes").draw_points, none where no readings are left.
CREATE TABLE envelope_point (
    envelope_id bigint NOT NULL REFERENCES envelope,
    channel_id bigint NOT NULL,
    at timestamptz NOT NULL,
    lowest double precision NOT NULL,
    highest double precision NOT NULL
);
CREATE INDEX envelope_point_channel_at ON envelope_point (channel_id, at);
CREATE INDEX envelope_point_envelope ON envelope_point (envelope_id);

-- What a channel measured, as widely as it can be read.
CREATE VIEW measured AS
SELECT channel_id, at, value AS lowest, value AS highest FROM reading
UNION ALL
SELECT channel_id, at, lowest, highest FROM envelope_point;

-- When a channel is known to have measured something good.
CREATE VIEW heard AS
SELECT channel_id, at FROM reading
UNION ALL
SELECT channel_id, began_at FROM envelope
UNION ALL
SELECT channel_id, ended_at FROM envelope;

-- Scanned lines from before a clock was synchronised: their movements follow when it is known how far off it was.
CREATE TABLE doubtful_scan (
    fact text PRIMARY KEY,
    gateway_id bigint NOT NULL REFERENCES gateway,
    journal uuid NOT NULL,
    seq bigint NOT NULL,
    boot text NOT NULL,
    mono_ms bigint NOT NULL,
    said_at timestamptz NOT NULL
);
CREATE INDEX doubtful_scan_boot ON doubtful_scan (gateway_id, boot);
CREATE INDEX doubtful_scan_seq ON doubtful_scan (gateway_id, journal, seq);

-- Between which instants a doubtful scan was, that no notice has corrected: after the last trusted time said before it
-- in its journal, before the first one said after it. The years 1 and 9999 stand for no bound. No row for other scans.
CREATE FUNCTION possible_times(of_fact text) RETURNS TABLE (earliest_at timestamptz, latest_at timestamptz)
STABLE LANGUAGE sql ROWS 1 AS $$
    SELECT least(coalesce(before.at, '0001-01-01Z'), coalesce(after.at, '9999-12-31Z')),
           greatest(coalesce(before.at, '0001-01-01Z'), coalesce(after.at, '9999-12-31Z'))
    FROM doubtful_scan s
    LEFT JOIN LATERAL (
        SELECT e.last_at AS at FROM evidence e
        WHERE e.gateway_id = s.gateway_id AND e.journal = s.journal AND e.lane = 'scans' AND e.last_at IS NOT NULL
          AND e.first_seq <= s.seq AND e.last_seq < s.seq
        ORDER BY e.first_seq DESC LIMIT 1
    ) AS before ON true
    LEFT JOIN LATERAL (
        SELECT e.first_at AS at FROM evidence e
        WHERE e.gateway_id = s.gateway_id AND e.journal = s.journal AND e.lane = 'scans' AND e.last_at IS NOT NULL
          AND e.first_seq > s.seq
        ORDER BY e.first_seq LIMIT 1
    ) AS after ON true
    WHERE s.fact = of_fact AND corrected_time(s.gateway_id, s.boot, s.mono_ms, s.said_at) IS NULL
$$;

-- A movement never changes, but for the time that the ledger derives: said_at is what the gateway said. While its clock
-- is not trusted, it was between earliest_at and latest_at, and the wider reading counts: stock may have come as early
-- as came_at, and left as late as left_at.
ALTER TABLE movement
    ADD COLUMN said_at timestamptz,
    ADD COLUMN earliest_at timestamptz,
    ADD COLUMN latest_at timestamptz,
    ADD CHECK ((earliest_at IS NULL) = (latest_at IS NULL) AND earliest_at <= latest_at),
    ADD COLUMN came_at timestamptz NOT NULL GENERATED ALWAYS AS (coalesce(earliest_at, occurred_at)) STORED,
    ADD COLUMN left_at timestamptz NOT NULL GENERATED ALWAYS AS (coalesce(latest_at, occurred_at)) STORED;
DROP INDEX movement_out, movement_in;
CREATE INDEX movement_out ON movement (lot_id, from_place, serial, left_at);
CREATE INDEX movement_in ON movement (lot_id, to_place, serial, came_at);
-- Movements by doubtful clocks that are not kept with the time that is known of them by now.
CREATE VIEW mistimed_movement AS
SELECT s.gateway_id, s.journal, s.seq, s.boot, m.id, m.lot_id, m.serial, m.from_place, m.to_place,
       coalesce(known.at, s.said_at) AS at, possible.earliest_at, possible.latest_at
FROM doubtful_scan s
JOIN movement m USING (fact)
CROSS JOIN LATERAL (SELECT corrected_time(s.gateway_id, s.boot, s.mono_ms, s.said_at) AS at) AS known
LEFT JOIN LATERAL possible_times(s.fact) AS possible ON true
WHERE (m.occurred_at, m.earliest_at, m.latest_at)
      IS DISTINCT FROM (coalesce(known.at, s.said_at), possible.earliest_at, possible.latest_at);
DROP TRIGGER movement_append_only ON movement;
CREATE TRIGGER movement_append_only BEFORE DELETE OR TRUNCATE ON movement
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE FUNCTION refuse_other_movement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.occurred_at := OLD.occurred_at;
    NEW.said_at := OLD.said_at;
    NEW.earliest_at := OLD.earliest_at;
    NEW.latest_at := OLD.latest_at;
    NEW.came_at := OLD.came_at;
    NEW.left_at := OLD.left_at;
    IF NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'movement is append-only: only its derived time may follow a clock notice';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER movement_only_time_changes AFTER UPDATE ON movement
    FOR EACH ROW EXECUTE FUNCTION refuse_other_movement();
