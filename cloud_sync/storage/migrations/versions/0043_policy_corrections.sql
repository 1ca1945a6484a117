-- Another policy of a place where stock has stood takes a second person.
ALTER TABLE correction DROP CONSTRAINT correction_kind_check;
ALTER TABLE correction ADD CONSTRAINT correction_kind_check
    CHECK (kind IN ('lot_expiry', 'lot_number', 'code', 'place', 'place_policy'));
