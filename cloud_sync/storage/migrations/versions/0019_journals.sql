-- A gateway writes one journal. A second one that nobody announced may be that of a copied key.

-- Every journal that a gateway ever sent anything of. Of a doubted one all is kept, and judged alone: it widens what is
-- held, and ends nothing. follows: the journal (null: all before) in whose place it was announced, from began_at on.
-- why: why it is doubted. What was known before this was noticed is trusted.
CREATE TABLE gateway_journal (
    gateway_id bigint NOT NULL REFERENCES gateway,
    journal uuid NOT NULL,
    standing text NOT NULL CHECK (standing IN ('trusted', 'doubted', 'rejected')),
    why text CHECK (why IN ('unannounced', 'contradicted')),
    first_received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    follows uuid,
    began_at timestamptz,
    PRIMARY KEY (gateway_id, journal)
);

INSERT INTO gateway_journal (gateway_id, journal, standing)
SELECT DISTINCT gateway_id, journal, 'trusted' FROM lane_progress;

-- Since when the key of a gateway is the one it has, where it was replaced.
ALTER TABLE gateway ADD COLUMN key_since timestamptz;

-- What a doubted journal says of a channel is a channel of its own, a version of the other: version_of, journal.
ALTER TABLE channel
    ADD COLUMN version_of bigint REFERENCES channel,
    ADD COLUMN journal uuid,
    ADD CHECK ((version_of IS NULL) = (journal IS NULL));
CREATE UNIQUE INDEX channel_version ON channel (version_of, journal);

-- Channels with where they are: versions are where the channel is, unless quality has rejected the journal.
CREATE VIEW judged_channel AS
SELECT c.id, c.gateway_id, c.device, c.metric, c.place_id, c.id AS own_id
FROM channel c WHERE c.version_of IS NULL
UNION ALL
SELECT c.id, c.gateway_id, c.device, c.metric, b.place_id, b.id
FROM channel c
JOIN channel b ON b.id = c.version_of
JOIN gateway_journal j ON (j.gateway_id, j.journal) = (c.gateway_id, c.journal) AND j.standing = 'doubted';

-- Where channels and their versions are and were.
CREATE VIEW judged_stay AS
SELECT c.id AS channel_id, s.place_id, s.since, s.until
FROM judged_channel c JOIN channel_stay s ON s.channel_id = c.own_id;
