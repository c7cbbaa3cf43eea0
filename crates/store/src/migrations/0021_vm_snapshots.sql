-- Copies of all volumes of a VM, as they were at one moment. Each volume's copy is a snapshot that belongs to it.

CREATE TABLE vm_snapshot (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    vm         TEXT NOT NULL REFERENCES vm (id),
    account    TEXT NOT NULL REFERENCES account (id),
    zone       TEXT NOT NULL REFERENCES zone (id),
    name       TEXT NOT NULL,
    description TEXT,
    state      TEXT NOT NULL,
    version    INTEGER NOT NULL DEFAULT 1,
    error      TEXT,
    current    INTEGER,                     -- when the VM was last as it is: when it was made, or reverted to
    created    INTEGER NOT NULL,
    removed    INTEGER
) STRICT;
CREATE INDEX vm_snapshot_vm ON vm_snapshot (vm) WHERE removed IS NULL;
CREATE INDEX vm_snapshot_account ON vm_snapshot (account) WHERE removed IS NULL;

ALTER TABLE snapshot ADD COLUMN vm_snapshot TEXT REFERENCES vm_snapshot (id); -- nothing: it is one of its own
CREATE INDEX snapshot_vm_snapshot ON snapshot (vm_snapshot) WHERE vm_snapshot IS NOT NULL;

CREATE TRIGGER tag_of_vm_snapshot AFTER UPDATE OF removed ON vm_snapshot WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM tag WHERE resource = NEW.id; END;
