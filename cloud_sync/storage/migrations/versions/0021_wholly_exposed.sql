-- is_wholly_exposed: all stock of the lot in the house was held by exposure when the ledger last looked, and nothing that
-- could free any of it has happened since. It only spares an allocation a look at each of ten thousand held lots: what is
-- not marked is looked at. The mark is set by who owns the lot (mark_wholly_exposed, after exposure was redone), and taken
-- away here, by whatever writes to what it rests on.
ALTER TABLE lot ADD COLUMN is_wholly_exposed boolean NOT NULL DEFAULT false;
CREATE INDEX lot_fefo_free ON lot (item_id, owner, expires_on, id) WHERE NOT is_wholly_exposed;
CREATE INDEX lot_fefo_exposed ON lot (item_id, owner, expires_on, id) WHERE is_wholly_exposed;

CREATE FUNCTION look_at_lots_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE lot SET is_wholly_exposed = false
    WHERE id = ANY(ARRAY(SELECT DISTINCT lot_id FROM changed)) AND is_wholly_exposed;
    RETURN NULL;
END $$;

CREATE FUNCTION look_at_decided_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE lot SET is_wholly_exposed = false
    -- Of an excursion on which nobody decided, only its exposures free anything.
    WHERE id = ANY(ARRAY(SELECT d.lot_id FROM changed JOIN disposition d ON d.excursion_id = changed.id))
      AND is_wholly_exposed;
    RETURN NULL;
END $$;

CREATE FUNCTION look_at_all_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE lot SET is_wholly_exposed = false WHERE is_wholly_exposed;
    RETURN NULL;
END $$;

CREATE TRIGGER exposure_new AFTER INSERT ON exposure REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION look_at_lots_again();
CREATE TRIGGER exposure_changed AFTER UPDATE ON exposure REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION look_at_lots_again();
CREATE TRIGGER exposure_gone AFTER DELETE ON exposure REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION look_at_lots_again();
CREATE TRIGGER residency_new AFTER INSERT ON residency REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION look_at_lots_again();
CREATE TRIGGER residency_changed AFTER UPDATE ON residency REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION look_at_lots_again();
CREATE TRIGGER residency_gone AFTER DELETE ON residency REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION look_at_lots_again();
CREATE TRIGGER disposition_new AFTER INSERT ON disposition REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION look_at_lots_again();
CREATE TRIGGER excursion_changed AFTER UPDATE ON excursion REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION look_at_decided_again();
CREATE TRIGGER place_moved AFTER UPDATE OF ancestors, kind ON place
    FOR EACH STATEMENT EXECUTE FUNCTION look_at_all_again();
