//! The nouns whose verbs are one API call each, as tables.

mod access;
mod disks;
mod groups;
mod ldap;
mod machines;
mod owners;
mod placement;
mod places;
pub(crate) mod settings;
mod snapshots;
mod world;

use crate::noun::Noun;

/// All of them. A noun that `cli` has too gets these verbs beside its own.
pub(crate) static NOUNS: &[&Noun] = &[
    &owners::DOMAIN,
    &owners::ACCOUNT,
    &access::USER,
    &access::ROLE,
    &owners::PROJECT,
    &owners::LIMIT,
    &ldap::LDAP,
    &disks::DISK_OFFERING,
    &disks::VOLUME,
    &disks::ISO,
    &snapshots::SNAPSHOT,
    &snapshots::SNAPSHOT_POLICY,
    &snapshots::VM_SNAPSHOT,
    &groups::SECURITY_GROUP,
    &groups::AFFINITY_GROUP,
    &groups::INSTANCE_GROUP,
    &groups::USER_DATA,
    &groups::TAG,
    &groups::KEYPAIR,
    &machines::VM,
    &machines::NIC,
    &machines::TEMPLATE,
    &machines::NETWORK,
    &places::ZONE,
    &places::POD,
    &places::CLUSTER,
    &places::HOST,
    &places::POOL,
    &places::OFFERING,
    &places::NETWORK_OFFERING,
    &settings::SETTING,
    &settings::ALERT,
    &settings::CAPACITY,
    &settings::OS_TYPE,
    &placement::AGGREGATE,
    &placement::DEDICATION,
    &world::ALIEN,
    &world::HISTORY,
];
