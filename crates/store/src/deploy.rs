//! What a deployment checks before it writes anything: one read across tables.

use hostler_model::{
    AccountId, AllocationState, Bytes, LimitKind, NetworkId, NetworkType, ServiceOfferingId,
    TemplateId, TemplateState, ZoneId,
};
use rusqlite::params;

use crate::address::{NetworkRoom, ROOM};
use crate::columns::{json, parsed, parsed_or_null, to_json};
use crate::deploy_groups::{FoundGroups, GROUPS, NamedGroups};
use crate::limit::{LimitDefaults, Room, rooms_sql};
use crate::network::usable;
use crate::offering_scope::offered_in;
use crate::vm_change::{SIZE_RULE, SizeRule, read_size_rule};
use crate::{StoreError, Tx};

/// Zone, offering and template of a deployment, each there or not.
#[derive(Debug, Clone)]
pub struct DeployFacts {
    /// Whether the zone takes new VMs, and its network model; nothing: no such zone.
    pub zone: Option<(AllocationState, NetworkType)>,
    /// The root size that the offering asks for, and what it says of sizes; nothing: no such offering.
    pub offering: Option<(Option<Bytes>, SizeRule)>,
    /// The template; nothing: no such template.
    pub template: Option<DeployTemplate>,
    /// Whether the zone says that its VMs have security groups.
    pub security_groups: bool,
    /// The groups and the user data that are named, as far as the account has them.
    pub groups: FoundGroups,
    /// Those of the named networks that are in the zone; with none named, its default network if it has one.
    pub networks: Vec<NetworkRoom>,
    /// Whether the zone's hosts may keep volumes on their own disks.
    pub local_storage: bool,
    /// The name of the offering, and whether its volumes are on hosts' own disks.
    pub offering_storage: Option<(String, bool)>,
    /// Whether a storage pool of the zone is Up.
    pub has_pool: bool,
    /// What limits leave to the owner.
    pub rooms: Vec<Room>,
}

/// What a deployment takes of its owner's limits.
const TAKEN: &[LimitKind] = &[
    LimitKind::UserVm,
    LimitKind::Cpu,
    LimitKind::Memory,
    LimitKind::Volume,
    LimitKind::PrimaryStorage,
];

/// A template, as a deployment needs to know it.
#[derive(Debug, Clone)]
pub struct DeployTemplate {
    /// Whose it is.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// Whether every account may use it.
    pub is_public: bool,
    /// Whether its owner shares it with the VM's.
    pub is_shared: bool,
    /// Whether it is an ISO: its VMs begin with it in their drive, and with an empty root volume.
    pub is_iso: bool,
    /// Whether a VM can start from it.
    pub bootable: bool,
    /// Whether it is a system VM's.
    pub is_system: bool,
    /// The zone that it is for; nothing: all.
    pub zone: Option<ZoneId>,
    /// Where it is in its life.
    pub state: TemplateState,
    /// How large a guest sees it.
    pub virtual_size: Bytes,
    /// Whether guests take a password from their seed.
    pub password_enabled: bool,
}

