-- Data volumes: the sizes for sale, and what an attached volume needs.

CREATE TABLE disk_offering (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    display_text TEXT NOT NULL,
    size       INTEGER,                     -- bytes; nothing: chosen when a volume is made
    storage_type TEXT NOT NULL DEFAULT 'local',
    tags       TEXT NOT NULL DEFAULT '',    -- that a storage pool must have, comma separated
    domains    TEXT NOT NULL DEFAULT '[]',  -- ids, JSON; none: for everybody
    is_shown   INTEGER NOT NULL DEFAULT 1,
    sort_key   INTEGER NOT NULL DEFAULT 0,
    state      TEXT NOT NULL DEFAULT 'Active',  -- or Inactive: no new volumes of it
    created    INTEGER NOT NULL,
    removed    INTEGER
) STRICT;

ALTER TABLE volume ADD COLUMN disk_offering TEXT REFERENCES disk_offering (id);
ALTER TABLE volume ADD COLUMN attached INTEGER;
ALTER TABLE volume ADD COLUMN job TEXT;     -- that works on it, as long as that job is not finished
CREATE UNIQUE INDEX volume_device ON volume (vm, device) WHERE removed IS NULL AND kind = 'DATADISK';
