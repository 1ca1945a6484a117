-- Lots that an excursion marks go from one index to another, and what they leave is read by each allocation of their item
-- until the table is vacuumed: usually only once a fifth of it has changed, which of a million lots never comes.
ALTER TABLE lot SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- For counting them: of one item ten thousand.
CREATE INDEX lot_exposed ON lot (item_id, owner) WHERE is_wholly_exposed;
