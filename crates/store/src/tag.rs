//! Table `tag`: words that users put on things.
//!
//! Not here: which things can have tags, and who may put them there.

use std::collections::BTreeMap;

use hostler_model::{AccountId, DomainId, Timestamp};
use rusqlite::{Row, params};
use serde::Deserialize;
use uuid::Uuid;

use crate::columns::{from_text, parsed};
use crate::listing::{Listed, Page, Query};
use crate::scope::Scope;
use crate::{StoreError, Tx};

/// A tag with the names of its owner.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TagView {
    /// What it says.
    pub key: String,
    /// What it says of that.
    pub value: String,
    /// The kind of thing, by the API's names: `UserVm`, ...
    pub kind: String,
    /// The thing.
    #[serde(deserialize_with = "from_text")]
    pub resource: Uuid,
    /// For whom it was put there; any text.
    pub customer: Option<String>,
    /// The name of the thing's owner; without one, of who put it there.
    pub account_name: String,
    /// The account's domain.
    #[serde(deserialize_with = "from_text")]
    pub domain: DomainId,
    /// That domain's name.
    pub domain_name: String,
    /// That domain's path.
    pub domain_path: String,
}

/// The tags of the thing whose id is in the given column, as a column `tags` of JSON: read it with `json`.
macro_rules! tags_column {
    ($id:literal) => {
        concat!(
            "(SELECT json_group_array(json_object('key', g.name, 'value', g.value, 'kind', g.kind,
                 'resource', g.resource, 'customer', g.customer, 'account_name', ga.name,
                 'domain', gd.id, 'domain_name', gd.name, 'domain_path', gd.path) ORDER BY g.name)
              FROM tag g JOIN account ga ON ga.id = g.account JOIN domain gd ON gd.id = ga.domain
              WHERE g.resource = ",
            $id,
            ") AS tags"
        )
    };
}
pub(crate) use tags_column;

/// A tag that is to be put on a thing.
#[derive(Debug, Clone)]
pub struct NewTag {
    /// The kind of thing.
    pub kind: &'static str,
    /// The thing.
    pub resource: Uuid,
    /// Whose it is.
    pub account: AccountId,
    /// What it says.
    pub key: String,
    /// What it says of that.
    pub value: String,
    /// For whom it is put there.
    pub customer: Option<String>,
}

/// Puts a tag on a thing.
///
/// # Errors
/// [`StoreError::Taken`] if the thing has one of that key.
pub fn tag_add(tx: &Tx<'_>, new: &NewTag, now: Timestamp) -> Result<(), StoreError> {
    let added = tx.execute(
        "put a tag on a thing",
        "INSERT INTO tag (resource, name, value, kind, account, customer, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            new.resource.to_string(),
            new.key,
            new.value,
            new.kind,
            new.account.to_string(),
            new.customer,
            now.0
        ],
    );
    match added {
        Err(e) if e.is_unique_violation() => Err(StoreError::Taken(format!(
            "{} {} has a tag {} already; delete that one first",
            new.kind, new.resource, new.key
        ))),
        other => other.map(|_| ()),
    }
}

/// Takes tags off a thing and says how many: that of a key, of any value unless one is given; without a key, all.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn tags_remove(
    tx: &Tx<'_>,
    resource: Uuid,
    key: Option<&str>,
    value: Option<&str>,
) -> Result<usize, StoreError> {
    tx.execute(
        "take tags off a thing",
        "DELETE FROM tag WHERE resource = ?1 AND (?2 IS NULL OR name = ?2) AND (?3 IS NULL OR value = ?3)",
        params![resource.to_string(), key, value],
    )
}

/// Which tags to list.
#[derive(Debug, Clone, Default)]
pub struct TagFilter {
    /// Those on things of this kind.
    pub kind: Option<&'static str>,
    /// Those on this thing.
    pub resource: Option<Uuid>,
    /// Those of this key.
    pub key: Option<String>,
    /// Those of this value.
    pub value: Option<String>,
    /// Those that were put there for them.
    pub customer: Option<String>,
    /// Those whose key or value contains this.
    pub keyword: Option<String>,
}

/// Tags by their keys.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn tag_list(
    tx: &Tx<'_>,
    filter: &TagFilter,
    scope: &Scope,
    page: Page,
) -> Result<Listed<TagView>, StoreError> {
    Query::new(
        "g.*, a.name AS account_name, d.id AS domain, d.name AS domain_name, d.path AS domain_path",
        "tag g JOIN account a ON a.id = g.account JOIN domain d ON d.id = a.domain",
        "g.name, g.resource",
    )
    .scope(scope)
    .is("g.kind", filter.kind)
    .is("g.resource", filter.resource)
    .is("g.name", filter.key.as_deref())
    .is("g.value", filter.value.as_deref())
    .is("g.customer", filter.customer.as_deref())
    .keyword(&["g.name", "g.value"], filter.keyword.as_deref())
    .list(tx, "list tags", page, read)
}

/// The tags of several things, by thing.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn tags_of(tx: &Tx<'_>, things: &[Uuid]) -> Result<BTreeMap<Uuid, Vec<TagView>>, StoreError> {
    let mut by_thing: BTreeMap<Uuid, Vec<TagView>> = BTreeMap::new();
    if things.is_empty() {
        return Ok(by_thing);
    }
    let tags = tx.rows(
        "read the tags of things",
        "SELECT g.*, a.name AS account_name, d.id AS domain, d.name AS domain_name, d.path AS domain_path
         FROM tag g JOIN account a ON a.id = g.account JOIN domain d ON d.id = a.domain
         WHERE g.resource IN (SELECT value FROM json_each(?1)) ORDER BY g.name",
        params![serde_json::json!(things).to_string()],
        read,
    )?;
    for tag in tags {
        by_thing.entry(tag.resource).or_default().push(tag);
    }
    Ok(by_thing)
}

fn read(row: &Row<'_>) -> rusqlite::Result<TagView> {
    Ok(TagView {
        key: row.get("name")?,
        value: row.get("value")?,
        kind: row.get("kind")?,
        resource: parsed(row, "resource")?,
        customer: row.get("customer")?,
        account_name: row.get("account_name")?,
        domain: parsed(row, "domain")?,
        domain_name: row.get("domain_name")?,
        domain_path: row.get("domain_path")?,
    })
}
