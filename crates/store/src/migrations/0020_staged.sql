-- Files that image workers keep for volumes: copies behind links, and what was fetched for volumes that no host has
-- written yet. A worker knows such a file as it knows a template, by its id.

CREATE TABLE staged_file (
    id         TEXT PRIMARY KEY,
    volume     TEXT NOT NULL REFERENCES volume (id),
    purpose    TEXT NOT NULL,               -- Given: a link leads to it; Fetched: its volume is written from it
    worker     TEXT NOT NULL REFERENCES host (id),
    user       TEXT NOT NULL,               -- who asked for it
    format     TEXT NOT NULL,
    size       INTEGER,                     -- these three when it is complete
    virtual_size INTEGER,
    sha256     TEXT,
    until      INTEGER,                     -- Given: when its link ends
    job        TEXT,                        -- the job that removes it
    created    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX staged_file_volume ON staged_file (volume);
