-- The storage policies of a gateway's site as they went out with its configuration: by name, as JSON text.
ALTER TABLE gateway_config ADD COLUMN policies jsonb NOT NULL DEFAULT '{}';
