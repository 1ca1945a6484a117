-- Months of readings that were written to files and have left the database. What a file must be stands here, and so in
-- the seal: a file that was exchanged is found out, also if its manifest was signed again.
CREATE TABLE archive_store (
    is_the_one boolean PRIMARY KEY DEFAULT true CHECK (is_the_one),
    url text NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE archive_manifest (
    number integer PRIMARY KEY CHECK (number > 0),
    name text NOT NULL UNIQUE,
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    made_at timestamptz NOT NULL,
    made_by text NOT NULL
);

CREATE TABLE archive_file (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    manifest integer NOT NULL REFERENCES archive_manifest (number),
    name text NOT NULL UNIQUE,
    month date NOT NULL CHECK (month = date_trunc('month', month)),
    gateway_id bigint NOT NULL REFERENCES gateway (id),
    row_count bigint NOT NULL CHECK (row_count > 0),
    bytes bigint NOT NULL CHECK (bytes > 0),
    footer_bytes integer NOT NULL CHECK (footer_bytes > 0),
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    footer_sha256 bytea NOT NULL CHECK (octet_length(footer_sha256) = 32)
);
CREATE INDEX archive_file_manifest ON archive_file (manifest);
CREATE INDEX archive_file_month ON archive_file (month, gateway_id);

-- A part of a file: readings of one channel, in the order of time. is_home: they are in the database again.
CREATE TABLE archive_part (
    file_id bigint NOT NULL REFERENCES archive_file (id),
    number integer NOT NULL CHECK (number >= 0),
    channel_id bigint NOT NULL REFERENCES channel (id),
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL CHECK (last_at >= first_at),
    row_count integer NOT NULL CHECK (row_count > 0),
    byte_offset bigint NOT NULL CHECK (byte_offset >= 0),
    bytes integer NOT NULL CHECK (bytes > 0),
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    is_home boolean NOT NULL DEFAULT false,
    PRIMARY KEY (file_id, number)
);
CREATE INDEX archive_part_away ON archive_part (channel_id, last_at) WHERE NOT is_home;
CREATE INDEX archive_part_channel ON archive_part (channel_id);

-- Which readings of a channel may leave: those whose time is certain, outside of what stays of the channel (plan: an array of
-- {"channel_id", "stays"}, a tstzmultirange). By channel how many these are, and a number that is another if one differs.
CREATE FUNCTION archive_marks(name text, plan jsonb) RETURNS TABLE (channel_id bigint, row_count bigint, mark bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path TO 'public', 'pg_temp' AS $$
BEGIN
    IF name !~ '^reading_[0-9]{4}_[0-9]{2}$' THEN
        RAISE EXCEPTION '% is no month of readings', name;
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT r.channel_id, count(*), bit_xor(hash_record_extended((r.at, r.seq, r.value, r.evidence_id), 0))
         FROM %I r
         JOIN jsonb_to_recordset($1) AS p (channel_id bigint, stays tstzmultirange) ON p.channel_id = r.channel_id
         WHERE r.synced AND r.said_at IS NULL AND r.boot IS NULL AND NOT p.stays @> r.at
         GROUP BY r.channel_id', name) USING plan;
END $$;

-- Let the readings of a month that may leave do so: what stays moves to a new partition, and the old one is dropped. The
-- caller has locked the month and compared what leaves. Gives how many stayed.
CREATE FUNCTION leave_month(name text, plan jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO 'public', 'pg_temp' AS $$
DECLARE
    month timestamp;
    stayed bigint;
BEGIN
    IF name !~ '^reading_[0-9]{4}_[0-9]{2}$' THEN
        RAISE EXCEPTION '% is no month of readings', name;
    END IF;
    month := to_date(substr(name, 9), 'YYYY_MM');
    CREATE TABLE reading_fresh (LIKE reading INCLUDING DEFAULTS);
    EXECUTE format(
        'INSERT INTO reading_fresh
         SELECT r.* FROM %I r
         LEFT JOIN jsonb_to_recordset($1) AS p (channel_id bigint, stays tstzmultirange) ON p.channel_id = r.channel_id
         WHERE p.channel_id IS NULL
            OR NOT (r.synced AND r.said_at IS NULL AND r.boot IS NULL AND NOT p.stays @> r.at)', name) USING plan;
    GET DIAGNOSTICS stayed = ROW_COUNT;
    -- Whoever has read readings is waited for: nobody finds a month gone that was there when they began.
    SET LOCAL lock_timeout = '2s';
    LOCK TABLE ONLY reading IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('ALTER TABLE reading DETACH PARTITION %I', name);
    EXECUTE format('DROP TABLE %I', name);
    EXECUTE format('ALTER TABLE reading_fresh RENAME TO %I', name);
    EXECUTE format('ALTER TABLE reading ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name,
                   month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
    SET LOCAL lock_timeout = 0;
    RETURN stayed;
END $$;
