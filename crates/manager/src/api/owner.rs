//! Whose things a list shows: `account`, `domainid`, `isrecursive`, `listall`, `projectid`; and for whom a thing is
//! made.
//!
//! A user sees what its account owns, and what belongs to the projects that it is in. A domain administrator sees its
//! domain and those below it; the administrators of the cloud see everything. Plain lists show the caller's own.
//!
//! What belongs to a project is shown only to those who ask for it: by `projectid`, or by its own id. `projectid` is
//! read here for every command that is declared `.in_projects()`, the others for every one that is `.owned()`; such a
//! command needs no field for them.

use hostler_model::{AccountId, DomainId, ProjectId};
use hostler_query_api::{Answer, ApiError, Owners, RoleType};
use hostler_store::account::account_by_name;
use hostler_store::domain::{DomainRow, domain_get};
use hostler_store::project::{ProjectRow, project_get};
use hostler_store::reference::Entity;
use hostler_store::{Scope, StoreError, Tx};
use uuid::Uuid;

use super::call::{Call, Identity};
use super::failure::Failure;

/// What a request says about whose things it means.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// An account's name.
    pub(crate) account: Option<String>,
    /// A domain; with `account`, the one that the account is in.
    pub(crate) domain: Option<DomainId>,
    /// The domains below it too.
    pub(crate) recursive: bool,
    /// All that the caller may see.
    pub(crate) everything: bool,
    /// One thing is named by its id: it is shown whoever owns it, if the caller may see it.
    pub(crate) by_id: bool,
}

