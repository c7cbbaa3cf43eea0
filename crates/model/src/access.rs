//! Who may do what, and what is open for use: the small enums of the API's catalogue.

use crate::transition::named_enum;

named_enum! {
    /// The role type of an account, by CloudStack's names.
    AccountType {
        /// Owns VMs.
        User,
        /// May do everything.
        RootAdmin,
        /// May do everything within its domain.
        DomainAdmin,
        /// May see and manage resources, not accounts.
        ResourceAdmin,
        /// A project's own account.
        Project,
    }
}

impl AccountType {
    /// `accounttype` of the API: 0 user, 1 root admin, 2 domain admin, 3 resource admin, 5 project.
    pub const fn api_number(self) -> u8 {
        match self {
            Self::User => 0,
            Self::RootAdmin => 1,
            Self::DomainAdmin => 2,
            Self::ResourceAdmin => 3,
            Self::Project => 5,
        }
    }
}

named_enum! {
    /// Whether a zone, pod, cluster or host takes new VMs.
    AllocationState {
        /// Takes new VMs.
        Enabled,
        /// Takes none; what runs goes on.
        Disabled,
    }
}

named_enum! {
    /// The network model of a zone.
    NetworkType {
        /// One flat guest network for all; requests name no networks.
        Basic,
        /// Guest networks of their own; requests may name them.
        Advanced,
    }
}
