-- What the console looks for all day.

CREATE INDEX excursion_open ON excursion (place_id) WHERE ended_at IS NULL;
CREATE INDEX lot_words ON lot (lower(lot_number) COLLATE "C");
