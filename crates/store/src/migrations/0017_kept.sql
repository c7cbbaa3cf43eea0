-- What decides where a VM may run beside sizes and tags: places that are kept for somebody, hosts that stand together under a
-- name, and VMs that one VM was asked to be with, or away from.

CREATE TABLE dedicated_resource (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    id       TEXT NOT NULL UNIQUE,
    kind     TEXT NOT NULL,                 -- Zone, Pod, Cluster, Host
    resource TEXT NOT NULL UNIQUE,
    domain   TEXT NOT NULL REFERENCES domain (id),
    account  TEXT REFERENCES account (id),  -- nothing: everybody in the domain and below it
    created  INTEGER NOT NULL
) STRICT;

CREATE TRIGGER dedicated_of_zone AFTER UPDATE OF removed ON zone WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM dedicated_resource WHERE resource = NEW.id; END;
CREATE TRIGGER dedicated_of_pod AFTER UPDATE OF removed ON pod WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM dedicated_resource WHERE resource = NEW.id; END;
CREATE TRIGGER dedicated_of_cluster AFTER UPDATE OF removed ON cluster WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM dedicated_resource WHERE resource = NEW.id; END;
CREATE TRIGGER dedicated_of_host AFTER UPDATE OF removed ON host WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM dedicated_resource WHERE resource = NEW.id; END;
CREATE TRIGGER dedicated_to_account AFTER UPDATE OF removed ON account WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM dedicated_resource WHERE account = NEW.id; END;
CREATE TRIGGER dedicated_to_domain AFTER UPDATE OF removed ON domain WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM dedicated_resource WHERE domain = NEW.id; END;

CREATE TABLE host_aggregate (
    number            INTEGER PRIMARY KEY AUTOINCREMENT,
    id                TEXT NOT NULL UNIQUE,
    zone              TEXT NOT NULL REFERENCES zone (id),
    name              TEXT NOT NULL,
    availability_zone TEXT,                     -- nothing: users cannot ask for it
    tags              TEXT NOT NULL DEFAULT '', -- its hosts have them beside their own, comma separated
    created           INTEGER NOT NULL,
    UNIQUE (zone, name)
) STRICT;

CREATE TABLE host_aggregate_member (
    aggregate TEXT NOT NULL REFERENCES host_aggregate (id),
    host      TEXT NOT NULL REFERENCES host (id),
    PRIMARY KEY (aggregate, host)
) STRICT, WITHOUT ROWID;
CREATE INDEX host_aggregate_member_host ON host_aggregate_member (host);

CREATE TRIGGER aggregate_member_of_host AFTER UPDATE OF removed ON host WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM host_aggregate_member WHERE host = NEW.id; END;

ALTER TABLE vm ADD COLUMN availability_zone TEXT;  -- asked for at deploy; nothing: any

CREATE TABLE vm_hint (
    vm    TEXT NOT NULL REFERENCES vm (id),
    other TEXT NOT NULL REFERENCES vm (id),
    kind  TEXT NOT NULL,                        -- as affinity groups have it: host affinity, host anti-affinity
    PRIMARY KEY (vm, other)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER hint_of_vm AFTER UPDATE OF removed ON vm WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM vm_hint WHERE NEW.id IN (vm, other); END;
CREATE INDEX vm_hint_other ON vm_hint (other);

-- VMs that a VM looks at where it is placed: those in its affinity groups, and those of its hints, which have no group.
CREATE VIEW vm_mate (vm, other, group_name, kind) AS
    SELECT mine.vm, theirs.vm, g.name, g.kind
    FROM vm_affinity_group mine JOIN affinity_group g ON g.id = mine.affinity_group
    JOIN vm_affinity_group theirs ON theirs.affinity_group = g.id AND theirs.vm <> mine.vm
    UNION ALL SELECT vm, other, '', kind FROM vm_hint;
