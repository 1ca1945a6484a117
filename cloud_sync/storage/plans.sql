-- name: plan_once()
-- Until the end of the transaction, queries are planned once and for all; for those that take longer to plan than to run,
-- as whatever may block stock makes for. Such a plan has to go by index: a table that is empty when it is made would be
-- read as a whole for good, and in a storm tables grow to thousands of rows long before their statistics are taken again.
SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true);

-- name: plan_for_values()
-- The end of plan_once: each time for its very values, as usual.
SELECT set_config('plan_cache_mode', 'auto', true), set_config('enable_seqscan', 'on', true);

-- name: keep_plans()
-- plan_once, with plans made anew once tables that were empty have rows.
SELECT keep_plans();