/// Reads what a deployment checks.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn deploy_facts(
    tx: &Tx<'_>,
    zone: ZoneId,
    offering: ServiceOfferingId,
    template: TemplateId,
    networks: &[NetworkId],
    (owner, limits): (AccountId, &LimitDefaults),
    groups: &NamedGroups,
) -> Result<DeployFacts, StoreError> {
    let in_zone = offered_in("o.id", "?1");
    let usable = usable("network", "x.id = ?5");
    let rooms = rooms_sql(["?5", "?6", "?7"]);
    let sql = format!(
        "SELECT z.allocation_state AS allocation_state, z.network_type AS network_type,
                coalesce(z.local_storage, 1) AS local_storage, o.name AS offering_name, o.storage_type AS storage_type,
                coalesce(z.security_groups, 0) AS security_groups, {GROUPS} AS groups,
                o.id AS offering, o.root_size AS root_size, {SIZE_RULE},
                t.id AS template, t.account AS account, t.name AS name, t.is_public AS is_public,
                EXISTS (SELECT 1 FROM template_share WHERE template = t.id AND account = ?5) AS is_shared,
                t.format = 'ISO' AS is_iso, t.bootable AS bootable,
                t.is_system AS is_system, t.zone AS template_zone, t.state AS state,
                coalesce(t.virtual_size, 0) AS virtual_size, t.password_enabled AS password_enabled,
                (SELECT json_group_array({ROOM}) FROM network WHERE zone = ?1 AND removed IS NULL AND {usable}
                     AND CASE ?4 WHEN '[]' THEN is_default = 1
                         ELSE id IN (SELECT value FROM json_each(?4)) END) AS networks,
                EXISTS (SELECT 1 FROM storage_pool WHERE zone = ?1 AND state = 'Up' AND removed IS NULL) AS has_pool,
                (SELECT json_group_array(json(room)) FROM ({rooms})) AS rooms
         FROM (SELECT 1)
         LEFT JOIN zone z ON z.id = ?1 AND z.removed IS NULL
         LEFT JOIN service_offering o ON o.id = ?2 AND o.removed IS NULL AND o.state = 'Active' AND {in_zone}
         LEFT JOIN template t ON t.id = ?3 AND t.removed IS NULL"
    );
    let named = to_json(&networks);
    let facts = tx.row(
        "read what a deployment needs",
        &sql,
        params![
            zone.to_string(),
            offering.to_string(),
            template.to_string(),
            named,
            owner.to_string(),
            to_json(&TAKEN),
            to_json(limits),
            to_json(groups),
        ],
        |row| {
            let bytes = |n: i64| Bytes(u64::try_from(n).unwrap_or(0));
            let allocation: Option<AllocationState> = parsed_or_null(row, "allocation_state")?;
            let model: Option<NetworkType> = parsed_or_null(row, "network_type")?;
            let has_offering = row.get::<_, Option<String>>("offering")?.is_some();
            let root_size: Option<i64> = row.get("root_size")?;
            let template = match row.get::<_, Option<String>>("template")? {
                None => None,
                Some(_) => Some(DeployTemplate {
                    account: parsed(row, "account")?,
                    name: row.get("name")?,
                    is_public: row.get("is_public")?,
                    is_shared: row.get("is_shared")?,
                    is_iso: row.get("is_iso")?,
                    bootable: row.get("bootable")?,
                    is_system: row.get("is_system")?,
                    zone: parsed_or_null(row, "template_zone")?,
                    state: parsed(row, "state")?,
                    virtual_size: bytes(row.get("virtual_size")?),
                    password_enabled: row.get("password_enabled")?,
                }),
            };
            Ok(DeployFacts {
                zone: allocation.zip(model),
                offering: has_offering
                    .then(|| Ok::<_, rusqlite::Error>((root_size.map(bytes), read_size_rule(row)?)))
                    .transpose()?,
                template,
                local_storage: row.get("local_storage")?,
                offering_storage: row
                    .get::<_, Option<String>>("offering_name")?
                    .zip(row.get::<_, Option<String>>("storage_type")?)
                    .map(|(name, kind)| (name, kind == "local")),
                security_groups: row.get("security_groups")?,
                groups: json(row, "groups")?,
                networks: json(row, "networks")?,
                has_pool: row.get("has_pool")?,
                rooms: json(row, "rooms")?,
            })
        },
    )?;
    facts.ok_or_else(|| StoreError::NotFound { what: "zone", id: zone.to_string() })
}

/// Public keys of an account's key pairs, by their names.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn public_key_named(
    tx: &Tx<'_>,
    account: AccountId,
    name: &str,
) -> Result<Option<String>, StoreError> {
    tx.row(
        "look for an SSH key pair",
        "SELECT public_key FROM ssh_keypair WHERE account = ?1 AND name = ?2",
        params![account.to_string(), name],
        |row| row.get("public_key"),
    )
}

/// Whether guests of a template take a password from their seed.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn template_takes_passwords(tx: &Tx<'_>, template: TemplateId) -> Result<bool, StoreError> {
    tx.row(
        "look whether a template takes passwords",
        "SELECT password_enabled FROM template WHERE id = ?1",
        params![template.to_string()],
        |row| row.get("password_enabled"),
    )?
    .ok_or_else(|| StoreError::NotFound { what: "template", id: template.to_string() })
}
