-- What another system or partner sent, byte for byte, before anything is made of it. Its digest is sealed; its content is
-- not, for it may hold personal data, which can be erased (null then).
CREATE TABLE interop_document (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind <> ''),
    media_type text NOT NULL,
    content bytea,
    bytes bigint NOT NULL CHECK (bytes >= 0),
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    told_by text NOT NULL CHECK (told_by <> ''),
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The same bytes of the same sender are one document, however often they come.
    UNIQUE (kind, told_by, sha256)
);
CREATE INDEX interop_document_received ON interop_document (received_at);
