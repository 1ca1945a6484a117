-- Severe excursions and releases by exception take two who sign, as shipped; what somebody has set stays. Thresholds say
-- which approvals of orders and counts take two; as shipped, none.
INSERT INTO second_signature_rule (name, meaning, from_value) VALUES
    ('allowance_used', 'release of goods that have used up the stability allowance of their item: 1 yes', NULL),
    ('order_schedule', 'approval of an order for goods of a controlled schedule: this one or a stricter one (2 for II)', NULL),
    ('order_units', 'approval of an order with a line of at least so many base units', NULL),
    ('count_schedule', 'approval of a count that differs in goods of a controlled schedule: this one or a stricter one', NULL),
    ('count_units', 'approval of a count that differs by at least so many base units in one position', NULL);
UPDATE second_signature_rule r
SET from_value = shipped.from_value, changed_reason = 'as shipped'
FROM (VALUES ('allowance_used', 1), ('excursion_minutes', 120), ('controlled_schedule', 5), ('release_after_reject', 1))
     AS shipped (name, from_value)
WHERE r.name = shipped.name AND r.changed_by = 'ledger' AND r.from_value IS NULL;
