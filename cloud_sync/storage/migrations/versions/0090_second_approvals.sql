-- How urgent an order is, and thresholds by value and urgency from which an approval takes two people.

-- Said when the order is requested. Most are routine, and have no row here.
CREATE TABLE order_urgency (
    order_id bigint PRIMARY KEY REFERENCES stock_order,
    urgency text NOT NULL CHECK (urgency IN ('urgent', 'emergency'))
);

INSERT INTO second_signature_rule (name, meaning, from_value) VALUES
    ('order_urgency', 'approval of an order that is urgent (1), or an emergency (2)', NULL),
    ('order_value', 'approval of an order whose goods cost at least so much, in any one currency; unknown costs count as more', NULL),
    ('count_value', 'approval of a count that differs by goods that cost at least so much, as for orders', NULL);

UPDATE second_signature_rule
SET meaning = 'release after an excursion of at least so many minutes; 120 as shipped is Lotwarden''s own choice: no regulation names a number'
WHERE name = 'excursion_minutes';
