-- name: keep_document(kind, media_type, content, sha256, told_by)^
-- No row where the sender had sent the same bytes before.
INSERT INTO interop_document (kind, media_type, content, bytes, sha256, told_by)
VALUES (:kind, :media_type, :content, length(:content), :sha256, :told_by)
ON CONFLICT (kind, told_by, sha256) DO NOTHING
RETURNING id;

-- name: document_with_digest(kind, told_by, sha256)$
SELECT id FROM interop_document WHERE kind = :kind AND told_by = :told_by AND sha256 = :sha256;

-- name: document(id)^
SELECT id, kind, media_type, content, bytes, sha256, told_by, received_at FROM interop_document WHERE id = :id;
