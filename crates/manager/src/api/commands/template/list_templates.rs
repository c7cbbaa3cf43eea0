//! `listTemplates`: what VMs can be made from.

use std::str::FromStr;

use hostler_model::{DomainId, TemplateId, ZoneId};
use hostler_query_api::{Answer, RoleType, api_command};
use hostler_store::Scope;
use hostler_store::reference::Entity;
use hostler_store::template_view::{TemplateFilter, TemplateReach, template_list};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::template::{TEMPLATE, template};
use crate::api::owner::Wanted;

/// Which templates are meant, by CloudStack's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Recommended ones.
    Featured,
    /// The caller's own.
    SelfOwned,
    /// The caller's own and those that it was given, which are only its own yet.
    SelfExecutable,
    /// Those of others that the caller was given; there are none yet.
    SharedExecutable,
    /// All that a VM can be made from.
    Executable,
    /// Public ones that are not recommended.
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
            "sharedexecutable" | "shared" => Self::SharedExecutable,
            "executable" => Self::Executable,
            "community" => Self::Community,
            "all" => Self::All,
            _ => {
                return Err(
                    "one of featured, self, selfexecutable, sharedexecutable, executable, community, all",
                );
            }
        })
    }
}

api_command! {
    /// Lists templates.
    pub(crate) struct ListTemplates = "listTemplates", synchronous
        .object("template").shape(&TEMPLATE).paged().in_projects();

    /// Which ones: featured, self, selfexecutable, sharedexecutable, executable, community or all.
    templatefilter: required choice<Which>,
    /// The template of this id.
    id: optional uuid<TemplateId> .entity("template"),
    /// The templates of these ids.
    ids: optional list<TemplateId> .entity("template"),
    /// Templates of this name.
    name: optional string,
    /// Templates in this zone, or in all.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Templates that VMs can be made from, or not.
    isready: optional boolean,
    /// Templates of this machine architecture.
    arch: optional string,
    /// Templates of this hypervisor; all are KVM.
    hypervisor: optional string,
    /// Whether to show deleted ones too.
    showremoved: optional boolean,
    /// Templates of this account; goes with domainid.
    account: optional string,
    /// Templates of accounts in this domain.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// With domainid: domains below it too.
    isrecursive: optional boolean,
    /// Everything that the caller may see, not only its own.
    listall: optional boolean,
}

impl Handler for ListTemplates {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let user = call.identity.role() == RoleType::User;
        if self.templatefilter == Which::All && user {
            return Err(call.wrong(
                "templatefilter",
                "all",
                "another one; all is for administrators",
            ));
        }
        let other_hypervisor =
            self.hypervisor.as_ref().is_some_and(|h| !h.eq_ignore_ascii_case("KVM"));
        if other_hypervisor || self.templatefilter == Which::SharedExecutable {
            return Ok(Answer::list(call.command, 0, Vec::new()));
        }
        let wanted = Wanted {
            account: self.account,
            domain: self.domainid,
            recursive: self.isrecursive.unwrap_or(false),
            everything: self.listall.unwrap_or(false) || self.templatefilter == Which::All,
            by_id: self.id.is_some() || self.ids.is_some(),
        };
        let (scope, page) = (call.scope(wanted).await?, call.page()?);
        let (reach, featured) = reach(self.templatefilter, scope);
        let filter = TemplateFilter {
            id: self.id,
            ids: self.ids.unwrap_or_default(),
            name: self.name,
            zone: self.zoneid,
            featured,
            ready: self.isready.or(executable(self.templatefilter)),
            arch: self.arch,
            keyword: call.keyword(),
            with_deleted: self.showremoved.unwrap_or(false),
            ..TemplateFilter::new(reach)
        };
        let listed = call.read(move |tx| Ok(template_list(tx, &filter, page)?)).await?;
        let id = self.id.map(|id| (Entity::Template, id.uuid()));
        call.list(listed, id, |view| template(view, call.is_root())).await
    }
}

fn reach(which: Which, scope: Scope) -> (TemplateReach, Option<bool>) {
    match which {
        Which::Featured => (TemplateReach::Public, Some(true)),
        Which::Community => (TemplateReach::Public, Some(false)),
        Which::SelfOwned | Which::SelfExecutable | Which::SharedExecutable | Which::All => {
            (TemplateReach::Owned(scope), None)
        }
        Which::Executable => (TemplateReach::Usable(scope), None),
    }
}

/// Only what a VM can be made from is executable.
fn executable(which: Which) -> Option<bool> {
    matches!(which, Which::Executable | Which::SelfExecutable).then_some(true)
}
