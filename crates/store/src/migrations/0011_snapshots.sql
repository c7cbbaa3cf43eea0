-- Copies of volumes as they were at a moment. Each is a whole file on the pool of its volume, and stays when that goes.

CREATE TABLE snapshot (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    account    TEXT NOT NULL REFERENCES account (id),
    zone       TEXT NOT NULL REFERENCES zone (id),
    volume     TEXT NOT NULL REFERENCES volume (id),
    name       TEXT NOT NULL,
    kind       TEXT NOT NULL,               -- MANUAL, or of which policy it is: HOURLY, DAILY, WEEKLY, MONTHLY
    policy     TEXT,                        -- that policy, which may be gone
    pool       TEXT REFERENCES storage_pool (id),
    path       TEXT,
    size       INTEGER NOT NULL,            -- how large a guest saw the volume
    physical_size INTEGER,                  -- what it takes on the pool, when it is there
    state      TEXT NOT NULL,
    version    INTEGER NOT NULL DEFAULT 1,
    error      TEXT,
    created    INTEGER NOT NULL,
    removed    INTEGER
) STRICT;
CREATE INDEX snapshot_usage ON snapshot (account, size, physical_size) WHERE removed IS NULL AND state <> 'Error';
CREATE INDEX snapshot_volume ON snapshot (volume) WHERE removed IS NULL;
CREATE INDEX snapshot_pool ON snapshot (pool) WHERE removed IS NULL;
CREATE INDEX snapshot_policy_of ON snapshot (policy) WHERE removed IS NULL AND policy IS NOT NULL;

CREATE TRIGGER tag_of_snapshot AFTER UPDATE OF removed ON snapshot WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM tag WHERE resource = NEW.id; END;
