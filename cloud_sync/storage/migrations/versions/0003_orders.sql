-- Master data that orders need, and orders. What an order asks for and what people decided about it is kept here; how
-- far it has come is never stored: it follows from movements, reservations and counts.

-- Goods on their way between two sites are in a place of kind transit: in nobody's shelf, and not to be promised.
ALTER TABLE place DROP CONSTRAINT place_kind_check;
ALTER TABLE place ADD CONSTRAINT place_kind_check CHECK (kind IN (
    'site', 'room', 'bin', 'supplier', 'customer', 'ward', 'production', 'scrap', 'count_difference', 'used_up',
    'transit'));

---------------------------------------------------------------------------------------------------- master data

-- Days are whole days of remaining shelf life. The allowance is what stability data permit: so many minutes outside
-- the storage limits, up to so many degrees Celsius.
ALTER TABLE item
    ADD COLUMN ndc text NOT NULL DEFAULT '',
    ADD COLUMN storage_class text REFERENCES policy,
    ADD COLUMN allowance_minutes integer CHECK (allowance_minutes >= 0),
    ADD COLUMN allowance_c_max double precision,
    ADD COLUMN receipt_inspection boolean NOT NULL DEFAULT false,
    ADD COLUMN shelf_life_days integer CHECK (shelf_life_days > 0),
    ADD COLUMN receipt_days_min integer CHECK (receipt_days_min >= 0),
    ADD COLUMN controlled_schedule text NOT NULL DEFAULT ''
        CHECK (controlled_schedule IN ('', 'I', 'II', 'III', 'IV', 'V')),
    ADD COLUMN compounding text NOT NULL DEFAULT '' CHECK (compounding IN ('', '503A', '503B'));

-- What may be given instead of an item, the best first.
CREATE TABLE item_substitute (
    item_id bigint NOT NULL REFERENCES item,
    rank smallint NOT NULL,
    substitute_id bigint NOT NULL REFERENCES item,
    PRIMARY KEY (item_id, rank),
    UNIQUE (item_id, substitute_id),
    CHECK (item_id <> substitute_id)
);

-- Whether goods may come from a supplier. A supplier without a row was never judged.
CREATE TABLE supplier (
    place_id bigint PRIMARY KEY REFERENCES place,
    status text NOT NULL CHECK (status IN ('pending', 'qualified', 'suspended', 'rejected')),
    qualified_until date,
    note text NOT NULL DEFAULT ''
);

-- The remaining shelf life that a customer or ward demands of what it gets, of everything and of single items.
CREATE TABLE recipient (
    place_id bigint PRIMARY KEY REFERENCES place,
    shelf_life_days_min integer NOT NULL DEFAULT 0 CHECK (shelf_life_days_min >= 0)
);
CREATE TABLE recipient_item (
    place_id bigint NOT NULL REFERENCES recipient,
    item_id bigint NOT NULL REFERENCES item,
    shelf_life_days_min integer NOT NULL CHECK (shelf_life_days_min >= 0),
    PRIMARY KEY (place_id, item_id)
);

-- Papers: of a supplier (licence, audit), or of a lot (certificate of analysis). The paper itself is kept elsewhere;
-- reference says where, sha256 that it is still the same.
CREATE TABLE document (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    supplier_id bigint REFERENCES place,
    lot_id bigint REFERENCES lot,
    kind text NOT NULL CHECK (kind IN ('licence', 'audit', 'agreement', 'coa', 'other')),
    reference text NOT NULL,
    sha256 text NOT NULL DEFAULT '' CHECK (sha256 ~ '^([0-9a-f]{64})?$'),
    valid_until date,
    added_by text NOT NULL,
    added_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (num_nonnulls(supplier_id, lot_id) >= 1)
);
CREATE INDEX document_supplier ON document (supplier_id);
CREATE INDEX document_lot ON document (lot_id);

-- When to order more of an item for a place (and what stands in it), and up to how much.
CREATE TABLE reorder_level (
    item_id bigint NOT NULL REFERENCES item,
    place_id bigint NOT NULL REFERENCES place,
    supplier_id bigint REFERENCES place,
    reorder_point bigint NOT NULL CHECK (reorder_point >= 0),
    par_level bigint NOT NULL,
    PRIMARY KEY (item_id, place_id),
    CHECK (par_level > reorder_point)
);

