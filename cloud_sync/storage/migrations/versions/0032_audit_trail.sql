-- The audit trail is found by person, kind and period.

-- Whom an event is about: who did it, or of whom a gateway says so.
CREATE FUNCTION person_of(actor text) RETURNS text IMMUTABLE PARALLEL SAFE LANGUAGE sql
RETURN split_part(actor, ' as told by ', 1);

-- When it happened, as its data say; else when it was recorded.
CREATE FUNCTION happened_at(data jsonb, recorded_at timestamptz) RETURNS timestamptz STABLE PARALLEL SAFE LANGUAGE sql
RETURN CASE WHEN coalesce(data ->> 'at', data -> 'request' ->> 'occurred_at') ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d'
            THEN coalesce(data ->> 'at', data -> 'request' ->> 'occurred_at')::timestamptz
            ELSE recorded_at END;

CREATE INDEX event_person ON event (person_of(actor), id);
CREATE INDEX event_kind ON event (kind, id);
CREATE INDEX event_at ON event USING brin (at);
