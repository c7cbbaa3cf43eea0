//! Security groups as they are listed: with their owner, their members and their rules.

use std::collections::BTreeMap;

use hostler_model::{DomainId, SecurityGroupId, VmId};
use rusqlite::Row;

use crate::columns::{json, parsed};
use crate::listing::{Listed, Page, Query};
use crate::scope::Scope;
use crate::security_group::{SecurityGroupRow, read};
use crate::security_rule::{SecurityRuleView, security_rules_of};
use crate::{StoreError, Tx};

/// A security group with all that a reader of a list wants to know of it.
#[derive(Debug, Clone)]
pub struct SecurityGroupView {
    /// The group.
    pub row: SecurityGroupRow,
    /// The owner's name.
    pub account_name: String,
    /// The owner's domain.
    pub domain: DomainId,
    /// That domain's name.
    pub domain_name: String,
    /// That domain's path.
    pub domain_path: String,
    /// Its members.
    pub vms: Vec<VmId>,
    /// Its rules, the oldest first.
    pub rules: Vec<SecurityRuleView>,
}

/// Which groups to list.
#[derive(Debug, Clone, Default)]
pub struct SecurityGroupFilter {
    /// This one.
    pub id: Option<SecurityGroupId>,
    /// Those of this name.
    pub name: Option<String>,
    /// Those that this VM is in.
    pub vm: Option<VmId>,
    /// Those with one of these tags, each a key and a value.
    pub tags: Vec<(String, String)>,
    /// Those whose name contains this.
    pub keyword: Option<String>,
}

/// Groups by their names.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn security_group_list(
    tx: &Tx<'_>,
    filter: &SecurityGroupFilter,
    scope: &Scope,
    page: Page,
) -> Result<Listed<SecurityGroupView>, StoreError> {
    let mut listed = Query::new(
        "g.*, a.name AS account_name, d.id AS domain, d.name AS domain_name, d.path AS domain_path,
         (SELECT json_group_array(m.vm) FROM vm_security_group m JOIN vm ON vm.id = m.vm
          WHERE m.security_group = g.id AND vm.removed IS NULL) AS vms",
        "security_group g JOIN account a ON a.id = g.account JOIN domain d ON d.id = a.domain",
        "g.name, g.id",
    )
    .scope(scope)
    .is("g.id", filter.id)
    .is("g.name", filter.name.as_deref())
    .filter(
        "g.id IN (SELECT security_group FROM vm_security_group WHERE vm = ?)",
        filter.vm.map(|id| id.to_string()),
    )
    .tagged("g.id", &filter.tags)
    .keyword(&["g.name"], filter.keyword.as_deref())
    .list(tx, "list security groups", page, read_view)?;
    add_rules(tx, &mut listed.rows)?;
    Ok(listed)
}

/// One group.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn security_group_view(
    tx: &Tx<'_>,
    id: SecurityGroupId,
) -> Result<SecurityGroupView, StoreError> {
    let filter = SecurityGroupFilter { id: Some(id), ..SecurityGroupFilter::default() };
    security_group_list(tx, &filter, &Scope::All, Page::default())?
        .rows
        .pop()
        .ok_or_else(|| StoreError::NotFound { what: "security group", id: id.to_string() })
}

fn add_rules(tx: &Tx<'_>, groups: &mut [SecurityGroupView]) -> Result<(), StoreError> {
    if groups.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = groups.iter().map(|group| group.row.id).collect();
    let mut of_group: BTreeMap<SecurityGroupId, Vec<SecurityRuleView>> = BTreeMap::new();
    for rule in security_rules_of(tx, &ids)? {
        of_group.entry(rule.group).or_default().push(rule);
    }
    for group in groups {
        group.rules = of_group.remove(&group.row.id).unwrap_or_default();
    }
    Ok(())
}

fn read_view(row: &Row<'_>) -> rusqlite::Result<SecurityGroupView> {
    Ok(SecurityGroupView {
        row: read(row)?,
        account_name: row.get("account_name")?,
        domain: parsed(row, "domain")?,
        domain_name: row.get("domain_name")?,
        domain_path: row.get("domain_path")?,
        vms: json(row, "vms")?,
        rules: Vec::new(),
    })
}
