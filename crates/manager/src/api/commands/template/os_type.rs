//! The kinds of guests, in the form of the API's OS types and their categories.
//!
//! Many names, because clients look for theirs; few kinds, because only few make a difference to a VM.

use uuid::Uuid;

/// A kind of guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OsType {
    /// What it is to a VM, as templates have it: Linux, Windows, `WindowsLegacy` or Other.
    pub(crate) name: &'static str,
    /// What it is, for people.
    pub(crate) description: &'static str,
    /// The family that it is listed under.
    pub(crate) category: &'static str,
}

/// Every family of guests, in the order of lists.
pub(crate) const OS_CATEGORIES: &[&str] = &[
    "Ubuntu", "Debian", "CentOS", "RedHat", "Rocky", "Alma", "Fedora", "SUSE", "Oracle", "Arch",
    "Alpine", "Linux", "Windows", "Unix", "Other",
];

const fn linux(category: &'static str, description: &'static str) -> OsType {
    OsType { name: "Linux", description, category }
}

const fn windows(description: &'static str) -> OsType {
    OsType { name: "Windows", description, category: "Windows" }
}

/// Every kind of guest. The first four are the general ones, whose names templates without another kind have.
pub(crate) const OS_TYPES: &[OsType] = &[
    linux("Linux", "Other Linux (64-bit)"),
    windows("Other Windows (64-bit)"),
    OsType {
        name: "WindowsLegacy",
        description: "Other Windows before 8 (64-bit)",
        category: "Windows",
    },
    OsType { name: "Other", description: "Other (64-bit)", category: "Other" },
    linux("Ubuntu", "Ubuntu 20.04 LTS"),
    linux("Ubuntu", "Ubuntu 22.04 LTS"),
    linux("Ubuntu", "Ubuntu 24.04 LTS"),
    linux("Ubuntu", "Other Ubuntu (64-bit)"),
    linux("Debian", "Debian GNU/Linux 11 (64-bit)"),
    linux("Debian", "Debian GNU/Linux 12 (64-bit)"),
    linux("Debian", "Debian GNU/Linux 13 (64-bit)"),
    linux("Debian", "Other Debian (64-bit)"),
    linux("CentOS", "CentOS 7"),
    linux("CentOS", "CentOS 8"),
    linux("CentOS", "CentOS Stream 9"),
    linux("CentOS", "CentOS Stream 10"),
    linux("CentOS", "Other CentOS (64-bit)"),
    linux("RedHat", "Red Hat Enterprise Linux 7"),
    linux("RedHat", "Red Hat Enterprise Linux 8"),
    linux("RedHat", "Red Hat Enterprise Linux 9"),
    linux("RedHat", "Red Hat Enterprise Linux 10"),
    linux("Rocky", "Rocky Linux 8"),
    linux("Rocky", "Rocky Linux 9"),
    linux("Rocky", "Rocky Linux 10"),
    linux("Alma", "AlmaLinux 8"),
    linux("Alma", "AlmaLinux 9"),
    linux("Alma", "AlmaLinux 10"),
    linux("Fedora", "Fedora Linux (64-bit)"),
    linux("SUSE", "SUSE Linux Enterprise Server 15 (64-bit)"),
    linux("SUSE", "openSUSE Leap 15 (64-bit)"),
    linux("Oracle", "Oracle Linux 8"),
    linux("Oracle", "Oracle Linux 9"),
    linux("Arch", "Arch Linux (64-bit)"),
    linux("Alpine", "Alpine Linux (64-bit)"),
    windows("Windows 10 (64-bit)"),
    windows("Windows 11 (64-bit)"),
    windows("Windows Server 2016 (64-bit)"),
    windows("Windows Server 2019 (64-bit)"),
    windows("Windows Server 2022 (64-bit)"),
    windows("Windows Server 2025 (64-bit)"),
    OsType { name: "WindowsLegacy", description: "Windows 7 (64-bit)", category: "Windows" },
    OsType {
        name: "WindowsLegacy",
        description: "Windows Server 2008 R2 (64-bit)",
        category: "Windows",
    },
    OsType { name: "Other", description: "FreeBSD 13 (64-bit)", category: "Unix" },
    OsType { name: "Other", description: "FreeBSD 14 (64-bit)", category: "Unix" },
];

impl OsType {
    /// Its id, the same in every cloud.
    pub(crate) fn id(&self) -> Uuid {
        let key = if OS_TYPES[..4].contains(self) { self.name } else { self.description };
        Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("hostler os type {key}").as_bytes())
    }

    /// The kind of an id.
    pub(crate) fn of(id: Uuid) -> Option<&'static Self> {
        OS_TYPES.iter().find(|kind| kind.id() == id)
    }

    /// The kind that was named, or else the general one of a name in templates.
    pub(crate) fn named(id: Option<Uuid>, name: &str) -> Option<&'static Self> {
        id.and_then(Self::of).or_else(|| OS_TYPES.iter().find(|kind| kind.name == name))
    }
}

/// The id of a category, the same in every cloud.
pub(crate) fn category_id(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("hostler os category {name}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_an_id_of_its_own_and_a_category_that_is_listed() {
        let ids: std::collections::BTreeSet<_> = OS_TYPES.iter().map(OsType::id).collect();
        assert_eq!(ids.len(), OS_TYPES.len());
        assert!(OS_TYPES.iter().all(|kind| OS_CATEGORIES.contains(&kind.category)));
    }

    #[test]
    fn ids_stay_the_same_in_every_version() {
        let linux = OsType::named(None, "Linux").unwrap();
        assert_eq!(linux.description, "Other Linux (64-bit)");
        assert_eq!(linux.id().to_string(), "4be007aa-6ec5-5de2-83f2-499fa51a08f9");
    }
}
