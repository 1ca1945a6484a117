-- Of a batch that was set aside nothing counts yet, so what its lane is known up to ends before it.
CREATE INDEX exception_case_set_aside ON exception_case (evidence_id) WHERE kind = 'batch_set_aside';

-- Whether all these records of a lane are here and count, or are declared lost.
CREATE OR REPLACE FUNCTION lane_has(of_gateway bigint, of_journal uuid, of_lane text, first bigint, last bigint)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(range_agg(numbers) @> int8range(first, last, '[]'), false)
    FROM (SELECT int8range(e.first_seq, e.last_seq, '[]') AS numbers
          FROM evidence e
          WHERE (e.gateway_id, e.journal, e.lane) = (of_gateway, of_journal, of_lane)
            AND e.first_seq BETWEEN first - 10000 AND last
            AND NOT EXISTS (SELECT FROM exception_case k
                            WHERE k.evidence_id = e.id AND k.kind = 'batch_set_aside' AND k.resolved_at IS NULL)
          UNION ALL
          SELECT int8range(d.first_seq, d.last_seq, '[]')
          FROM declared_gap d
          WHERE (d.gateway_id, d.journal, d.lane) = (of_gateway, of_journal, of_lane) AND d.by_first IS NULL) AS known
$$;
