-- The reason trail: each change of state of a VM, a run or a host, and what brought it about. Triggers write it, so
-- that no change is left out, whoever makes it; the cause stands in the changed row.

ALTER TABLE vm ADD COLUMN cause TEXT NOT NULL DEFAULT '{}';        -- JSON: text, user, job
ALTER TABLE vm_run ADD COLUMN cause TEXT NOT NULL DEFAULT '{}';
ALTER TABLE host ADD COLUMN cause TEXT NOT NULL DEFAULT '{}';
-- What asked for the job, in words.
ALTER TABLE job ADD COLUMN cause TEXT NOT NULL DEFAULT '';

CREATE TABLE history (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    kind       TEXT NOT NULL,               -- VirtualMachine, Run, Host
    subject    TEXT NOT NULL,
    owner      TEXT NOT NULL,               -- the VM, of a VM or a run; the host
    host       TEXT,                        -- of a run
    what       TEXT NOT NULL,               -- state, power, host, status, adminstate
    before     TEXT,                        -- null: it was made
    after      TEXT NOT NULL,
    cause      TEXT NOT NULL
) STRICT;
CREATE INDEX history_owner ON history (owner, number);
CREATE INDEX history_at ON history (at);

CREATE TRIGGER history_vm_made AFTER INSERT ON vm
    BEGIN INSERT INTO history (at, kind, subject, owner, what, after, cause)
        VALUES (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), 'VirtualMachine', NEW.id, NEW.id,
                'state', NEW.state, NEW.cause); END;
CREATE TRIGGER history_vm AFTER UPDATE OF state ON vm WHEN NEW.state <> OLD.state
    BEGIN INSERT INTO history (at, kind, subject, owner, what, before, after, cause)
        VALUES (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), 'VirtualMachine', NEW.id, NEW.id,
                'state', OLD.state, NEW.state, NEW.cause); END;
CREATE TRIGGER history_run_made AFTER INSERT ON vm_run
    BEGIN INSERT INTO history (at, kind, subject, owner, host, what, after, cause)
        VALUES (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), 'Run', NEW.id, NEW.vm, NEW.host,
                'state', NEW.state, NEW.cause); END;
CREATE TRIGGER history_run AFTER UPDATE OF state ON vm_run WHEN NEW.state <> OLD.state
    BEGIN INSERT INTO history (at, kind, subject, owner, host, what, before, after, cause)
        VALUES (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), 'Run', NEW.id, NEW.vm, NEW.host,
                'state', OLD.state, NEW.state, NEW.cause); END;
CREATE TRIGGER history_run_power AFTER UPDATE OF power ON vm_run WHEN NEW.power <> OLD.power
    BEGIN INSERT INTO history (at, kind, subject, owner, host, what, before, after, cause)
        VALUES (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), 'Run', NEW.id, NEW.vm, NEW.host,
                'power', OLD.power, NEW.power, NEW.cause); END;
CREATE TRIGGER history_run_host AFTER UPDATE OF host ON vm_run WHEN NEW.host <> OLD.host
    BEGIN INSERT INTO history (at, kind, subject, owner, host, what, before, after, cause)
        VALUES (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), 'Run', NEW.id, NEW.vm, NEW.host,
                'host', OLD.host, NEW.host, NEW.cause); END;
CREATE TRIGGER history_host_made AFTER INSERT ON host
    BEGIN INSERT INTO history (at, kind, subject, owner, what, after, cause)
        VALUES (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), 'Host', NEW.id, NEW.id,
                'status', NEW.status, NEW.cause); END;
CREATE TRIGGER history_host AFTER UPDATE OF status ON host WHEN NEW.status <> OLD.status
    BEGIN INSERT INTO history (at, kind, subject, owner, what, before, after, cause)
        VALUES (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), 'Host', NEW.id, NEW.id,
                'status', OLD.status, NEW.status, NEW.cause); END;
CREATE TRIGGER history_host_admin AFTER UPDATE OF admin_state ON host WHEN NEW.admin_state <> OLD.admin_state
    BEGIN INSERT INTO history (at, kind, subject, owner, what, before, after, cause)
        VALUES (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), 'Host', NEW.id, NEW.id,
                'adminstate', OLD.admin_state, NEW.admin_state, NEW.cause); END;
