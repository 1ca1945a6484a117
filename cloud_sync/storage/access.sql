-- name: token_by_digest(token_sha256)^
-- Who holds the token with this digest, if it is neither revoked nor over. After a rotation the old one is good a while.
SELECT t.name, t.person, t.role, t.site, t.owner,
       (SELECT coalesce(array_agg(p.permission), '{}') FROM role_permission p WHERE p.role = t.role) AS permissions,
       (SELECT string_agg(m.code || ' version ' || m.version, ', ' ORDER BY m.code)
        FROM training_missing(t.person, clock_timestamp()) m
        WHERE m.role = t.role AND m.until <= clock_timestamp()
          AND EXISTS (SELECT FROM account a WHERE a.person = t.person)) AS untrained -- programs read no procedures
FROM api_token t
WHERE (token_sha256 = :token_sha256 OR previous_sha256 = :token_sha256 AND previous_until > clock_timestamp())
  AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp());

-- name: add_token(name, person, role, site, owner, expires_at, token_sha256)!
-- Keep a new token; no row if the name is taken.
INSERT INTO api_token (name, person, role, site, owner, expires_at, token_sha256)
VALUES (:name, :person, :role, :site, :owner, :expires_at, :token_sha256)
ON CONFLICT (name) DO NOTHING;

-- name: rotate_token(name, token_sha256, previous_until)!
-- Another secret for the same token; no row if there is none by that name that is still good.
UPDATE api_token
SET previous_sha256 = token_sha256, previous_until = :previous_until, token_sha256 = :token_sha256
WHERE name = :name AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp());

-- name: revoke_token(name)!
-- End a token; no row if there is none by that name that is still good.
UPDATE api_token SET revoked_at = clock_timestamp() WHERE name = :name AND revoked_at IS NULL;

-- name: permissions_of_roles(roles)
-- What these roles may do.
SELECT DISTINCT permission FROM role_permission WHERE role = ANY(:roles) ORDER BY permission;

-- name: permissions_of(person)
-- What a person may do, at each site (null: everywhere).
SELECT DISTINCT r.role, r.site, p.permission
FROM account_role r JOIN role_permission p ON p.role = r.role WHERE r.person = :person;

-- name: roles_that_may(permission)
-- Roles that have a permission.
SELECT role FROM role_permission WHERE permission = :permission ORDER BY role;

-- name: role_table()
-- Every role with what it may do.
SELECT r.name AS role, r.meaning,
       (SELECT coalesce(array_agg(p.permission ORDER BY p.permission), '{}')
        FROM role_permission p WHERE p.role = r.name) AS permissions
FROM role r ORDER BY r.name;

-- name: places_outside(names, site_ids)
-- Those of these places of the house that are at none of these sites.
SELECT p.name FROM place p
WHERE p.name = ANY(:names) AND place_scope(p.kind, p.ancestors) IS NOT NULL
  AND NOT place_scope(p.kind, p.ancestors) = ANY(:site_ids::bigint[]);

-- name: places_of_reservation(id)
-- Where a reservation is kept.
SELECT p.name FROM reservation r JOIN place p ON p.id = r.place_id WHERE r.id = :id;

-- name: places_of_order(number)
-- From where and to where an order goes.
SELECT p.name FROM stock_order o JOIN place p ON p.id IN (o.from_place, o.to_place) WHERE o.number = :number;

-- name: places_of_count(number)
-- Where a count is.
SELECT p.name FROM stock_count c JOIN place p ON p.id = c.place_id WHERE c.number = :number;

-- name: places_of_paper_sheet(number)
-- Between which places stock moved by a sheet that was written by hand; its number may be that of its code.
SELECT DISTINCT p.name
FROM paper_line l
JOIN movement m ON m.fact = l.fact
JOIN place p ON p.id IN (m.from_place, m.to_place)
WHERE l.sheet = regexp_replace(lower(:number), '^lw[.]sheet[.]', '');

-- name: places_of_channel(id)
-- Where a channel measures.
SELECT p.name FROM channel c JOIN place p ON p.id = c.place_id WHERE c.id = :id;

-- name: places_of_gateway(name)
-- Where a gateway stands.
SELECT p.name FROM gateway g JOIN place p ON p.id = g.place_id WHERE g.name = :name;

-- name: places_of_complaint(id)
-- Where the goods of a complaint are.
SELECT p.name FROM complaint c JOIN place p ON p.id = c.place_id WHERE c.id = :id;

-- name: places_of_administration(id)
-- Where the stock came from that a patient was given.
SELECT p.name FROM administration a JOIN place p ON p.id = a.from_place WHERE a.id = :id;

-- name: places_of_waste(id)
-- Where something was thrown away.
SELECT p.name FROM waste w JOIN place p ON p.id = w.place_id WHERE w.id = :id;

-- name: places_of_hold(id)
-- The place that a hold names.
SELECT p.name FROM hold h JOIN place p ON p.id = h.place_id WHERE h.id = :id;

-- name: places_of_case(id)
-- The place that a case is about.
SELECT p.name FROM exception_case k JOIN place p ON p.id = k.place_id WHERE k.id = :id;

-- name: places_of_alert(id)
-- The sites that an alert is about.
SELECT p.name FROM alert a JOIN place p ON p.id = ANY(a.sites) WHERE a.id = :id;

-- name: places_of_excursion(id)
-- Where an excursion was.
SELECT p.name FROM excursion e JOIN place p ON p.id = e.place_id WHERE e.id = :id;

-- name: places_of_batch(number)
-- The place of production that a batch is.
SELECT p.name FROM production_batch b JOIN place p ON p.id = b.place_id WHERE p.name = :number;

-- name: places_of_study(id)
-- Where the samples of a stability study are kept.
SELECT p.name FROM stability_study t JOIN place p ON p.id = t.place_id WHERE t.id = :id;

-- name: places_of_session(id)
-- The room of a session of plates.
SELECT p.name FROM environment_session e JOIN quality_plan q ON q.id = e.plan_id JOIN place p ON p.id = q.place_id
WHERE e.id = :id;

-- name: places_of_sample(id)
-- Where a sample was taken, or where the samples of its study are kept, or where there is stock of its lot.
SELECT p.name FROM quality_sample s
LEFT JOIN stability_study t ON t.id = s.study_id
JOIN place p ON p.id = coalesce(s.place_id, t.place_id)
WHERE s.id = :id
UNION
SELECT p.name FROM quality_sample s JOIN position b ON b.lot_id = s.lot_id AND b.quantity > 0 JOIN place p ON p.id = b.place_id
WHERE s.id = :id AND s.place_id IS NULL AND p.kind IN ('site', 'room', 'bin');

-- name: places_of_correction(id)
-- The place that a correction is of.
SELECT p.name FROM correction c JOIN place p ON p.name = c.request ->> 'place' WHERE c.id = :id;

-- name: places_of_subscription(name)
-- The site that a subscription of alerts is for.
SELECT p.name FROM alert_subscription s JOIN place p ON p.id = s.site_id WHERE s.name = :name;

-- name: tokens()
-- All tokens ever made, without their secrets.
SELECT t.name, t.person, t.role, p.name AS site, t.owner, t.created_at, t.expires_at, t.revoked_at
FROM api_token t LEFT JOIN place p ON p.id = t.site ORDER BY t.name;

-- name: answers()$
-- Whether the database answers at all.
SELECT true;
