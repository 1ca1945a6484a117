-- received_at: when the first of the lot came anywhere, the earliest began_at of its residencies; null before that. With
-- it the order of issue (fefo_key) is one of columns of the lot, and an index gives its first rows.
ALTER TABLE lot ADD COLUMN received_at timestamptz;
UPDATE lot l SET received_at = (SELECT min(r.began_at) FROM residency r WHERE r.lot_id = l.id);

DROP INDEX lot_fefo;
DROP INDEX lot_fefo_free;
DROP INDEX lot_fefo_exposed;
CREATE INDEX lot_fefo ON lot (item_id, owner, expires_on, expires_hour, received_at, id);
CREATE INDEX lot_fefo_free ON lot (item_id, owner, expires_on, expires_hour, received_at, id) WHERE NOT is_wholly_exposed;
CREATE INDEX lot_fefo_exposed ON lot (item_id, owner, expires_on, expires_hour, received_at, id) WHERE is_wholly_exposed;

-- As look_at_lots_again, and the first receipt with it: what came before makes it earlier; only where the first itself is
-- taken back are all looked at. began_at is part of the key, so no residency changes it.
CREATE FUNCTION receive_lots() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE lot l SET received_at = came.at
    FROM (SELECT lot_id, min(began_at) AS at FROM changed GROUP BY lot_id) AS came
    WHERE l.id = came.lot_id AND (l.received_at IS NULL OR l.received_at > came.at);
    RETURN NULL;
END $$;

CREATE FUNCTION receive_lots_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE lot l SET received_at = (SELECT min(r.began_at) FROM residency r WHERE r.lot_id = l.id)
    FROM (SELECT lot_id, min(began_at) AS at FROM changed GROUP BY lot_id) AS gone
    WHERE l.id = gone.lot_id AND l.received_at = gone.at;
    RETURN NULL;
END $$;

CREATE TRIGGER residency_came AFTER INSERT ON residency REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION receive_lots();
CREATE TRIGGER residency_taken_back AFTER DELETE ON residency REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION receive_lots_again();
