-- Security groups, affinity groups, instance groups, and user data that is kept by name.

-- Rules for the traffic of VMs. Hosts do not enforce them yet.
CREATE TABLE security_group (
    id         TEXT PRIMARY KEY,
    account    TEXT NOT NULL REFERENCES account (id),
    name       TEXT NOT NULL,               -- 'default' is made when it is first needed
    description TEXT NOT NULL DEFAULT '',
    created    INTEGER NOT NULL,
    UNIQUE (account, name)
) STRICT;

CREATE TABLE security_rule (
    id         TEXT PRIMARY KEY,
    security_group TEXT NOT NULL REFERENCES security_group (id),
    direction  TEXT NOT NULL,               -- Ingress or Egress
    protocol   TEXT NOT NULL,               -- tcp, udp, icmp, all, or a number
    start_port INTEGER,                     -- nothing: all ports
    end_port   INTEGER,
    icmp_type  INTEGER,                     -- -1: all
    icmp_code  INTEGER,
    cidr       TEXT,                        -- either a subnet
    peer       TEXT REFERENCES security_group (id),  -- or the members of a group
    created    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX security_rule_once ON security_rule (security_group, direction, protocol,
    coalesce(start_port, -1), coalesce(end_port, -1), coalesce(icmp_type, -2), coalesce(icmp_code, -2),
    coalesce(cidr, ''), coalesce(peer, ''));
CREATE INDEX security_rule_peer ON security_rule (peer) WHERE peer IS NOT NULL;

CREATE TABLE vm_security_group (
    vm         TEXT NOT NULL REFERENCES vm (id),
    security_group TEXT NOT NULL REFERENCES security_group (id),
    PRIMARY KEY (vm, security_group)
) STRICT, WITHOUT ROWID;
CREATE INDEX vm_security_group_group ON vm_security_group (security_group);

CREATE TABLE affinity_group (
    id         TEXT PRIMARY KEY,
    account    TEXT NOT NULL REFERENCES account (id),
    name       TEXT NOT NULL,
    kind       TEXT NOT NULL,               -- host affinity, host anti-affinity, or one of them non-strict
    description TEXT NOT NULL DEFAULT '',
    created    INTEGER NOT NULL,
    UNIQUE (account, name)
) STRICT;

CREATE TABLE vm_affinity_group (
    vm         TEXT NOT NULL REFERENCES vm (id),
    affinity_group TEXT NOT NULL REFERENCES affinity_group (id),
    PRIMARY KEY (vm, affinity_group)
) STRICT, WITHOUT ROWID;
CREATE INDEX vm_affinity_group_group ON vm_affinity_group (affinity_group);

-- The name of a group is `vm.group_name`: a VM is in the group of that name of its account.
CREATE TABLE instance_group (
    id         TEXT PRIMARY KEY,
    account    TEXT NOT NULL REFERENCES account (id),
    name       TEXT NOT NULL,
    created    INTEGER NOT NULL,
    UNIQUE (account, name)
) STRICT;

CREATE TABLE user_data (
    id         TEXT PRIMARY KEY,
    account    TEXT NOT NULL REFERENCES account (id),
    name       TEXT NOT NULL,
    content    TEXT NOT NULL,               -- decoded
    params     TEXT NOT NULL DEFAULT '',    -- names that it wants values for, comma separated
    created    INTEGER NOT NULL,
    UNIQUE (account, name)
) STRICT;

-- What a VM was made with; `vm.user_data` is a copy, so that later changes do not reach it.
ALTER TABLE vm ADD COLUMN user_data_id TEXT;
ALTER TABLE vm ADD COLUMN user_data_details TEXT NOT NULL DEFAULT '{}';  -- JSON: values for the guest
-- User data for every VM of a template, and whether its users may say otherwise.
ALTER TABLE template ADD COLUMN user_data TEXT REFERENCES user_data (id);
ALTER TABLE template ADD COLUMN user_data_policy TEXT;  -- ALLOWOVERRIDE, APPEND, DENYOVERRIDE
