-- The ISO in a VM's drive, and the root volumes of VMs that begin from one: they are made from nothing, and sold as a
-- disk offering says (volume.disk_offering, which a root volume had not before).

ALTER TABLE vm ADD COLUMN iso TEXT REFERENCES template (id);
CREATE INDEX vm_iso ON vm (iso) WHERE removed IS NULL AND iso IS NOT NULL;
