-- What administrators set up: names of hosts that their agents do not change.

ALTER TABLE host ADD COLUMN renamed INTEGER NOT NULL DEFAULT 0;  -- an administrator named it

-- Offerings of every kind: for which domains (and those below) and in which zones; no row: everywhere, for all.
CREATE TABLE offering_domain (
    offering   TEXT NOT NULL,
    domain     TEXT NOT NULL REFERENCES domain (id),
    PRIMARY KEY (offering, domain)
) STRICT, WITHOUT ROWID;
CREATE TABLE offering_zone (
    offering   TEXT NOT NULL,
    zone       TEXT NOT NULL REFERENCES zone (id),
    PRIMARY KEY (offering, zone)
) STRICT, WITHOUT ROWID;

ALTER TABLE service_offering ADD COLUMN state TEXT NOT NULL DEFAULT 'Active';  -- Inactive: no new VMs of it
ALTER TABLE service_offering ADD COLUMN sort_key INTEGER NOT NULL DEFAULT 0;   -- lists show the largest first
ALTER TABLE service_offering ADD COLUMN ha INTEGER NOT NULL DEFAULT 0;         -- recorded for when dead hosts' VMs are restarted
ALTER TABLE service_offering ADD COLUMN details TEXT NOT NULL DEFAULT '{}';
