-- A logger's file of which nobody has said yet to what it belongs waits; attached, it is another row of the same document.
ALTER TABLE logger_file DROP CONSTRAINT logger_file_check1;
ALTER TABLE logger_file ADD CONSTRAINT logger_file_check1
    CHECK (num_nonnulls(order_id, place_id) = CASE verdict WHEN 'waiting' THEN 0 ELSE 1 END);
ALTER TABLE logger_file DROP CONSTRAINT logger_file_verdict_check;
ALTER TABLE logger_file ADD CONSTRAINT logger_file_verdict_check
    CHECK (verdict IN ('broken', 'kept', 'judged_in_place', 'waiting'));

-- What was delivered long ago is taken away; see connections.deliveries_kept_days.
CREATE INDEX interop_delivery_done ON interop_delivery (coalesce(sent_at, withdrawn_at))
    WHERE sent_at IS NOT NULL OR withdrawn_at IS NOT NULL;
