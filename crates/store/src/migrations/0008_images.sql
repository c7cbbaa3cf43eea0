-- Tags: words that users put on things, found by their key. A tag belongs to the owner of its thing, and
-- goes when the thing goes: triggers see to both, whoever changes the thing.
CREATE TABLE tag (
    resource   TEXT NOT NULL,
    name       TEXT NOT NULL,
    value      TEXT NOT NULL,
    kind       TEXT NOT NULL,               -- UserVm, Template, ...: the API's names
    account    TEXT NOT NULL REFERENCES account (id),
    customer   TEXT,
    created    INTEGER NOT NULL,
    PRIMARY KEY (resource, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_found ON tag (name, value, resource);

CREATE TRIGGER tag_of_vm AFTER UPDATE OF removed ON vm WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM tag WHERE resource = NEW.id; END;
CREATE TRIGGER tag_of_volume AFTER UPDATE OF removed ON volume WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM tag WHERE resource = NEW.id; END;
CREATE TRIGGER tag_of_template AFTER UPDATE OF removed ON template WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM tag WHERE resource = NEW.id; END;
CREATE TRIGGER tag_of_network AFTER UPDATE OF removed ON network WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM tag WHERE resource = NEW.id; END;
CREATE TRIGGER tag_of_zone AFTER UPDATE OF removed ON zone WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM tag WHERE resource = NEW.id; END;
CREATE TRIGGER tag_of_pod AFTER UPDATE OF removed ON pod WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM tag WHERE resource = NEW.id; END;
CREATE TRIGGER tag_of_cluster AFTER UPDATE OF removed ON cluster WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM tag WHERE resource = NEW.id; END;
CREATE TRIGGER tag_of_host AFTER UPDATE OF removed ON host WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM tag WHERE resource = NEW.id; END;
CREATE TRIGGER tag_of_storage_pool AFTER UPDATE OF removed ON storage_pool WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM tag WHERE resource = NEW.id; END;
CREATE TRIGGER tag_of_service_offering AFTER UPDATE OF removed ON service_offering WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM tag WHERE resource = NEW.id; END;
CREATE TRIGGER tag_of_user AFTER UPDATE OF removed ON user WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM tag WHERE resource = NEW.id; END;
CREATE TRIGGER tag_of_account AFTER UPDATE OF removed ON account WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM tag WHERE resource = NEW.id; END;
CREATE TRIGGER tag_of_domain AFTER UPDATE OF removed ON domain WHEN NEW.removed IS NOT NULL
    BEGIN DELETE FROM tag WHERE resource = NEW.id; END;

CREATE TRIGGER tag_with_vm AFTER UPDATE OF account ON vm WHEN NEW.account <> OLD.account
    BEGIN UPDATE tag SET account = NEW.account WHERE resource = NEW.id; END;
CREATE TRIGGER tag_with_volume AFTER UPDATE OF account ON volume WHEN NEW.account <> OLD.account
    BEGIN UPDATE tag SET account = NEW.account WHERE resource = NEW.id; END;
CREATE TRIGGER tag_with_template AFTER UPDATE OF account ON template WHEN NEW.account <> OLD.account
    BEGIN UPDATE tag SET account = NEW.account WHERE resource = NEW.id; END;
