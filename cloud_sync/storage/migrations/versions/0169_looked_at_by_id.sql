-- Lots that are looked at again are found by their ids: a plan that was made while few lots were wholly exposed goes
-- through all that are, which in a storm are tens of thousands soon. Compared as a number, the column does not make the
-- planner think of the indexes of such lots alone.
CREATE OR REPLACE FUNCTION look_at_lots_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE lot SET is_wholly_exposed = false
    WHERE id = ANY(ARRAY(SELECT DISTINCT lot_id FROM changed)) AND is_wholly_exposed::integer = 1;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION look_at_decided_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE lot SET is_wholly_exposed = false
    -- Of an excursion on which nobody decided, only its exposures free anything.
    WHERE id = ANY(ARRAY(SELECT d.lot_id FROM changed JOIN disposition d ON d.excursion_id = changed.id))
      AND is_wholly_exposed::integer = 1;
    RETURN NULL;
END $$;
