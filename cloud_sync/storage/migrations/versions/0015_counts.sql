-- An approved count states what stood in a place at an instant. The movement that makes it so (action count) is derived: it
-- follows from the finding and from all that is known of the time before, and is redone whenever that changes. If later
-- facts explain the whole difference, it moves nothing.
ALTER TABLE movement DROP CONSTRAINT movement_quantity_check;
ALTER TABLE movement ADD CONSTRAINT movement_quantity_check CHECK (quantity > 0 OR quantity = 0 AND action = 'count');
ALTER TABLE movement DROP CONSTRAINT movement_serial_is_one_unit;
ALTER TABLE movement ADD CONSTRAINT movement_serial_is_one_unit
    CHECK (serial = '' OR quantity = 1 OR serial LIKE '(%)%(21)%' OR action = 'count');

CREATE OR REPLACE FUNCTION refuse_other_movement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.occurred_at := OLD.occurred_at;
    NEW.said_at := OLD.said_at;
    NEW.earliest_at := OLD.earliest_at;
    NEW.latest_at := OLD.latest_at;
    NEW.came_at := OLD.came_at;
    NEW.left_at := OLD.left_at;
    IF OLD.action = 'count' THEN
        NEW.quantity := OLD.quantity;
        NEW.from_place := OLD.from_place;
        NEW.to_place := OLD.to_place;
    END IF;
    IF NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'movement is append-only: only its derived time may follow a clock notice, and what a count corrects';
    END IF;
    RETURN NULL;
END $$;

-- latest_at: where a person typed counted_at afterwards, it may have been as late as this.
ALTER TABLE count_line ADD COLUMN latest_at timestamptz CHECK (latest_at >= counted_at);

-- What a count was decided on: what the ledger knew then to have stood there.
CREATE TABLE count_result (
    count_id bigint NOT NULL REFERENCES stock_count,
    lot_id bigint NOT NULL REFERENCES lot,
    serial text NOT NULL,
    place_id bigint NOT NULL REFERENCES place,
    counted bigint NOT NULL,
    expected bigint NOT NULL,
    PRIMARY KEY (count_id, lot_id, place_id, serial)
);
CREATE TRIGGER count_result_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON count_result
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The latest finding of each approved count about each position.
CREATE VIEW approved_finding AS
SELECT DISTINCT ON (c.lot_id, c.place_id, c.serial, c.count_id)
       c.count_id, k.number, k.decided_by, c.lot_id, c.serial, c.place_id, c.quantity, c.counted_at, c.latest_at
FROM count_line c
JOIN stock_count k ON k.id = c.count_id AND k.decision = 'approved'
ORDER BY c.lot_id, c.place_id, c.serial, c.count_id, c.counted_at DESC, c.fact DESC;

-- Movements whose time is an interval: typed afterwards, or by a doubtful clock.
CREATE INDEX movement_typed ON movement (lot_id, from_place, serial) WHERE latest_at IS NOT NULL;
