-- name: add_gateway(name, public_key)!
-- Register a gateway's key; no row if the name is taken.
INSERT INTO gateway (name, public_key) VALUES (:name, :public_key) ON CONFLICT (name) DO NOTHING;

-- name: other_with_key(name, public_key)$
-- A gateway of another name with this key.
SELECT name FROM gateway WHERE public_key = :public_key AND name <> :name ORDER BY name LIMIT 1;

-- name: gateway_by_name(name)^
-- One gateway.
SELECT id, name, public_key, registered_at, revoked_at, last_seen_at FROM gateway WHERE name = :name;

-- name: revoke_gateway(name)!
-- Believe a gateway no longer; no row if there is none by that name that is still believed.
UPDATE gateway SET revoked_at = clock_timestamp() WHERE name = :name AND revoked_at IS NULL;

-- name: gateways(rows_max, rows_skipped)
-- All gateways; refused: how many batches in their names were not taken since somebody last resolved the case of it.
SELECT id, name, public_key, registered_at, revoked_at, last_seen_at,
       coalesce((SELECT (k.data ->> 'count')::bigint FROM exception_case k
                 WHERE k.kind = 'batch_not_genuine' AND k.key = 'gateway:' || gateway.name AND k.resolved_at IS NULL),
                0) AS refused
FROM gateway
ORDER BY name LIMIT :rows_max OFFSET :rows_skipped;

-- name: lanes_of_gateways(gateway_ids)
-- How far each lane of each journal has come.
SELECT gateway_id, journal::text, lane, min(first_seq) AS first_seq, max(last_seq) AS last_seq, count(*) AS batches,
       max(received_at) AS received_at
FROM evidence
WHERE gateway_id = ANY(:gateway_ids)
GROUP BY gateway_id, journal, lane
ORDER BY gateway_id, journal, lane;

-- name: gaps_of_gateways(gateway_ids, rows_max)
-- Sequence numbers that are not here though later ones are: declared as lost or thinned by the gateway, or else still on
-- their way (declared is '').
WITH missing AS (
    SELECT gateway_id, journal, lane, int8range(missing_from, missing_to, '[]') AS numbers
    FROM (
        SELECT gateway_id, journal, lane, first_seq - 1 AS missing_to,
               coalesce(max(last_seq) OVER (PARTITION BY gateway_id, journal, lane ORDER BY first_seq
                                            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) + 1 AS missing_from
        FROM evidence
        WHERE gateway_id = ANY(:gateway_ids)
    ) AS step
    WHERE missing_from <= missing_to
), declared AS (
    SELECT gateway_id, journal, lane, CASE WHEN by_first IS NULL THEN 'lost' ELSE 'thinned' END AS declared,
           range_agg(int8range(first_seq, last_seq, '[]')) AS numbers
    FROM declared_gap
    WHERE gateway_id = ANY(:gateway_ids)
    GROUP BY 1, 2, 3, 4
), told AS (
    SELECT m.gateway_id, m.journal, m.lane, d.declared, int8multirange(m.numbers) * d.numbers AS numbers
    FROM missing m JOIN declared d USING (gateway_id, journal, lane)
    UNION ALL
    SELECT m.gateway_id, m.journal, m.lane, '',
           int8multirange(m.numbers) - coalesce((SELECT range_agg(each) FROM declared d, unnest(d.numbers) AS each
                                                 WHERE (d.gateway_id, d.journal, d.lane) = (m.gateway_id, m.journal, m.lane)),
                                                int8multirange())
    FROM missing m
)
SELECT gateway_id, journal::text, lane, lower(each) AS missing_from, upper(each) - 1 AS missing_to, declared
FROM told CROSS JOIN LATERAL unnest(numbers) AS each
ORDER BY gateway_id, journal, lane, missing_from
LIMIT :rows_max;
