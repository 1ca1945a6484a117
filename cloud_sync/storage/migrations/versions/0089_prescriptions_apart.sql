-- The reference to a prescription on a production batch is kept apart as on orders: the batch and the event log hold its token.
-- Batches planned before hold it as it was said: what is sealed is not written again.

-- A prescription by what it is compared with: its value, or its token once it is erased (two that are erased are not one).
CREATE FUNCTION prescription_key(said text) RETURNS text STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT CASE WHEN starts_with(said, 'personal:')
                THEN coalesce((SELECT value FROM personal_data WHERE token = said), said) ELSE said END
$$;

-- The two ways in which a batch may name this prescription.
CREATE FUNCTION prescription_names(asked text) RETURNS text[] STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT ARRAY[asked] || ARRAY(SELECT token FROM personal_data WHERE field = 'prescription' AND value = asked)
$$;

CREATE OR REPLACE FUNCTION is_for_prescription(prescription text, demand text) RETURNS boolean STABLE LANGUAGE sql AS $$
    SELECT coalesce(prescription = demand
                    OR prescription = (SELECT prescription_key(o.patient_ref) FROM stock_order o WHERE o.number = demand), false)
$$;

-- Only the two columns that name it differ.
DO $$
DECLARE
    is_now text := pg_get_viewdef('active_hold'::regclass);
    then_said text := replace(replace(is_now,
        $q$(('made for prescription '::text || b.prescription) || ' alone'::text)$q$,
        $q$(('made for prescription '::text || personal(b.prescription)) || ' alone'::text)$q$),
        E'\n    b.prescription,\n', E'\n    prescription_key(b.prescription) AS prescription,\n');
BEGIN
    IF then_said NOT LIKE '%personal(b.prescription)%' OR then_said NOT LIKE '%prescription_key(b.prescription)%' THEN
        RAISE EXCEPTION 'active_hold does not name prescriptions as this migration expects';
    END IF;
    EXECUTE 'CREATE OR REPLACE VIEW active_hold WITH (security_invoker = true) AS ' || then_said;
END $$;
