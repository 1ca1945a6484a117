-- Where a channel measured is sometimes said afterwards. What it measured meanwhile is judged in both places then: it may
-- widen what is held at once, and frees nothing until quality has accepted it.

-- Somebody said at the end of it that a channel had been in a place (null: nowhere) since. While there is no decision
-- both count; accepted, this alone counts (of several that overlap, the last); rejected, it never did.
CREATE TABLE channel_statement (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel_id bigint NOT NULL REFERENCES channel,
    place_id bigint REFERENCES place,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL CHECK (until > since),
    said_by text NOT NULL,
    decision text CHECK (decision IN ('accepted', 'rejected')),
    decided_by text,
    decided_at timestamptz
);
CREATE INDEX channel_statement_channel ON channel_statement (channel_id);

-- Two places may hold an excursion of one channel by rules of one name that begin at one time.
ALTER TABLE probe_excursion DROP CONSTRAINT probe_excursion_channel_id_rule_began_at_key,
    ADD UNIQUE (channel_id, rule, began_at, place_id);

-- Where channels were, each from when to when, with the statements that were accepted.
CREATE OR REPLACE VIEW channel_stay AS
WITH said AS (
    SELECT w.channel_id, w.place_id,
           coalesce(lag(w.until) OVER (PARTITION BY w.channel_id ORDER BY w.until), '-infinity') AS since, w.until
    FROM channel_place_was w
    UNION ALL
    SELECT c.id, c.place_id,
           coalesce((SELECT max(w.until) FROM channel_place_was w WHERE w.channel_id = c.id), '-infinity'), 'infinity'
    FROM channel c
), corrected AS (
    SELECT s.channel_id, s.place_id, s.since, s.until, 0::bigint AS statement FROM said s
    UNION ALL
    SELECT x.channel_id, x.place_id, x.since, x.until, x.id FROM channel_statement x WHERE x.decision = 'accepted'
)
SELECT s.channel_id, s.place_id, lower(part.stay) AS since, upper(part.stay) AS until
FROM corrected s
CROSS JOIN LATERAL (
    SELECT unnest(tstzmultirange(tstzrange(s.since, s.until)) - coalesce(
        (SELECT range_agg(tstzrange(later.since, later.until)) FROM channel_statement later
         WHERE later.channel_id = s.channel_id AND later.decision = 'accepted' AND later.id > s.statement),
        '{}'::tstzmultirange)) AS stay
) AS part;

-- Where channels and their versions are and were, and, beside that, where they may have been (statement).
DROP VIEW judged_stay;
CREATE VIEW judged_stay AS
SELECT c.id AS channel_id, s.place_id, s.since, s.until, NULL::bigint AS statement
FROM judged_channel c JOIN channel_stay s ON s.channel_id = c.own_id
UNION ALL
SELECT c.id, x.place_id, x.since, x.until, x.id
FROM judged_channel c JOIN channel_statement x ON x.channel_id = c.own_id AND x.decision IS NULL;

-- Sites beside its own that a gateway may speak for on purpose (a scanner that is carried over), by a second person's word.
CREATE TABLE gateway_site (
    gateway_id bigint NOT NULL REFERENCES gateway,
    site_id bigint NOT NULL REFERENCES place,
    reason text NOT NULL,
    said_by text NOT NULL,
    said_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (gateway_id, site_id)
);

-- Whether a gateway that stands in own may not speak for a place of this scope (null: nobody's).
CREATE FUNCTION is_foreign(of_gateway bigint, own bigint[], scope bigint) RETURNS boolean STABLE LANGUAGE sql AS $$
    SELECT scope IS NOT NULL AND scope <> own[1]
       AND NOT EXISTS (SELECT FROM gateway_site s WHERE s.gateway_id = of_gateway AND s.site_id = scope)
$$;

-- Whether a channel ever had readings from before its clock was synchronised: asked for each batch, whatever its months.
ALTER TABLE channel ADD COLUMN has_doubtful_times boolean NOT NULL DEFAULT false;
UPDATE channel c SET has_doubtful_times = true
WHERE EXISTS (SELECT FROM reading r WHERE r.channel_id = c.id AND NOT r.synced);
