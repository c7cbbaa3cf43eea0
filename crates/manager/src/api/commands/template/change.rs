//! Changing templates and ISOs: what is said of them, and who may use them. The same for both kinds.
//!
//! Not here: parameters, which differ a little (`update_template`, `update_iso`, ...).

use std::collections::{BTreeMap, BTreeSet};

use hostler_model::{AccountId, ProjectId, TemplateId};
use hostler_query_api::{ApiError, RoleType};
use hostler_store::Tx;
use hostler_store::account::account_by_name;
use hostler_store::project::project_get;
use hostler_store::reference::{Entity, references_not_owned};
use hostler_store::template::template_uses;
use hostler_store::template_change::{
    Share, TemplateUpdate, shares, shares_add, shares_remove, template_publish, template_update,
};
use hostler_store::template_view::{TemplateView, template_view};
use serde_json::Value;
use uuid::Uuid;

use super::os_type::OsType;
use crate::api::call::{Call, Recorder};
use crate::api::failure::Failure;
use crate::api::objects::template::template_permissions;
use crate::settings::ALLOW_PUBLIC_TEMPLATES;

/// `Template` or `Iso`, with the words for events and errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Template,
    Iso,
}

impl Kind {
    /// What ids of this kind name.
    pub(super) const fn entity(self) -> Entity {
        match self {
            Self::Template => Entity::Template,
            Self::Iso => Entity::Iso,
        }
    }

    /// For people.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Template => "template",
            Self::Iso => "ISO",
        }
    }

    fn event(self, call: Call<'_>, id: TemplateId) -> Recorder {
        let (kind, subject) = match self {
            Self::Template => ("TEMPLATE.UPDATE", "Template"),
            Self::Iso => ("ISO.UPDATE", "Iso"),
        };
        call.event(kind).about(subject, id.uuid())
    }

    /// A template's id is not an ISO's: commands about templates do not know ISOs.
    fn is(self, view: &TemplateView) -> bool {
        (view.format == "ISO") == (self == Self::Iso)
    }
}

/// Checks that a thing exists and that the caller may change it.
pub(super) async fn require_own(call: Call<'_>, kind: Kind, id: TemplateId) -> Result<(), Failure> {
    let sight = call.identity.sight();
    let named = [(kind.entity(), id.uuid())];
    let view = call
        .read(move |tx| {
            if references_not_owned(tx, &named, &sight)?.is_empty() {
                return Ok(Some(template_view(tx, id)?));
            }
            Ok(None)
        })
        .await?;
    match view.filter(|view| kind.is(view)) {
        Some(_) => Ok(()),
        None => Err(call.unknown("id", id)),
    }
}

/// The kind of guest of an id, as it is recorded.
pub(super) fn os_of(call: Call<'_>, id: Uuid) -> Result<(Uuid, String), Failure> {
    let kind = OsType::of(id).ok_or_else(|| call.unknown("ostypeid", id))?;
    Ok((id, kind.name.to_owned()))
}

/// The choices that few need, as they are to be from now on; nothing: as they are.
pub(super) fn details_anew(
    call: Call<'_>,
    details: Option<BTreeMap<String, String>>,
    clean: Option<bool>,
) -> Result<Option<BTreeMap<String, String>>, Failure> {
    match (details, clean) {
        (Some(_), Some(true)) => {
            Err(call.wrong("cleanupdetails", "true", "false, or no details beside it"))
        }
        (None, Some(true)) => Ok(Some(BTreeMap::new())),
        (details, _) => Ok(details),
    }
}

/// Says something anew of a template or an ISO.
pub(super) async fn update(
    call: Call<'_>,
    kind: Kind,
    id: TemplateId,
    update: TemplateUpdate,
    force_os: bool,
) -> Result<TemplateView, Failure> {
    require_own(call, kind, id).await?;
    if update.name.as_ref().is_some_and(|name| name.trim().is_empty()) {
        return Err(call.wrong("name", "", "some text"));
    }
    if let Some(arch) = update.arch.as_ref().filter(|a| !matches!(a.as_str(), "x86_64" | "aarch64"))
    {
        return Err(call.wrong("arch", arch, "x86_64 or aarch64"));
    }
    let event = kind.event(call, id);
    call.write(move |tx| {
        let before = template_view(tx, id)?;
        let other_os = update.os.as_ref().is_some_and(|(_, os)| *os != before.os);
        if other_os && !force_os && template_uses(tx, id)? > 0 {
            return Err(Failure::invalid(format!(
                "parameter ostypeid: VMs of {} {} would become VMs of another kind at their next start; \
                 pass forceupdateostype=true if that is meant",
                kind.word(),
                before.name
            )));
        }
        template_update(tx, id, &update)?;
        event.record(tx, format!("{} {} was changed", kind.word(), before.name))?;
        Ok(template_view(tx, id)?)
    })
    .await
}

