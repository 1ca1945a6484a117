-- Trading partners: the businesses behind suppliers, customers and our own sites, and their licences.

-- name: keep_partner(place_id, business_name, street, city, state, postal_code, country, gln, category, contact, telephone, email, verification_url, verification_token, connection, set_by)!
-- The business behind a place; an empty token leaves the one before.
INSERT INTO trading_partner (place_id, business_name, street, city, state, postal_code, country, gln, category, contact,
                             telephone, email, verification_url, verification_token, connection, set_by)
VALUES (:place_id, :business_name, :street, :city, :state, :postal_code, :country, :gln, :category, :contact, :telephone,
        :email, :verification_url, :verification_token, :connection, :set_by)
ON CONFLICT (place_id) DO UPDATE
SET business_name = excluded.business_name, street = excluded.street, city = excluded.city, state = excluded.state,
    postal_code = excluded.postal_code, country = excluded.country, gln = excluded.gln, category = excluded.category,
    contact = excluded.contact, telephone = excluded.telephone, email = excluded.email,
    verification_url = excluded.verification_url, connection = excluded.connection, set_by = excluded.set_by,
    verification_token = coalesce(nullif(excluded.verification_token, ''), trading_partner.verification_token);

-- name: verification_token(place_id)$
-- What the partner's verification service asks us for.
SELECT verification_token FROM trading_partner WHERE place_id = :place_id;

-- name: partners(rows_max, rows_skipped)
-- Suppliers, customers and sites with the business behind them, if it is known, and until when a licence is good.
SELECT p.id AS place_id, p.name, p.title, p.kind, t.business_name, t.street, t.city, t.state, t.postal_code, t.country, t.gln,
       t.category, t.contact, t.telephone, t.email, t.verification_url, t.connection,
       (SELECT max(l.valid_until) FROM partner_licence l WHERE l.place_id = p.id AND l.withdrawn_at IS NULL) AS valid_until
FROM place p LEFT JOIN trading_partner t ON t.place_id = p.id
WHERE p.kind IN ('supplier', 'customer', 'site')
ORDER BY p.kind = 'site' DESC, p.kind, p.name LIMIT :rows_max OFFSET :rows_skipped;

-- name: partner_by_place(place_id)^
-- The business behind a place.
SELECT p.id AS place_id, p.name, p.title, p.kind, t.business_name, t.street, t.city, t.state, t.postal_code, t.country, t.gln,
       t.category, t.contact, t.telephone, t.email, t.verification_url, t.connection
FROM place p LEFT JOIN trading_partner t ON t.place_id = p.id WHERE p.id = :place_id;

-- name: partner_choices(words, rows_max)
-- Suppliers and customers that answer verifications, by name, that words match ('': all).
SELECT p.name, coalesce(nullif(t.business_name, ''), p.title) AS title
FROM trading_partner t JOIN place p ON p.id = t.place_id
WHERE t.verification_url <> '' AND p.kind <> 'site'
  AND (:words = '' OR strpos(lower(concat_ws(' ', p.name, p.title, t.business_name)), lower(:words)) > 0)
ORDER BY p.name
LIMIT :rows_max;

-- name: site_partners()
-- Our own businesses, site by site.
SELECT t.*, p.name FROM trading_partner t JOIN place p ON p.id = t.place_id AND p.kind = 'site' ORDER BY p.id;

-- name: site_of_place(place_id)$
-- The site that a place is at; null for one outside.
SELECT s.id FROM place p JOIN place s ON s.id = ANY(p.ancestors) AND s.kind = 'site' WHERE p.id = :place_id LIMIT 1;

-- name: add_licence(place_id, kind, number, state, valid_until, verified_by, verified_at, verified_with)$
-- A licence as it was looked up.
INSERT INTO partner_licence (place_id, kind, number, state, valid_until, verified_by, verified_at, verified_with)
VALUES (:place_id, :kind, :number, :state, :valid_until, :verified_by, :verified_at, :verified_with) RETURNING id;

-- name: licences(place_ids)
-- The latest look at each licence of these partners (null: all).
SELECT DISTINCT ON (l.place_id, l.kind, l.number) l.*, p.name AS partner, p.kind AS partner_kind,
       coalesce(t.business_name, p.title) AS partner_title
FROM partner_licence l JOIN place p ON p.id = l.place_id LEFT JOIN trading_partner t ON t.place_id = l.place_id
WHERE :place_ids::bigint[] IS NULL OR l.place_id = ANY(:place_ids)
ORDER BY l.place_id, l.kind, l.number, l.id DESC;

-- name: licence_by_id(licence_id)^
-- One look at a licence.
SELECT l.*, p.name AS partner FROM partner_licence l JOIN place p ON p.id = l.place_id WHERE l.id = :licence_id;

-- name: withdraw_licence(licence_id, withdrawn_by, withdrawn_at, withdrawn_reason)!
-- It is not valid any more, whatever its last day.
UPDATE partner_licence SET withdrawn_by = :withdrawn_by, withdrawn_at = :withdrawn_at, withdrawn_reason = :withdrawn_reason
WHERE id = :licence_id AND withdrawn_at IS NULL;
