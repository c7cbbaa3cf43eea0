//! Role types, and sets of them, as commands and parameters declare who may use them.
//!
//! Not here: which role an account has, and rules of custom roles.

/// The four role types of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RoleType {
    /// May do everything.
    Admin,
    /// Sees and manages resources, not accounts.
    ResourceAdmin,
    /// May do everything within its domain.
    DomainAdmin,
    /// Uses what it owns.
    User,
}

impl RoleType {
    /// Every role type.
    pub const ALL: [Self; 4] = [Self::Admin, Self::ResourceAdmin, Self::DomainAdmin, Self::User];

    const fn bit(self) -> u8 {
        match self {
            Self::Admin => 1,
            Self::ResourceAdmin => 2,
            Self::DomainAdmin => 4,
            Self::User => 8,
        }
    }

    /// The name in `listRoles`: `Admin`, `ResourceAdmin`, `DomainAdmin` or `User`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "Admin",
            Self::ResourceAdmin => "ResourceAdmin",
            Self::DomainAdmin => "DomainAdmin",
            Self::User => "User",
        }
    }
}

/// A set of role types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles(u8);

impl Roles {
    /// Everybody with an account.
    pub const ALL: Self = Self::of(&RoleType::ALL);
    /// Only the root administrator.
    pub const ADMIN: Self = Self::of(&[RoleType::Admin]);
    /// Every kind of administrator, but not plain users.
    pub const ADMINS: Self =
        Self::of(&[RoleType::Admin, RoleType::ResourceAdmin, RoleType::DomainAdmin]);
    /// Root and domain administrators.
    pub const ADMIN_AND_DOMAIN_ADMIN: Self = Self::of(&[RoleType::Admin, RoleType::DomainAdmin]);
    /// Root and resource administrators.
    pub const ADMIN_AND_RESOURCE_ADMIN: Self =
        Self::of(&[RoleType::Admin, RoleType::ResourceAdmin]);

    /// The set of exactly these.
    pub const fn of(roles: &[RoleType]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < roles.len() {
            bits |= roles[at].bit();
            at += 1;
        }
        Self(bits)
    }

    /// Whether `role` is in the set.
    pub const fn contains(self, role: RoleType) -> bool {
        self.0 & role.bit() != 0
    }

    /// The members, administrators first.
    pub fn members(self) -> impl Iterator<Item = RoleType> {
        RoleType::ALL.into_iter().filter(move |role| self.contains(*role))
    }
}