/// What is to change of who may use a template or an ISO.
#[derive(Debug, Clone)]
pub(super) struct Permissions {
    pub(super) accounts: Vec<String>,
    pub(super) projects: Vec<ProjectId>,
    pub(super) operation: Option<String>,
    pub(super) public: Option<bool>,
    pub(super) featured: Option<bool>,
    pub(super) extractable: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Add,
    Remove,
    Reset,
}

/// Changes who may use a template or an ISO.
pub(super) async fn change_permissions(
    call: Call<'_>,
    kind: Kind,
    id: TemplateId,
    wanted: Permissions,
) -> Result<(), Failure> {
    require_own(call, kind, id).await?;
    may_publish(call, wanted.public)?;
    if wanted.featured.is_some() && !call.is_root() {
        return Err(Failure(ApiError::denied(
            "parameter isfeatured: only administrators of the cloud recommend templates; leave it out",
        )));
    }
    let operation = match wanted.operation.as_deref() {
        None => None,
        Some("add") => Some(Operation::Add),
        Some("remove") => Some(Operation::Remove),
        Some("reset") => Some(Operation::Reset),
        Some(other) => return Err(call.wrong("op", other, "add, remove or reset")),
    };
    let projects = wanted.projects.iter().map(|id| ("projectids", Entity::Project, id.uuid()));
    call.require(projects.collect()).await?;
    let names = !wanted.accounts.is_empty() || !wanted.projects.is_empty();
    match operation {
        None if names => {
            return Err(call.wrong("op", "", "add or remove, with accounts or projectids"));
        }
        Some(Operation::Add | Operation::Remove) if !names => {
            let expected = "names of accounts, or projectids, for op add and remove";
            return Err(call.wrong("accounts", "", expected));
        }
        _ => {}
    }
    let event = kind.event(call, id);
    call.write(move |tx| {
        let view = template_view(tx, id)?;
        template_publish(tx, id, wanted.public, wanted.featured, wanted.extractable)?;
        let mut accounts = named(tx, &view, &wanted.accounts)?;
        for id in &wanted.projects {
            accounts.push(project_get(tx, *id)?.account);
        }
        match operation {
            Some(Operation::Add) => shares_add(tx, id, &accounts)?,
            Some(Operation::Remove) => shares_remove(tx, id, Some(&accounts))?,
            Some(Operation::Reset) => shares_remove(tx, id, None)?,
            None => {}
        }
        let text = format!("who may use {} {} was changed", kind.word(), view.name);
        event.record(tx, text)
    })
    .await
}

/// Users make things public only where the cloud lets them.
pub(super) fn may_publish(call: Call<'_>, public: Option<bool>) -> Result<(), Failure> {
    let is_user = call.identity.role() == RoleType::User;
    if public == Some(true) && is_user && !call.context.settings.flag(&ALLOW_PUBLIC_TEMPLATES) {
        return Err(Failure(ApiError::denied(
            "parameter ispublic: users of this cloud may not make theirs public \
             (setting allow.public.user.templates); leave it out",
        )));
    }
    Ok(())
}

/// The accounts of names, in the domain of the thing's owner.
fn named(tx: &Tx<'_>, view: &TemplateView, names: &[String]) -> Result<Vec<AccountId>, Failure> {
    let wanted: BTreeSet<&String> = names.iter().collect();
    wanted
        .into_iter()
        .map(|name| {
            account_by_name(tx, view.domain, name)?.ok_or_else(|| {
                Failure::invalid(format!(
                    "parameter accounts: there is no account {name} in domain {}",
                    view.domain_path
                ))
            })
        })
        .collect()
}

/// Who may use a template or an ISO, as an answer shows it.
pub(super) async fn permissions(
    call: Call<'_>,
    kind: Kind,
    id: TemplateId,
) -> Result<Value, Failure> {
    require_own(call, kind, id).await?;
    call.read(move |tx| {
        let view = template_view(tx, id)?;
        let (mut accounts, mut projects) = (Vec::new(), Vec::new());
        for share in shares(tx, id)? {
            match share {
                Share::Account(name) => accounts.push(name),
                Share::Project(id) => projects.push(id.to_string()),
            }
        }
        Ok(template_permissions(&view, &accounts, &projects))
    })
    .await
}
