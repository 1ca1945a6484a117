-- The latest notice of a kind that a gateway sent: its journal's figures, its clock, its certificate.
CREATE INDEX notice_latest ON notice (gateway_id, kind, at DESC);

-- Who reviews access and who gives it out are two things: an auditor does the one, an administrator both.
UPDATE role_permission SET permission = 'review access' WHERE permission = 'review and give out access';
INSERT INTO role_permission VALUES ('administrator', 'give out access');
