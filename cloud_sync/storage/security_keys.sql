-- Security keys of people, and questions to them.

-- name: keys_of(person)
-- What a person signs in and signs with. Index: security_key_person.
SELECT id, name, credential_id, public_key, domain, sign_count, added_at, used_at
FROM security_key WHERE person = :person ORDER BY id;

-- name: key_of_credential(credential_id)^
-- Whose key this is, locked. Index: security_key_credential_id_key.
SELECT id, person, name, credential_id, public_key, domain, sign_count
FROM security_key WHERE credential_id = :credential_id FOR UPDATE;

-- name: add_key(person, name, credential_id, public_key, domain, sign_count, at)!
-- A key of a person; no row if somebody has it.
INSERT INTO security_key (person, name, credential_id, public_key, domain, sign_count, added_at)
VALUES (:person, :name, :credential_id, :public_key, :domain, :sign_count, :at)
ON CONFLICT (credential_id) DO NOTHING;

-- name: key_used(id, sign_count, at)!
-- It answered.
UPDATE security_key SET sign_count = :sign_count, used_at = :at WHERE id = :id;

-- name: remove_key(person, id)^
-- It counts no longer. Gives its name. Index: security_key_pkey.
DELETE FROM security_key WHERE id = :id AND person = :person RETURNING name;

-- name: remove_keys(person)!
-- None of them counts any longer. Index: security_key_person.
DELETE FROM security_key WHERE person = :person;

-- name: ask(challenge, person, purpose, shown, at)!
-- A question to a key of a person.
INSERT INTO security_key_question (challenge, person, purpose, shown, asked_at)
VALUES (:challenge, :person, :purpose, :shown, :at);

-- name: take_question(challenge, purpose)^
-- The question with this challenge: nobody answers it twice. Index: security_key_question_pkey.
DELETE FROM security_key_question WHERE challenge = :challenge AND purpose = :purpose
RETURNING person, shown, asked_at;

-- name: forget_questions(before)!
-- Questions that nobody answered.
DELETE FROM security_key_question WHERE asked_at < :before;

-- name: keep_answer(signature_sha256, shown, public_key, client_data, authenticator_data, key_signature)!
-- What proves a signature.
INSERT INTO signature_by_key (signature_sha256, shown, public_key, client_data, authenticator_data, key_signature)
VALUES (:signature_sha256, :shown, :public_key, :client_data, :authenticator_data, :key_signature)
ON CONFLICT (signature_sha256) DO NOTHING;
