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

-- What more is said of templates and ISOs (an ISO is a template of format ISO).
ALTER TABLE template ADD COLUMN os_type TEXT;           -- id of the kind of guest that was named
ALTER TABLE template ADD COLUMN host_tag TEXT NOT NULL DEFAULT '';  -- its VMs run on hosts with this tag
ALTER TABLE template ADD COLUMN ssh_key_enabled INTEGER NOT NULL DEFAULT 1;
ALTER TABLE template ADD COLUMN dynamically_scalable INTEGER NOT NULL DEFAULT 0;
ALTER TABLE template ADD COLUMN requires_hvm INTEGER NOT NULL DEFAULT 1;
ALTER TABLE template ADD COLUMN sort_key INTEGER NOT NULL DEFAULT 0;

-- Accounts that may use a template of somebody else.
CREATE TABLE template_share (
    template   TEXT NOT NULL REFERENCES template (id),
    account    TEXT NOT NULL REFERENCES account (id),
    PRIMARY KEY (template, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX template_share_account ON template_share (account);

-- For whom a shared network is: one account, or a domain (nothing: everybody) with those below it or without.
ALTER TABLE network ADD COLUMN acl_type TEXT NOT NULL DEFAULT 'Domain';
ALTER TABLE network ADD COLUMN acl_domain TEXT REFERENCES domain (id);
ALTER TABLE network ADD COLUMN subdomain_access INTEGER NOT NULL DEFAULT 1;
