-- Words about people in free text: found, asked for, erased, and what signatures say afterwards.

-- name: what_words_touch(words)^
-- In how many rows words stand, and how often; found: in how many rows of which columns; legal_holds: those that cover one of the
-- rows; signatures: those whose hashes were made of the words. Reads every table with free text, once.
WITH found AS MATERIALIZED (SELECT * FROM words_found(:words)),
counted AS (
    SELECT f.of_table, c AS of_column, count(*) AS row_count
    FROM found f CROSS JOIN unnest(f.columns) AS c GROUP BY 1, 2
), held AS (
    SELECT DISTINCT h.id, h.reason
    FROM found f CROSS JOIN LATERAL legal_holds_over(f.of_table, f.said) AS hold JOIN legal_hold_now h ON h.id = hold
), signed AS (
    SELECT s.id, s.record_kind, s.record_id
    FROM (SELECT DISTINCT signed_record_of(f.of_table, f.said) AS record FROM found f) r
    JOIN signature s ON s.record_kind = split_part(r.record, ':', 1)
        AND s.record_id = substr(r.record, length(split_part(r.record, ':', 1)) + 2)
    UNION
    SELECT s.id, s.record_kind, s.record_id FROM found f JOIN signature s ON f.of_table = 'signature' AND s.id::text = f.row_name
)
SELECT count(*) AS rows, coalesce(sum(f.places), 0)::bigint AS places,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('table', c.of_table, 'column', c.of_column, 'rows', c.row_count)
                                  ORDER BY c.of_table, c.of_column), '[]') FROM counted c) AS found,
       (SELECT coalesce(jsonb_agg(to_jsonb(h) ORDER BY h.id), '[]') FROM held h) AS legal_holds,
       (SELECT coalesce(jsonb_agg(to_jsonb(s) ORDER BY s.id), '[]') FROM signed s) AS signatures
FROM found f;

-- name: texts_with_longer_words(words)$
-- In how many texts words are part of longer ones, and are left. Reads every table with free text.
SELECT words_within(:words);

-- name: documents_with(content)$
-- How many messages and documents of others hold these bytes. Reads all of them.
SELECT count(*) FROM interop_document WHERE position(:content::bytea IN content) > 0;

-- name: open_word_erasures()
-- What somebody asked for and nobody has decided on, with the words. Index: word_erasure_open, personal_data_pkey.
SELECT e.id, e.asked_by, p.value AS words FROM word_erasure e JOIN personal_data p ON p.token = e.words WHERE e.decision IS NULL;

-- name: ask_word_erasure(words, reason, places, actor, at)$
-- Somebody asks.
INSERT INTO word_erasure (words, reason, places, asked_by, asked_at) VALUES (:words, :reason, :places, :actor, :at) RETURNING id;

-- name: lock_word_erasure(id)^
-- One request with its words (null once they are gone), nobody else's until the end of the transaction.
SELECT e.*, p.value AS said FROM word_erasure e JOIN personal_data p ON p.token = e.words WHERE e.id = :id FOR UPDATE OF e;

-- name: word_erasures(erasure_id, only_open, rows_max, rows_skipped)
-- One request, or all (null), with what came of it, the latest first. Index: word_erasure_pkey, personal_data_pkey, erased_row_erasure.
SELECT e.id, p.value AS words, e.reason, e.places, e.asked_by, e.asked_at, e.decision, e.decided_by, e.decided_at, e.decision_reason,
       (SELECT count(DISTINCT (r.of_table, r.row_name)) FROM erased_row r WHERE r.erasure_id = e.id) AS row_count
FROM word_erasure e JOIN personal_data p ON p.token = e.words
WHERE (NOT :only_open OR e.decision IS NULL) AND e.id = coalesce(:erasure_id::bigint, e.id)
ORDER BY e.id DESC LIMIT :rows_max OFFSET :rows_skipped;

-- name: erased_rows(erasure_id, rows_max)
-- Which rows an erasure changed. Index: erased_row_erasure.
SELECT of_table, row_name, columns, places FROM erased_row WHERE erasure_id = :erasure_id ORDER BY id LIMIT :rows_max;

-- name: reject_word_erasure(id, actor, at, reason)!
-- It is not done.
UPDATE word_erasure SET decision = 'rejected', decided_by = :actor, decided_at = :at, decision_reason = :reason WHERE id = :id;

