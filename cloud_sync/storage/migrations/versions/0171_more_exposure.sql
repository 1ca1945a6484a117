-- What is exposed once more, or since another instant, frees nothing: its lots need not be looked at again. Ten thousand
-- that had been marked were unmarked, and marked anew, by each excursion of their room.
DROP TRIGGER exposure_new ON exposure;
DROP TRIGGER exposure_changed ON exposure;

-- Exposure is computed from the excursions that are there, by who owns their rooms and its lots; it goes with its excursion.
ALTER TABLE exposure DROP CONSTRAINT exposure_excursion_id_fkey;
CREATE FUNCTION forget_exposure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM exposure WHERE excursion_id = ANY(ARRAY(SELECT id FROM gone));
    RETURN NULL;
END $$;
CREATE TRIGGER excursion_gone AFTER DELETE ON excursion REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION forget_exposure();
