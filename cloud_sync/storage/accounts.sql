-- name: lock_sign_in(person)$
-- One attempt after the other for each name: else a hundred at once would all be the first.
SELECT pg_advisory_xact_lock(hashtext('sign in'), hashtext(:person));

-- name: attempts(person, address, since, since_of_address)^
-- Attempts of late that did not succeed, by name and by address.
SELECT (SELECT count(*) FROM sign_in_attempt WHERE person = :person AND at > :since) AS of_person,
       (SELECT max(at) FROM sign_in_attempt WHERE person = :person AND at > :since) AS latest,
       (SELECT count(*) FROM sign_in_attempt WHERE address = :address AND at > :since_of_address) AS of_address;

-- name: add_attempt(person, address, at)$
-- Count an attempt before it is looked at; gives its id.
INSERT INTO sign_in_attempt (person, address, at) VALUES (:person, :address, :at) RETURNING id;

-- name: forget_attempts(person)!
-- It was the right one.
DELETE FROM sign_in_attempt WHERE person = :person;

-- name: forget_attempt(id)!
-- It was no guess.
DELETE FROM sign_in_attempt WHERE id = :id;

-- name: forget_old_attempts(before)!
-- Attempts that make nobody wait any longer.
DELETE FROM sign_in_attempt WHERE at < :before;

-- name: account(person)^
-- An account, however its name is written.
SELECT person, printed_name, password_hash, one_time_until, expires_at, locked_at, locked_reason, totp_secret,
       totp_confirmed_at, totp_step, owner,
       (SELECT count(*) FROM security_key k WHERE k.person = account.person)::int AS security_keys
FROM account WHERE lower(person) = lower(:person);

-- name: accounts()
-- All accounts with their roles, without secrets.
SELECT a.person, a.printed_name, a.created_by, a.created_at, a.expires_at, a.locked_at, a.locked_reason, a.owner,
       a.one_time_until IS NOT NULL AS must_change, a.totp_confirmed_at IS NOT NULL
           OR EXISTS (SELECT FROM security_key k WHERE k.person = a.person) AS has_second_factor,
       (SELECT max(s.used_at) FROM account_session s WHERE s.person = a.person) AS seen_at,
       (SELECT coalesce(array_agg(r.role || coalesce(' at ' || p.name, '') ORDER BY r.role, p.name), '{}')
        FROM account_role r LEFT JOIN place p ON p.id = r.site WHERE r.person = a.person) AS roles
FROM account a ORDER BY a.person;

-- name: add_account(person, printed_name, password_hash, one_time_until, expires_at, owner, created_by)!
-- Open an account; no row if there is one of that name, however it is written.
INSERT INTO account (person, printed_name, password_hash, one_time_until, expires_at, owner, created_by)
VALUES (:person, :printed_name, :password_hash, :one_time_until, :expires_at, :owner, :created_by)
ON CONFLICT DO NOTHING;

-- name: has_administrator()$
-- Whether anybody can give out access.
SELECT EXISTS (SELECT FROM account_role WHERE role = 'administrator');

-- name: grant_role(person, role, site, granted_by)!
-- Trust a person with a role, at one site or everywhere.
INSERT INTO account_role (person, role, site, granted_by) VALUES (:person, :role, :site, :granted_by)
ON CONFLICT DO NOTHING;

-- name: withdraw_role(person, role, site)!
-- Take it back.
DELETE FROM account_role WHERE person = :person AND role = :role AND site IS NOT DISTINCT FROM :site;

-- name: roles_of(person)
-- What a person is trusted with, and where.
SELECT r.role, r.site, p.name AS site_name
FROM account_role r LEFT JOIN place p ON p.id = r.site WHERE r.person = :person ORDER BY r.role, p.name;

-- name: site_by_name(name)^
-- A place and whether it is a site.
SELECT id, kind FROM place WHERE name = :name;

