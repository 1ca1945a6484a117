-- What receipts cost. A lot is worth what its receipts cost a base unit; the latest statement about a receipt counts.
CREATE TABLE receipt_cost (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lot_id bigint NOT NULL REFERENCES lot,
    order_number text NOT NULL DEFAULT '',
    quantity bigint NOT NULL CHECK (quantity > 0),
    unit_cost numeric(14, 4) NOT NULL CHECK (unit_cost >= 0),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    reason text NOT NULL,
    said_by text NOT NULL,
    said_at timestamptz NOT NULL
);
CREATE INDEX receipt_cost_lot ON receipt_cost (lot_id, order_number, id DESC);

-- The currency of most costs: sums are of it alone, for nobody has said what another one is worth.
CREATE FUNCTION house_currency() RETURNS text STABLE LANGUAGE sql AS $$
    SELECT currency FROM (SELECT currency FROM item_cost UNION ALL SELECT currency FROM receipt_cost) c
    GROUP BY currency ORDER BY count(*) DESC, currency LIMIT 1
$$;

-- What a base unit of a lot costs at an instant, in a currency: the mean of its receipts by quantity (of each receipt the
-- latest statement, for an invoice comes after the goods), else the item's cost on that day (that of no supplier first);
-- null where nobody has said.
CREATE FUNCTION unit_cost(of_lot bigint, of_item bigint, at_time timestamptz, in_currency text)
RETURNS numeric STABLE LANGUAGE sql AS $$
    SELECT coalesce(
        (SELECT sum(r.unit_cost * r.quantity) / sum(r.quantity)
         FROM (SELECT DISTINCT ON (order_number) unit_cost, quantity, currency FROM receipt_cost
               WHERE lot_id = of_lot ORDER BY order_number, id DESC) r
         WHERE r.currency = in_currency),
        (SELECT c.cost FROM item_cost c
         WHERE c.item_id = of_item AND c.valid_from <= (at_time AT TIME ZONE 'UTC')::date AND c.currency = in_currency
         ORDER BY c.supplier_id IS NOT NULL, c.valid_from DESC, c.id DESC LIMIT 1))
$$;
