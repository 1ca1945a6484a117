-- Where a gateway stands: it gets the desk of the site around this place. Null: it gets none.
ALTER TABLE gateway ADD COLUMN place_id bigint REFERENCES place;

-- Who may work at docks. badge is what follows LW.BADGE. on the card.
CREATE TABLE operator (
    name text PRIMARY KEY,
    badge text NOT NULL UNIQUE,
    active boolean NOT NULL DEFAULT true
);

-- Numbers that gateways used in signed requests, so that none is answered twice. Kept for as long as a request counts.
CREATE TABLE gateway_nonce (
    gateway_id bigint NOT NULL REFERENCES gateway,
    nonce text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (gateway_id, nonce)
);
CREATE INDEX gateway_nonce_at ON gateway_nonce (at);
