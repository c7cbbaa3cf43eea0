-- VMs in full: sizes that a caller chooses, and what can be changed of a VM after its deployment.

-- A custom offering has cpus 0, and says here what a caller may choose. Null in all four: a fixed offering.
ALTER TABLE service_offering ADD COLUMN min_cpus INTEGER;
ALTER TABLE service_offering ADD COLUMN max_cpus INTEGER;
ALTER TABLE service_offering ADD COLUMN min_memory_mib INTEGER;
ALTER TABLE service_offering ADD COLUMN max_memory_mib INTEGER;

-- Null: the offering's. Set where the offering is a custom one.
ALTER TABLE vm ADD COLUMN own_cpus INTEGER;
ALTER TABLE vm ADD COLUMN own_cpu_mhz INTEGER;
ALTER TABLE vm ADD COLUMN own_memory_mib INTEGER;
ALTER TABLE vm ADD COLUMN ha INTEGER NOT NULL DEFAULT 0;
ALTER TABLE vm ADD COLUMN dynamically_scalable INTEGER NOT NULL DEFAULT 0;
ALTER TABLE vm ADD COLUMN delete_protection INTEGER NOT NULL DEFAULT 0;
ALTER TABLE vm ADD COLUMN display INTEGER NOT NULL DEFAULT 1;
ALTER TABLE vm ADD COLUMN own_os TEXT;                   -- null: the template's
-- How often the guest was to begin anew with keys or password: cloud-init then takes it for a new instance.
ALTER TABLE vm ADD COLUMN seed_number INTEGER NOT NULL DEFAULT 0;
-- A password that is on its way: null as soon as a guest was started with it and its user was told.
ALTER TABLE vm ADD COLUMN password TEXT;
ALTER TABLE vm ADD COLUMN password_told INTEGER NOT NULL DEFAULT 0;

-- Addresses that a NIC has beside its own have an id.
ALTER TABLE address ADD COLUMN secondary TEXT;
CREATE UNIQUE INDEX address_secondary ON address (secondary) WHERE secondary IS NOT NULL;

-- Host names are unique in a network's domain: the first NIC of a VM in each domain holds its name there.
ALTER TABLE nic ADD COLUMN name_held TEXT;
ALTER TABLE nic ADD COLUMN domain_held TEXT;
CREATE UNIQUE INDEX nic_name ON nic (domain_held, name_held COLLATE NOCASE)
    WHERE removed IS NULL AND name_held IS NOT NULL;

-- Whether guests take a password from their seed; `passwordenabled` of the API.
ALTER TABLE template ADD COLUMN password_enabled INTEGER NOT NULL DEFAULT 0;
