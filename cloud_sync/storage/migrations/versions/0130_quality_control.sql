-- What an outsourcing facility tests: plans with limits and their source, samples, results, decisions; what stability data
-- support; line clearance, in-process controls and label counts in batch records; reports of products.

ALTER TABLE batch_fact DROP CONSTRAINT batch_fact_kind_check;
ALTER TABLE batch_fact ADD CONSTRAINT batch_fact_kind_check CHECK (
    kind IN ('step', 'check', 'equipment', 'deviation', 'assessment', 'yield', 'finished', 'test', 'released', 'rejected',
             'line_cleared', 'clearance_checked', 'control', 'labels'));
ALTER TABLE controlled_change DROP CONSTRAINT controlled_change_kind_check;
ALTER TABLE controlled_change ADD CONSTRAINT controlled_change_kind_check CHECK (
    kind IN ('retention', 'second_signature', 'storage_policy', 'place_policy', 'sop', 'training', 'gateway_config',
             'quality_plan', 'beyond_use'));

-- A version of a plan, as another person approved it. The limits in it are the user's, each with its source.
CREATE TABLE quality_plan (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('stability', 'environment', 'qualification', 'material')),
    name text NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    item_id bigint REFERENCES item,
    place_id bigint REFERENCES place,
    body jsonb NOT NULL,
    effective_from timestamptz NOT NULL,
    proposed_by text NOT NULL,
    approved_by text NOT NULL CHECK (approved_by <> proposed_by),
    UNIQUE (name, version),
    CHECK ((kind IN ('stability', 'material')) = (item_id IS NOT NULL)),
    CHECK ((kind = 'environment') = (place_id IS NOT NULL))
);
CREATE INDEX quality_plan_item ON quality_plan (item_id, kind, id DESC);

-- Units of a lot that are kept to see how long it is good.
CREATE TABLE stability_study (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    client_id uuid NOT NULL UNIQUE,
    plan_id bigint NOT NULL REFERENCES quality_plan,
    lot_id bigint NOT NULL REFERENCES lot,
    place_id bigint NOT NULL REFERENCES place,
    began_at timestamptz NOT NULL,
    started_by text NOT NULL
);
CREATE INDEX stability_study_lot ON stability_study (lot_id);

-- One round of plates in a room; with the batch that is made meanwhile, if any.
CREATE TABLE environment_session (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan_id bigint NOT NULL REFERENCES quality_plan,
    batch_id bigint REFERENCES production_batch,
    began_at timestamptz NOT NULL,
    opened_by text NOT NULL,
    note text NOT NULL
);
CREATE INDEX environment_session_batch ON environment_session (batch_id);

-- Something that is tested: units pulled from a study, a plate, a media fill, a sample of a raw material.
CREATE TABLE quality_sample (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    client_id uuid NOT NULL UNIQUE,
    plan_id bigint NOT NULL REFERENCES quality_plan,
    lot_id bigint REFERENCES lot,
    study_id bigint REFERENCES stability_study,
    day integer CHECK (day >= 0),
    session_id bigint REFERENCES environment_session,
    point text NOT NULL DEFAULT '',
    code text UNIQUE,
    place_id bigint REFERENCES place,
    person text NOT NULL DEFAULT '',
    quantity bigint NOT NULL DEFAULT 0 CHECK (quantity >= 0),
    note text NOT NULL DEFAULT '',
    taken_at timestamptz NOT NULL,
    taken_by text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (num_nulls(study_id, day) IN (0, 2)),
    CHECK ((session_id IS NULL) = (point = ''))
);
CREATE UNIQUE INDEX quality_sample_pull ON quality_sample (study_id, day) WHERE study_id IS NOT NULL;
CREATE INDEX quality_sample_session ON quality_sample (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX quality_sample_lot ON quality_sample (lot_id, taken_at DESC) WHERE lot_id IS NOT NULL;
CREATE INDEX quality_sample_person ON quality_sample (person, taken_at DESC) WHERE person <> '';
CREATE INDEX quality_sample_plan ON quality_sample (plan_id, taken_at DESC);

-- What a test gave; all results stay.
CREATE TABLE quality_result (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sample_id bigint NOT NULL REFERENCES quality_sample,
    test text NOT NULL,
    value double precision,
    conforms boolean,
    note text NOT NULL,
    verdict text NOT NULL CHECK (verdict IN ('pass', 'alert', 'fail')),
    read_by text NOT NULL,
    read_at timestamptz NOT NULL,
    CHECK (num_nonnulls(value, conforms) = 1)
);
CREATE INDEX quality_result_sample ON quality_result (sample_id, id);

-- What quality decided on a sample. By exception: though a result was out of specification or missing.
CREATE TABLE quality_decision (
    sample_id bigint PRIMARY KEY REFERENCES quality_sample,
    decision text NOT NULL CHECK (decision IN ('accepted', 'rejected')),
    by_exception boolean NOT NULL,
    reason text NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL,
    CHECK (decision = 'accepted' OR NOT by_exception)
);

-- How many days a product may be used at the most, by stability data that another person approved. The newest counts.
CREATE TABLE beyond_use_support (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan_name text NOT NULL,
    item_id bigint NOT NULL REFERENCES item,
    storage text NOT NULL,
    days integer NOT NULL CHECK (days >= 0),
    reason text NOT NULL,
    proposed_by text NOT NULL,
    approved_by text NOT NULL CHECK (approved_by <> proposed_by),
    approved_at timestamptz NOT NULL
);
CREATE INDEX beyond_use_support_item ON beyond_use_support (item_id, storage, id DESC);

-- What was made in a period, as it was reported.
CREATE TABLE product_report (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    since date NOT NULL,
    until date NOT NULL,
    body jsonb NOT NULL,
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    CHECK (since < until)
);
