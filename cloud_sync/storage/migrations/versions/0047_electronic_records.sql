-- Electronic records: what is kept how long, what may not go, who is trained, what changed under control, what was
-- calibrated, and who may still do what.

INSERT INTO role_permission VALUES
    ('quality', 'propose and approve controlled changes'),
    ('administrator', 'propose and approve controlled changes');

------------------------------------------------------------------------------------------------------ change control

-- Why and what is to change, its risk, who approved it, how it was implemented and whether it worked.
CREATE TABLE change_control (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title text NOT NULL,
    why text NOT NULL,
    what text NOT NULL,
    risk_level text NOT NULL CHECK (risk_level IN ('low', 'medium', 'high')),
    risk text NOT NULL,
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL,
    decision text CHECK (decision IN ('approved', 'rejected')),
    decided_by text,
    decided_at timestamptz,
    decision_reason text,
    implemented_by text,
    implemented_at timestamptz,
    implementation text,
    closed_by text,
    closed_at timestamptz,
    effectiveness text,
    CHECK (num_nulls(decision, decided_by, decided_at, decision_reason) IN (0, 4)),
    CHECK (num_nulls(implemented_by, implemented_at, implementation) IN (0, 3)),
    CHECK (num_nulls(closed_by, closed_at, effectiveness) IN (0, 3)),
    CHECK (decision IS DISTINCT FROM 'approved' OR decided_by <> opened_by),
    CHECK (implemented_at IS NULL OR decision = 'approved'),
    CHECK (closed_at IS NULL OR implemented_at IS NOT NULL AND closed_by <> implemented_by)
);

-- The events of the log that belong to a change.
CREATE TABLE change_control_event (
    change_control_id bigint NOT NULL REFERENCES change_control,
    event_id bigint NOT NULL REFERENCES event,
    linked_by text NOT NULL,
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (change_control_id, event_id)
);

-------------------------------------------------------------------------------------------------- controlled changes

-- Configuration and policies change by a proposal that another person approves, from a day on.
CREATE TABLE controlled_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('retention', 'second_signature', 'storage_policy', 'place_policy', 'sop',
                                       'training')),
    subject text NOT NULL,
    request jsonb NOT NULL,
    before jsonb,
    after jsonb NOT NULL,
    reason text NOT NULL,
    effective_from timestamptz NOT NULL,
    needs_second_person boolean NOT NULL,
    change_control_id bigint REFERENCES change_control,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    decision text CHECK (decision IN ('approved', 'rejected')),
    decided_by text,
    decided_at timestamptz,
    decision_reason text,
    applied_at timestamptz,
    CHECK (num_nulls(decision, decided_by, decided_at, decision_reason) IN (0, 4)),
    CHECK (NOT needs_second_person OR decision IS DISTINCT FROM 'approved' OR decided_by <> proposed_by),
    CHECK (applied_at IS NULL OR decision = 'approved')
);
CREATE UNIQUE INDEX controlled_change_open ON controlled_change (kind, subject)
    WHERE applied_at IS NULL AND decision IS DISTINCT FROM 'rejected';
CREATE INDEX controlled_change_due ON controlled_change (effective_from)
    WHERE decision = 'approved' AND applied_at IS NULL;

----------------------------------------------------------------------------------------- retention and legal holds

-- How long what could go is kept at the least. Everything else in the ledger is never deleted.
CREATE TABLE retention_rule (
    name text PRIMARY KEY,
    meaning text NOT NULL,
    years integer NOT NULL CHECK (years BETWEEN 1 AND 100),
    changed_by text NOT NULL DEFAULT 'ledger',
    changed_reason text NOT NULL DEFAULT 'as shipped'
);
INSERT INTO retention_rule (name, meaning, years) VALUES
    ('signed_names', 'the full name of whoever signed a record, after the last signature', 6),
    ('prescriptions', 'the reference to a prescription, after the order or batch that names it', 6),
    ('readings', 'each single reading, before it is rolled up to hours (minimum, mean, maximum)', 6);

-- Which orders name a prescription.
CREATE INDEX stock_order_patient ON stock_order (patient_ref) WHERE patient_ref <> '';

-- What a case, a lot or an item is about may neither be erased nor thinned out: from when somebody asks for it.
CREATE TABLE legal_hold (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id bigint REFERENCES exception_case,
    lot_id bigint REFERENCES lot,
    item_id bigint REFERENCES item,
    reason text NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL,
    decision text CHECK (decision IN ('approved', 'rejected')),
    decided_by text,
    decided_at timestamptz,
    decision_reason text,
    lift_asked_by text,
    lift_asked_at timestamptz,
    lift_reason text,
    lifted_by text,
    lifted_at timestamptz,
    CHECK (num_nonnulls(case_id, lot_id, item_id) = 1),
    CHECK (num_nulls(decision, decided_by, decided_at, decision_reason) IN (0, 4)),
    CHECK (num_nulls(lift_asked_by, lift_asked_at, lift_reason) IN (0, 3)),
    CHECK (num_nulls(lifted_by, lifted_at) IN (0, 2)),
    CHECK (decided_by <> asked_by),
    CHECK (lifted_at IS NULL OR lift_asked_by IS NOT NULL AND lifted_by <> lift_asked_by)
);
CREATE UNIQUE INDEX legal_hold_open ON legal_hold (coalesce(case_id, 0), coalesce(lot_id, 0), coalesce(item_id, 0))
    WHERE lifted_at IS NULL AND decision IS DISTINCT FROM 'rejected';

