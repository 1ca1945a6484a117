-- Personal data stand apart: what is sealed names them by a salted hash, so that they can be erased.

CREATE TABLE personal_data (
    -- 'personal:' and the SHA-256 of salt and value: this stands in events and signatures.
    token text PRIMARY KEY CHECK (token ~ '^personal:[0-9a-f]{64}$'),
    -- Whose: an account; for a prescription its own token, for whoever is erased has no name here either.
    person text NOT NULL,
    field text NOT NULL CHECK (field IN ('printed name', 'address', 'prescription')),
    value text,
    salt bytea CHECK (length(salt) = 16),
    kept_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    erased_at timestamptz,
    CHECK ((value IS NULL) = (erased_at IS NOT NULL)),
    CHECK ((salt IS NULL) = (erased_at IS NOT NULL))
);
CREATE INDEX personal_data_person ON personal_data (person, field);
CREATE INDEX personal_data_prescription ON personal_data (value) WHERE field = 'prescription';

-- Erasures that somebody asked for; another one carries them out.
CREATE TABLE erasure (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person text NOT NULL,
    reason text NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL,
    done_by text,
    done_at timestamptz,
    CHECK ((done_by IS NULL) = (done_at IS NULL)),
    CHECK (done_by <> asked_by)
);
CREATE UNIQUE INDEX erasure_open ON erasure (person) WHERE done_at IS NULL;

-- What a token stands for; 'erased' if it was; what is no token is what it says.
CREATE FUNCTION personal(said text) RETURNS text STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT CASE WHEN starts_with(said, 'personal:')
                THEN (SELECT coalesce(value, 'erased') FROM personal_data WHERE token = said) ELSE said END
$$;

CREATE OR REPLACE FUNCTION is_for_prescription(prescription text, demand text) RETURNS boolean STABLE LANGUAGE sql AS $$
    SELECT coalesce(prescription = demand
                    OR prescription = (SELECT personal(o.patient_ref) FROM stock_order o WHERE o.number = demand), false)
$$;