--------------------------------------------------------------------------------------------------------- orders

-- Something somebody asked for. from_place and to_place: purchase supplier -> place of receipt; demand site -> customer
-- or ward; transfer site -> site; return customer or ward -> place of returns; destruction place -> scrap.
CREATE TABLE stock_order (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number text NOT NULL UNIQUE,
    kind text NOT NULL CHECK (kind IN ('purchase', 'demand', 'transfer', 'return', 'destruction')),
    from_place bigint NOT NULL REFERENCES place,
    to_place bigint NOT NULL REFERENCES place,
    owner text NOT NULL REFERENCES owner,
    patient_ref text NOT NULL DEFAULT '',
    returns_order bigint REFERENCES stock_order,
    note text NOT NULL DEFAULT '',
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX stock_order_returns ON stock_order (returns_order) WHERE returns_order IS NOT NULL;

-- lot_number '' and serial '' leave open which lot and unit. instead_of: the line that it is a substitute for.
CREATE TABLE order_line (
    order_id bigint NOT NULL REFERENCES stock_order,
    line smallint NOT NULL CHECK (line > 0),
    item_id bigint NOT NULL REFERENCES item,
    quantity bigint NOT NULL CHECK (quantity > 0),
    lot_number text NOT NULL DEFAULT '',
    serial text NOT NULL DEFAULT '',
    instead_of smallint,
    PRIMARY KEY (order_id, line),
    FOREIGN KEY (order_id, instead_of) REFERENCES order_line,
    UNIQUE (order_id, item_id, lot_number, serial)
);
CREATE INDEX order_line_item ON order_line (item_id);

-- What people decided about an order. Only cancelling is about one line and a quantity.
CREATE TABLE order_step (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id bigint NOT NULL REFERENCES stock_order,
    step text NOT NULL CHECK (step IN ('approved', 'rejected', 'ordered', 'cancelled', 'witnessed')),
    line smallint,
    quantity bigint CHECK (quantity > 0),
    by_whom text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    reason text NOT NULL DEFAULT '',
    FOREIGN KEY (order_id, line) REFERENCES order_line,
    CHECK ((step = 'cancelled') = (line IS NOT NULL) AND (line IS NULL) = (quantity IS NULL))
);
CREATE UNIQUE INDEX order_step_once ON order_step (order_id, step) WHERE line IS NULL;
CREATE INDEX order_step_order ON order_step (order_id, id);
CREATE TRIGGER order_step_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON order_step
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- How far an order has come is asked by its number.
CREATE INDEX movement_order ON movement (order_ref) WHERE order_ref <> '';
CREATE INDEX reservation_broken ON reservation (demand, ended_at) WHERE ended_as IN ('broken', 'expired');

--------------------------------------------------------------------------------------------------------- counts

-- Counting a place (and what stands in it), and the decision on what was found.
CREATE TABLE stock_count (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number text NOT NULL UNIQUE,
    place_id bigint NOT NULL REFERENCES place,
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    decision text CHECK (decision IN ('approved', 'rejected')),
    decided_by text,
    decided_at timestamptz,
    reason text,
    CHECK ((decision IS NULL) = (decided_by IS NULL) AND (decision IS NULL) = (decided_at IS NULL))
);

-- What was found. Of several lines about one position the latest counts. fact makes saying it twice harmless.
CREATE TABLE count_line (
    fact text PRIMARY KEY,
    count_id bigint NOT NULL REFERENCES stock_count,
    lot_id bigint NOT NULL REFERENCES lot,
    serial text NOT NULL DEFAULT '',
    place_id bigint NOT NULL REFERENCES place,
    quantity bigint NOT NULL CHECK (quantity >= 0),
    counted_by text NOT NULL,
    counted_at timestamptz NOT NULL
);
CREATE INDEX count_line_count ON count_line (count_id);
CREATE INDEX count_line_position ON count_line (lot_id, place_id, serial, counted_at);
CREATE TRIGGER count_line_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON count_line
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A hold may be one of returned stock that nobody has decided on yet.
ALTER TABLE hold ADD COLUMN origin text NOT NULL DEFAULT '';
