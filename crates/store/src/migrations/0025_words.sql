-- Lists of many VMs by a part of a name, by network, and far from their beginning: all of it is read in the order of the
-- list from an index, without a look at the VMs.

-- What a keyword is looked for in: `vm_view::WORDS` is the same expression.
CREATE INDEX vm_words ON vm (number, account, lower(host_name || char(10) || display_name || char(10) || instance_name))
    WHERE removed IS NULL;
DROP INDEX vm_names;                        -- nothing else was asked of it

ALTER TABLE nic ADD COLUMN vm_number INTEGER REFERENCES vm (number);   -- the number of its VM; never changes
UPDATE nic SET vm_number = (SELECT number FROM vm WHERE vm.id = nic.vm);
DROP INDEX nic_network;
CREATE INDEX nic_network ON nic (network, vm_number) WHERE removed IS NULL;
