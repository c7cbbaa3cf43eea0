-- What clients say of accounts and domains, and what they ask for.

-- DNS domains that accounts and domains give to the guests on networks that are made for them; null: none of its own.

ALTER TABLE account ADD COLUMN network_domain TEXT;
ALTER TABLE domain ADD COLUMN network_domain TEXT;

-- The newest job of a thing is asked for.
CREATE INDEX job_subject ON job (subject, number);
