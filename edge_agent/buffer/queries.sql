-- Every query of the journal. Read by edge_agent/buffer/queries.py; values are bound by name.

-- name: create_journal
-- Names a fresh journal.
INSERT INTO journal (id, gateway, created_at) VALUES (:id, :gateway, :created_at);

-- name: read_journal
-- Which journal is this, and whose?
SELECT id, gateway FROM journal;

-- name: read_heads
-- Where does each lane's chain end?
SELECT lane, seq, digest FROM head;

-- name: move_head
-- The chain of a lane now ends here.
UPDATE head SET seq = :seq, digest = :digest, written_bytes = written_bytes + :written_bytes WHERE lane = :lane;

-- name: add_written_bytes
-- Counts what was written since the last append.
UPDATE head SET written_bytes = written_bytes + :written_bytes WHERE lane = 'scans';

-- name: written_bytes
-- How many bytes has the disk been given to write since the journal was made?
SELECT sum(written_bytes) AS bytes FROM head;

-- name: last_batches
-- The batches that were written last in each lane of this journal, for comparing with the heads.
SELECT lane, first + count - 1 AS seq, digest FROM batch
WHERE id IN (SELECT max(id) FROM batch WHERE journal = :journal GROUP BY lane);

-- name: insert_batch
-- Keeps one batch.
INSERT INTO batch (journal, lane, first, count, from_ms, until_ms, digest, state, reason, raw, may_thin)
VALUES (:journal, :lane, :first, :count, :from_ms, :until_ms, :digest, :state, :reason, :raw, :may_thin);

-- name: pending_oldest_first
-- What waits to be sent in a lane, in the order it was written?
SELECT id, journal, lane, first, count, from_ms, until_ms, digest, state, reason, raw
FROM batch WHERE lane = :lane AND state = 'pending' ORDER BY id;

-- name: pending_newest_first
-- The same, latest first.
SELECT id, journal, lane, first, count, from_ms, until_ms, digest, state, reason, raw
FROM batch WHERE lane = :lane AND state = 'pending' ORDER BY id DESC;

-- name: delete_batch
-- The ledger has it. The digest guards against an id that has been given to another batch since.
DELETE FROM batch WHERE id = :id AND digest = :digest;

-- name: set_aside_batch
-- Keeps a batch but sends it no more.
UPDATE batch SET state = :state, reason = :reason WHERE id = :id AND digest = :digest;

-- name: resend_refused
-- What the ledger refused is to be sent once more.
UPDATE batch SET state = 'pending', reason = '' WHERE state = 'refused';

-- name: refused_batches
-- What did the ledger refuse, and why?
SELECT id, journal, lane, first, count, from_ms, until_ms, digest, state, reason, raw
FROM batch WHERE state = 'refused' ORDER BY id;

-- name: set_aside_damaged
-- Keeps a batch that was just found rotten but sends it no more. Its digest may be what has rotted, so it is not asked.
UPDATE batch SET state = 'damaged', reason = :reason WHERE id = :id;

-- name: oldest_thinnable
-- Which readings of this journal are the oldest that nobody has acknowledged and that may be thinned, but for the rows
-- that were just written?
SELECT id, journal, lane, first, count, from_ms, until_ms, digest, state, reason, raw FROM batch
WHERE lane = 'readings' AND state = 'pending' AND may_thin = 1 AND journal = :journal
  AND id NOT BETWEEN :new_from AND :new_until
ORDER BY id;

-- name: not_thinnable
-- Thinning found nothing to make smaller in this batch.
UPDATE batch SET may_thin = 0 WHERE id = :id;

-- name: oldest_droppable
-- Which readings are the oldest that nobody has acknowledged, but for the rows that were just written?
SELECT id, journal, lane, first, count, from_ms, until_ms FROM batch
WHERE lane = 'readings' AND state = 'pending' AND id NOT BETWEEN :new_from AND :new_until
ORDER BY id LIMIT 64;

-- name: drop_batch
-- Gives up one batch of readings to make room. A gap notice is written in the same transaction.
DELETE FROM batch WHERE id = :id;

-- name: last_id
-- The last row written so far.
SELECT coalesce(max(id), 0) AS id FROM batch;

-- name: status_of_lanes
-- How much is there in each lane and state, and how old is it?
SELECT lane, state, count(*) AS batches, sum(count) AS records, sum(length(raw)) AS bytes,
       min(from_ms) AS from_ms, max(until_ms) AS until_ms
FROM batch GROUP BY lane, state;

-- name: pending_records
-- How many records wait to be sent?
SELECT coalesce(sum(count), 0) AS records FROM batch WHERE state = 'pending';

-- name: set_aside_list
-- What was set aside, and why?
SELECT id, journal, lane, first, count, from_ms, until_ms, digest, state, reason
FROM batch WHERE state <> 'pending' ORDER BY id LIMIT 1000;

-- name: forked_batches
-- How many batches of this very journal does the ledger hold with other content?
SELECT count(*) AS batches FROM batch WHERE state = 'fork' AND journal = (SELECT id FROM journal);

-- name: every_batch_in_chain_order
-- All batches, lane by lane, as their numbers run.
SELECT id, journal, lane, first, count, from_ms, until_ms, digest, state, reason, raw
FROM batch ORDER BY journal, lane, first, id;

-- name: batches_from
-- The batches of a lane of this journal that hold the record with a number, or later ones.
SELECT id, journal, lane, first, count, from_ms, until_ms, digest, state, reason, raw FROM batch
WHERE journal = :journal AND lane = :lane AND first + count > :seq ORDER BY first;

-- name: ids_up
-- Row ids of a damaged file from its beginning.
SELECT id FROM batch ORDER BY id;

-- name: ids_down
-- Row ids of a damaged file from its end.
SELECT id FROM batch ORDER BY id DESC;

-- name: batch_by_id
-- One row of a damaged file.
SELECT id, journal, lane, first, count, from_ms, until_ms, digest, state, reason, raw FROM batch WHERE id = :id;

-- name: mark_adopted
-- A damaged journal has been searched; never search it again.
INSERT INTO adopted (name, at) VALUES (:name, :at);

-- name: adopted_names
-- Which damaged journals have been searched?
SELECT name FROM adopted;

-- name: pending_up_to
-- How many batches of a lane wait to be sent, counted up to a limit?
SELECT count(*) AS batches FROM (SELECT 1 FROM batch WHERE lane = :lane AND state = 'pending' LIMIT :most);

-- name: numbers_here
-- Which numbers of a journal are here, in whatever state?
SELECT lane, first, count FROM batch WHERE journal = :journal ORDER BY lane, first;

-- name: first_id
-- Before which row comes what is sent again?
SELECT min(0, coalesce((SELECT min(id) FROM batch), 0)) AS id;

-- name: insert_batch_again
-- Keeps a batch that is sent again, ahead of the others: the last row stays the one that was written last.
INSERT INTO batch (id, journal, lane, first, count, from_ms, until_ms, digest, state, reason, raw, may_thin)
VALUES (:id, :journal, :lane, :first, :count, :from_ms, :until_ms, :digest, :state, :reason, :raw, :may_thin);
