//! Ids: one type for each kind of thing, so that no two can be mixed up.
//!
//! Not here: how ids are drawn; a pure crate has no random numbers.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(Uuid);

        impl $name {
            /// Names a thing by a UUID that was drawn or read elsewhere.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID itself, for storing and sending.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text).map(Self)
            }
        }
    )*};
}

typed_ids! {
    /// Who owns things: one customer, one team. Users belong to accounts.
    AccountId,
    /// VMs that are kept on the same host, or on different ones.
    AffinityGroupId,
    /// One installation of Hostler. It is in the owner mark of every libvirt domain that we make.
    CloudId,
    /// Hosts between which VMs can migrate.
    ClusterId,
    /// One command to an agent. The same id means the same command, however often it arrives.
    CommandId,
    /// That a zone, pod, cluster or host is kept for somebody.
    DedicationId,
    /// A size of data volumes for sale.
    DiskOfferingId,
    /// A tenancy unit that holds accounts, as in the API's `domainid`; never a running VM.
    DomainId,
    /// Hosts that stand together under a name.
    HostAggregateId,
    /// What a host's machine is called for ever: made once on the host, kept through renaming and readdressing.
    HostGuid,
    /// A physical machine that runs an agent.
    HostId,
    /// A name that a user groups VMs under.
    InstanceGroupId,
    /// Addresses that a network may give out beside its first range, or a record of such.
    IpRangeId,
    /// The polled record of an asynchronous API command.
    JobId,
    /// That an LDAP group or organisational unit is let into an account or a domain.
    LdapLinkId,
    /// A directory that is asked who somebody is.
    LdapServerId,
    /// A guest network.
    NetworkId,
    /// What a network can do and how it is made.
    NetworkOfferingId,
    /// Who gives services on a physical network.
    NetworkProviderId,
    /// A network interface of a VM.
    NicId,
    /// A wire of a zone, as an administrator describes it.
    PhysicalNetworkId,
    /// A rack or room within a zone.
    PodId,
    /// A group of accounts that share things.
    ProjectId,
    /// What the accounts that have it may do.
    RoleId,
    /// One rule of a role.
    RoleRuleId,
    /// One incarnation of a VM on one host, from claim to end.
    RunId,
    /// Rules for the traffic of the VMs that are its members.
    SecurityGroupId,
    /// One rule of a security group.
    SecurityRuleId,
    /// The size of a VM for sale: CPUs, speed, memory.
    ServiceOfferingId,
    /// A copy of a volume as it was at a moment.
    SnapshotId,
    /// When copies of a volume are made by themselves.
    SnapshotPolicyId,
    /// A registered public SSH key.
    SshKeyPairId,
    /// Where volumes live.
    StoragePoolId,
    /// What a root volume is made from.
    TemplateId,
    /// User data that VMs can be given by name.
    UserDataId,
    /// A kind of traffic on a physical network.
    TrafficTypeId,
    /// Someone who can call the API.
    UserId,
    /// A virtual machine as its user knows it. It outlives every libvirt domain made for it.
    VmId,
    /// Copies of all volumes of a VM, as they were at one moment.
    VmSnapshotId,
    /// A disk, attached to a VM or not.
    VolumeId,
    /// A data centre.
    ZoneId,
}
