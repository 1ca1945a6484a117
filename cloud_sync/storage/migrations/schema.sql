-- The ledger's schema as the migrations leave it, as a whole. Written by ./dev schema; no program runs it.

CREATE TABLE access_review (
    id bigint NOT NULL GENERATED AS IDENTITY,
    title text NOT NULL,
    due_on date NOT NULL,
    next_due_on date NOT NULL,
    opened_by text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    closed_by text,
    closed_at timestamp with time zone,
    CONSTRAINT access_review_check CHECK ((next_due_on > due_on)),
    CONSTRAINT access_review_check1 CHECK (((closed_by IS NULL) = (closed_at IS NULL))),
    CONSTRAINT access_review_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX access_review_open ON public.access_review USING btree ((true)) WHERE (closed_at IS NULL);
CREATE TRIGGER access_review_append_only BEFORE DELETE OR TRUNCATE ON public.access_review FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER access_review_mostly_stays BEFORE UPDATE ON public.access_review FOR EACH ROW EXECUTE FUNCTION refuse_other_change('closed_by', 'closed_at');
CREATE TRIGGER access_review_sealed_delete AFTER DELETE ON public.access_review REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_access_review();
CREATE TRIGGER access_review_sealed_insert AFTER INSERT ON public.access_review REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_access_review();
CREATE TRIGGER access_review_sealed_update AFTER UPDATE ON public.access_review REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_access_review();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE access_review_line (
    id bigint NOT NULL GENERATED AS IDENTITY,
    review_id bigint NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    person text NOT NULL,
    roles text[] NOT NULL,
    decision text,
    decided_by text,
    decided_at timestamp with time zone,
    reason text,
    CONSTRAINT access_review_line_check CHECK ((num_nulls(decision, decided_by, decided_at, reason) = ANY (ARRAY[0, 4]))),
    CONSTRAINT access_review_line_check1 CHECK ((decided_by <> person)),
    CONSTRAINT access_review_line_decision_check CHECK ((decision = ANY (ARRAY['confirmed'::text, 'revoked'::text]))),
    CONSTRAINT access_review_line_kind_check CHECK ((kind = ANY (ARRAY['account'::text, 'token'::text, 'badge'::text]))),
    CONSTRAINT access_review_line_pkey PRIMARY KEY (id),
    CONSTRAINT access_review_line_review_id_fkey FOREIGN KEY (review_id) REFERENCES access_review(id),
    CONSTRAINT access_review_line_review_id_kind_name_key UNIQUE (review_id, kind, name)
);
CREATE TRIGGER access_review_line_append_only BEFORE DELETE OR TRUNCATE ON public.access_review_line FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER access_review_line_mostly_stays BEFORE UPDATE ON public.access_review_line FOR EACH ROW EXECUTE FUNCTION refuse_other_change('decision', 'decided_by', 'decided_at', 'reason');
CREATE TRIGGER access_review_line_sealed_delete AFTER DELETE ON public.access_review_line REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_access_review_line();
CREATE TRIGGER access_review_line_sealed_insert AFTER INSERT ON public.access_review_line REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_access_review_line();
CREATE TRIGGER access_review_line_sealed_update AFTER UPDATE ON public.access_review_line REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_access_review_line();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE account (
    person text NOT NULL,
    printed_name text NOT NULL,
    password_hash text NOT NULL,
    one_time_until timestamp with time zone,
    expires_at timestamp with time zone,
    locked_at timestamp with time zone,
    locked_reason text NOT NULL DEFAULT ''::text,
    totp_secret bytea,
    totp_confirmed_at timestamp with time zone,
    totp_step bigint NOT NULL DEFAULT 0,
    owner text,
    created_by text NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT account_pkey PRIMARY KEY (person)
);
CREATE UNIQUE INDEX account_one_person ON public.account USING btree (lower(person));
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE account_identity (
    issuer text NOT NULL,
    subject text NOT NULL,
    person text NOT NULL,
    linked_at timestamp with time zone NOT NULL,
    CONSTRAINT account_identity_person_fkey FOREIGN KEY (person) REFERENCES account(person),
    CONSTRAINT account_identity_pkey PRIMARY KEY (issuer, subject)
);
CREATE INDEX account_identity_person ON public.account_identity USING btree (person);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE account_role (
    person text NOT NULL,
    role text NOT NULL,
    site bigint,
    granted_by text NOT NULL,
    granted_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT account_role_person_fkey FOREIGN KEY (person) REFERENCES account(person),
    CONSTRAINT account_role_person_role_site_key UNIQUE NULLS NOT DISTINCT (person, role, site),
    CONSTRAINT account_role_role_fkey FOREIGN KEY (role) REFERENCES role(name),
    CONSTRAINT account_role_site_fkey FOREIGN KEY (site) REFERENCES place(id)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE account_session (
    id_sha256 text NOT NULL,
    person text NOT NULL,
    has_second_factor boolean NOT NULL,
    address text NOT NULL,
    began_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT account_session_person_fkey FOREIGN KEY (person) REFERENCES account(person),
    CONSTRAINT account_session_pkey PRIMARY KEY (id_sha256)
);
CREATE INDEX account_session_of_person ON public.account_session USING btree (person) WHERE (ended_at IS NULL);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE administration (
    id bigint NOT NULL GENERATED AS IDENTITY,
    fact text NOT NULL,
    lot_id bigint NOT NULL,
    serial text NOT NULL DEFAULT ''::text,
    quantity bigint NOT NULL,
    expires_on date,
    from_place bigint NOT NULL,
    to_place bigint NOT NULL,
    site_id bigint,
    day date NOT NULL,
    payer_class text NOT NULL,
    patient text NOT NULL,
    order_number text NOT NULL DEFAULT ''::text,
    dose numeric(18,6),
    wasted numeric(18,6),
    dose_unit text NOT NULL DEFAULT ''::text,
    given_by text NOT NULL,
    given_at timestamp with time zone NOT NULL,
    witness text NOT NULL DEFAULT ''::text,
    not_charged text NOT NULL DEFAULT ''::text,
    recorded_by text NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    CONSTRAINT administration_check CHECK ((num_nulls(dose, wasted) = ANY (ARRAY[0, 2]))),
    CONSTRAINT administration_check1 CHECK ((witness <> given_by)),
    CONSTRAINT administration_dose_check CHECK ((dose >= (0)::numeric)),
    CONSTRAINT administration_fact_key UNIQUE (fact),
    CONSTRAINT administration_from_place_fkey FOREIGN KEY (from_place) REFERENCES place(id),
    CONSTRAINT administration_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
    CONSTRAINT administration_patient_check CHECK (starts_with(patient, 'personal:'::text)),
    CONSTRAINT administration_pkey PRIMARY KEY (id),
    CONSTRAINT administration_quantity_check CHECK ((quantity > 0)),
    CONSTRAINT administration_site_id_fkey FOREIGN KEY (site_id) REFERENCES place(id),
    CONSTRAINT administration_to_place_fkey FOREIGN KEY (to_place) REFERENCES place(id),
    CONSTRAINT administration_wasted_check CHECK ((wasted >= (0)::numeric))
);
CREATE INDEX administration_day ON public.administration USING btree (day, site_id);
CREATE INDEX administration_lot ON public.administration USING btree (lot_id);
CREATE INDEX administration_patient ON public.administration USING btree (patient);
CREATE TRIGGER administration_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.administration FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER administration_sealed_delete AFTER DELETE ON public.administration REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_administration();
CREATE TRIGGER administration_sealed_insert AFTER INSERT ON public.administration REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_administration();
CREATE TRIGGER administration_sealed_update AFTER UPDATE ON public.administration REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_administration();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE alert (
    id bigint NOT NULL GENERATED AS IDENTITY,
    kind text NOT NULL,
    severity text NOT NULL,
    key text NOT NULL,
    subject text NOT NULL,
    sites bigint[] NOT NULL,
    place_id bigint,
    title text NOT NULL,
    text text NOT NULL,
    path text NOT NULL,
    needs_acknowledgement boolean NOT NULL,
    event_id bigint,
    occurred_at timestamp with time zone NOT NULL,
    raised_at timestamp with time zone NOT NULL,
    acknowledged_at timestamp with time zone,
    acknowledged_by text,
    acknowledged_comment text,
    CONSTRAINT alert_event_id_fkey FOREIGN KEY (event_id) REFERENCES event(id),
    CONSTRAINT alert_event_id_key UNIQUE (event_id),
    CONSTRAINT alert_pkey PRIMARY KEY (id),
    CONSTRAINT alert_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
    CONSTRAINT alert_severity_check CHECK ((severity = ANY (ARRAY['info'::text, 'alert'::text, 'action'::text])))
);
CREATE INDEX alert_key ON public.alert USING btree (key, raised_at);
CREATE INDEX alert_open ON public.alert USING btree (raised_at) WHERE (needs_acknowledgement AND (acknowledged_at IS NULL));
CREATE TRIGGER alert_append_only BEFORE DELETE OR TRUNCATE ON public.alert FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER alert_mostly_stays BEFORE UPDATE ON public.alert FOR EACH ROW EXECUTE FUNCTION refuse_other_change('acknowledged_at', 'acknowledged_by', 'acknowledged_comment');
CREATE TRIGGER alert_sealed_delete AFTER DELETE ON public.alert REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_alert();
CREATE TRIGGER alert_sealed_insert AFTER INSERT ON public.alert REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_alert();
CREATE TRIGGER alert_sealed_update AFTER UPDATE ON public.alert REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_alert();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE alert_condition (
    key text NOT NULL,
    kind text NOT NULL,
    since timestamp with time zone NOT NULL,
    alert_id bigint NOT NULL,
    CONSTRAINT alert_condition_alert_id_fkey FOREIGN KEY (alert_id) REFERENCES alert(id),
    CONSTRAINT alert_condition_pkey PRIMARY KEY (key)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE alert_escalation (
    subscription text NOT NULL,
    step integer NOT NULL,
    after_minutes integer NOT NULL,
    goes_to text NOT NULL,
    CONSTRAINT alert_escalation_after_minutes_check CHECK ((after_minutes > 0)),
    CONSTRAINT alert_escalation_pkey PRIMARY KEY (subscription, step),
    CONSTRAINT alert_escalation_step_check CHECK ((step > 0)),
    CONSTRAINT alert_escalation_subscription_fkey FOREIGN KEY (subscription) REFERENCES alert_subscription(name) ON DELETE CASCADE
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE alert_message (
    id bigint NOT NULL GENERATED AS IDENTITY,
    target text NOT NULL,
    bundle text NOT NULL,
    reason text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    claimed_until timestamp with time zone,
    sent_at timestamp with time zone,
    withdrawn_at timestamp with time zone,
    last_error text NOT NULL DEFAULT ''::text,
    CONSTRAINT alert_message_pkey PRIMARY KEY (id),
    CONSTRAINT alert_message_reason_check CHECK ((reason = ANY (ARRAY['alert'::text, 'escalation'::text, 'test'::text, 'paper'::text]))),
    CONSTRAINT alert_message_target_fkey FOREIGN KEY (target) REFERENCES alert_target(name)
);
CREATE INDEX alert_message_bundle ON public.alert_message USING btree (target, bundle, due_at);
CREATE INDEX alert_message_unsent ON public.alert_message USING btree (target, due_at) WHERE ((sent_at IS NULL) AND (withdrawn_at IS NULL));
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE alert_message_line (
    message_id bigint NOT NULL,
    alert_id bigint NOT NULL,
    subscription text NOT NULL,
    step integer NOT NULL,
    CONSTRAINT alert_message_line_alert_id_fkey FOREIGN KEY (alert_id) REFERENCES alert(id),
    CONSTRAINT alert_message_line_message_id_fkey FOREIGN KEY (message_id) REFERENCES alert_message(id),
    CONSTRAINT alert_message_line_pkey PRIMARY KEY (message_id, alert_id, subscription, step)
);
CREATE INDEX alert_message_line_alert ON public.alert_message_line USING btree (alert_id, subscription, step);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE alert_message_paper (
    message_id bigint NOT NULL,
    schedule text NOT NULL,
    title text NOT NULL,
    file_name text NOT NULL,
    sha256 text NOT NULL,
    pdf bytea NOT NULL,
    CONSTRAINT alert_message_paper_message_id_fkey FOREIGN KEY (message_id) REFERENCES alert_message(id),
    CONSTRAINT alert_message_paper_pkey PRIMARY KEY (message_id),
    CONSTRAINT alert_message_paper_schedule_fkey FOREIGN KEY (schedule) REFERENCES paper_schedule(name)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE alert_rota (
    name text NOT NULL,
    members text[] NOT NULL,
    first_day date NOT NULL,
    handover time without time zone NOT NULL,
    days_each integer NOT NULL,
    zone text NOT NULL,
    CONSTRAINT alert_rota_days_each_check CHECK ((days_each > 0)),
    CONSTRAINT alert_rota_members_check CHECK ((cardinality(members) > 0)),
    CONSTRAINT alert_rota_pkey PRIMARY KEY (name)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE alert_rota_cover (
    id bigint NOT NULL GENERATED AS IDENTITY,
    rota text NOT NULL,
    target text NOT NULL,
    begins_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    CONSTRAINT alert_rota_cover_check CHECK ((ends_at > begins_at)),
    CONSTRAINT alert_rota_cover_pkey PRIMARY KEY (id),
    CONSTRAINT alert_rota_cover_rota_fkey FOREIGN KEY (rota) REFERENCES alert_rota(name) ON DELETE CASCADE,
    CONSTRAINT alert_rota_cover_target_fkey FOREIGN KEY (target) REFERENCES alert_target(name)
);
CREATE INDEX alert_rota_cover_rota ON public.alert_rota_cover USING btree (rota, ends_at);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE alert_subscription (
    name text NOT NULL,
    goes_to text NOT NULL,
    site_id bigint,
    kinds text[] NOT NULL DEFAULT '{}'::text[],
    severity_min text NOT NULL,
    quiet_from time without time zone,
    quiet_until time without time zone,
    zone text NOT NULL,
    CONSTRAINT alert_subscription_check CHECK (((quiet_from IS NULL) = (quiet_until IS NULL))),
    CONSTRAINT alert_subscription_pkey PRIMARY KEY (name),
    CONSTRAINT alert_subscription_severity_min_check CHECK ((severity_min = ANY (ARRAY['info'::text, 'alert'::text, 'action'::text]))),
    CONSTRAINT alert_subscription_site_id_fkey FOREIGN KEY (site_id) REFERENCES place(id)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE alert_target (
    name text NOT NULL,
    channel text NOT NULL,
    address text NOT NULL,
    shown text NOT NULL,
    secret text NOT NULL DEFAULT ''::text,
    active boolean NOT NULL DEFAULT true,
    failures integer NOT NULL DEFAULT 0,
    failing_since timestamp with time zone,
    next_at timestamp with time zone,
    last_error text NOT NULL DEFAULT ''::text,
    last_sent_at timestamp with time zone,
    created_by text NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT alert_target_channel_check CHECK ((channel = ANY (ARRAY['mail'::text, 'webhook'::text, 'apprise'::text]))),
    CONSTRAINT alert_target_pkey PRIMARY KEY (name)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE alert_watermark (
    is_one boolean NOT NULL DEFAULT true,
    seen pg_snapshot NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT alert_watermark_is_one_check CHECK (is_one),
    CONSTRAINT alert_watermark_pkey PRIMARY KEY (is_one)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE api_token (
    name text NOT NULL,
    role text NOT NULL,
    token_sha256 text NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamp with time zone,
    person text NOT NULL,
    site bigint,
    owner text,
    expires_at timestamp with time zone,
    previous_sha256 text,
    previous_until timestamp with time zone,
    CONSTRAINT api_token_pkey PRIMARY KEY (name),
    CONSTRAINT api_token_previous_sha256_key UNIQUE (previous_sha256),
    CONSTRAINT api_token_role_fkey FOREIGN KEY (role) REFERENCES role(name),
    CONSTRAINT api_token_site_fkey FOREIGN KEY (site) REFERENCES place(id),
    CONSTRAINT api_token_token_sha256_key UNIQUE (token_sha256)
);
CREATE TRIGGER api_token_append_only BEFORE DELETE OR TRUNCATE ON public.api_token FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER api_token_mostly_stays BEFORE UPDATE ON public.api_token FOR EACH ROW EXECUTE FUNCTION refuse_other_change('revoked_at', 'token_sha256', 'previous_sha256', 'previous_until', 'expires_at');
CREATE TRIGGER api_token_sealed_delete AFTER DELETE ON public.api_token REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_api_token();
CREATE TRIGGER api_token_sealed_insert AFTER INSERT ON public.api_token REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_api_token();
CREATE TRIGGER api_token_sealed_update AFTER UPDATE ON public.api_token REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_api_token();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE archive_file (
    id bigint NOT NULL GENERATED AS IDENTITY,
    manifest integer NOT NULL,
    name text NOT NULL,
    month date NOT NULL,
    gateway_id bigint NOT NULL,
    row_count bigint NOT NULL,
    bytes bigint NOT NULL,
    footer_bytes integer NOT NULL,
    sha256 bytea NOT NULL,
    footer_sha256 bytea NOT NULL,
    CONSTRAINT archive_file_bytes_check CHECK ((bytes > 0)),
    CONSTRAINT archive_file_footer_bytes_check CHECK ((footer_bytes > 0)),
    CONSTRAINT archive_file_footer_sha256_check CHECK ((octet_length(footer_sha256) = 32)),
    CONSTRAINT archive_file_gateway_id_fkey FOREIGN KEY (gateway_id) REFERENCES gateway(id),
    CONSTRAINT archive_file_manifest_fkey FOREIGN KEY (manifest) REFERENCES archive_manifest(number),
    CONSTRAINT archive_file_month_check CHECK ((month = date_trunc('month'::text, (month)::timestamp with time zone))),
    CONSTRAINT archive_file_name_key UNIQUE (name),
    CONSTRAINT archive_file_pkey PRIMARY KEY (id),
    CONSTRAINT archive_file_row_count_check CHECK ((row_count > 0)),
    CONSTRAINT archive_file_sha256_check CHECK ((octet_length(sha256) = 32))
);
CREATE INDEX archive_file_manifest ON public.archive_file USING btree (manifest);
CREATE INDEX archive_file_month ON public.archive_file USING btree (month, gateway_id);
CREATE TRIGGER archive_file_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.archive_file FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER archive_file_sealed_delete AFTER DELETE ON public.archive_file REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_archive_file();
CREATE TRIGGER archive_file_sealed_insert AFTER INSERT ON public.archive_file REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_archive_file();
CREATE TRIGGER archive_file_sealed_update AFTER UPDATE ON public.archive_file REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_archive_file();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE archive_manifest (
    number integer NOT NULL,
    name text NOT NULL,
    sha256 bytea NOT NULL,
    made_at timestamp with time zone NOT NULL,
    made_by text NOT NULL,
    CONSTRAINT archive_manifest_name_key UNIQUE (name),
    CONSTRAINT archive_manifest_number_check CHECK ((number > 0)),
    CONSTRAINT archive_manifest_pkey PRIMARY KEY (number),
    CONSTRAINT archive_manifest_sha256_check CHECK ((octet_length(sha256) = 32))
);
CREATE TRIGGER archive_manifest_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.archive_manifest FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER archive_manifest_sealed_delete AFTER DELETE ON public.archive_manifest REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_archive_manifest();
CREATE TRIGGER archive_manifest_sealed_insert AFTER INSERT ON public.archive_manifest REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_archive_manifest();
CREATE TRIGGER archive_manifest_sealed_update AFTER UPDATE ON public.archive_manifest REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_archive_manifest();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE archive_part (
    file_id bigint NOT NULL,
    number integer NOT NULL,
    channel_id bigint NOT NULL,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    row_count integer NOT NULL,
    byte_offset bigint NOT NULL,
    bytes integer NOT NULL,
    sha256 bytea NOT NULL,
    is_home boolean NOT NULL DEFAULT false,
    CONSTRAINT archive_part_byte_offset_check CHECK ((byte_offset >= 0)),
    CONSTRAINT archive_part_bytes_check CHECK ((bytes > 0)),
    CONSTRAINT archive_part_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES channel(id),
    CONSTRAINT archive_part_check CHECK ((last_at >= first_at)),
    CONSTRAINT archive_part_file_id_fkey FOREIGN KEY (file_id) REFERENCES archive_file(id),
    CONSTRAINT archive_part_number_check CHECK ((number >= 0)),
    CONSTRAINT archive_part_pkey PRIMARY KEY (file_id, number),
    CONSTRAINT archive_part_row_count_check CHECK ((row_count > 0)),
    CONSTRAINT archive_part_sha256_check CHECK ((octet_length(sha256) = 32))
);
CREATE INDEX archive_part_away ON public.archive_part USING btree (channel_id, last_at) WHERE (NOT is_home);
CREATE INDEX archive_part_channel ON public.archive_part USING btree (channel_id);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE archive_store (
    is_the_one boolean NOT NULL DEFAULT true,
    url text NOT NULL,
    set_by text NOT NULL,
    set_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT archive_store_is_the_one_check CHECK (is_the_one),
    CONSTRAINT archive_store_pkey PRIMARY KEY (is_the_one)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE backup (
    id bigint NOT NULL GENERATED AS IDENTITY,
    made_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    made_by text NOT NULL,
    name text NOT NULL,
    bytes bigint NOT NULL,
    sha256 bytea NOT NULL,
    row_count bigint NOT NULL,
    sealed_size bigint NOT NULL,
    read_back text NOT NULL,
    CONSTRAINT backup_bytes_check CHECK ((bytes > 0)),
    CONSTRAINT backup_pkey PRIMARY KEY (id),
    CONSTRAINT backup_read_back_check CHECK ((read_back = ANY (ARRAY['decrypted'::text, 'compared'::text])))
);
CREATE INDEX backup_made ON public.backup USING btree (made_at);
CREATE TRIGGER backup_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.backup FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER backup_sealed_delete AFTER DELETE ON public.backup REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_backup();
CREATE TRIGGER backup_sealed_insert AFTER INSERT ON public.backup REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_backup();
CREATE TRIGGER backup_sealed_update AFTER UPDATE ON public.backup REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_backup();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE batch_fact (
    id bigint NOT NULL GENERATED AS IDENTITY,
    batch_id bigint NOT NULL,
    kind text NOT NULL,
    actor text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    data jsonb NOT NULL DEFAULT '{}'::jsonb,
    event_id bigint NOT NULL,
    CONSTRAINT batch_fact_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES production_batch(id),
    CONSTRAINT batch_fact_event_id_fkey FOREIGN KEY (event_id) REFERENCES event(id),
    CONSTRAINT batch_fact_kind_check CHECK ((kind = ANY (ARRAY['step'::text, 'check'::text, 'equipment'::text, 'deviation'::text, 'assessment'::text, 'yield'::text, 'finished'::text, 'test'::text, 'released'::text, 'rejected'::text, 'line_cleared'::text, 'clearance_checked'::text, 'control'::text, 'labels'::text]))),
    CONSTRAINT batch_fact_pkey PRIMARY KEY (id)
);
CREATE INDEX batch_fact_batch ON public.batch_fact USING btree (batch_id, id);
CREATE UNIQUE INDEX batch_fact_decided ON public.batch_fact USING btree (batch_id) WHERE (kind = ANY (ARRAY['released'::text, 'rejected'::text]));
CREATE UNIQUE INDEX batch_fact_finished ON public.batch_fact USING btree (batch_id) WHERE (kind = 'finished'::text);
CREATE TRIGGER batch_fact_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.batch_fact FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER batch_fact_sealed_delete AFTER DELETE ON public.batch_fact REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_batch_fact();
CREATE TRIGGER batch_fact_sealed_insert AFTER INSERT ON public.batch_fact REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_batch_fact();
CREATE TRIGGER batch_fact_sealed_update AFTER UPDATE ON public.batch_fact REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_batch_fact();
ALTER TABLE batch_fact ENABLE ROW LEVEL SECURITY;
ALTER TABLE batch_fact FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON batch_fact AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON batch_fact AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM production_batch
  WHERE (production_batch.id = batch_fact.batch_id)))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres,lotwarden_client=r/postgres}

CREATE TABLE beyond_use_support (
    id bigint NOT NULL GENERATED AS IDENTITY,
    plan_name text NOT NULL,
    item_id bigint NOT NULL,
    storage text NOT NULL,
    days integer NOT NULL,
    reason text NOT NULL,
    proposed_by text NOT NULL,
    approved_by text NOT NULL,
    approved_at timestamp with time zone NOT NULL,
    CONSTRAINT beyond_use_support_check CHECK ((approved_by <> proposed_by)),
    CONSTRAINT beyond_use_support_days_check CHECK ((days >= 0)),
    CONSTRAINT beyond_use_support_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT beyond_use_support_pkey PRIMARY KEY (id)
);
CREATE INDEX beyond_use_support_item ON public.beyond_use_support USING btree (item_id, storage, id DESC);
CREATE TRIGGER beyond_use_support_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.beyond_use_support FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER beyond_use_support_sealed_delete AFTER DELETE ON public.beyond_use_support REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_beyond_use_support();
CREATE TRIGGER beyond_use_support_sealed_insert AFTER INSERT ON public.beyond_use_support REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_beyond_use_support();
CREATE TRIGGER beyond_use_support_sealed_update AFTER UPDATE ON public.beyond_use_support REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_beyond_use_support();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE billing_conversion (
    id bigint NOT NULL GENERATED AS IDENTITY,
    table_id bigint NOT NULL,
    ndc text NOT NULL,
    hcpcs text NOT NULL,
    description text NOT NULL DEFAULT ''::text,
    dose_unit text NOT NULL,
    dose_per_base_unit numeric(18,6) NOT NULL,
    dose_per_billing_unit numeric(18,6) NOT NULL,
    ndc_unit text NOT NULL,
    ndc_units_per_base_unit numeric(18,6) NOT NULL,
    container text NOT NULL,
    rounding text NOT NULL,
    valid_from date NOT NULL,
    valid_until date,
    CONSTRAINT billing_conversion_check CHECK ((valid_until >= valid_from)),
    CONSTRAINT billing_conversion_container_check CHECK ((container = ANY (ARRAY['single_dose'::text, 'multi_dose'::text]))),
    CONSTRAINT billing_conversion_dose_per_base_unit_check CHECK ((dose_per_base_unit > (0)::numeric)),
    CONSTRAINT billing_conversion_dose_per_billing_unit_check CHECK ((dose_per_billing_unit > (0)::numeric)),
    CONSTRAINT billing_conversion_dose_unit_check CHECK ((dose_unit <> ''::text)),
    CONSTRAINT billing_conversion_hcpcs_check CHECK ((hcpcs ~ '^[A-Z][0-9]{4}$'::text)),
    CONSTRAINT billing_conversion_ndc_check CHECK ((ndc ~ '^[0-9]{5}-[0-9]{4}-[0-9]{2}$'::text)),
    CONSTRAINT billing_conversion_ndc_unit_check CHECK ((ndc_unit <> ''::text)),
    CONSTRAINT billing_conversion_ndc_units_per_base_unit_check CHECK ((ndc_units_per_base_unit > (0)::numeric)),
    CONSTRAINT billing_conversion_pkey PRIMARY KEY (id),
    CONSTRAINT billing_conversion_rounding_check CHECK ((rounding = ANY (ARRAY['none'::text, 'up'::text, 'down'::text, 'nearest'::text]))),
    CONSTRAINT billing_conversion_table_id_fkey FOREIGN KEY (table_id) REFERENCES billing_table(id)
);
CREATE INDEX billing_conversion_ndc ON public.billing_conversion USING btree (ndc, table_id DESC);
CREATE TRIGGER billing_conversion_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.billing_conversion FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER billing_conversion_sealed_delete AFTER DELETE ON public.billing_conversion REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_billing_conversion();
CREATE TRIGGER billing_conversion_sealed_insert AFTER INSERT ON public.billing_conversion REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_billing_conversion();
CREATE TRIGGER billing_conversion_sealed_update AFTER UPDATE ON public.billing_conversion REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_billing_conversion();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE billing_table (
    id bigint NOT NULL GENERATED AS IDENTITY,
    title text NOT NULL,
    source text NOT NULL,
    document_id bigint NOT NULL,
    imported_by text NOT NULL,
    imported_at timestamp with time zone NOT NULL,
    CONSTRAINT billing_table_document_id_fkey FOREIGN KEY (document_id) REFERENCES interop_document(id),
    CONSTRAINT billing_table_pkey PRIMARY KEY (id)
);
CREATE TRIGGER billing_table_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.billing_table FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER billing_table_sealed_delete AFTER DELETE ON public.billing_table REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_billing_table();
CREATE TRIGGER billing_table_sealed_insert AFTER INSERT ON public.billing_table REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_billing_table();
CREATE TRIGGER billing_table_sealed_update AFTER UPDATE ON public.billing_table REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_billing_table();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE calibration (
    id bigint NOT NULL GENERATED AS IDENTITY,
    equipment text NOT NULL,
    certificate text NOT NULL,
    laboratory text NOT NULL,
    calibrated_on date NOT NULL,
    due_on date NOT NULL,
    passed boolean NOT NULL,
    points jsonb NOT NULL,
    reference text NOT NULL,
    sha256 text NOT NULL,
    note text NOT NULL DEFAULT ''::text,
    recorded_by text NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    CONSTRAINT calibration_check CHECK ((due_on > calibrated_on)),
    CONSTRAINT calibration_equipment_certificate_key UNIQUE (equipment, certificate),
    CONSTRAINT calibration_equipment_fkey FOREIGN KEY (equipment) REFERENCES equipment(name),
    CONSTRAINT calibration_pkey PRIMARY KEY (id),
    CONSTRAINT calibration_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text))
);
CREATE TRIGGER calibration_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.calibration FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER calibration_sealed_delete AFTER DELETE ON public.calibration REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_calibration();
CREATE TRIGGER calibration_sealed_insert AFTER INSERT ON public.calibration REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_calibration();
CREATE TRIGGER calibration_sealed_update AFTER UPDATE ON public.calibration REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_calibration();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE change_control (
    id bigint NOT NULL GENERATED AS IDENTITY,
    title text NOT NULL,
    why text NOT NULL,
    what text NOT NULL,
    risk_level text NOT NULL,
    risk text NOT NULL,
    opened_by text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    decision text,
    decided_by text,
    decided_at timestamp with time zone,
    decision_reason text,
    implemented_by text,
    implemented_at timestamp with time zone,
    implementation text,
    closed_by text,
    closed_at timestamp with time zone,
    effectiveness text,
    CONSTRAINT change_control_check CHECK ((num_nulls(decision, decided_by, decided_at, decision_reason) = ANY (ARRAY[0, 4]))),
    CONSTRAINT change_control_check1 CHECK ((num_nulls(implemented_by, implemented_at, implementation) = ANY (ARRAY[0, 3]))),
    CONSTRAINT change_control_check2 CHECK ((num_nulls(closed_by, closed_at, effectiveness) = ANY (ARRAY[0, 3]))),
    CONSTRAINT change_control_check3 CHECK (((decision IS DISTINCT FROM 'approved'::text) OR (decided_by <> opened_by))),
    CONSTRAINT change_control_check4 CHECK (((implemented_at IS NULL) OR (decision = 'approved'::text))),
    CONSTRAINT change_control_check5 CHECK (((closed_at IS NULL) OR ((implemented_at IS NOT NULL) AND (closed_by <> implemented_by)))),
    CONSTRAINT change_control_decision_check CHECK ((decision = ANY (ARRAY['approved'::text, 'rejected'::text]))),
    CONSTRAINT change_control_pkey PRIMARY KEY (id),
    CONSTRAINT change_control_risk_level_check CHECK ((risk_level = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text])))
);
CREATE TRIGGER change_control_append_only BEFORE DELETE OR TRUNCATE ON public.change_control FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER change_control_mostly_stays BEFORE UPDATE ON public.change_control FOR EACH ROW EXECUTE FUNCTION refuse_other_change('decision', 'decided_by', 'decided_at', 'decision_reason', 'implemented_by', 'implemented_at', 'implementation', 'closed_by', 'closed_at', 'effectiveness');
CREATE TRIGGER change_control_sealed_delete AFTER DELETE ON public.change_control REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_change_control();
CREATE TRIGGER change_control_sealed_insert AFTER INSERT ON public.change_control REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_change_control();
CREATE TRIGGER change_control_sealed_update AFTER UPDATE ON public.change_control REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_change_control();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE change_control_event (
    change_control_id bigint NOT NULL,
    event_id bigint NOT NULL,
    linked_by text NOT NULL,
    linked_at timestamp with time zone NOT NULL,
    CONSTRAINT change_control_event_change_control_id_fkey FOREIGN KEY (change_control_id) REFERENCES change_control(id),
    CONSTRAINT change_control_event_event_id_fkey FOREIGN KEY (event_id) REFERENCES event(id),
    CONSTRAINT change_control_event_pkey PRIMARY KEY (change_control_id, event_id)
);
CREATE TRIGGER change_control_event_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.change_control_event FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER change_control_event_sealed_delete AFTER DELETE ON public.change_control_event REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_change_control_event();
CREATE TRIGGER change_control_event_sealed_insert AFTER INSERT ON public.change_control_event REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_change_control_event();
CREATE TRIGGER change_control_event_sealed_update AFTER UPDATE ON public.change_control_event REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_change_control_event();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE channel (
    id bigint NOT NULL GENERATED AS IDENTITY,
    gateway_id bigint NOT NULL,
    device text NOT NULL,
    metric text NOT NULL,
    place_id bigint,
    version_of bigint,
    journal uuid,
    has_doubtful_times boolean NOT NULL DEFAULT false,
    CONSTRAINT channel_check CHECK (((version_of IS NULL) = (journal IS NULL))),
    CONSTRAINT channel_gateway_id_device_metric_key UNIQUE (gateway_id, device, metric),
    CONSTRAINT channel_gateway_id_fkey FOREIGN KEY (gateway_id) REFERENCES gateway(id),
    CONSTRAINT channel_pkey PRIMARY KEY (id),
    CONSTRAINT channel_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
    CONSTRAINT channel_version_of_fkey FOREIGN KEY (version_of) REFERENCES channel(id)
);
CREATE INDEX channel_place ON public.channel USING btree (place_id);
CREATE UNIQUE INDEX channel_version ON public.channel USING btree (version_of, journal);
ALTER TABLE channel ENABLE ROW LEVEL SECURITY;
ALTER TABLE channel FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON channel AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON channel AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((NULLIF(current_setting('lotwarden.owner'::text, true), ''::text) IS NOT NULL)) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres,lotwarden_client=r/postgres}

CREATE TABLE channel_place_was (
    channel_id bigint NOT NULL,
    place_id bigint,
    until timestamp with time zone NOT NULL,
    CONSTRAINT channel_place_was_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES channel(id),
    CONSTRAINT channel_place_was_pkey PRIMARY KEY (channel_id, until),
    CONSTRAINT channel_place_was_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id)
);
CREATE TRIGGER channel_place_was_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.channel_place_was FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER channel_place_was_sealed_delete AFTER DELETE ON public.channel_place_was REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_channel_place_was();
CREATE TRIGGER channel_place_was_sealed_insert AFTER INSERT ON public.channel_place_was REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_channel_place_was();
CREATE TRIGGER channel_place_was_sealed_update AFTER UPDATE ON public.channel_place_was REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_channel_place_was();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE channel_statement (
    id bigint NOT NULL GENERATED AS IDENTITY,
    channel_id bigint NOT NULL,
    place_id bigint,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL,
    said_by text NOT NULL,
    decision text,
    decided_by text,
    decided_at timestamp with time zone,
    CONSTRAINT channel_statement_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES channel(id),
    CONSTRAINT channel_statement_check CHECK ((until > since)),
    CONSTRAINT channel_statement_decision_check CHECK ((decision = ANY (ARRAY['accepted'::text, 'rejected'::text]))),
    CONSTRAINT channel_statement_pkey PRIMARY KEY (id),
    CONSTRAINT channel_statement_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id)
);
CREATE INDEX channel_statement_channel ON public.channel_statement USING btree (channel_id);
CREATE TRIGGER channel_statement_append_only BEFORE DELETE OR TRUNCATE ON public.channel_statement FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER channel_statement_mostly_stays BEFORE UPDATE ON public.channel_statement FOR EACH ROW EXECUTE FUNCTION refuse_other_change('decision', 'decided_by', 'decided_at');
CREATE TRIGGER channel_statement_sealed_delete AFTER DELETE ON public.channel_statement REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_channel_statement();
CREATE TRIGGER channel_statement_sealed_insert AFTER INSERT ON public.channel_statement REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_channel_statement();
CREATE TRIGGER channel_statement_sealed_update AFTER UPDATE ON public.channel_statement REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_channel_statement();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE charge (
    id bigint NOT NULL GENERATED AS IDENTITY,
    administration_id bigint NOT NULL,
    conversion_id bigint NOT NULL,
    version integer NOT NULL,
    part text NOT NULL,
    reverses bigint,
    hcpcs text NOT NULL,
    units numeric(18,6) NOT NULL,
    modifier text NOT NULL,
    ndc text NOT NULL,
    ndc_units numeric(18,6) NOT NULL,
    ndc_unit text NOT NULL,
    dose numeric(18,6) NOT NULL,
    reason text NOT NULL DEFAULT ''::text,
    made_by text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    CONSTRAINT charge_administration_id_fkey FOREIGN KEY (administration_id) REFERENCES administration(id),
    CONSTRAINT charge_conversion_id_fkey FOREIGN KEY (conversion_id) REFERENCES billing_conversion(id),
    CONSTRAINT charge_dose_check CHECK ((dose > (0)::numeric)),
    CONSTRAINT charge_modifier_check CHECK ((modifier = ANY (ARRAY[''::text, 'JW'::text, 'JZ'::text]))),
    CONSTRAINT charge_ndc_units_check CHECK ((ndc_units > (0)::numeric)),
    CONSTRAINT charge_part_check CHECK ((part = ANY (ARRAY['given'::text, 'wasted'::text]))),
    CONSTRAINT charge_pkey PRIMARY KEY (id),
    CONSTRAINT charge_reverses_fkey FOREIGN KEY (reverses) REFERENCES charge(id),
    CONSTRAINT charge_reverses_key UNIQUE (reverses),
    CONSTRAINT charge_units_check CHECK ((units > (0)::numeric)),
    CONSTRAINT charge_version_check CHECK ((version > 0))
);
CREATE INDEX charge_administration ON public.charge USING btree (administration_id, id);
CREATE UNIQUE INDEX charge_once ON public.charge USING btree (administration_id, version, part) WHERE (reverses IS NULL);
CREATE TRIGGER charge_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.charge FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER charge_sealed_delete AFTER DELETE ON public.charge REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_charge();
CREATE TRIGGER charge_sealed_insert AFTER INSERT ON public.charge REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_charge();
CREATE TRIGGER charge_sealed_update AFTER UPDATE ON public.charge REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_charge();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE charge_reconciliation (
    id bigint NOT NULL GENERATED AS IDENTITY,
    site_id bigint NOT NULL,
    day date NOT NULL,
    dispensed bigint NOT NULL,
    charged bigint NOT NULL,
    differences jsonb NOT NULL,
    run_by text NOT NULL,
    run_at timestamp with time zone NOT NULL,
    CONSTRAINT charge_reconciliation_pkey PRIMARY KEY (id),
    CONSTRAINT charge_reconciliation_site_id_fkey FOREIGN KEY (site_id) REFERENCES place(id)
);
CREATE INDEX charge_reconciliation_day ON public.charge_reconciliation USING btree (site_id, day, id DESC);
CREATE TRIGGER charge_reconciliation_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.charge_reconciliation FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER charge_reconciliation_sealed_delete AFTER DELETE ON public.charge_reconciliation REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_charge_reconciliation();
CREATE TRIGGER charge_reconciliation_sealed_insert AFTER INSERT ON public.charge_reconciliation REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_charge_reconciliation();
CREATE TRIGGER charge_reconciliation_sealed_update AFTER UPDATE ON public.charge_reconciliation REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_charge_reconciliation();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE claim_settlement (
    id bigint NOT NULL GENERATED AS IDENTITY,
    claim_id bigint NOT NULL,
    kind text NOT NULL,
    amount numeric(14,2) NOT NULL,
    quantity bigint,
    reference text NOT NULL,
    settled_by text NOT NULL,
    settled_at timestamp with time zone NOT NULL,
    CONSTRAINT claim_settlement_amount_check CHECK ((amount > (0)::numeric)),
    CONSTRAINT claim_settlement_check CHECK (((kind = 'replacement'::text) = (quantity IS NOT NULL))),
    CONSTRAINT claim_settlement_claim_id_fkey FOREIGN KEY (claim_id) REFERENCES supplier_claim(id),
    CONSTRAINT claim_settlement_claim_id_kind_reference_key UNIQUE (claim_id, kind, reference),
    CONSTRAINT claim_settlement_kind_check CHECK ((kind = ANY (ARRAY['credit'::text, 'replacement'::text]))),
    CONSTRAINT claim_settlement_pkey PRIMARY KEY (id),
    CONSTRAINT claim_settlement_quantity_check CHECK ((quantity > 0))
);
CREATE TRIGGER claim_settlement_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.claim_settlement FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER claim_settlement_sealed_delete AFTER DELETE ON public.claim_settlement REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_claim_settlement();
CREATE TRIGGER claim_settlement_sealed_insert AFTER INSERT ON public.claim_settlement REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_claim_settlement();
CREATE TRIGGER claim_settlement_sealed_update AFTER UPDATE ON public.claim_settlement REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_claim_settlement();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE clock_offset (
    gateway_id bigint NOT NULL,
    boot text NOT NULL,
    by_mono_ms bigint NOT NULL,
    offset_ms bigint NOT NULL,
    wall_minus_mono_ms bigint,
    CONSTRAINT clock_offset_gateway_id_fkey FOREIGN KEY (gateway_id) REFERENCES gateway(id),
    CONSTRAINT clock_offset_pkey PRIMARY KEY (gateway_id, boot, by_mono_ms)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE complaint (
    id bigint NOT NULL GENERATED AS IDENTITY,
    lot_id bigint NOT NULL,
    serial text NOT NULL DEFAULT ''::text,
    supplier_id bigint NOT NULL,
    place_id bigint,
    order_number text NOT NULL DEFAULT ''::text,
    kind text NOT NULL,
    quantity bigint NOT NULL,
    description text NOT NULL,
    observed_at timestamp with time zone NOT NULL,
    opened_by text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    finding text,
    finding_text text,
    investigated_by text,
    investigated_at timestamp with time zone,
    CONSTRAINT complaint_check CHECK ((num_nulls(finding, finding_text, investigated_by, investigated_at) = ANY (ARRAY[0, 4]))),
    CONSTRAINT complaint_check1 CHECK ((investigated_by <> opened_by)),
    CONSTRAINT complaint_finding_check CHECK ((finding = ANY (ARRAY['confirmed'::text, 'not_confirmed'::text]))),
    CONSTRAINT complaint_kind_check CHECK ((kind = ANY (ARRAY['temperature'::text, 'damage'::text, 'defect'::text, 'labelling'::text, 'short_delivery'::text, 'short_dated'::text, 'wrong_item'::text, 'other'::text]))),
    CONSTRAINT complaint_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
    CONSTRAINT complaint_pkey PRIMARY KEY (id),
    CONSTRAINT complaint_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
    CONSTRAINT complaint_quantity_check CHECK ((quantity > 0)),
    CONSTRAINT complaint_supplier_id_fkey FOREIGN KEY (supplier_id) REFERENCES place(id)
);
CREATE INDEX complaint_lot ON public.complaint USING btree (lot_id);
CREATE INDEX complaint_supplier ON public.complaint USING btree (supplier_id);
CREATE TRIGGER complaint_append_only BEFORE DELETE OR TRUNCATE ON public.complaint FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER complaint_mostly_stays BEFORE UPDATE ON public.complaint FOR EACH ROW EXECUTE FUNCTION refuse_other_change('finding', 'finding_text', 'investigated_by', 'investigated_at');
CREATE TRIGGER complaint_sealed_delete AFTER DELETE ON public.complaint REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_complaint();
CREATE TRIGGER complaint_sealed_insert AFTER INSERT ON public.complaint REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_complaint();
CREATE TRIGGER complaint_sealed_update AFTER UPDATE ON public.complaint REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_complaint();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE complaint_evidence (
    id bigint NOT NULL GENERATED AS IDENTITY,
    complaint_id bigint NOT NULL,
    kind text NOT NULL,
    document_id bigint NOT NULL,
    logger_file_id bigint,
    title text NOT NULL,
    added_by text NOT NULL,
    added_at timestamp with time zone NOT NULL,
    CONSTRAINT complaint_evidence_check CHECK (((kind = 'logger_file'::text) = (logger_file_id IS NOT NULL))),
    CONSTRAINT complaint_evidence_complaint_id_fkey FOREIGN KEY (complaint_id) REFERENCES complaint(id),
    CONSTRAINT complaint_evidence_complaint_id_kind_document_id_key UNIQUE (complaint_id, kind, document_id),
    CONSTRAINT complaint_evidence_document_id_fkey FOREIGN KEY (document_id) REFERENCES interop_document(id),
    CONSTRAINT complaint_evidence_kind_check CHECK ((kind = ANY (ARRAY['thermal_passport'::text, 'logger_file'::text, 'photo'::text, 'document'::text]))),
    CONSTRAINT complaint_evidence_logger_file_id_fkey FOREIGN KEY (logger_file_id) REFERENCES logger_file(id),
    CONSTRAINT complaint_evidence_pkey PRIMARY KEY (id)
);
CREATE TRIGGER complaint_evidence_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.complaint_evidence FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER complaint_evidence_sealed_delete AFTER DELETE ON public.complaint_evidence REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_complaint_evidence();
CREATE TRIGGER complaint_evidence_sealed_insert AFTER INSERT ON public.complaint_evidence REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_complaint_evidence();
CREATE TRIGGER complaint_evidence_sealed_update AFTER UPDATE ON public.complaint_evidence REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_complaint_evidence();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE complete_maker (
    item_id bigint NOT NULL,
    set_by text NOT NULL,
    set_at timestamp with time zone NOT NULL,
    CONSTRAINT complete_maker_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT complete_maker_pkey PRIMARY KEY (item_id)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE controlled_change (
    id bigint NOT NULL GENERATED AS IDENTITY,
    kind text NOT NULL,
    subject text NOT NULL,
    request jsonb NOT NULL,
    before jsonb,
    after jsonb NOT NULL,
    reason text NOT NULL,
    effective_from timestamp with time zone NOT NULL,
    needs_second_person boolean NOT NULL,
    change_control_id bigint,
    proposed_by text NOT NULL,
    proposed_at timestamp with time zone NOT NULL,
    decision text,
    decided_by text,
    decided_at timestamp with time zone,
    decision_reason text,
    applied_at timestamp with time zone,
    CONSTRAINT controlled_change_change_control_id_fkey FOREIGN KEY (change_control_id) REFERENCES change_control(id),
    CONSTRAINT controlled_change_check CHECK ((num_nulls(decision, decided_by, decided_at, decision_reason) = ANY (ARRAY[0, 4]))),
    CONSTRAINT controlled_change_check1 CHECK (((NOT needs_second_person) OR (decision IS DISTINCT FROM 'approved'::text) OR (decided_by <> proposed_by))),
    CONSTRAINT controlled_change_check2 CHECK (((applied_at IS NULL) OR (decision = 'approved'::text))),
    CONSTRAINT controlled_change_decision_check CHECK ((decision = ANY (ARRAY['approved'::text, 'rejected'::text]))),
    CONSTRAINT controlled_change_kind_check CHECK ((kind = ANY (ARRAY['retention'::text, 'second_signature'::text, 'storage_policy'::text, 'place_policy'::text, 'sop'::text, 'training'::text, 'gateway_config'::text, 'quality_plan'::text, 'beyond_use'::text]))),
    CONSTRAINT controlled_change_pkey PRIMARY KEY (id)
);
CREATE INDEX controlled_change_due ON public.controlled_change USING btree (effective_from) WHERE ((decision = 'approved'::text) AND (applied_at IS NULL));
CREATE UNIQUE INDEX controlled_change_open ON public.controlled_change USING btree (kind, subject) WHERE ((applied_at IS NULL) AND (decision IS DISTINCT FROM 'rejected'::text));
CREATE TRIGGER controlled_change_append_only BEFORE DELETE OR TRUNCATE ON public.controlled_change FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER controlled_change_mostly_stays BEFORE UPDATE ON public.controlled_change FOR EACH ROW EXECUTE FUNCTION refuse_other_change('decision', 'decided_by', 'decided_at', 'decision_reason', 'applied_at');
CREATE TRIGGER controlled_change_sealed_delete AFTER DELETE ON public.controlled_change REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_controlled_change();
CREATE TRIGGER controlled_change_sealed_insert AFTER INSERT ON public.controlled_change REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_controlled_change();
CREATE TRIGGER controlled_change_sealed_update AFTER UPDATE ON public.controlled_change REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_controlled_change();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE controlled_inventory (
    id bigint NOT NULL GENERATED AS IDENTITY,
    site_id bigint NOT NULL,
    taken_on date NOT NULL,
    taken_when text NOT NULL,
    counts text[] NOT NULL,
    remark text NOT NULL DEFAULT ''::text,
    recorded_by text NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    CONSTRAINT controlled_inventory_counts_check CHECK ((cardinality(counts) > 0)),
    CONSTRAINT controlled_inventory_pkey PRIMARY KEY (id),
    CONSTRAINT controlled_inventory_site_id_fkey FOREIGN KEY (site_id) REFERENCES place(id),
    CONSTRAINT controlled_inventory_site_id_taken_on_taken_when_key UNIQUE (site_id, taken_on, taken_when),
    CONSTRAINT controlled_inventory_taken_when_check CHECK ((taken_when = ANY (ARRAY['opening'::text, 'close'::text])))
);
CREATE TRIGGER controlled_inventory_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.controlled_inventory FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER controlled_inventory_sealed_delete AFTER DELETE ON public.controlled_inventory REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_controlled_inventory();
CREATE TRIGGER controlled_inventory_sealed_insert AFTER INSERT ON public.controlled_inventory REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_controlled_inventory();
CREATE TRIGGER controlled_inventory_sealed_update AFTER UPDATE ON public.controlled_inventory REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_controlled_inventory();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE controlled_inventory_line (
    inventory_id bigint NOT NULL,
    lot_id bigint NOT NULL,
    serial text NOT NULL DEFAULT ''::text,
    place_id bigint NOT NULL,
    schedule text NOT NULL,
    counted bigint NOT NULL,
    expected bigint NOT NULL,
    counted_by text[] NOT NULL,
    CONSTRAINT controlled_inventory_line_counted_check CHECK ((counted >= 0)),
    CONSTRAINT controlled_inventory_line_inventory_id_fkey FOREIGN KEY (inventory_id) REFERENCES controlled_inventory(id),
    CONSTRAINT controlled_inventory_line_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
    CONSTRAINT controlled_inventory_line_pkey PRIMARY KEY (inventory_id, lot_id, serial, place_id),
    CONSTRAINT controlled_inventory_line_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id)
);
CREATE TRIGGER controlled_inventory_line_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.controlled_inventory_line FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER controlled_inventory_line_sealed_delete AFTER DELETE ON public.controlled_inventory_line REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_controlled_inventory_line();
CREATE TRIGGER controlled_inventory_line_sealed_insert AFTER INSERT ON public.controlled_inventory_line REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_controlled_inventory_line();
CREATE TRIGGER controlled_inventory_line_sealed_update AFTER UPDATE ON public.controlled_inventory_line REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_controlled_inventory_line();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE controlled_rule (
    schedule text NOT NULL,
    blind_count boolean NOT NULL,
    double_count boolean NOT NULL,
    witnessed_waste boolean NOT NULL,
    resolve_hours integer NOT NULL,
    inventory_months integer NOT NULL,
    source text NOT NULL,
    set_by text NOT NULL,
    set_at timestamp with time zone NOT NULL,
    CONSTRAINT controlled_rule_inventory_months_check CHECK (((inventory_months >= 1) AND (inventory_months <= 24))),
    CONSTRAINT controlled_rule_pkey PRIMARY KEY (schedule),
    CONSTRAINT controlled_rule_resolve_hours_check CHECK (((resolve_hours >= 1) AND (resolve_hours <= 8760))),
    CONSTRAINT controlled_rule_schedule_check CHECK ((schedule = ANY (ARRAY['I'::text, 'II'::text, 'III'::text, 'IV'::text, 'V'::text])))
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE correction (
    id bigint NOT NULL GENERATED AS IDENTITY,
    kind text NOT NULL,
    subject text NOT NULL,
    lot_id bigint,
    request jsonb NOT NULL,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    reason text NOT NULL,
    effect jsonb NOT NULL,
    needs_second_person boolean NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    decided_by text,
    decided_at timestamp with time zone,
    decision text,
    decision_reason text,
    CONSTRAINT correction_check CHECK (((decided_at IS NULL) = (decision IS NULL))),
    CONSTRAINT correction_decision_check CHECK ((decision = ANY (ARRAY['confirmed'::text, 'rejected'::text]))),
    CONSTRAINT correction_kind_check CHECK ((kind = ANY (ARRAY['lot_expiry'::text, 'lot_number'::text, 'code'::text, 'place'::text, 'place_policy'::text]))),
    CONSTRAINT correction_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
    CONSTRAINT correction_pkey PRIMARY KEY (id)
);
CREATE INDEX correction_confirmed ON public.correction USING btree (lot_id, decided_at) WHERE ((decision = 'confirmed'::text) AND (kind = ANY (ARRAY['lot_number'::text, 'lot_expiry'::text])));
CREATE INDEX correction_lot ON public.correction USING btree (lot_id, id) WHERE (lot_id IS NOT NULL);
CREATE UNIQUE INDEX correction_open ON public.correction USING btree (kind, subject) WHERE (decided_at IS NULL);
CREATE INDEX correction_subject ON public.correction USING btree (subject, id);
CREATE TRIGGER correction_append_only BEFORE DELETE OR TRUNCATE ON public.correction FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER correction_mostly_stays BEFORE UPDATE ON public.correction FOR EACH ROW EXECUTE FUNCTION refuse_other_change('effect', 'needs_second_person', 'before', 'after', 'decided_by', 'decided_at', 'decision', 'decision_reason');
CREATE TRIGGER correction_sealed_delete AFTER DELETE ON public.correction REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_correction();
CREATE TRIGGER correction_sealed_insert AFTER INSERT ON public.correction REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_correction();
CREATE TRIGGER correction_sealed_update AFTER UPDATE ON public.correction REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_correction();
ALTER TABLE correction ENABLE ROW LEVEL SECURITY;
ALTER TABLE correction FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON correction AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON correction AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM lot
  WHERE (lot.id = correction.lot_id)))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres,lotwarden_client=r/postgres}

CREATE TABLE count_line (
    fact text NOT NULL,
    count_id bigint NOT NULL,
    lot_id bigint NOT NULL,
    serial text NOT NULL DEFAULT ''::text,
    place_id bigint NOT NULL,
    quantity bigint NOT NULL,
    counted_by text NOT NULL,
    counted_at timestamp with time zone NOT NULL,
    expires_on date,
    expires_hour time without time zone,
    latest_at timestamp with time zone,
    CONSTRAINT count_line_check CHECK ((latest_at >= counted_at)),
    CONSTRAINT count_line_count_id_fkey FOREIGN KEY (count_id) REFERENCES stock_count(id),
    CONSTRAINT count_line_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
    CONSTRAINT count_line_pkey PRIMARY KEY (fact),
    CONSTRAINT count_line_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
    CONSTRAINT count_line_quantity_check CHECK ((quantity >= 0))
);
CREATE INDEX count_line_count ON public.count_line USING btree (count_id);
CREATE INDEX count_line_position ON public.count_line USING btree (lot_id, place_id, serial, counted_at);
CREATE TRIGGER count_line_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.count_line FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER count_line_sealed_delete AFTER DELETE ON public.count_line REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_count_line();
CREATE TRIGGER count_line_sealed_insert AFTER INSERT ON public.count_line REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_count_line();
CREATE TRIGGER count_line_sealed_update AFTER UPDATE ON public.count_line REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_count_line();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE count_result (
    count_id bigint NOT NULL,
    lot_id bigint NOT NULL,
    serial text NOT NULL,
    place_id bigint NOT NULL,
    counted bigint NOT NULL,
    expected bigint NOT NULL,
    CONSTRAINT count_result_count_id_fkey FOREIGN KEY (count_id) REFERENCES stock_count(id),
    CONSTRAINT count_result_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
    CONSTRAINT count_result_pkey PRIMARY KEY (count_id, lot_id, place_id, serial),
    CONSTRAINT count_result_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id)
);
CREATE TRIGGER count_result_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.count_result FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER count_result_sealed_delete AFTER DELETE ON public.count_result REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_count_result();
CREATE TRIGGER count_result_sealed_insert AFTER INSERT ON public.count_result REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_count_result();
CREATE TRIGGER count_result_sealed_update AFTER UPDATE ON public.count_result REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_count_result();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE declared_gap (
    gateway_id bigint NOT NULL,
    journal uuid NOT NULL,
    lane text NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    by_first bigint,
    by_last bigint,
    CONSTRAINT declared_gap_check CHECK ((last_seq >= first_seq)),
    CONSTRAINT declared_gap_check1 CHECK ((by_last >= by_first)),
    CONSTRAINT declared_gap_gateway_id_fkey FOREIGN KEY (gateway_id) REFERENCES gateway(id),
    CONSTRAINT declared_gap_pkey PRIMARY KEY (gateway_id, journal, lane, first_seq, last_seq)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE device (
    item_id bigint NOT NULL,
    class text NOT NULL,
    tracking text NOT NULL,
    set_by text NOT NULL,
    set_at timestamp with time zone NOT NULL,
    CONSTRAINT device_class_check CHECK ((class = ANY (ARRAY['I'::text, 'II'::text, 'III'::text]))),
    CONSTRAINT device_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT device_pkey PRIMARY KEY (item_id),
    CONSTRAINT device_tracking_check CHECK ((tracking = ANY (ARRAY['none'::text, 'implanted'::text, 'life_sustaining'::text])))
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE disposition (
    id bigint NOT NULL GENERATED AS IDENTITY,
    excursion_id bigint NOT NULL,
    lot_id bigint NOT NULL,
    decision text NOT NULL,
    reason text NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    began_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    worst double precision NOT NULL,
    places bigint[],
    evidence text,
    CONSTRAINT disposition_decision_check CHECK ((decision = ANY (ARRAY['release'::text, 'reject'::text, 'destroy'::text]))),
    CONSTRAINT disposition_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
    CONSTRAINT disposition_pkey PRIMARY KEY (id)
);
CREATE INDEX disposition_decided ON public.disposition USING btree (decided_at, id);
CREATE INDEX disposition_exposure ON public.disposition USING btree (excursion_id, lot_id);
CREATE INDEX disposition_of_lot ON public.disposition USING btree (lot_id, id);
CREATE TRIGGER disposition_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.disposition FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER disposition_evidence BEFORE INSERT ON public.disposition FOR EACH ROW EXECUTE FUNCTION note_evidence();
CREATE TRIGGER disposition_new AFTER INSERT ON public.disposition REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION look_at_lots_again();
CREATE TRIGGER disposition_sealed_delete AFTER DELETE ON public.disposition REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_disposition();
CREATE TRIGGER disposition_sealed_insert AFTER INSERT ON public.disposition REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_disposition();
CREATE TRIGGER disposition_sealed_update AFTER UPDATE ON public.disposition REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_disposition();
ALTER TABLE disposition ENABLE ROW LEVEL SECURITY;
ALTER TABLE disposition FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON disposition AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON disposition AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM lot
  WHERE (lot.id = disposition.lot_id)))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres,lotwarden_client=r/postgres}

CREATE TABLE document (
    id bigint NOT NULL GENERATED AS IDENTITY,
    supplier_id bigint,
    lot_id bigint,
    kind text NOT NULL,
    reference text NOT NULL,
    sha256 text NOT NULL DEFAULT ''::text,
    valid_until date,
    added_by text NOT NULL,
    added_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT document_check CHECK ((num_nonnulls(supplier_id, lot_id) >= 1)),
    CONSTRAINT document_kind_check CHECK ((kind = ANY (ARRAY['licence'::text, 'audit'::text, 'agreement'::text, 'quality_agreement'::text, 'coa'::text, 'other'::text]))),
    CONSTRAINT document_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
    CONSTRAINT document_pkey PRIMARY KEY (id),
    CONSTRAINT document_sha256_check CHECK ((sha256 ~ '^([0-9a-f]{64})?$'::text)),
    CONSTRAINT document_supplier_id_fkey FOREIGN KEY (supplier_id) REFERENCES place(id)
);
CREATE INDEX document_lot ON public.document USING btree (lot_id);
CREATE INDEX document_supplier ON public.document USING btree (supplier_id);
CREATE TRIGGER document_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.document FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER document_sealed_delete AFTER DELETE ON public.document REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_document();
CREATE TRIGGER document_sealed_insert AFTER INSERT ON public.document REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_document();
CREATE TRIGGER document_sealed_update AFTER UPDATE ON public.document REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_document();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE doubtful_scan (
    fact text NOT NULL,
    gateway_id bigint NOT NULL,
    journal uuid NOT NULL,
    seq bigint NOT NULL,
    boot text NOT NULL,
    mono_ms bigint NOT NULL,
    said_at timestamp with time zone NOT NULL,
    CONSTRAINT doubtful_scan_gateway_id_fkey FOREIGN KEY (gateway_id) REFERENCES gateway(id),
    CONSTRAINT doubtful_scan_pkey PRIMARY KEY (fact)
);
CREATE INDEX doubtful_scan_boot ON public.doubtful_scan USING btree (gateway_id, boot);
CREATE INDEX doubtful_scan_seq ON public.doubtful_scan USING btree (gateway_id, journal, seq);
CREATE TRIGGER doubtful_scan_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.doubtful_scan FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER doubtful_scan_sealed_delete AFTER DELETE ON public.doubtful_scan REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_doubtful_scan();
CREATE TRIGGER doubtful_scan_sealed_insert AFTER INSERT ON public.doubtful_scan REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_doubtful_scan();
CREATE TRIGGER doubtful_scan_sealed_update AFTER UPDATE ON public.doubtful_scan REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_doubtful_scan();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE enrolment_failure (
    id bigint NOT NULL GENERATED AS IDENTITY,
    gateway text NOT NULL,
    at timestamp with time zone NOT NULL,
    address text NOT NULL DEFAULT ''::text,
    CONSTRAINT enrolment_failure_pkey PRIMARY KEY (id)
);
CREATE INDEX enrolment_failure_at ON public.enrolment_failure USING btree (at);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE envelope (
    id bigint NOT NULL GENERATED AS IDENTITY,
    channel_id bigint NOT NULL,
    began_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    readings bigint NOT NULL,
    lowest double precision NOT NULL,
    mean double precision NOT NULL,
    highest double precision NOT NULL,
    gap_s double precision NOT NULL,
    synced boolean NOT NULL,
    seq bigint NOT NULL,
    evidence_id bigint NOT NULL,
    boot text,
    began_mono_ms bigint,
    ended_mono_ms bigint,
    said_began_at timestamp with time zone,
    said_ended_at timestamp with time zone,
    CONSTRAINT envelope_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES channel(id),
    CONSTRAINT envelope_check CHECK ((ended_at >= began_at)),
    CONSTRAINT envelope_check1 CHECK (((lowest <= mean) AND (mean <= highest))),
    CONSTRAINT envelope_evidence_id_fkey FOREIGN KEY (evidence_id) REFERENCES evidence(id),
    CONSTRAINT envelope_gap_s_check CHECK ((gap_s >= (0)::double precision)),
    CONSTRAINT envelope_pkey PRIMARY KEY (id),
    CONSTRAINT envelope_readings_check CHECK ((readings > 0))
);
CREATE INDEX envelope_channel_began ON public.envelope USING btree (channel_id, began_at);
CREATE INDEX envelope_channel_ended ON public.envelope USING btree (channel_id, ended_at);
CREATE INDEX envelope_evidence ON public.envelope USING btree (evidence_id);
CREATE INDEX envelope_unsynced ON public.envelope USING btree (boot) WHERE (NOT synced);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE envelope_point (
    envelope_id bigint NOT NULL,
    channel_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    lowest double precision NOT NULL,
    highest double precision NOT NULL,
    CONSTRAINT envelope_point_envelope_id_fkey FOREIGN KEY (envelope_id) REFERENCES envelope(id)
);
CREATE INDEX envelope_point_channel_at ON public.envelope_point USING btree (channel_id, at);
CREATE INDEX envelope_point_envelope ON public.envelope_point USING btree (envelope_id);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE environment_session (
    id bigint NOT NULL GENERATED AS IDENTITY,
    plan_id bigint NOT NULL,
    batch_id bigint,
    began_at timestamp with time zone NOT NULL,
    opened_by text NOT NULL,
    note text NOT NULL,
    CONSTRAINT environment_session_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES production_batch(id),
    CONSTRAINT environment_session_pkey PRIMARY KEY (id),
    CONSTRAINT environment_session_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES quality_plan(id)
);
CREATE INDEX environment_session_batch ON public.environment_session USING btree (batch_id);
CREATE TRIGGER environment_session_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.environment_session FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER environment_session_sealed_delete AFTER DELETE ON public.environment_session REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_environment_session();
CREATE TRIGGER environment_session_sealed_insert AFTER INSERT ON public.environment_session REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_environment_session();
CREATE TRIGGER environment_session_sealed_update AFTER UPDATE ON public.environment_session REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_environment_session();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE epcis_capture (
    id uuid NOT NULL,
    document_id bigint NOT NULL,
    error_behaviour text NOT NULL,
    told_by text NOT NULL,
    events integer NOT NULL,
    events_kept integer NOT NULL,
    errors jsonb NOT NULL DEFAULT '[]'::jsonb,
    created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT epcis_capture_check CHECK (((events_kept >= 0) AND (events_kept <= events))),
    CONSTRAINT epcis_capture_document_id_error_behaviour_key UNIQUE (document_id, error_behaviour),
    CONSTRAINT epcis_capture_document_id_fkey FOREIGN KEY (document_id) REFERENCES interop_document(id),
    CONSTRAINT epcis_capture_error_behaviour_check CHECK ((error_behaviour = ANY (ARRAY['rollback'::text, 'proceed'::text]))),
    CONSTRAINT epcis_capture_errors_check CHECK ((jsonb_typeof(errors) = 'array'::text)),
    CONSTRAINT epcis_capture_events_check CHECK ((events >= 0)),
    CONSTRAINT epcis_capture_pkey PRIMARY KEY (id),
    CONSTRAINT epcis_capture_told_by_check CHECK ((told_by <> ''::text))
);
CREATE INDEX epcis_capture_created ON public.epcis_capture USING btree (created_at DESC, id DESC);
CREATE TRIGGER epcis_capture_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.epcis_capture FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER epcis_capture_sealed_delete AFTER DELETE ON public.epcis_capture REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_epcis_capture();
CREATE TRIGGER epcis_capture_sealed_insert AFTER INSERT ON public.epcis_capture REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_epcis_capture();
CREATE TRIGGER epcis_capture_sealed_update AFTER UPDATE ON public.epcis_capture REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_epcis_capture();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE epcis_event (
    id bigint NOT NULL GENERATED AS IDENTITY,
    capture_id uuid NOT NULL,
    event_id text NOT NULL,
    hash bytea NOT NULL,
    digest bytea NOT NULL,
    type text NOT NULL,
    event_time timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    biz_step text NOT NULL DEFAULT ''::text,
    biz_location text NOT NULL DEFAULT ''::text,
    body json NOT NULL,
    prefixes json NOT NULL DEFAULT '{}'::json,
    CONSTRAINT epcis_event_capture_id_fkey FOREIGN KEY (capture_id) REFERENCES epcis_capture(id),
    CONSTRAINT epcis_event_digest_check CHECK ((length(digest) = 32)),
    CONSTRAINT epcis_event_digest_key UNIQUE (digest),
    CONSTRAINT epcis_event_event_id_check CHECK ((event_id <> ''::text)),
    CONSTRAINT epcis_event_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT epcis_event_pkey PRIMARY KEY (id)
);
CREATE INDEX epcis_event_capture ON public.epcis_event USING btree (capture_id, id);
CREATE INDEX epcis_event_named ON public.epcis_event USING btree (event_id, id);
CREATE INDEX epcis_event_time ON public.epcis_event USING btree (event_time, id);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE epcis_event_key (
    key text NOT NULL,
    event_time timestamp with time zone NOT NULL,
    event bigint NOT NULL,
    is_parent boolean NOT NULL,
    CONSTRAINT epcis_event_key_pkey PRIMARY KEY (key, event_time, event, is_parent)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE epcis_query (
    name text NOT NULL,
    parameters jsonb NOT NULL,
    made_by text NOT NULL,
    made_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT epcis_query_name_check CHECK ((name <> ''::text)),
    CONSTRAINT epcis_query_pkey PRIMARY KEY (name)
);
ALTER TABLE epcis_query ENABLE ROW LEVEL SECURITY;
ALTER TABLE epcis_query FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON epcis_query AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON epcis_query AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((NULLIF(current_setting('lotwarden.owner'::text, true), ''::text) IS NOT NULL)) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres,lotwarden_client=r/postgres}

CREATE TABLE epcis_subscription (
    id uuid NOT NULL,
    query text NOT NULL,
    connection text NOT NULL,
    schedule jsonb,
    report_if_empty boolean NOT NULL,
    followed_to bigint NOT NULL,
    next_at timestamp with time zone,
    last_told_at timestamp with time zone,
    made_by text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    CONSTRAINT epcis_subscription_check CHECK (((schedule IS NULL) = (next_at IS NULL))),
    CONSTRAINT epcis_subscription_connection_fkey FOREIGN KEY (connection) REFERENCES interop_connection(name),
    CONSTRAINT epcis_subscription_pkey PRIMARY KEY (id),
    CONSTRAINT epcis_subscription_query_fkey FOREIGN KEY (query) REFERENCES epcis_query(name)
);
CREATE INDEX epcis_subscription_query ON public.epcis_subscription USING btree (query);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE equipment (
    name text NOT NULL,
    title text NOT NULL DEFAULT ''::text,
    maker text NOT NULL DEFAULT ''::text,
    model text NOT NULL DEFAULT ''::text,
    serial_number text NOT NULL DEFAULT ''::text,
    gateway_id bigint,
    device text NOT NULL DEFAULT ''::text,
    place_id bigint,
    in_use boolean NOT NULL DEFAULT true,
    CONSTRAINT equipment_check CHECK (((gateway_id IS NULL) = (device = ''::text))),
    CONSTRAINT equipment_gateway_id_fkey FOREIGN KEY (gateway_id) REFERENCES gateway(id),
    CONSTRAINT equipment_pkey PRIMARY KEY (name),
    CONSTRAINT equipment_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id)
);
CREATE UNIQUE INDEX equipment_device ON public.equipment USING btree (gateway_id, device) WHERE (in_use AND (gateway_id IS NOT NULL));
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE erased_row (
    id bigint NOT NULL GENERATED AS IDENTITY,
    erasure_id bigint NOT NULL,
    of_table text NOT NULL,
    row_name text NOT NULL,
    columns text[] NOT NULL,
    places integer NOT NULL,
    CONSTRAINT erased_row_erasure_id_fkey FOREIGN KEY (erasure_id) REFERENCES word_erasure(id),
    CONSTRAINT erased_row_pkey PRIMARY KEY (id)
);
CREATE INDEX erased_row_erasure ON public.erased_row USING btree (erasure_id);
CREATE INDEX erased_row_of ON public.erased_row USING btree (of_table, row_name);
CREATE TRIGGER erased_row_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.erased_row FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER erased_row_sealed_delete AFTER DELETE ON public.erased_row REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_erased_row();
CREATE TRIGGER erased_row_sealed_insert AFTER INSERT ON public.erased_row REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_erased_row();
CREATE TRIGGER erased_row_sealed_update AFTER UPDATE ON public.erased_row REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_erased_row();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE erased_signature (
    id bigint NOT NULL GENERATED AS IDENTITY,
    signature_id bigint NOT NULL,
    erasure_id bigint NOT NULL,
    stood text NOT NULL,
    was_intact boolean NOT NULL,
    record_sha256 text NOT NULL,
    sha256 text NOT NULL,
    CONSTRAINT erased_signature_erasure_id_fkey FOREIGN KEY (erasure_id) REFERENCES word_erasure(id),
    CONSTRAINT erased_signature_pkey PRIMARY KEY (id),
    CONSTRAINT erased_signature_record_sha256_check CHECK ((record_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT erased_signature_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT erased_signature_signature_id_erasure_id_key UNIQUE (signature_id, erasure_id),
    CONSTRAINT erased_signature_signature_id_fkey FOREIGN KEY (signature_id) REFERENCES signature(id),
    CONSTRAINT erased_signature_stood_check CHECK ((stood = ANY (ARRAY['as signed'::text, 'as signed but for the decision'::text, 'changed before'::text])))
);
CREATE TRIGGER erased_signature_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.erased_signature FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER erased_signature_sealed_delete AFTER DELETE ON public.erased_signature REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_erased_signature();
CREATE TRIGGER erased_signature_sealed_insert AFTER INSERT ON public.erased_signature REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_erased_signature();
CREATE TRIGGER erased_signature_sealed_update AFTER UPDATE ON public.erased_signature REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_erased_signature();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE erasure (
    id bigint NOT NULL GENERATED AS IDENTITY,
    person text NOT NULL,
    reason text NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    done_by text,
    done_at timestamp with time zone,
    CONSTRAINT erasure_check CHECK (((done_by IS NULL) = (done_at IS NULL))),
    CONSTRAINT erasure_check1 CHECK ((done_by <> asked_by)),
    CONSTRAINT erasure_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX erasure_open ON public.erasure USING btree (person) WHERE (done_at IS NULL);
CREATE TRIGGER erasure_append_only BEFORE DELETE OR TRUNCATE ON public.erasure FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER erasure_mostly_stays BEFORE UPDATE ON public.erasure FOR EACH ROW EXECUTE FUNCTION refuse_other_change('done_by', 'done_at');
CREATE TRIGGER erasure_sealed_delete AFTER DELETE ON public.erasure REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_erasure();
CREATE TRIGGER erasure_sealed_insert AFTER INSERT ON public.erasure REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_erasure();
CREATE TRIGGER erasure_sealed_update AFTER UPDATE ON public.erasure REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_erasure();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE event (
    id bigint NOT NULL GENERATED AS IDENTITY,
    at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    reason text NOT NULL DEFAULT ''::text,
    data jsonb NOT NULL DEFAULT '{}'::jsonb,
    CONSTRAINT event_pkey PRIMARY KEY (id)
);
CREATE INDEX event_at ON public.event USING brin (at);
CREATE INDEX event_kind ON public.event USING btree (kind, id);
CREATE INDEX event_person ON public.event USING btree (person_of(actor), id);
CREATE INDEX event_subject ON public.event USING btree (subject, id);
CREATE TRIGGER event_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.event FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER event_sealed_delete AFTER DELETE ON public.event REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_event();
CREATE TRIGGER event_sealed_insert AFTER INSERT ON public.event REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_event();
CREATE TRIGGER event_sealed_update AFTER UPDATE ON public.event REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_event();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE evidence (
    id bigint NOT NULL GENERATED AS IDENTITY,
    gateway_id bigint NOT NULL,
    journal uuid NOT NULL,
    lane text NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    digest bytea NOT NULL,
    previous bytea NOT NULL,
    received_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    raw bytea NOT NULL,
    first_at timestamp with time zone,
    last_at timestamp with time zone,
    CONSTRAINT evidence_check CHECK ((last_seq >= first_seq)),
    CONSTRAINT evidence_digest_check CHECK ((length(digest) = 32)),
    CONSTRAINT evidence_first_seq_check CHECK ((first_seq > 0)),
    CONSTRAINT evidence_gateway_id_fkey FOREIGN KEY (gateway_id) REFERENCES gateway(id),
    CONSTRAINT evidence_gateway_id_journal_lane_first_seq_key UNIQUE (gateway_id, journal, lane, first_seq),
    CONSTRAINT evidence_lane_check CHECK ((lane = ANY (ARRAY['scans'::text, 'readings'::text]))),
    CONSTRAINT evidence_pkey PRIMARY KEY (id),
    CONSTRAINT evidence_previous_check CHECK ((length(previous) = 32))
);
CREATE INDEX evidence_trusted_scans ON public.evidence USING btree (gateway_id, journal, first_seq) WHERE ((lane = 'scans'::text) AND (last_at IS NOT NULL));
CREATE TRIGGER evidence_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.evidence FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER evidence_sealed_delete AFTER DELETE ON public.evidence REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_evidence();
CREATE TRIGGER evidence_sealed_insert AFTER INSERT ON public.evidence REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_evidence();
CREATE TRIGGER evidence_sealed_update AFTER UPDATE ON public.evidence REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_evidence();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE exception_case (
    id bigint NOT NULL GENERATED AS IDENTITY,
    kind text NOT NULL,
    key text NOT NULL,
    text text NOT NULL,
    lot_id bigint,
    evidence_id bigint,
    data jsonb NOT NULL DEFAULT '{}'::jsonb,
    opened_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    resolved_at timestamp with time zone,
    resolved_by text,
    resolution text,
    place_id bigint,
    assignee text,
    decision text,
    resolved_role text,
    CONSTRAINT exception_case_decision_check CHECK ((decision = ANY (ARRAY['explained'::text, 'corrected'::text, 'accepted'::text, 'rejected'::text]))),
    CONSTRAINT exception_case_evidence_id_fkey FOREIGN KEY (evidence_id) REFERENCES evidence(id),
    CONSTRAINT exception_case_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
    CONSTRAINT exception_case_pkey PRIMARY KEY (id),
    CONSTRAINT exception_case_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id)
);
CREATE INDEX exception_case_assignee ON public.exception_case USING btree (assignee, id) WHERE (assignee IS NOT NULL);
CREATE INDEX exception_case_key ON public.exception_case USING btree (kind, key, id);
CREATE INDEX exception_case_lot ON public.exception_case USING btree (lot_id) WHERE (resolved_at IS NULL);
CREATE INDEX exception_case_of_lot ON public.exception_case USING btree (lot_id, id);
CREATE UNIQUE INDEX exception_case_open ON public.exception_case USING btree (kind, key) WHERE (resolved_at IS NULL);
CREATE INDEX exception_case_open_kind ON public.exception_case USING btree (kind, opened_at) WHERE (resolved_at IS NULL);
CREATE INDEX exception_case_order ON public.exception_case USING btree (((data ->> 'order'::text))) WHERE (kind = ANY (ARRAY['order_mismatch'::text, 'receipt_discrepancy'::text]));
CREATE INDEX exception_case_set_aside ON public.exception_case USING btree (evidence_id) WHERE (kind = 'batch_set_aside'::text);
CREATE TRIGGER exception_case_append_only BEFORE DELETE OR TRUNCATE ON public.exception_case FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER exception_case_mostly_stays BEFORE UPDATE ON public.exception_case FOR EACH ROW EXECUTE FUNCTION refuse_other_change('text', 'data', 'assignee', 'resolved_at', 'resolved_by', 'resolution', 'decision', 'resolved_role');
CREATE TRIGGER exception_case_sealed_delete AFTER DELETE ON public.exception_case REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_exception_case();
CREATE TRIGGER exception_case_sealed_insert AFTER INSERT ON public.exception_case REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_exception_case();
CREATE TRIGGER exception_case_sealed_update AFTER UPDATE ON public.exception_case REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_exception_case();
ALTER TABLE exception_case ENABLE ROW LEVEL SECURITY;
ALTER TABLE exception_case FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON exception_case AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON exception_case AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM lot
  WHERE (lot.id = exception_case.lot_id)))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres,lotwarden_client=r/postgres}

CREATE TABLE excursion (
    id bigint NOT NULL GENERATED AS IDENTITY,
    channel_id bigint NOT NULL,
    place_id bigint NOT NULL,
    rule text NOT NULL,
    began_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    worst double precision NOT NULL,
    version integer NOT NULL DEFAULT 1,
    severity text NOT NULL DEFAULT 'action'::text,
    longest_gap_s double precision NOT NULL DEFAULT 0,
    reach_from timestamp with time zone,
    reach_until timestamp with time zone,
    CONSTRAINT excursion_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES channel(id),
    CONSTRAINT excursion_check CHECK ((ended_at >= began_at)),
    CONSTRAINT excursion_pkey PRIMARY KEY (id),
    CONSTRAINT excursion_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
    CONSTRAINT excursion_place_id_rule_began_at_key UNIQUE (place_id, rule, began_at),
    CONSTRAINT excursion_severity_check CHECK ((severity = ANY (ARRAY['alert'::text, 'action'::text])))
);
CREATE INDEX excursion_began ON public.excursion USING btree (began_at DESC, id DESC);
CREATE INDEX excursion_open ON public.excursion USING btree (place_id) WHERE (ended_at IS NULL);
CREATE INDEX excursion_place ON public.excursion USING btree (place_id, began_at);
CREATE INDEX excursion_place_rule ON public.excursion USING btree (place_id, rule, COALESCE(ended_at, 'infinity'::timestamp with time zone), began_at);
CREATE TRIGGER excursion_changed AFTER UPDATE ON public.excursion REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION look_at_decided_again();
CREATE TRIGGER excursion_gone AFTER DELETE ON public.excursion REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION forget_exposure();
ALTER TABLE excursion ENABLE ROW LEVEL SECURITY;
ALTER TABLE excursion FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON excursion AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON excursion AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM exposure x
  WHERE (x.excursion_id = excursion.id)))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres,lotwarden_client=r/postgres}

CREATE TABLE excursion_version (
    excursion_id bigint NOT NULL,
    version integer NOT NULL,
    change text NOT NULL,
    channel_id bigint NOT NULL,
    place_id bigint NOT NULL,
    rule text NOT NULL,
    began_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    worst double precision NOT NULL,
    recorded_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT excursion_version_change_check CHECK ((change = ANY (ARRAY['opened'::text, 'closed'::text, 'amended'::text, 'withdrawn'::text]))),
    CONSTRAINT excursion_version_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES channel(id),
    CONSTRAINT excursion_version_pkey PRIMARY KEY (excursion_id, version),
    CONSTRAINT excursion_version_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id)
);
CREATE TRIGGER excursion_version_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.excursion_version FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER excursion_version_sealed_delete AFTER DELETE ON public.excursion_version REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_excursion_version();
CREATE TRIGGER excursion_version_sealed_insert AFTER INSERT ON public.excursion_version REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_excursion_version();
CREATE TRIGGER excursion_version_sealed_update AFTER UPDATE ON public.excursion_version REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_excursion_version();
ALTER TABLE excursion_version ENABLE ROW LEVEL SECURITY;
ALTER TABLE excursion_version FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON excursion_version AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON excursion_version AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM excursion x
  WHERE (x.id = excursion_version.excursion_id)))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres,lotwarden_client=r/postgres}

CREATE TABLE exposure (
    excursion_id bigint NOT NULL,
    lot_id bigint NOT NULL,
    serial text NOT NULL DEFAULT ''::text,
    place_id bigint NOT NULL,
    residency_began_at timestamp with time zone NOT NULL,
    since timestamp with time zone NOT NULL,
    CONSTRAINT exposure_pkey PRIMARY KEY (excursion_id, lot_id, place_id, serial, residency_began_at)
);
CREATE INDEX exposure_lot ON public.exposure USING btree (lot_id, place_id, serial);
CREATE INDEX exposure_place ON public.exposure USING btree (place_id);
CREATE TRIGGER exposure_gone AFTER DELETE ON public.exposure REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION look_at_lots_again();
ALTER TABLE exposure ENABLE ROW LEVEL SECURITY;
ALTER TABLE exposure FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON exposure AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON exposure AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM lot
  WHERE (lot.id = exposure.lot_id)))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres,lotwarden_client=r/postgres}

CREATE TABLE field_correction (
    id bigint NOT NULL GENERATED AS IDENTITY,
    item_id bigint NOT NULL,
    title text NOT NULL,
    reference text NOT NULL,
    instructions text NOT NULL,
    opened_by text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    closed_by text,
    closed_at timestamp with time zone,
    closed_reason text,
    CONSTRAINT field_correction_check CHECK ((num_nulls(closed_by, closed_at, closed_reason) = ANY (ARRAY[0, 3]))),
    CONSTRAINT field_correction_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT field_correction_pkey PRIMARY KEY (id)
);
CREATE TRIGGER field_correction_append_only BEFORE DELETE OR TRUNCATE ON public.field_correction FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER field_correction_mostly_stays BEFORE UPDATE ON public.field_correction FOR EACH ROW EXECUTE FUNCTION refuse_other_change('closed_by', 'closed_at', 'closed_reason');
CREATE TRIGGER field_correction_sealed_delete AFTER DELETE ON public.field_correction REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_field_correction();
CREATE TRIGGER field_correction_sealed_insert AFTER INSERT ON public.field_correction REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_field_correction();
CREATE TRIGGER field_correction_sealed_update AFTER UPDATE ON public.field_correction REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_field_correction();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE field_correction_unit (
    correction_id bigint NOT NULL,
    serial text NOT NULL,
    CONSTRAINT field_correction_unit_correction_id_fkey FOREIGN KEY (correction_id) REFERENCES field_correction(id),
    CONSTRAINT field_correction_unit_pkey PRIMARY KEY (correction_id, serial),
    CONSTRAINT field_correction_unit_serial_check CHECK ((serial <> ''::text))
);
CREATE TRIGGER field_correction_unit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.field_correction_unit FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER field_correction_unit_sealed_delete AFTER DELETE ON public.field_correction_unit REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_field_correction_unit();
CREATE TRIGGER field_correction_unit_sealed_insert AFTER INSERT ON public.field_correction_unit REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_field_correction_unit();
CREATE TRIGGER field_correction_unit_sealed_update AFTER UPDATE ON public.field_correction_unit REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_field_correction_unit();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE gateway (
    id bigint NOT NULL GENERATED AS IDENTITY,
    name text NOT NULL,
    public_key bytea NOT NULL,
    registered_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamp with time zone,
    last_seen_at timestamp with time zone,
    place_id bigint,
    key_since timestamp with time zone,
    CONSTRAINT gateway_name_key UNIQUE (name),
    CONSTRAINT gateway_pkey PRIMARY KEY (id),
    CONSTRAINT gateway_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
    CONSTRAINT gateway_public_key_check CHECK ((length(public_key) = 32))
);
ALTER TABLE gateway ENABLE ROW LEVEL SECURITY;
ALTER TABLE gateway FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON gateway AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON gateway AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((NULLIF(current_setting('lotwarden.owner'::text, true), ''::text) IS NOT NULL)) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres,lotwarden_client=r/postgres}

CREATE TABLE gateway_cohort (
    gateway_id bigint NOT NULL,
    cohort text NOT NULL,
    set_by text NOT NULL,
    set_at timestamp with time zone NOT NULL,
    CONSTRAINT gateway_cohort_gateway_id_fkey FOREIGN KEY (gateway_id) REFERENCES gateway(id),
    CONSTRAINT gateway_cohort_pkey PRIMARY KEY (gateway_id)
);
CREATE INDEX gateway_cohort_name ON public.gateway_cohort USING btree (cohort);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE gateway_config (
    gateway_id bigint NOT NULL,
    version integer NOT NULL,
    toml text NOT NULL,
    profiles jsonb NOT NULL DEFAULT '{}'::jsonb,
    sha256 text NOT NULL,
    replaces text,
    reason text NOT NULL,
    set_by text NOT NULL,
    approved_by text NOT NULL,
    set_at timestamp with time zone NOT NULL,
    policies jsonb NOT NULL DEFAULT '{}'::jsonb,
    CONSTRAINT gateway_config_gateway_id_fkey FOREIGN KEY (gateway_id) REFERENCES gateway(id),
    CONSTRAINT gateway_config_pkey PRIMARY KEY (gateway_id, version),
    CONSTRAINT gateway_config_replaces_check CHECK ((replaces ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT gateway_config_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT gateway_config_version_check CHECK ((version > 0))
);
CREATE TRIGGER gateway_config_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.gateway_config FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER gateway_config_sealed_delete AFTER DELETE ON public.gateway_config REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_gateway_config();
CREATE TRIGGER gateway_config_sealed_insert AFTER INSERT ON public.gateway_config REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_gateway_config();
CREATE TRIGGER gateway_config_sealed_update AFTER UPDATE ON public.gateway_config REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_gateway_config();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE gateway_heartbeat (
    gateway_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    protocols integer[] NOT NULL,
    config jsonb NOT NULL,
    release jsonb NOT NULL,
    health jsonb NOT NULL,
    CONSTRAINT gateway_heartbeat_gateway_id_fkey FOREIGN KEY (gateway_id) REFERENCES gateway(id),
    CONSTRAINT gateway_heartbeat_pkey PRIMARY KEY (gateway_id)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE gateway_invite (
    id bigint NOT NULL GENERATED AS IDENTITY,
    gateway text NOT NULL,
    place_id bigint,
    replaces boolean NOT NULL,
    code_sha256 bytea NOT NULL,
    invited_by text NOT NULL,
    invited_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    public_key bytea,
    CONSTRAINT gateway_invite_check CHECK (((used_at IS NULL) = (public_key IS NULL))),
    CONSTRAINT gateway_invite_code_sha256_check CHECK ((length(code_sha256) = 32)),
    CONSTRAINT gateway_invite_code_sha256_key UNIQUE (code_sha256),
    CONSTRAINT gateway_invite_pkey PRIMARY KEY (id),
    CONSTRAINT gateway_invite_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
    CONSTRAINT gateway_invite_public_key_check CHECK ((length(public_key) = 32))
);
CREATE INDEX gateway_invite_gateway ON public.gateway_invite USING btree (gateway, id);
CREATE TRIGGER gateway_invite_append_only BEFORE DELETE OR TRUNCATE ON public.gateway_invite FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER gateway_invite_mostly_stays BEFORE UPDATE ON public.gateway_invite FOR EACH ROW EXECUTE FUNCTION refuse_other_change('expires_at', 'used_at', 'public_key');
CREATE TRIGGER gateway_invite_sealed_delete AFTER DELETE ON public.gateway_invite REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_gateway_invite();
CREATE TRIGGER gateway_invite_sealed_insert AFTER INSERT ON public.gateway_invite REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_gateway_invite();
CREATE TRIGGER gateway_invite_sealed_update AFTER UPDATE ON public.gateway_invite REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_gateway_invite();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE gateway_journal (
    gateway_id bigint NOT NULL,
    journal uuid NOT NULL,
    standing text NOT NULL,
    why text,
    first_received_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    follows uuid,
    began_at timestamp with time zone,
    CONSTRAINT gateway_journal_gateway_id_fkey FOREIGN KEY (gateway_id) REFERENCES gateway(id),
    CONSTRAINT gateway_journal_pkey PRIMARY KEY (gateway_id, journal),
    CONSTRAINT gateway_journal_standing_check CHECK ((standing = ANY (ARRAY['trusted'::text, 'doubted'::text, 'rejected'::text]))),
    CONSTRAINT gateway_journal_why_check CHECK ((why = ANY (ARRAY['unannounced'::text, 'contradicted'::text])))
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE gateway_nonce (
    gateway_id bigint NOT NULL,
    nonce text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT gateway_nonce_gateway_id_fkey FOREIGN KEY (gateway_id) REFERENCES gateway(id),
    CONSTRAINT gateway_nonce_pkey PRIMARY KEY (gateway_id, nonce)
);
CREATE INDEX gateway_nonce_at ON public.gateway_nonce USING btree (at);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE gateway_site (
    gateway_id bigint NOT NULL,
    site_id bigint NOT NULL,
    reason text NOT NULL,
    said_by text NOT NULL,
    said_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT gateway_site_gateway_id_fkey FOREIGN KEY (gateway_id) REFERENCES gateway(id),
    CONSTRAINT gateway_site_pkey PRIMARY KEY (gateway_id, site_id),
    CONSTRAINT gateway_site_site_id_fkey FOREIGN KEY (site_id) REFERENCES place(id)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE hold (
    id bigint NOT NULL GENERATED AS IDENTITY,
    kind text NOT NULL,
    lot_id bigint NOT NULL,
    place_id bigint,
    reason text NOT NULL,
    placed_by text NOT NULL,
    placed_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    lifted_by text,
    lifted_at timestamp with time zone,
    lifted_reason text,
    origin text NOT NULL DEFAULT ''::text,
    serial text,
    is_of_lot boolean NOT NULL DEFAULT true,
    since timestamp with time zone,
    movement_mark bigint NOT NULL DEFAULT 0,
    event_id bigint,
    case_id bigint,
    CONSTRAINT hold_case_id_fkey FOREIGN KEY (case_id) REFERENCES exception_case(id),
    CONSTRAINT hold_event_id_fkey FOREIGN KEY (event_id) REFERENCES event(id),
    CONSTRAINT hold_kind_check CHECK ((kind = ANY (ARRAY['manual'::text, 'supplier'::text, 'recall'::text, 'receipt_inspection'::text, 'exception'::text]))),
    CONSTRAINT hold_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
    CONSTRAINT hold_pkey PRIMARY KEY (id),
    CONSTRAINT hold_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id)
);
CREATE INDEX hold_case ON public.hold USING btree (case_id) WHERE (case_id IS NOT NULL);
CREATE INDEX hold_lifted ON public.hold USING btree (lifted_at, id) WHERE (lifted_at IS NOT NULL);
CREATE INDEX hold_lot ON public.hold USING btree (lot_id) WHERE (lifted_at IS NULL);
CREATE INDEX hold_of_lot ON public.hold USING btree (lot_id, id);
CREATE INDEX hold_placed ON public.hold USING btree (COALESCE(since, placed_at), id);
CREATE TRIGGER hold_append_only BEFORE DELETE OR TRUNCATE ON public.hold FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER hold_mostly_stays BEFORE UPDATE ON public.hold FOR EACH ROW EXECUTE FUNCTION refuse_other_change('lifted_by', 'lifted_at', 'lifted_reason');
CREATE TRIGGER hold_sealed_delete AFTER DELETE ON public.hold REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_hold();
CREATE TRIGGER hold_sealed_insert AFTER INSERT ON public.hold REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_hold();
CREATE TRIGGER hold_sealed_update AFTER UPDATE ON public.hold REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_hold();
ALTER TABLE hold ENABLE ROW LEVEL SECURITY;
ALTER TABLE hold FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON hold AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON hold AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM lot
  WHERE (lot.id = hold.lot_id)))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres,lotwarden_client=r/postgres}

CREATE TABLE hold_goods (
    hold_id bigint NOT NULL,
    lot_id bigint NOT NULL,
    serial text NOT NULL,
    place_id bigint NOT NULL,
    at timestamp with time zone,
    movement_id bigint,
    CONSTRAINT hold_goods_check CHECK ((num_nonnulls(at, movement_id) = 1)),
    CONSTRAINT hold_goods_hold_id_fkey FOREIGN KEY (hold_id) REFERENCES hold(id),
    CONSTRAINT hold_goods_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
    CONSTRAINT hold_goods_movement_id_fkey FOREIGN KEY (movement_id) REFERENCES movement(id),
    CONSTRAINT hold_goods_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id)
);
CREATE INDEX hold_goods_hold ON public.hold_goods USING btree (hold_id);
CREATE INDEX hold_goods_movement ON public.hold_goods USING btree (movement_id) WHERE (movement_id IS NOT NULL);
CREATE TRIGGER hold_goods_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.hold_goods FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER hold_goods_sealed_delete AFTER DELETE ON public.hold_goods REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_hold_goods();
CREATE TRIGGER hold_goods_sealed_insert AFTER INSERT ON public.hold_goods REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_hold_goods();
CREATE TRIGGER hold_goods_sealed_update AFTER UPDATE ON public.hold_goods REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_hold_goods();
ALTER TABLE hold_goods ENABLE ROW LEVEL SECURITY;
ALTER TABLE hold_goods FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON hold_goods AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON hold_goods AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM lot
  WHERE (lot.id = hold_goods.lot_id)))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres,lotwarden_client=r/postgres}

CREATE TABLE hold_reach (
    hold_id bigint NOT NULL,
    lot_id bigint NOT NULL,
    serial text NOT NULL,
    place_id bigint NOT NULL,
    residency_began_at timestamp with time zone NOT NULL,
    since timestamp with time zone NOT NULL,
    CONSTRAINT hold_reach_hold_id_fkey FOREIGN KEY (hold_id) REFERENCES hold(id),
    CONSTRAINT hold_reach_pkey PRIMARY KEY (hold_id, lot_id, place_id, serial, residency_began_at)
);
CREATE INDEX hold_reach_lot ON public.hold_reach USING btree (lot_id, place_id, serial);
CREATE INDEX hold_reach_place ON public.hold_reach USING btree (place_id);
ALTER TABLE hold_reach ENABLE ROW LEVEL SECURITY;
ALTER TABLE hold_reach FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON hold_reach AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON hold_reach AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM lot
  WHERE (lot.id = hold_reach.lot_id)))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres,lotwarden_client=r/postgres}

CREATE TABLE hospital_message (
    id bigint NOT NULL GENERATED AS IDENTITY,
    document_id bigint NOT NULL,
    connection text NOT NULL,
    format text NOT NULL,
    kind text NOT NULL,
    control_id text NOT NULL,
    site_id bigint,
    owner text NOT NULL,
    received_at timestamp with time zone NOT NULL,
    CONSTRAINT hospital_message_connection_check CHECK ((connection <> ''::text)),
    CONSTRAINT hospital_message_document_id_fkey FOREIGN KEY (document_id) REFERENCES interop_document(id),
    CONSTRAINT hospital_message_document_id_key UNIQUE (document_id),
    CONSTRAINT hospital_message_format_check CHECK ((format = ANY (ARRAY['hl7v2'::text, 'fhir-R4'::text, 'fhir-R5'::text]))),
    CONSTRAINT hospital_message_owner_fkey FOREIGN KEY (owner) REFERENCES owner(name),
    CONSTRAINT hospital_message_pkey PRIMARY KEY (id),
    CONSTRAINT hospital_message_site_id_fkey FOREIGN KEY (site_id) REFERENCES place(id)
);
CREATE INDEX hospital_message_control_id ON public.hospital_message USING btree (connection, control_id);
CREATE TRIGGER hospital_message_append_only BEFORE DELETE OR TRUNCATE ON public.hospital_message FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER hospital_message_mostly_stays BEFORE UPDATE ON public.hospital_message FOR EACH ROW EXECUTE FUNCTION refuse_other_change('site_id', 'owner');
CREATE TRIGGER hospital_message_sealed_delete AFTER DELETE ON public.hospital_message REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_hospital_message();
CREATE TRIGGER hospital_message_sealed_insert AFTER INSERT ON public.hospital_message REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_hospital_message();
CREATE TRIGGER hospital_message_sealed_update AFTER UPDATE ON public.hospital_message REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_hospital_message();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE hospital_outcome (
    id bigint NOT NULL GENERATED AS IDENTITY,
    message_id bigint NOT NULL,
    outcome text NOT NULL,
    answer text NOT NULL,
    text text NOT NULL,
    faults jsonb NOT NULL DEFAULT '[]'::jsonb,
    map_sha256 text NOT NULL DEFAULT ''::text,
    by_whom text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT hospital_outcome_answer_check CHECK ((answer = ANY (ARRAY['AA'::text, 'AE'::text, 'AR'::text]))),
    CONSTRAINT hospital_outcome_message_id_fkey FOREIGN KEY (message_id) REFERENCES hospital_message(id),
    CONSTRAINT hospital_outcome_outcome_check CHECK ((outcome = ANY (ARRAY['booked'::text, 'with_cases'::text, 'ordered'::text, 'noted'::text, 'not_understood'::text, 'refused'::text]))),
    CONSTRAINT hospital_outcome_pkey PRIMARY KEY (id)
);
CREATE INDEX hospital_outcome_message ON public.hospital_outcome USING btree (message_id, id DESC);
CREATE TRIGGER hospital_outcome_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.hospital_outcome FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER hospital_outcome_sealed_delete AFTER DELETE ON public.hospital_outcome REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_hospital_outcome();
CREATE TRIGGER hospital_outcome_sealed_insert AFTER INSERT ON public.hospital_outcome REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_hospital_outcome();
CREATE TRIGGER hospital_outcome_sealed_update AFTER UPDATE ON public.hospital_outcome REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_hospital_outcome();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE hospital_patient (
    fact text NOT NULL,
    patient text NOT NULL,
    CONSTRAINT hospital_patient_patient_check CHECK (starts_with(patient, 'personal:'::text)),
    CONSTRAINT hospital_patient_pkey PRIMARY KEY (fact)
);
CREATE INDEX hospital_patient_patient ON public.hospital_patient USING btree (patient);
CREATE TRIGGER hospital_patient_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.hospital_patient FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER hospital_patient_sealed_delete AFTER DELETE ON public.hospital_patient REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_hospital_patient();
CREATE TRIGGER hospital_patient_sealed_insert AFTER INSERT ON public.hospital_patient REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_hospital_patient();
CREATE TRIGGER hospital_patient_sealed_update AFTER UPDATE ON public.hospital_patient REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_hospital_patient();
ALTER TABLE hospital_patient ENABLE ROW LEVEL SECURITY;
ALTER TABLE hospital_patient FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON hospital_patient AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON hospital_patient AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM movement m
  WHERE (m.fact = hospital_patient.fact)))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres,lotwarden_client=r/postgres}

CREATE TABLE interop_connection (
    name text NOT NULL,
    url text NOT NULL DEFAULT ''::text,
    shown text NOT NULL DEFAULT ''::text,
    secret text NOT NULL DEFAULT ''::text,
    previous_secret text NOT NULL DEFAULT ''::text,
    previous_secret_until timestamp with time zone,
    scopes text[] NOT NULL DEFAULT '{}'::text[],
    event_kinds text[] NOT NULL DEFAULT '{}'::text[],
    requests_per_minute integer NOT NULL,
    key_sha256 text,
    previous_key_sha256 text,
    previous_key_until timestamp with time zone,
    active boolean NOT NULL DEFAULT true,
    paused_at timestamp with time zone,
    paused_why text NOT NULL DEFAULT ''::text,
    followed_to bigint NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    failing_since timestamp with time zone,
    next_at timestamp with time zone,
    last_error text NOT NULL DEFAULT ''::text,
    last_sent_at timestamp with time zone,
    created_by text NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT interop_connection_key_sha256_key UNIQUE (key_sha256),
    CONSTRAINT interop_connection_pkey PRIMARY KEY (name),
    CONSTRAINT interop_connection_previous_key_sha256_key UNIQUE (previous_key_sha256),
    CONSTRAINT interop_connection_requests_per_minute_check CHECK ((requests_per_minute > 0))
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE interop_connection_use (
    connection text NOT NULL,
    requests_left double precision NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    CONSTRAINT interop_connection_use_connection_fkey FOREIGN KEY (connection) REFERENCES interop_connection(name),
    CONSTRAINT interop_connection_use_pkey PRIMARY KEY (connection)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE interop_delivery (
    id bigint NOT NULL GENERATED AS IDENTITY,
    connection text NOT NULL,
    message_id text NOT NULL,
    kind text NOT NULL,
    "position" bigint,
    event_id bigint,
    document_id bigint,
    media_type text NOT NULL,
    made_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    attempts integer NOT NULL DEFAULT 0,
    claimed_until timestamp with time zone,
    sent_at timestamp with time zone,
    withdrawn_at timestamp with time zone,
    last_error text NOT NULL DEFAULT ''::text,
    CONSTRAINT interop_delivery_check CHECK ((num_nonnulls(event_id, document_id) = 1)),
    CONSTRAINT interop_delivery_check1 CHECK (((event_id IS NULL) = ("position" IS NULL))),
    CONSTRAINT interop_delivery_connection_fkey FOREIGN KEY (connection) REFERENCES interop_connection(name),
    CONSTRAINT interop_delivery_connection_message_id_key UNIQUE (connection, message_id),
    CONSTRAINT interop_delivery_document_id_fkey FOREIGN KEY (document_id) REFERENCES interop_document(id),
    CONSTRAINT interop_delivery_event_id_fkey FOREIGN KEY (event_id) REFERENCES event(id),
    CONSTRAINT interop_delivery_pkey PRIMARY KEY (id)
);
CREATE INDEX interop_delivery_done ON public.interop_delivery USING btree (COALESCE(sent_at, withdrawn_at)) WHERE ((sent_at IS NOT NULL) OR (withdrawn_at IS NOT NULL));
CREATE INDEX interop_delivery_position ON public.interop_delivery USING btree (connection, "position");
CREATE INDEX interop_delivery_unsent ON public.interop_delivery USING btree (connection, attempts, id) WHERE ((sent_at IS NULL) AND (withdrawn_at IS NULL));
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE interop_document (
    id bigint NOT NULL GENERATED AS IDENTITY,
    kind text NOT NULL,
    media_type text NOT NULL,
    content bytea,
    bytes bigint NOT NULL,
    sha256 bytea NOT NULL,
    told_by text NOT NULL,
    received_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT interop_document_bytes_check CHECK ((bytes >= 0)),
    CONSTRAINT interop_document_kind_check CHECK ((kind <> ''::text)),
    CONSTRAINT interop_document_kind_told_by_sha256_key UNIQUE (kind, told_by, sha256),
    CONSTRAINT interop_document_pkey PRIMARY KEY (id),
    CONSTRAINT interop_document_sha256_check CHECK ((length(sha256) = 32)),
    CONSTRAINT interop_document_told_by_check CHECK ((told_by <> ''::text))
);
CREATE INDEX interop_document_received ON public.interop_document USING btree (received_at);
CREATE TRIGGER interop_document_append_only BEFORE DELETE OR TRUNCATE ON public.interop_document FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER interop_document_mostly_stays BEFORE UPDATE ON public.interop_document FOR EACH ROW EXECUTE FUNCTION refuse_other_change('content');
CREATE TRIGGER interop_document_sealed_delete AFTER DELETE ON public.interop_document REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_interop_document();
CREATE TRIGGER interop_document_sealed_insert AFTER INSERT ON public.interop_document REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_interop_document();
CREATE TRIGGER interop_document_sealed_update AFTER UPDATE ON public.interop_document REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_interop_document();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE item (
    id bigint NOT NULL GENERATED AS IDENTITY,
    name text NOT NULL,
    title text NOT NULL DEFAULT ''::text,
    base_unit text NOT NULL DEFAULT 'each'::text,
    expiry_required boolean NOT NULL DEFAULT true,
    serial_tracked boolean NOT NULL DEFAULT false,
    ndc text NOT NULL DEFAULT ''::text,
    storage_class text,
    allowance_minutes integer,
    allowance_c_max double precision,
    receipt_inspection boolean NOT NULL DEFAULT false,
    shelf_life_days integer,
    receipt_days_min integer,
    controlled_schedule text NOT NULL DEFAULT ''::text,
    compounding text NOT NULL DEFAULT ''::text,
    CONSTRAINT item_allowance_minutes_check CHECK ((allowance_minutes >= 0)),
    CONSTRAINT item_compounding_check CHECK ((compounding = ANY (ARRAY[''::text, '503A'::text, '503B'::text]))),
    CONSTRAINT item_controlled_schedule_check CHECK ((controlled_schedule = ANY (ARRAY[''::text, 'I'::text, 'II'::text, 'III'::text, 'IV'::text, 'V'::text]))),
    CONSTRAINT item_name_key UNIQUE (name),
    CONSTRAINT item_pkey PRIMARY KEY (id),
    CONSTRAINT item_receipt_days_min_check CHECK ((receipt_days_min >= 0)),
    CONSTRAINT item_shelf_life_days_check CHECK ((shelf_life_days > 0)),
    CONSTRAINT item_storage_class_fkey FOREIGN KEY (storage_class) REFERENCES policy(name)
);
ALTER TABLE item ENABLE ROW LEVEL SECURITY;
ALTER TABLE item FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON item AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON item AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((id IN ( SELECT lot.item_id
   FROM lot
UNION
 SELECT order_line.item_id
   FROM order_line))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres,lotwarden_client=r/postgres}

CREATE TABLE item_code (
    key text NOT NULL,
    item_id bigint NOT NULL,
    base_units bigint NOT NULL,
    code text NOT NULL,
    said boolean NOT NULL,
    CONSTRAINT item_code_base_units_check CHECK ((base_units > 0)),
    CONSTRAINT item_code_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT item_code_key_check CHECK ((key ~ '^(ndc|ndc10|hibc):.'::text)),
    CONSTRAINT item_code_pkey PRIMARY KEY (key)
);
CREATE INDEX item_code_item ON public.item_code USING btree (item_id);
ALTER TABLE item_code ENABLE ROW LEVEL SECURITY;
ALTER TABLE item_code FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON item_code AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON item_code AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM item
  WHERE (item.id = item_code.item_id)))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres,lotwarden_client=r/postgres}

CREATE TABLE item_cost (
    id bigint NOT NULL GENERATED AS IDENTITY,
    item_id bigint NOT NULL,
    supplier_id bigint,
    valid_from date NOT NULL,
    cost numeric NOT NULL,
    currency text NOT NULL,
    told_by text NOT NULL,
    told_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    document_id bigint,
    CONSTRAINT item_cost_cost_check CHECK ((cost >= (0)::numeric)),
    CONSTRAINT item_cost_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT item_cost_document_id_fkey FOREIGN KEY (document_id) REFERENCES interop_document(id),
    CONSTRAINT item_cost_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT item_cost_pkey PRIMARY KEY (id),
    CONSTRAINT item_cost_supplier_id_fkey FOREIGN KEY (supplier_id) REFERENCES place(id)
);
CREATE INDEX item_cost_item ON public.item_cost USING btree (item_id, valid_from DESC, id DESC);
CREATE TRIGGER item_cost_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.item_cost FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER item_cost_sealed_delete AFTER DELETE ON public.item_cost REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_item_cost();
CREATE TRIGGER item_cost_sealed_insert AFTER INSERT ON public.item_cost REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_item_cost();
CREATE TRIGGER item_cost_sealed_update AFTER UPDATE ON public.item_cost REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_item_cost();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE item_gtin (
    gtin text NOT NULL,
    item_id bigint NOT NULL,
    base_units bigint NOT NULL DEFAULT 1,
    CONSTRAINT item_gtin_base_units_check CHECK ((base_units > 0)),
    CONSTRAINT item_gtin_gtin_check CHECK ((gtin ~ '^[0-9]{14}$'::text)),
    CONSTRAINT item_gtin_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT item_gtin_pkey PRIMARY KEY (gtin)
);
ALTER TABLE item_gtin ENABLE ROW LEVEL SECURITY;
ALTER TABLE item_gtin FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON item_gtin AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON item_gtin AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM item
  WHERE (item.id = item_gtin.item_id)))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres,lotwarden_client=r/postgres}

CREATE TABLE item_substitute (
    item_id bigint NOT NULL,
    rank smallint NOT NULL,
    substitute_id bigint NOT NULL,
    CONSTRAINT item_substitute_check CHECK ((item_id <> substitute_id)),
    CONSTRAINT item_substitute_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT item_substitute_item_id_substitute_id_key UNIQUE (item_id, substitute_id),
    CONSTRAINT item_substitute_pkey PRIMARY KEY (item_id, rank),
    CONSTRAINT item_substitute_substitute_id_fkey FOREIGN KEY (substitute_id) REFERENCES item(id)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE lane_progress (
    gateway_id bigint NOT NULL,
    journal uuid NOT NULL,
    lane text NOT NULL,
    next_seq bigint NOT NULL DEFAULT 1,
    max_seq bigint NOT NULL DEFAULT 0,
    horizon_at timestamp with time zone,
    CONSTRAINT lane_progress_gateway_id_fkey FOREIGN KEY (gateway_id) REFERENCES gateway(id),
    CONSTRAINT lane_progress_pkey PRIMARY KEY (gateway_id, journal, lane)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE ledger_key (
    id bigint NOT NULL GENERATED AS IDENTITY,
    public_key bytea NOT NULL,
    private_key bytea NOT NULL,
    previous bytea,
    handover bytea,
    made_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT ledger_key_check CHECK (((previous IS NULL) = (handover IS NULL))),
    CONSTRAINT ledger_key_handover_check CHECK ((length(handover) = 64)),
    CONSTRAINT ledger_key_pkey PRIMARY KEY (id),
    CONSTRAINT ledger_key_previous_fkey FOREIGN KEY (previous) REFERENCES ledger_key(public_key),
    CONSTRAINT ledger_key_private_key_check CHECK ((length(private_key) = 32)),
    CONSTRAINT ledger_key_public_key_check CHECK ((length(public_key) = 32)),
    CONSTRAINT ledger_key_public_key_key UNIQUE (public_key)
);
CREATE TRIGGER ledger_key_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.ledger_key FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_key_sealed_delete AFTER DELETE ON public.ledger_key REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_ledger_key();
CREATE TRIGGER ledger_key_sealed_insert AFTER INSERT ON public.ledger_key REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_ledger_key();
CREATE TRIGGER ledger_key_sealed_update AFTER UPDATE ON public.ledger_key REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_ledger_key();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE legal_hold (
    id bigint NOT NULL GENERATED AS IDENTITY,
    case_id bigint,
    lot_id bigint,
    item_id bigint,
    reason text NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    decision text,
    decided_by text,
    decided_at timestamp with time zone,
    decision_reason text,
    lift_asked_by text,
    lift_asked_at timestamp with time zone,
    lift_reason text,
    lifted_by text,
    lifted_at timestamp with time zone,
    CONSTRAINT legal_hold_case_id_fkey FOREIGN KEY (case_id) REFERENCES exception_case(id),
    CONSTRAINT legal_hold_check CHECK ((num_nonnulls(case_id, lot_id, item_id) = 1)),
    CONSTRAINT legal_hold_check1 CHECK ((num_nulls(decision, decided_by, decided_at, decision_reason) = ANY (ARRAY[0, 4]))),
    CONSTRAINT legal_hold_check2 CHECK ((num_nulls(lift_asked_by, lift_asked_at, lift_reason) = ANY (ARRAY[0, 3]))),
    CONSTRAINT legal_hold_check3 CHECK ((num_nulls(lifted_by, lifted_at) = ANY (ARRAY[0, 2]))),
    CONSTRAINT legal_hold_check4 CHECK ((decided_by <> asked_by)),
    CONSTRAINT legal_hold_check5 CHECK (((lifted_at IS NULL) OR ((lift_asked_by IS NOT NULL) AND (lifted_by <> lift_asked_by)))),
    CONSTRAINT legal_hold_decision_check CHECK ((decision = ANY (ARRAY['approved'::text, 'rejected'::text]))),
    CONSTRAINT legal_hold_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT legal_hold_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
    CONSTRAINT legal_hold_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX legal_hold_open ON public.legal_hold USING btree (COALESCE(case_id, (0)::bigint), COALESCE(lot_id, (0)::bigint), COALESCE(item_id, (0)::bigint)) WHERE ((lifted_at IS NULL) AND (decision IS DISTINCT FROM 'rejected'::text));
CREATE TRIGGER legal_hold_append_only BEFORE DELETE OR TRUNCATE ON public.legal_hold FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER legal_hold_mostly_stays BEFORE UPDATE ON public.legal_hold FOR EACH ROW EXECUTE FUNCTION refuse_other_change('decision', 'decided_by', 'decided_at', 'decision_reason', 'lift_asked_by', 'lift_asked_at', 'lift_reason', 'lifted_by', 'lifted_at');
CREATE TRIGGER legal_hold_sealed_delete AFTER DELETE ON public.legal_hold REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_legal_hold();
CREATE TRIGGER legal_hold_sealed_insert AFTER INSERT ON public.legal_hold REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_legal_hold();
CREATE TRIGGER legal_hold_sealed_update AFTER UPDATE ON public.legal_hold REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_legal_hold();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE logger_file (
    id bigint NOT NULL GENERATED AS IDENTITY,
    document_id bigint NOT NULL,
    order_id bigint,
    place_id bigint,
    gateway_id bigint,
    format text NOT NULL,
    is_verified boolean NOT NULL,
    device text NOT NULL,
    serial text NOT NULL,
    zone text NOT NULL,
    answers jsonb NOT NULL,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    readings integer NOT NULL,
    lowest double precision NOT NULL,
    highest double precision NOT NULL,
    device_verdict text NOT NULL,
    device_alarms text[] NOT NULL,
    policies text[] NOT NULL,
    verdict text NOT NULL,
    broken jsonb NOT NULL,
    explanation text NOT NULL,
    notes text[] NOT NULL,
    brought_by text NOT NULL,
    brought_at timestamp with time zone NOT NULL,
    CONSTRAINT logger_file_check CHECK ((last_at >= first_at)),
    CONSTRAINT logger_file_check1 CHECK ((num_nonnulls(order_id, place_id) =
CASE verdict
    WHEN 'waiting'::text THEN 0
    ELSE 1
END)),
    CONSTRAINT logger_file_device_verdict_check CHECK ((device_verdict = ANY (ARRAY['alarm'::text, 'ok'::text, ''::text]))),
    CONSTRAINT logger_file_document_id_fkey FOREIGN KEY (document_id) REFERENCES interop_document(id),
    CONSTRAINT logger_file_document_id_order_id_place_id_key UNIQUE NULLS NOT DISTINCT (document_id, order_id, place_id),
    CONSTRAINT logger_file_gateway_id_fkey FOREIGN KEY (gateway_id) REFERENCES gateway(id),
    CONSTRAINT logger_file_order_id_fkey FOREIGN KEY (order_id) REFERENCES stock_order(id),
    CONSTRAINT logger_file_pkey PRIMARY KEY (id),
    CONSTRAINT logger_file_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
    CONSTRAINT logger_file_verdict_check CHECK ((verdict = ANY (ARRAY['broken'::text, 'kept'::text, 'judged_in_place'::text, 'waiting'::text])))
);
CREATE INDEX logger_file_order ON public.logger_file USING btree (order_id) WHERE (order_id IS NOT NULL);
CREATE INDEX logger_file_place ON public.logger_file USING btree (place_id, last_at) WHERE (place_id IS NOT NULL);
CREATE TRIGGER logger_file_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.logger_file FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER logger_file_sealed_delete AFTER DELETE ON public.logger_file REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_logger_file();
CREATE TRIGGER logger_file_sealed_insert AFTER INSERT ON public.logger_file REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_logger_file();
CREATE TRIGGER logger_file_sealed_update AFTER UPDATE ON public.logger_file REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_logger_file();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE lost_serial (
    id bigint NOT NULL GENERATED AS IDENTITY,
    item_id bigint NOT NULL,
    serial text NOT NULL,
    why text NOT NULL,
    description text NOT NULL,
    lost_at timestamp with time zone NOT NULL,
    reported_by text NOT NULL,
    reported_at timestamp with time zone NOT NULL,
    found_by text,
    found_at timestamp with time zone,
    found_how text,
    CONSTRAINT lost_serial_check CHECK ((num_nulls(found_by, found_at, found_how) = ANY (ARRAY[0, 3]))),
    CONSTRAINT lost_serial_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT lost_serial_pkey PRIMARY KEY (id),
    CONSTRAINT lost_serial_serial_check CHECK ((serial <> ''::text)),
    CONSTRAINT lost_serial_why_check CHECK ((why = ANY (ARRAY['lost'::text, 'stolen'::text, 'counterfeit'::text])))
);
CREATE UNIQUE INDEX lost_serial_open ON public.lost_serial USING btree (item_id, serial) WHERE (found_at IS NULL);
CREATE TRIGGER lost_serial_append_only BEFORE DELETE OR TRUNCATE ON public.lost_serial FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER lost_serial_mostly_stays BEFORE UPDATE ON public.lost_serial FOR EACH ROW EXECUTE FUNCTION refuse_other_change('found_by', 'found_at', 'found_how');
CREATE TRIGGER lost_serial_sealed_delete AFTER DELETE ON public.lost_serial REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_lost_serial();
CREATE TRIGGER lost_serial_sealed_insert AFTER INSERT ON public.lost_serial REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_lost_serial();
CREATE TRIGGER lost_serial_sealed_update AFTER UPDATE ON public.lost_serial REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_lost_serial();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE lot (
    id bigint NOT NULL GENERATED AS IDENTITY,
    item_id bigint NOT NULL,
    lot_number text NOT NULL,
    owner text NOT NULL,
    expires_on date,
    expires_exactly timestamp with time zone,
    expires_hour time without time zone,
    is_expiry_corrected boolean NOT NULL DEFAULT false,
    is_wholly_exposed boolean NOT NULL DEFAULT false,
    received_at timestamp with time zone,
    CONSTRAINT lot_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT lot_item_id_lot_number_owner_key UNIQUE (item_id, lot_number, owner),
    CONSTRAINT lot_owner_fkey FOREIGN KEY (owner) REFERENCES owner(name),
    CONSTRAINT lot_pkey PRIMARY KEY (id)
);
CREATE INDEX lot_expiry ON public.lot USING btree (expires_on, id);
CREATE INDEX lot_exposed ON public.lot USING btree (item_id, owner) WHERE is_wholly_exposed;
CREATE INDEX lot_fefo ON public.lot USING btree (item_id, owner, expires_on, expires_hour, received_at, id);
CREATE INDEX lot_fefo_exposed ON public.lot USING btree (item_id, owner, expires_on, expires_hour, received_at, id) WHERE is_wholly_exposed;
CREATE INDEX lot_fefo_free ON public.lot USING btree (item_id, owner, expires_on, expires_hour, received_at, id) WHERE (NOT is_wholly_exposed);
CREATE INDEX lot_number ON public.lot USING btree (lot_number);
CREATE INDEX lot_words ON public.lot USING btree (lower(lot_number) COLLATE "C");
CREATE TRIGGER lot_stays BEFORE DELETE OR UPDATE OF id OR TRUNCATE ON public.lot FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();
ALTER TABLE lot ENABLE ROW LEVEL SECURITY;
ALTER TABLE lot FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON lot AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON lot AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((owner = NULLIF(current_setting('lotwarden.owner'::text, true), ''::text))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres,lotwarden_client=r/postgres}

CREATE TABLE master_formulation_record (
    id bigint NOT NULL GENERATED AS IDENTITY,
    name text NOT NULL,
    version integer NOT NULL,
    item_id bigint NOT NULL,
    body jsonb NOT NULL,
    drafted_by text NOT NULL,
    drafted_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    approved_by text,
    approved_at timestamp with time zone,
    CONSTRAINT master_formulation_record_approved CHECK (((approved_by IS NULL) = (approved_at IS NULL))),
    CONSTRAINT master_formulation_record_approved_by_another CHECK ((approved_by <> drafted_by)),
    CONSTRAINT master_formulation_record_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT master_formulation_record_name_version_key UNIQUE (name, version),
    CONSTRAINT master_formulation_record_pkey PRIMARY KEY (id),
    CONSTRAINT master_formulation_record_version_check CHECK ((version > 0))
);
CREATE TRIGGER master_formulation_record_append_only BEFORE DELETE OR TRUNCATE ON public.master_formulation_record FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER master_formulation_record_mostly_stays BEFORE UPDATE ON public.master_formulation_record FOR EACH ROW EXECUTE FUNCTION refuse_other_change('approved_by', 'approved_at');
CREATE TRIGGER master_formulation_record_never_changes BEFORE UPDATE ON public.master_formulation_record FOR EACH ROW EXECUTE FUNCTION refuse_master_record_change();
CREATE TRIGGER master_formulation_record_sealed_delete AFTER DELETE ON public.master_formulation_record REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_master_formulation_record();
CREATE TRIGGER master_formulation_record_sealed_insert AFTER INSERT ON public.master_formulation_record REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_master_formulation_record();
CREATE TRIGGER master_formulation_record_sealed_update AFTER UPDATE ON public.master_formulation_record REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_master_formulation_record();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE movement (
    id bigint NOT NULL GENERATED AS IDENTITY,
    fact text NOT NULL,
    lot_id bigint NOT NULL,
    serial text NOT NULL DEFAULT ''::text,
    quantity bigint NOT NULL,
    from_place bigint NOT NULL,
    to_place bigint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    action text NOT NULL,
    operator text NOT NULL DEFAULT ''::text,
    order_ref text NOT NULL DEFAULT ''::text,
    event_id bigint NOT NULL,
    said_at timestamp with time zone,
    earliest_at timestamp with time zone,
    latest_at timestamp with time zone,
    came_at timestamp with time zone NOT NULL GENERATED ALWAYS AS (COALESCE(earliest_at, occurred_at)),
    left_at timestamp with time zone NOT NULL GENERATED ALWAYS AS (COALESCE(latest_at, occurred_at)),
    CONSTRAINT movement_check CHECK ((from_place <> to_place)),
    CONSTRAINT movement_check2 CHECK ((((earliest_at IS NULL) = (latest_at IS NULL)) AND (earliest_at <= latest_at))),
    CONSTRAINT movement_fact_key UNIQUE (fact),
    CONSTRAINT movement_pkey PRIMARY KEY (id),
    CONSTRAINT movement_quantity_check CHECK (((quantity > 0) OR ((quantity = 0) AND (action = 'count'::text)))),
    CONSTRAINT movement_serial_is_one_unit CHECK (((serial = ''::text) OR (quantity = 1) OR (serial ~~ '(%)%(21)%'::text) OR (action = 'count'::text)))
);
CREATE INDEX movement_dispensed ON public.movement USING btree (id) WHERE (action = 'dispense'::text);
CREATE INDEX movement_from_place ON public.movement USING btree (from_place, occurred_at);
CREATE INDEX movement_in ON public.movement USING btree (lot_id, to_place, serial, came_at);
CREATE INDEX movement_occurred ON public.movement USING btree (occurred_at DESC, id DESC);
CREATE INDEX movement_opening ON public.movement USING btree (id) WHERE (action = 'opening'::text);
CREATE INDEX movement_order ON public.movement USING btree (order_ref) WHERE (order_ref <> ''::text);
CREATE INDEX movement_out ON public.movement USING btree (lot_id, from_place, serial, left_at);
CREATE INDEX movement_said ON public.movement USING btree (said_at, id) WHERE (said_at IS NOT NULL);
CREATE INDEX movement_serial ON public.movement USING btree (serial) WHERE (serial <> ''::text);
CREATE INDEX movement_to_place ON public.movement USING btree (to_place, occurred_at);
CREATE INDEX movement_typed ON public.movement USING btree (lot_id, from_place, serial) WHERE (latest_at IS NOT NULL);
CREATE TRIGGER movement_append_only BEFORE DELETE OR TRUNCATE ON public.movement FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER movement_names_what_is AFTER INSERT ON public.movement REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION look_up_what_movements_name();
CREATE TRIGGER movement_only_time_changes AFTER UPDATE ON public.movement FOR EACH ROW EXECUTE FUNCTION refuse_other_movement();
CREATE TRIGGER movement_sealed_delete AFTER DELETE ON public.movement REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_movement();
CREATE TRIGGER movement_sealed_insert AFTER INSERT ON public.movement REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_movement();
CREATE TRIGGER movement_sealed_update AFTER UPDATE ON public.movement REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_movement();
CREATE TRIGGER movement_still_names_what_is AFTER UPDATE ON public.movement REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION look_up_what_movements_name();
ALTER TABLE movement ENABLE ROW LEVEL SECURITY;
ALTER TABLE movement FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON movement AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON movement AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM lot
  WHERE (lot.id = movement.lot_id)))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres,lotwarden_client=r/postgres}

CREATE TABLE notice (
    evidence_id bigint NOT NULL,
    seq bigint NOT NULL,
    gateway_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    text text NOT NULL,
    data jsonb NOT NULL DEFAULT '{}'::jsonb,
    CONSTRAINT notice_evidence_id_fkey FOREIGN KEY (evidence_id) REFERENCES evidence(id),
    CONSTRAINT notice_gateway_id_fkey FOREIGN KEY (gateway_id) REFERENCES gateway(id),
    CONSTRAINT notice_pkey PRIMARY KEY (evidence_id, seq)
);
CREATE INDEX notice_latest ON public.notice USING btree (gateway_id, kind, at DESC);
CREATE TRIGGER notice_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.notice FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER notice_sealed_delete AFTER DELETE ON public.notice REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_notice();
CREATE TRIGGER notice_sealed_insert AFTER INSERT ON public.notice REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_notice();
CREATE TRIGGER notice_sealed_update AFTER UPDATE ON public.notice REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_notice();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE oidc_arrival (
    browser_sha256 text NOT NULL,
    issuer text NOT NULL,
    subject text NOT NULL,
    next text NOT NULL,
    arrived_at timestamp with time zone NOT NULL,
    CONSTRAINT oidc_arrival_pkey PRIMARY KEY (browser_sha256)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE oidc_request (
    state_sha256 text NOT NULL,
    browser_sha256 text NOT NULL,
    nonce text NOT NULL,
    verifier text NOT NULL,
    next text NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    CONSTRAINT oidc_request_pkey PRIMARY KEY (state_sha256)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE operator (
    name text NOT NULL,
    badge text NOT NULL,
    active boolean NOT NULL DEFAULT true,
    pin text,
    CONSTRAINT operator_badge_key UNIQUE (badge),
    CONSTRAINT operator_pkey PRIMARY KEY (name)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE operator_site (
    operator text NOT NULL,
    site_id bigint NOT NULL,
    CONSTRAINT operator_site_operator_fkey FOREIGN KEY (operator) REFERENCES operator(name),
    CONSTRAINT operator_site_pkey PRIMARY KEY (operator, site_id),
    CONSTRAINT operator_site_site_id_fkey FOREIGN KEY (site_id) REFERENCES place(id)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE order_line (
    order_id bigint NOT NULL,
    line smallint NOT NULL,
    item_id bigint NOT NULL,
    quantity bigint NOT NULL,
    lot_number text NOT NULL DEFAULT ''::text,
    serial text NOT NULL DEFAULT ''::text,
    instead_of smallint,
    CONSTRAINT order_line_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT order_line_line_check CHECK ((line > 0)),
    CONSTRAINT order_line_order_id_fkey FOREIGN KEY (order_id) REFERENCES stock_order(id),
    CONSTRAINT order_line_order_id_instead_of_fkey FOREIGN KEY (order_id, instead_of) REFERENCES order_line(order_id, line),
    CONSTRAINT order_line_order_id_item_id_lot_number_serial_key UNIQUE (order_id, item_id, lot_number, serial),
    CONSTRAINT order_line_pkey PRIMARY KEY (order_id, line),
    CONSTRAINT order_line_quantity_check CHECK ((quantity > 0))
);
CREATE INDEX order_line_item ON public.order_line USING btree (item_id);
CREATE TRIGGER order_line_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.order_line FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER order_line_sealed_delete AFTER DELETE ON public.order_line REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_order_line();
CREATE TRIGGER order_line_sealed_insert AFTER INSERT ON public.order_line REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_order_line();
CREATE TRIGGER order_line_sealed_update AFTER UPDATE ON public.order_line REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_order_line();
ALTER TABLE order_line ENABLE ROW LEVEL SECURITY;
ALTER TABLE order_line FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON order_line AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON order_line AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM stock_order
  WHERE (stock_order.id = order_line.order_id)))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres,lotwarden_client=r/postgres}

CREATE TABLE order_step (
    id bigint NOT NULL GENERATED AS IDENTITY,
    order_id bigint NOT NULL,
    step text NOT NULL,
    line smallint,
    quantity bigint,
    by_whom text NOT NULL,
    at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    reason text NOT NULL DEFAULT ''::text,
    CONSTRAINT order_step_check CHECK ((((step = 'cancelled'::text) = (line IS NOT NULL)) AND ((line IS NULL) = (quantity IS NULL)))),
    CONSTRAINT order_step_order_id_fkey FOREIGN KEY (order_id) REFERENCES stock_order(id),
    CONSTRAINT order_step_order_id_line_fkey FOREIGN KEY (order_id, line) REFERENCES order_line(order_id, line),
    CONSTRAINT order_step_pkey PRIMARY KEY (id),
    CONSTRAINT order_step_quantity_check CHECK ((quantity > 0)),
    CONSTRAINT order_step_step_check CHECK ((step = ANY (ARRAY['approved'::text, 'rejected'::text, 'ordered'::text, 'cancelled'::text, 'witnessed'::text])))
);
CREATE UNIQUE INDEX order_step_once ON public.order_step USING btree (order_id, step) WHERE (line IS NULL);
CREATE INDEX order_step_order ON public.order_step USING btree (order_id, id);
CREATE TRIGGER order_step_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.order_step FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER order_step_sealed_delete AFTER DELETE ON public.order_step REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_order_step();
CREATE TRIGGER order_step_sealed_insert AFTER INSERT ON public.order_step REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_order_step();
CREATE TRIGGER order_step_sealed_update AFTER UPDATE ON public.order_step REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_order_step();
ALTER TABLE order_step ENABLE ROW LEVEL SECURITY;
ALTER TABLE order_step FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON order_step AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON order_step AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM stock_order
  WHERE (stock_order.id = order_step.order_id)))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres,lotwarden_client=r/postgres}

CREATE TABLE order_urgency (
    order_id bigint NOT NULL,
    urgency text NOT NULL,
    CONSTRAINT order_urgency_order_id_fkey FOREIGN KEY (order_id) REFERENCES stock_order(id),
    CONSTRAINT order_urgency_pkey PRIMARY KEY (order_id),
    CONSTRAINT order_urgency_urgency_check CHECK ((urgency = ANY (ARRAY['urgent'::text, 'emergency'::text])))
);
CREATE TRIGGER order_urgency_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.order_urgency FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER order_urgency_sealed_delete AFTER DELETE ON public.order_urgency REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_order_urgency();
CREATE TRIGGER order_urgency_sealed_insert AFTER INSERT ON public.order_urgency REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_order_urgency();
CREATE TRIGGER order_urgency_sealed_update AFTER UPDATE ON public.order_urgency REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_order_urgency();
ALTER TABLE order_urgency ENABLE ROW LEVEL SECURITY;
ALTER TABLE order_urgency FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON order_urgency AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON order_urgency AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM stock_order
  WHERE (stock_order.id = order_urgency.order_id)))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres,lotwarden_client=r/postgres}

CREATE TABLE owner (
    name text NOT NULL,
    title text NOT NULL DEFAULT ''::text,
    payer_class text NOT NULL DEFAULT ''::text,
    CONSTRAINT owner_payer_class_check CHECK ((payer_class = ANY (ARRAY[''::text, 'purchased'::text, '340B'::text, 'consignment'::text, 'patient_owned'::text]))),
    CONSTRAINT owner_pkey PRIMARY KEY (name)
);
ALTER TABLE owner ENABLE ROW LEVEL SECURITY;
ALTER TABLE owner FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON owner AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON owner AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((name = NULLIF(current_setting('lotwarden.owner'::text, true), ''::text))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres,lotwarden_client=r/postgres}

CREATE TABLE paper_line (
    sheet text NOT NULL,
    line integer NOT NULL,
    fact text NOT NULL,
    told_sha256 bytea NOT NULL,
    written_at timestamp with time zone NOT NULL,
    entered_by text NOT NULL,
    entered_at timestamp with time zone NOT NULL,
    event_id bigint NOT NULL,
    CONSTRAINT paper_line_event_id_fkey FOREIGN KEY (event_id) REFERENCES event(id),
    CONSTRAINT paper_line_fact_key UNIQUE (fact),
    CONSTRAINT paper_line_line_check CHECK (((line >= 1) AND (line <= 99))),
    CONSTRAINT paper_line_pkey PRIMARY KEY (sheet, line)
);
CREATE INDEX paper_line_entered ON public.paper_line USING btree (entered_at);
CREATE TRIGGER paper_line_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.paper_line FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER paper_line_sealed_delete AFTER DELETE ON public.paper_line REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_paper_line();
CREATE TRIGGER paper_line_sealed_insert AFTER INSERT ON public.paper_line REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_paper_line();
CREATE TRIGGER paper_line_sealed_update AFTER UPDATE ON public.paper_line REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_paper_line();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE paper_schedule (
    name text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    target text NOT NULL,
    every text NOT NULL,
    zone text NOT NULL,
    next_at timestamp with time zone NOT NULL,
    active boolean NOT NULL DEFAULT true,
    last_error text NOT NULL DEFAULT ''::text,
    set_by text NOT NULL,
    set_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT paper_schedule_every_check CHECK ((every = ANY (ARRAY['day'::text, 'week'::text, 'month'::text]))),
    CONSTRAINT paper_schedule_pkey PRIMARY KEY (name),
    CONSTRAINT paper_schedule_target_fkey FOREIGN KEY (target) REFERENCES alert_target(name)
);
CREATE INDEX paper_schedule_due ON public.paper_schedule USING btree (next_at) WHERE active;
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE paper_sheet_close (
    sheet text NOT NULL,
    lines_written integer NOT NULL,
    closed_by text NOT NULL,
    closed_at timestamp with time zone NOT NULL,
    remark text NOT NULL,
    CONSTRAINT paper_sheet_close_lines_written_check CHECK (((lines_written >= 0) AND (lines_written <= 99))),
    CONSTRAINT paper_sheet_close_pkey PRIMARY KEY (sheet)
);
CREATE TRIGGER paper_sheet_close_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.paper_sheet_close FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER paper_sheet_close_sealed_delete AFTER DELETE ON public.paper_sheet_close REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_paper_sheet_close();
CREATE TRIGGER paper_sheet_close_sealed_insert AFTER INSERT ON public.paper_sheet_close REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_paper_sheet_close();
CREATE TRIGGER paper_sheet_close_sealed_update AFTER UPDATE ON public.paper_sheet_close REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_paper_sheet_close();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE partner_licence (
    id bigint NOT NULL GENERATED AS IDENTITY,
    place_id bigint NOT NULL,
    kind text NOT NULL,
    number text NOT NULL,
    state text NOT NULL DEFAULT ''::text,
    valid_until date NOT NULL,
    verified_by text NOT NULL,
    verified_at timestamp with time zone NOT NULL,
    verified_with text NOT NULL,
    withdrawn_by text,
    withdrawn_at timestamp with time zone,
    withdrawn_reason text,
    CONSTRAINT partner_licence_check CHECK ((num_nulls(withdrawn_by, withdrawn_at, withdrawn_reason) = ANY (ARRAY[0, 3]))),
    CONSTRAINT partner_licence_kind_check CHECK ((kind = ANY (ARRAY['manufacturer'::text, 'repackager'::text, 'wholesale_distributor'::text, 'third_party_logistics'::text, 'dispenser'::text]))),
    CONSTRAINT partner_licence_number_check CHECK ((number <> ''::text)),
    CONSTRAINT partner_licence_pkey PRIMARY KEY (id),
    CONSTRAINT partner_licence_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id)
);
CREATE INDEX partner_licence_place ON public.partner_licence USING btree (place_id, kind, number, id DESC);
CREATE TRIGGER partner_licence_append_only BEFORE DELETE OR TRUNCATE ON public.partner_licence FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER partner_licence_mostly_stays BEFORE UPDATE ON public.partner_licence FOR EACH ROW EXECUTE FUNCTION refuse_other_change('withdrawn_by', 'withdrawn_at', 'withdrawn_reason');
CREATE TRIGGER partner_licence_sealed_delete AFTER DELETE ON public.partner_licence REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_partner_licence();
CREATE TRIGGER partner_licence_sealed_insert AFTER INSERT ON public.partner_licence REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_partner_licence();
CREATE TRIGGER partner_licence_sealed_update AFTER UPDATE ON public.partner_licence REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_partner_licence();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE partner_message (
    id bigint NOT NULL GENERATED AS IDENTITY,
    partner_id bigint NOT NULL,
    kind text NOT NULL,
    case_id bigint,
    subject text NOT NULL,
    body text NOT NULL,
    data jsonb NOT NULL DEFAULT '{}'::jsonb,
    made_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    sent_by text,
    sent_at timestamp with time zone,
    sent_how text,
    answered_by text,
    answered_at timestamp with time zone,
    answer text,
    withdrawn_at timestamp with time zone,
    CONSTRAINT partner_message_case_id_fkey FOREIGN KEY (case_id) REFERENCES exception_case(id),
    CONSTRAINT partner_message_check CHECK ((num_nulls(sent_by, sent_at, sent_how) = ANY (ARRAY[0, 3]))),
    CONSTRAINT partner_message_check1 CHECK ((num_nulls(answered_by, answered_at, answer) = ANY (ARRAY[0, 3]))),
    CONSTRAINT partner_message_partner_id_fkey FOREIGN KEY (partner_id) REFERENCES place(id),
    CONSTRAINT partner_message_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX partner_message_case ON public.partner_message USING btree (case_id, partner_id, kind) WHERE (withdrawn_at IS NULL);
CREATE INDEX partner_message_partner ON public.partner_message USING btree (partner_id, id);
CREATE INDEX partner_message_waiting ON public.partner_message USING btree (made_at) WHERE ((sent_at IS NULL) AND (withdrawn_at IS NULL));
CREATE TRIGGER partner_message_append_only BEFORE DELETE OR TRUNCATE ON public.partner_message FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER partner_message_mostly_stays BEFORE UPDATE ON public.partner_message FOR EACH ROW EXECUTE FUNCTION refuse_other_change('sent_by', 'sent_at', 'sent_how', 'answered_by', 'answered_at', 'answer', 'withdrawn_at');
CREATE TRIGGER partner_message_sealed_delete AFTER DELETE ON public.partner_message REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_partner_message();
CREATE TRIGGER partner_message_sealed_insert AFTER INSERT ON public.partner_message REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_partner_message();
CREATE TRIGGER partner_message_sealed_update AFTER UPDATE ON public.partner_message REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_partner_message();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE personal_data (
    token text NOT NULL,
    person text NOT NULL,
    field text NOT NULL,
    value text,
    salt bytea,
    kept_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    erased_at timestamp with time zone,
    CONSTRAINT personal_data_check CHECK (((value IS NULL) = (erased_at IS NOT NULL))),
    CONSTRAINT personal_data_check1 CHECK (((salt IS NULL) = (erased_at IS NOT NULL))),
    CONSTRAINT personal_data_field_check CHECK ((field = ANY (ARRAY['printed name'::text, 'address'::text, 'prescription'::text, 'words'::text]))),
    CONSTRAINT personal_data_pkey PRIMARY KEY (token),
    CONSTRAINT personal_data_salt_check CHECK ((length(salt) = 16)),
    CONSTRAINT personal_data_token_check CHECK ((token ~ '^personal:[0-9a-f]{64}$'::text))
);
CREATE INDEX personal_data_person ON public.personal_data USING btree (person, field);
CREATE INDEX personal_data_prescription ON public.personal_data USING btree (value) WHERE (field = 'prescription'::text);
ALTER TABLE personal_data ENABLE ROW LEVEL SECURITY;
ALTER TABLE personal_data FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON personal_data AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON personal_data AS PERMISSIVE FOR SELECT TO lotwarden_client USING (((field = 'prescription'::text) AND (NULLIF(current_setting('lotwarden.owner'::text, true), ''::text) IS NOT NULL))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres,lotwarden_client=r/postgres}

CREATE TABLE place (
    id bigint NOT NULL GENERATED AS IDENTITY,
    name text NOT NULL,
    title text NOT NULL DEFAULT ''::text,
    kind text NOT NULL,
    parent_id bigint,
    ancestors bigint[] NOT NULL,
    policy text,
    zone text NOT NULL DEFAULT 'UTC'::text,
    is_zone_known boolean NOT NULL DEFAULT false,
    CONSTRAINT place_kind_check CHECK ((kind = ANY (ARRAY['site'::text, 'room'::text, 'bin'::text, 'supplier'::text, 'customer'::text, 'ward'::text, 'production'::text, 'scrap'::text, 'count_difference'::text, 'used_up'::text, 'transit'::text, 'unpacking'::text]))),
    CONSTRAINT place_name_key UNIQUE (name),
    CONSTRAINT place_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES place(id),
    CONSTRAINT place_pkey PRIMARY KEY (id),
    CONSTRAINT place_policy_fkey FOREIGN KEY (policy) REFERENCES policy(name)
);
CREATE INDEX place_ancestors ON public.place USING gin (ancestors);
CREATE INDEX place_kind ON public.place USING btree (kind);
CREATE TRIGGER place_moved AFTER UPDATE OF ancestors, kind ON public.place FOR EACH STATEMENT EXECUTE FUNCTION look_at_all_again();
CREATE TRIGGER place_stays BEFORE DELETE OR UPDATE OF id OR TRUNCATE ON public.place FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();
ALTER TABLE place ENABLE ROW LEVEL SECURITY;
ALTER TABLE place FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON place AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON place AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((((kind <> ALL (ARRAY['supplier'::text, 'customer'::text, 'production'::text])) AND (NULLIF(current_setting('lotwarden.owner'::text, true), ''::text) IS NOT NULL)) OR (EXISTS ( SELECT
   FROM movement m
  WHERE (m.from_place = place.id))) OR (EXISTS ( SELECT
   FROM movement m
  WHERE (m.to_place = place.id))) OR (EXISTS ( SELECT
   FROM stock_order o
  WHERE ((o.from_place = place.id) OR (o.to_place = place.id)))))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres,lotwarden_client=r/postgres}

CREATE TABLE place_gln (
    place_id bigint NOT NULL,
    gln text NOT NULL,
    extension text NOT NULL DEFAULT ''::text,
    CONSTRAINT place_gln_gln_check CHECK ((gln ~ '^[0-9]{13}$'::text)),
    CONSTRAINT place_gln_gln_extension_key UNIQUE (gln, extension),
    CONSTRAINT place_gln_pkey PRIMARY KEY (place_id),
    CONSTRAINT place_gln_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id)
);
ALTER TABLE place_gln ENABLE ROW LEVEL SECURITY;
ALTER TABLE place_gln FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON place_gln AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON place_gln AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((NULLIF(current_setting('lotwarden.owner'::text, true), ''::text) IS NOT NULL)) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres,lotwarden_client=r/postgres}

CREATE TABLE place_policy_was (
    place_id bigint NOT NULL,
    policy text,
    until timestamp with time zone NOT NULL,
    CONSTRAINT place_policy_was_pkey PRIMARY KEY (place_id, until),
    CONSTRAINT place_policy_was_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
    CONSTRAINT place_policy_was_policy_fkey FOREIGN KEY (policy) REFERENCES policy(name)
);
CREATE TRIGGER place_policy_was_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.place_policy_was FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER place_policy_was_sealed_delete AFTER DELETE ON public.place_policy_was REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_place_policy_was();
CREATE TRIGGER place_policy_was_sealed_insert AFTER INSERT ON public.place_policy_was REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_place_policy_was();
CREATE TRIGGER place_policy_was_sealed_update AFTER UPDATE ON public.place_policy_was REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_place_policy_was();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE planning_line (
    run_id bigint NOT NULL,
    item_id bigint NOT NULL,
    place_id bigint NOT NULL,
    inputs jsonb NOT NULL,
    result jsonb NOT NULL,
    CONSTRAINT planning_line_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT planning_line_pkey PRIMARY KEY (run_id, item_id, place_id),
    CONSTRAINT planning_line_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
    CONSTRAINT planning_line_run_id_fkey FOREIGN KEY (run_id) REFERENCES planning_run(id)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE planning_run (
    id bigint NOT NULL GENERATED AS IDENTITY,
    as_of timestamp with time zone NOT NULL,
    movement_mark bigint NOT NULL,
    lines integer NOT NULL,
    inputs_sha256 text NOT NULL,
    results_sha256 text NOT NULL,
    made_by text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    CONSTRAINT planning_run_inputs_sha256_check CHECK ((inputs_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT planning_run_pkey PRIMARY KEY (id),
    CONSTRAINT planning_run_results_sha256_check CHECK ((results_sha256 ~ '^[0-9a-f]{64}$'::text))
);
CREATE TRIGGER planning_run_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.planning_run FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER planning_run_sealed_delete AFTER DELETE ON public.planning_run REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_planning_run();
CREATE TRIGGER planning_run_sealed_insert AFTER INSERT ON public.planning_run REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_planning_run();
CREATE TRIGGER planning_run_sealed_update AFTER UPDATE ON public.planning_run REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_planning_run();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE policy (
    name text NOT NULL,
    body jsonb NOT NULL,
    CONSTRAINT policy_pkey PRIMARY KEY (name)
);
CREATE TRIGGER policy_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.policy FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER policy_sealed_delete AFTER DELETE ON public.policy REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_policy();
CREATE TRIGGER policy_sealed_insert AFTER INSERT ON public.policy REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_policy();
CREATE TRIGGER policy_sealed_update AFTER UPDATE ON public.policy REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_policy();
ALTER TABLE policy ENABLE ROW LEVEL SECURITY;
ALTER TABLE policy FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON policy AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON policy AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((NULLIF(current_setting('lotwarden.owner'::text, true), ''::text) IS NOT NULL)) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres,lotwarden_client=r/postgres}

CREATE TABLE position (
    lot_id bigint NOT NULL,
    serial text NOT NULL DEFAULT ''::text,
    place_id bigint NOT NULL,
    quantity bigint NOT NULL,
    CONSTRAINT position_pkey PRIMARY KEY (lot_id, place_id, serial)
);
CREATE INDEX position_place ON public."position" USING btree (place_id);
CREATE INDEX position_serial ON public."position" USING btree (serial, lot_id) WHERE (serial <> ''::text);
ALTER TABLE position ENABLE ROW LEVEL SECURITY;
ALTER TABLE position FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON "position" AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON "position" AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM lot
  WHERE (lot.id = "position".lot_id)))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres,lotwarden_client=r/postgres}

CREATE TABLE probe_excursion (
    id bigint NOT NULL GENERATED AS IDENTITY,
    channel_id bigint NOT NULL,
    place_id bigint NOT NULL,
    rule text NOT NULL,
    severity text NOT NULL,
    sensors text NOT NULL DEFAULT 'any'::text,
    is_high_worse boolean NOT NULL DEFAULT true,
    began_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    worst double precision NOT NULL,
    longest_gap_s double precision NOT NULL DEFAULT 0,
    reach_from timestamp with time zone,
    reach_until timestamp with time zone,
    CONSTRAINT probe_excursion_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES channel(id),
    CONSTRAINT probe_excursion_channel_id_rule_began_at_place_id_key UNIQUE (channel_id, rule, began_at, place_id),
    CONSTRAINT probe_excursion_check CHECK ((ended_at >= began_at)),
    CONSTRAINT probe_excursion_pkey PRIMARY KEY (id),
    CONSTRAINT probe_excursion_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
    CONSTRAINT probe_excursion_sensors_check CHECK ((sensors ~ '^(any|all|[1-9][0-9]*)$'::text)),
    CONSTRAINT probe_excursion_severity_check CHECK ((severity = ANY (ARRAY['alert'::text, 'action'::text])))
);
CREATE INDEX probe_excursion_place ON public.probe_excursion USING btree (place_id, rule, COALESCE(ended_at, 'infinity'::timestamp with time zone), began_at);
ALTER TABLE probe_excursion ENABLE ROW LEVEL SECURITY;
ALTER TABLE probe_excursion FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON probe_excursion AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON probe_excursion AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM excursion x
  WHERE ((x.channel_id = probe_excursion.channel_id) AND (x.rule = probe_excursion.rule) AND (x.place_id = probe_excursion.place_id))))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres,lotwarden_client=r/postgres}

CREATE TABLE product_report (
    id bigint NOT NULL GENERATED AS IDENTITY,
    since date NOT NULL,
    until date NOT NULL,
    body jsonb NOT NULL,
    sha256 text NOT NULL,
    made_by text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    CONSTRAINT product_report_check CHECK ((since < until)),
    CONSTRAINT product_report_pkey PRIMARY KEY (id),
    CONSTRAINT product_report_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text))
);
CREATE TRIGGER product_report_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.product_report FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER product_report_sealed_delete AFTER DELETE ON public.product_report REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_product_report();
CREATE TRIGGER product_report_sealed_insert AFTER INSERT ON public.product_report REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_product_report();
CREATE TRIGGER product_report_sealed_update AFTER UPDATE ON public.product_report REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_product_report();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE product_verification (
    id bigint NOT NULL GENERATED AS IDENTITY,
    direction text NOT NULL,
    partner_id bigint,
    gtin text NOT NULL,
    lot_number text NOT NULL,
    serial text NOT NULL,
    expires_on date,
    context text NOT NULL DEFAULT ''::text,
    correlation text NOT NULL DEFAULT ''::text,
    requester_gln text NOT NULL DEFAULT ''::text,
    verified boolean,
    reason text,
    info text,
    error text NOT NULL DEFAULT ''::text,
    case_id bigint,
    person text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT product_verification_case_id_fkey FOREIGN KEY (case_id) REFERENCES exception_case(id),
    CONSTRAINT product_verification_direction_check CHECK ((direction = ANY (ARRAY['asked'::text, 'answered'::text]))),
    CONSTRAINT product_verification_partner_id_fkey FOREIGN KEY (partner_id) REFERENCES place(id),
    CONSTRAINT product_verification_pkey PRIMARY KEY (id)
);
CREATE INDEX product_verification_at ON public.product_verification USING btree (at);
CREATE INDEX product_verification_gtin ON public.product_verification USING btree (gtin, lot_number);
CREATE INDEX product_verification_serial ON public.product_verification USING btree (serial);
CREATE TRIGGER product_verification_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.product_verification FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER product_verification_sealed_delete AFTER DELETE ON public.product_verification REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_product_verification();
CREATE TRIGGER product_verification_sealed_insert AFTER INSERT ON public.product_verification REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_product_verification();
CREATE TRIGGER product_verification_sealed_update AFTER UPDATE ON public.product_verification REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_product_verification();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE production_batch (
    id bigint NOT NULL GENERATED AS IDENTITY,
    place_id bigint NOT NULL,
    master_formulation_record_id bigint NOT NULL,
    quantity bigint NOT NULL,
    prescription text NOT NULL DEFAULT ''::text,
    owner text NOT NULL,
    planned_by text NOT NULL,
    planned_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT production_batch_master_formulation_record_id_fkey FOREIGN KEY (master_formulation_record_id) REFERENCES master_formulation_record(id),
    CONSTRAINT production_batch_owner_fkey FOREIGN KEY (owner) REFERENCES owner(name),
    CONSTRAINT production_batch_pkey PRIMARY KEY (id),
    CONSTRAINT production_batch_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
    CONSTRAINT production_batch_place_id_key UNIQUE (place_id),
    CONSTRAINT production_batch_quantity_check CHECK ((quantity > 0))
);
CREATE INDEX production_batch_prescription ON public.production_batch USING btree (prescription) WHERE (prescription <> ''::text);
CREATE TRIGGER production_batch_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.production_batch FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER production_batch_sealed_delete AFTER DELETE ON public.production_batch REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_production_batch();
CREATE TRIGGER production_batch_sealed_insert AFTER INSERT ON public.production_batch REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_production_batch();
CREATE TRIGGER production_batch_sealed_update AFTER UPDATE ON public.production_batch REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_production_batch();
ALTER TABLE production_batch ENABLE ROW LEVEL SECURITY;
ALTER TABLE production_batch FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON production_batch AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON production_batch AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((owner = NULLIF(current_setting('lotwarden.owner'::text, true), ''::text))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres,lotwarden_client=r/postgres}

CREATE TABLE quality_decision (
    sample_id bigint NOT NULL,
    decision text NOT NULL,
    by_exception boolean NOT NULL,
    reason text NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    CONSTRAINT quality_decision_check CHECK (((decision = 'accepted'::text) OR (NOT by_exception))),
    CONSTRAINT quality_decision_decision_check CHECK ((decision = ANY (ARRAY['accepted'::text, 'rejected'::text]))),
    CONSTRAINT quality_decision_pkey PRIMARY KEY (sample_id),
    CONSTRAINT quality_decision_sample_id_fkey FOREIGN KEY (sample_id) REFERENCES quality_sample(id)
);
CREATE TRIGGER quality_decision_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.quality_decision FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER quality_decision_sealed_delete AFTER DELETE ON public.quality_decision REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_quality_decision();
CREATE TRIGGER quality_decision_sealed_insert AFTER INSERT ON public.quality_decision REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_quality_decision();
CREATE TRIGGER quality_decision_sealed_update AFTER UPDATE ON public.quality_decision REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_quality_decision();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE quality_plan (
    id bigint NOT NULL GENERATED AS IDENTITY,
    kind text NOT NULL,
    name text NOT NULL,
    version integer NOT NULL,
    item_id bigint,
    place_id bigint,
    body jsonb NOT NULL,
    effective_from timestamp with time zone NOT NULL,
    proposed_by text NOT NULL,
    approved_by text NOT NULL,
    CONSTRAINT quality_plan_check CHECK ((approved_by <> proposed_by)),
    CONSTRAINT quality_plan_check1 CHECK (((kind = ANY (ARRAY['stability'::text, 'material'::text])) = (item_id IS NOT NULL))),
    CONSTRAINT quality_plan_check2 CHECK (((kind = 'environment'::text) = (place_id IS NOT NULL))),
    CONSTRAINT quality_plan_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT quality_plan_kind_check CHECK ((kind = ANY (ARRAY['stability'::text, 'environment'::text, 'qualification'::text, 'material'::text]))),
    CONSTRAINT quality_plan_name_version_key UNIQUE (name, version),
    CONSTRAINT quality_plan_pkey PRIMARY KEY (id),
    CONSTRAINT quality_plan_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
    CONSTRAINT quality_plan_version_check CHECK ((version > 0))
);
CREATE INDEX quality_plan_item ON public.quality_plan USING btree (item_id, kind, id DESC);
CREATE TRIGGER quality_plan_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.quality_plan FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER quality_plan_sealed_delete AFTER DELETE ON public.quality_plan REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_quality_plan();
CREATE TRIGGER quality_plan_sealed_insert AFTER INSERT ON public.quality_plan REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_quality_plan();
CREATE TRIGGER quality_plan_sealed_update AFTER UPDATE ON public.quality_plan REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_quality_plan();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE quality_result (
    id bigint NOT NULL GENERATED AS IDENTITY,
    sample_id bigint NOT NULL,
    test text NOT NULL,
    value double precision,
    conforms boolean,
    note text NOT NULL,
    verdict text NOT NULL,
    read_by text NOT NULL,
    read_at timestamp with time zone NOT NULL,
    CONSTRAINT quality_result_check CHECK ((num_nonnulls(value, conforms) = 1)),
    CONSTRAINT quality_result_pkey PRIMARY KEY (id),
    CONSTRAINT quality_result_sample_id_fkey FOREIGN KEY (sample_id) REFERENCES quality_sample(id),
    CONSTRAINT quality_result_verdict_check CHECK ((verdict = ANY (ARRAY['pass'::text, 'alert'::text, 'fail'::text])))
);
CREATE INDEX quality_result_sample ON public.quality_result USING btree (sample_id, id);
CREATE TRIGGER quality_result_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.quality_result FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER quality_result_sealed_delete AFTER DELETE ON public.quality_result REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_quality_result();
CREATE TRIGGER quality_result_sealed_insert AFTER INSERT ON public.quality_result REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_quality_result();
CREATE TRIGGER quality_result_sealed_update AFTER UPDATE ON public.quality_result REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_quality_result();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE quality_sample (
    id bigint NOT NULL GENERATED AS IDENTITY,
    client_id uuid NOT NULL,
    plan_id bigint NOT NULL,
    lot_id bigint,
    study_id bigint,
    day integer,
    session_id bigint,
    point text NOT NULL DEFAULT ''::text,
    code text,
    place_id bigint,
    person text NOT NULL DEFAULT ''::text,
    quantity bigint NOT NULL DEFAULT 0,
    note text NOT NULL DEFAULT ''::text,
    taken_at timestamp with time zone NOT NULL,
    taken_by text NOT NULL,
    recorded_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT quality_sample_check CHECK ((num_nulls(study_id, day) = ANY (ARRAY[0, 2]))),
    CONSTRAINT quality_sample_check1 CHECK (((session_id IS NULL) = (point = ''::text))),
    CONSTRAINT quality_sample_client_id_key UNIQUE (client_id),
    CONSTRAINT quality_sample_code_key UNIQUE (code),
    CONSTRAINT quality_sample_day_check CHECK ((day >= 0)),
    CONSTRAINT quality_sample_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
    CONSTRAINT quality_sample_pkey PRIMARY KEY (id),
    CONSTRAINT quality_sample_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
    CONSTRAINT quality_sample_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES quality_plan(id),
    CONSTRAINT quality_sample_quantity_check CHECK ((quantity >= 0)),
    CONSTRAINT quality_sample_session_id_fkey FOREIGN KEY (session_id) REFERENCES environment_session(id),
    CONSTRAINT quality_sample_study_id_fkey FOREIGN KEY (study_id) REFERENCES stability_study(id)
);
CREATE INDEX quality_sample_lot ON public.quality_sample USING btree (lot_id, taken_at DESC) WHERE (lot_id IS NOT NULL);
CREATE INDEX quality_sample_person ON public.quality_sample USING btree (person, taken_at DESC) WHERE (person <> ''::text);
CREATE INDEX quality_sample_plan ON public.quality_sample USING btree (plan_id, taken_at DESC);
CREATE UNIQUE INDEX quality_sample_pull ON public.quality_sample USING btree (study_id, day) WHERE (study_id IS NOT NULL);
CREATE INDEX quality_sample_session ON public.quality_sample USING btree (session_id) WHERE (session_id IS NOT NULL);
CREATE TRIGGER quality_sample_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.quality_sample FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER quality_sample_sealed_delete AFTER DELETE ON public.quality_sample REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_quality_sample();
CREATE TRIGGER quality_sample_sealed_insert AFTER INSERT ON public.quality_sample REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_quality_sample();
CREATE TRIGGER quality_sample_sealed_update AFTER UPDATE ON public.quality_sample REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_quality_sample();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE reading (
    channel_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    seq bigint NOT NULL,
    value double precision NOT NULL,
    synced boolean NOT NULL DEFAULT true,
    evidence_id bigint NOT NULL,
    said_at timestamp with time zone,
    boot text,
    mono_ms bigint
) PARTITION BY RANGE (at);
CREATE INDEX reading_channel_at ON ONLY public.reading USING btree (channel_id, at);
CREATE INDEX reading_unsynced ON ONLY public.reading USING btree (boot, channel_id) WHERE (NOT synced);
CREATE INDEX reading_unsynced_channel ON ONLY public.reading USING btree (channel_id) WHERE (NOT synced);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE reading_hour (
    channel_id bigint NOT NULL,
    began_at timestamp with time zone NOT NULL,
    readings bigint NOT NULL,
    lowest double precision NOT NULL,
    mean double precision NOT NULL,
    highest double precision NOT NULL,
    thinned boolean NOT NULL DEFAULT false,
    CONSTRAINT reading_hour_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES channel(id),
    CONSTRAINT reading_hour_check CHECK (((lowest <= mean) AND (mean <= highest))),
    CONSTRAINT reading_hour_pkey PRIMARY KEY (channel_id, began_at),
    CONSTRAINT reading_hour_readings_check CHECK ((readings > 0))
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE recall (
    id bigint NOT NULL GENERATED AS IDENTITY,
    title text NOT NULL,
    reason text NOT NULL,
    is_mock boolean NOT NULL,
    opened_by text NOT NULL,
    opened_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    reconciled_at timestamp with time zone,
    closed_by text,
    closed_at timestamp with time zone,
    outcome text,
    closed_reason text,
    CONSTRAINT recall_check CHECK (((closed_at IS NULL) = (outcome IS NULL))),
    CONSTRAINT recall_outcome_check CHECK ((outcome = ANY (ARRAY['completed'::text, 'lifted'::text]))),
    CONSTRAINT recall_pkey PRIMARY KEY (id)
);
CREATE TRIGGER recall_append_only BEFORE DELETE OR TRUNCATE ON public.recall FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER recall_mostly_stays BEFORE UPDATE ON public.recall FOR EACH ROW EXECUTE FUNCTION refuse_other_change('reconciled_at', 'closed_by', 'closed_at', 'outcome', 'closed_reason');
CREATE TRIGGER recall_sealed_delete AFTER DELETE ON public.recall REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_recall();
CREATE TRIGGER recall_sealed_insert AFTER INSERT ON public.recall REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_recall();
CREATE TRIGGER recall_sealed_update AFTER UPDATE ON public.recall REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_recall();
ALTER TABLE recall ENABLE ROW LEVEL SECURITY;
ALTER TABLE recall FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON recall AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON recall AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM recall_lot r
  WHERE (r.recall_id = recall.id)))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres,lotwarden_client=r/postgres}

CREATE TABLE recall_lot (
    recall_id bigint NOT NULL,
    lot_id bigint NOT NULL,
    is_product boolean NOT NULL,
    since timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT recall_lot_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
    CONSTRAINT recall_lot_pkey PRIMARY KEY (recall_id, lot_id),
    CONSTRAINT recall_lot_recall_id_fkey FOREIGN KEY (recall_id) REFERENCES recall(id)
);
CREATE INDEX recall_lot_lot ON public.recall_lot USING btree (lot_id);
ALTER TABLE recall_lot ENABLE ROW LEVEL SECURITY;
ALTER TABLE recall_lot FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON recall_lot AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON recall_lot AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM lot
  WHERE (lot.id = recall_lot.lot_id)))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres,lotwarden_client=r/postgres}

CREATE TABLE recall_notice (
    id bigint NOT NULL GENERATED AS IDENTITY,
    recall_id bigint NOT NULL,
    place_id bigint NOT NULL,
    lots jsonb NOT NULL,
    sent_by text,
    sent_at timestamp with time zone,
    sent_how text,
    acknowledged_by text,
    acknowledged_at timestamp with time zone,
    acknowledged_text text,
    CONSTRAINT recall_notice_pkey PRIMARY KEY (id),
    CONSTRAINT recall_notice_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
    CONSTRAINT recall_notice_recall_id_fkey FOREIGN KEY (recall_id) REFERENCES recall(id),
    CONSTRAINT recall_notice_recall_id_place_id_key UNIQUE (recall_id, place_id)
);
CREATE TRIGGER recall_notice_append_only BEFORE DELETE OR TRUNCATE ON public.recall_notice FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER recall_notice_mostly_stays BEFORE UPDATE ON public.recall_notice FOR EACH ROW EXECUTE FUNCTION refuse_other_change('lots', 'sent_by', 'sent_at', 'sent_how', 'acknowledged_by', 'acknowledged_at', 'acknowledged_text');
CREATE TRIGGER recall_notice_sealed_delete AFTER DELETE ON public.recall_notice REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_recall_notice();
CREATE TRIGGER recall_notice_sealed_insert AFTER INSERT ON public.recall_notice REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_recall_notice();
CREATE TRIGGER recall_notice_sealed_update AFTER UPDATE ON public.recall_notice REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_recall_notice();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE recall_scope (
    recall_id bigint NOT NULL,
    lot_id bigint,
    item_id bigint,
    supplier_id bigint,
    lot_number text,
    CONSTRAINT recall_scope_check CHECK ((num_nonnulls(lot_id, item_id, supplier_id) = 1)),
    CONSTRAINT recall_scope_check1 CHECK (((lot_number IS NULL) OR (item_id IS NOT NULL))),
    CONSTRAINT recall_scope_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT recall_scope_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
    CONSTRAINT recall_scope_recall_id_fkey FOREIGN KEY (recall_id) REFERENCES recall(id),
    CONSTRAINT recall_scope_supplier_id_fkey FOREIGN KEY (supplier_id) REFERENCES place(id)
);
CREATE INDEX recall_scope_recall ON public.recall_scope USING btree (recall_id);
CREATE TRIGGER recall_scope_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.recall_scope FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER recall_scope_sealed_delete AFTER DELETE ON public.recall_scope REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_recall_scope();
CREATE TRIGGER recall_scope_sealed_insert AFTER INSERT ON public.recall_scope REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_recall_scope();
CREATE TRIGGER recall_scope_sealed_update AFTER UPDATE ON public.recall_scope REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_recall_scope();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE receipt_cost (
    id bigint NOT NULL GENERATED AS IDENTITY,
    lot_id bigint NOT NULL,
    order_number text NOT NULL DEFAULT ''::text,
    quantity bigint NOT NULL,
    unit_cost numeric(14,4) NOT NULL,
    currency text NOT NULL,
    reason text NOT NULL,
    said_by text NOT NULL,
    said_at timestamp with time zone NOT NULL,
    CONSTRAINT receipt_cost_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT receipt_cost_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
    CONSTRAINT receipt_cost_pkey PRIMARY KEY (id),
    CONSTRAINT receipt_cost_quantity_check CHECK ((quantity > 0)),
    CONSTRAINT receipt_cost_unit_cost_check CHECK ((unit_cost >= (0)::numeric))
);
CREATE INDEX receipt_cost_lot ON public.receipt_cost USING btree (lot_id, order_number, id DESC);
CREATE TRIGGER receipt_cost_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.receipt_cost FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER receipt_cost_sealed_delete AFTER DELETE ON public.receipt_cost REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_receipt_cost();
CREATE TRIGGER receipt_cost_sealed_insert AFTER INSERT ON public.receipt_cost REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_receipt_cost();
CREATE TRIGGER receipt_cost_sealed_update AFTER UPDATE ON public.receipt_cost REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_receipt_cost();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE recipient (
    place_id bigint NOT NULL,
    shelf_life_days_min integer NOT NULL DEFAULT 0,
    care_priority smallint NOT NULL DEFAULT 3,
    CONSTRAINT recipient_care_priority_check CHECK (((care_priority >= 1) AND (care_priority <= 4))),
    CONSTRAINT recipient_pkey PRIMARY KEY (place_id),
    CONSTRAINT recipient_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
    CONSTRAINT recipient_shelf_life_days_min_check CHECK ((shelf_life_days_min >= 0))
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE recipient_item (
    place_id bigint NOT NULL,
    item_id bigint NOT NULL,
    shelf_life_days_min integer NOT NULL,
    CONSTRAINT recipient_item_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT recipient_item_pkey PRIMARY KEY (place_id, item_id),
    CONSTRAINT recipient_item_place_id_fkey FOREIGN KEY (place_id) REFERENCES recipient(place_id),
    CONSTRAINT recipient_item_shelf_life_days_min_check CHECK ((shelf_life_days_min >= 0))
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE recovery_code (
    person text NOT NULL,
    code_sha256 text NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT recovery_code_person_fkey FOREIGN KEY (person) REFERENCES account(person),
    CONSTRAINT recovery_code_pkey PRIMARY KEY (person, code_sha256)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE release (
    version text NOT NULL,
    body text NOT NULL,
    signed_by text NOT NULL,
    signature text NOT NULL,
    sha256 text NOT NULL,
    added_by text NOT NULL,
    added_at timestamp with time zone NOT NULL,
    CONSTRAINT release_pkey PRIMARY KEY (version),
    CONSTRAINT release_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text))
);
CREATE TRIGGER release_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.release FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER release_sealed_delete AFTER DELETE ON public.release REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_release();
CREATE TRIGGER release_sealed_insert AFTER INSERT ON public.release REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_release();
CREATE TRIGGER release_sealed_update AFTER UPDATE ON public.release REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_release();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE release_file (
    version text NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    bytes bigint NOT NULL,
    content bytea,
    CONSTRAINT release_file_bytes_check CHECK ((bytes > 0)),
    CONSTRAINT release_file_pkey PRIMARY KEY (version, name),
    CONSTRAINT release_file_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT release_file_version_fkey FOREIGN KEY (version) REFERENCES release(version)
);
CREATE TRIGGER release_file_append_only BEFORE DELETE OR TRUNCATE ON public.release_file FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER release_file_mostly_stays BEFORE UPDATE ON public.release_file FOR EACH ROW EXECUTE FUNCTION refuse_other_change('content');
CREATE TRIGGER release_file_sealed_delete AFTER DELETE ON public.release_file REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_release_file();
CREATE TRIGGER release_file_sealed_insert AFTER INSERT ON public.release_file REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_release_file();
CREATE TRIGGER release_file_sealed_update AFTER UPDATE ON public.release_file REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_release_file();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE reorder_level (
    item_id bigint NOT NULL,
    place_id bigint NOT NULL,
    supplier_id bigint,
    reorder_point bigint NOT NULL,
    par_level bigint NOT NULL,
    service_level double precision NOT NULL DEFAULT 0.98,
    pack_size bigint NOT NULL DEFAULT 1,
    order_min bigint NOT NULL DEFAULT 1,
    cycle_days integer NOT NULL DEFAULT 14,
    room_max bigint,
    CONSTRAINT reorder_level_check CHECK ((par_level > reorder_point)),
    CONSTRAINT reorder_level_cycle_days_check CHECK (((cycle_days >= 1) AND (cycle_days <= 365))),
    CONSTRAINT reorder_level_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT reorder_level_order_min_check CHECK ((order_min > 0)),
    CONSTRAINT reorder_level_pack_size_check CHECK ((pack_size > 0)),
    CONSTRAINT reorder_level_pkey PRIMARY KEY (item_id, place_id),
    CONSTRAINT reorder_level_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
    CONSTRAINT reorder_level_reorder_point_check CHECK ((reorder_point >= 0)),
    CONSTRAINT reorder_level_room_max_check CHECK ((room_max > 0)),
    CONSTRAINT reorder_level_service_level_check CHECK (((service_level > (0)::double precision) AND (service_level < (1)::double precision))),
    CONSTRAINT reorder_level_supplier_id_fkey FOREIGN KEY (supplier_id) REFERENCES place(id)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE reservation (
    id bigint NOT NULL GENERATED AS IDENTITY,
    client_id uuid NOT NULL,
    lot_id bigint NOT NULL,
    serial text NOT NULL DEFAULT ''::text,
    place_id bigint NOT NULL,
    quantity bigint NOT NULL,
    demand text NOT NULL,
    reserved_by text NOT NULL,
    reserved_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamp with time zone,
    ended_as text,
    ended_reason text,
    expires_at timestamp with time zone,
    CONSTRAINT reservation_check CHECK (((ended_at IS NULL) = (ended_as IS NULL))),
    CONSTRAINT reservation_ended_as_check CHECK ((ended_as = ANY (ARRAY['picked'::text, 'void'::text, 'expired'::text, 'broken'::text]))),
    CONSTRAINT reservation_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
    CONSTRAINT reservation_pkey PRIMARY KEY (id),
    CONSTRAINT reservation_quantity_check CHECK ((quantity > 0))
);
CREATE INDEX reservation_broken ON public.reservation USING btree (demand, ended_at) WHERE (ended_as = ANY (ARRAY['broken'::text, 'expired'::text]));
CREATE INDEX reservation_client ON public.reservation USING btree (client_id);
CREATE INDEX reservation_demand ON public.reservation USING btree (demand);
CREATE INDEX reservation_lot ON public.reservation USING btree (lot_id);
CREATE INDEX reservation_open ON public.reservation USING btree (lot_id, place_id, serial) WHERE (ended_at IS NULL);
CREATE INDEX reservation_pending ON public.reservation USING btree (expires_at) WHERE ((ended_at IS NULL) AND (expires_at IS NOT NULL));
CREATE TRIGGER reservation_append_only BEFORE DELETE OR TRUNCATE ON public.reservation FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reservation_mostly_stays BEFORE UPDATE ON public.reservation FOR EACH ROW EXECUTE FUNCTION refuse_other_change('expires_at', 'ended_at', 'ended_as', 'ended_reason');
CREATE TRIGGER reservation_sealed_delete AFTER DELETE ON public.reservation REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_reservation();
CREATE TRIGGER reservation_sealed_insert AFTER INSERT ON public.reservation REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_reservation();
CREATE TRIGGER reservation_sealed_update AFTER UPDATE ON public.reservation REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_reservation();
CREATE TRIGGER reservation_within_position AFTER INSERT ON public.reservation FOR EACH ROW EXECUTE FUNCTION refuse_over_reservation();
ALTER TABLE reservation ENABLE ROW LEVEL SECURITY;
ALTER TABLE reservation FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON reservation AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON reservation AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM lot
  WHERE (lot.id = reservation.lot_id)))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres,lotwarden_client=r/postgres}

CREATE TABLE residency (
    lot_id bigint NOT NULL,
    serial text NOT NULL DEFAULT ''::text,
    place_id bigint NOT NULL,
    began_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT residency_check CHECK ((ended_at >= began_at)),
    CONSTRAINT residency_open_once EXCLUDE USING btree (lot_id WITH =, place_id WITH =, serial WITH =) WHERE ((ended_at IS NULL)) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT residency_pkey PRIMARY KEY (lot_id, place_id, serial, began_at),
    CONSTRAINT residency_serial_without_overlap EXCLUDE USING gist (int8range(lot_id, lot_id, '[]'::text) WITH &&, int8range(place_id, place_id, '[]'::text) WITH &&, int4range((hashtext(serial) >> 1), (hashtext(serial) >> 1), '[]'::text) WITH &&, tstzrange(began_at, ended_at) WITH &&) WHERE ((serial <> ''::text)) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX residency_place ON public.residency USING btree (place_id, began_at);
CREATE INDEX residency_serial_open ON public.residency USING btree (lot_id, serial) WHERE ((ended_at IS NULL) AND (serial <> ''::text));
CREATE TRIGGER residency_came AFTER INSERT ON public.residency REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION receive_lots();
CREATE TRIGGER residency_changed AFTER UPDATE ON public.residency REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION look_at_lots_again();
CREATE TRIGGER residency_gone AFTER DELETE ON public.residency REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION look_at_lots_again();
CREATE TRIGGER residency_new AFTER INSERT ON public.residency REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION look_at_lots_again();
CREATE TRIGGER residency_taken_back AFTER DELETE ON public.residency REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION receive_lots_again();
ALTER TABLE residency ENABLE ROW LEVEL SECURITY;
ALTER TABLE residency FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON residency AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON residency AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM lot
  WHERE (lot.id = residency.lot_id)))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres,lotwarden_client=r/postgres}

CREATE TABLE restored_lane (
    gateway_id bigint NOT NULL,
    journal uuid NOT NULL,
    lane text NOT NULL,
    last_seq bigint NOT NULL,
    case_id bigint,
    CONSTRAINT restored_lane_case_id_fkey FOREIGN KEY (case_id) REFERENCES exception_case(id),
    CONSTRAINT restored_lane_gateway_id_fkey FOREIGN KEY (gateway_id) REFERENCES gateway(id),
    CONSTRAINT restored_lane_pkey PRIMARY KEY (gateway_id, journal, lane)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE retention_rule (
    name text NOT NULL,
    meaning text NOT NULL,
    years integer NOT NULL,
    changed_by text NOT NULL DEFAULT 'ledger'::text,
    changed_reason text NOT NULL DEFAULT 'as shipped'::text,
    CONSTRAINT retention_rule_pkey PRIMARY KEY (name),
    CONSTRAINT retention_rule_years_check CHECK (((years >= 1) AND (years <= 100)))
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE retold_reading (
    gateway_id bigint NOT NULL,
    journal uuid NOT NULL,
    was bigint NOT NULL,
    seq bigint NOT NULL,
    CONSTRAINT retold_reading_gateway_id_fkey FOREIGN KEY (gateway_id) REFERENCES gateway(id),
    CONSTRAINT retold_reading_pkey PRIMARY KEY (gateway_id, journal, was)
);
CREATE TRIGGER retold_reading_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.retold_reading FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER retold_reading_sealed_delete AFTER DELETE ON public.retold_reading REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_retold_reading();
CREATE TRIGGER retold_reading_sealed_insert AFTER INSERT ON public.retold_reading REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_retold_reading();
CREATE TRIGGER retold_reading_sealed_update AFTER UPDATE ON public.retold_reading REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_retold_reading();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE role (
    name text NOT NULL,
    meaning text NOT NULL,
    CONSTRAINT role_pkey PRIMARY KEY (name)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE role_permission (
    role text NOT NULL,
    permission text NOT NULL,
    CONSTRAINT role_permission_pkey PRIMARY KEY (role, permission),
    CONSTRAINT role_permission_role_fkey FOREIGN KEY (role) REFERENCES role(name)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE roll_out (
    id bigint NOT NULL GENERATED AS IDENTITY,
    version text NOT NULL,
    waves text[] NOT NULL,
    soak_minutes integer NOT NULL,
    reason text NOT NULL,
    started_by text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_as text,
    ended_at timestamp with time zone,
    ended_by text,
    ended_reason text,
    CONSTRAINT roll_out_ended_as_check CHECK ((ended_as = ANY (ARRAY['done'::text, 'stopped'::text]))),
    CONSTRAINT roll_out_pkey PRIMARY KEY (id),
    CONSTRAINT roll_out_soak_minutes_check CHECK ((soak_minutes >= 0)),
    CONSTRAINT roll_out_version_fkey FOREIGN KEY (version) REFERENCES release(version)
);
CREATE UNIQUE INDEX roll_out_running ON public.roll_out USING btree ((true)) WHERE (ended_as IS NULL);
CREATE TRIGGER roll_out_append_only BEFORE DELETE OR TRUNCATE ON public.roll_out FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER roll_out_mostly_stays BEFORE UPDATE ON public.roll_out FOR EACH ROW EXECUTE FUNCTION refuse_other_change('ended_as', 'ended_at', 'ended_by', 'ended_reason');
CREATE TRIGGER roll_out_sealed_delete AFTER DELETE ON public.roll_out REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_roll_out();
CREATE TRIGGER roll_out_sealed_insert AFTER INSERT ON public.roll_out REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_roll_out();
CREATE TRIGGER roll_out_sealed_update AFTER UPDATE ON public.roll_out REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_roll_out();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE roll_out_gateway (
    roll_out_id bigint NOT NULL,
    gateway_id bigint NOT NULL,
    wave integer NOT NULL,
    ordered_at timestamp with time zone,
    before jsonb,
    reached_at timestamp with time zone,
    judged_at timestamp with time zone,
    faults text[],
    CONSTRAINT roll_out_gateway_gateway_id_fkey FOREIGN KEY (gateway_id) REFERENCES gateway(id),
    CONSTRAINT roll_out_gateway_pkey PRIMARY KEY (roll_out_id, gateway_id),
    CONSTRAINT roll_out_gateway_roll_out_id_fkey FOREIGN KEY (roll_out_id) REFERENCES roll_out(id),
    CONSTRAINT roll_out_gateway_wave_check CHECK ((wave > 0))
);
CREATE INDEX roll_out_gateway_orders ON public.roll_out_gateway USING btree (gateway_id, roll_out_id) WHERE (ordered_at IS NOT NULL);
CREATE TRIGGER roll_out_gateway_append_only BEFORE DELETE OR TRUNCATE ON public.roll_out_gateway FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER roll_out_gateway_mostly_stays BEFORE UPDATE ON public.roll_out_gateway FOR EACH ROW EXECUTE FUNCTION refuse_other_change('ordered_at', 'before', 'reached_at', 'judged_at', 'faults');
CREATE TRIGGER roll_out_gateway_sealed_delete AFTER DELETE ON public.roll_out_gateway REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_roll_out_gateway();
CREATE TRIGGER roll_out_gateway_sealed_insert AFTER INSERT ON public.roll_out_gateway REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_roll_out_gateway();
CREATE TRIGGER roll_out_gateway_sealed_update AFTER UPDATE ON public.roll_out_gateway REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_roll_out_gateway();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE seal_checkpoint (
    size bigint NOT NULL,
    previous_size bigint NOT NULL,
    root bytea NOT NULL,
    note text NOT NULL,
    sealed_to pg_snapshot NOT NULL,
    rows_after bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    state_signature bytea NOT NULL,
    CONSTRAINT seal_checkpoint_check CHECK ((previous_size < size)),
    CONSTRAINT seal_checkpoint_pkey PRIMARY KEY (size),
    CONSTRAINT seal_checkpoint_root_check CHECK ((length(root) = 32)),
    CONSTRAINT seal_checkpoint_state_signature_check CHECK ((length(state_signature) = 64))
);
CREATE TRIGGER seal_checkpoint_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.seal_checkpoint FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE seal_cosignature (
    size bigint NOT NULL,
    gateway_id bigint NOT NULL,
    public_key bytea NOT NULL,
    line text NOT NULL,
    CONSTRAINT seal_cosignature_gateway_id_fkey FOREIGN KEY (gateway_id) REFERENCES gateway(id),
    CONSTRAINT seal_cosignature_pkey PRIMARY KEY (size, gateway_id),
    CONSTRAINT seal_cosignature_public_key_check CHECK ((length(public_key) = 32)),
    CONSTRAINT seal_cosignature_size_fkey FOREIGN KEY (size) REFERENCES seal_checkpoint(size)
);
CREATE INDEX seal_cosignature_gateway ON public.seal_cosignature USING btree (gateway_id, size);
CREATE TRIGGER seal_cosignature_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.seal_cosignature FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE seal_epoch (
    number integer NOT NULL,
    restored_size bigint NOT NULL,
    statement text NOT NULL,
    signature bytea NOT NULL,
    public_key bytea NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    begun_by text NOT NULL,
    reason text NOT NULL,
    CONSTRAINT seal_epoch_number_check CHECK ((number > 1)),
    CONSTRAINT seal_epoch_pkey PRIMARY KEY (number)
);
CREATE TRIGGER seal_epoch_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.seal_epoch FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER seal_epoch_sealed_delete AFTER DELETE ON public.seal_epoch REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_seal_epoch();
CREATE TRIGGER seal_epoch_sealed_insert AFTER INSERT ON public.seal_epoch REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_seal_epoch();
CREATE TRIGGER seal_epoch_sealed_update AFTER UPDATE ON public.seal_epoch REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_seal_epoch();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE seal_row (
    id bigint NOT NULL GENERATED AS IDENTITY,
    xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
    row_id bigint,
    of_table text NOT NULL,
    row_key text,
    change text NOT NULL,
    salt bytea,
    row_hash bytea NOT NULL,
    CONSTRAINT seal_row_change_check CHECK ((change = ANY (ARRAY['I'::text, 'U'::text, 'M'::text, 'E'::text, 'X'::text, 'D'::text]))),
    CONSTRAINT seal_row_check CHECK ((num_nonnulls(row_id, row_key) = 1)),
    CONSTRAINT seal_row_pkey PRIMARY KEY (id)
);
CREATE INDEX seal_row_erased ON public.seal_row USING btree (of_table, id) WHERE (change = 'E'::text);
CREATE INDEX seal_row_of_id ON public.seal_row USING btree (of_table, row_id) WHERE (row_id IS NOT NULL);
CREATE INDEX seal_row_of_key ON public.seal_row USING btree (of_table, row_key) WHERE (row_key IS NOT NULL);
CREATE INDEX seal_row_without_salt ON public.seal_row USING btree (id) WHERE (salt IS NULL);
CREATE INDEX seal_row_xact ON public.seal_row USING btree (xact);
CREATE TRIGGER seal_row_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.seal_row FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE seal_tile (
    level smallint NOT NULL,
    n bigint NOT NULL,
    hashes bytea NOT NULL,
    entries bigint[],
    CONSTRAINT seal_tile_check CHECK (((level = 0) = (entries IS NOT NULL))),
    CONSTRAINT seal_tile_pkey PRIMARY KEY (level, n)
);
CREATE TRIGGER seal_tile_append_only BEFORE DELETE OR TRUNCATE ON public.seal_tile FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER seal_tile_mostly_stays BEFORE UPDATE ON public.seal_tile FOR EACH ROW EXECUTE FUNCTION refuse_other_change('hashes', 'entries');
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE second_signature_rule (
    name text NOT NULL,
    meaning text NOT NULL,
    from_value numeric,
    changed_by text NOT NULL DEFAULT 'ledger'::text,
    changed_reason text NOT NULL DEFAULT ''::text,
    CONSTRAINT second_signature_rule_pkey PRIMARY KEY (name)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE security_key (
    id bigint NOT NULL GENERATED AS IDENTITY,
    person text NOT NULL,
    name text NOT NULL,
    credential_id bytea NOT NULL,
    public_key bytea NOT NULL,
    domain text NOT NULL,
    sign_count bigint NOT NULL,
    added_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT security_key_credential_id_key UNIQUE (credential_id),
    CONSTRAINT security_key_person_fkey FOREIGN KEY (person) REFERENCES account(person),
    CONSTRAINT security_key_pkey PRIMARY KEY (id)
);
CREATE INDEX security_key_person ON public.security_key USING btree (person);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE security_key_question (
    challenge bytea NOT NULL,
    person text NOT NULL,
    purpose text NOT NULL,
    shown text NOT NULL DEFAULT ''::text,
    asked_at timestamp with time zone NOT NULL,
    CONSTRAINT security_key_question_pkey PRIMARY KEY (challenge),
    CONSTRAINT security_key_question_purpose_check CHECK ((purpose = ANY (ARRAY['add'::text, 'sign in'::text, 'sign'::text])))
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE seen_within (
    channel_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    excursion_id bigint NOT NULL,
    reason text NOT NULL,
    evidence text NOT NULL,
    said_by text NOT NULL,
    said_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT seen_within_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES channel(id),
    CONSTRAINT seen_within_pkey PRIMARY KEY (channel_id, at)
);
CREATE TRIGGER seen_within_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.seen_within FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER seen_within_sealed_delete AFTER DELETE ON public.seen_within REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_seen_within();
CREATE TRIGGER seen_within_sealed_insert AFTER INSERT ON public.seen_within REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_seen_within();
CREATE TRIGGER seen_within_sealed_update AFTER UPDATE ON public.seen_within REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_seen_within();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE serial_pattern (
    item_id bigint NOT NULL,
    pattern text NOT NULL,
    given_at text NOT NULL,
    set_by text NOT NULL,
    set_at timestamp with time zone NOT NULL,
    CONSTRAINT serial_pattern_given_at_check CHECK ((given_at = ANY (ARRAY['receipt'::text, 'production'::text, 'both'::text, 'request'::text]))),
    CONSTRAINT serial_pattern_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT serial_pattern_pkey PRIMARY KEY (item_id)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE serial_range (
    id bigint NOT NULL GENERATED AS IDENTITY,
    item_id bigint NOT NULL,
    prefix text NOT NULL,
    digits integer NOT NULL,
    first_number bigint NOT NULL,
    last_number bigint NOT NULL,
    lot_id bigint,
    place_id bigint,
    allotted_to text NOT NULL DEFAULT ''::text,
    reason text NOT NULL,
    given_by text NOT NULL,
    given_at timestamp with time zone NOT NULL,
    CONSTRAINT serial_range_check CHECK ((last_number >= first_number)),
    CONSTRAINT serial_range_check1 CHECK (((lot_id IS NULL) = (place_id IS NULL))),
    CONSTRAINT serial_range_check2 CHECK (((lot_id IS NULL) = (allotted_to <> ''::text))),
    CONSTRAINT serial_range_digits_check CHECK (((digits >= 1) AND (digits <= 18))),
    CONSTRAINT serial_range_first_number_check CHECK ((first_number >= 0)),
    CONSTRAINT serial_range_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT serial_range_item_id_prefix_digits_first_number_key UNIQUE (item_id, prefix, digits, first_number),
    CONSTRAINT serial_range_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
    CONSTRAINT serial_range_pkey PRIMARY KEY (id),
    CONSTRAINT serial_range_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
    CONSTRAINT serial_range_prefix_check CHECK ((prefix !~ '[0-9]$'::text))
);
CREATE INDEX serial_range_lot ON public.serial_range USING btree (lot_id) WHERE (lot_id IS NOT NULL);
CREATE TRIGGER serial_range_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.serial_range FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER serial_range_sealed_delete AFTER DELETE ON public.serial_range REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_serial_range();
CREATE TRIGGER serial_range_sealed_insert AFTER INSERT ON public.serial_range REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_serial_range();
CREATE TRIGGER serial_range_sealed_update AFTER UPDATE ON public.serial_range REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_serial_range();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE service_plan (
    item_id bigint NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    every_days integer NOT NULL,
    starts text NOT NULL,
    set_by text NOT NULL,
    set_at timestamp with time zone NOT NULL,
    CONSTRAINT service_plan_every_days_check CHECK (((every_days >= 1) AND (every_days <= 36500))),
    CONSTRAINT service_plan_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT service_plan_kind_check CHECK ((kind = ANY (ARRAY['maintenance'::text, 'calibration'::text]))),
    CONSTRAINT service_plan_pkey PRIMARY KEY (item_id, name),
    CONSTRAINT service_plan_starts_check CHECK ((starts = ANY (ARRAY['receipt'::text, 'first_use'::text])))
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE shortage (
    id bigint NOT NULL GENERATED AS IDENTITY,
    item_id bigint NOT NULL,
    site_id bigint NOT NULL,
    until_day date NOT NULL,
    supply bigint NOT NULL,
    wanted bigint NOT NULL,
    needs_second_person boolean NOT NULL,
    reason text NOT NULL,
    opened_by text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    decision text,
    decided_by text,
    decided_at timestamp with time zone,
    decision_reason text,
    ended_by text,
    ended_at timestamp with time zone,
    ended_reason text,
    CONSTRAINT shortage_check CHECK ((num_nulls(decision, decided_by, decided_at, decision_reason) = ANY (ARRAY[0, 4]))),
    CONSTRAINT shortage_check1 CHECK ((num_nulls(ended_by, ended_at, ended_reason) = ANY (ARRAY[0, 3]))),
    CONSTRAINT shortage_check2 CHECK (((NOT needs_second_person) OR (decision IS DISTINCT FROM 'approved'::text) OR (decided_by <> opened_by))),
    CONSTRAINT shortage_decision_check CHECK ((decision = ANY (ARRAY['approved'::text, 'rejected'::text]))),
    CONSTRAINT shortage_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT shortage_pkey PRIMARY KEY (id),
    CONSTRAINT shortage_site_id_fkey FOREIGN KEY (site_id) REFERENCES place(id),
    CONSTRAINT shortage_supply_check CHECK ((supply >= 0)),
    CONSTRAINT shortage_wanted_check CHECK ((wanted >= 0))
);
CREATE UNIQUE INDEX shortage_open ON public.shortage USING btree (item_id, site_id) WHERE ((ended_at IS NULL) AND (decision IS DISTINCT FROM 'rejected'::text));
CREATE TRIGGER shortage_append_only BEFORE DELETE OR TRUNCATE ON public.shortage FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER shortage_mostly_stays BEFORE UPDATE ON public.shortage FOR EACH ROW EXECUTE FUNCTION refuse_other_change('decision', 'decided_by', 'decided_at', 'decision_reason', 'ended_by', 'ended_at', 'ended_reason');
CREATE TRIGGER shortage_sealed_delete AFTER DELETE ON public.shortage REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_shortage();
CREATE TRIGGER shortage_sealed_insert AFTER INSERT ON public.shortage REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_shortage();
CREATE TRIGGER shortage_sealed_update AFTER UPDATE ON public.shortage REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_shortage();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE shortage_override (
    id bigint NOT NULL GENERATED AS IDENTITY,
    shortage_id bigint NOT NULL,
    place_id bigint NOT NULL,
    share bigint NOT NULL,
    reason text NOT NULL,
    said_by text NOT NULL,
    said_at timestamp with time zone NOT NULL,
    CONSTRAINT shortage_override_pkey PRIMARY KEY (id),
    CONSTRAINT shortage_override_share_check CHECK ((share >= 0)),
    CONSTRAINT shortage_override_shortage_id_place_id_fkey FOREIGN KEY (shortage_id, place_id) REFERENCES shortage_share(shortage_id, place_id)
);
CREATE INDEX shortage_override_share ON public.shortage_override USING btree (shortage_id, place_id, id DESC);
CREATE TRIGGER shortage_override_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.shortage_override FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER shortage_override_sealed_delete AFTER DELETE ON public.shortage_override REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_shortage_override();
CREATE TRIGGER shortage_override_sealed_insert AFTER INSERT ON public.shortage_override REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_shortage_override();
CREATE TRIGGER shortage_override_sealed_update AFTER UPDATE ON public.shortage_override REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_shortage_override();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE shortage_share (
    shortage_id bigint NOT NULL,
    place_id bigint NOT NULL,
    priority smallint NOT NULL,
    rate double precision NOT NULL,
    stock bigint NOT NULL,
    wanted bigint NOT NULL,
    proposed bigint NOT NULL,
    why text NOT NULL,
    CONSTRAINT shortage_share_pkey PRIMARY KEY (shortage_id, place_id),
    CONSTRAINT shortage_share_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
    CONSTRAINT shortage_share_proposed_check CHECK ((proposed >= 0)),
    CONSTRAINT shortage_share_shortage_id_fkey FOREIGN KEY (shortage_id) REFERENCES shortage(id)
);
CREATE TRIGGER shortage_share_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.shortage_share FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER shortage_share_sealed_delete AFTER DELETE ON public.shortage_share REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_shortage_share();
CREATE TRIGGER shortage_share_sealed_insert AFTER INSERT ON public.shortage_share REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_shortage_share();
CREATE TRIGGER shortage_share_sealed_update AFTER UPDATE ON public.shortage_share REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_shortage_share();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE sign_in_attempt (
    id bigint NOT NULL GENERATED AS IDENTITY,
    person text NOT NULL,
    address text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT sign_in_attempt_pkey PRIMARY KEY (id)
);
CREATE INDEX sign_in_attempt_of_address ON public.sign_in_attempt USING btree (address, at);
CREATE INDEX sign_in_attempt_of_person ON public.sign_in_attempt USING btree (person, at);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE signature (
    id bigint NOT NULL GENERATED AS IDENTITY,
    record_kind text NOT NULL,
    record_id text NOT NULL,
    record_sha256 text NOT NULL,
    meaning text NOT NULL,
    person text NOT NULL,
    printed_name text NOT NULL,
    proof text NOT NULL,
    reason text NOT NULL,
    signed_at timestamp with time zone NOT NULL,
    sha256 text NOT NULL,
    CONSTRAINT signature_meaning_check CHECK ((meaning = ANY (ARRAY['review'::text, 'approval'::text, 'release'::text, 'rejection'::text, 'responsibility'::text]))),
    CONSTRAINT signature_pkey PRIMARY KEY (id),
    CONSTRAINT signature_proof_check CHECK ((proof = ANY (ARRAY['password'::text, 'password and code'::text, 'security key'::text]))),
    CONSTRAINT signature_sha256_key UNIQUE (sha256)
);
CREATE INDEX signature_of_record ON public.signature USING btree (record_kind, record_id);
CREATE TRIGGER signature_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.signature FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER signature_sealed_delete AFTER DELETE ON public.signature REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_signature();
CREATE TRIGGER signature_sealed_insert AFTER INSERT ON public.signature REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_signature();
CREATE TRIGGER signature_sealed_update AFTER UPDATE ON public.signature REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_signature();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE signature_by_key (
    signature_sha256 text NOT NULL,
    shown text NOT NULL,
    public_key bytea NOT NULL,
    client_data bytea NOT NULL,
    authenticator_data bytea NOT NULL,
    key_signature bytea NOT NULL,
    CONSTRAINT signature_by_key_pkey PRIMARY KEY (signature_sha256),
    CONSTRAINT signature_by_key_signature_sha256_fkey FOREIGN KEY (signature_sha256) REFERENCES signature(sha256)
);
CREATE TRIGGER signature_by_key_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.signature_by_key FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER signature_by_key_sealed_delete AFTER DELETE ON public.signature_by_key REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_signature_by_key();
CREATE TRIGGER signature_by_key_sealed_insert AFTER INSERT ON public.signature_by_key REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_signature_by_key();
CREATE TRIGGER signature_by_key_sealed_update AFTER UPDATE ON public.signature_by_key REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_signature_by_key();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE site_format (
    place_id bigint NOT NULL,
    language text NOT NULL,
    temperature text NOT NULL,
    page text NOT NULL,
    set_by text NOT NULL,
    set_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT site_format_page_check CHECK ((page = ANY (ARRAY['a4'::text, 'us-letter'::text]))),
    CONSTRAINT site_format_pkey PRIMARY KEY (place_id),
    CONSTRAINT site_format_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
    CONSTRAINT site_format_temperature_check CHECK ((temperature = ANY (ARRAY['C'::text, 'F'::text])))
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE site_travel (
    one_site bigint NOT NULL,
    other_site bigint NOT NULL,
    minutes_min integer NOT NULL,
    set_by text NOT NULL,
    set_at timestamp with time zone NOT NULL,
    CONSTRAINT site_travel_check CHECK ((one_site < other_site)),
    CONSTRAINT site_travel_minutes_min_check CHECK (((minutes_min >= 1) AND (minutes_min <= 100000))),
    CONSTRAINT site_travel_one_site_fkey FOREIGN KEY (one_site) REFERENCES place(id),
    CONSTRAINT site_travel_other_site_fkey FOREIGN KEY (other_site) REFERENCES place(id),
    CONSTRAINT site_travel_pkey PRIMARY KEY (one_site, other_site)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE sop (
    code text NOT NULL,
    version integer NOT NULL,
    title text NOT NULL,
    reference text NOT NULL,
    sha256 text NOT NULL,
    body text NOT NULL,
    effective_from timestamp with time zone NOT NULL,
    proposed_by text NOT NULL,
    approved_by text NOT NULL,
    CONSTRAINT sop_pkey PRIMARY KEY (code, version),
    CONSTRAINT sop_sha256_check CHECK ((sha256 ~ '^([0-9a-f]{64})?$'::text)),
    CONSTRAINT sop_version_check CHECK ((version > 0))
);
CREATE TRIGGER sop_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.sop FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER sop_sealed_delete AFTER DELETE ON public.sop REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_sop();
CREATE TRIGGER sop_sealed_insert AFTER INSERT ON public.sop REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_sop();
CREATE TRIGGER sop_sealed_update AFTER UPDATE ON public.sop REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_sop();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE stability_study (
    id bigint NOT NULL GENERATED AS IDENTITY,
    client_id uuid NOT NULL,
    plan_id bigint NOT NULL,
    lot_id bigint NOT NULL,
    place_id bigint NOT NULL,
    began_at timestamp with time zone NOT NULL,
    started_by text NOT NULL,
    CONSTRAINT stability_study_client_id_key UNIQUE (client_id),
    CONSTRAINT stability_study_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
    CONSTRAINT stability_study_pkey PRIMARY KEY (id),
    CONSTRAINT stability_study_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
    CONSTRAINT stability_study_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES quality_plan(id)
);
CREATE INDEX stability_study_lot ON public.stability_study USING btree (lot_id);
CREATE TRIGGER stability_study_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.stability_study FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER stability_study_sealed_delete AFTER DELETE ON public.stability_study REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_stability_study();
CREATE TRIGGER stability_study_sealed_insert AFTER INSERT ON public.stability_study REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_stability_study();
CREATE TRIGGER stability_study_sealed_update AFTER UPDATE ON public.stability_study REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_stability_study();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE stock_count (
    id bigint NOT NULL GENERATED AS IDENTITY,
    number text NOT NULL,
    place_id bigint NOT NULL,
    opened_by text NOT NULL,
    opened_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    decision text,
    decided_by text,
    decided_at timestamp with time zone,
    reason text,
    is_blind boolean NOT NULL DEFAULT false,
    finished_by text,
    finished_at timestamp with time zone,
    CONSTRAINT stock_count_check CHECK ((((decision IS NULL) = (decided_by IS NULL)) AND ((decision IS NULL) = (decided_at IS NULL)))),
    CONSTRAINT stock_count_check1 CHECK (((finished_by IS NULL) = (finished_at IS NULL))),
    CONSTRAINT stock_count_decision_check CHECK ((decision = ANY (ARRAY['approved'::text, 'rejected'::text]))),
    CONSTRAINT stock_count_number_key UNIQUE (number),
    CONSTRAINT stock_count_pkey PRIMARY KEY (id),
    CONSTRAINT stock_count_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id)
);
CREATE TRIGGER stock_count_append_only BEFORE DELETE OR TRUNCATE ON public.stock_count FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER stock_count_mostly_stays BEFORE UPDATE ON public.stock_count FOR EACH ROW EXECUTE FUNCTION refuse_other_change('decision', 'decided_by', 'decided_at', 'reason', 'is_blind', 'finished_by', 'finished_at');
CREATE TRIGGER stock_count_sealed_delete AFTER DELETE ON public.stock_count REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_stock_count();
CREATE TRIGGER stock_count_sealed_insert AFTER INSERT ON public.stock_count REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_stock_count();
CREATE TRIGGER stock_count_sealed_update AFTER UPDATE ON public.stock_count REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_stock_count();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE stock_order (
    id bigint NOT NULL GENERATED AS IDENTITY,
    number text NOT NULL,
    kind text NOT NULL,
    from_place bigint NOT NULL,
    to_place bigint NOT NULL,
    owner text NOT NULL,
    patient_ref text NOT NULL DEFAULT ''::text,
    returns_order bigint,
    note text NOT NULL DEFAULT ''::text,
    requested_by text NOT NULL,
    requested_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT stock_order_from_place_fkey FOREIGN KEY (from_place) REFERENCES place(id),
    CONSTRAINT stock_order_kind_check CHECK ((kind = ANY (ARRAY['purchase'::text, 'requisition'::text, 'transfer'::text, 'return'::text, 'destruction'::text]))),
    CONSTRAINT stock_order_number_key UNIQUE (number),
    CONSTRAINT stock_order_owner_fkey FOREIGN KEY (owner) REFERENCES owner(name),
    CONSTRAINT stock_order_pkey PRIMARY KEY (id),
    CONSTRAINT stock_order_returns_order_fkey FOREIGN KEY (returns_order) REFERENCES stock_order(id),
    CONSTRAINT stock_order_to_place_fkey FOREIGN KEY (to_place) REFERENCES place(id)
);
CREATE INDEX stock_order_from ON public.stock_order USING btree (from_place, id);
CREATE INDEX stock_order_patient ON public.stock_order USING btree (patient_ref) WHERE (patient_ref <> ''::text);
CREATE INDEX stock_order_returns ON public.stock_order USING btree (returns_order) WHERE (returns_order IS NOT NULL);
CREATE INDEX stock_order_to ON public.stock_order USING btree (to_place, id);
CREATE TRIGGER stock_order_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.stock_order FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER stock_order_sealed_delete AFTER DELETE ON public.stock_order REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_stock_order();
CREATE TRIGGER stock_order_sealed_insert AFTER INSERT ON public.stock_order REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_stock_order();
CREATE TRIGGER stock_order_sealed_update AFTER UPDATE ON public.stock_order REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_stock_order();
ALTER TABLE stock_order ENABLE ROW LEVEL SECURITY;
ALTER TABLE stock_order FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON stock_order AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON stock_order AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((owner = NULLIF(current_setting('lotwarden.owner'::text, true), ''::text))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres,lotwarden_client=r/postgres}

CREATE TABLE supplier (
    place_id bigint NOT NULL,
    status text NOT NULL,
    qualified_until date,
    note text NOT NULL DEFAULT ''::text,
    CONSTRAINT supplier_pkey PRIMARY KEY (place_id),
    CONSTRAINT supplier_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
    CONSTRAINT supplier_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'qualified'::text, 'suspended'::text, 'rejected'::text])))
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE supplier_claim (
    id bigint NOT NULL GENERATED AS IDENTITY,
    complaint_id bigint NOT NULL,
    wants text NOT NULL,
    quantity bigint NOT NULL,
    amount numeric(14,2) NOT NULL,
    currency text NOT NULL,
    amount_by text NOT NULL,
    note text NOT NULL DEFAULT ''::text,
    made_by text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    sent_by text,
    sent_at timestamp with time zone,
    sent_how text,
    evidence_sha256 text,
    closed_as text,
    closed_by text,
    closed_at timestamp with time zone,
    closed_reason text,
    CONSTRAINT supplier_claim_amount_check CHECK ((amount > (0)::numeric)),
    CONSTRAINT supplier_claim_check CHECK ((num_nulls(sent_by, sent_at, sent_how, evidence_sha256) = ANY (ARRAY[0, 4]))),
    CONSTRAINT supplier_claim_check1 CHECK ((num_nulls(closed_as, closed_by, closed_at, closed_reason) = ANY (ARRAY[0, 4]))),
    CONSTRAINT supplier_claim_closed_as_check CHECK ((closed_as = ANY (ARRAY['settled'::text, 'refused'::text, 'withdrawn'::text]))),
    CONSTRAINT supplier_claim_complaint_id_fkey FOREIGN KEY (complaint_id) REFERENCES complaint(id),
    CONSTRAINT supplier_claim_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT supplier_claim_evidence_sha256_check CHECK ((evidence_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT supplier_claim_pkey PRIMARY KEY (id),
    CONSTRAINT supplier_claim_quantity_check CHECK ((quantity > 0)),
    CONSTRAINT supplier_claim_wants_check CHECK ((wants = ANY (ARRAY['credit'::text, 'replacement'::text])))
);
CREATE INDEX supplier_claim_complaint ON public.supplier_claim USING btree (complaint_id);
CREATE INDEX supplier_claim_open ON public.supplier_claim USING btree (made_at) WHERE (closed_at IS NULL);
CREATE TRIGGER supplier_claim_append_only BEFORE DELETE OR TRUNCATE ON public.supplier_claim FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER supplier_claim_mostly_stays BEFORE UPDATE ON public.supplier_claim FOR EACH ROW EXECUTE FUNCTION refuse_other_change('sent_by', 'sent_at', 'sent_how', 'evidence_sha256', 'closed_as', 'closed_by', 'closed_at', 'closed_reason');
CREATE TRIGGER supplier_claim_sealed_delete AFTER DELETE ON public.supplier_claim REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_supplier_claim();
CREATE TRIGGER supplier_claim_sealed_insert AFTER INSERT ON public.supplier_claim REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_supplier_claim();
CREATE TRIGGER supplier_claim_sealed_update AFTER UPDATE ON public.supplier_claim REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_supplier_claim();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE suspect_product (
    id bigint NOT NULL GENERATED AS IDENTITY,
    lot_id bigint NOT NULL,
    serial text NOT NULL DEFAULT ''::text,
    case_id bigint NOT NULL,
    source text NOT NULL,
    classification text NOT NULL,
    description text NOT NULL,
    opened_by text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    determination text,
    determined_by text,
    determined_at timestamp with time zone,
    determination_reason text,
    fda_notified_by text,
    fda_notified_at timestamp with time zone,
    fda_notified_how text,
    fda_incident text NOT NULL DEFAULT ''::text,
    terminated_by text,
    terminated_at timestamp with time zone,
    termination_reason text,
    CONSTRAINT suspect_product_case_id_fkey FOREIGN KEY (case_id) REFERENCES exception_case(id),
    CONSTRAINT suspect_product_check CHECK ((num_nulls(determination, determined_by, determined_at, determination_reason) = ANY (ARRAY[0, 4]))),
    CONSTRAINT suspect_product_check1 CHECK ((num_nulls(fda_notified_by, fda_notified_at, fda_notified_how) = ANY (ARRAY[0, 3]))),
    CONSTRAINT suspect_product_check2 CHECK ((num_nulls(terminated_by, terminated_at, termination_reason) = ANY (ARRAY[0, 3]))),
    CONSTRAINT suspect_product_check3 CHECK (((fda_notified_at IS NULL) OR (determination = 'illegitimate'::text))),
    CONSTRAINT suspect_product_check4 CHECK (((terminated_at IS NULL) OR (fda_notified_at IS NOT NULL))),
    CONSTRAINT suspect_product_classification_check CHECK ((classification = ANY (ARRAY['counterfeit'::text, 'diverted'::text, 'stolen'::text, 'intentional_adulteration'::text, 'unfit_for_distribution'::text, 'fraudulent_transaction'::text]))),
    CONSTRAINT suspect_product_determination_check CHECK ((determination = ANY (ARRAY['cleared'::text, 'illegitimate'::text]))),
    CONSTRAINT suspect_product_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
    CONSTRAINT suspect_product_pkey PRIMARY KEY (id),
    CONSTRAINT suspect_product_source_check CHECK ((source = ANY (ARRAY['own'::text, 'partner'::text, 'fda'::text])))
);
CREATE UNIQUE INDEX suspect_product_case ON public.suspect_product USING btree (case_id);
CREATE INDEX suspect_product_lot ON public.suspect_product USING btree (lot_id);
CREATE UNIQUE INDEX suspect_product_open ON public.suspect_product USING btree (lot_id, serial) WHERE ((determination IS DISTINCT FROM 'cleared'::text) AND (terminated_at IS NULL));
CREATE TRIGGER suspect_product_append_only BEFORE DELETE OR TRUNCATE ON public.suspect_product FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER suspect_product_mostly_stays BEFORE UPDATE ON public.suspect_product FOR EACH ROW EXECUTE FUNCTION refuse_other_change('determination', 'determined_by', 'determined_at', 'determination_reason', 'fda_notified_by', 'fda_notified_at', 'fda_notified_how', 'fda_incident', 'terminated_by', 'terminated_at', 'termination_reason');
CREATE TRIGGER suspect_product_sealed_delete AFTER DELETE ON public.suspect_product REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_suspect_product();
CREATE TRIGGER suspect_product_sealed_insert AFTER INSERT ON public.suspect_product REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_suspect_product();
CREATE TRIGGER suspect_product_sealed_update AFTER UPDATE ON public.suspect_product REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_suspect_product();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE told_unit (
    gtin text NOT NULL,
    lot_number text NOT NULL,
    serial text NOT NULL,
    step text NOT NULL,
    event_time timestamp with time zone NOT NULL,
    told_by text NOT NULL,
    event_id bigint NOT NULL,
    CONSTRAINT told_unit_event_id_fkey FOREIGN KEY (event_id) REFERENCES epcis_event(id) ON DELETE CASCADE,
    CONSTRAINT told_unit_pkey PRIMARY KEY (gtin, serial, step, event_id),
    CONSTRAINT told_unit_step_check CHECK ((step = ANY (ARRAY['commissioned'::text, 'ended'::text])))
);
CREATE INDEX told_unit_lot ON public.told_unit USING btree (gtin, lot_number) WHERE (step = 'commissioned'::text);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE tote (
    id bigint NOT NULL GENERATED AS IDENTITY,
    sscc text NOT NULL,
    order_id bigint,
    note text NOT NULL DEFAULT ''::text,
    numbered_by text NOT NULL,
    numbered_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT tote_order_id_fkey FOREIGN KEY (order_id) REFERENCES stock_order(id),
    CONSTRAINT tote_pkey PRIMARY KEY (id),
    CONSTRAINT tote_sscc_check CHECK ((sscc ~ '^[0-9]{18}$'::text)),
    CONSTRAINT tote_sscc_key UNIQUE (sscc)
);
CREATE INDEX tote_order ON public.tote USING btree (order_id, id);
CREATE TRIGGER tote_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.tote FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tote_sealed_delete AFTER DELETE ON public.tote REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_tote();
CREATE TRIGGER tote_sealed_insert AFTER INSERT ON public.tote REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_tote();
CREATE TRIGGER tote_sealed_update AFTER UPDATE ON public.tote REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_tote();
ALTER TABLE tote ENABLE ROW LEVEL SECURITY;
ALTER TABLE tote FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON tote AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON tote AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM tote_packing p
  WHERE (p.tote_id = tote.id)))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres,lotwarden_client=r/postgres}

CREATE TABLE tote_packing (
    id bigint NOT NULL GENERATED AS IDENTITY,
    tote_id bigint NOT NULL,
    is_unpacking boolean NOT NULL,
    place_id bigint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    packed_by text NOT NULL,
    client_id uuid NOT NULL,
    CONSTRAINT tote_packing_client_id_key UNIQUE (client_id),
    CONSTRAINT tote_packing_pkey PRIMARY KEY (id),
    CONSTRAINT tote_packing_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
    CONSTRAINT tote_packing_tote_id_fkey FOREIGN KEY (tote_id) REFERENCES tote(id)
);
CREATE INDEX tote_packing_occurred ON public.tote_packing USING btree (occurred_at, id);
CREATE INDEX tote_packing_tote ON public.tote_packing USING btree (tote_id, id);
CREATE TRIGGER tote_packing_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.tote_packing FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tote_packing_sealed_delete AFTER DELETE ON public.tote_packing REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_tote_packing();
CREATE TRIGGER tote_packing_sealed_insert AFTER INSERT ON public.tote_packing REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_tote_packing();
CREATE TRIGGER tote_packing_sealed_update AFTER UPDATE ON public.tote_packing REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_tote_packing();
ALTER TABLE tote_packing ENABLE ROW LEVEL SECURITY;
ALTER TABLE tote_packing FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON tote_packing AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON tote_packing AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM tote_packing_line n
  WHERE (n.packing_id = tote_packing.id)))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres,lotwarden_client=r/postgres}

CREATE TABLE tote_packing_line (
    packing_id bigint NOT NULL,
    line integer NOT NULL,
    lot_id bigint NOT NULL,
    serial text NOT NULL DEFAULT ''::text,
    quantity bigint NOT NULL,
    CONSTRAINT tote_packing_line_line_check CHECK ((line > 0)),
    CONSTRAINT tote_packing_line_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
    CONSTRAINT tote_packing_line_packing_id_fkey FOREIGN KEY (packing_id) REFERENCES tote_packing(id),
    CONSTRAINT tote_packing_line_pkey PRIMARY KEY (packing_id, line),
    CONSTRAINT tote_packing_line_quantity_check CHECK ((quantity > 0))
);
CREATE INDEX tote_packing_line_lot ON public.tote_packing_line USING btree (lot_id, packing_id);
CREATE TRIGGER tote_packing_line_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.tote_packing_line FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tote_packing_line_sealed_delete AFTER DELETE ON public.tote_packing_line REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_tote_packing_line();
CREATE TRIGGER tote_packing_line_sealed_insert AFTER INSERT ON public.tote_packing_line REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_tote_packing_line();
CREATE TRIGGER tote_packing_line_sealed_update AFTER UPDATE ON public.tote_packing_line REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_tote_packing_line();
ALTER TABLE tote_packing_line ENABLE ROW LEVEL SECURITY;
ALTER TABLE tote_packing_line FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON tote_packing_line AS PERMISSIVE FOR ALL TO lotwarden_runtime, postgres USING (true) WITH CHECK ();
CREATE POLICY of_owner ON tote_packing_line AS PERMISSIVE FOR SELECT TO lotwarden_client USING ((EXISTS ( SELECT
   FROM lot
  WHERE (lot.id = tote_packing_line.lot_id)))) WITH CHECK ();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres,lotwarden_client=r/postgres}

CREATE TABLE traced_product (
    item_id bigint NOT NULL,
    product_name text NOT NULL,
    ingredients text NOT NULL DEFAULT ''::text,
    strength text NOT NULL,
    dosage_form text NOT NULL,
    container_size text NOT NULL,
    container_units bigint NOT NULL DEFAULT 1,
    set_by text NOT NULL,
    CONSTRAINT traced_product_container_units_check CHECK ((container_units > 0)),
    CONSTRAINT traced_product_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT traced_product_pkey PRIMARY KEY (item_id),
    CONSTRAINT traced_product_product_name_check CHECK ((product_name <> ''::text))
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE tracing_request (
    id bigint NOT NULL GENERATED AS IDENTITY,
    asked_by text NOT NULL,
    reference text NOT NULL DEFAULT ''::text,
    asked_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    gtin text NOT NULL DEFAULT ''::text,
    item_id bigint NOT NULL,
    lot_number text NOT NULL DEFAULT ''::text,
    serial text NOT NULL DEFAULT ''::text,
    recorded_by text NOT NULL,
    answered_by text,
    answered_at timestamp with time zone,
    answer_sha256 text,
    CONSTRAINT tracing_request_check CHECK ((due_at > asked_at)),
    CONSTRAINT tracing_request_check1 CHECK ((num_nulls(answered_by, answered_at, answer_sha256) = ANY (ARRAY[0, 3]))),
    CONSTRAINT tracing_request_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT tracing_request_pkey PRIMARY KEY (id)
);
CREATE INDEX tracing_request_waiting ON public.tracing_request USING btree (due_at) WHERE (answered_at IS NULL);
CREATE TRIGGER tracing_request_append_only BEFORE DELETE OR TRUNCATE ON public.tracing_request FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tracing_request_mostly_stays BEFORE UPDATE ON public.tracing_request FOR EACH ROW EXECUTE FUNCTION refuse_other_change('answered_by', 'answered_at', 'answer_sha256');
CREATE TRIGGER tracing_request_sealed_delete AFTER DELETE ON public.tracing_request REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_tracing_request();
CREATE TRIGGER tracing_request_sealed_insert AFTER INSERT ON public.tracing_request REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_tracing_request();
CREATE TRIGGER tracing_request_sealed_update AFTER UPDATE ON public.tracing_request REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_tracing_request();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE track (
    channel_id bigint NOT NULL,
    rule text NOT NULL,
    definition jsonb NOT NULL,
    last_at timestamp with time zone NOT NULL,
    outside_since timestamp with time zone,
    opened boolean NOT NULL,
    worst double precision,
    last_out_at timestamp with time zone,
    longest_gap_s double precision NOT NULL DEFAULT 0,
    CONSTRAINT track_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES channel(id),
    CONSTRAINT track_pkey PRIMARY KEY (channel_id, rule)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE trading_partner (
    place_id bigint NOT NULL,
    business_name text NOT NULL,
    street text NOT NULL DEFAULT ''::text,
    city text NOT NULL DEFAULT ''::text,
    state text NOT NULL DEFAULT ''::text,
    postal_code text NOT NULL DEFAULT ''::text,
    country text NOT NULL DEFAULT 'US'::text,
    gln text NOT NULL DEFAULT ''::text,
    category text NOT NULL DEFAULT ''::text,
    contact text NOT NULL DEFAULT ''::text,
    telephone text NOT NULL DEFAULT ''::text,
    email text NOT NULL DEFAULT ''::text,
    verification_url text NOT NULL DEFAULT ''::text,
    set_by text NOT NULL,
    verification_token text NOT NULL DEFAULT ''::text,
    connection text NOT NULL DEFAULT ''::text,
    CONSTRAINT trading_partner_business_name_check CHECK ((business_name <> ''::text)),
    CONSTRAINT trading_partner_gln_check CHECK ((gln ~ '^([0-9]{13})?$'::text)),
    CONSTRAINT trading_partner_pkey PRIMARY KEY (place_id),
    CONSTRAINT trading_partner_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE training_requirement (
    role text NOT NULL,
    code text NOT NULL,
    grace_days integer NOT NULL,
    required_since timestamp with time zone NOT NULL,
    set_by text NOT NULL,
    CONSTRAINT training_requirement_grace_days_check CHECK (((grace_days >= 0) AND (grace_days <= 365))),
    CONSTRAINT training_requirement_pkey PRIMARY KEY (role, code),
    CONSTRAINT training_requirement_role_fkey FOREIGN KEY (role) REFERENCES role(name)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE transaction_line (
    record_id bigint NOT NULL,
    line integer NOT NULL,
    item_id bigint,
    gtin text NOT NULL,
    ndc text NOT NULL,
    lot_number text NOT NULL,
    quantity bigint NOT NULL,
    CONSTRAINT transaction_line_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT transaction_line_pkey PRIMARY KEY (record_id, line),
    CONSTRAINT transaction_line_record_id_fkey FOREIGN KEY (record_id) REFERENCES transaction_record(id)
);
CREATE INDEX transaction_line_lot ON public.transaction_line USING btree (item_id, lot_number);
CREATE INDEX transaction_line_ndc ON public.transaction_line USING btree (ndc, lot_number) WHERE (item_id IS NULL);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE transaction_movement (
    movement_id bigint NOT NULL,
    record_id bigint NOT NULL,
    line integer NOT NULL,
    CONSTRAINT transaction_movement_movement_id_fkey FOREIGN KEY (movement_id) REFERENCES movement(id),
    CONSTRAINT transaction_movement_pkey PRIMARY KEY (movement_id, record_id, line),
    CONSTRAINT transaction_movement_record_id_line_fkey FOREIGN KEY (record_id, line) REFERENCES transaction_line(record_id, line)
);
CREATE INDEX transaction_movement_record ON public.transaction_movement USING btree (record_id, line);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE transaction_record (
    id bigint NOT NULL GENERATED AS IDENTITY,
    direction text NOT NULL,
    partner_id bigint NOT NULL,
    reference text NOT NULL,
    order_ref text NOT NULL DEFAULT ''::text,
    transaction_on date NOT NULL,
    content jsonb NOT NULL,
    sha256 text NOT NULL,
    faults text[] NOT NULL DEFAULT '{}'::text[],
    fault text,
    document_id bigint,
    told_by text NOT NULL,
    told_at timestamp with time zone NOT NULL,
    finished_by text,
    finished_at timestamp with time zone,
    voided_by text,
    voided_at timestamp with time zone,
    voided_reason text,
    CONSTRAINT transaction_record_check CHECK ((num_nulls(finished_by, finished_at) = ANY (ARRAY[0, 2]))),
    CONSTRAINT transaction_record_check1 CHECK ((num_nulls(voided_by, voided_at, voided_reason) = ANY (ARRAY[0, 3]))),
    CONSTRAINT transaction_record_direction_check CHECK ((direction = ANY (ARRAY['in'::text, 'out'::text]))),
    CONSTRAINT transaction_record_direction_partner_id_sha256_key UNIQUE (direction, partner_id, sha256),
    CONSTRAINT transaction_record_fault_check CHECK ((fault = ANY (ARRAY['incomplete_data'::text, 'wrong_consignee'::text, 'duplicate_data'::text]))),
    CONSTRAINT transaction_record_partner_id_fkey FOREIGN KEY (partner_id) REFERENCES place(id),
    CONSTRAINT transaction_record_pkey PRIMARY KEY (id)
);
CREATE INDEX transaction_record_order ON public.transaction_record USING btree (order_ref) WHERE (order_ref <> ''::text);
CREATE INDEX transaction_record_partner ON public.transaction_record USING btree (partner_id, direction, reference);
CREATE INDEX transaction_record_told ON public.transaction_record USING btree (told_at);
CREATE INDEX transaction_record_unfinished ON public.transaction_record USING btree (told_at) WHERE ((direction = 'in'::text) AND (finished_at IS NULL) AND (voided_at IS NULL));
CREATE TRIGGER transaction_record_append_only BEFORE DELETE OR TRUNCATE ON public.transaction_record FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER transaction_record_mostly_stays BEFORE UPDATE ON public.transaction_record FOR EACH ROW EXECUTE FUNCTION refuse_other_change('fault', 'faults', 'finished_by', 'finished_at', 'voided_by', 'voided_at', 'voided_reason');
CREATE TRIGGER transaction_record_sealed_delete AFTER DELETE ON public.transaction_record REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_transaction_record();
CREATE TRIGGER transaction_record_sealed_insert AFTER INSERT ON public.transaction_record REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_transaction_record();
CREATE TRIGGER transaction_record_sealed_update AFTER UPDATE ON public.transaction_record REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_transaction_record();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE transaction_serial (
    record_id bigint NOT NULL,
    line integer NOT NULL,
    serial text NOT NULL,
    CONSTRAINT transaction_serial_pkey PRIMARY KEY (record_id, line, serial),
    CONSTRAINT transaction_serial_record_id_line_fkey FOREIGN KEY (record_id, line) REFERENCES transaction_line(record_id, line)
);
CREATE INDEX transaction_serial_serial ON public.transaction_serial USING btree (serial);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE transfer_advice (
    id bigint NOT NULL GENERATED AS IDENTITY,
    run_id bigint NOT NULL,
    item_id bigint NOT NULL,
    lot_id bigint,
    from_place bigint NOT NULL,
    to_place bigint NOT NULL,
    quantity bigint NOT NULL,
    why text NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamp with time zone NOT NULL,
    decision text,
    decided_by text,
    decided_at timestamp with time zone,
    decision_reason text,
    order_number text,
    CONSTRAINT transfer_advice_check CHECK ((num_nulls(decision, decided_by, decided_at, decision_reason) = ANY (ARRAY[0, 4]))),
    CONSTRAINT transfer_advice_check1 CHECK ((decided_by <> proposed_by)),
    CONSTRAINT transfer_advice_check2 CHECK (((order_number IS NULL) OR (decision = 'approved'::text))),
    CONSTRAINT transfer_advice_decision_check CHECK ((decision = ANY (ARRAY['approved'::text, 'rejected'::text]))),
    CONSTRAINT transfer_advice_from_place_fkey FOREIGN KEY (from_place) REFERENCES place(id),
    CONSTRAINT transfer_advice_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT transfer_advice_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
    CONSTRAINT transfer_advice_pkey PRIMARY KEY (id),
    CONSTRAINT transfer_advice_quantity_check CHECK ((quantity > 0)),
    CONSTRAINT transfer_advice_run_id_fkey FOREIGN KEY (run_id) REFERENCES planning_run(id),
    CONSTRAINT transfer_advice_to_place_fkey FOREIGN KEY (to_place) REFERENCES place(id)
);
CREATE INDEX transfer_advice_open ON public.transfer_advice USING btree (id) WHERE (decision IS NULL);
CREATE INDEX transfer_advice_run ON public.transfer_advice USING btree (run_id);
CREATE TRIGGER transfer_advice_append_only BEFORE DELETE OR TRUNCATE ON public.transfer_advice FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER transfer_advice_mostly_stays BEFORE UPDATE ON public.transfer_advice FOR EACH ROW EXECUTE FUNCTION refuse_other_change('decision', 'decided_by', 'decided_at', 'decision_reason', 'order_number');
CREATE TRIGGER transfer_advice_sealed_delete AFTER DELETE ON public.transfer_advice REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_transfer_advice();
CREATE TRIGGER transfer_advice_sealed_insert AFTER INSERT ON public.transfer_advice REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_transfer_advice();
CREATE TRIGGER transfer_advice_sealed_update AFTER UPDATE ON public.transfer_advice REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_transfer_advice();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE unit_fact (
    id bigint NOT NULL GENERATED AS IDENTITY,
    lot_id bigint NOT NULL,
    serial text NOT NULL,
    kind text NOT NULL,
    at timestamp with time zone NOT NULL,
    patient text,
    other_lot_id bigint,
    other_serial text,
    about bigint,
    data jsonb NOT NULL DEFAULT '{}'::jsonb,
    reason text NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    CONSTRAINT unit_fact_check CHECK (((kind = ANY (ARRAY['patient'::text, 'patient_ended'::text])) = (patient IS NOT NULL))),
    CONSTRAINT unit_fact_check1 CHECK (((kind = 'swapped'::text) = (other_serial IS NOT NULL))),
    CONSTRAINT unit_fact_check2 CHECK ((num_nulls(other_lot_id, other_serial) = ANY (ARRAY[0, 2]))),
    CONSTRAINT unit_fact_check3 CHECK (((kind = ANY (ARRAY['loan_returned'::text, 'repair_closed'::text, 'corrected'::text])) = (about IS NOT NULL))),
    CONSTRAINT unit_fact_kind_check CHECK ((kind = ANY (ARRAY['first_use'::text, 'service'::text, 'patient'::text, 'patient_ended'::text, 'lent'::text, 'loan_returned'::text, 'repair_opened'::text, 'repair_closed'::text, 'swapped'::text, 'corrected'::text]))),
    CONSTRAINT unit_fact_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
    CONSTRAINT unit_fact_other_lot_id_fkey FOREIGN KEY (other_lot_id) REFERENCES lot(id),
    CONSTRAINT unit_fact_patient_check CHECK (starts_with(patient, 'personal:'::text)),
    CONSTRAINT unit_fact_pkey PRIMARY KEY (id),
    CONSTRAINT unit_fact_serial_check CHECK ((serial <> ''::text))
);
CREATE INDEX unit_fact_about ON public.unit_fact USING btree (about) WHERE (about IS NOT NULL);
CREATE UNIQUE INDEX unit_fact_corrected ON public.unit_fact USING btree (about, lot_id, serial) WHERE (kind = 'corrected'::text);
CREATE UNIQUE INDEX unit_fact_ended ON public.unit_fact USING btree (about) WHERE (kind = ANY (ARRAY['loan_returned'::text, 'repair_closed'::text]));
CREATE INDEX unit_fact_kind ON public.unit_fact USING btree (kind, at);
CREATE INDEX unit_fact_patient ON public.unit_fact USING btree (patient) WHERE (patient IS NOT NULL);
CREATE UNIQUE INDEX unit_fact_swapped ON public.unit_fact USING btree (lot_id, serial) WHERE (kind = 'swapped'::text);
CREATE UNIQUE INDEX unit_fact_took_its_place ON public.unit_fact USING btree (other_lot_id, other_serial) WHERE (kind = 'swapped'::text);
CREATE INDEX unit_fact_unit ON public.unit_fact USING btree (lot_id, serial, at);
CREATE TRIGGER unit_fact_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.unit_fact FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER unit_fact_sealed_delete AFTER DELETE ON public.unit_fact REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_unit_fact();
CREATE TRIGGER unit_fact_sealed_insert AFTER INSERT ON public.unit_fact REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_unit_fact();
CREATE TRIGGER unit_fact_sealed_update AFTER UPDATE ON public.unit_fact REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_unit_fact();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE unjudged_on_purpose (
    channel_id bigint NOT NULL,
    reason text NOT NULL,
    said_by text NOT NULL,
    said_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT unjudged_on_purpose_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES channel(id),
    CONSTRAINT unjudged_on_purpose_pkey PRIMARY KEY (channel_id)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE unusable_reading (
    gateway_id bigint NOT NULL,
    device text NOT NULL,
    at timestamp with time zone NOT NULL,
    seq bigint NOT NULL,
    quality text NOT NULL,
    detail text NOT NULL DEFAULT ''::text,
    evidence_id bigint NOT NULL,
    said_at timestamp with time zone,
    boot text,
    mono_ms bigint,
    CONSTRAINT unusable_reading_gateway_id_fkey FOREIGN KEY (gateway_id) REFERENCES gateway(id)
);
CREATE INDEX unusable_reading_device_at ON public.unusable_reading USING btree (gateway_id, device, at);
CREATE INDEX unusable_reading_unsynced ON public.unusable_reading USING btree (gateway_id, boot) WHERE (boot IS NOT NULL);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE validation_run (
    number bigint NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    run_by text NOT NULL,
    passed integer NOT NULL,
    failed integer NOT NULL,
    body jsonb NOT NULL,
    sha256 bytea NOT NULL,
    public_key bytea NOT NULL,
    signature bytea NOT NULL,
    CONSTRAINT validation_run_failed_check CHECK ((failed >= 0)),
    CONSTRAINT validation_run_passed_check CHECK ((passed >= 0)),
    CONSTRAINT validation_run_pkey PRIMARY KEY (number)
);
CREATE TRIGGER validation_run_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.validation_run FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER validation_run_sealed_delete AFTER DELETE ON public.validation_run REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_validation_run();
CREATE TRIGGER validation_run_sealed_insert AFTER INSERT ON public.validation_run REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_validation_run();
CREATE TRIGGER validation_run_sealed_update AFTER UPDATE ON public.validation_run REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_validation_run();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE warranty_term (
    id bigint NOT NULL GENERATED AS IDENTITY,
    item_id bigint NOT NULL,
    supplier_id bigint,
    months integer NOT NULL,
    starts text NOT NULL,
    set_by text NOT NULL,
    set_at timestamp with time zone NOT NULL,
    CONSTRAINT warranty_term_item_id_fkey FOREIGN KEY (item_id) REFERENCES item(id),
    CONSTRAINT warranty_term_item_id_supplier_id_key UNIQUE NULLS NOT DISTINCT (item_id, supplier_id),
    CONSTRAINT warranty_term_months_check CHECK (((months >= 1) AND (months <= 600))),
    CONSTRAINT warranty_term_pkey PRIMARY KEY (id),
    CONSTRAINT warranty_term_starts_check CHECK ((starts = ANY (ARRAY['receipt'::text, 'first_use'::text, 'sale'::text]))),
    CONSTRAINT warranty_term_supplier_id_fkey FOREIGN KEY (supplier_id) REFERENCES place(id)
);
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arwd/postgres}

CREATE TABLE waste (
    id bigint NOT NULL GENERATED AS IDENTITY,
    lot_id bigint NOT NULL,
    serial text NOT NULL DEFAULT ''::text,
    place_id bigint NOT NULL,
    takes_unit boolean NOT NULL,
    amount numeric(18,6),
    unit text NOT NULL DEFAULT ''::text,
    administration_id bigint,
    fact text,
    reason text NOT NULL,
    wasted_by text NOT NULL,
    wasted_at timestamp with time zone NOT NULL,
    witness text,
    witnessed_at timestamp with time zone,
    witnessed_how text,
    CONSTRAINT waste_administration_id_fkey FOREIGN KEY (administration_id) REFERENCES administration(id),
    CONSTRAINT waste_administration_id_key UNIQUE (administration_id),
    CONSTRAINT waste_amount_check CHECK ((amount > (0)::numeric)),
    CONSTRAINT waste_check CHECK ((takes_unit = (amount IS NULL))),
    CONSTRAINT waste_check1 CHECK ((num_nulls(witness, witnessed_at, witnessed_how) = ANY (ARRAY[0, 3]))),
    CONSTRAINT waste_check2 CHECK ((witness <> wasted_by)),
    CONSTRAINT waste_fact_key UNIQUE (fact),
    CONSTRAINT waste_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
    CONSTRAINT waste_pkey PRIMARY KEY (id),
    CONSTRAINT waste_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
    CONSTRAINT waste_witnessed_how_check CHECK ((witnessed_how = ANY (ARRAY['dock'::text, 'ledger'::text])))
);
CREATE INDEX waste_lot ON public.waste USING btree (lot_id);
CREATE INDEX waste_waiting ON public.waste USING btree (wasted_at) WHERE (witnessed_at IS NULL);
CREATE TRIGGER waste_append_only BEFORE DELETE OR TRUNCATE ON public.waste FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER waste_mostly_stays BEFORE UPDATE ON public.waste FOR EACH ROW EXECUTE FUNCTION refuse_other_change('fact', 'witness', 'witnessed_at', 'witnessed_how');
CREATE TRIGGER waste_sealed_delete AFTER DELETE ON public.waste REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_waste();
CREATE TRIGGER waste_sealed_insert AFTER INSERT ON public.waste REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_waste();
CREATE TRIGGER waste_sealed_update AFTER UPDATE ON public.waste REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_waste();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE TABLE word_erasure (
    id bigint NOT NULL GENERATED AS IDENTITY,
    words text NOT NULL,
    reason text NOT NULL,
    places integer NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    decision text,
    decided_by text,
    decided_at timestamp with time zone,
    decision_reason text,
    CONSTRAINT word_erasure_check CHECK ((num_nulls(decision, decided_by, decided_at, decision_reason) = ANY (ARRAY[0, 4]))),
    CONSTRAINT word_erasure_check1 CHECK (((decision IS DISTINCT FROM 'done'::text) OR (decided_by <> asked_by))),
    CONSTRAINT word_erasure_decision_check CHECK ((decision = ANY (ARRAY['done'::text, 'rejected'::text]))),
    CONSTRAINT word_erasure_pkey PRIMARY KEY (id),
    CONSTRAINT word_erasure_places_check CHECK ((places >= 0)),
    CONSTRAINT word_erasure_words_check CHECK ((words ~ '^personal:[0-9a-f]{64}$'::text)),
    CONSTRAINT word_erasure_words_key UNIQUE (words)
);
CREATE INDEX word_erasure_open ON public.word_erasure USING btree (id) WHERE (decision IS NULL);
CREATE TRIGGER word_erasure_append_only BEFORE DELETE OR TRUNCATE ON public.word_erasure FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER word_erasure_mostly_stays BEFORE UPDATE ON public.word_erasure FOR EACH ROW EXECUTE FUNCTION refuse_other_change('decision', 'decided_by', 'decided_at', 'decision_reason');
CREATE TRIGGER word_erasure_sealed_delete AFTER DELETE ON public.word_erasure REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_word_erasure();
CREATE TRIGGER word_erasure_sealed_insert AFTER INSERT ON public.word_erasure REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_word_erasure();
CREATE TRIGGER word_erasure_sealed_update AFTER UPDATE ON public.word_erasure REFERENCING OLD TABLE AS was NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION seal_writes_of_word_erasure();
-- rights: {postgres=arwdDxtm/postgres,lotwarden_runtime=arw/postgres}

CREATE VIEW active_hold WITH (security_invoker=true) AS
 SELECT x.lot_id,
    x.serial,
    x.place_id,
    'exposure'::text AS kind,
    x.excursion_id,
    (format('exposed since %s: %s broke %s at %s (worst %s)'::text,
        CASE
            WHEN (x.since <= '0001-01-01 00:00:00+00'::timestamp with time zone) THEN 'an unknown time'::text
            ELSE to_char((x.since AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD HH24:MI:SS UTC'::text)
        END, ((c.device || '/'::text) || c.metric), e.rule, p.name, round((e.worst)::numeric, 2)) ||
        CASE decided.decision
            WHEN 'release'::text THEN '; evidence changed after disposition'::text
            WHEN 'reject'::text THEN ('; rejected: '::text || decided.reason)
            WHEN 'destroy'::text THEN ('; to be destroyed: '::text || decided.reason)
            ELSE ''::text
        END) AS text,
    x.since,
    NULL::text AS prescription,
    NULL::bigint AS hold_id
   FROM (((((exposure x
     JOIN residency r ON (((r.lot_id = x.lot_id) AND (r.place_id = x.place_id) AND (r.serial = x.serial) AND (r.began_at = x.residency_began_at))))
     LEFT JOIN excursion e ON ((e.id = x.excursion_id)))
     LEFT JOIN channel c ON ((c.id = e.channel_id)))
     LEFT JOIN place p ON ((p.id = e.place_id)))
     LEFT JOIN LATERAL ( SELECT d.decision,
            d.reason,
            d.evidence
           FROM disposition d
          WHERE ((d.excursion_id = x.excursion_id) AND (d.lot_id = x.lot_id) AND ((d.places IS NULL) OR (d.places && ( SELECT here.ancestors
                   FROM place here
                  WHERE (here.id = x.place_id)))))
          ORDER BY d.id DESC
         LIMIT 1) decided ON (true))
  WHERE ((r.ended_at IS NULL) AND
        CASE
            WHEN (decided.decision = 'release'::text) THEN (decided.evidence <> exposure_evidence(x.excursion_id, x.lot_id))
            ELSE true
        END)
UNION ALL
 SELECT h.lot_id,
    h.serial,
    NULL::bigint AS place_id,
    h.kind,
    NULL::bigint AS excursion_id,
    h.reason AS text,
    COALESCE(h.since, h.placed_at) AS since,
    NULL::text AS prescription,
    h.id AS hold_id
   FROM hold h
  WHERE ((h.lifted_at IS NULL) AND h.is_of_lot)
UNION ALL
 SELECT x.lot_id,
    x.serial,
    x.place_id,
    h.kind,
    NULL::bigint AS excursion_id,
    (h.reason ||
        CASE
            WHEN (x.lot_id = h.lot_id) THEN ''::text
            ELSE ((' (made of lot '::text || ( SELECT l.lot_number
               FROM lot l
              WHERE (l.id = h.lot_id))) || ')'::text)
        END) AS text,
    x.since,
    NULL::text AS prescription,
    h.id AS hold_id
   FROM ((hold_reach x
     JOIN hold h ON (((h.id = x.hold_id) AND (h.lifted_at IS NULL))))
     JOIN residency r ON (((r.lot_id = x.lot_id) AND (r.place_id = x.place_id) AND (r.serial = x.serial) AND (r.began_at = x.residency_began_at))))
  WHERE ((r.ended_at IS NULL) AND (NOT (h.is_of_lot AND (x.lot_id = h.lot_id))))
UNION ALL
 SELECT k.lot_id,
    NULL::text AS serial,
    NULL::bigint AS place_id,
    'exception'::text AS kind,
    NULL::bigint AS excursion_id,
    ((k.kind || ': '::text) || k.text) AS text,
    k.opened_at AS since,
    NULL::text AS prescription,
    NULL::bigint AS hold_id
   FROM exception_case k
  WHERE ((k.resolved_at IS NULL) AND (k.lot_id IS NOT NULL) AND (k.place_id IS NULL) AND (NOT (EXISTS ( SELECT
           FROM hold h
          WHERE (h.case_id = k.id)))))
UNION ALL
 SELECT l.lot_id,
    NULL::text AS serial,
    NULL::bigint AS place_id,
    'recall'::text AS kind,
    NULL::bigint AS excursion_id,
    (format('recall %s: %s'::text, c.id, c.title) ||
        CASE
            WHEN l.is_product THEN ' (made of a recalled lot)'::text
            ELSE ''::text
        END) AS text,
    c.opened_at AS since,
    NULL::text AS prescription,
    NULL::bigint AS hold_id
   FROM (recall_lot l
     JOIN recall c ON ((c.id = l.recall_id)))
  WHERE ((NOT c.is_mock) AND (c.outcome IS DISTINCT FROM 'lifted'::text))
UNION ALL
 SELECT product.lot_id,
    NULL::text AS serial,
    NULL::bigint AS place_id,
    'unreleased'::text AS kind,
    NULL::bigint AS excursion_id,
        CASE
            WHEN (rejected.id IS NULL) THEN (('production batch '::text || p.name) || ' is not released'::text)
            ELSE ((('production batch '::text || p.name) || ' was rejected: '::text) || (rejected.data ->> 'reason'::text))
        END AS text,
    b.planned_at AS since,
    NULL::text AS prescription,
    NULL::bigint AS hold_id
   FROM (((batch_product product
     JOIN production_batch b ON ((b.id = product.batch_id)))
     JOIN place p ON ((p.id = b.place_id)))
     LEFT JOIN batch_fact rejected ON (((rejected.batch_id = b.id) AND (rejected.kind = 'rejected'::text))))
  WHERE (NOT (EXISTS ( SELECT
           FROM batch_fact f
          WHERE ((f.batch_id = b.id) AND (f.kind = 'released'::text)))))
UNION ALL
 SELECT product.lot_id,
    NULL::text AS serial,
    NULL::bigint AS place_id,
    'patient'::text AS kind,
    NULL::bigint AS excursion_id,
    (('made for prescription '::text || personal(b.prescription)) || ' alone'::text) AS text,
    b.planned_at AS since,
    prescription_key(b.prescription) AS prescription,
    NULL::bigint AS hold_id
   FROM (batch_product product
     JOIN production_batch b ON ((b.id = product.batch_id)))
  WHERE (b.prescription <> ''::text);

CREATE VIEW approved_finding WITH (security_invoker=true) AS
 SELECT DISTINCT ON (c.lot_id, c.place_id, c.serial, c.count_id) c.count_id,
    k.number,
    k.decided_by,
    c.lot_id,
    c.serial,
    c.place_id,
    c.quantity,
    c.counted_at,
    c.latest_at
   FROM (count_line c
     JOIN stock_count k ON (((k.id = c.count_id) AND (k.decision = 'approved'::text))))
  ORDER BY c.lot_id, c.place_id, c.serial, c.count_id, c.counted_at DESC, c.fact DESC;

CREATE VIEW batch_product WITH (security_invoker=true) AS
 SELECT DISTINCT b.id AS batch_id,
    m.lot_id
   FROM (production_batch b
     JOIN movement m ON ((m.from_place = b.place_id)))
  WHERE (NOT (EXISTS ( SELECT
           FROM movement put_in
          WHERE ((put_in.lot_id = m.lot_id) AND (put_in.to_place = b.place_id)))));

CREATE VIEW channel_stay WITH (security_invoker=true) AS
 WITH said AS (
         SELECT w.channel_id,
            w.place_id,
            COALESCE(lag(w.until) OVER (PARTITION BY w.channel_id ORDER BY w.until), '-infinity'::timestamp with time zone) AS since,
            w.until
           FROM channel_place_was w
        UNION ALL
         SELECT c.id,
            c.place_id,
            COALESCE(( SELECT max(w.until) AS max
                   FROM channel_place_was w
                  WHERE (w.channel_id = c.id)), '-infinity'::timestamp with time zone) AS "coalesce",
            'infinity'::timestamp with time zone
           FROM channel c
        ), corrected AS (
         SELECT s_1.channel_id,
            s_1.place_id,
            s_1.since,
            s_1.until,
            (0)::bigint AS statement
           FROM said s_1
        UNION ALL
         SELECT x.channel_id,
            x.place_id,
            x.since,
            x.until,
            x.id
           FROM channel_statement x
          WHERE (x.decision = 'accepted'::text)
        )
 SELECT s.channel_id,
    s.place_id,
    lower(part.stay) AS since,
    upper(part.stay) AS until
   FROM (corrected s
     CROSS JOIN LATERAL ( SELECT unnest((tstzmultirange(tstzrange(s.since, s.until)) - COALESCE(( SELECT range_agg(tstzrange(later.since, later.until)) AS range_agg
                   FROM channel_statement later
                  WHERE ((later.channel_id = s.channel_id) AND (later.decision = 'accepted'::text) AND (later.id > s.statement))), '{}'::tstzmultirange))) AS stay) part);

CREATE VIEW envelope_now WITH (security_invoker=true) AS
 SELECT e.id,
    e.channel_id,
    e.began_at,
    e.ended_at,
    e.readings,
    e.lowest,
    e.mean,
    e.highest,
    e.gap_s,
    e.synced,
    e.seq,
    e.evidence_id,
    e.boot,
    e.began_mono_ms,
    e.ended_mono_ms,
    e.said_began_at,
    e.said_ended_at,
    GREATEST((e.readings - here.readings), (0)::bigint) AS left_readings,
        CASE
            WHEN (e.readings > here.readings) THEN LEAST(GREATEST((((e.mean * (e.readings)::double precision) - here.total) / ((e.readings - here.readings))::double precision), e.lowest), e.highest)
            ELSE NULL::double precision
        END AS left_mean
   FROM ((envelope e
     JOIN evidence v ON ((v.id = e.evidence_id)))
     CROSS JOIN LATERAL ( SELECT count(*) AS readings,
            COALESCE(sum(r.value), (0)::double precision) AS total
           FROM (reading r
             JOIN evidence w ON (((w.id = r.evidence_id) AND ((w.gateway_id = v.gateway_id) AND (w.journal = v.journal)))))
          WHERE ((r.channel_id = e.channel_id) AND ((r.at >= e.began_at) AND (r.at <= e.ended_at)) AND (r.synced = e.synced) AND (EXISTS ( SELECT
                   FROM declared_gap d
                  WHERE (((d.gateway_id = v.gateway_id) AND (d.journal = v.journal) AND (d.lane = v.lane)) AND ((e.seq >= d.by_first) AND (e.seq <= d.by_last)) AND ((r.seq >= d.first_seq) AND (r.seq <= d.last_seq))))) AND (NOT (EXISTS ( SELECT
                   FROM retold_reading t
                  WHERE ((t.gateway_id = v.gateway_id) AND (t.journal = v.journal) AND (t.was = r.seq))))))) here);

CREATE VIEW good_reading WITH (security_invoker=true) AS
 SELECT reading.channel_id,
    reading.at
   FROM reading
UNION ALL
 SELECT envelope.channel_id,
    envelope.began_at AS at
   FROM envelope
UNION ALL
 SELECT envelope.channel_id,
    envelope.ended_at AS at
   FROM envelope
UNION ALL
 SELECT seen_within.channel_id,
    seen_within.at
   FROM seen_within;

CREATE VIEW item_key WITH (security_invoker=true) AS
 SELECT item_gtin.gtin AS key,
    item_gtin.item_id,
    item_gtin.base_units
   FROM item_gtin
UNION ALL
 SELECT item_code.key,
    item_code.item_id,
    item_code.base_units
   FROM item_code;

CREATE VIEW judged_channel WITH (security_invoker=true) AS
 SELECT c.id,
    c.gateway_id,
    c.device,
    c.metric,
    c.place_id,
    c.id AS own_id
   FROM channel c
  WHERE (c.version_of IS NULL)
UNION ALL
 SELECT c.id,
    c.gateway_id,
    c.device,
    c.metric,
    b.place_id,
    b.id AS own_id
   FROM ((channel c
     JOIN channel b ON ((b.id = c.version_of)))
     JOIN gateway_journal j ON ((((j.gateway_id = c.gateway_id) AND (j.journal = c.journal)) AND (j.standing = 'doubted'::text))));

CREATE VIEW judged_stay WITH (security_invoker=true) AS
 SELECT c.id AS channel_id,
    s.place_id,
    s.since,
    s.until,
    NULL::bigint AS statement
   FROM (judged_channel c
     JOIN channel_stay s ON ((s.channel_id = c.own_id)))
UNION ALL
 SELECT c.id AS channel_id,
    x.place_id,
    x.since,
    x.until,
    x.id AS statement
   FROM (judged_channel c
     JOIN channel_statement x ON (((x.channel_id = c.own_id) AND (x.decision IS NULL))));

CREATE VIEW legal_hold_now WITH (security_invoker=true) AS
 SELECT h.id,
    h.case_id,
    h.item_id,
    COALESCE(h.lot_id, k.lot_id) AS lot_id,
    h.reason,
    h.asked_by
   FROM (legal_hold h
     LEFT JOIN exception_case k ON ((k.id = h.case_id)))
  WHERE ((h.lifted_at IS NULL) AND (h.decision IS DISTINCT FROM 'rejected'::text));

CREATE VIEW mistimed_movement WITH (security_invoker=true) AS
 SELECT s.gateway_id,
    s.journal,
    s.seq,
    s.boot,
    m.id,
    m.lot_id,
    m.serial,
    m.from_place,
    m.to_place,
    COALESCE(known.at, s.said_at) AS at,
    possible.earliest_at,
    possible.latest_at
   FROM (((doubtful_scan s
     JOIN movement m USING (fact))
     CROSS JOIN LATERAL ( SELECT corrected_time(s.gateway_id, s.boot, s.mono_ms, s.said_at) AS at) known)
     LEFT JOIN LATERAL possible_times(s.fact) possible(earliest_at, latest_at) ON (true))
  WHERE (((m.occurred_at IS DISTINCT FROM COALESCE(known.at, s.said_at)) OR (m.earliest_at IS DISTINCT FROM possible.earliest_at)) OR (m.latest_at IS DISTINCT FROM possible.latest_at));

CREATE VIEW policy_spell WITH (security_invoker=true) AS
 SELECT w.place_id,
    w.policy,
    COALESCE(lag(w.until) OVER (PARTITION BY w.place_id ORDER BY w.until), '-infinity'::timestamp with time zone) AS since,
    w.until
   FROM place_policy_was w
UNION ALL
 SELECT p.id AS place_id,
    p.policy,
    COALESCE(( SELECT max(w.until) AS max
           FROM place_policy_was w
          WHERE (w.place_id = p.id)), '-infinity'::timestamp with time zone) AS since,
    'infinity'::timestamp with time zone AS until
   FROM place p;

CREATE VIEW reading_range WITH (security_invoker=true) AS
 SELECT reading.channel_id,
    reading.at,
    reading.value AS lowest,
    reading.value AS highest
   FROM reading
UNION ALL
 SELECT envelope_point.channel_id,
    envelope_point.at,
    envelope_point.lowest,
    envelope_point.highest
   FROM envelope_point
UNION ALL
 SELECT seen_within.channel_id,
    seen_within.at,
    'Infinity'::double precision AS lowest,
    '-Infinity'::double precision AS highest
   FROM seen_within;

CREATE OR REPLACE FUNCTION public.archive_marks(name text, plan jsonb)
 RETURNS TABLE(channel_id bigint, row_count bigint, mark bigint)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
BEGIN
    IF name !~ '^reading_[0-9]{4}_[0-9]{2}$' THEN
        RAISE EXCEPTION '% is no month of readings', name;
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT r.channel_id, count(*), bit_xor(hash_record_extended((r.at, r.seq, r.value, r.evidence_id), 0))
         FROM %I r
         JOIN jsonb_to_recordset($1) AS p (channel_id bigint, stays tstzmultirange) ON p.channel_id = r.channel_id
         WHERE r.synced AND r.said_at IS NULL AND r.boot IS NULL AND NOT p.stays @> r.at
         GROUP BY r.channel_id', name) USING plan;
END $function$;

CREATE OR REPLACE FUNCTION public.close_privileged_functions()
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    each regprocedure;
BEGIN
    FOR each IN SELECT p.oid FROM pg_proc p
                WHERE p.pronamespace = current_schema()::regnamespace AND p.prosecdef
                  AND p.prorettype <> 'trigger'::regtype
                  AND has_function_privilege('lotwarden_client', p.oid, 'EXECUTE') LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', each);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO lotwarden_runtime', each);
    END LOOP;
END $function$;

CREATE OR REPLACE FUNCTION public.corrected_movements(lots bigint[])
 RETURNS TABLE(id bigint, occurred_at timestamp with time zone, said_at timestamp with time zone, corrections jsonb)
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
    SELECT f.id, f.occurred_at, f.said_at, f.corrections
    FROM (
        SELECT m.id, m.occurred_at, m.said_at, movement_corrections(m) AS corrections
        FROM movement m WHERE m.lot_id = ANY(lots)
        UNION
        SELECT m.id, m.occurred_at, m.said_at, movement_corrections(m)
        FROM (SELECT DISTINCT i.to_place FROM movement i JOIN place p ON p.id = i.to_place AND p.kind = 'production'
              WHERE i.lot_id = ANY(lots)) AS batch
        JOIN movement m ON m.from_place = batch.to_place
    ) AS f
    WHERE f.corrections <> '[]'
$function$;

CREATE OR REPLACE FUNCTION public.corrected_time(of_gateway bigint, of_boot text, of_mono_ms bigint, said_at timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
AS $function$
    SELECT CASE WHEN wall_minus_mono_ms IS NULL THEN said_at + offset_ms * interval '1 ms'
                ELSE timestamptz 'epoch' + (of_mono_ms + wall_minus_mono_ms) * interval '1 ms' END
    FROM clock_offset
    WHERE gateway_id = of_gateway AND boot = of_boot AND by_mono_ms >= of_mono_ms
    ORDER BY by_mono_ms
    LIMIT 1
$function$;

CREATE OR REPLACE FUNCTION public.drop_month_if_empty(name text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
DECLARE
    has_any boolean;
BEGIN
    IF name !~ '^reading_[0-9]{4}_[0-9]{2}$' THEN
        RAISE EXCEPTION '% is no month of readings', name;
    END IF;
    SET LOCAL lock_timeout = '1s';
    LOCK TABLE ONLY reading IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO has_any;
    IF NOT has_any THEN
        EXECUTE format('DROP TABLE %I', name);
    END IF;
    RETURN NOT has_any;
END $function$;

CREATE OR REPLACE FUNCTION public.erase_signature_hashes(erasure bigint, signed bigint, of_record boolean)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    was signature;
    new_record text;
    new_hash text;
    is_by_key boolean;
    told bigint;
BEGIN
    SELECT * INTO was FROM signature s WHERE s.id = signed;
    is_by_key := EXISTS (SELECT FROM signature_by_key k WHERE k.signature_sha256 = was.sha256);
    new_record := CASE WHEN of_record THEN 'erased' ELSE was.record_sha256 END;
    new_hash := CASE WHEN is_by_key THEN was.sha256 ELSE 'erased:' || signed END;
    IF (new_record, new_hash) IS DISTINCT FROM (was.record_sha256, was.sha256) THEN
        UPDATE signature SET record_sha256 = new_record, sha256 = new_hash WHERE id = signed;
        PERFORM note_erased(erasure, 'signature', signed::text, array_remove(ARRAY[
            CASE WHEN new_record <> was.record_sha256 THEN 'record_sha256' END,
            CASE WHEN new_hash <> was.sha256 THEN 'sha256' END], NULL));
    END IF;
    IF EXISTS (SELECT FROM signature_by_key k WHERE k.signature_sha256 = was.sha256 AND k.shown <> 'erased') THEN
        UPDATE signature_by_key SET shown = 'erased' WHERE signature_sha256 = was.sha256;
        PERFORM note_erased(erasure, 'signature_by_key', jsonb_build_array(was.sha256)::text, ARRAY['shown']);
    END IF;
    FOR told IN SELECT e.id FROM event e WHERE e.subject = was.record_kind || ':' || was.record_id AND e.kind = 'signed'
                AND e.data ->> 'sha256' = was.sha256 AND new_hash <> was.sha256 LOOP
        UPDATE event SET data = data || jsonb_build_object('sha256', new_hash) WHERE id = told;
        PERFORM note_erased(erasure, 'event', told::text, ARRAY['data']);
    END LOOP;
END $function$;

CREATE OR REPLACE FUNCTION public.erase_words(erasure bigint, words text, by_whom text, why text, at timestamp with time zone)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
DECLARE
    asked word_erasure;
    mark bigint;
    signatures jsonb;
    signed record;
    each text;
    sql record;
    counted record;
    rows integer := 0;
BEGIN
    SELECT * INTO asked FROM word_erasure e WHERE e.id = erasure AND e.decision IS NULL AND e.asked_by <> by_whom FOR UPDATE;
    IF asked.id IS NULL OR NOT EXISTS (SELECT FROM personal_data p WHERE p.token = asked.words AND p.value = erase_words.words) THEN
        RAISE EXCEPTION 'nobody else has asked for the erasure of these words';
    END IF;
    SELECT coalesce(max(id), 0) INTO mark FROM seal_row;
    signatures := (SELECT jsonb_agg(s) FROM signatures_with_words(words) s);
    PERFORM set_config('lotwarden.change', 'E', true);
    FOR each IN SELECT DISTINCT f.of_table FROM free_text_columns() f ORDER BY 1 LOOP
        SELECT * INTO sql FROM words_sql(each);
        EXECUTE format(
            'WITH held AS MATERIALIZED (SELECT r.ctid AS at, %1$s AS row_name, %2$s AS columns, %3$s AS places'
            '                           FROM %4$I r WHERE %5$s FOR UPDATE),'
            ' found AS (SELECT * FROM held WHERE cardinality(columns) > 0),'
            ' done AS (UPDATE %4$I r SET %6$s FROM found f WHERE r.ctid = f.at RETURNING 1),'
            ' named AS (INSERT INTO erased_row (erasure_id, of_table, row_name, columns, places)'
            '           SELECT $3, %4$L, row_name, columns, places::integer FROM found RETURNING 1)'
            ' SELECT (SELECT count(*) FROM named)::integer AS named, (SELECT count(*) FROM done)::integer AS done',
            sql.of_name, sql.of_columns, sql.of_places, each, sql.may_hold, sql.written)
            INTO counted USING words_pattern(words, false), words_pattern(words, true), erasure;
        IF counted.named <> counted.done THEN
            RAISE EXCEPTION USING ERRCODE = 'serialization_failure', MESSAGE = format('rows of %s change while words are erased', each);
        END IF;
        rows := rows + counted.done;
    END LOOP;
    FOR signed IN SELECT * FROM jsonb_to_recordset(coalesce(signatures, '[]')) AS s (signature_id bigint, of_record boolean) LOOP
        PERFORM erase_signature_hashes(erasure, signed.signature_id, signed.of_record);
    END LOOP;
    UPDATE seal_row s SET change = 'E'
    FROM erased_row e
    WHERE e.erasure_id = erasure AND s.xact = pg_current_xact_id() AND s.id > mark AND s.change = 'U' AND s.of_table = e.of_table
      AND coalesce(s.row_id::text, s.row_key) = e.row_name;
    UPDATE seal_row s SET salt = NULL
    FROM (SELECT n.of_table, n.row_id, n.row_key, max(n.id) AS last FROM seal_row n
          WHERE n.xact = pg_current_xact_id() AND n.id > mark AND n.change = 'E' GROUP BY 1, 2, 3) n
    WHERE s.of_table = n.of_table AND (s.row_id = n.row_id OR s.row_key = n.row_key) AND s.id < n.last AND s.salt IS NOT NULL;
    PERFORM set_config('lotwarden.change', '', true);
    UPDATE word_erasure SET decision = 'done', decided_by = by_whom, decided_at = at,
                            decision_reason = words_out(why, words_pattern(erase_words.words, false))
    WHERE id = erasure;
    UPDATE personal_data SET value = NULL, salt = NULL, erased_at = at WHERE token = asked.words;
    RETURN rows;
END $function$;

CREATE OR REPLACE FUNCTION public.erased_rows_not_shown()
 RETURNS TABLE(of_table text, row_name text)
 LANGUAGE plpgsql
 STABLE
AS $function$
DECLARE
    each text;
    of_id text;
    of_key text;
BEGIN
    FOR each IN SELECT DISTINCT e.of_table FROM erased_row e WHERE to_regclass(e.of_table) IS NOT NULL LOOP
        SELECT k.of_id, k.of_key INTO of_id, of_key FROM seal_key_sql(to_regclass(each), 'r') k;
        RETURN QUERY EXECUTE format(
            'SELECT DISTINCT %1$L, e.row_name FROM erased_row e JOIN %1$I r ON %2$s CROSS JOIN unnest(e.columns) AS c (name) '
            'WHERE e.of_table = %1$L AND to_jsonb(r) ->> c.name NOT LIKE ''%%erased%%'' '
            'AND ''E'' = (SELECT s.change FROM seal_row s WHERE s.of_table = %1$L AND %3$s ORDER BY s.id DESC LIMIT 1)',
            each, CASE WHEN of_id <> 'NULL::bigint' THEN of_id || ' = e.row_name::bigint' ELSE of_key || ' = e.row_name' END,
            CASE WHEN of_id <> 'NULL::bigint' THEN 's.row_id = e.row_name::bigint' ELSE 's.row_key = e.row_name' END);
    END LOOP;
END $function$;

CREATE OR REPLACE FUNCTION public.evidence_of(of_fact text)
 RETURNS bigint
 LANGUAGE sql
 STABLE
AS $function$
    SELECT e.id
    FROM (SELECT of_fact ~ '^[^/]+/[0-9a-f-]{36}/scans/[0-9]{1,18}#' AS is_scan) AS fact
    JOIN gateway g ON fact.is_scan AND g.name = split_part(of_fact, '/', 1)
    JOIN evidence e ON e.gateway_id = g.id AND e.lane = 'scans'
        AND e.journal = CASE WHEN fact.is_scan THEN split_part(of_fact, '/', 2)::uuid END
        AND CASE WHEN fact.is_scan THEN split_part(split_part(of_fact, '/', 4), '#', 1)::bigint END
            BETWEEN e.first_seq AND e.last_seq
    ORDER BY e.first_seq DESC
    LIMIT 1
$function$;

CREATE OR REPLACE FUNCTION public.excursion_corrections(x excursion)
 RETURNS jsonb
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
    SELECT lot_corrections(ARRAY(SELECT DISTINCT e.lot_id FROM exposure e WHERE e.excursion_id = x.id), '{}',
                           coalesce((SELECT min(v.recorded_at) FROM excursion_version v WHERE v.excursion_id = x.id), x.began_at))
$function$;

CREATE OR REPLACE FUNCTION public.expired_text(expires_at timestamp with time zone, zone text)
 RETURNS text
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
    SELECT CASE
        WHEN instant_of((last_day + 1)::timestamp, zone) = expires_at THEN 'expired on ' || last_day
        ELSE 'expired at ' || to_char(expires_at AT TIME ZONE zone, 'YYYY-MM-DD HH24:MI')
             || CASE WHEN zone = 'UTC' THEN ' UTC' ELSE ' (' || zone || ')' END END
    FROM (SELECT ((expires_at - interval '1 microsecond') AT TIME ZONE zone)::date AS last_day) AS day
$function$;

CREATE OR REPLACE FUNCTION public.expires_at(expires_on date, expires_hour time without time zone, expires_exactly timestamp with time zone, zone text)
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
    SELECT coalesce(expires_exactly,
                    instant_of(CASE WHEN expires_hour IS NULL THEN (expires_on + 1)::timestamp
                                    ELSE expires_on + expires_hour END, zone))
$function$;

CREATE OR REPLACE FUNCTION public.exposure_evidence(of_excursion bigint, of_lot bigint)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
    SELECT encode(sha256(convert_to(concat_ws('|', e.began_at, e.ended_at, e.worst, e.reach_from, e.reach_until,
        coalesce(
            (SELECT string_agg(concat_ws(',', x.place_id, x.serial, x.since, least(
                        r.ended_at, coalesce(e.reach_until, e.ended_at))), ';' ORDER BY x.place_id, x.serial, x.since)
             FROM exposure x
             JOIN residency r ON (r.lot_id, r.place_id, r.serial, r.began_at)
                               = (x.lot_id, x.place_id, x.serial, x.residency_began_at)
             JOIN place p ON p.id = x.place_id AND p.ancestors @> ARRAY[e.place_id]
             WHERE x.excursion_id = e.id AND x.lot_id = of_lot
               AND r.began_at < coalesce(e.reach_until, e.ended_at, 'infinity')),
            (SELECT min(x.since)::text FROM exposure x WHERE x.excursion_id = e.id AND x.lot_id = of_lot))), 'UTF8')),
        'hex')
    FROM excursion e
    WHERE e.id = of_excursion
$function$;

CREATE OR REPLACE FUNCTION public.forget_exposure()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    DELETE FROM exposure WHERE excursion_id = ANY(ARRAY(SELECT id FROM gone));
    RETURN NULL;
END $function$;

CREATE OR REPLACE FUNCTION public.free_text_columns(wanted text DEFAULT NULL::text)
 RETURNS TABLE(of_table text, of_column text, of_type text)
 LANGUAGE sql
 STABLE
AS $function$
    SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND col_description(c.oid, a.attnum) = 'free text' AND (wanted IS NULL OR c.relname = wanted)
    ORDER BY c.relname, a.attnum
$function$;

CREATE OR REPLACE FUNCTION public.goods_went(of_lot bigint, of_serial text, of_place bigint, of_kind text, began timestamp with time zone, until timestamp with time zone, since_when timestamp with time zone)
 RETURNS TABLE(lot_id bigint, serial text, place_id bigint, began_at timestamp with time zone, ended_at timestamp with time zone, kind text, since timestamp with time zone)
 LANGUAGE sql
 STABLE ROWS 3
AS $function$
    SELECT d.lot_id, d.serial, d.place_id, d.began_at, d.ended_at,
           (SELECT p.kind FROM place p WHERE p.id = d.place_id), -- looked up for each
           min(greatest(o.came_at, since_when))
    FROM (
        SELECT m.lot_id, m.serial, m.to_place, m.came_at
        FROM movement m
        WHERE (m.lot_id, m.from_place, m.serial) = (of_lot, of_place, of_serial) AND m.quantity > 0
          AND m.left_at BETWEEN since_when AND coalesce(until, 'infinity')
        UNION ALL
        SELECT m.lot_id, m.serial, m.to_place, m.came_at
        FROM movement m
        WHERE of_kind = 'production' AND m.from_place = of_place AND m.lot_id <> of_lot AND m.left_at >= since_when
          AND m.quantity > 0
        UNION ALL
        SELECT m.lot_id, m.serial, m.to_place, m.came_at -- out of a case that was opened
        FROM movement opened
        JOIN movement m ON m.lot_id = opened.lot_id AND m.from_place = opened.to_place
            AND m.event_id = opened.event_id AND m.serial <> opened.serial
        WHERE of_kind = 'unpacking' AND (opened.lot_id, opened.to_place, opened.serial) = (of_lot, of_place, of_serial)
          AND opened.came_at BETWEEN began AND coalesce(until, 'infinity')
          AND m.left_at >= since_when -- not of one that was opened before
        UNION ALL
        SELECT m.lot_id, m.serial, m.to_place, m.came_at
        FROM movement m
        WHERE m.lot_id = of_lot AND m.serial = of_serial AND m.quantity > 0
          AND m.from_place = ANY(ARRAY(SELECT g.id FROM place g WHERE g.kind = 'count_difference'))
          AND m.left_at >= since_when
        UNION ALL
        SELECT back.lot_id, back.serial, back.to_place, back.came_at
        FROM movement went
        JOIN movement back ON back.lot_id = of_lot AND back.serial = of_serial AND back.quantity > 0
            AND back.left_at >= greatest(went.came_at, since_when)
            AND back.from_place = ANY(ARRAY(SELECT g.id FROM place g WHERE g.kind IN ('supplier', 'used_up')))
        WHERE (went.lot_id, went.from_place, went.serial) = (of_lot, of_place, of_serial) AND went.quantity > 0
          AND went.left_at BETWEEN since_when AND coalesce(until, 'infinity')
          AND went.to_place = ANY(ARRAY(SELECT g.id FROM place g WHERE g.kind IN ('supplier', 'used_up')))
          AND (SELECT g.kind FROM place g WHERE g.id = went.to_place)
            = (SELECT g.kind FROM place g WHERE g.id = back.from_place)
    ) AS o
    JOIN residency d ON (d.lot_id, d.place_id, d.serial) = (o.lot_id, o.to_place, o.serial)
        AND o.came_at BETWEEN d.began_at AND coalesce(d.ended_at, 'infinity')
    GROUP BY d.lot_id, d.serial, d.place_id, d.began_at, d.ended_at
$function$;

CREATE OR REPLACE FUNCTION public.grant_runtime(of_table text, privileges text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF to_regclass(of_table) IS NULL THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM unnest(string_to_array(privileges, ', ')) AS each
               WHERE NOT has_table_privilege('lotwarden_runtime', of_table, each)) THEN
        EXECUTE format('GRANT %s ON %I TO lotwarden_runtime', privileges, of_table);
    END IF;
END $function$;

CREATE OR REPLACE FUNCTION public.grant_runtime_others(known text[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    each record;
BEGIN
    FOR each IN
        SELECT c.relname, CASE c.relkind WHEN 'S' THEN 'USAGE, SELECT' WHEN 'v' THEN 'SELECT'
                                         ELSE 'SELECT, INSERT, UPDATE, DELETE' END AS privileges
        FROM pg_class c
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')
          AND NOT c.relispartition AND c.relname <> ALL(known)
          AND NOT CASE c.relkind WHEN 'S' THEN has_sequence_privilege('lotwarden_runtime', c.oid, 'USAGE')
                                 ELSE has_table_privilege('lotwarden_runtime', c.oid, 'SELECT') END
    LOOP
        EXECUTE format('GRANT %s ON %s %I TO lotwarden_runtime', each.privileges,
                       CASE each.privileges WHEN 'USAGE, SELECT' THEN 'SEQUENCE' ELSE 'TABLE' END, each.relname);
    END LOOP;
END $function$;

CREATE OR REPLACE FUNCTION public.happened_at(data jsonb, recorded_at timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN CASE WHEN (COALESCE((data ->> 'at'::text), ((data -> 'request'::text) ->> 'occurred_at'::text)) ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d'::text) THEN (COALESCE((data ->> 'at'::text), ((data -> 'request'::text) ->> 'occurred_at'::text)))::timestamp with time zone ELSE recorded_at END;

CREATE OR REPLACE FUNCTION public.hold_corrections(h hold, told_at timestamp with time zone)
 RETURNS jsonb
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
    SELECT lot_corrections(ARRAY(SELECT g.lot_id FROM hold_goods g WHERE g.hold_id = h.id UNION SELECT h.lot_id), '{}', told_at)
$function$;

CREATE OR REPLACE FUNCTION public.hold_covers(held_place bigint, place bigint)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
AS $function$
    SELECT held_place IS NULL OR held_place = place
$function$;

CREATE OR REPLACE FUNCTION public.holds_of_lots(lot_ids bigint[])
 RETURNS SETOF active_hold
 LANGUAGE plpgsql
 STABLE ROWS 10
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
AS $function$
BEGIN
    RETURN QUERY
        SELECT h.*
        FROM (SELECT DISTINCT u.lot_id FROM unnest(lot_ids) AS u (lot_id)) AS asked
        CROSS JOIN LATERAL (SELECT n.* FROM active_hold n WHERE n.lot_id = asked.lot_id OFFSET 0) AS h;
END $function$;

CREATE OR REPLACE FUNCTION public.house_currency()
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
    SELECT currency FROM (SELECT currency FROM item_cost UNION ALL SELECT currency FROM receipt_cost) c
    GROUP BY currency ORDER BY count(*) DESC, currency LIMIT 1
$function$;

CREATE OR REPLACE FUNCTION public.instant_of(wall timestamp without time zone, zone text)
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
    SELECT CASE
        WHEN zone = 'UTC' THEN wall AT TIME ZONE 'UTC'
        WHEN ((wall - offset_before) AT TIME ZONE 'UTC') AT TIME ZONE zone = wall
            THEN (wall - offset_before) AT TIME ZONE 'UTC'
        ELSE wall AT TIME ZONE zone END
    FROM (SELECT (((wall AT TIME ZONE 'UTC') - interval '36 hours') AT TIME ZONE zone)
                 - (wall - interval '36 hours') AS offset_before) AS before
$function$;

CREATE OR REPLACE FUNCTION public.is_erasing_words()
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
    SELECT coalesce(current_setting('lotwarden.change', true), '') = 'E'
           AND pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = 'erased_row'::regclass), 'USAGE')
$function$;

CREATE OR REPLACE FUNCTION public.is_for_prescription(prescription text, demand text)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
    SELECT coalesce(prescription = demand
                    OR prescription = (SELECT prescription_key(o.patient_ref) FROM stock_order o WHERE o.number = demand), false)
$function$;

CREATE OR REPLACE FUNCTION public.is_foreign(of_gateway bigint, own bigint[], scope bigint)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
    SELECT scope IS NOT NULL AND scope <> own[1]
       AND NOT EXISTS (SELECT FROM gateway_site s WHERE s.gateway_id = of_gateway AND s.site_id = scope)
$function$;

CREATE OR REPLACE FUNCTION public.keep_plans()
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    with_rows text;
BEGIN
    PERFORM set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true);
    SELECT coalesce(string_agg(t.name, ' '), '') INTO with_rows
    FROM unnest(ARRAY[
        'channel', 'disposition', 'evidence', 'exception_case', 'excursion', 'exposure', 'hold', 'hold_reach', 'lot',
        'movement', 'place', 'position', 'probe_excursion', 'recall_lot', 'reservation', 'residency', 'track'
    ]) AS t (name)
    WHERE pg_relation_size(t.name::regclass) > 65536;
    IF with_rows IS DISTINCT FROM current_setting('lotwarden.planned_for', true) THEN
        DISCARD PLANS;
        PERFORM set_config('lotwarden.planned_for', with_rows, false);
    END IF;
END $function$;

CREATE OR REPLACE FUNCTION public.lane_has(of_gateway bigint, of_journal uuid, of_lane text, first bigint, last bigint)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION public.leave_month(name text, plan jsonb)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
DECLARE
    month timestamp;
    stayed bigint;
BEGIN
    IF name !~ '^reading_[0-9]{4}_[0-9]{2}$' THEN
        RAISE EXCEPTION '% is no month of readings', name;
    END IF;
    month := to_date(substr(name, 9), 'YYYY_MM');
    CREATE TABLE reading_fresh (LIKE reading INCLUDING DEFAULTS);
    EXECUTE format(
        'INSERT INTO reading_fresh
         SELECT r.* FROM %I r
         LEFT JOIN jsonb_to_recordset($1) AS p (channel_id bigint, stays tstzmultirange) ON p.channel_id = r.channel_id
         WHERE p.channel_id IS NULL
            OR NOT (r.synced AND r.said_at IS NULL AND r.boot IS NULL AND NOT p.stays @> r.at)', name) USING plan;
    GET DIAGNOSTICS stayed = ROW_COUNT;
    -- Whoever has read readings is waited for: nobody finds a month gone that was there when they began.
    SET LOCAL lock_timeout = '2s';
    LOCK TABLE ONLY reading IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('ALTER TABLE reading DETACH PARTITION %I', name);
    EXECUTE format('DROP TABLE %I', name);
    EXECUTE format('ALTER TABLE reading_fresh RENAME TO %I', name);
    EXECUTE format('ALTER TABLE reading ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name,
                   month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
    SET LOCAL lock_timeout = 0;
    RETURN stayed;
END $function$;

CREATE OR REPLACE FUNCTION public.legal_holds_over(of_table text, said jsonb, left_steps integer DEFAULT 3)
 RETURNS SETOF bigint
 LANGUAGE plpgsql
 STABLE
AS $function$
DECLARE
    link record;
    other record;
    above jsonb;
    goods text;
BEGIN
    IF said IS NULL OR NOT EXISTS (SELECT FROM legal_hold_now) THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT h.id FROM legal_hold_now h
        WHERE said ->> 'lot_id' = h.lot_id::text OR said ->> 'item_id' = h.item_id::text OR said ->> 'case_id' = h.case_id::text
           OR of_table = 'legal_hold' AND said ->> 'id' = h.id::text OR of_table = 'exception_case' AND said ->> 'id' = h.case_id::text
           OR of_table = 'lot' AND said ->> 'id' = h.lot_id::text OR of_table = 'item' AND said ->> 'id' = h.item_id::text
           -- What an event says of goods.
           OR of_table = 'event' AND jsonb_path_exists(said -> 'data',
                '$.** ? (@.lot == $lot || @.lot_id == $lot || @.lots[*] == $lot || @.lot == $number || @.lot_number == $number
                         || @.item == $item || @.item_id == $item_id)',
                (SELECT jsonb_build_object('lot', coalesce(h.lot_id, -1), 'number', coalesce(l.lot_number, '(nothing)'),
                                           'item', coalesce(i.name, '(nothing)'), 'item_id', coalesce(h.item_id, -1))
                 FROM (SELECT) one LEFT JOIN lot l ON l.id = h.lot_id LEFT JOIN item i ON i.id = h.item_id));
    IF left_steps = 0 THEN
        RETURN;
    END IF;
    IF of_table = 'stock_order' THEN
        RETURN QUERY SELECT h.id FROM legal_hold_now h WHERE EXISTS (
            SELECT FROM lot l WHERE (l.id = h.lot_id OR l.item_id = h.item_id)
                AND (EXISTS (SELECT FROM movement m WHERE m.order_ref = said ->> 'number' AND m.lot_id = l.id)
                     OR EXISTS (SELECT FROM reservation v WHERE v.demand = said ->> 'number' AND v.lot_id = l.id)));
    ELSIF of_table = 'production_batch' THEN
        RETURN QUERY SELECT h.id FROM legal_hold_now h WHERE EXISTS (
            SELECT FROM movement m JOIN lot l ON l.id = m.lot_id
            WHERE (l.id = h.lot_id OR l.item_id = h.item_id)
                AND said ->> 'place_id' IN (m.from_place::text, m.to_place::text));
    END IF;
    SELECT * INTO other FROM row_of_subject(coalesce(said ->> 'record_kind' || ':' || (said ->> 'record_id'), said ->> 'subject', ''));
    IF other.said IS NOT NULL THEN
        RETURN QUERY SELECT legal_holds_over(other.of_table, other.said, left_steps - 1);
    END IF;
    FOR link IN SELECT c.relname::text AS child, p.relname::text AS parent, a.attname AS ours, b.attname AS theirs
                FROM pg_constraint k
                JOIN pg_class c ON c.oid = k.conrelid
                JOIN pg_class p ON p.oid = k.confrelid
                JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
                JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[1]
                WHERE k.contype = 'f' AND cardinality(k.conkey) = 1
                  AND (k.conrelid = to_regclass(of_table) OR k.confrelid = to_regclass(of_table)) LOOP
        -- Places, gateways and batches of gateways are of all goods.
        CONTINUE WHEN link.parent IN ('place', 'gateway', 'evidence', 'channel');
        IF link.child = of_table AND said ->> link.ours IS NOT NULL THEN
            EXECUTE format('SELECT to_jsonb(p) FROM %I p WHERE p.%I::text = $1', link.parent, link.theirs)
                INTO above USING said ->> link.ours;
            RETURN QUERY SELECT legal_holds_over(link.parent, above, left_steps - 1);
        ELSIF link.parent = of_table AND of_table <> 'item' THEN
            FOR goods IN SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(link.child) AND NOT attisdropped
                         AND attname IN ('lot_id', 'item_id', 'case_id') AND attname <> link.ours LOOP
                RETURN QUERY EXECUTE format(
                    'SELECT h.id FROM legal_hold_now h WHERE EXISTS (SELECT FROM %I c WHERE c.%I::text = $1 AND %s)',
                    link.child, link.ours,
                    CASE goods WHEN 'lot_id' THEN 'c.lot_id IN (SELECT l.id FROM lot l WHERE l.id = h.lot_id OR l.item_id = h.item_id)'
                               ELSE format('c.%1$I = h.%1$I', goods) END)
                    USING said ->> link.theirs;
            END LOOP;
        END IF;
    END LOOP;
END $function$;

CREATE OR REPLACE FUNCTION public.let_runtime_pass_by_policies()
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NOT (SELECT rolbypassrls FROM pg_roles WHERE rolname = 'lotwarden_runtime') THEN
        ALTER ROLE lotwarden_runtime BYPASSRLS;
    END IF;
    RETURN true;
EXCEPTION
    WHEN insufficient_privilege THEN RETURN false;
END $function$;

CREATE OR REPLACE FUNCTION public.lock_month(name text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
BEGIN
    IF name !~ '^reading_[0-9]{4}_[0-9]{2}$' THEN
        RAISE EXCEPTION '% is no month of readings', name;
    END IF;
    EXECUTE format('LOCK TABLE %I IN EXCLUSIVE MODE', name);
END $function$;

CREATE OR REPLACE FUNCTION public.look_at_all_again()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    UPDATE lot SET is_wholly_exposed = false WHERE is_wholly_exposed;
    RETURN NULL;
END $function$;

CREATE OR REPLACE FUNCTION public.look_at_decided_again()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    UPDATE lot SET is_wholly_exposed = false
    -- Of an excursion on which nobody decided, only its exposures free anything.
    WHERE id = ANY(ARRAY(SELECT d.lot_id FROM changed JOIN disposition d ON d.excursion_id = changed.id))
      AND is_wholly_exposed::integer = 1;
    RETURN NULL;
END $function$;

CREATE OR REPLACE FUNCTION public.look_at_lots_again()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    UPDATE lot SET is_wholly_exposed = false
    WHERE id = ANY(ARRAY(SELECT DISTINCT lot_id FROM changed)) AND is_wholly_exposed::integer = 1;
    RETURN NULL;
END $function$;

CREATE OR REPLACE FUNCTION public.look_up_what_movements_name()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    wrong text;
BEGIN
    -- Each by its key, whatever the planner believes of how many there are.
    SELECT f.fact INTO wrong
    FROM fresh f
    WHERE (SELECT l.id FROM lot l WHERE l.id = f.lot_id) IS NULL
       OR (SELECT p.id FROM place p WHERE p.id = f.from_place) IS NULL
       OR (SELECT p.id FROM place p WHERE p.id = f.to_place) IS NULL
       OR (SELECT e.id FROM event e WHERE e.id = f.event_id) IS NULL
    LIMIT 1;
    IF FOUND THEN
        RAISE foreign_key_violation USING MESSAGE = format('movement %s names a lot, place or event that is not there', wrong);
    END IF;
    RETURN NULL;
END $function$;

CREATE OR REPLACE FUNCTION public.lot_corrections(numbered bigint[], expiring bigint[], told_at timestamp with time zone)
 RETURNS jsonb
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
    SELECT coalesce(jsonb_agg(jsonb_build_object('lot_id', c.lot_id, 'kind', c.kind, 'decided_at', c.decided_at,
                                                 'before', coalesce(c.before ->> 'lot_number', c.before ->> 'expiry'))
                              ORDER BY c.decided_at, c.id), '[]')
    FROM correction c
    WHERE c.decision = 'confirmed' AND c.kind IN ('lot_number', 'lot_expiry') AND c.decided_at > told_at
      AND (c.kind = 'lot_number' AND c.lot_id = ANY(numbered) OR c.kind = 'lot_expiry' AND c.lot_id = ANY(expiring))
      AND c.lot_id = ANY(numbered || expiring)
$function$;

CREATE OR REPLACE FUNCTION public.lot_expires_at(l lot)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
    SELECT coalesce(
        (SELECT min(expires_at(l.expires_on, l.expires_hour, l.expires_exactly, p.zone))
         FROM position b JOIN place p ON p.id = b.place_id
         WHERE b.lot_id = l.id AND b.quantity > 0 AND p.kind IN ('site', 'room', 'bin')),
        expires_at(l.expires_on, l.expires_hour, l.expires_exactly, 'UTC'))
$function$;

CREATE OR REPLACE FUNCTION public.lot_of_case(held bigint, data jsonb)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
    SELECT coalesce(held, CASE WHEN data ->> 'lot' ~ '^[0-9]{1,18}$' THEN (data ->> 'lot')::bigint END)
$function$;

CREATE OR REPLACE FUNCTION public.make_client_role()
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lotwarden_client') THEN
        BEGIN
            CREATE ROLE lotwarden_client NOLOGIN NOBYPASSRLS;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
            WHEN insufficient_privilege THEN RETURN false;
        END;
    END IF;
    BEGIN
        IF NOT pg_has_role('lotwarden_runtime', 'lotwarden_client', 'MEMBER') THEN
            GRANT lotwarden_client TO lotwarden_runtime;
        END IF;
        IF NOT pg_has_role(current_user, 'lotwarden_client', 'MEMBER') THEN
            EXECUTE format('GRANT lotwarden_client TO %I', current_user);
        END IF;
    EXCEPTION
        WHEN insufficient_privilege OR undefined_object THEN RETURN false;
        WHEN unique_violation THEN NULL;
    END;
    RETURN true;
END $function$;

CREATE OR REPLACE FUNCTION public.make_reading_partitions(first_at timestamp with time zone, last_at timestamp with time zone)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
DECLARE
    month timestamp := date_trunc('month', first_at AT TIME ZONE 'UTC');
    name text;
    made integer := 0;
BEGIN
    LOCK TABLE ONLY reading IN ROW EXCLUSIVE MODE; -- as writing to it would
    WHILE month <= last_at AT TIME ZONE 'UTC' LOOP
        name := 'reading_' || to_char(month, 'YYYY_MM');
        IF to_regclass(name) IS NULL THEN
            LOCK TABLE reading IN SHARE UPDATE EXCLUSIVE MODE;
            IF to_regclass(name) IS NULL THEN
                EXECUTE format('CREATE TABLE %I (LIKE reading INCLUDING DEFAULTS)', name);
                EXECUTE format('ALTER TABLE reading ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name,
                               month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
                made := made + 1;
            END IF;
        END IF;
        month := month + interval '1 month';
    END LOOP;
    RETURN made;
END $function$;

CREATE OR REPLACE FUNCTION public.make_runtime_role()
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lotwarden_runtime') THEN
        BEGIN
            CREATE ROLE lotwarden_runtime LOGIN;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
            WHEN insufficient_privilege THEN RETURN false;
        END;
    END IF;
    IF NOT may_be_runtime() THEN
        BEGIN
            EXECUTE format('GRANT lotwarden_runtime TO %I', current_user);
        EXCEPTION WHEN insufficient_privilege THEN RETURN false;
        END;
    END IF;
    RETURN true;
END $function$;

CREATE OR REPLACE FUNCTION public.make_views_look_as_who_asks()
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    each text;
BEGIN
    FOR each IN SELECT c.relname FROM pg_class c
                WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'v'
                  AND NOT coalesce('security_invoker=true' = ANY(c.reloptions), false) LOOP
        EXECUTE format('ALTER VIEW %I SET (security_invoker = true)', each);
    END LOOP;
END $function$;

CREATE OR REPLACE FUNCTION public.mark_free_text(tables text[], columns text[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    each record;
BEGIN
    FOR each IN
        SELECT c.relname, a.attname, w.is_wanted
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM unnest(tables, columns) AS u (t, n)
                                           WHERE u.t = c.relname AND u.n = a.attname) AS is_wanted) w
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND w.is_wanted <> (coalesce(col_description(c.oid, a.attnum), '') = 'free text')
    LOOP
        EXECUTE format('COMMENT ON COLUMN %I.%I IS %L', each.relname, each.attname, CASE WHEN each.is_wanted THEN 'free text' END);
    END LOOP;
END $function$;

CREATE OR REPLACE FUNCTION public.may_be_runtime()
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
    SELECT coalesce((SELECT pg_has_role(current_user, oid,
                            CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET'
                                 ELSE 'MEMBER' END)
                     FROM pg_roles WHERE rolname = 'lotwarden_runtime'), false)
$function$;

CREATE OR REPLACE FUNCTION public.movement_corrections(m movement)
 RETURNS jsonb
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
    SELECT lot_corrections(
        CASE WHEN m.serial = '' OR m.action = 'commission'
                  OR NOT EXISTS (SELECT FROM lot l JOIN item_gtin g ON g.item_id = l.item_id AND g.base_units = 1
                                 WHERE l.id = m.lot_id)
             THEN ARRAY[m.lot_id] ELSE '{}' END
        || CASE WHEN p.kind = 'production'
                     AND m.id = (SELECT min(made.id) FROM movement made WHERE made.from_place = m.from_place)
                THEN ARRAY(SELECT c.lot_id FROM movement c WHERE c.to_place = m.from_place) ELSE '{}' END,
        CASE WHEN p.kind = 'production' OR m.action = 'commission' THEN ARRAY[m.lot_id] ELSE '{}' END, m.recorded_at)
    FROM place p WHERE p.id = m.from_place
$function$;

CREATE OR REPLACE FUNCTION public.note_erased(erasure bigint, of_table text, row_name text, columns text[])
 RETURNS void
 LANGUAGE sql
AS $function$
    INSERT INTO erased_row (erasure_id, of_table, row_name, columns, places) VALUES (erasure, of_table, row_name, columns, 0)
$function$;

CREATE OR REPLACE FUNCTION public.note_evidence()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    NEW.evidence := coalesce(NEW.evidence, exposure_evidence(NEW.excursion_id, NEW.lot_id));
    RETURN NEW;
END $function$;

CREATE OR REPLACE FUNCTION public.open_to_owners(of_table text, only_where text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    made text;
    is_made boolean;
BEGIN
    IF to_regclass(of_table) IS NULL THEN
        RETURN;
    END IF;
    SELECT obj_description(oid, 'pg_policy'), true INTO made, is_made
    FROM pg_policy WHERE polrelid = to_regclass(of_table) AND polname = 'of_owner';
    IF only_where <> '' AND made IS DISTINCT FROM only_where THEN
        IF is_made IS NULL THEN
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', of_table);
            EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', of_table);
            -- Whoever may work as both sees what either may: true. The role of clients is no member of the other.
            EXECUTE format('CREATE POLICY of_house ON %I TO lotwarden_runtime, CURRENT_USER USING (true)', of_table);
        ELSE
            EXECUTE format('DROP POLICY of_owner ON %I', of_table);
        END IF;
        EXECUTE format('CREATE POLICY of_owner ON %I FOR SELECT TO lotwarden_client USING (%s)', of_table, only_where);
        EXECUTE format('COMMENT ON POLICY of_owner ON %I IS %L', of_table, only_where);
    END IF;
    IF NOT has_table_privilege('lotwarden_client', of_table, 'SELECT') THEN
        EXECUTE format('GRANT SELECT ON %I TO lotwarden_client', of_table);
    END IF;
END $function$;

CREATE OR REPLACE FUNCTION public.person_of(actor text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN split_part(actor, ' as told by '::text, 1);

CREATE OR REPLACE FUNCTION public.personal(said text)
 RETURNS text
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
    SELECT CASE WHEN starts_with(said, 'personal:')
                THEN (SELECT coalesce(value, 'erased') FROM personal_data WHERE token = said) ELSE said END
$function$;

CREATE OR REPLACE FUNCTION public.place_scope(kind text, ancestors bigint[])
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE
AS $function$
    SELECT CASE WHEN kind IN ('supplier', 'customer', 'scrap', 'count_difference', 'used_up', 'transit',
                              'unpacking')
                     OR kind = 'ward' AND cardinality(ancestors) = 1 THEN NULL
                ELSE ancestors[1] END
$function$;

CREATE OR REPLACE FUNCTION public.possible_times(of_fact text)
 RETURNS TABLE(earliest_at timestamp with time zone, latest_at timestamp with time zone)
 LANGUAGE sql
 STABLE ROWS 1
AS $function$
    SELECT least(coalesce(before.at, '0001-01-01Z'), coalesce(after.at, '9999-12-31Z')),
           greatest(coalesce(before.at, '0001-01-01Z'), coalesce(after.at, '9999-12-31Z'))
    FROM doubtful_scan s
    LEFT JOIN LATERAL (
        SELECT e.last_at AS at FROM evidence e
        WHERE e.gateway_id = s.gateway_id AND e.journal = s.journal AND e.lane = 'scans' AND e.last_at IS NOT NULL
          AND e.first_seq <= s.seq AND e.last_seq < s.seq
        ORDER BY e.first_seq DESC LIMIT 1
    ) AS before ON true
    LEFT JOIN LATERAL (
        SELECT e.first_at AS at FROM evidence e
        WHERE e.gateway_id = s.gateway_id AND e.journal = s.journal AND e.lane = 'scans' AND e.last_at IS NOT NULL
          AND e.first_seq > s.seq
        ORDER BY e.first_seq LIMIT 1
    ) AS after ON true
    WHERE s.fact = of_fact AND corrected_time(s.gateway_id, s.boot, s.mono_ms, s.said_at) IS NULL
$function$;

CREATE OR REPLACE FUNCTION public.prescription_key(said text)
 RETURNS text
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
    SELECT CASE WHEN starts_with(said, 'personal:')
                THEN coalesce((SELECT value FROM personal_data WHERE token = said), said) ELSE said END
$function$;

CREATE OR REPLACE FUNCTION public.prescription_names(asked text)
 RETURNS text[]
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
    SELECT ARRAY[asked] || ARRAY(SELECT token FROM personal_data WHERE field = 'prescription' AND value = asked)
$function$;

CREATE OR REPLACE FUNCTION public.production_state(batch bigint, batch_place bigint)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
    WITH facts AS MATERIALIZED (SELECT kind FROM batch_fact WHERE batch_id = batch),
    concerned AS (
        SELECT p.lot_id, true AS is_product FROM batch_product p WHERE p.batch_id = batch
        UNION SELECT m.lot_id, false FROM movement m WHERE m.to_place = batch_place
    )
    SELECT CASE
        WHEN EXISTS (SELECT FROM facts WHERE kind = 'rejected') THEN 'rejected'
        WHEN EXISTS (SELECT FROM concerned c CROSS JOIN LATERAL (
                         SELECT n.kind, n.place_id FROM active_hold n WHERE n.lot_id = c.lot_id OFFSET 0) AS h
                     WHERE h.kind NOT IN ('unreleased', 'patient')
                       AND (c.is_product OR hold_covers(h.place_id, batch_place)
                            AND (h.place_id IS NOT NULL OR NOT EXISTS (SELECT FROM facts WHERE kind = 'released')))) THEN 'held'
        WHEN EXISTS (SELECT FROM facts WHERE kind = 'released') THEN 'released'
        WHEN EXISTS (SELECT FROM facts WHERE kind = 'finished') THEN 'finished'
        WHEN EXISTS (SELECT FROM facts) OR EXISTS (SELECT FROM movement WHERE to_place = batch_place) THEN 'in_process'
        ELSE 'planned' END
$function$;

CREATE OR REPLACE FUNCTION public.protect_evidence(of_table text, may_change text[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    events text := CASE WHEN may_change = '{}' THEN 'UPDATE OR DELETE OR TRUNCATE' ELSE 'DELETE OR TRUNCATE' END;
    columns text := (SELECT string_agg(quote_literal(each), ', ') FROM unnest(may_change) AS each);
    wanted text := md5(events || coalesce(columns, ''));
BEGIN
    IF to_regclass(of_table) IS NULL OR obj_description(to_regclass(of_table), 'pg_class') = 'evidence ' || wanted THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE OR REPLACE TRIGGER %I BEFORE %s ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
                   of_table || '_append_only', events, of_table);
    IF columns IS NOT NULL THEN
        EXECUTE format('CREATE OR REPLACE TRIGGER %I BEFORE UPDATE ON %I FOR EACH ROW '
                       'EXECUTE FUNCTION refuse_other_change(%s)', of_table || '_mostly_stays', of_table, columns);
    END IF;
    EXECUTE format('COMMENT ON TABLE %I IS %L', of_table, 'evidence ' || wanted);
END $function$;

CREATE OR REPLACE FUNCTION public.receive_lots()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    UPDATE lot l SET received_at = came.at
    FROM (SELECT lot_id, min(began_at) AS at FROM changed GROUP BY lot_id) AS came
    WHERE l.id = came.lot_id AND (l.received_at IS NULL OR l.received_at > came.at);
    RETURN NULL;
END $function$;

CREATE OR REPLACE FUNCTION public.receive_lots_again()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    UPDATE lot l SET received_at = (SELECT min(r.began_at) FROM residency r WHERE r.lot_id = l.id)
    FROM (SELECT lot_id, min(began_at) AS at FROM changed GROUP BY lot_id) AS gone
    WHERE l.id = gone.lot_id AND l.received_at = gone.at;
    RETURN NULL;
END $function$;

CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'UPDATE' AND is_erasing_words() THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only: corrections are new rows', TG_TABLE_NAME;
END $function$;

CREATE OR REPLACE FUNCTION public.refuse_master_record_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF (old.approved_by IS NOT NULL OR (new.name, new.version, new.item_id, new.body, new.drafted_by)
        IS DISTINCT FROM (old.name, old.version, old.item_id, old.body, old.drafted_by)) AND NOT is_erasing_words() THEN
        RAISE EXCEPTION 'a master formulation record never changes: draft a new version';
    END IF;
    RETURN new;
END $function$;

CREATE OR REPLACE FUNCTION public.refuse_other_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF to_jsonb(new) - TG_ARGV IS DISTINCT FROM to_jsonb(old) - TG_ARGV AND NOT is_erasing_words() THEN
        RAISE EXCEPTION '% is append-only: only % may change', TG_TABLE_NAME, array_to_string(TG_ARGV, ', ');
    END IF;
    RETURN new;
END $function$;

CREATE OR REPLACE FUNCTION public.refuse_other_movement()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    NEW.occurred_at := OLD.occurred_at;
    NEW.said_at := OLD.said_at;
    NEW.earliest_at := OLD.earliest_at;
    NEW.latest_at := OLD.latest_at;
    NEW.came_at := OLD.came_at;
    NEW.left_at := OLD.left_at;
    IF OLD.action = 'count' THEN
        NEW.quantity := OLD.quantity;
        NEW.from_place := OLD.from_place;
        NEW.to_place := OLD.to_place;
    END IF;
    IF NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'movement is append-only: only its derived time may follow a clock notice, and what a count corrects';
    END IF;
    RETURN NULL;
END $function$;

CREATE OR REPLACE FUNCTION public.refuse_over_reservation()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    there bigint;
    promised bigint;
BEGIN
    SELECT quantity INTO there FROM position
    WHERE (lot_id, place_id, serial) = (new.lot_id, new.place_id, new.serial) FOR NO KEY UPDATE;
    SELECT sum(quantity) INTO promised FROM reservation
    WHERE (lot_id, place_id, serial) = (new.lot_id, new.place_id, new.serial) AND ended_at IS NULL;
    IF promised > coalesce(there, 0) THEN
        RAISE EXCEPTION 'over-reserved: % promised of % in lot %, place %', promised, coalesce(there, 0), new.lot_id,
            new.place_id USING ERRCODE = 'check_violation', CONSTRAINT = 'reservation_within_position';
    END IF;
    RETURN NULL;
END $function$;

CREATE OR REPLACE FUNCTION public.refuse_removal()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION 'a % stays, with its id: movements name it', TG_TABLE_NAME;
END $function$;

CREATE OR REPLACE FUNCTION public.row_of_subject(subject text, OUT of_table text, OUT said jsonb)
 RETURNS record
 LANGUAGE plpgsql
 STABLE
AS $function$
DECLARE
    kind text := split_part(subject, ':', 1);
    name text := substr(subject, length(split_part(subject, ':', 1)) + 2);
    of_key text;
BEGIN
    IF kind = 'exposure' THEN
        kind := 'lot';
        name := split_part(name, ':', 2);
    END IF;
    of_table := CASE kind WHEN 'case' THEN 'exception_case' WHEN 'order' THEN 'stock_order' WHEN 'count' THEN 'stock_count'
                          WHEN 'claim' THEN 'supplier_claim' WHEN 'suspect' THEN 'suspect_product' WHEN 'sample' THEN 'quality_sample'
                          WHEN 'lost' THEN 'lost_serial' WHEN 'transaction' THEN 'transaction_record' WHEN 'study' THEN 'stability_study'
                          WHEN 'formulation' THEN 'master_formulation_record' WHEN 'batch' THEN 'production_batch' ELSE kind END;
    of_key := CASE of_table WHEN 'stock_order' THEN 'number' WHEN 'stock_count' THEN 'number' WHEN 'item' THEN 'name'
                            WHEN 'production_batch' THEN '(SELECT p.name FROM place p WHERE p.id = r.place_id)'
                            WHEN 'master_formulation_record' THEN '(r.name || '':'' || r.version)' ELSE 'id' END;
    IF to_regclass(of_table) IS NULL OR of_key = 'id' AND (name !~ '^[0-9]{1,18}$' OR NOT EXISTS (
            SELECT FROM pg_attribute WHERE attrelid = to_regclass(of_table) AND attname = 'id' AND NOT attisdropped)) THEN
        of_table := NULL;
        RETURN;
    END IF;
    EXECUTE format('SELECT to_jsonb(r) FROM %I r WHERE %s = $1::%s', of_table, of_key, CASE of_key WHEN 'id' THEN 'bigint' ELSE 'text' END)
        INTO said USING name;
END $function$;

CREATE OR REPLACE FUNCTION public.seal_block(of_table text, left_out text[], low bigint, high bigint, OUT row_ids bytea, OUT said bytea, OUT is_plain boolean, OUT sealed_ids bytea, OUT salts bytea, OUT hashes bytea)
 RETURNS record
 LANGUAGE plpgsql
 STABLE
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
 SET jit TO 'off'
 SET enable_sort TO 'off'
 SET enable_bitmapscan TO 'off'
 SET enable_seqscan TO 'off'
 SET max_parallel_workers_per_gather TO '0'
AS $function$
DECLARE
    of_id text;
    of_key text;
BEGIN
    SELECT * INTO of_id, of_key FROM seal_key_sql(to_regclass(of_table), 'r');
    IF of_id = 'NULL::bigint' THEN
        is_plain := false;
        RETURN;
    END IF;
    EXECUTE format($rows$
        SELECT coalesce(string_agg(int8send(%1$s), ''), ''), convert_to(coalesce(string_agg(%2$s, E'\n'), ''), 'UTF8')
        FROM (SELECT * FROM %3$I r WHERE %1$s BETWEEN $1 AND $2 ORDER BY %1$s) AS r
        $rows$, of_id, seal_columns_sql(to_regclass(of_table), 'r', left_out), of_table)
        INTO row_ids, said USING low, high;
    SELECT coalesce(bool_and(b.change = 'I' AND length(b.salt) = 16 AND length(b.row_hash) = 32), true),
           coalesce(string_agg(int8send(b.row_id), ''), ''), coalesce(string_agg(b.salt, ''), ''),
           coalesce(string_agg(b.row_hash, ''), '')
    INTO is_plain, sealed_ids, salts, hashes
    FROM (SELECT s.row_id, s.change, s.salt, s.row_hash FROM seal_row s
          WHERE s.of_table = seal_block.of_table AND s.row_id BETWEEN low AND high
          ORDER BY s.of_table, s.row_id OFFSET 0) AS b;
END $function$;

CREATE OR REPLACE FUNCTION public.seal_columns_sql(sealed regclass, r text, left_out text[])
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
    WITH col AS (
        SELECT row_number() OVER (ORDER BY octet_length(a.attname::text), a.attname::text COLLATE "C") - 1 AS nth,
               to_json(a.attname::text)::text || ': ' AS name,
               format(CASE WHEN a.atttypid = 'jsonb'::regtype THEN '%1$s'
                           WHEN a.atttypid IN ('bigint'::regtype, 'integer'::regtype) AND a.attnotnull THEN '%1$s'
                           WHEN a.atttypid IN ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype, 'text'::regtype,
                                               'timestamptz'::regtype, 'date'::regtype, 'bytea'::regtype)
                           THEN 'to_json(%1$s)' ELSE 'to_jsonb(%1$s)' END, format('%s.%I', r, a.attname)) AS value,
               a.attnotnull AS is_there
        FROM pg_attribute a
        WHERE a.attrelid = sealed AND a.attnum > 0 AND NOT a.attisdropped AND a.attname::text <> ALL (left_out)
    ), part AS ( -- a function takes a hundred values
        SELECT nth / 40 AS nth,
               string_agg(format(CASE WHEN is_there THEN '%L, %s' ELSE '%L, coalesce(%s, ''null'')' END,
                                 CASE nth WHEN 0 THEN '{' ELSE ', ' END || name, value), ', ' ORDER BY nth) AS values
        FROM col GROUP BY nth / 40
    )
    SELECT string_agg(format('concat(%s)', values), ' || ' ORDER BY nth) || ' || ''}''' FROM part
$function$;

CREATE OR REPLACE FUNCTION public.seal_entry(s seal_row)
 RETURNS bytea
 LANGUAGE sql
 STABLE
AS $function$
    SELECT convert_to(seal_entry_text(s), 'UTF8')
$function$;

CREATE OR REPLACE FUNCTION public.seal_entry_text(s seal_row)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
    SELECT concat(E'lotwarden seal 1\n', s.of_table, E'\n', coalesce(s.row_id::text, s.row_key), E'\n',
                  s.change, E'\n', s.xact, E'\n', encode(s.row_hash, 'hex'), E'\n')
$function$;

CREATE OR REPLACE FUNCTION public.seal_faults(of_table text, left_out text[], low bigint, high bigint, OUT row_name text, OUT fault text)
 RETURNS SETOF record
 LANGUAGE plpgsql
 STABLE
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
DECLARE
    of_id text;
    of_key text;
    sealed text;
    rows text;
    same text;
BEGIN
    SELECT * INTO of_id, of_key FROM seal_key_sql(to_regclass(of_table), 'r');
    IF of_id <> 'NULL::bigint' THEN
        sealed := format('SELECT * FROM seal_row WHERE of_table = %L AND row_id BETWEEN %s AND %s', of_table, low, high);
        rows := format('SELECT r, %1$s AS id, NULL::text AS key FROM %2$I r WHERE %1$s BETWEEN %3$s AND %4$s', of_id, of_table, low,
                       high);
        same := 'n.row_id = s.row_id';
    ELSE
        sealed := format('SELECT * FROM seal_row WHERE of_table = %L AND row_key IS NOT NULL', of_table);
        rows := format('SELECT r, NULL::bigint AS id, %s AS key FROM %I r', of_key, of_table);
        same := 'n.row_key = s.row_key';
    END IF;
    RETURN QUERY EXECUTE format($check$
        SELECT coalesce(s.row_id::text, s.row_key, r.id::text, r.key),
               CASE WHEN s.id IS NULL THEN 'unsealed'
                    WHEN s.change = 'X' THEN 'overwritten' WHEN s.change = 'D' THEN 'deleted'
                    WHEN %1$s IS NULL THEN 'missing' ELSE 'changed' END
        FROM (%2$s) AS s FULL JOIN (%3$s) AS r ON %4$s
        WHERE s.id IS NULL OR s.change IN ('X', 'D')
           OR (%1$s IS NULL OR sha256(s.salt || convert_to(%5$s, 'UTF8')) IS DISTINCT FROM s.row_hash)
              AND NOT EXISTS (SELECT FROM seal_row n WHERE n.of_table = %6$L AND %7$s AND n.id > s.id)
        $check$, CASE WHEN of_id <> 'NULL::bigint' THEN 'r.id' ELSE 'r.key' END, sealed, rows,
        CASE WHEN of_id <> 'NULL::bigint' THEN 'r.id = s.row_id' ELSE 'r.key = s.row_key' END,
        seal_text_sql('(r.r)', left_out), of_table, same);
END $function$;

CREATE OR REPLACE FUNCTION public.seal_is_of(sealed regclass, may_change text[], left_out text[])
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
    SELECT md5(concat_ws('|', may_change, left_out, string_agg(quote_ident(attname), ',' ORDER BY attnum)))
    FROM pg_attribute WHERE attrelid = sealed AND attnum > 0 AND NOT attisdropped
$function$;

CREATE OR REPLACE FUNCTION public.seal_key_sql(sealed regclass, r text, OUT of_id text, OUT of_key text)
 RETURNS record
 LANGUAGE sql
 STABLE
AS $function$
    WITH col AS (
        SELECT a.attname, a.atttypid, k.nth
        FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k (attnum, nth), pg_attribute a
        WHERE i.indrelid = sealed AND i.indisprimary AND a.attrelid = sealed AND a.attnum = k.attnum
    )
    SELECT CASE WHEN count(*) = 1 AND min(atttypid::bigint) = 20 THEN min(format('%s.%I', r, attname))
                ELSE 'NULL::bigint' END,
           CASE WHEN count(*) = 1 AND min(atttypid::bigint) = 20 THEN 'NULL::text'
                WHEN count(*) = 0 THEN format('jsonb_build_array(md5(to_jsonb(%s)::text))::text', r)
                ELSE format('jsonb_build_array(%s)::text', string_agg(format('%s.%I', r, attname), ', ' ORDER BY nth)) END
    FROM col
$function$;

CREATE OR REPLACE FUNCTION public.seal_note_migration()
 RETURNS void
 LANGUAGE sql
AS $function$
    INSERT INTO event (actor, kind, subject, reason, data)
    SELECT 'ledger', 'evidence_sealed_again', 'table:' || of_table, 'a migration changed the table',
           jsonb_build_object('rows', count(*))
    FROM seal_row WHERE xact = pg_current_xact_id() AND change = 'M' GROUP BY of_table
$function$;

CREATE OR REPLACE FUNCTION public.seal_table(of_table text, may_change text[], left_out text[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    sealed regclass := to_regclass(of_table);
    writes text := 'seal_writes_of_' || of_table;
    -- A row and 128 random bits: who does not have them cannot guess what an erased row said.
    salted text := '(SELECT r, uuid_send(gen_random_uuid()) AS salt FROM %I r)';
    of_text text := seal_text_sql('(s.r)', left_out);
    of_hash text := format('sha256(s.salt || convert_to(%s, ''UTF8''))', of_text);
    of_id text;
    of_key text;
    wanted text;
    is_new boolean := to_regproc(writes) IS NULL;
    event text;
BEGIN
    IF sealed IS NULL THEN
        RETURN;
    END IF;
    wanted := 'seals ' || seal_is_of(sealed, may_change, left_out);
    IF NOT is_new AND obj_description(to_regproc(writes), 'pg_proc') = wanted THEN
        RETURN;
    END IF;
    SELECT * INTO of_id, of_key FROM seal_key_sql(sealed, '(s.r)');
    EXECUTE format($make$
        CREATE OR REPLACE FUNCTION %1$I() RETURNS trigger SECURITY DEFINER LANGUAGE plpgsql
        SET search_path = %2$I, pg_temp SET timezone = 'UTC' SET extra_float_digits = 1 SET bytea_output = 'hex'
        AS $body$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT %3$L, %4$s, %5$s, 'I', s.salt, %6$s FROM %7$s s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT %3$L, %4$s, %5$s, 'D', s.salt, %6$s FROM %8$s s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT %3$L, CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - %9$L::text[] IS NOT DISTINCT FROM o.row - %9$L::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT %4$s AS id, %5$s AS key, to_jsonb(s.r) AS row, s.salt, %6$s AS hash FROM %7$s s) AS n
                FULL JOIN (SELECT %4$s AS id, %5$s AS key, to_jsonb(s.r) AS row, s.salt, %6$s AS hash FROM %8$s s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $body$
        $make$, writes, current_schema(), of_table, of_id, of_key, of_hash, format(salted, 'fresh'), format(salted, 'was'),
        may_change);
    EXECUTE format('COMMENT ON FUNCTION %I() IS %L', writes, wanted);
    FOREACH event IN ARRAY ARRAY['INSERT', 'UPDATE', 'DELETE'] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER %s ON %I REFERENCING %s FOR EACH STATEMENT EXECUTE FUNCTION %I()',
                       of_table || '_sealed_' || lower(event), event, of_table,
                       CASE event WHEN 'INSERT' THEN 'NEW TABLE AS fresh' WHEN 'DELETE' THEN 'OLD TABLE AS was'
                                  ELSE 'OLD TABLE AS was NEW TABLE AS fresh' END, writes);
    END LOOP;
    SET LOCAL timezone = 'UTC';
    SET LOCAL extra_float_digits = 1;
    SET LOCAL bytea_output = 'hex';
    EXECUTE format('INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash) '
                   'SELECT %L, %s, %s, %L, s.salt, %s FROM %s s',
                   of_table, of_id, of_key, CASE WHEN is_new THEN 'I' ELSE 'M' END, of_hash, format(salted, of_table));
END $function$;

CREATE OR REPLACE FUNCTION public.seal_text_sql(r text, left_out text[])
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
    SELECT CASE WHEN left_out = '{}' THEN format('to_jsonb(%s)::text', r)
                ELSE format('(to_jsonb(%s) - %L::text[])::text', r, left_out) END
$function$;

CREATE OR REPLACE FUNCTION public.seal_texts(of_table text, left_out text[], row_ids bigint[], row_keys text[], OUT row_id bigint, OUT row_key text, OUT text text)
 RETURNS SETOF record
 LANGUAGE plpgsql
 STABLE
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
DECLARE
    of_id text;
    of_key text;
BEGIN
    SELECT * INTO of_id, of_key FROM seal_key_sql(to_regclass(of_table), 'r');
    RETURN QUERY EXECUTE format('SELECT %1$s, %2$s, %3$s FROM %4$I r WHERE %5$s', of_id, of_key,
                                seal_text_sql('r', left_out), of_table,
                                CASE WHEN of_id <> 'NULL::bigint' THEN of_id || ' = ANY($1)' ELSE of_key || ' = ANY($2)' END)
        USING row_ids, row_keys;
END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_access_review()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'access_review', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'access_review', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'access_review', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{closed_by,closed_at}'::text[] IS NOT DISTINCT FROM o.row - '{closed_by,closed_at}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_access_review_line()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'access_review_line', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'access_review_line', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'access_review_line', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{decision,decided_by,decided_at,reason}'::text[] IS NOT DISTINCT FROM o.row - '{decision,decided_by,decided_at,reason}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_administration()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'administration', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'administration', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'administration', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_alert()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'alert', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'alert', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'alert', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{acknowledged_at,acknowledged_by,acknowledged_comment}'::text[] IS NOT DISTINCT FROM o.row - '{acknowledged_at,acknowledged_by,acknowledged_comment}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_api_token()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'api_token', NULL::bigint, jsonb_build_array((s.r).name)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'api_token', NULL::bigint, jsonb_build_array((s.r).name)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'api_token', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{revoked_at,token_sha256,previous_sha256,previous_until,expires_at}'::text[] IS NOT DISTINCT FROM o.row - '{revoked_at,token_sha256,previous_sha256,previous_until,expires_at}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).name)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).name)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_archive_file()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'archive_file', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'archive_file', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'archive_file', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_archive_manifest()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'archive_manifest', NULL::bigint, jsonb_build_array((s.r).number)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'archive_manifest', NULL::bigint, jsonb_build_array((s.r).number)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'archive_manifest', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).number)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).number)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_backup()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'backup', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'backup', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'backup', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_batch_fact()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'batch_fact', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'batch_fact', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'batch_fact', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_beyond_use_support()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'beyond_use_support', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'beyond_use_support', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'beyond_use_support', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_billing_conversion()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'billing_conversion', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'billing_conversion', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'billing_conversion', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_billing_table()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'billing_table', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'billing_table', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'billing_table', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_calibration()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'calibration', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'calibration', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'calibration', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_change_control()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'change_control', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'change_control', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'change_control', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{decision,decided_by,decided_at,decision_reason,implemented_by,implemented_at,implementation,closed_by,closed_at,effectiveness}'::text[] IS NOT DISTINCT FROM o.row - '{decision,decided_by,decided_at,decision_reason,implemented_by,implemented_at,implementation,closed_by,closed_at,effectiveness}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_change_control_event()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'change_control_event', NULL::bigint, jsonb_build_array((s.r).change_control_id, (s.r).event_id)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'change_control_event', NULL::bigint, jsonb_build_array((s.r).change_control_id, (s.r).event_id)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'change_control_event', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).change_control_id, (s.r).event_id)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).change_control_id, (s.r).event_id)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_channel_place_was()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'channel_place_was', NULL::bigint, jsonb_build_array((s.r).channel_id, (s.r).until)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'channel_place_was', NULL::bigint, jsonb_build_array((s.r).channel_id, (s.r).until)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'channel_place_was', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).channel_id, (s.r).until)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).channel_id, (s.r).until)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_channel_statement()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'channel_statement', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'channel_statement', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'channel_statement', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{decision,decided_by,decided_at}'::text[] IS NOT DISTINCT FROM o.row - '{decision,decided_by,decided_at}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_charge()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'charge', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'charge', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'charge', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_charge_reconciliation()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'charge_reconciliation', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'charge_reconciliation', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'charge_reconciliation', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_claim_settlement()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'claim_settlement', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'claim_settlement', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'claim_settlement', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_complaint()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'complaint', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'complaint', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'complaint', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{finding,finding_text,investigated_by,investigated_at}'::text[] IS NOT DISTINCT FROM o.row - '{finding,finding_text,investigated_by,investigated_at}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_complaint_evidence()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'complaint_evidence', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'complaint_evidence', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'complaint_evidence', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_controlled_change()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'controlled_change', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'controlled_change', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'controlled_change', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{decision,decided_by,decided_at,decision_reason,applied_at}'::text[] IS NOT DISTINCT FROM o.row - '{decision,decided_by,decided_at,decision_reason,applied_at}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_controlled_inventory()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'controlled_inventory', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'controlled_inventory', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'controlled_inventory', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_controlled_inventory_line()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'controlled_inventory_line', NULL::bigint, jsonb_build_array((s.r).inventory_id, (s.r).lot_id, (s.r).serial, (s.r).place_id)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'controlled_inventory_line', NULL::bigint, jsonb_build_array((s.r).inventory_id, (s.r).lot_id, (s.r).serial, (s.r).place_id)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'controlled_inventory_line', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).inventory_id, (s.r).lot_id, (s.r).serial, (s.r).place_id)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).inventory_id, (s.r).lot_id, (s.r).serial, (s.r).place_id)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_correction()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'correction', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'correction', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'correction', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{effect,needs_second_person,before,after,decided_by,decided_at,decision,decision_reason}'::text[] IS NOT DISTINCT FROM o.row - '{effect,needs_second_person,before,after,decided_by,decided_at,decision,decision_reason}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_count_line()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'count_line', NULL::bigint, jsonb_build_array((s.r).fact)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'count_line', NULL::bigint, jsonb_build_array((s.r).fact)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'count_line', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).fact)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).fact)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_count_result()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'count_result', NULL::bigint, jsonb_build_array((s.r).count_id, (s.r).lot_id, (s.r).place_id, (s.r).serial)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'count_result', NULL::bigint, jsonb_build_array((s.r).count_id, (s.r).lot_id, (s.r).place_id, (s.r).serial)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'count_result', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).count_id, (s.r).lot_id, (s.r).place_id, (s.r).serial)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).count_id, (s.r).lot_id, (s.r).place_id, (s.r).serial)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_disposition()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'disposition', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'disposition', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'disposition', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_document()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'document', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'document', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'document', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_doubtful_scan()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'doubtful_scan', NULL::bigint, jsonb_build_array((s.r).fact)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'doubtful_scan', NULL::bigint, jsonb_build_array((s.r).fact)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'doubtful_scan', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).fact)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).fact)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_environment_session()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'environment_session', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'environment_session', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'environment_session', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_epcis_capture()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'epcis_capture', NULL::bigint, jsonb_build_array((s.r).id)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'epcis_capture', NULL::bigint, jsonb_build_array((s.r).id)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'epcis_capture', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).id)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).id)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_erased_row()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'erased_row', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'erased_row', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'erased_row', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_erased_signature()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'erased_signature', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'erased_signature', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'erased_signature', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_erasure()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'erasure', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'erasure', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'erasure', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{done_by,done_at}'::text[] IS NOT DISTINCT FROM o.row - '{done_by,done_at}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_event()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'event', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'event', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'event', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_evidence()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'evidence', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to((to_jsonb((s.r)) - '{raw}'::text[])::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'evidence', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to((to_jsonb((s.r)) - '{raw}'::text[])::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'evidence', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to((to_jsonb((s.r)) - '{raw}'::text[])::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to((to_jsonb((s.r)) - '{raw}'::text[])::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_exception_case()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'exception_case', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'exception_case', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'exception_case', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{text,data,assignee,resolved_at,resolved_by,resolution,decision,resolved_role}'::text[] IS NOT DISTINCT FROM o.row - '{text,data,assignee,resolved_at,resolved_by,resolution,decision,resolved_role}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_excursion_version()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'excursion_version', NULL::bigint, jsonb_build_array((s.r).excursion_id, (s.r).version)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'excursion_version', NULL::bigint, jsonb_build_array((s.r).excursion_id, (s.r).version)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'excursion_version', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).excursion_id, (s.r).version)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).excursion_id, (s.r).version)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_field_correction()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'field_correction', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'field_correction', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'field_correction', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{closed_by,closed_at,closed_reason}'::text[] IS NOT DISTINCT FROM o.row - '{closed_by,closed_at,closed_reason}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_field_correction_unit()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'field_correction_unit', NULL::bigint, jsonb_build_array((s.r).correction_id, (s.r).serial)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'field_correction_unit', NULL::bigint, jsonb_build_array((s.r).correction_id, (s.r).serial)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'field_correction_unit', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).correction_id, (s.r).serial)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).correction_id, (s.r).serial)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_gateway_config()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'gateway_config', NULL::bigint, jsonb_build_array((s.r).gateway_id, (s.r).version)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'gateway_config', NULL::bigint, jsonb_build_array((s.r).gateway_id, (s.r).version)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'gateway_config', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).gateway_id, (s.r).version)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).gateway_id, (s.r).version)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_gateway_invite()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'gateway_invite', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'gateway_invite', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'gateway_invite', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{expires_at,used_at,public_key}'::text[] IS NOT DISTINCT FROM o.row - '{expires_at,used_at,public_key}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_hold()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'hold', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'hold', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'hold', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{lifted_by,lifted_at,lifted_reason}'::text[] IS NOT DISTINCT FROM o.row - '{lifted_by,lifted_at,lifted_reason}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_hold_goods()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'hold_goods', NULL::bigint, jsonb_build_array(md5(to_jsonb((s.r))::text))::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'hold_goods', NULL::bigint, jsonb_build_array(md5(to_jsonb((s.r))::text))::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'hold_goods', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array(md5(to_jsonb((s.r))::text))::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array(md5(to_jsonb((s.r))::text))::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_hospital_message()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'hospital_message', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'hospital_message', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'hospital_message', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{site_id,owner}'::text[] IS NOT DISTINCT FROM o.row - '{site_id,owner}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_hospital_outcome()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'hospital_outcome', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'hospital_outcome', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'hospital_outcome', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_hospital_patient()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'hospital_patient', NULL::bigint, jsonb_build_array((s.r).fact)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'hospital_patient', NULL::bigint, jsonb_build_array((s.r).fact)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'hospital_patient', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).fact)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).fact)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_interop_document()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'interop_document', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to((to_jsonb((s.r)) - '{content}'::text[])::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'interop_document', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to((to_jsonb((s.r)) - '{content}'::text[])::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'interop_document', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{content}'::text[] IS NOT DISTINCT FROM o.row - '{content}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to((to_jsonb((s.r)) - '{content}'::text[])::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to((to_jsonb((s.r)) - '{content}'::text[])::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_item_cost()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'item_cost', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'item_cost', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'item_cost', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_ledger_key()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'ledger_key', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to((to_jsonb((s.r)) - '{private_key}'::text[])::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'ledger_key', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to((to_jsonb((s.r)) - '{private_key}'::text[])::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'ledger_key', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to((to_jsonb((s.r)) - '{private_key}'::text[])::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to((to_jsonb((s.r)) - '{private_key}'::text[])::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_legal_hold()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'legal_hold', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'legal_hold', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'legal_hold', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{decision,decided_by,decided_at,decision_reason,lift_asked_by,lift_asked_at,lift_reason,lifted_by,lifted_at}'::text[] IS NOT DISTINCT FROM o.row - '{decision,decided_by,decided_at,decision_reason,lift_asked_by,lift_asked_at,lift_reason,lifted_by,lifted_at}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_logger_file()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'logger_file', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'logger_file', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'logger_file', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_lost_serial()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'lost_serial', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'lost_serial', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'lost_serial', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{found_by,found_at,found_how}'::text[] IS NOT DISTINCT FROM o.row - '{found_by,found_at,found_how}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_master_formulation_record()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'master_formulation_record', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'master_formulation_record', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'master_formulation_record', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{approved_by,approved_at}'::text[] IS NOT DISTINCT FROM o.row - '{approved_by,approved_at}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_movement()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'movement', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'movement', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'movement', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{occurred_at,said_at,earliest_at,latest_at,came_at,left_at,quantity,from_place,to_place}'::text[] IS NOT DISTINCT FROM o.row - '{occurred_at,said_at,earliest_at,latest_at,came_at,left_at,quantity,from_place,to_place}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_notice()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'notice', NULL::bigint, jsonb_build_array((s.r).evidence_id, (s.r).seq)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'notice', NULL::bigint, jsonb_build_array((s.r).evidence_id, (s.r).seq)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'notice', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).evidence_id, (s.r).seq)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).evidence_id, (s.r).seq)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_order_line()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'order_line', NULL::bigint, jsonb_build_array((s.r).order_id, (s.r).line)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'order_line', NULL::bigint, jsonb_build_array((s.r).order_id, (s.r).line)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'order_line', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).order_id, (s.r).line)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).order_id, (s.r).line)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_order_step()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'order_step', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'order_step', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'order_step', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_order_urgency()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'order_urgency', (s.r).order_id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'order_urgency', (s.r).order_id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'order_urgency', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).order_id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).order_id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_paper_line()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'paper_line', NULL::bigint, jsonb_build_array((s.r).sheet, (s.r).line)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'paper_line', NULL::bigint, jsonb_build_array((s.r).sheet, (s.r).line)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'paper_line', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).sheet, (s.r).line)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).sheet, (s.r).line)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_paper_sheet_close()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'paper_sheet_close', NULL::bigint, jsonb_build_array((s.r).sheet)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'paper_sheet_close', NULL::bigint, jsonb_build_array((s.r).sheet)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'paper_sheet_close', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).sheet)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).sheet)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_partner_licence()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'partner_licence', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'partner_licence', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'partner_licence', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{withdrawn_by,withdrawn_at,withdrawn_reason}'::text[] IS NOT DISTINCT FROM o.row - '{withdrawn_by,withdrawn_at,withdrawn_reason}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_partner_message()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'partner_message', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'partner_message', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'partner_message', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{sent_by,sent_at,sent_how,answered_by,answered_at,answer,withdrawn_at}'::text[] IS NOT DISTINCT FROM o.row - '{sent_by,sent_at,sent_how,answered_by,answered_at,answer,withdrawn_at}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_place_policy_was()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'place_policy_was', NULL::bigint, jsonb_build_array((s.r).place_id, (s.r).until)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'place_policy_was', NULL::bigint, jsonb_build_array((s.r).place_id, (s.r).until)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'place_policy_was', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).place_id, (s.r).until)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).place_id, (s.r).until)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_planning_run()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'planning_run', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'planning_run', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'planning_run', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_policy()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'policy', NULL::bigint, jsonb_build_array((s.r).name)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'policy', NULL::bigint, jsonb_build_array((s.r).name)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'policy', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).name)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).name)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_product_report()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'product_report', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'product_report', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'product_report', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_product_verification()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'product_verification', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'product_verification', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'product_verification', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_production_batch()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'production_batch', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'production_batch', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'production_batch', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_quality_decision()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'quality_decision', (s.r).sample_id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'quality_decision', (s.r).sample_id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'quality_decision', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).sample_id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).sample_id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_quality_plan()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'quality_plan', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'quality_plan', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'quality_plan', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_quality_result()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'quality_result', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'quality_result', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'quality_result', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_quality_sample()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'quality_sample', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'quality_sample', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'quality_sample', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_recall()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'recall', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'recall', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'recall', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{reconciled_at,closed_by,closed_at,outcome,closed_reason}'::text[] IS NOT DISTINCT FROM o.row - '{reconciled_at,closed_by,closed_at,outcome,closed_reason}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_recall_notice()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'recall_notice', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'recall_notice', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'recall_notice', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{lots,sent_by,sent_at,sent_how,acknowledged_by,acknowledged_at,acknowledged_text}'::text[] IS NOT DISTINCT FROM o.row - '{lots,sent_by,sent_at,sent_how,acknowledged_by,acknowledged_at,acknowledged_text}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_recall_scope()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'recall_scope', NULL::bigint, jsonb_build_array(md5(to_jsonb((s.r))::text))::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'recall_scope', NULL::bigint, jsonb_build_array(md5(to_jsonb((s.r))::text))::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'recall_scope', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array(md5(to_jsonb((s.r))::text))::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array(md5(to_jsonb((s.r))::text))::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_receipt_cost()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'receipt_cost', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'receipt_cost', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'receipt_cost', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_release()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'release', NULL::bigint, jsonb_build_array((s.r).version)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'release', NULL::bigint, jsonb_build_array((s.r).version)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'release', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).version)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).version)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_release_file()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'release_file', NULL::bigint, jsonb_build_array((s.r).version, (s.r).name)::text, 'I', s.salt, sha256(s.salt || convert_to((to_jsonb((s.r)) - '{content}'::text[])::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'release_file', NULL::bigint, jsonb_build_array((s.r).version, (s.r).name)::text, 'D', s.salt, sha256(s.salt || convert_to((to_jsonb((s.r)) - '{content}'::text[])::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'release_file', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{content}'::text[] IS NOT DISTINCT FROM o.row - '{content}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).version, (s.r).name)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to((to_jsonb((s.r)) - '{content}'::text[])::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).version, (s.r).name)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to((to_jsonb((s.r)) - '{content}'::text[])::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_reservation()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'reservation', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'reservation', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'reservation', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{expires_at,ended_at,ended_as,ended_reason}'::text[] IS NOT DISTINCT FROM o.row - '{expires_at,ended_at,ended_as,ended_reason}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_retold_reading()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'retold_reading', NULL::bigint, jsonb_build_array((s.r).gateway_id, (s.r).journal, (s.r).was)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'retold_reading', NULL::bigint, jsonb_build_array((s.r).gateway_id, (s.r).journal, (s.r).was)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'retold_reading', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).gateway_id, (s.r).journal, (s.r).was)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).gateway_id, (s.r).journal, (s.r).was)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_roll_out()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'roll_out', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'roll_out', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'roll_out', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{ended_as,ended_at,ended_by,ended_reason}'::text[] IS NOT DISTINCT FROM o.row - '{ended_as,ended_at,ended_by,ended_reason}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_roll_out_gateway()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'roll_out_gateway', NULL::bigint, jsonb_build_array((s.r).roll_out_id, (s.r).gateway_id)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'roll_out_gateway', NULL::bigint, jsonb_build_array((s.r).roll_out_id, (s.r).gateway_id)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'roll_out_gateway', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{ordered_at,before,reached_at,judged_at,faults}'::text[] IS NOT DISTINCT FROM o.row - '{ordered_at,before,reached_at,judged_at,faults}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).roll_out_id, (s.r).gateway_id)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).roll_out_id, (s.r).gateway_id)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_seal_epoch()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'seal_epoch', NULL::bigint, jsonb_build_array((s.r).number)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'seal_epoch', NULL::bigint, jsonb_build_array((s.r).number)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'seal_epoch', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).number)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).number)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_seen_within()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'seen_within', NULL::bigint, jsonb_build_array((s.r).channel_id, (s.r).at)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'seen_within', NULL::bigint, jsonb_build_array((s.r).channel_id, (s.r).at)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'seen_within', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).channel_id, (s.r).at)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).channel_id, (s.r).at)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_serial_range()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'serial_range', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'serial_range', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'serial_range', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_shortage()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'shortage', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'shortage', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'shortage', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{decision,decided_by,decided_at,decision_reason,ended_by,ended_at,ended_reason}'::text[] IS NOT DISTINCT FROM o.row - '{decision,decided_by,decided_at,decision_reason,ended_by,ended_at,ended_reason}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_shortage_override()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'shortage_override', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'shortage_override', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'shortage_override', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_shortage_share()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'shortage_share', NULL::bigint, jsonb_build_array((s.r).shortage_id, (s.r).place_id)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'shortage_share', NULL::bigint, jsonb_build_array((s.r).shortage_id, (s.r).place_id)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'shortage_share', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).shortage_id, (s.r).place_id)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).shortage_id, (s.r).place_id)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_signature()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'signature', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'signature', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'signature', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_signature_by_key()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'signature_by_key', NULL::bigint, jsonb_build_array((s.r).signature_sha256)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'signature_by_key', NULL::bigint, jsonb_build_array((s.r).signature_sha256)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'signature_by_key', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).signature_sha256)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).signature_sha256)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_sop()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'sop', NULL::bigint, jsonb_build_array((s.r).code, (s.r).version)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'sop', NULL::bigint, jsonb_build_array((s.r).code, (s.r).version)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'sop', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).code, (s.r).version)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).code, (s.r).version)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_stability_study()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'stability_study', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'stability_study', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'stability_study', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_stock_count()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'stock_count', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'stock_count', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'stock_count', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{decision,decided_by,decided_at,reason,is_blind,finished_by,finished_at}'::text[] IS NOT DISTINCT FROM o.row - '{decision,decided_by,decided_at,reason,is_blind,finished_by,finished_at}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_stock_order()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'stock_order', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'stock_order', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'stock_order', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_supplier_claim()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'supplier_claim', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'supplier_claim', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'supplier_claim', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{sent_by,sent_at,sent_how,evidence_sha256,closed_as,closed_by,closed_at,closed_reason}'::text[] IS NOT DISTINCT FROM o.row - '{sent_by,sent_at,sent_how,evidence_sha256,closed_as,closed_by,closed_at,closed_reason}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_suspect_product()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'suspect_product', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'suspect_product', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'suspect_product', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{determination,determined_by,determined_at,determination_reason,fda_notified_by,fda_notified_at,fda_notified_how,fda_incident,terminated_by,terminated_at,termination_reason}'::text[] IS NOT DISTINCT FROM o.row - '{determination,determined_by,determined_at,determination_reason,fda_notified_by,fda_notified_at,fda_notified_how,fda_incident,terminated_by,terminated_at,termination_reason}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_tote()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'tote', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'tote', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'tote', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_tote_packing()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'tote_packing', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'tote_packing', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'tote_packing', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_tote_packing_line()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'tote_packing_line', NULL::bigint, jsonb_build_array((s.r).packing_id, (s.r).line)::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'tote_packing_line', NULL::bigint, jsonb_build_array((s.r).packing_id, (s.r).line)::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'tote_packing_line', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT NULL::bigint AS id, jsonb_build_array((s.r).packing_id, (s.r).line)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT NULL::bigint AS id, jsonb_build_array((s.r).packing_id, (s.r).line)::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_tracing_request()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'tracing_request', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'tracing_request', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'tracing_request', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{answered_by,answered_at,answer_sha256}'::text[] IS NOT DISTINCT FROM o.row - '{answered_by,answered_at,answer_sha256}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_transaction_record()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'transaction_record', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'transaction_record', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'transaction_record', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{fault,faults,finished_by,finished_at,voided_by,voided_at,voided_reason}'::text[] IS NOT DISTINCT FROM o.row - '{fault,faults,finished_by,finished_at,voided_by,voided_at,voided_reason}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_transfer_advice()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'transfer_advice', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'transfer_advice', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'transfer_advice', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{decision,decided_by,decided_at,decision_reason,order_number}'::text[] IS NOT DISTINCT FROM o.row - '{decision,decided_by,decided_at,decision_reason,order_number}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_unit_fact()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'unit_fact', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'unit_fact', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'unit_fact', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_validation_run()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'validation_run', (s.r).number, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'validation_run', (s.r).number, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'validation_run', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{}'::text[] IS NOT DISTINCT FROM o.row - '{}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).number AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).number AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_waste()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'waste', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'waste', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'waste', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{fact,witness,witnessed_at,witnessed_how}'::text[] IS NOT DISTINCT FROM o.row - '{fact,witness,witnessed_at,witnessed_how}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.seal_writes_of_word_erasure()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET extra_float_digits TO '1'
 SET bytea_output TO 'hex'
AS $function$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'word_erasure', (s.r).id, NULL::text, 'I', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'word_erasure', (s.r).id, NULL::text, 'D', s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT 'word_erasure', CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - '{decision,decided_by,decided_at,decision_reason}'::text[] IS NOT DISTINCT FROM o.row - '{decision,decided_by,decided_at,decision_reason}'::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM fresh r) s) AS n
                FULL JOIN (SELECT (s.r).id AS id, NULL::text AS key, to_jsonb(s.r) AS row, s.salt, sha256(s.salt || convert_to(to_jsonb((s.r))::text, 'UTF8')) AS hash FROM (SELECT r, uuid_send(gen_random_uuid()) AS salt FROM was r) s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $function$;

CREATE OR REPLACE FUNCTION public.signatures_with_words(words text)
 RETURNS TABLE(signature_id bigint, of_record boolean)
 LANGUAGE sql
 STABLE
AS $function$
    WITH found AS MATERIALIZED (SELECT f.of_table, f.row_name, f.said FROM words_found(words) f),
    one AS (
        SELECT s.id, true AS of_record
        FROM (SELECT DISTINCT signed_record_of(f.of_table, f.said) AS record FROM found f) r
        JOIN signature s ON s.record_kind = split_part(r.record, ':', 1)
            AND s.record_id = substr(r.record, length(split_part(r.record, ':', 1)) + 2)
        UNION ALL
        SELECT f.row_name::bigint, false FROM found f WHERE f.of_table = 'signature'
    )
    SELECT o.id, bool_or(o.of_record) FROM one o GROUP BY o.id
$function$;

CREATE OR REPLACE FUNCTION public.signed_record_of(of_table text, said jsonb)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
    SELECT CASE of_table
        WHEN 'hold' THEN 'hold:' || (said ->> 'id')
        WHEN 'exception_case' THEN 'case:' || (said ->> 'id')
        WHEN 'stock_order' THEN 'order:' || (said ->> 'number')
        WHEN 'order_step' THEN 'order:' || (SELECT o.number FROM stock_order o WHERE o.id = (said ->> 'order_id')::bigint)
        WHEN 'stock_count' THEN 'count:' || (said ->> 'number')
        WHEN 'batch_fact' THEN 'batch:' || (SELECT p.name FROM production_batch b JOIN place p ON p.id = b.place_id
                                            WHERE b.id = (said ->> 'batch_id')::bigint)
        WHEN 'master_formulation_record' THEN 'formulation:' || (said ->> 'name') || ':' || (said ->> 'version')
        WHEN 'sop' THEN 'sop:' || (said ->> 'code') || ':' || (said ->> 'version')
        WHEN 'quality_sample' THEN 'sample:' || (said ->> 'id')
        WHEN 'quality_result' THEN 'sample:' || (said ->> 'sample_id') END
$function$;

CREATE OR REPLACE FUNCTION public.sort_text(sort text, listed jsonb)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
    SELECT (SELECT string_agg(CASE WHEN part[1] ~ '^[0-9]' THEN lpad(part[1], 20, '0') ELSE part[1] END, '' ORDER BY n)
            FROM regexp_matches(lower(listed ->> sort), '[0-9]+|[^0-9]+', 'g') WITH ORDINALITY AS found (part, n))
$function$;

CREATE OR REPLACE FUNCTION public.training_missing(of_person text, at_time timestamp with time zone, OUT role text, OUT code text, OUT version integer, OUT title text, OUT until timestamp with time zone)
 RETURNS SETOF record
 LANGUAGE sql
 STABLE
AS $function$
    SELECT t.role, s.code, s.version, s.title,
           greatest(t.required_since,
                    CASE WHEN EXISTS (SELECT FROM signature g
                                      WHERE g.record_kind = 'sop' AND g.person = of_person AND g.meaning = 'responsibility'
                                        AND g.record_id IN (SELECT o.code || ':' || o.version FROM sop o WHERE o.code = s.code))
                         THEN s.effective_from ELSE t.required_since END) + t.grace_days * interval '1 day'
    FROM training_requirement t
    CROSS JOIN LATERAL (SELECT v.* FROM sop v WHERE v.code = t.code AND v.effective_from <= at_time
                        ORDER BY v.version DESC LIMIT 1) s
    WHERE NOT EXISTS (SELECT FROM signature g
                      WHERE g.record_kind = 'sop' AND g.record_id = s.code || ':' || s.version AND g.person = of_person
                        AND g.meaning = 'responsibility')
$function$;

CREATE OR REPLACE FUNCTION public.unit_cost(of_lot bigint, of_item bigint, at_time timestamp with time zone, in_currency text)
 RETURNS numeric
 LANGUAGE sql
 STABLE
AS $function$
    SELECT coalesce(
        (SELECT sum(r.unit_cost * r.quantity) / sum(r.quantity)
         FROM (SELECT DISTINCT ON (order_number) unit_cost, quantity, currency FROM receipt_cost
               WHERE lot_id = of_lot ORDER BY order_number, id DESC) r
         WHERE r.currency = in_currency),
        (SELECT c.cost FROM item_cost c
         WHERE c.item_id = of_item AND c.valid_from <= (at_time AT TIME ZONE 'UTC')::date AND c.currency = in_currency
         ORDER BY c.supplier_id IS NOT NULL, c.valid_from DESC, c.id DESC LIMIT 1))
$function$;

CREATE OR REPLACE FUNCTION public.words_found(words text)
 RETURNS TABLE(of_table text, row_name text, columns text[], places integer, said jsonb)
 LANGUAGE plpgsql
 STABLE
AS $function$
DECLARE
    sql record;
    each text;
BEGIN
    FOR each IN SELECT DISTINCT f.of_table FROM free_text_columns() f ORDER BY 1 LOOP
        SELECT * INTO sql FROM words_sql(each);
        RETURN QUERY EXECUTE format(
            'SELECT %L, f.row_name, f.columns, f.places::integer, f.said FROM '
            '(SELECT %s AS row_name, %s AS columns, %s AS places, to_jsonb(r) AS said FROM %I r WHERE %s) f '
            'WHERE cardinality(f.columns) > 0',
            each, sql.of_name, sql.of_columns, sql.of_places, each, sql.may_hold)
            USING words_pattern(words, false), words_pattern(words, true);
    END LOOP;
END $function$;

CREATE OR REPLACE FUNCTION public.words_kept_in()
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE
AS $function$
    SELECT ARRAY[
        'action', 'actor', 'address', 'asked_by', 'assignee', 'at', 'badge', 'base_unit', 'began_at', 'begins_at', 'by', 'channel',
        'channels', 'class', 'classification', 'client_id', 'code', 'codes', 'cohort', 'compounding', 'connection',
        'controlled_schedule', 'currency', 'decided_by', 'decision', 'demand', 'device', 'digest', 'document', 'domain',
        'drafted_by', 'due_on', 'ended_at', 'ends_at', 'equipment', 'erasure', 'event', 'expires_at', 'expires_on', 'fact', 'file',
        'from', 'from_place', 'gateway', 'gateways', 'given_at', 'gln', 'gtin', 'gtins', 'id', 'issuer', 'item', 'items', 'journal',
        'key', 'kind', 'kinds', 'lane', 'licence', 'lot', 'lot_number', 'lots', 'made_at', 'meaning', 'members', 'metric', 'name',
        'ndc', 'number', 'occurred_at', 'old_until', 'operator', 'order', 'outcome', 'owner', 'paper', 'parent', 'partner',
        'patient', 'patient_ref', 'pattern', 'person', 'place', 'places', 'plan', 'policies', 'policy', 'prefix', 'prescription',
        'printed_name', 'printer', 'proposed_by', 'proposed_place', 'public_key', 'qualified_until', 'record', 'record_id',
        'recorded_by', 'replaces', 'request', 'requested_by', 'reservation', 'returns_order', 'revoked_public_key', 'risk_level',
        'role', 'roles', 'rule', 'said_at', 'sample', 'scanner', 'schedule', 'sensors', 'serial', 'serials', 'severity', 'sha256',
        'side', 'signed_by', 'since', 'site', 'sites', 'status', 'storage_class', 'subject', 'subscription', 'supplier', 'target',
        'test', 'to', 'to_place', 'token', 'transaction', 'unit', 'until', 'verdict', 'version', 'witness', 'zone'
    ]
$function$;

CREATE OR REPLACE FUNCTION public.words_out(said text, pattern text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
    SELECT regexp_replace(said, pattern, '[erased]', 'gi')
$function$;

CREATE OR REPLACE FUNCTION public.words_out(said text[], pattern text)
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE
AS $function$
    SELECT CASE WHEN said IS NULL THEN NULL
                ELSE array(SELECT words_out(each, pattern) FROM unnest(said) WITH ORDINALITY AS e (each, nth) ORDER BY nth) END
$function$;

CREATE OR REPLACE FUNCTION public.words_out(said jsonb, pattern text, below text)
 RETURNS jsonb
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
DECLARE
    is_change boolean;
BEGIN
    CASE jsonb_typeof(said)
        WHEN 'string' THEN
            RETURN CASE WHEN below = ANY (words_kept_in()) THEN said ELSE to_jsonb(words_out(said #>> '{}', pattern)) END;
        WHEN 'array' THEN
            RETURN coalesce((SELECT jsonb_agg(words_out(each, pattern, below) ORDER BY nth)
                             FROM jsonb_array_elements(said) WITH ORDINALITY AS e (each, nth)), '[]');
        WHEN 'object' THEN
            is_change := below <> '' AND said - ARRAY['from', 'to', 'before', 'after'] = '{}';
            RETURN coalesce((SELECT jsonb_object_agg(name, words_out(value, pattern, CASE WHEN is_change THEN below ELSE name END))
                             FROM jsonb_each(said) AS e (name, value)), '{}');
        ELSE RETURN said;
    END CASE;
END $function$;

CREATE OR REPLACE FUNCTION public.words_out(said jsonb, pattern text)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE
AS $function$
    SELECT words_out(said, pattern, '')
$function$;

CREATE OR REPLACE FUNCTION public.words_pattern(words text, is_loose boolean)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
    SELECT CASE WHEN is_loose THEN '' ELSE '(?<![[:alnum:]])' END
           || regexp_replace(regexp_replace(words, '([^[:alnum:][:space:]])', '\\\1', 'g'), '[[:space:]]+',
                             CASE WHEN is_loose THEN '([[:space:]' || chr(160) || ']|\\\\[nrt])+'
                                  ELSE '[[:space:]' || chr(160) || ']+' END, 'g')
           || CASE WHEN is_loose THEN '' ELSE '(?![[:alnum:]])' END
$function$;

CREATE OR REPLACE FUNCTION public.words_sql(wanted text, OUT of_name text, OUT may_hold text, OUT of_columns text, OUT of_places text, OUT written text)
 RETURNS record
 LANGUAGE sql
 STABLE
AS $function$
    SELECT (SELECT CASE WHEN k.of_id <> 'NULL::bigint' THEN format('(%s)::text', k.of_id) ELSE format('(%s)', k.of_key) END
            FROM seal_key_sql(to_regclass(wanted), 'r') k),
           string_agg(format(CASE of_type WHEN 'text' THEN 'r.%I ~* $1' WHEN 'text[]' THEN 'array_to_string(r.%I, chr(10)) ~* $1'
                                          ELSE 'r.%I::text ~* $2' END, of_column), ' OR '),
           format('array_remove(ARRAY[%s]::text[], NULL)',
                  string_agg(format('CASE WHEN words_out(r.%1$I, $1) IS DISTINCT FROM r.%1$I THEN %1$L END', of_column), ', ')),
           format('(%s)', string_agg(format('coalesce(regexp_count(words_out(r.%1$I, $1)::text, ''\[erased\]'')'
                                            ' - regexp_count(r.%1$I::text, ''\[erased\]''), 0)', of_column), ' + ')),
           string_agg(format('%1$I = words_out(r.%1$I, $1)', of_column), ', ')
    FROM free_text_columns(wanted)
$function$;

CREATE OR REPLACE FUNCTION public.words_within(words text)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE
AS $function$
DECLARE
    each record;
    counted bigint;
    total bigint := 0;
BEGIN
    FOR each IN SELECT * FROM free_text_columns() LOOP
        EXECUTE format('SELECT count(*) FROM %1$I r WHERE r.%2$I::text ~* $2 AND words_out(r.%2$I, $1) IS NOT DISTINCT FROM r.%2$I',
                       each.of_table, each.of_column)
            INTO counted USING words_pattern(words, false), words_pattern(words, true);
        total := total + counted;
    END LOOP;
    RETURN total;
END $function$;
