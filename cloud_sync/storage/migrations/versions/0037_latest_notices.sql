-- The latest notice of a kind that a gateway sent: its journal's figures, its clock, its certificate.
CREATE INDEX notice_latest ON notice (gateway_id, kind, at DESC);
