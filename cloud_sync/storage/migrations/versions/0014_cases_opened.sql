-- Serialised cases: a code that stands for many base units, with a serial of its own, is one unit that contains them. Its
-- serial is kept with the code of the case, (01)code(21)serial, for each packaging level counts serials for itself.
-- Opening one is two movements of one event: the case goes to a place of kind unpacking, its content comes from there.

ALTER TABLE movement DROP CONSTRAINT movement_check1;
ALTER TABLE movement ADD CONSTRAINT movement_serial_is_one_unit
    CHECK (serial = '' OR quantity = 1 OR serial LIKE '(%)%(21)%');

ALTER TABLE place DROP CONSTRAINT place_kind_check;
ALTER TABLE place ADD CONSTRAINT place_kind_check CHECK (kind IN (
    'site', 'room', 'bin', 'supplier', 'customer', 'ward', 'production', 'scrap', 'count_difference', 'used_up',
    'transit', 'unpacking'));
