-- Serial numbers that are given here: the pattern of an item, and ranges, none of which is given twice.

CREATE TABLE serial_pattern (
    item_id bigint PRIMARY KEY REFERENCES item,
    pattern text NOT NULL,
    given_at text NOT NULL CHECK (given_at IN ('receipt', 'production', 'both', 'request')),
    set_by text NOT NULL,
    set_at timestamptz NOT NULL
);

-- Serials of an item that were given to a lot here, or allotted to somebody who marks goods elsewhere: prefix, which ends
-- with no digit, and numbers of so many digits. They never overlap (cloud_sync.domain.serial_numbers).
CREATE TABLE serial_range (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id bigint NOT NULL REFERENCES item,
    prefix text NOT NULL CHECK (prefix !~ '[0-9]$'),
    digits integer NOT NULL CHECK (digits BETWEEN 1 AND 18),
    first_number bigint NOT NULL CHECK (first_number >= 0),
    last_number bigint NOT NULL CHECK (last_number >= first_number),
    lot_id bigint REFERENCES lot,
    place_id bigint REFERENCES place,
    allotted_to text NOT NULL DEFAULT '',
    reason text NOT NULL,
    given_by text NOT NULL,
    given_at timestamptz NOT NULL,
    CHECK ((lot_id IS NULL) = (place_id IS NULL)),
    CHECK ((lot_id IS NULL) = (allotted_to <> '')),
    UNIQUE (item_id, prefix, digits, first_number)
);
CREATE INDEX serial_range_lot ON serial_range (lot_id) WHERE lot_id IS NOT NULL;
