-- Readings by month: old months can be thinned out without touching the others. channel_id is checked where the rows
-- are made (the channel is locked there): a foreign key would be looked up for each of millions of rows.
ALTER TABLE reading RENAME TO reading_before;
DROP INDEX reading_channel_at;
CREATE TABLE reading (
    channel_id bigint NOT NULL,
    at timestamptz NOT NULL,
    seq bigint NOT NULL,
    value double precision NOT NULL,
    synced boolean NOT NULL DEFAULT true,
    evidence_id bigint NOT NULL
) PARTITION BY RANGE (at);
CREATE INDEX reading_channel_at ON reading (channel_id, at);

-- Make the partitions of the months (UTC) from one instant to another that are not there yet; gives how many. They are
-- attached, which disturbs neither readers nor writers, and one maker at a time. Nobody waits for channels, holds or
-- lots with this lock in hand that he does not own already: take it after channels and before holds. What is there when
-- it returns stays there until the end of the transaction: retention drops months that are empty.
CREATE FUNCTION make_reading_partitions(first_at timestamptz, last_at timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    month timestamp := date_trunc('month', first_at AT TIME ZONE 'UTC');
    name text;
    made integer := 0;
BEGIN
    LOCK TABLE ONLY reading IN ROW EXCLUSIVE MODE; -- as writing to it would
    WHILE month <= last_at AT TIME ZONE 'UTC' LOOP
        name := 'reading_' || to_char(month, 'YYYY_MM');
        IF to_regclass(name) IS NULL THEN
            LOCK TABLE reading IN SHARE UPDATE EXCLUSIVE MODE;
            IF to_regclass(name) IS NULL THEN
                EXECUTE format('CREATE TABLE %I (LIKE reading INCLUDING DEFAULTS)', name);
                EXECUTE format('ALTER TABLE reading ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name,
                               month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
                made := made + 1;
            END IF;
        END IF;
        month := month + interval '1 month';
    END LOOP;
    RETURN made;
END $$;

DO $$
DECLARE month record;
BEGIN
    FOR month IN SELECT DISTINCT date_trunc('month', at AT TIME ZONE 'UTC') AS began FROM reading_before LOOP
        PERFORM make_reading_partitions(month.began AT TIME ZONE 'UTC', month.began AT TIME ZONE 'UTC');
    END LOOP;
END $$;
INSERT INTO reading SELECT * FROM reading_before;
DROP TABLE reading_before;

-- What is kept for ever of a channel's hours, once their readings are old.
CREATE TABLE reading_hour (
    channel_id bigint NOT NULL REFERENCES channel,
    began_at timestamptz NOT NULL,
    readings bigint NOT NULL CHECK (readings > 0),
    lowest double precision NOT NULL,
    mean double precision NOT NULL,
    highest double precision NOT NULL,
    thinned boolean NOT NULL DEFAULT false, -- its readings are gone but for excursions; what comes later stays
    PRIMARY KEY (channel_id, began_at),
    CHECK (lowest <= mean AND mean <= highest)
);

-- A lot is in a place once at a time, and a serial's stays in a place do not overlap. Checked at the end: redoing
-- residencies shifts their bounds. (Ranges of one number stand in for =, which GiST has only with an extension.)
-- A serial in two places at once is a fact that people scanned: no constraint, but a case (duplicate_serial).
ALTER TABLE residency ADD CONSTRAINT residency_open_once
    EXCLUDE USING btree (lot_id WITH =, place_id WITH =, serial WITH =) WHERE (ended_at IS NULL)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE residency ADD CONSTRAINT residency_serial_without_overlap
    EXCLUDE USING gist (int8range(lot_id, lot_id, '[]') WITH &&, int8range(place_id, place_id, '[]') WITH &&,
                        int4range(hashtext(serial) >> 1, hashtext(serial) >> 1, '[]') WITH &&,
                        tstzrange(began_at, ended_at) WITH &&) WHERE (serial <> '')
    DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX residency_serial_open ON residency (lot_id, serial) WHERE ended_at IS NULL AND serial <> '';

-- Nobody is promised what is not there. A later fact may show that less is there than was promised: that is no error
-- here, the promise is broken then or becomes a case.
CREATE FUNCTION refuse_over_reservation() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    there bigint;
    promised bigint;
BEGIN
    SELECT quantity INTO there FROM position
    WHERE (lot_id, place_id, serial) = (new.lot_id, new.place_id, new.serial) FOR NO KEY UPDATE;
    SELECT sum(quantity) INTO promised FROM reservation
    WHERE (lot_id, place_id, serial) = (new.lot_id, new.place_id, new.serial) AND ended_at IS NULL;
    IF promised > coalesce(there, 0) THEN
        RAISE EXCEPTION 'over-reserved: % promised of % in lot %, place %', promised, coalesce(there, 0), new.lot_id,
            new.place_id USING ERRCODE = 'check_violation', CONSTRAINT = 'reservation_within_position';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER reservation_within_position AFTER INSERT ON reservation
    FOR EACH ROW EXECUTE FUNCTION refuse_over_reservation();

-- A promise may be pending: unless it is confirmed, it ends at expires_at. Null: it is firm.
ALTER TABLE reservation ADD COLUMN expires_at timestamptz;
CREATE INDEX reservation_pending ON reservation (expires_at) WHERE ended_at IS NULL AND expires_at IS NOT NULL;

-- Searches that scanned: by demand, by the instant a hold was placed on a place, open excursions and cases.
CREATE INDEX reservation_demand ON reservation (demand);
CREATE INDEX reservation_lot ON reservation (lot_id);
CREATE INDEX excursion_began ON excursion (began_at DESC, id DESC);
CREATE INDEX movement_occurred ON movement (occurred_at DESC, id DESC);
CREATE INDEX exposure_place ON exposure (place_id);
