-- Directories that check passwords, who of them is let in, and which users come from them.

-- Asked in the order in which they were added.
CREATE TABLE ldap_server (
    number     INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    domain     TEXT REFERENCES domain (id), -- null: for every domain that has none of its own
    host       TEXT NOT NULL,               -- a name or an address, perhaps with ldap:// or ldaps:// before it
    port       INTEGER NOT NULL,
    created    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX ldap_server_place ON ldap_server (coalesce(domain, ''), host, port);

-- An account or a domain has at most one; linking it again changes it, and keeps its id.
CREATE TABLE ldap_link (
    id         TEXT PRIMARY KEY,
    domain     TEXT NOT NULL REFERENCES domain (id),
    account    TEXT REFERENCES account (id), -- where its people come in; null: each in an account of its own
    kind       TEXT NOT NULL,               -- LdapLinkKind
    name       TEXT NOT NULL,               -- the distinguished name of the group or unit
    account_kind TEXT NOT NULL,             -- AccountType of the accounts that are made for its people
    created    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX ldap_link_owner ON ldap_link (coalesce(account, domain));
CREATE INDEX ldap_link_domain ON ldap_link (domain);

ALTER TABLE user ADD COLUMN source TEXT NOT NULL DEFAULT 'Native'; -- UserSource
-- The link by which a user came in, who has to be in its group or unit at each log-in; null: made by an administrator.
ALTER TABLE user ADD COLUMN ldap_link TEXT REFERENCES ldap_link (id);
