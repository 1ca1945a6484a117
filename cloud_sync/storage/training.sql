-- Procedures, who has read them, and which roles ask for it.

-- name: sop(code, version)^
-- A version of a procedure.
SELECT code, version, title, reference, sha256, body, effective_from, proposed_by, approved_by FROM sop
WHERE code = :code AND version = :version;

-- name: sops(person)
-- All versions of all procedures, and when this person read and signed each. Index: signature_of_record.
SELECT s.code, s.version, s.title, s.reference, s.sha256, s.body, s.effective_from, s.proposed_by, s.approved_by,
       (SELECT min(g.signed_at) FROM signature g
        WHERE g.record_kind = 'sop' AND g.record_id = s.code || ':' || s.version AND g.person = :person
          AND g.meaning = 'responsibility') AS signed_at
FROM sop s ORDER BY s.code, s.version DESC;

-- name: latest_sop(code)$
-- The newest version of a procedure.
SELECT max(version) FROM sop WHERE code = :code;

-- name: add_sop(code, version, title, reference, sha256, body, effective_from, proposed_by, approved_by)!
-- A version that was approved.
INSERT INTO sop (code, version, title, reference, sha256, body, effective_from, proposed_by, approved_by)
VALUES (:code, :version, :title, :reference, :sha256, :body, :effective_from, :proposed_by, :approved_by);

-- name: requirements()
-- Which roles ask for which procedures.
SELECT role, code, grace_days, required_since, set_by FROM training_requirement ORDER BY role, code;

-- name: requirement(role, code)^
-- Whether a role asks for a procedure.
SELECT role, code, grace_days FROM training_requirement WHERE role = :role AND code = :code FOR UPDATE;

-- name: keep_requirement(role, code, grace_days, required_since, set_by)!
-- A role asks for a procedure.
INSERT INTO training_requirement (role, code, grace_days, required_since, set_by)
VALUES (:role, :code, :grace_days, :required_since, :set_by)
ON CONFLICT (role, code) DO UPDATE SET grace_days = excluded.grace_days, set_by = excluded.set_by;

-- name: end_requirement(role, code)!
-- It does no longer.
DELETE FROM training_requirement WHERE role = :role AND code = :code;

-- name: missing_of(person, at)
-- What a person has to read before their roles are theirs again, and until when they may. Index: signature_of_record.
SELECT m.role, m.code, m.version, m.title, m.until
FROM training_missing(:person, :at) m
WHERE EXISTS (SELECT FROM account_role r WHERE r.role = m.role AND r.person = :person)
ORDER BY m.role, m.code;

-- name: untrained(person, at)
-- The roles that are not theirs until they have read procedures, and which. Index: signature_of_record.
SELECT m.role, string_agg(m.code || ' version ' || m.version, ', ' ORDER BY m.code) AS procedures
FROM training_missing(:person, :at) m
WHERE m.until <= :at AND EXISTS (SELECT FROM account_role r WHERE r.role = m.role AND r.person = :person)
GROUP BY m.role;

-- name: missing_of_everybody(at)
-- The same of all accounts. Index: signature_of_record.
SELECT DISTINCT a.person, r.role, m.code, m.version, m.title, m.until
FROM account a
CROSS JOIN LATERAL training_missing(a.person, :at) m
JOIN account_role r ON r.role = m.role AND r.person = a.person
WHERE a.locked_at IS NULL
ORDER BY a.person, r.role, m.code;
