//! Table `ldap_link`: the groups and organisational units of directories that are let into an account or a domain.
//!
//! Not here: who is in them; only the directory knows.

use hostler_model::{AccountId, AccountType, DomainId, LdapLinkId, LdapLinkKind, Timestamp};
use rusqlite::{Row, params};

use crate::columns::{parsed, parsed_or_null, time};
use crate::{StoreError, Tx};

/// A link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LdapLinkRow {
    /// Its id.
    pub id: LdapLinkId,
    /// The domain that people come into.
    pub domain: DomainId,
    /// The account that they come into; nothing: each into an account of its own.
    pub account: Option<AccountId>,
    /// What `name` stands for.
    pub kind: LdapLinkKind,
    /// The distinguished name of the group or unit.
    pub name: String,
    /// The type of the accounts that are made for its people.
    pub account_kind: AccountType,
    /// When it was last changed.
    pub created: Timestamp,
}

/// Links an account or a domain, which has one link at most: what it was linked to before counts no more. The link as it is
/// now: it keeps the id that it had.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn ldap_link_put(tx: &Tx<'_>, row: &LdapLinkRow) -> Result<LdapLinkRow, StoreError> {
    let now = tx.row(
        "record an LDAP link",
        "INSERT INTO ldap_link (id, domain, account, kind, name, account_kind, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (coalesce(account, domain)) DO UPDATE SET kind = excluded.kind, name = excluded.name,
             account_kind = excluded.account_kind, created = excluded.created
         RETURNING *",
        params![
            row.id.to_string(),
            row.domain.to_string(),
            row.account.map(|id| id.to_string()),
            row.kind.as_str(),
            row.name,
            row.account_kind.as_str(),
            row.created.0
        ],
        read,
    )?;
    now.ok_or_else(|| StoreError::NotFound { what: "LDAP link", id: row.id.to_string() })
}

/// The links that let people into a domain: those of its accounts that are enabled, and at last its own.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn ldap_links_of(tx: &Tx<'_>, domain: DomainId) -> Result<Vec<LdapLinkRow>, StoreError> {
    tx.rows(
        "read a domain's LDAP links",
        "SELECT l.* FROM ldap_link l JOIN domain d ON d.id = l.domain LEFT JOIN account a ON a.id = l.account
         WHERE l.domain = ?1 AND d.removed IS NULL
             AND (l.account IS NULL OR (a.removed IS NULL AND a.state = 'enabled' AND a.deleting = 0))
         ORDER BY l.account IS NULL, l.created, l.id",
        params![domain.to_string()],
        read,
    )
}

/// A link.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn ldap_link_get(tx: &Tx<'_>, id: LdapLinkId) -> Result<LdapLinkRow, StoreError> {
    let sql = "SELECT * FROM ldap_link WHERE id = ?1";
    tx.row("read an LDAP link", sql, params![id.to_string()], read)?
        .ok_or_else(|| StoreError::NotFound { what: "LDAP link", id: id.to_string() })
}

fn read(row: &Row<'_>) -> rusqlite::Result<LdapLinkRow> {
    Ok(LdapLinkRow {
        id: parsed(row, "id")?,
        domain: parsed(row, "domain")?,
        account: parsed_or_null(row, "account")?,
        kind: parsed(row, "kind")?,
        name: row.get("name")?,
        account_kind: parsed(row, "account_kind")?,
        created: time(row, "created")?,
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::Store;
    use crate::account::{account_add, account_set_state};
    use crate::domain::{DomainRow, domain_add};

    #[tokio::test]
    async fn an_owner_has_one_link_which_keeps_its_id_and_accounts_come_before_their_domain() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("hostler.db")).unwrap();
        let domain = DomainId::new(Uuid::from_u128(1));
        let account = AccountId::new(Uuid::from_u128(2));
        let link = move |number, account, name: &str| LdapLinkRow {
            id: LdapLinkId::new(Uuid::from_u128(number)),
            domain,
            account,
            kind: LdapLinkKind::Group,
            name: name.to_owned(),
            account_kind: AccountType::User,
            created: Timestamp(0),
        };
        store
            .write(move |tx| {
                let (name, path) = ("d".to_owned(), "ROOT/d".to_owned());
                let row = DomainRow {
                    id: domain,
                    parent: None,
                    name,
                    path,
                    network_domain: None,
                    created: Timestamp(0),
                };
                domain_add(tx, &row)?;
                account_add(tx, account, domain, "a", AccountType::User, Timestamp(0))?;
                let of_domain = ldap_link_put(tx, &link(3, None, "cn=d"))?;
                let first = ldap_link_put(tx, &link(4, Some(account), "cn=a"))?;
                assert_eq!(ldap_links_of(tx, domain)?, [first.clone(), of_domain.clone()]);
                let second = ldap_link_put(tx, &link(5, Some(account), "cn=b"))?;
                assert_eq!(second, link(4, Some(account), "cn=b"));
                assert_eq!(ldap_link_get(tx, first.id)?, second);
                account_set_state(tx, account, "disabled", false)?;
                assert_eq!(ldap_links_of(tx, domain)?, [of_domain]);
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
    }
}
