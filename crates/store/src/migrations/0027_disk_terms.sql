-- How fast disks may be, and whether hosts cache them: DiskTerms in JSON.
ALTER TABLE disk_offering ADD COLUMN terms TEXT NOT NULL DEFAULT '{}';
ALTER TABLE service_offering ADD COLUMN disk_terms TEXT NOT NULL DEFAULT '{}'; -- of root volumes
