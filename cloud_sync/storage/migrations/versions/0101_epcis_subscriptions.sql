-- EPCIS: who captures partners' events, and who is told the answers of named queries.

-- Whoever received goods captured events until now.
INSERT INTO role_permission
SELECT role, 'capture events of partners' FROM role_permission WHERE permission = 'receive goods';

-- A named query whose answer goes to a connection: what is new since the last time, when it comes (no schedule) or at the
-- times of the schedule. followed_to: the leaf of the seal's tree up to which everything was told.
CREATE TABLE epcis_subscription (
    id uuid PRIMARY KEY,
    query text NOT NULL REFERENCES epcis_query,
    connection text NOT NULL REFERENCES interop_connection,
    schedule jsonb,
    report_if_empty boolean NOT NULL,
    followed_to bigint NOT NULL,
    next_at timestamptz,
    last_told_at timestamptz,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    CHECK ((schedule IS NULL) = (next_at IS NULL))
);
CREATE INDEX epcis_subscription_query ON epcis_subscription (query);
