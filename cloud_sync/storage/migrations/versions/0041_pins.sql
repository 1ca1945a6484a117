-- The PIN that has to be given with a badge, as edge_agent.domain.stock.badges.kept_pin keeps it (salt and scrypt digest);
-- null if the badge is enough.
ALTER TABLE operator ADD COLUMN pin text;
