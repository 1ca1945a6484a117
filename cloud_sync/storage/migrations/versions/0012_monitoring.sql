-- Excursions of places, with those of their channels as evidence; what people saw; what is not judged on purpose.

------------------------------------------------------------------------------------------------------ excursions

-- An interval during which one channel broke a rule of its place: the evidence. The excursion is of the place and the
-- rule (table excursion), and follows from these. sensors: how many channels of the place must break the rule ('any',
-- 'all', or a number); is_high_worse: which side of the limit is outside; both are the rule's.
CREATE TABLE probe_excursion (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel_id bigint NOT NULL REFERENCES channel,
    place_id bigint NOT NULL REFERENCES place,
    rule text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('alert', 'action')),
    sensors text NOT NULL DEFAULT 'any' CHECK (sensors ~ '^(any|all|[1-9][0-9]*)$'),
    is_high_worse boolean NOT NULL DEFAULT true,
    began_at timestamptz NOT NULL,
    ended_at timestamptz CHECK (ended_at >= began_at),
    worst double precision NOT NULL,
    longest_gap_s double precision NOT NULL DEFAULT 0,
    reach_from timestamptz,
    reach_until timestamptz,
    UNIQUE (channel_id, rule, began_at)
);
CREATE INDEX probe_excursion_place ON probe_excursion (place_id, rule, coalesce(ended_at, 'infinity'::timestamptz), began_at);

INSERT INTO probe_excursion (channel_id, place_id, rule, severity, began_at, ended_at, worst, longest_gap_s, reach_from,
                             reach_until)
SELECT channel_id, place_id, rule, severity, began_at, ended_at, worst, longest_gap_s, reach_from, reach_until
FROM excursion;

-- Several channels of a place that broke a rule at the same time are one excursion from now on: the first that began
-- stands for all of them, and what was exposed to one of them was exposed to it. Decisions on the others stay in history.
CREATE TEMPORARY TABLE merged_excursion ON COMMIT DROP AS
SELECT id, first_value(id) OVER part AS kept, min(began_at) OVER part AS began_at,
       nullif(max(coalesce(ended_at, 'infinity')) OVER part, 'infinity') AS ended_at
FROM (
    SELECT id, place_id, rule, began_at, ended_at,
           sum(is_apart) OVER (PARTITION BY place_id, rule ORDER BY began_at, id) AS number
    FROM (
        SELECT id, place_id, rule, began_at, ended_at,
               coalesce(began_at >= max(coalesce(ended_at, 'infinity')) OVER (
                   PARTITION BY place_id, rule ORDER BY began_at, id
                   ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), true)::integer AS is_apart
        FROM excursion
    ) AS step
) AS numbered
WINDOW part AS (PARTITION BY place_id, rule, number ORDER BY began_at, id
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING);
INSERT INTO exposure (excursion_id, lot_id, serial, place_id, residency_began_at, since)
SELECT m.kept, x.lot_id, x.serial, x.place_id, x.residency_began_at, min(x.since)
FROM exposure x JOIN merged_excursion m ON m.id = x.excursion_id
WHERE m.id <> m.kept
GROUP BY 1, 2, 3, 4, 5
ON CONFLICT (excursion_id, lot_id, place_id, serial, residency_began_at)
DO UPDATE SET since = least(exposure.since, excluded.since);
DELETE FROM excursion e USING merged_excursion m WHERE m.id = e.id AND m.id <> m.kept;
UPDATE excursion e SET began_at = m.began_at, ended_at = m.ended_at FROM merged_excursion m WHERE m.id = e.id;

-- channel_id: the channel that was furthest out.
ALTER TABLE excursion DROP CONSTRAINT excursion_channel_id_rule_began_at_key;
ALTER TABLE excursion ADD UNIQUE (place_id, rule, began_at);
CREATE INDEX excursion_place_rule ON excursion (place_id, rule, coalesce(ended_at, 'infinity'::timestamptz), began_at);

-------------------------------------------------------------------------------------------------- what people saw

-- That a place was within all limits at an instant, by the word of a person and the evidence that he names: the way out
-- where a device died while it was outside. It counts like a measurement that is well within every limit, as long as no
-- device says otherwise of the same instant; what is measured afterwards is judged as ever.
CREATE TABLE seen_within (
    channel_id bigint NOT NULL REFERENCES channel,
    at timestamptz NOT NULL,
    excursion_id bigint NOT NULL,
    reason text NOT NULL,
    evidence text NOT NULL,
    said_by text NOT NULL,
    said_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (channel_id, at)
);
CREATE TRIGGER seen_within_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON seen_within
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What a channel measured, as widely as it can be read. What a person saw has no value: infinitely far within, on both
-- sides.
CREATE OR REPLACE VIEW measured AS
SELECT channel_id, at, value AS lowest, value AS highest FROM reading
UNION ALL
SELECT channel_id, at, lowest, highest FROM envelope_point
UNION ALL
SELECT channel_id, at, 'Infinity', '-Infinity' FROM seen_within;

-- When a channel is known to have measured something good, or somebody has looked.
CREATE OR REPLACE VIEW heard AS
SELECT channel_id, at FROM reading
UNION ALL
SELECT channel_id, began_at FROM envelope
UNION ALL
SELECT channel_id, ended_at FROM envelope
UNION ALL
SELECT channel_id, at FROM seen_within;

-------------------------------------------------------------------------------------------------- what is not judged

-- Why a channel is judged by no rule, on purpose; gone when it comes to another place.
CREATE TABLE unjudged_on_purpose (
    channel_id bigint PRIMARY KEY REFERENCES channel,
    reason text NOT NULL,
    said_by text NOT NULL,
    said_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
