-- When the record was made from a backup; null: it never was. From then on hosts may know runs that it does not, and
-- are believed.
ALTER TABLE installation ADD COLUMN restored INTEGER;
