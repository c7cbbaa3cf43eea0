//! Table `security_rule`: what security groups let through. A rule is added and removed, never changed.

use hostler_model::{RuleDirection, SecurityGroupId, SecurityRuleId, Timestamp};
use rusqlite::{Row, params};

use crate::columns::{parsed, parsed_or_null, to_json};
use crate::{StoreError, Tx};

/// Whom a rule speaks of: the other end of the traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RulePeer {
    /// The addresses of a subnet.
    Cidr(String),
    /// The members of a security group.
    Group(SecurityGroupId),
}

/// What a rule lets through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTraffic {
    /// `tcp`, `udp`, `icmp`, `all`, or the number of a protocol.
    pub protocol: String,
    /// First and last port; nothing: all.
    pub ports: Option<(u16, u16)>,
    /// Type and code of ICMP messages, each -1 for all.
    pub icmp: Option<(i16, i16)>,
}

/// A rule that is to be recorded.
#[derive(Debug, Clone)]
pub struct NewSecurityRule {
    /// Its id.
    pub id: SecurityRuleId,
    /// The group that it belongs to.
    pub group: SecurityGroupId,
    /// Which way the traffic goes.
    pub direction: RuleDirection,
    /// What it lets through.
    pub traffic: RuleTraffic,
    /// The other end.
    pub peer: RulePeer,
}

/// A rule with the names of the group at the other end.
#[derive(Debug, Clone)]
pub struct SecurityRuleView {
    /// Its id.
    pub id: SecurityRuleId,
    /// The group that it belongs to.
    pub group: SecurityGroupId,
    /// Which way the traffic goes.
    pub direction: RuleDirection,
    /// What it lets through.
    pub traffic: RuleTraffic,
    /// The subnet at the other end.
    pub cidr: Option<String>,
    /// The group at the other end: its account's name and its own.
    pub peer: Option<(String, String)>,
}

/// Adds a rule.
///
/// # Errors
/// [`StoreError::Taken`] if the group has the same one.
pub fn security_rule_add(
    tx: &Tx<'_>,
    rule: &NewSecurityRule,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (cidr, peer) = match &rule.peer {
        RulePeer::Cidr(cidr) => (Some(cidr.clone()), None),
        RulePeer::Group(group) => (None, Some(group.to_string())),
    };
    let (ports, icmp) = (rule.traffic.ports, rule.traffic.icmp);
    let added = tx.execute(
        "record a rule of a security group",
        "INSERT INTO security_rule (id, security_group, direction, protocol, start_port, end_port,
             icmp_type, icmp_code, cidr, peer, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            rule.id.to_string(),
            rule.group.to_string(),
            rule.direction.as_str(),
            rule.traffic.protocol,
            ports.map(|p| p.0),
            ports.map(|p| p.1),
            icmp.map(|i| i.0),
            icmp.map(|i| i.1),
            cidr,
            peer,
            now.0,
        ],
    );
    match added {
        Err(e) if e.is_unique_violation() => Err(StoreError::Taken(format!(
            "the security group has such a rule for {} already",
            cidr.or(peer).unwrap_or_default()
        ))),
        other => other.map(|_| ()),
    }
}

/// The group that a rule of this direction belongs to, if there is one.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn security_rule_group(
    tx: &Tx<'_>,
    id: SecurityRuleId,
    direction: RuleDirection,
) -> Result<Option<SecurityGroupId>, StoreError> {
    tx.row(
        "look a rule of a security group up",
        "SELECT security_group FROM security_rule WHERE id = ?1 AND direction = ?2",
        params![id.to_string(), direction.as_str()],
        |row| parsed(row, "security_group"),
    )
}

/// Removes a rule.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn security_rule_remove(tx: &Tx<'_>, id: SecurityRuleId) -> Result<(), StoreError> {
    tx.execute(
        "remove a rule of a security group",
        "DELETE FROM security_rule WHERE id = ?1",
        params![id.to_string()],
    )?;
    Ok(())
}

/// The rules of groups, in the order in which they were made.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn security_rules_of(
    tx: &Tx<'_>,
    groups: &[SecurityGroupId],
) -> Result<Vec<SecurityRuleView>, StoreError> {
    tx.rows(
        "list the rules of security groups",
        "SELECT r.*, p.name AS peer_name, a.name AS peer_account FROM security_rule r
         LEFT JOIN security_group p ON p.id = r.peer LEFT JOIN account a ON a.id = p.account
         WHERE r.security_group IN (SELECT value FROM json_each(?1)) ORDER BY r.created, r.id",
        params![to_json(&groups)],
        read,
    )
}

fn read(row: &Row<'_>) -> rusqlite::Result<SecurityRuleView> {
    let ports: (Option<u16>, Option<u16>) = (row.get("start_port")?, row.get("end_port")?);
    let icmp: (Option<i16>, Option<i16>) = (row.get("icmp_type")?, row.get("icmp_code")?);
    let peer: (Option<String>, Option<String>) = (row.get("peer_account")?, row.get("peer_name")?);
    Ok(SecurityRuleView {
        id: parsed(row, "id")?,
        group: parsed(row, "security_group")?,
        direction: parsed(row, "direction")?,
        traffic: RuleTraffic {
            protocol: row.get("protocol")?,
            ports: ports.0.zip(ports.1),
            icmp: icmp.0.zip(icmp.1),
        },
        cidr: parsed_or_null(row, "cidr")?,
        peer: peer.0.zip(peer.1),
    })
}