-- name: set_password(person, password_hash, one_time_until)!
-- Another password; one that is given out is good until then.
UPDATE account SET password_hash = :password_hash, one_time_until = :one_time_until WHERE person = :person;

-- name: lock_account(person, at, reason)!
-- Nobody signs in with it any longer.
UPDATE account SET locked_at = :at, locked_reason = :reason WHERE person = :person;

-- name: unlock_account(person)!
-- And again.
UPDATE account SET locked_at = NULL, locked_reason = '' WHERE person = :person;

-- name: begin_session(id_sha256, person, has_second_factor, address, at)!
-- Keep a session.
INSERT INTO account_session (id_sha256, person, has_second_factor, address, began_at, used_at)
VALUES (:id_sha256, :person, :has_second_factor, :address, :at, :at);

-- name: session(id_sha256, used_after, began_after, at)^
-- Whose session this is, if it is not over, nor their account.
SELECT s.id_sha256, s.person, s.has_second_factor, s.began_at, s.used_at, a.printed_name, a.owner
FROM account_session s JOIN account a USING (person)
WHERE s.id_sha256 = :id_sha256 AND s.ended_at IS NULL AND s.used_at > :used_after AND s.began_at > :began_after
  AND a.locked_at IS NULL AND (a.expires_at IS NULL OR a.expires_at > :at);

-- name: use_session(id_sha256, at)!
-- It goes on.
UPDATE account_session SET used_at = greatest(used_at, :at) WHERE id_sha256 = :id_sha256;

-- name: second_factor_shown(id_sha256)!
-- A second factor was shown in it.
UPDATE account_session SET has_second_factor = true WHERE id_sha256 = :id_sha256;

-- name: end_session(id_sha256, at)!
-- It is over.
UPDATE account_session SET ended_at = :at WHERE id_sha256 = :id_sha256 AND ended_at IS NULL;

-- name: end_sessions(person, but, at)!
-- All of a person's sessions are over, but one if that is named.
UPDATE account_session SET ended_at = :at WHERE person = :person AND ended_at IS NULL AND id_sha256 <> :but;

-- name: end_oldest_sessions(person, kept, at)!
-- Nobody has more than so many at once.
UPDATE account_session SET ended_at = :at
WHERE id_sha256 IN (SELECT id_sha256 FROM account_session WHERE person = :person AND ended_at IS NULL
                    ORDER BY began_at DESC OFFSET :kept);

-- name: forget_old_sessions(before)!
-- Sessions that have long been over; that they were stands in the event log.
DELETE FROM account_session WHERE began_at < :before;

-- name: offer_totp(person, secret)!
-- A second factor that is not confirmed yet.
UPDATE account SET totp_secret = :secret, totp_confirmed_at = NULL, totp_step = 0 WHERE person = :person;

-- name: confirm_totp(person, at)!
-- From now on nobody signs in without it.
UPDATE account SET totp_confirmed_at = :at WHERE person = :person AND totp_secret IS NOT NULL;

-- name: remove_totp(person)!
-- No second factor.
UPDATE account SET totp_secret = NULL, totp_confirmed_at = NULL, totp_step = 0 WHERE person = :person;

-- name: use_totp_step(person, totp_step)!
-- A code is good once, whoever is first; no row for the second.
UPDATE account SET totp_step = :totp_step WHERE person = :person AND totp_step < :totp_step;

-- name: forget_recovery_codes(person)!
-- New ones take their place.
DELETE FROM recovery_code WHERE person = :person;

-- name: add_recovery_code(person, code_digest)!
-- A code for the day the telephone is lost.
INSERT INTO recovery_code (person, code_sha256) VALUES (:person, :code_digest);

-- name: use_recovery_code(person, code_digest, at)!
-- Each is good once.
UPDATE recovery_code SET used_at = :at WHERE person = :person AND code_sha256 = :code_digest AND used_at IS NULL;

-- name: recovery_codes_left(person)$
-- How many are left.
SELECT count(*) FROM recovery_code WHERE person = :person AND used_at IS NULL;
