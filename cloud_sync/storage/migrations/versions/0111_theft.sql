-- Theft and counterfeit: lost serials, what makers' events say of units, and how long ways between sites take.

-- Units that were lost or stolen, or of which counterfeits bear the serial. Every dock refuses them until they are found.
CREATE TABLE lost_serial (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id bigint NOT NULL REFERENCES item,
    serial text NOT NULL CHECK (serial <> ''),
    why text NOT NULL CHECK (why IN ('lost', 'stolen', 'counterfeit')),
    description text NOT NULL,
    lost_at timestamptz NOT NULL,
    reported_by text NOT NULL,
    reported_at timestamptz NOT NULL,
    found_by text,
    found_at timestamptz,
    found_how text,
    CHECK (num_nulls(found_by, found_at, found_how) IN (0, 3))
);
CREATE UNIQUE INDEX lost_serial_open ON lost_serial (item_id, serial) WHERE found_at IS NULL;

-- Of captured events: which units and lots a maker commissioned (serial '': a whole lot), and which were decommissioned.
CREATE TABLE told_unit (
    gtin text NOT NULL,
    lot_number text NOT NULL,
    serial text NOT NULL,
    step text NOT NULL CHECK (step IN ('commissioned', 'ended')),
    event_time timestamptz NOT NULL,
    told_by text NOT NULL,
    event_id bigint NOT NULL REFERENCES epcis_event ON DELETE CASCADE,
    PRIMARY KEY (gtin, serial, step, event_id)
);
CREATE INDEX told_unit_lot ON told_unit (gtin, lot_number) WHERE step = 'commissioned';

-- Items whose maker tells every unit that it makes, since when: what it did not tell of is suspicious.
CREATE TABLE complete_maker (
    item_id bigint PRIMARY KEY REFERENCES item,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL
);

-- The least time in which goods get from one site to another (both ways).
CREATE TABLE site_travel (
    one_site bigint NOT NULL REFERENCES place,
    other_site bigint NOT NULL REFERENCES place,
    minutes_min integer NOT NULL CHECK (minutes_min BETWEEN 1 AND 100000),
    set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    PRIMARY KEY (one_site, other_site),
    CHECK (one_site < other_site)
);
