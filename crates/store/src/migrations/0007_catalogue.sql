-- What administrators set up: names of hosts that their agents do not change.

ALTER TABLE host ADD COLUMN renamed INTEGER NOT NULL DEFAULT 0;  -- an administrator named it
