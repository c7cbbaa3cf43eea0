//! What can be limited, by the names and numbers of the API.
//!
//! Not here: limits themselves (the store), and their defaults (the manager's settings).

use crate::transition::named_enum;

named_enum! {
    /// A kind of thing of which an account, a domain or a project may have only so much.
    LimitKind {
        /// VMs.
        UserVm,
        /// Public addresses.
        PublicIp,
        /// Volumes.
        Volume,
        /// Snapshots of volumes.
        Snapshot,
        /// Templates and ISOs.
        Template,
        /// Projects.
        Project,
        /// Guest networks.
        Network,
        /// Virtual private clouds.
        Vpc,
        /// CPUs of VMs.
        Cpu,
        /// Memory of VMs, in MiB.
        Memory,
        /// Sizes of volumes, counted in bytes.
        PrimaryStorage,
        /// Sizes of templates and snapshots, counted in bytes.
        SecondaryStorage,
    }
}

impl LimitKind {
    /// Its position in [`LimitKind::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// `resourcetype` of the API.
    pub fn api_number(self) -> i32 {
        i32::try_from(self.index()).unwrap_or(0)
    }

    /// `resourcetypename` of the API.
    pub const fn api_name(self) -> &'static str {
        match self {
            Self::UserVm => "user_vm",
            Self::PublicIp => "public_ip",
            Self::Volume => "volume",
            Self::Snapshot => "snapshot",
            Self::Template => "template",
            Self::Project => "project",
            Self::Network => "network",
            Self::Vpc => "vpc",
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::PrimaryStorage => "primary_storage",
            Self::SecondaryStorage => "secondary_storage",
        }
    }

    /// The kind of a `resourcetype`.
    pub fn of_number(number: i32) -> Option<Self> {
        usize::try_from(number).ok().and_then(|at| Self::ALL.get(at)).copied()
    }

    /// How many of what is counted are one of what limits are given in: storage is counted in bytes and limited in
    /// GiB.
    pub const fn unit(self) -> u64 {
        match self {
            Self::PrimaryStorage | Self::SecondaryStorage => 1 << 30,
            _ => 1,
        }
    }

    /// An amount for people, with what it is.
    pub fn amount(self, counted: u64) -> String {
        match self {
            Self::PrimaryStorage | Self::SecondaryStorage => crate::Bytes(counted).to_string(),
            Self::Memory => crate::Mib(counted).to_string(),
            _ => counted.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_the_api_are_those_that_clients_know() {
        assert_eq!(LimitKind::UserVm.api_number(), 0);
        assert_eq!(LimitKind::SecondaryStorage.api_number(), 11);
        assert_eq!(LimitKind::of_number(8), Some(LimitKind::Cpu));
        assert_eq!((LimitKind::of_number(-1), LimitKind::of_number(12)), (None, None));
    }
}
