//! What the lists of templates and of ISOs have in common: whose, by CloudStack's words.

use std::str::FromStr;

use hostler_query_api::RoleType;
use hostler_store::Scope;
use hostler_store::template_view::{TemplateFilter, TemplateReach};
use uuid::Uuid;

use super::os_type::{OS_CATEGORIES, OS_TYPES, OsType, category_id};
use crate::api::call::Call;
use crate::api::failure::Failure;

/// Which templates or ISOs are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// Recommended ones that can be used.
    Featured,
    /// The caller's own.
    SelfOwned,
    /// The caller's own that can be used.
    SelfExecutable,
    /// Those of others that are shared with the caller.
    Shared,
    /// Those of others that are shared with the caller and can be used.
    SharedExecutable,
    /// All that the caller may use.
    Executable,
    /// Public ones that are not recommended and can be used.
    Community,
    /// Every one; for administrators.
    All,
}

impl FromStr for Which {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.to_ascii_lowercase().as_str() {
            "featured" => Self::Featured,
            "self" => Self::SelfOwned,
            "selfexecutable" => Self::SelfExecutable,
            "shared" => Self::Shared,
            "sharedexecutable" => Self::SharedExecutable,
            "executable" => Self::Executable,
            "community" => Self::Community,
            "all" => Self::All,
            _ => {
                return Err(
                    "one of featured, self, selfexecutable, shared, sharedexecutable, executable, community, all",
                );
            }
        })
    }
}

impl Which {
    /// Every one is for administrators.
    pub(super) fn check(self, call: Call<'_>, param: &str) -> Result<(), Failure> {
        if self == Self::All && call.identity.role() == RoleType::User {
            return Err(call.wrong(param, "all", "another one; all is for administrators"));
        }
        Ok(())
    }

    /// Those in the scope, of the wanted kind.
    pub(super) fn filter(self, scope: Scope, iso: bool) -> TemplateFilter {
        let (reach, featured) = match self {
            Self::Featured => (TemplateReach::Public, Some(true)),
            Self::Community => (TemplateReach::Public, Some(false)),
            Self::SelfOwned | Self::SelfExecutable | Self::All => {
                (TemplateReach::Owned(scope), None)
            }
            Self::Shared | Self::SharedExecutable => (TemplateReach::Shared(scope), None),
            Self::Executable => (TemplateReach::Usable(scope), None),
        };
        // executable shows those on their way too: who has registered one waits there for it to be ready
        let only_ready = matches!(
            self,
            Self::Featured | Self::Community | Self::SelfExecutable | Self::SharedExecutable
        );
        TemplateFilter {
            iso: Some(iso),
            featured,
            ready: only_ready.then_some(true),
            ..TemplateFilter::new(reach)
        }
    }
}

/// The kinds of guests of a category. General ones are not recorded by id, so they are not found by category.
pub(super) fn kinds_of(call: Call<'_>, category: Option<Uuid>) -> Result<Vec<Uuid>, Failure> {
    let Some(id) = category else { return Ok(Vec::new()) };
    let Some(name) = OS_CATEGORIES.iter().find(|name| category_id(name) == id) else {
        return Err(call.unknown("oscategoryid", id));
    };
    Ok(OS_TYPES.iter().filter(|kind| kind.category == *name).map(OsType::id).collect())
}
