-- What hosts tell of their libvirt domains, beside the runs that the record believes alive there.

-- Since when complete listings of its host lack a run that may be alive; null: they do not.
ALTER TABLE vm_run ADD COLUMN missing_since INTEGER;
-- When a complete listing lacked it last.
ALTER TABLE vm_run ADD COLUMN missing_last INTEGER;

-- Runs with our mark that a host tells of and the record does not have alive there: kept as differences.
CREATE TABLE stray (
    run        TEXT NOT NULL,
    host       TEXT NOT NULL REFERENCES host (id),
    vm         TEXT NOT NULL,               -- by the mark; the record may not have it
    name       TEXT NOT NULL,
    generation INTEGER NOT NULL,
    power      TEXT NOT NULL,
    power_reason TEXT NOT NULL,
    kind       TEXT NOT NULL DEFAULT '',    -- what the record has instead, as it was last told of
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    PRIMARY KEY (run, host)
) STRICT, WITHOUT ROWID;
CREATE INDEX stray_vm ON stray (vm);
CREATE INDEX stray_host ON stray (host);

CREATE TRIGGER stray_of_host AFTER UPDATE OF removed ON host WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM stray WHERE host = NEW.id; END;

-- Libvirt domains that are not this cloud's. They are listed and left alone.
CREATE TABLE alien (
    host       TEXT NOT NULL REFERENCES host (id),
    uuid       TEXT NOT NULL,
    name       TEXT NOT NULL,
    power      TEXT NOT NULL,
    vcpus      INTEGER NOT NULL,
    memory_mib INTEGER NOT NULL,
    disks      TEXT NOT NULL DEFAULT '[]',  -- JSON
    nics       TEXT NOT NULL DEFAULT '[]',  -- JSON
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    PRIMARY KEY (host, uuid)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER alien_of_host AFTER UPDATE OF removed ON host WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM alien WHERE host = NEW.id; END;
