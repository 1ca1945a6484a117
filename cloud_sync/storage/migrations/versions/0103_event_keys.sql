-- Keys follow from the events that they are written with, in one transaction: to look up the event of each again costs more than
-- to write it.
ALTER TABLE epcis_event_key DROP CONSTRAINT epcis_event_key_event_fkey;
