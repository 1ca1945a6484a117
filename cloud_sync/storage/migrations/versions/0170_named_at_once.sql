-- What foreign keys name is looked up and locked row by row, which was a quarter of what it cost to book a scanned line, and
-- all who book at a place share one row. Lots and places stay for ever, as events do, and keep their ids. So a movement that
-- names one has to see it once, without a lock.
CREATE FUNCTION refuse_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a % stays, with its id: movements name it', TG_TABLE_NAME;
END $$;

CREATE TRIGGER lot_stays BEFORE DELETE OR UPDATE OF id OR TRUNCATE ON lot
FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER place_stays BEFORE DELETE OR UPDATE OF id OR TRUNCATE ON place
FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();

CREATE FUNCTION look_up_what_movements_name() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong text;
BEGIN
    -- Each by its key, whatever the planner believes of how many there are.
    SELECT f.fact INTO wrong
    FROM fresh f
    WHERE (SELECT l.id FROM lot l WHERE l.id = f.lot_id) IS NULL
       OR (SELECT p.id FROM place p WHERE p.id = f.from_place) IS NULL
       OR (SELECT p.id FROM place p WHERE p.id = f.to_place) IS NULL
       OR (SELECT e.id FROM event e WHERE e.id = f.event_id) IS NULL
    LIMIT 1;
    IF FOUND THEN
        RAISE foreign_key_violation USING MESSAGE = format('movement %s names a lot, place or event that is not there', wrong);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER movement_names_what_is AFTER INSERT ON movement REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION look_up_what_movements_name();
CREATE TRIGGER movement_still_names_what_is AFTER UPDATE ON movement REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION look_up_what_movements_name();

ALTER TABLE movement DROP CONSTRAINT movement_lot_id_fkey, DROP CONSTRAINT movement_from_place_fkey,
    DROP CONSTRAINT movement_to_place_fkey, DROP CONSTRAINT movement_event_id_fkey;

-- Computed from movements.
ALTER TABLE position DROP CONSTRAINT position_lot_id_fkey, DROP CONSTRAINT position_place_id_fkey;
ALTER TABLE residency DROP CONSTRAINT residency_lot_id_fkey, DROP CONSTRAINT residency_place_id_fkey;
-- refuse_over_reservation finds the position that it reserves of. The key to the lot stays: what places a hold owns its lots,
-- and whoever reserves of one waits for that.
ALTER TABLE reservation DROP CONSTRAINT reservation_place_id_fkey;
