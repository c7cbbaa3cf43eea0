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

ALTER TABLE network_offering ADD COLUMN state TEXT NOT NULL DEFAULT 'Enabled';      -- Disabled: no new networks of it
ALTER TABLE network_offering ADD COLUMN availability TEXT NOT NULL DEFAULT 'Optional';
ALTER TABLE network_offering ADD COLUMN sort_key INTEGER NOT NULL DEFAULT 0;
ALTER TABLE network_offering ADD COLUMN specify_vlan INTEGER NOT NULL DEFAULT 0;
ALTER TABLE network_offering ADD COLUMN specify_ranges INTEGER NOT NULL DEFAULT 1;
ALTER TABLE network_offering ADD COLUMN conserve INTEGER NOT NULL DEFAULT 1;
ALTER TABLE network_offering ADD COLUMN persistent INTEGER NOT NULL DEFAULT 1;
ALTER TABLE network_offering ADD COLUMN egress INTEGER NOT NULL DEFAULT 1;
ALTER TABLE network_offering ADD COLUMN tags TEXT NOT NULL DEFAULT '';
ALTER TABLE network_offering ADD COLUMN providers TEXT NOT NULL DEFAULT '{}';       -- JSON: service to provider
ALTER TABLE network_offering ADD COLUMN capabilities TEXT NOT NULL DEFAULT '[]';    -- JSON: service, name, value
ALTER TABLE network_offering ADD COLUMN details TEXT NOT NULL DEFAULT '{}';
ALTER TABLE network_offering ADD COLUMN created INTEGER NOT NULL DEFAULT 0;
ALTER TABLE network_offering ADD COLUMN removed INTEGER;

-- Wires, as an administrator describes them. Guest traffic takes each host's own bridges.
CREATE TABLE physical_network (
    id         TEXT PRIMARY KEY,
    zone       TEXT NOT NULL REFERENCES zone (id),
    name       TEXT NOT NULL,
    isolation  TEXT NOT NULL DEFAULT '',    -- comma separated
    vlan       TEXT,
    speed      TEXT,
    tags       TEXT NOT NULL DEFAULT '',
    domain     TEXT REFERENCES domain (id),
    state      TEXT NOT NULL DEFAULT 'Disabled',
    created    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX physical_network_name ON physical_network (zone, name);

CREATE TABLE traffic_type (
    id         TEXT PRIMARY KEY,
    physical_network TEXT NOT NULL REFERENCES physical_network (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL,               -- Guest, Public, Management, Storage
    label      TEXT,                        -- the bridge that an administrator has in mind
    UNIQUE (physical_network, kind)
) STRICT;

CREATE TABLE network_provider (
    id         TEXT PRIMARY KEY,
    physical_network TEXT NOT NULL REFERENCES physical_network (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    state      TEXT NOT NULL DEFAULT 'Disabled',
    UNIQUE (physical_network, name)
) STRICT;

-- Ranges of addresses beside a network's own first one; those without a network are records.
CREATE TABLE ip_range (
    id         TEXT PRIMARY KEY,
    zone       TEXT NOT NULL REFERENCES zone (id),
    network    TEXT REFERENCES network (id),
    physical_network TEXT REFERENCES physical_network (id),
    pod        TEXT REFERENCES pod (id),
    vlan       TEXT NOT NULL DEFAULT 'vlan://untagged',
    gateway    TEXT NOT NULL,
    netmask    TEXT NOT NULL,
    start_ip   TEXT NOT NULL,
    end_ip     TEXT NOT NULL,
    created    INTEGER NOT NULL
) STRICT;
CREATE INDEX ip_range_network ON ip_range (network) WHERE network IS NOT NULL;

ALTER TABLE event ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;   -- lists leave it out
