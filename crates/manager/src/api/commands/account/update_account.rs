//! `updateAccount`: another name, role or DNS domain, and details that other systems keep.

use hostler_model::{AccountId, DomainId, RoleId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::account::{account_rename, account_set_role};

use super::rights::Rights;
use super::terms::Terms;
use super::{account_now, free_name, not_own_nor_first};
use crate::api::authority::AccountName;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::ACCOUNT;

api_command! {
    /// Gives an account another name, role or DNS domain, or details that other systems keep of it.
    pub(crate) struct UpdateAccount = "updateAccount", synchronous
        .roles(Roles::ADMINS).object("account").shape(&ACCOUNT);

    /// The account; or account and domainid.
    id: optional uuid<AccountId> .entity("account"),
    /// The account's present name; goes with domainid.
    account: optional string,
    /// The account's domain.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// Its new name.
    newname: optional string .max(100),
    /// Its new role.
    roleid: optional uuid<RoleId> .entity("role"),
    /// DNS domain of the guests on networks that are made for it from now on; blank: that of its domain.
    networkdomain: optional string .max(253),
    /// What other systems keep of it, as accountdetails[0].name=value; what there was under a name gives way, the rest stays.
    accountdetails: optional map,
}

impl Handler for UpdateAccount {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (authority, event) = (call.authority(), call.event("ACCOUNT.UPDATE"));
        let named =
            AccountName { id: self.id, param: "id", name: self.account, domain: self.domainid };
        let name = self.newname.map(|name| name.trim().to_owned());
        let terms = Terms::read(call, self.networkdomain, self.accountdetails)?;
        let rights = self.roleid.map(|role| Rights { role: Some(role), kind: None });
        let changed = call
            .write(move |tx| {
                let row = authority.account_to_change(tx, &named)?;
                let whom = format!("account {}", row.name);
                let mut told = Vec::new();
                if let Some(rights) = rights {
                    not_own_nor_first(&authority, &row, "given another role")?;
                    let (kind, role) = rights.resolve(tx, &authority, &whom)?;
                    account_set_role(tx, row.id, kind, role)?;
                    told.push(format!("role {}", role.unwrap_or(kind.default_role())));
                }
                if let Some(name) = name.filter(|name| *name != row.name) {
                    free_name(tx, "newname", row.domain, &name)?;
                    account_rename(tx, row.id, &name)?;
                    told.push(format!("name {name}"));
                }
                told.extend(terms.record(tx, row.id)?);
                if !told.is_empty() {
                    event
                        .about("Account", row.id.uuid())
                        .record(tx, format!("{whom} was given {}", told.join(", ")))?;
                }
                account_now(tx, row.id)
            })
            .await?;
        Ok(call.object(changed))
    }
}
