-- Counts of many VMs by a filter and by who owns them: read from the index alone, owner by owner.

CREATE INDEX vm_zone_owner ON vm (zone, account) WHERE removed IS NULL;
CREATE INDEX vm_offering_owner ON vm (offering, account) WHERE removed IS NULL;
CREATE INDEX vm_template_owner ON vm (template, account) WHERE removed IS NULL;
