//! Whether the things that a request names exist, and whether its caller may see them.
//!
//! Every reference of a request is checked in one statement. Somebody else's thing is answered for like
//! one that never was, so that nobody learns of it.

use hostler_model::AccountId;
use rusqlite::{ToSql, params};
use uuid::Uuid;

use crate::columns::parsed;
use crate::network::usable;
use crate::offering_scope::offered_to;
use crate::scope::Scope;
use crate::{StoreError, Tx};

/// A kind of thing that a parameter can name by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names say it all
pub enum Entity {
    Account,
    AffinityGroup,
    Cluster,
    DiskOffering,
    Domain,
    Event,
    Host,
    HostAggregate,
    InstanceGroup,
    IpRange,
    Iso,
    Job,
    Network,
    NetworkOffering,
    NetworkProvider,
    PhysicalNetwork,
    Nic,
    Pod,
    Project,
    Role,
    SecurityGroup,
    ServiceOffering,
    Snapshot,
    SnapshotPolicy,
    SshKeyPair,
    StoragePool,
    Template,
    TrafficType,
    User,
    UserData,
    Vm,
    VmSnapshot,
    Volume,
    Zone,
}

impl Entity {
    const fn table(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::AffinityGroup => "affinity_group",
            Self::Cluster => "cluster",
            Self::DiskOffering => "disk_offering",
            Self::Domain => "domain",
            Self::Event => "event",
            Self::Host => "host",
            Self::HostAggregate => "host_aggregate",
            Self::InstanceGroup => "instance_group",
            Self::IpRange => "ip_range",
            Self::Job => "job",
            Self::Network => "network",
            Self::NetworkOffering => "network_offering",
            Self::NetworkProvider => "network_provider",
            Self::PhysicalNetwork => "physical_network",
            Self::Nic => "nic",
            Self::Pod => "pod",
            Self::Project => "project",
            Self::Role => "role",
            Self::SecurityGroup => "security_group",
            Self::ServiceOffering => "service_offering",
            Self::Snapshot => "snapshot",
            Self::SnapshotPolicy => "snapshot_policy",
            Self::SshKeyPair => "ssh_keypair",
            Self::StoragePool => "storage_pool",
            Self::Template | Self::Iso => "template",
            Self::TrafficType => "traffic_type",
            Self::User => "user",
            Self::UserData => "user_data",
            Self::Vm => "vm",
            Self::VmSnapshot => "vm_snapshot",
            Self::Volume => "volume",
            Self::Zone => "zone",
        }
    }

    /// The column that says whose it is, for things that belong to an account.
    const fn owner(self) -> Option<&'static str> {
        match self {
            Self::Account => Some("t.id"),
            Self::Nic => Some("(SELECT account FROM vm WHERE vm.id = t.vm)"),
            Self::SnapshotPolicy => Some("(SELECT account FROM volume WHERE volume.id = t.volume)"),
            Self::AffinityGroup
            | Self::Event
            | Self::InstanceGroup
            | Self::Job
            | Self::Iso
            | Self::Project
            | Self::SecurityGroup
            | Self::Snapshot
            | Self::SshKeyPair
            | Self::Template
            | Self::User
            | Self::UserData
            | Self::Vm
            | Self::VmSnapshot
            | Self::Volume => Some("t.account"),
            _ => None,
        }
    }

    /// The column that says who may change it: that of its owner, also where others may use it.
    const fn master(self) -> Option<&'static str> {
        match self {
            Self::Network => Some("t.account"),
            _ => self.owner(),
        }
    }

    /// What tells things of this kind from others in the same table.
    const fn kind(self) -> Option<&'static str> {
        match self {
            Self::Iso => Some("t.format = 'ISO'"),
            Self::Snapshot => Some("t.vm_snapshot IS NULL"), // others are parts of VM snapshots
            _ => None,
        }
    }

    /// Whether a row can be removed and yet stay.
    const fn has_removed(self) -> bool {
        !matches!(
            self,
            Self::AffinityGroup
                | Self::Event
                | Self::HostAggregate
                | Self::InstanceGroup
                | Self::IpRange
                | Self::Job
                | Self::NetworkOffering
                | Self::NetworkProvider
                | Self::PhysicalNetwork
                | Self::Role
                | Self::SecurityGroup
                | Self::SnapshotPolicy
                | Self::SshKeyPair
                | Self::TrafficType
                | Self::UserData
        )
    }
}

/// Which of the references do not lead to a living thing that the scope may see, by their positions.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn references_missing(
    tx: &Tx<'_>,
    references: &[(Entity, Uuid)],
    scope: &Scope,
) -> Result<Vec<usize>, StoreError> {
    found(tx, references, scope, Life::Present, Right::Use)
}

