-- A label's day counts to its end where the goods are (edge_agent.domain.stock.expiry).

-- The IANA time zone that counts in a place: said for its outermost place (a site), and that of all that stands in it.
-- is_zone_known: somebody said so. Until then UTC applies, and an exception case asks for it.
ALTER TABLE place ADD COLUMN zone text NOT NULL DEFAULT 'UTC';
ALTER TABLE place ADD COLUMN is_zone_known boolean NOT NULL DEFAULT false;

INSERT INTO exception_case (kind, key, text)
SELECT 'site_without_time_zone', 'place:' || name,
       'site ' || name || ' has no time zone: until one is set, its days end at midnight UTC. '
       || 'Set it: POST /v1/places/' || name || '/zone'
FROM place WHERE kind = 'site';

-- What the label says: expires_on the day, expires_hour the hour of that day if it names one. expires_exactly is set
-- where use ends at one instant everywhere (a beyond-use date in hours); expires_on is then its day where it was made.
ALTER TABLE lot RENAME COLUMN expires_at TO expires_exactly;
ALTER TABLE lot ADD COLUMN expires_hour time;
UPDATE lot SET expires_exactly = NULL WHERE expires_exactly = (expires_on + 1)::timestamp AT TIME ZONE 'UTC';
UPDATE lot SET expires_on = ((expires_exactly - interval '1 microsecond') AT TIME ZONE 'UTC')::date
WHERE expires_exactly IS NOT NULL;
DROP INDEX lot_fefo;
CREATE INDEX lot_fefo ON lot (item_id, owner, expires_on, id);
DROP INDEX lot_expiry;
CREATE INDEX lot_expiry ON lot (expires_on, id);

-- When the wall clock of a zone shows this for the first time. PostgreSQL takes the second of two equal hours at the
-- end of summer time: the offset of the day before finds the first.
CREATE FUNCTION instant_of(wall timestamp, zone text) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN zone = 'UTC' THEN wall AT TIME ZONE 'UTC'
        WHEN ((wall - offset_before) AT TIME ZONE 'UTC') AT TIME ZONE zone = wall
            THEN (wall - offset_before) AT TIME ZONE 'UTC'
        ELSE wall AT TIME ZONE zone END
    FROM (SELECT (((wall AT TIME ZONE 'UTC') - interval '36 hours') AT TIME ZONE zone)
                 - (wall - interval '36 hours') AS offset_before) AS before
$$;

-- The first instant at which a lot may no longer be used where a zone counts: expires_at(l.expires_on, l.expires_hour,
-- l.expires_exactly, p.zone).
CREATE FUNCTION expires_at(expires_on date, expires_hour time, expires_exactly timestamptz, zone text)
RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(expires_exactly,
                    instant_of(CASE WHEN expires_hour IS NULL THEN (expires_on + 1)::timestamp
                                    ELSE expires_on + expires_hour END, zone))
$$;

-- In words, as edge_agent.domain.stock.expiry.expired_text: the day where a day ends then, else the instant.
CREATE FUNCTION expired_text(expires_at timestamptz, zone text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN instant_of((last_day + 1)::timestamp, zone) = expires_at THEN 'expired on ' || last_day
        ELSE 'expired at ' || to_char(expires_at AT TIME ZONE zone, 'YYYY-MM-DD HH24:MI')
             || CASE WHEN zone = 'UTC' THEN ' UTC' ELSE ' (' || zone || ')' END END
    FROM (SELECT ((expires_at - interval '1 microsecond') AT TIME ZONE zone)::date AS last_day) AS day
$$;

-- For a lot as such: the earliest instant at which it may no longer be used where it is in the house, else by UTC.
CREATE FUNCTION lot_expires_at(l lot) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(
        (SELECT min(expires_at(l.expires_on, l.expires_hour, l.expires_exactly, p.zone))
         FROM position b JOIN place p ON p.id = b.place_id
         WHERE b.lot_id = l.id AND b.quantity > 0 AND p.kind IN ('site', 'room', 'bin')),
        expires_at(l.expires_on, l.expires_hour, l.expires_exactly, 'UTC'))
$$;

------------------------------------------------------------------------------------------------------ corrections

-- A statement that something was written down wrongly: what it was, what it is, why, and what follows from it, as it was
-- shown before somebody confirmed it (another person where stock is concerned). The value from before stays here.
CREATE TABLE correction (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('lot_expiry', 'lot_number', 'code', 'place')),
    subject text NOT NULL,
    lot_id bigint REFERENCES lot,
    request jsonb NOT NULL,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    reason text NOT NULL,
    effect jsonb NOT NULL,
    needs_second_person boolean NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    decided_by text,
    decided_at timestamptz,
    decision text CHECK (decision IN ('confirmed', 'rejected')),
    decision_reason text,
    CHECK ((decided_at IS NULL) = (decision IS NULL))
);
CREATE UNIQUE INDEX correction_open ON correction (kind, subject) WHERE decided_at IS NULL;
CREATE INDEX correction_lot ON correction (lot_id, id) WHERE lot_id IS NOT NULL;
CREATE INDEX correction_subject ON correction (subject, id);

-- Its expiry was corrected by people: labels do not change it any more, one that says something new opens a case.
ALTER TABLE lot ADD COLUMN is_expiry_corrected boolean NOT NULL DEFAULT false;

---------------------------------------------------------------------------------------------------------- recalls

-- A recall may name a lot of an item by its number, before any of it has come: with item_id, and of whatever owner.
ALTER TABLE recall_scope ADD COLUMN lot_number text CHECK (lot_number IS NULL OR item_id IS NOT NULL);

----------------------------------------------------------------------------------------------------------- counts

-- What the label said in counting. It counts once the count is approved, as everything that was found.
ALTER TABLE count_line ADD COLUMN expires_on date;
ALTER TABLE count_line ADD COLUMN expires_hour time;
