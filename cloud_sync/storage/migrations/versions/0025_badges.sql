-- At which sites an operator works; without any, at all of them. The desks of other sites do not know the badge.
CREATE TABLE operator_site (
    operator text NOT NULL REFERENCES operator,
    site_id bigint NOT NULL REFERENCES place,
    PRIMARY KEY (operator, site_id)
);
