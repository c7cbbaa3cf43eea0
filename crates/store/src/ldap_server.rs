//! Table `ldap_server`: the directories that are asked who somebody is, in the order in which they were added.
//!
//! Not here: how they are asked, and the settings that say where in them people are.

use hostler_model::{DomainId, LdapServerId, Timestamp};
use rusqlite::{Row, params};

use crate::columns::{parsed, parsed_or_null, time};
use crate::{StoreError, Tx};

/// A directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LdapServerRow {
    /// Its id.
    pub id: LdapServerId,
    /// The domain whose users it knows; nothing: those of every domain that has no directory of its own.
    pub domain: Option<DomainId>,
    /// Its name or address, perhaps with `ldap://` or `ldaps://` before it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Since when there has been one.
    pub created: Timestamp,
}

/// Adds a directory: it is asked after those that are there.
///
/// # Errors
/// [`StoreError::Taken`] if the domain has it already.
pub fn ldap_server_add(tx: &Tx<'_>, row: &LdapServerRow) -> Result<(), StoreError> {
    let added = tx.execute(
        "record an LDAP server",
        "INSERT INTO ldap_server (id, domain, host, port, created) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            row.id.to_string(),
            row.domain.map(|id| id.to_string()),
            row.host,
            row.port,
            row.created.0
        ],
    );
    match added {
        Err(e) if e.is_unique_violation() => Err(StoreError::Taken(format!(
            "the LDAP server {} with port {} is there already; listLdapConfigurations shows it",
            row.host, row.port
        ))),
        other => other.map(|_| ()),
    }
}

/// Removes a directory.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn ldap_server_remove(tx: &Tx<'_>, id: LdapServerId) -> Result<(), StoreError> {
    let sql = "DELETE FROM ldap_server WHERE id = ?1";
    if tx.execute("remove an LDAP server", sql, params![id.to_string()])? == 0 {
        return Err(StoreError::NotFound { what: "LDAP server", id: id.to_string() });
    }
    Ok(())
}

/// Every directory whose domain still is, each with its domain's path: there are few.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn ldap_server_all(tx: &Tx<'_>) -> Result<Vec<(LdapServerRow, Option<String>)>, StoreError> {
    tx.rows(
        "list LDAP servers",
        "SELECT s.*, d.path AS path FROM ldap_server s LEFT JOIN domain d ON d.id = s.domain
         WHERE d.removed IS NULL ORDER BY s.number",
        &[],
        |row| Ok((read(row)?, row.get("path")?)),
    )
}

/// The directories that know the users of a domain: its own, or else those of no domain.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn ldap_servers_of(tx: &Tx<'_>, domain: DomainId) -> Result<Vec<LdapServerRow>, StoreError> {
    let all = tx.rows(
        "read a domain's LDAP servers",
        "SELECT * FROM ldap_server WHERE domain = ?1 OR domain IS NULL ORDER BY number",
        params![domain.to_string()],
        read,
    )?;
    let (own, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|row| row.domain.is_some());
    Ok(if own.is_empty() { others } else { own })
}

fn read(row: &Row<'_>) -> rusqlite::Result<LdapServerRow> {
    Ok(LdapServerRow {
        id: parsed(row, "id")?,
        domain: parsed_or_null(row, "domain")?,
        host: row.get("host")?,
        port: row.get("port")?,
        created: time(row, "created")?,
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::Store;
    use crate::domain::{DomainRow, domain_add};

    fn server(number: u128, domain: Option<DomainId>) -> LdapServerRow {
        let (id, host) = (LdapServerId::new(Uuid::from_u128(number)), format!("h{number}"));
        LdapServerRow { id, domain, host, port: 389, created: Timestamp(0) }
    }

    #[tokio::test]
    async fn a_domain_has_its_own_servers_or_else_those_of_none_in_the_order_of_their_coming() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("hostler.db")).unwrap();
        let [own, other] = [1, 2].map(|number| DomainId::new(Uuid::from_u128(number)));
        store
            .write(move |tx| {
                for (id, name) in [(own, "own"), (other, "other")] {
                    let (name, path) = (name.to_owned(), format!("ROOT/{name}"));
                    domain_add(
                        tx,
                        &DomainRow {
                            id,
                            parent: None,
                            name,
                            path,
                            network_domain: None,
                            created: Timestamp(0),
                        },
                    )?;
                }
                for row in [server(9, None), server(3, Some(own)), server(4, None)] {
                    ldap_server_add(tx, &row)?;
                }
                assert_eq!(ldap_servers_of(tx, own)?, [server(3, Some(own))]);
                assert_eq!(ldap_servers_of(tx, other)?, [server(9, None), server(4, None)]);
                let twice = LdapServerRow { id: LdapServerId::new(Uuid::nil()), ..server(9, None) };
                assert!(matches!(ldap_server_add(tx, &twice), Err(StoreError::Taken(_))));
                ldap_server_remove(tx, server(3, None).id)?;
                assert_eq!(ldap_servers_of(tx, own)?.len(), 2);
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
    }
}
