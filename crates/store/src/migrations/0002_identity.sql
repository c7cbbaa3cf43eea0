-- Roles, and what an account or a user can be besides there: locked, disabled, about to be deleted.

CREATE TABLE role (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    kind       TEXT NOT NULL,               -- AccountType: the most that it can allow
    description TEXT NOT NULL DEFAULT '',
    state      TEXT NOT NULL DEFAULT 'enabled',
    is_public  INTEGER NOT NULL DEFAULT 1,  -- whether domain administrators see it
    is_default INTEGER NOT NULL DEFAULT 0,  -- allows all that its kind can; it has no rules
    created    INTEGER NOT NULL
) STRICT;
INSERT INTO role (id, name, kind, description, is_default, created) VALUES
    ('00000000-0000-4000-8000-000000000001', 'Root Admin', 'RootAdmin', 'May do everything', 1, 0),
    ('00000000-0000-4000-8000-000000000002', 'Resource Admin', 'ResourceAdmin', 'Sees and manages resources of the whole cloud', 1, 0),
    ('00000000-0000-4000-8000-000000000003', 'Domain Admin', 'DomainAdmin', 'May do everything within its domain', 1, 0),
    ('00000000-0000-4000-8000-000000000004', 'User', 'User', 'Uses what it owns', 1, 0);

-- In their order the first whose pattern fits a command decides; where none fits, the command is refused.
CREATE TABLE role_rule (
    id         TEXT PRIMARY KEY,
    role       TEXT NOT NULL REFERENCES role (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    pattern    TEXT NOT NULL,               -- a command's name; * stands for any characters
    permission TEXT NOT NULL,               -- allow or deny
    description TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX role_rule_role ON role_rule (role, position);

-- Null: the default role of the account's kind.
ALTER TABLE account ADD COLUMN role TEXT REFERENCES role (id);
-- Whether a job that deletes it was begun and has not come to its end.
ALTER TABLE account ADD COLUMN deleting INTEGER NOT NULL DEFAULT 0;

-- Wrong passwords since the last right one.
ALTER TABLE user ADD COLUMN failed_logins INTEGER NOT NULL DEFAULT 0;
CREATE INDEX session_user ON session (user);
