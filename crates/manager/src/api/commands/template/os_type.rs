//! The kinds of guests, in the form of the API's OS types: few, because only few make a difference.

use uuid::Uuid;

/// A kind of guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OsType {
    /// Its name in templates.
    pub(crate) name: &'static str,
    /// What it is, for people.
    pub(crate) description: &'static str,
}

/// Every kind of guest.
pub(crate) const OS_TYPES: &[OsType] = &[
    OsType { name: "Linux", description: "Other Linux (64-bit)" },
    OsType { name: "Windows", description: "Other Windows (64-bit)" },
    OsType { name: "WindowsLegacy", description: "Other Windows before 8 (64-bit)" },
    OsType { name: "Other", description: "Other (64-bit)" },
];

impl OsType {
    /// Its id, the same in every cloud.
    pub(crate) fn id(&self) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("hostler os type {}", self.name).as_bytes())
    }

    /// The kind of an id.
    pub(crate) fn of(id: Uuid) -> Option<&'static Self> {
        OS_TYPES.iter().find(|kind| kind.id() == id)
    }
}
