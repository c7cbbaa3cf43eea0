-- Data volumes that were thrown away and are kept for a while.

ALTER TABLE volume ADD COLUMN destroyed INTEGER; -- since when it is not wanted any more; null: it is
ALTER TABLE volume ADD COLUMN destroyer TEXT REFERENCES user (id); -- who did not want it: the timer deletes it for this user
CREATE INDEX volume_destroyed ON volume (destroyed) WHERE state = 'Destroy';
