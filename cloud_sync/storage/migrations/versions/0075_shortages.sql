-- An item of which there is not enough until a day: how much there is, and who gets what of it.
CREATE TABLE shortage (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id bigint NOT NULL REFERENCES item,
    site_id bigint NOT NULL REFERENCES place,
    until_day date NOT NULL,
    supply bigint NOT NULL CHECK (supply >= 0),
    wanted bigint NOT NULL CHECK (wanted >= 0),
    needs_second_person boolean NOT NULL,
    reason text NOT NULL,
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL,
    decision text CHECK (decision IN ('approved', 'rejected')),
    decided_by text,
    decided_at timestamptz,
    decision_reason text,
    ended_by text,
    ended_at timestamptz,
    ended_reason text,
    CHECK (num_nulls(decision, decided_by, decided_at, decision_reason) IN (0, 4)),
    CHECK (num_nulls(ended_by, ended_at, ended_reason) IN (0, 3)),
    CHECK (NOT needs_second_person OR decision IS DISTINCT FROM 'approved' OR decided_by <> opened_by)
);
CREATE UNIQUE INDEX shortage_open ON shortage (item_id, site_id) WHERE ended_at IS NULL AND decision IS DISTINCT FROM 'rejected';

-- What each recipient gets: what was proposed and why.
CREATE TABLE shortage_share (
    shortage_id bigint NOT NULL REFERENCES shortage,
    place_id bigint NOT NULL REFERENCES place,
    priority smallint NOT NULL,
    rate double precision NOT NULL,
    stock bigint NOT NULL,
    wanted bigint NOT NULL,
    proposed bigint NOT NULL CHECK (proposed >= 0),
    why text NOT NULL,
    PRIMARY KEY (shortage_id, place_id)
);

-- Another share than was proposed, with the reason; the latest counts.
CREATE TABLE shortage_override (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shortage_id bigint NOT NULL,
    place_id bigint NOT NULL,
    share bigint NOT NULL CHECK (share >= 0),
    reason text NOT NULL,
    said_by text NOT NULL,
    said_at timestamptz NOT NULL,
    FOREIGN KEY (shortage_id, place_id) REFERENCES shortage_share (shortage_id, place_id)
);
CREATE INDEX shortage_override_share ON shortage_override (shortage_id, place_id, id DESC);
