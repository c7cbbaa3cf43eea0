-- What clients say of accounts and domains, and what they ask for.

-- DNS domains that accounts and domains give to the guests on networks that are made for them; null: none of its own.

ALTER TABLE account ADD COLUMN network_domain TEXT;
ALTER TABLE domain ADD COLUMN network_domain TEXT;

ALTER TABLE account ADD COLUMN details TEXT NOT NULL DEFAULT '{}'; -- JSON: what other systems keep of it, by name
ALTER TABLE user ADD COLUMN timezone TEXT;                        -- by whose clock they live, of the tz database

-- The newest job of a thing is asked for.
CREATE INDEX job_subject ON job (subject, number);