impl Call<'_> {
    /// What the request says about whose things it means; `by_id` if it names one thing.
    ///
    /// # Errors
    /// 431 for a value that is none.
    pub(crate) fn wanted(&self, by_id: bool) -> Result<Wanted, Failure> {
        let Owners { account, domain, recursive, everything } =
            Owners::read(self.params, self.command)?;
        let domain = domain.map(DomainId::new);
        Ok(Wanted { account, domain, recursive, everything, by_id })
    }

    /// An empty list of what there is none of here, for a caller who may ask for it; nothing of it has an id.
    ///
    /// # Errors
    /// As [`scope`](Self::scope); 431 for an id.
    pub(crate) async fn none_of(self, id: Option<Uuid>) -> Result<Answer, Failure> {
        self.scope(self.wanted(id.is_some())?).await?;
        match id {
            Some(id) => Err(self.unknown("id", id)),
            None => Ok(Answer::list(self.command, 0, Vec::new())),
        }
    }

    /// Whose things to list.
    ///
    /// # Errors
    /// An account or domain that the caller may not see is answered like one that never was.
    pub(crate) async fn scope(&self, wanted: Wanted) -> Result<Scope, Failure> {
        let (sight, own) = (self.identity.sight(), self.identity.user.account);
        match self.project().await? {
            Some(Project::One(row)) => return self.project_scope(&row, &wanted),
            Some(Project::Any) if wanted.everything => return Ok(sight),
            Some(Project::Any) => return Ok(Scope::Projects(own)),
            None => {}
        }
        if self.identity.role() == RoleType::User {
            let own = if wanted.by_id { sight } else { Scope::Account(own) };
            return self.own_only(&wanted).map(|()| own);
        }
        let Wanted { account, domain, recursive, everything, by_id } = wanted;
        // who names a thing by its id gets it, also a project's
        let but_projects =
            |scope| if by_id { scope } else { Scope::OutsideProjects(Box::new(scope)) };
        if account.is_none() && domain.is_none() {
            return Ok(if everything || by_id { but_projects(sight) } else { Scope::Account(own) });
        }
        let domain = domain.unwrap_or(self.identity.user.domain);
        let row = self.domain_seen(domain).await?;
        match account {
            Some(name) => Ok(Scope::Account(self.account_in(domain, name).await?)),
            None if recursive || everything => Ok(but_projects(Scope::Tree(row.path))),
            None => Ok(but_projects(Scope::Domain(domain))),
        }
    }

    /// The account that a new thing belongs to: the caller's, the one that an administrator names, or a project's.
    ///
    /// # Errors
    /// As [`Call::scope`]; a project that is suspended takes nothing new.
    pub(crate) async fn owner(
        &self,
        account: Option<String>,
        domain: Option<DomainId>,
    ) -> Result<AccountId, Failure> {
        match self.project().await? {
            Some(Project::One(row)) => return self.project_takes(&row, account.as_ref()),
            Some(Project::Any) => {
                return Err(self.wrong("projectid", "-1", "the id of one project"));
            }
            None => {}
        }
        let own = self.identity.user.domain;
        let Some(name) = account else {
            if let Some(domain) = domain.filter(|domain| *domain != own) {
                // the caller makes it for itself, and yet learns nothing of domains of others
                self.domain_seen(domain).await?;
            }
            return Ok(self.identity.user.account);
        };
        let domain = domain.unwrap_or(own);
        if self.identity.role() == RoleType::User {
            let wanted = Wanted { account: Some(name), domain: Some(domain), ..Wanted::default() };
            return self.own_only(&wanted).map(|()| self.identity.user.account);
        }
        self.domain_seen(domain).await?;
        self.account_in(domain, name).await
    }

    /// Whether `projectid` names one project.
    pub(crate) fn names_project(&self) -> bool {
        self.params.get_filled("projectid").is_some_and(|text| text != "-1")
    }

    /// The project that `projectid` names, if the command takes it and the caller may see it.
    async fn project(&self) -> Result<Option<Project>, Failure> {
        let declared = self.command.params.iter().any(|param| param.name == "projectid");
        let Some(text) = self.params.get_filled("projectid") else { return Ok(None) };
        if !self.command.in_projects && !declared {
            return Ok(None);
        }
        if text == "-1" {
            return Ok(Some(Project::Any));
        }
        let id: ProjectId = text.parse().map_err(|_| self.unknown("projectid", text))?;
        self.require(vec![("projectid", Entity::Project, id.uuid())]).await?;
        let row = self.read(move |tx| Ok(project_get(tx, id)?)).await?;
        Ok(Some(Project::One(Box::new(row))))
    }

    fn project_scope(&self, row: &ProjectRow, wanted: &Wanted) -> Result<Scope, Failure> {
        if wanted.account.is_some() {
            return Err(Failure::invalid("projectid and account were both given; leave one out"));
        }
        if wanted.domain.is_some_and(|domain| domain != row.domain) {
            return Err(self.unknown("projectid", row.id));
        }
        Ok(Scope::Account(row.account))
    }

    fn project_takes(
        &self,
        row: &ProjectRow,
        account: Option<&String>,
    ) -> Result<AccountId, Failure> {
        if account.is_some() {
            return Err(Failure::invalid("projectid and account were both given; leave one out"));
        }
        if row.state != "Active" && TAKING.iter().any(|verb| self.command.name.starts_with(verb)) {
            return Err(Failure::invalid(format!(
                "projectid: project {} is {} and takes nothing new; activateProject makes it active",
                row.name, row.state
            )));
        }
        Ok(row.account)
    }

    /// A user may name its own account and domain, and no other.
    fn own_only(&self, wanted: &Wanted) -> Result<(), Failure> {
        let user = &self.identity.user;
        if wanted.domain.is_some_and(|domain| domain != user.domain) {
            return Err(Failure(ApiError::denied(
                "parameter domainid names a domain that is not the caller's; leave it out",
            )));
        }
        if wanted.account.as_ref().is_some_and(|account| *account != user.account_name) {
            return Err(Failure(ApiError::denied(
                "parameter account names an account that is not the caller's; leave it out",
            )));
        }
        Ok(())
    }

    /// A domain that the caller may see.
    ///
    /// # Errors
    /// That of an id that names nothing.
    pub(crate) async fn domain_seen(&self, domain: DomainId) -> Result<DomainRow, Failure> {
        let found = self
            .read(move |tx| match domain_get(tx, domain) {
                Err(StoreError::NotFound { .. }) => Ok(None),
                other => Ok(Some(other?)),
            })
            .await?;
        found
            .filter(|row| sees_domain(self.identity, &row.path))
            .ok_or_else(|| self.unknown("domainid", domain))
    }

    async fn account_in(&self, domain: DomainId, name: String) -> Result<AccountId, Failure> {
        let wanted = name.clone();
        let found = self.read(move |tx: &Tx<'_>| Ok(account_by_name(tx, domain, &name)?)).await?;
        found.ok_or_else(|| {
            Failure::invalid(format!(
                "there is no account {wanted} in domain {domain}; listAccounts names those that exist"
            ))
        })
    }
}

/// What `projectid` names.
enum Project {
    /// One project.
    One(Box<ProjectRow>),
    /// `-1`: whichever the caller is in.
    Any,
}

/// How the names of commands begin that make something, or give it away; the others only say whose thing they mean.
const TAKING: &[&str] =
    &["create", "deploy", "register", "upload", "associate", "allocate", "assign", "copy"];

/// Whether the caller sees the domain of a path.
pub(super) fn sees_domain(identity: &Identity, path: &str) -> bool {
    match identity.sight() {
        Scope::All => true,
        Scope::Tree(root) => {
            path == root || path.strip_prefix(&root).is_some_and(|rest| rest.starts_with('/'))
        }
        _ => path == identity.user.domain_path,
    }
}
