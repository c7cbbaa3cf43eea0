-- Lists of many VMs by where they run and by key: what the filter names leads to the VM's number, which is the order of
-- the list, without reading a row of another table for each VM.

ALTER TABLE vm_run ADD COLUMN vm_number INTEGER REFERENCES vm (number);   -- the number of its VM; never changes
UPDATE vm_run SET vm_number = (SELECT number FROM vm WHERE vm.id = vm_run.vm);
DROP INDEX vm_run_host;
CREATE INDEX vm_run_host ON vm_run (host, vm_number) WHERE state <> 'Ended';

-- The names of the SSH keys that a VM was given last.
CREATE TABLE vm_key (
    name       TEXT NOT NULL,
    vm_number  INTEGER NOT NULL REFERENCES vm (number),
    PRIMARY KEY (name, vm_number)
) STRICT, WITHOUT ROWID;
CREATE INDEX vm_key_vm ON vm_key (vm_number);

INSERT OR IGNORE INTO vm_key
    SELECT json_extract(k.value, '$.name'), vm.number FROM vm, json_each(vm.ssh_keys) k;

CREATE TRIGGER vm_keys_given AFTER INSERT ON vm WHEN new.ssh_keys <> '[]'
BEGIN
    INSERT OR IGNORE INTO vm_key SELECT json_extract(k.value, '$.name'), new.number FROM json_each(new.ssh_keys) k;
END;
CREATE TRIGGER vm_keys_changed AFTER UPDATE OF ssh_keys ON vm WHEN new.ssh_keys <> old.ssh_keys
BEGIN
    DELETE FROM vm_key WHERE vm_number = new.number;
    INSERT OR IGNORE INTO vm_key SELECT json_extract(k.value, '$.name'), new.number FROM json_each(new.ssh_keys) k;
END;
