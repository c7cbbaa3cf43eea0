-- Lists of many VMs: an index for each filter that a client may send. Each ends with the row's number, which is the order
-- of the list, so that a page needs no sorting; a count is read from the index alone. There is none on (removed): the
-- planner would take it for every filter that it cannot judge.

CREATE INDEX vm_zone ON vm (zone) WHERE removed IS NULL;
CREATE INDEX vm_offering ON vm (offering) WHERE removed IS NULL;
CREATE INDEX vm_template ON vm (template) WHERE removed IS NULL;
CREATE INDEX vm_user ON vm (user) WHERE removed IS NULL;
CREATE INDEX vm_host_name ON vm (host_name);
CREATE INDEX vm_display_name ON vm (display_name);
CREATE INDEX vm_group ON vm (group_name) WHERE removed IS NULL AND group_name IS NOT NULL;
CREATE INDEX nic_network ON nic (network, vm) WHERE removed IS NULL;
CREATE INDEX volume_pool_vm ON volume (pool, vm) WHERE removed IS NULL;
CREATE INDEX host_pod ON host (pod);
CREATE INDEX host_cluster ON host (cluster);
