//! Who may do what, and what is open for use: the small enums of the API's catalogue.

use uuid::Uuid;

use crate::RoleId;
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

    /// The role that an account of this type has unless it has one of its own; the ids are the same everywhere.
    pub const fn default_role(self) -> RoleId {
        let number = match self {
            Self::RootAdmin => 1,
            Self::ResourceAdmin => 2,
            Self::DomainAdmin => 3,
            Self::User | Self::Project => 4,
        };
        RoleId::new(Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0000 + number))
    }
}

named_enum! {
    /// Where a user's password is checked.
    UserSource {
        /// Here: the password's hash is in the database.
        Native,
        /// By a directory.
        Ldap,
    }
}

named_enum! {
    /// What an LDAP name stands for that an account or domain is linked to.
    LdapLinkKind {
        /// A group: its members.
        Group,
        /// An organisational unit: everybody below it.
        Ou,
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
