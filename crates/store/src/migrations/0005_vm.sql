-- VMs in full: sizes that a caller chooses, and what can be changed of a VM after its deployment.

-- A custom offering has cpus 0, and says here what a caller may choose. Null in all four: a fixed offering.
ALTER TABLE service_offering ADD COLUMN min_cpus INTEGER;
ALTER TABLE service_offering ADD COLUMN max_cpus INTEGER;
ALTER TABLE service_offering ADD COLUMN min_memory_mib INTEGER;
ALTER TABLE service_offering ADD COLUMN max_memory_mib INTEGER;
