-- The content of a release's files lies in a folder of the ledger, by its hash; null: it was moved there, or never was here.
ALTER TABLE release_file ALTER COLUMN content DROP NOT NULL;
