-- The field's own words in the schema. Nothing is decided otherwise by them.

-- A ward or customer asks for stock by a requisition.
ALTER TABLE stock_order DROP CONSTRAINT stock_order_kind_check;
DROP TRIGGER IF EXISTS stock_order_append_only ON stock_order; -- made again after the migrations,
COMMENT ON TABLE stock_order IS NULL;                          -- since nothing says that it is there
UPDATE stock_order SET kind = 'requisition' WHERE kind = 'demand';
ALTER TABLE stock_order ADD CONSTRAINT stock_order_kind_check
    CHECK (kind IN ('purchase', 'requisition', 'transfer', 'return', 'destruction'));

-- When a channel was read with a good value, and between which bounds its values lie.
ALTER VIEW heard RENAME TO good_reading;
ALTER VIEW measured RENAME TO reading_range;

-- How a preparation is made is a master formulation record (USP <795>, <797>).
DROP TRIGGER IF EXISTS formula_append_only ON formula; -- made again after the migrations
DROP TRIGGER IF EXISTS formula_mostly_stays ON formula;
DROP TRIGGER formula_never_changes ON formula;
DROP FUNCTION refuse_formula_change();
COMMENT ON TABLE formula IS NULL;
ALTER TABLE formula RENAME TO master_formulation_record;
ALTER TABLE master_formulation_record RENAME CONSTRAINT formula_pkey TO master_formulation_record_pkey;
ALTER TABLE master_formulation_record RENAME CONSTRAINT formula_name_version_key TO master_formulation_record_name_version_key;
ALTER TABLE master_formulation_record RENAME CONSTRAINT formula_item_id_fkey TO master_formulation_record_item_id_fkey;
ALTER TABLE master_formulation_record RENAME CONSTRAINT formula_version_check TO master_formulation_record_version_check;
ALTER TABLE master_formulation_record RENAME CONSTRAINT formula_check TO master_formulation_record_approved;
ALTER TABLE master_formulation_record RENAME CONSTRAINT formula_check1 TO master_formulation_record_approved_by_another;
ALTER TABLE production_batch RENAME COLUMN formula_id TO master_formulation_record_id;
ALTER TABLE production_batch
    RENAME CONSTRAINT production_batch_formula_id_fkey TO production_batch_master_formulation_record_id_fkey;

CREATE FUNCTION refuse_master_record_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF old.approved_by IS NOT NULL OR (new.name, new.version, new.item_id, new.body, new.drafted_by)
        IS DISTINCT FROM (old.name, old.version, old.item_id, old.body, old.drafted_by) THEN
        RAISE EXCEPTION 'a master formulation record never changes: draft a new version';
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER master_formulation_record_never_changes BEFORE UPDATE ON master_formulation_record
    FOR EACH ROW EXECUTE FUNCTION refuse_master_record_change();