/// Which of the references do not lead to a living thing of an account in the scope, by their positions.
/// Things that belong to nobody are everybody's here: the caller has to ask for more.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn references_not_owned(
    tx: &Tx<'_>,
    references: &[(Entity, Uuid)],
    scope: &Scope,
) -> Result<Vec<usize>, StoreError> {
    found(tx, references, scope, Life::Present, Right::Change)
}

/// The account that a thing belongs to; nothing, for things of a kind that belongs to nobody.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn reference_owner(
    tx: &Tx<'_>,
    entity: Entity,
    id: Uuid,
) -> Result<Option<AccountId>, StoreError> {
    let Some(owner) = entity.master() else { return Ok(None) };
    let sql = format!("SELECT {owner} AS owner FROM {} t WHERE t.id = ?1", entity.table());
    tx.row("read who owns a thing", &sql, params![id.to_string()], |row| parsed(row, "owner"))?
        .map(Some)
        .ok_or_else(|| StoreError::NotFound { what: entity.table(), id: id.to_string() })
}

/// Whether there is, or ever was, such a thing that the scope may see.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn reference_known(
    tx: &Tx<'_>,
    entity: Entity,
    id: Uuid,
    scope: &Scope,
) -> Result<bool, StoreError> {
    Ok(found(tx, &[(entity, id)], scope, Life::Any, Right::Use)?.is_empty())
}

#[derive(Clone, Copy, PartialEq)]
enum Life {
    Present,
    Any,
}

/// What a scope is to be allowed.
#[derive(Clone, Copy, PartialEq)]
enum Right {
    Use,
    Change,
}

fn found(
    tx: &Tx<'_>,
    references: &[(Entity, Uuid)],
    scope: &Scope,
    life: Life,
    right: Right,
) -> Result<Vec<usize>, StoreError> {
    if references.is_empty() {
        return Ok(Vec::new());
    }
    let scope_value = scope.condition("t.id").map_or_else(String::new, |(_, value)| value);
    let ids: Vec<String> = references.iter().map(|(_, id)| id.to_string()).collect();
    let mut parts = Vec::with_capacity(references.len());
    for (position, (entity, _)) in references.iter().enumerate() {
        let mut part = format!(
            "SELECT {position} AS position FROM {} t WHERE t.id = ?{}",
            entity.table(),
            position + 2
        );
        if life == Life::Present && entity.has_removed() {
            part.push_str(" AND t.removed IS NULL");
        }
        if let Some(kind) = entity.kind() {
            part.push_str(" AND ");
            part.push_str(kind);
        }
        if let Some(clause) = visible(*entity, scope, right) {
            part.push_str(" AND ");
            part.push_str(&clause);
        }
        parts.push(part);
    }
    // ?1 is used even where no part needs it, so that the number of values is always right
    let sql = format!("{} UNION ALL SELECT -1 WHERE ?1 IS NULL", parts.join(" UNION ALL "));
    let mut values: Vec<&dyn ToSql> = vec![&scope_value];
    values.extend(ids.iter().map(|id| id as &dyn ToSql));
    let there = tx.rows("look things up", &sql, &values, |row| row.get::<_, i64>("position"))?;
    Ok((0..references.len())
        .filter(|position| !there.iter().any(|t| usize::try_from(*t) == Ok(*position)))
        .collect())
}

fn visible(entity: Entity, scope: &Scope, right: Right) -> Option<String> {
    if matches!(entity, Entity::ServiceOffering | Entity::NetworkOffering) {
        return offered_to("t.id", scope, "?1");
    }
    if entity == Entity::Domain {
        return domain_visible(scope);
    }
    let owner = match (entity, right) {
        (Entity::Network, Right::Use) => "x.id",
        (_, Right::Use) => entity.owner()?,
        (_, Right::Change) => entity.master()?,
    };
    let (in_scope, _) = scope.condition(owner)?;
    let in_scope = in_scope.replace('?', "?1");
    Some(match entity {
        Entity::Template | Entity::Iso if right == Right::Use => {
            let with_us = in_scope.replace(owner, "s.account");
            format!(
                "(t.is_public = 1 OR {in_scope} OR EXISTS (SELECT 1 FROM template_share s
                     WHERE s.template = t.id AND {with_us}))"
            )
        }
        Entity::Network if right == Right::Use => usable("t", &in_scope),
        _ => in_scope,
    })
}

/// An account sees the domain that it is in, a domain its own tree.
fn domain_visible(scope: &Scope) -> Option<String> {
    let clause = match scope {
        Scope::All => return None,
        Scope::OutsideProjects(scope) => return domain_visible(scope),
        Scope::Account(_) | Scope::Member(_) | Scope::Projects(_) => {
            "t.id = (SELECT domain FROM account WHERE id = ?1)"
        }
        Scope::Domain(_) => "t.id = ?1",
        Scope::Tree(_) => "(t.path = ?1 OR substr(t.path, 1, length(?1) + 1) = ?1 || '/')",
    };
    Some(clause.to_owned())
}