-- What is held now, with the lots that this means: of an item all, of a case the one it names.
CREATE VIEW legal_hold_now AS
SELECT h.id, h.case_id, h.item_id, coalesce(h.lot_id, k.lot_id) AS lot_id, h.reason, h.asked_by
FROM legal_hold h LEFT JOIN exception_case k ON k.id = h.case_id
WHERE h.lifted_at IS NULL AND h.decision IS DISTINCT FROM 'rejected';

------------------------------------------------------------------------------------------------------------ training

-- Versions of standard operating procedures: what they say is fixed by their hash. Reading one is a signature on it.
CREATE TABLE sop (
    code text NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    title text NOT NULL,
    reference text NOT NULL,
    sha256 text NOT NULL CHECK (sha256 ~ '^([0-9a-f]{64})?$'),
    body text NOT NULL,
    effective_from timestamptz NOT NULL,
    proposed_by text NOT NULL,
    approved_by text NOT NULL,
    PRIMARY KEY (code, version)
);

-- Whoever works in a role has read and signed the version of a procedure that is in force, within the days of grace.
CREATE TABLE training_requirement (
    role text NOT NULL REFERENCES role,
    code text NOT NULL,
    grace_days integer NOT NULL CHECK (grace_days BETWEEN 0 AND 365),
    required_since timestamptz NOT NULL,
    set_by text NOT NULL,
    PRIMARY KEY (role, code)
);

-- Procedures that a person has to read and sign before a role is theirs again. A new version may be read until its days
-- of grace are over by whoever has signed one before, and a new requirement by everybody.
CREATE FUNCTION training_missing(of_person text, at_time timestamptz,
                                 OUT role text, OUT code text, OUT version integer, OUT title text, OUT until timestamptz)
RETURNS SETOF record STABLE LANGUAGE sql AS $$
    SELECT t.role, s.code, s.version, s.title,
           greatest(t.required_since,
                    CASE WHEN EXISTS (SELECT FROM signature g
                                      WHERE g.record_kind = 'sop' AND g.person = of_person AND g.meaning = 'responsibility'
                                        AND g.record_id IN (SELECT o.code || ':' || o.version FROM sop o WHERE o.code = s.code))
                         THEN s.effective_from ELSE t.required_since END) + t.grace_days * interval '1 day'
    FROM training_requirement t
    CROSS JOIN LATERAL (SELECT v.* FROM sop v WHERE v.code = t.code AND v.effective_from <= at_time
                        ORDER BY v.version DESC LIMIT 1) s
    WHERE NOT EXISTS (SELECT FROM signature g
                      WHERE g.record_kind = 'sop' AND g.record_id = s.code || ':' || s.version AND g.person = of_person
                        AND g.meaning = 'responsibility')
$$;

----------------------------------------------------------------------------------------------------------- equipment

-- What measures or works, and where: devices and probes of gateways, balances, hoods, data loggers.
CREATE TABLE equipment (
    name text PRIMARY KEY,
    title text NOT NULL DEFAULT '',
    maker text NOT NULL DEFAULT '',
    model text NOT NULL DEFAULT '',
    serial_number text NOT NULL DEFAULT '',
    gateway_id bigint REFERENCES gateway,
    device text NOT NULL DEFAULT '',
    place_id bigint REFERENCES place,
    in_use boolean NOT NULL DEFAULT true,
    CHECK ((gateway_id IS NULL) = (device = ''))
);
CREATE UNIQUE INDEX equipment_device ON equipment (gateway_id, device) WHERE in_use AND gateway_id IS NOT NULL;

CREATE TABLE calibration (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    equipment text NOT NULL REFERENCES equipment,
    certificate text NOT NULL,
    laboratory text NOT NULL,
    calibrated_on date NOT NULL,
    due_on date NOT NULL,
    passed boolean NOT NULL,
    -- [{"at": 5.0, "deviation": 0.12, "uncertainty": 0.1, "unit": "°C"}]
    points jsonb NOT NULL,
    reference text NOT NULL,
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    note text NOT NULL DEFAULT '',
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    CHECK (due_on > calibrated_on),
    UNIQUE (equipment, certificate)
);

------------------------------------------------------------------------------------------------------------ suppliers

-- Quality agreements beside agreements on supply: the latest of each kind says until when it is good.
ALTER TABLE document DROP CONSTRAINT document_kind_check;
ALTER TABLE document ADD CONSTRAINT document_kind_check
    CHECK (kind IN ('licence', 'audit', 'agreement', 'quality_agreement', 'coa', 'other'));

-------------------------------------------------------------------------------------------------------- access review

-- Reviews of who may do what: each account, token and badge is confirmed or taken back by somebody else.
CREATE TABLE access_review (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title text NOT NULL,
    due_on date NOT NULL,
    next_due_on date NOT NULL,
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_by text,
    closed_at timestamptz,
    CHECK (next_due_on > due_on),
    CHECK ((closed_by IS NULL) = (closed_at IS NULL))
);
CREATE UNIQUE INDEX access_review_open ON access_review ((true)) WHERE closed_at IS NULL;

CREATE TABLE access_review_line (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    review_id bigint NOT NULL REFERENCES access_review,
    kind text NOT NULL CHECK (kind IN ('account', 'token', 'badge')),
    name text NOT NULL,
    person text NOT NULL,
    roles text[] NOT NULL,
    decision text CHECK (decision IN ('confirmed', 'revoked')),
    decided_by text,
    decided_at timestamptz,
    reason text,
    UNIQUE (review_id, kind, name),
    CHECK (num_nulls(decision, decided_by, decided_at, reason) IN (0, 4)),
    CHECK (decided_by <> person)
);
