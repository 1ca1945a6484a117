-- name: token_of(person, field, value)$
-- What stands for a value that is kept already. Index: personal_data_person.
SELECT token FROM personal_data WHERE person = :person AND field = :field AND value = :value LIMIT 1;

-- name: token_of_prescription(value)$
-- What stands for a prescription that orders name. Index: personal_data_prescription.
SELECT token FROM personal_data WHERE field = 'prescription' AND value = :value LIMIT 1;

-- name: keep_value(token, person, field, value, salt)!
-- Keep a value apart.
INSERT INTO personal_data (token, person, field, value, salt) VALUES (:token, :person, :field, :value, :salt);

-- name: values_of(tokens)
-- What tokens stand for. Index: personal_data_pkey.
SELECT token, coalesce(value, 'erased') AS value, salt FROM personal_data WHERE token = ANY(:tokens);

-- name: values_of_person(person)
-- All that is kept of a person, without the values. Index: personal_data_person.
SELECT field, value IS NULL AS is_erased FROM personal_data WHERE person = :person;

-- name: erase_values(person, at)!
-- Only the hashes stay. Index: personal_data_person.
UPDATE personal_data SET value = NULL, salt = NULL, erased_at = :at WHERE person = :person AND value IS NOT NULL;

-- name: targets_of(person)
-- The alert target that is called like a person and still has an address.
SELECT name FROM alert_target WHERE lower(name) = lower(:person) AND address <> 'erased';

-- name: empty_targets(person)!
-- Nothing is sent there any more, and nobody knows where that was.
UPDATE alert_target SET active = false, failing_since = NULL, address = 'erased', shown = 'erased', secret = '', last_error = ''
WHERE lower(name) = lower(:person) AND address <> 'erased';

-- name: ask_erasure(person, reason, actor, at)!
-- Somebody asks; no row if somebody did before.
INSERT INTO erasure (person, reason, asked_by, asked_at) VALUES (:person, :reason, :actor, :at)
ON CONFLICT (person) WHERE done_at IS NULL DO NOTHING;

-- name: open_erasure(person)^
-- What somebody asked for and nobody has done. Index: erasure_open.
SELECT id, person, reason, asked_by, asked_at FROM erasure WHERE person = :person AND done_at IS NULL FOR UPDATE;

-- name: erasure_done(id, actor, at)!
-- Another one has done it.
UPDATE erasure SET done_by = :actor, done_at = :at WHERE id = :id AND done_at IS NULL;

-- name: erasures()
-- Who asked for which, and who did it.
SELECT person, reason, asked_by, asked_at, done_by, done_at FROM erasure ORDER BY id DESC LIMIT 1000;

-- name: last_signed_at(person)$
-- When a person last signed something.
SELECT max(signed_at) FROM signature WHERE person = :person;

-- name: empty_account(person, password_hash, at, reason)!
-- An account with nothing of the person left but the short name; nobody signs in with it.
UPDATE account SET printed_name = 'erased', password_hash = :password_hash, totp_secret = NULL, totp_confirmed_at = NULL,
                   locked_at = coalesce(locked_at, :at), locked_reason = :reason
WHERE person = :person;

-- name: withdraw_all_roles(person)!
-- Whoever is erased may nothing.
DELETE FROM account_role WHERE person = :person;

-- name: forget_addresses(person)!
-- From where they signed in, of what is not in the event log.
DELETE FROM account_session WHERE person = :person;

-- name: tokens_of_person(person)
-- Tokens of theirs that are still good.
SELECT name FROM api_token WHERE person = :person AND revoked_at IS NULL;

-- name: values_that_differ()
-- Values that are not what was sealed: their hash is another.
SELECT token AS row_name FROM personal_data
WHERE value IS NOT NULL AND token <> 'personal:' || encode(sha256(salt || convert_to(value, 'UTF8')), 'hex');

-- name: names_that_are_gone()
-- Signatures that name personal data of which there is no row, not even an erased one.
SELECT id::text AS row_name FROM signature s
WHERE starts_with(s.printed_name, 'personal:')
  AND NOT EXISTS (SELECT FROM personal_data p WHERE p.token = s.printed_name);
