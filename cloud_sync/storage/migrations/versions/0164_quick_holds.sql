-- Who counts held lots need not find the words for each: with outer joins, what only the words need is left out where
-- nobody reads them. The ancestors of a place are looked up for goods that were decided on alone; joined, they made the
-- planner compare each exposure with every place.
DO $$
DECLARE
    is_now text := pg_get_viewdef('active_hold'::regclass);
    then_said text := is_now;
    old_and_new text[][] := ARRAY[
        ['((((((exposure x', '(((((exposure x'],
        [E'\n     JOIN excursion e ON ((e.id = x.excursion_id))', E'\n     LEFT JOIN excursion e ON ((e.id = x.excursion_id))'],
        [E'\n     JOIN channel c ON ((c.id = e.channel_id))', E'\n     LEFT JOIN channel c ON ((c.id = e.channel_id))'],
        [E'\n     JOIN place p ON ((p.id = e.place_id))', E'\n     LEFT JOIN place p ON ((p.id = e.place_id))'],
        [E'\n     JOIN place here ON ((here.id = x.place_id)))', ''],
        ['(d.places && here.ancestors)', '(d.places && (SELECT here.ancestors FROM place here WHERE here.id = x.place_id))']];
    number int;
BEGIN
    FOR number IN 1 .. array_length(old_and_new, 1) LOOP
        IF strpos(then_said, old_and_new[number][1]) = 0 THEN
            RAISE EXCEPTION 'active_hold has no % as this migration expects', old_and_new[number][1];
        END IF;
        then_said := replace(then_said, old_and_new[number][1], old_and_new[number][2]);
    END LOOP;
    EXECUTE 'CREATE OR REPLACE VIEW active_hold WITH (security_invoker = true) AS ' || then_said;
END $$;
