-- Limits of what accounts, domains and projects may have, and projects themselves.

-- What was set for one owner; what never was has its default in the settings. How much an owner has is never
-- stored: it is computed from the rows, where there is a limit, and a limit bounds how many there are to count.
CREATE TABLE resource_limit (
    owner      TEXT NOT NULL,               -- an account (also a project's) or a domain
    kind       TEXT NOT NULL,               -- LimitKind
    max        INTEGER NOT NULL,            -- -1: unlimited; storage in GiB, memory in MiB
    changed    INTEGER NOT NULL,
    PRIMARY KEY (owner, kind)
) STRICT, WITHOUT ROWID;

-- A group of accounts that share things. What it has belongs to an account of its own, of kind Project.
CREATE TABLE project (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    account    TEXT NOT NULL UNIQUE REFERENCES account (id),
    domain     TEXT NOT NULL REFERENCES domain (id),
    owner      TEXT NOT NULL REFERENCES account (id),   -- whose limit of projects it counts against
    name       TEXT NOT NULL,
    display_text TEXT NOT NULL,
    state      TEXT NOT NULL DEFAULT 'Active',
    version    INTEGER NOT NULL DEFAULT 1,
    created    INTEGER NOT NULL,
    removed    INTEGER
) STRICT;
CREATE UNIQUE INDEX project_name ON project (domain, name) WHERE removed IS NULL;
CREATE INDEX project_owner ON project (owner) WHERE removed IS NULL;

CREATE TABLE project_member (
    project    TEXT NOT NULL REFERENCES project (id),
    account    TEXT NOT NULL REFERENCES account (id),
    role       TEXT NOT NULL,               -- Admin or Regular
    created    INTEGER NOT NULL,
    PRIMARY KEY (project, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX project_member_account ON project_member (account, project);

-- How much an account has is read from these alone, however many rows others have.
CREATE INDEX vm_usage ON vm (account, state, offering) WHERE removed IS NULL;
CREATE INDEX volume_usage ON volume (account, size) WHERE removed IS NULL;
CREATE INDEX template_usage ON template (account, size) WHERE removed IS NULL;
CREATE INDEX network_usage ON network (account) WHERE removed IS NULL;
