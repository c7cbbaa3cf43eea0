-- Libvirt domains that somebody else made and that became VMs of this cloud. They keep their name, UUID and definition.

CREATE TABLE adoption (
    vm         TEXT PRIMARY KEY REFERENCES vm (id),
    host       TEXT NOT NULL REFERENCES host (id),
    domain     TEXT NOT NULL,               -- UUID of the libvirt domain
    name       TEXT NOT NULL,               -- its name there; any text
    machine    TEXT NOT NULL,               -- its machine type
    created    INTEGER NOT NULL,
    ended      INTEGER                      -- when it was released, or its VM expunged
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX adoption_domain ON adoption (host, domain) WHERE ended IS NULL;
CREATE TRIGGER adoption_of_vm AFTER UPDATE OF removed ON vm WHEN NEW.removed IS NOT NULL
    BEGIN UPDATE adoption SET ended = NEW.removed WHERE vm = NEW.id AND ended IS NULL; END;
