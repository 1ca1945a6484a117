-- The field's own words in the schema. Nothing is decided otherwise by them.

-- A ward or customer asks for stock by a requisition.
ALTER TABLE stock_order DROP CONSTRAINT stock_order_kind_check;
DROP TRIGGER IF EXISTS stock_order_append_only ON stock_order; -- made again after the migrations
UPDATE stock_order SET kind = 'requisition' WHERE kind = 'demand';
ALTER TABLE stock_order ADD CONSTRAINT stock_order_kind_check
    CHECK (kind IN ('purchase', 'requisition', 'transfer', 'return', 'destruction'));

-- When a channel was read with a good value, and between which bounds its values lie.
ALTER VIEW heard RENAME TO good_reading;
ALTER VIEW measured RENAME TO reading_range;
