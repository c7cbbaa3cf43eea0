-- A keyword beside a zone or a state: all of them are read from the one index, and only VMs of a page are looked at. A
-- column of its own, because SQLite looks at a row before it believes what an index has of an expression. A name that is
-- there twice, as most are, is read once.
ALTER TABLE vm ADD COLUMN words TEXT NOT NULL GENERATED ALWAYS AS (lower(
    host_name || char(10) || iif(display_name = host_name, '', display_name || char(10)) || instance_name)) VIRTUAL;
DROP INDEX vm_words;
CREATE INDEX vm_words ON vm (number, account, zone, state, words) WHERE removed IS NULL;
