-- The first schema. Ids are UUIDs in text; times are milliseconds since 1970; sizes are bytes unless the
-- name says otherwise. A column `version` counts changes: an update names the version that it saw.

CREATE TABLE installation (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    cloud      TEXT NOT NULL,
    created    INTEGER NOT NULL
) STRICT;

CREATE TABLE manager (
    id         INTEGER PRIMARY KEY,         -- in the envelope of every frame
    name       TEXT NOT NULL UNIQUE,
    lease_until INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE setting (
    name       TEXT NOT NULL,
    scope      TEXT NOT NULL DEFAULT 'global',
    scope_id   TEXT NOT NULL DEFAULT '',
    value      TEXT NOT NULL,
    changed    INTEGER NOT NULL,
    PRIMARY KEY (name, scope, scope_id)
) STRICT, WITHOUT ROWID;

-- Who --------------------------------------------------------------------------------------------

CREATE TABLE domain (
    id         TEXT PRIMARY KEY,
    parent     TEXT REFERENCES domain (id),
    name       TEXT NOT NULL,
    path       TEXT NOT NULL UNIQUE,
    created    INTEGER NOT NULL,
    removed    INTEGER
) STRICT;

CREATE TABLE account (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    domain     TEXT NOT NULL REFERENCES domain (id),
    name       TEXT NOT NULL,
    kind       TEXT NOT NULL,
    state      TEXT NOT NULL DEFAULT 'enabled',
    created    INTEGER NOT NULL,
    removed    INTEGER,
    UNIQUE (domain, name)
) STRICT;

CREATE TABLE user (
    id         TEXT PRIMARY KEY,
    account    TEXT NOT NULL REFERENCES account (id),
    name       TEXT NOT NULL,
    first_name TEXT NOT NULL DEFAULT '',
    last_name  TEXT NOT NULL DEFAULT '',
    email      TEXT NOT NULL DEFAULT '',
    password_hash TEXT,                     -- argon2id, PHC string
    api_key    TEXT UNIQUE,
    secret_key TEXT,
    state      TEXT NOT NULL DEFAULT 'enabled',
    created    INTEGER NOT NULL,
    removed    INTEGER
) STRICT;
CREATE UNIQUE INDEX user_name ON user (account, name) WHERE removed IS NULL;

CREATE TABLE session (
    token_hash TEXT PRIMARY KEY,            -- SHA-256 of the cookie
    user       TEXT NOT NULL REFERENCES user (id),
    session_key TEXT NOT NULL,
    created    INTEGER NOT NULL,
    last_used  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ssh_keypair (
    id         TEXT PRIMARY KEY,
    account    TEXT NOT NULL REFERENCES account (id),
    name       TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    public_key TEXT NOT NULL,
    created    INTEGER NOT NULL,
    UNIQUE (account, name)
) STRICT;

-- Where ------------------------------------------------------------------------------------------

CREATE TABLE zone (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    network_type TEXT NOT NULL,
    dns1       TEXT NOT NULL,
    dns2       TEXT,
    internal_dns1 TEXT NOT NULL,
    internal_dns2 TEXT,
    network_domain TEXT,
    guest_cidr TEXT,
    allocation_state TEXT NOT NULL DEFAULT 'Enabled',
    local_storage INTEGER NOT NULL DEFAULT 1,
    security_groups INTEGER NOT NULL DEFAULT 0,
    created    INTEGER NOT NULL,
    removed    INTEGER
) STRICT;
CREATE UNIQUE INDEX zone_name ON zone (name) WHERE removed IS NULL;

CREATE TABLE pod (
    id         TEXT PRIMARY KEY,
    zone       TEXT NOT NULL REFERENCES zone (id),
    name       TEXT NOT NULL,
    gateway    TEXT,
    netmask    TEXT,
    start_ip   TEXT,
    end_ip     TEXT,
    allocation_state TEXT NOT NULL DEFAULT 'Enabled',
    created    INTEGER NOT NULL,
    removed    INTEGER
) STRICT;
CREATE UNIQUE INDEX pod_name ON pod (zone, name) WHERE removed IS NULL;

CREATE TABLE cluster (
    id         TEXT PRIMARY KEY,
    zone       TEXT NOT NULL REFERENCES zone (id),
    pod        TEXT NOT NULL REFERENCES pod (id),
    name       TEXT NOT NULL,
    hypervisor TEXT NOT NULL,
    allocation_state TEXT NOT NULL DEFAULT 'Enabled',
    cpu_ratio  REAL NOT NULL DEFAULT 1.0,
    memory_ratio REAL NOT NULL DEFAULT 1.0,
    created    INTEGER NOT NULL,
    removed    INTEGER
) STRICT;
CREATE UNIQUE INDEX cluster_name ON cluster (pod, name) WHERE removed IS NULL;

CREATE TABLE host (
    id         TEXT PRIMARY KEY,
    guid       TEXT NOT NULL,
    kind       TEXT NOT NULL,               -- Routing or SecondaryStorage
    name       TEXT NOT NULL,
    zone       TEXT NOT NULL REFERENCES zone (id),
    pod        TEXT REFERENCES pod (id),
    cluster    TEXT REFERENCES cluster (id),
    status     TEXT NOT NULL,
    status_reason TEXT NOT NULL DEFAULT '',
    status_changed INTEGER NOT NULL,
    admin_state TEXT NOT NULL DEFAULT 'Enabled',
    version    INTEGER NOT NULL DEFAULT 1,
    connection INTEGER NOT NULL DEFAULT 0,  -- which of its connections, counted up; late news of an older one is dropped
    manager    INTEGER REFERENCES manager (id),
    private_address TEXT,
    public_address TEXT,
    storage_address TEXT,
    serve_address TEXT,                     -- image workers: where hosts fetch templates
    agent_version TEXT NOT NULL DEFAULT '',
    wire_version INTEGER NOT NULL DEFAULT 0,
    arch       TEXT NOT NULL DEFAULT '',
    hypervisor TEXT NOT NULL DEFAULT '',
    hypervisor_version TEXT NOT NULL DEFAULT '',
    capabilities TEXT NOT NULL DEFAULT '',
    cpus       INTEGER NOT NULL DEFAULT 0,
    cpu_sockets INTEGER NOT NULL DEFAULT 0,
    cpu_mhz    INTEGER NOT NULL DEFAULT 0,
    memory_mib INTEGER NOT NULL DEFAULT 0,
    reserved_mib INTEGER NOT NULL DEFAULT 0,
    tags       TEXT NOT NULL DEFAULT '',
    details    TEXT NOT NULL DEFAULT '{}',
    stats      TEXT NOT NULL DEFAULT '{}',
    last_ping  INTEGER,
    created    INTEGER NOT NULL,
    removed    INTEGER
) STRICT;
CREATE UNIQUE INDEX host_guid ON host (guid) WHERE removed IS NULL;
CREATE INDEX host_place ON host (zone, kind) WHERE removed IS NULL;

CREATE TABLE storage_pool (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    kind       TEXT NOT NULL,               -- Directory
    zone       TEXT NOT NULL REFERENCES zone (id),
    pod        TEXT REFERENCES pod (id),
    cluster    TEXT REFERENCES cluster (id),
    host       TEXT REFERENCES host (id),   -- local pools
    path       TEXT NOT NULL,
    state      TEXT NOT NULL,               -- Up, Removed
    capacity   INTEGER NOT NULL DEFAULT 0,
    used       INTEGER NOT NULL DEFAULT 0,
    tags       TEXT NOT NULL DEFAULT '',
    created    INTEGER NOT NULL,
    removed    INTEGER
) STRICT;
CREATE INDEX storage_pool_host ON storage_pool (host) WHERE removed IS NULL;

-- What for sale ----------------------------------------------------------------------------------

CREATE TABLE service_offering (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    display_text TEXT NOT NULL,
    cpus       INTEGER NOT NULL,
    cpu_mhz    INTEGER NOT NULL,
    memory_mib INTEGER NOT NULL,
    limit_cpu  INTEGER NOT NULL DEFAULT 0,
    storage_type TEXT NOT NULL DEFAULT 'local',
    root_size  INTEGER,                     -- bytes; nothing: the template's
    host_tags  TEXT NOT NULL DEFAULT '',
    tags       TEXT NOT NULL DEFAULT '',
    created    INTEGER NOT NULL,
    removed    INTEGER
) STRICT;

CREATE TABLE network_offering (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    display_text TEXT NOT NULL,
    guest_type TEXT NOT NULL,               -- Shared
    guru       TEXT NOT NULL,               -- the driver that makes its networks
    services   TEXT NOT NULL,               -- comma separated
    is_default INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE network (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    display_text TEXT NOT NULL,
    zone       TEXT NOT NULL REFERENCES zone (id),
    offering   TEXT NOT NULL REFERENCES network_offering (id),
    account    TEXT NOT NULL REFERENCES account (id),
    guru       TEXT NOT NULL,
    guest_type TEXT NOT NULL,
    traffic_type TEXT NOT NULL DEFAULT 'Guest',
    cidr       TEXT NOT NULL,
    gateway    TEXT,
    start_ip   TEXT NOT NULL,
    end_ip     TEXT NOT NULL,
    bridge     TEXT,                        -- nothing: each host's guest bridge
    network_domain TEXT NOT NULL,
    dns        TEXT NOT NULL DEFAULT '',    -- comma separated; empty: the zone's
    mtu        INTEGER NOT NULL DEFAULT 1500,
    is_default INTEGER NOT NULL DEFAULT 0,  -- the zone's default network
    state      TEXT NOT NULL DEFAULT 'Setup',
    created    INTEGER NOT NULL,
    removed    INTEGER
) STRICT;
CREATE INDEX network_zone ON network (zone, traffic_type, guest_type) WHERE removed IS NULL;
CREATE UNIQUE INDEX network_default ON network (zone) WHERE removed IS NULL AND is_default = 1;

CREATE TABLE template (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    account    TEXT NOT NULL REFERENCES account (id),
    zone       TEXT REFERENCES zone (id),   -- nothing: all zones
    name       TEXT NOT NULL,
    display_text TEXT NOT NULL,
    url        TEXT NOT NULL,
    format     TEXT NOT NULL,               -- QCOW2 or RAW
    os         TEXT NOT NULL,               -- Linux, Windows, WindowsLegacy, Other
    arch       TEXT NOT NULL DEFAULT 'x86_64',
    checksum   TEXT,
    is_public  INTEGER NOT NULL DEFAULT 0,
    is_featured INTEGER NOT NULL DEFAULT 0,
    is_extractable INTEGER NOT NULL DEFAULT 0,
    is_system  INTEGER NOT NULL DEFAULT 0,
    bootable   INTEGER NOT NULL DEFAULT 1,
    state      TEXT NOT NULL,
    version    INTEGER NOT NULL DEFAULT 1,
    worker     TEXT REFERENCES host (id),   -- the image worker that has it
    size       INTEGER,
    virtual_size INTEGER,
    sha256     TEXT,
    done       INTEGER NOT NULL DEFAULT 0,  -- bytes fetched so far
    total      INTEGER,
    error      TEXT,
    details    TEXT NOT NULL DEFAULT '{}',
    created    INTEGER NOT NULL,
    removed    INTEGER
) STRICT;

CREATE TABLE template_copy (
    template   TEXT NOT NULL REFERENCES template (id),
    pool       TEXT NOT NULL REFERENCES storage_pool (id),
    state      TEXT NOT NULL,
    size       INTEGER NOT NULL DEFAULT 0,
    changed    INTEGER NOT NULL,
    PRIMARY KEY (template, pool)
) STRICT, WITHOUT ROWID;

-- What users own ---------------------------------------------------------------------------------

CREATE TABLE vm (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,   -- never reused; part of the instance name
    id         TEXT NOT NULL UNIQUE,
    account    TEXT NOT NULL REFERENCES account (id),
    user       TEXT NOT NULL REFERENCES user (id),
    zone       TEXT NOT NULL REFERENCES zone (id),
    host_name  TEXT NOT NULL,               -- the guest's; `name` of the API
    display_name TEXT NOT NULL,
    instance_name TEXT NOT NULL UNIQUE,
    offering   TEXT NOT NULL REFERENCES service_offering (id),
    template   TEXT NOT NULL REFERENCES template (id),
    state      TEXT NOT NULL,
    version    INTEGER NOT NULL DEFAULT 1,
    run        TEXT,                        -- the run that is alive
    last_host  TEXT REFERENCES host (id),
    wanted_host TEXT REFERENCES host (id),  -- an administrator's choice at deploy
    group_name TEXT,
    ssh_keys   TEXT NOT NULL DEFAULT '[]',  -- JSON: names and public keys
    user_data  TEXT,
    keyboard   TEXT,
    vnc_password TEXT NOT NULL,
    details    TEXT NOT NULL DEFAULT '{}',
    error      TEXT,
    created    INTEGER NOT NULL,
    changed    INTEGER NOT NULL,
    removed    INTEGER
) STRICT;
CREATE INDEX vm_account ON vm (account, number) WHERE removed IS NULL;
CREATE INDEX vm_state ON vm (state) WHERE removed IS NULL;

CREATE TABLE vm_run (
    id         TEXT PRIMARY KEY,
    vm         TEXT NOT NULL REFERENCES vm (id),
    host       TEXT NOT NULL REFERENCES host (id),
    generation INTEGER NOT NULL,
    owner      TEXT NOT NULL,               -- manager or agent: who raises the generation
    state      TEXT NOT NULL,
    power      TEXT NOT NULL DEFAULT 'unknown',
    power_reason TEXT NOT NULL DEFAULT '',
    power_seen INTEGER,
    cpu_ratio  REAL NOT NULL,
    memory_ratio REAL NOT NULL,
    vnc_port   INTEGER,
    created    INTEGER NOT NULL,
    ended      INTEGER
) STRICT;
CREATE INDEX vm_run_vm ON vm_run (vm);
-- The guard against two copies: a VM has at most one run that may be alive.
CREATE UNIQUE INDEX vm_run_alive ON vm_run (vm) WHERE state <> 'Ended';
CREATE INDEX vm_run_host ON vm_run (host) WHERE state <> 'Ended';

-- What a run takes of its host. Free capacity is what the claims leave; nothing is counted up or down.
CREATE TABLE claim (
    run        TEXT PRIMARY KEY REFERENCES vm_run (id),
    host       TEXT NOT NULL REFERENCES host (id),
    cpu_mhz    INTEGER NOT NULL,            -- of the physical CPU, after overcommit
    memory_mib INTEGER NOT NULL             -- of the physical memory, after overcommit
) STRICT, WITHOUT ROWID;
CREATE INDEX claim_host ON claim (host);

CREATE TABLE volume (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    account    TEXT NOT NULL REFERENCES account (id),
    zone       TEXT NOT NULL REFERENCES zone (id),
    vm         TEXT REFERENCES vm (id),
    kind       TEXT NOT NULL,               -- ROOT or DATADISK
    device     INTEGER NOT NULL,
    name       TEXT NOT NULL,
    template   TEXT REFERENCES template (id),
    size       INTEGER NOT NULL,
    format     TEXT NOT NULL,
    state      TEXT NOT NULL,
    version    INTEGER NOT NULL DEFAULT 1,
    pool       TEXT REFERENCES storage_pool (id),   -- also the claim on the pool's space
    path       TEXT,
    created    INTEGER NOT NULL,
    removed    INTEGER
) STRICT;
CREATE INDEX volume_vm ON volume (vm);
CREATE INDEX volume_pool ON volume (pool) WHERE removed IS NULL;

CREATE TABLE nic (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,   -- the MAC address derives from it
    id         TEXT NOT NULL UNIQUE,
    vm         TEXT NOT NULL REFERENCES vm (id),
    network    TEXT NOT NULL REFERENCES network (id),
    device     INTEGER NOT NULL,
    mac        TEXT NOT NULL,
    ip         TEXT,
    is_default INTEGER NOT NULL,
    created    INTEGER NOT NULL,
    removed    INTEGER
) STRICT;
CREATE INDEX nic_vm ON nic (vm) WHERE removed IS NULL;
CREATE UNIQUE INDEX nic_mac ON nic (network, mac) WHERE removed IS NULL;
CREATE UNIQUE INDEX nic_ip ON nic (network, ip) WHERE removed IS NULL AND ip IS NOT NULL;
CREATE UNIQUE INDEX nic_default ON nic (vm) WHERE removed IS NULL AND is_default = 1;

-- Addresses that are given out, to NICs and to the hosts' own DHCP service.
CREATE TABLE address (
    network    TEXT NOT NULL REFERENCES network (id),
    ip         TEXT NOT NULL,
    nic        TEXT REFERENCES nic (id),
    host       TEXT REFERENCES host (id),
    given      INTEGER NOT NULL,
    PRIMARY KEY (network, ip)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX address_host ON address (network, host) WHERE host IS NOT NULL;
CREATE INDEX address_nic ON address (nic) WHERE nic IS NOT NULL;

-- What is being done -----------------------------------------------------------------------------

CREATE TABLE job (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    kind       TEXT NOT NULL,               -- the workflow
    api_command TEXT NOT NULL,
    account    TEXT NOT NULL REFERENCES account (id),
    user       TEXT NOT NULL REFERENCES user (id),
    subject_kind TEXT NOT NULL,             -- VirtualMachine, Template: jobs on one subject take turns
    subject    TEXT NOT NULL,
    state      TEXT NOT NULL,
    input      TEXT NOT NULL,               -- JSON
    memory     TEXT NOT NULL DEFAULT '{}',  -- JSON: what steps leave for later steps
    result     TEXT,                        -- JSON
    error_code INTEGER,
    error_text TEXT,
    waiting_for TEXT,                       -- why it does not go on, for people
    owner      INTEGER REFERENCES manager (id),
    lease      INTEGER NOT NULL DEFAULT 0,  -- fencing number; only its holder writes
    lease_until INTEGER NOT NULL DEFAULT 0,
    created    INTEGER NOT NULL,
    started    INTEGER,
    finished   INTEGER
) STRICT;
CREATE INDEX job_open ON job (subject, number) WHERE finished IS NULL;
CREATE INDEX job_finished ON job (finished) WHERE finished IS NOT NULL;

CREATE TABLE step (
    job        TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    name       TEXT NOT NULL,
    state      TEXT NOT NULL,
    attempt    INTEGER NOT NULL DEFAULT 0,  -- part of the ids of its orders to agents
    output     TEXT,                        -- JSON, for people
    error      TEXT,
    begun      INTEGER,
    ended      INTEGER,
    PRIMARY KEY (job, position)
) STRICT, WITHOUT ROWID;

-- Why a VM is where it is: one row a decision.
CREATE TABLE placement (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    vm         TEXT NOT NULL REFERENCES vm (id),
    run        TEXT,
    job        TEXT,
    at         INTEGER NOT NULL,
    host       TEXT REFERENCES host (id),   -- nothing: no host would do
    verdict    TEXT NOT NULL                -- JSON: demand, per host the refusal or the scores
) STRICT;
CREATE INDEX placement_vm ON placement (vm, number);

CREATE TABLE event (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    at         INTEGER NOT NULL,
    kind       TEXT NOT NULL,               -- VM.CREATE, HOST.UP, ...
    level      TEXT NOT NULL DEFAULT 'INFO',
    state      TEXT NOT NULL DEFAULT 'Completed',
    description TEXT NOT NULL,
    cause      TEXT NOT NULL,               -- who says so: user and request, job and step, report and host, timer
    account    TEXT,
    user       TEXT,
    subject_kind TEXT,
    subject    TEXT,
    job        TEXT
) STRICT;
CREATE INDEX event_subject ON event (subject, number);
CREATE INDEX event_account ON event (account, number);
