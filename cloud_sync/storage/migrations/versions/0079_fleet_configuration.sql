-- The ledger hands out gateways' configuration, and knows what each of them runs.

-- A version of the configuration that a gateway is to have; the latest counts. sha256: of what it says (see
-- edge_agent/domain/fleet/managed_config.py). replaces: the digest of a local edit that it takes the place of on purpose.
CREATE TABLE gateway_config (
    gateway_id bigint NOT NULL REFERENCES gateway,
    version integer NOT NULL CHECK (version > 0),
    toml text NOT NULL,
    profiles jsonb NOT NULL DEFAULT '{}',
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    replaces text CHECK (replaces ~ '^[0-9a-f]{64}$'),
    reason text NOT NULL,
    set_by text NOT NULL,
    approved_by text NOT NULL,
    set_at timestamptz NOT NULL,
    PRIMARY KEY (gateway_id, version)
);

-- The latest heartbeat of each gateway: what it runs, and how it is.
CREATE TABLE gateway_heartbeat (
    gateway_id bigint PRIMARY KEY REFERENCES gateway,
    at timestamptz NOT NULL,
    protocols integer[] NOT NULL,
    config jsonb NOT NULL,
    release jsonb NOT NULL,
    health jsonb NOT NULL
);

-- Its changes are controlled ones.
ALTER TABLE controlled_change DROP CONSTRAINT controlled_change_kind_check;
ALTER TABLE controlled_change ADD CONSTRAINT controlled_change_kind_check
    CHECK (kind IN ('retention', 'second_signature', 'storage_policy', 'place_policy', 'sop', 'training', 'gateway_config'));