-- name: erase_words(erasure_id, words, actor, reason, at)$
-- Erase them; gives how many rows were changed.
SELECT erase_words(:erasure_id, :words, :actor, :reason, :at);

-- name: without_words(said, words)$
-- A text without these words.
SELECT words_out(:said::text, words_pattern(:words, false));

-- name: add_erased_signature(signature_id, erasure_id, stood, was_intact, record_sha256, sha256)!
-- How a signature stood before its hashes went, and what it is recognised by since.
INSERT INTO erased_signature (signature_id, erasure_id, stood, was_intact, record_sha256, sha256)
VALUES (:signature_id, :erasure_id, :stood, :was_intact, :record_sha256, :sha256);

-- name: erasures_not_agreed(rows_max)
-- Rows that were changed as an erasure changes them, where no erasure of that transaction names them that one person had asked for
-- before and another one did then. Index: seal_row_erased, erased_row_of, seal_row_of_id.
SELECT DISTINCT s.of_table, coalesce(s.row_id::text, s.row_key) AS row_name
FROM seal_row s
WHERE s.change = 'E' AND NOT EXISTS (
    SELECT FROM erased_row r
    JOIN seal_row named ON named.of_table = 'erased_row' AND named.row_id = r.id AND named.change = 'I' AND named.xact = s.xact
    JOIN word_erasure e ON e.id = r.erasure_id AND e.decision = 'done' AND e.decided_by <> e.asked_by
    JOIN seal_row done ON done.of_table = 'word_erasure' AND done.row_id = e.id AND done.change = 'U' AND done.xact = s.xact
    JOIN seal_row asked ON asked.of_table = 'word_erasure' AND asked.row_id = e.id AND asked.change = 'I' AND asked.id < s.id
        AND asked.xact <> s.xact
    JOIN event v ON v.subject = 'word_erasure:' || e.id AND v.kind = 'words_erased' AND v.actor = e.decided_by
    JOIN seal_row told ON told.of_table = 'event' AND told.row_id = v.id AND told.change = 'I' AND told.xact = s.xact
    WHERE r.of_table = s.of_table AND r.row_name = coalesce(s.row_id::text, s.row_key))
LIMIT :rows_max;

-- name: erasures_not_done(sealed, rows_max)
-- What an erasure says that it changed, and did not. Index: seal_row_of_id, seal_row_erased.
SELECT r.id::text AS row_name
FROM erased_row r JOIN seal_row named ON named.of_table = 'erased_row' AND named.row_id = r.id AND named.change = 'I'
WHERE r.of_table = ANY(:sealed) AND NOT EXISTS (
    SELECT FROM seal_row s WHERE s.of_table = r.of_table AND s.change = 'E' AND s.xact = named.xact
        AND coalesce(s.row_id::text, s.row_key) = r.row_name)
LIMIT :rows_max;

-- name: erased_columns()
-- Which columns erasures changed.
SELECT DISTINCT of_table, c AS of_column FROM erased_row CROSS JOIN unnest(columns) AS c;

-- name: erased_rows_not_shown()
-- Rows as an erasure left them that show nothing of it.
SELECT of_table, row_name FROM erased_rows_not_shown();

-- name: salts_gone(rows_max)
-- Sealed versions without a salt that no erasure followed. Index: seal_row_without_salt, seal_row_of_id, seal_row_of_key.
SELECT s.id::text AS row_name
FROM seal_row s
WHERE s.salt IS NULL AND NOT EXISTS (
    SELECT FROM seal_row n WHERE n.of_table = s.of_table AND n.row_id = s.row_id AND n.id > s.id AND n.change = 'E')
  AND NOT EXISTS (
    SELECT FROM seal_row n WHERE n.of_table = s.of_table AND n.row_key = s.row_key AND n.id > s.id AND n.change = 'E')
LIMIT :rows_max;

-- name: words_that_stay()
-- Requests whose words are gone before they were decided on, or are kept after that. Index: personal_data_pkey.
SELECT e.id::text AS row_name, e.decision IS NULL AS waits
FROM word_erasure e LEFT JOIN personal_data p ON p.token = e.words
WHERE (p.value IS NULL) <> (e.decision IS NOT NULL);
