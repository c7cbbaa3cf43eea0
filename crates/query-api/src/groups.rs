//! Parameters that many commands take in the same way, declared once: pages, whose things are meant, projects.
//!
//! A command takes a group by a word of its declaration (`.paged()`, `.owned()`, `.in_projects()`) and has no field for it.
//! Groups of one kind of thing stand with it, and are taken by `.also()`.
//!
//! Not here: parameters of single commands (`declare`), what is done with these.

use uuid::Uuid;

use crate::declare::{CommandDecl, ParamDecl, ParamType};
use crate::error::ApiError;
use crate::kinds::Slot;
use crate::params::Params;

/// What `.paged()` gives a command; [`Paging`](crate::Paging) reads two of them.
pub(crate) const PAGING: &[ParamDecl] = &[
    optional("keyword", ParamType::String, "Only what has this text in its name."),
    optional("page", ParamType::Integer, "The page, from 1; goes with pagesize."),
    optional("pagesize", ParamType::Integer, "Rows in a page, at most 500; -1 for all."),
];

/// What `.owned()` gives a command; [`Owners`] reads them.
pub(crate) const OWNERS: &[ParamDecl] = &[ACCOUNT, DOMAIN, RECURSIVE, EVERYTHING];
const ACCOUNT: ParamDecl =
    optional("account", ParamType::String, "What this account has; goes with domainid.");
const DOMAIN: ParamDecl =
    optional("domainid", ParamType::Uuid, "What accounts in this domain have.").entity("domain");
const RECURSIVE: ParamDecl =
    optional("isrecursive", ParamType::Boolean, "With domainid: domains below it too.");
const EVERYTHING: ParamDecl = optional(
    "listall",
    ParamType::Boolean,
    "Everything that the caller may see, not only its own.",
);

/// What `.in_projects()` gives a command.
pub(crate) const PROJECT: &[ParamDecl] = &[optional(
    "projectid",
    ParamType::Uuid,
    "The project whose things are meant; of a list, -1 for every project that the caller is in.",
)
.entity("project")];

/// The group, if a command takes it.
pub(crate) const fn if_taken(taken: bool, group: &'static [ParamDecl]) -> &'static [ParamDecl] {
    if taken { group } else { &[] }
}

const fn optional(name: &'static str, kind: ParamType, description: &'static str) -> ParamDecl {
    ParamDecl::new(name, kind, false, description)
}

/// Whose things a request means, as it says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Owners {
    /// `account`: an account's name.
    pub account: Option<String>,
    /// `domainid`; with `account`, the one that the account is in.
    pub domain: Option<Uuid>,
    /// `isrecursive`: the domains below it too.
    pub recursive: bool,
    /// `listall`: all that the caller may see.
    pub everything: bool,
}

impl Owners {
    /// Reads them from a request for `command`.
    ///
    /// # Errors
    /// 431 for a value that is none.
    pub fn read(params: &Params, command: &CommandDecl) -> Result<Self, ApiError> {
        let slot = |param| Slot { params, command, param };
        Ok(Self {
            account: slot(&ACCOUNT).string()?,
            domain: slot(&DOMAIN).uuid()?,
            recursive: slot(&RECURSIVE).boolean()?.unwrap_or(false),
            everything: slot(&EVERYTHING).boolean()?.unwrap_or(false),
        })
    }
}
