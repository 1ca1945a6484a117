-- What each role may do, as data; decisions that two people take; signatures.

CREATE TABLE role_permission (
    role text NOT NULL REFERENCES role,
    permission text NOT NULL,
    PRIMARY KEY (role, permission)
);
-- Who moves stock does not decide on it, who decides does not move it, and who gives out access does neither. An owner
-- has no permission before rows are kept apart by owner.
INSERT INTO role_permission VALUES
    ('receiver', 'see stock, orders and traces'),
    ('receiver', 'read the ledger'),
    ('receiver', 'move stock'),
    ('receiver', 'receive goods'),
    ('receiver', 'count stock'),
    ('receiver', 'place holds and report suspicions'),
    ('operator', 'see stock, orders and traces'),
    ('operator', 'read the ledger'),
    ('operator', 'move stock'),
    ('operator', 'receive goods'),
    ('operator', 'issue stock'),
    ('operator', 'request and reserve stock'),
    ('operator', 'approve what colleagues requested'),
    ('operator', 'count stock'),
    ('operator', 'approve what colleagues counted'),
    ('operator', 'place holds and report suspicions'),
    ('operator', 'prepare batches'),
    ('pharmacist', 'see stock, orders and traces'),
    ('pharmacist', 'read the ledger'),
    ('pharmacist', 'move stock'),
    ('pharmacist', 'receive goods'),
    ('pharmacist', 'issue stock'),
    ('pharmacist', 'request and reserve stock'),
    ('pharmacist', 'approve what colleagues requested'),
    ('pharmacist', 'count stock'),
    ('pharmacist', 'approve what colleagues counted'),
    ('pharmacist', 'place holds and report suspicions'),
    ('pharmacist', 'prepare batches'),
    ('pharmacist', 'approve master formulation records'),
    ('production', 'see stock, orders and traces'),
    ('production', 'read the ledger'),
    ('production', 'move stock'),
    ('production', 'request and reserve stock'),
    ('production', 'count stock'),
    ('production', 'place holds and report suspicions'),
    ('production', 'prepare batches'),
    ('quality', 'see stock, orders and traces'),
    ('quality', 'read the ledger'),
    ('quality', 'read the audit trail and export'),
    ('quality', 'approve what colleagues requested'),
    ('quality', 'approve what colleagues counted'),
    ('quality', 'place holds and report suspicions'),
    ('quality', 'lift holds and decide on exposures'),
    ('quality', 'resolve cases'),
    ('quality', 'run recalls'),
    ('quality', 'qualify suppliers and file documents'),
    ('quality', 'propose and confirm corrections'),
    ('quality', 'test, release and reject batches'),
    ('quality', 'approve master formulation records'),
    ('facilities', 'see stock, orders and traces'),
    ('facilities', 'read the ledger'),
    ('facilities', 'place holds and report suspicions'),
    ('facilities', 'place sensors'),
    ('facilities', 'manage gateways and badges'),
    ('auditor', 'see stock, orders and traces'),
    ('auditor', 'read the ledger'),
    ('auditor', 'read the audit trail and export'),
    ('auditor', 'review and give out access'),
    ('administrator', 'see stock, orders and traces'),
    ('administrator', 'read the ledger'),
    ('administrator', 'read the audit trail and export'),
    ('administrator', 'propose and confirm corrections'),
    ('administrator', 'draft master formulation records'),
    ('administrator', 'keep places, items, owners and policies'),
    ('administrator', 'place sensors'),
    ('administrator', 'manage gateways and badges'),
    ('administrator', 'review and give out access');

-- When a decision needs a second person who signs: settings, by what is decided. Each says what it is about in words.
CREATE TABLE second_signature_rule (
    name text PRIMARY KEY,
    meaning text NOT NULL,
    -- Null: never; else from this number on.
    from_value numeric,
    changed_by text NOT NULL DEFAULT 'ledger',
    changed_reason text NOT NULL DEFAULT ''
);
INSERT INTO second_signature_rule (name, meaning, from_value) VALUES
    ('excursion_minutes', 'release after an excursion that lasted at least so many minutes', NULL),
    ('controlled_schedule', 'release of goods of a controlled schedule: this one or a stricter one (2 for II, 5 for V)', NULL),
    ('release_after_reject', 'release after a rejection on other evidence: 1 yes', NULL);

-- What somebody signed: the record as it was shown, by its hash. The hash covers which record it is and who signed it as
-- what and when, so that no signature fits another record, another person or another time.
CREATE TABLE signature (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    record_kind text NOT NULL,
    record_id text NOT NULL,
    record_sha256 text NOT NULL,
    meaning text NOT NULL CHECK (meaning IN ('review', 'approval', 'release', 'rejection', 'responsibility')),
    person text NOT NULL,
    printed_name text NOT NULL,
    proof text NOT NULL CHECK (proof IN ('password', 'password and code')),
    reason text NOT NULL,
    signed_at timestamptz NOT NULL,
    sha256 text NOT NULL UNIQUE
);
CREATE INDEX signature_of_record ON signature (record_kind, record_id);
CREATE TRIGGER signature_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON signature
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
