-- When copies of volumes are made by themselves: at most one policy of a kind on a volume. It goes with its volume.

CREATE TABLE snapshot_policy (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    volume     TEXT NOT NULL REFERENCES volume (id),
    kind       TEXT NOT NULL,               -- HOURLY, DAILY, WEEKLY, MONTHLY
    schedule   TEXT NOT NULL,               -- as the API has it: MM, MM:HH, MM:HH:DD
    timezone   TEXT NOT NULL,
    max_snaps  INTEGER NOT NULL,            -- how many of its copies are kept, the newest
    user       TEXT NOT NULL REFERENCES user (id),  -- who asked for it
    is_shown   INTEGER NOT NULL DEFAULT 1,
    next_run   INTEGER NOT NULL,
    created    INTEGER NOT NULL,
    UNIQUE (volume, kind)
) STRICT;
CREATE INDEX snapshot_policy_due ON snapshot_policy (next_run);

CREATE TRIGGER snapshot_policy_of_volume AFTER UPDATE OF removed ON volume WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM snapshot_policy WHERE volume = NEW.id; END;
