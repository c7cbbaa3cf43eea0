//! VMs as they are listed: one query with the names of all that a VM refers to, one for its NICs, one for its groups.
//!
//! Not here: the life of a VM (`vm`, `run`).

use std::collections::BTreeMap;

use hostler_model::{
    AccountId, AffinityGroupId, ClusterId, DomainId, HostId, InstanceGroupId, JobId, Mhz, Mib,
    NetworkId, PodId, SecurityGroupId, ServiceOfferingId, StoragePoolId, TemplateId, Timestamp,
    UserDataId, UserId, VmId, VmState, VolumeId, ZoneId,
};
use rusqlite::Row;

use crate::columns::{amount, json, json_or_null, parsed, parsed_or_null, time};
use crate::listing::{Listed, Narrow, Page, Query, Set, Tally, Through};
use crate::nic_view::{NicView, nics_by_vm};
use crate::scope::Scope;
use crate::tag::{TagView, tags_column};
use crate::vm::GuestPassword;
pub use crate::vm_groups::GroupOfVm;
use crate::vm_groups::groups_of;
use crate::{StoreError, Tx};

/// A VM with all that a reader of a list wants to know of it.
#[derive(Debug, Clone)]
pub struct VmView {
    /// Its id.
    pub id: VmId,
    /// The guest's host name.
    pub name: String,
    /// The name for people.
    pub display_name: String,
    /// The name of its libvirt domain.
    pub instance_name: String,
    /// Where it is in its life.
    pub state: VmState,
    /// Whose it is.
    pub account: AccountId,
    /// That account's name.
    pub account_name: String,
    /// The account's domain.
    pub domain: DomainId,
    /// That domain's name.
    pub domain_name: String,
    /// That domain's path.
    pub domain_path: String,
    /// Who deployed it.
    pub user: UserId,
    /// That user's name.
    pub user_name: String,
    /// The zone that it is in.
    pub zone: ZoneId,
    /// That zone's name.
    pub zone_name: String,
    /// The host that it runs on, or may run on.
    pub host: Option<HostId>,
    /// That host's name.
    pub host_name: Option<String>,
    /// That host's connection status.
    pub host_status: Option<String>,
    /// Its size.
    pub offering: ServiceOfferingId,
    /// That offering's name.
    pub offering_name: String,
    /// How many CPUs it has.
    pub cpus: u32,
    /// How fast each of them is.
    pub cpu_speed: Mhz,
    /// How much memory it has.
    pub memory: Mib,
    /// What its root volume was made from.
    pub template: TemplateId,
    /// That template's name.
    pub template_name: String,
    /// What the template is, for people.
    pub template_text: String,
    /// The template's format.
    pub template_format: String,
    /// `Linux`, `Windows`, ...
    pub os: String,
    /// Machine architecture.
    pub arch: String,
    /// The ISO in its drive: id, name and text.
    pub iso: Option<(TemplateId, String, String)>,
    /// Its root volume.
    pub root_volume: Option<VolumeId>,
    /// The name that its user groups it under.
    pub group: Option<String>,
    /// The instance group of that name.
    pub group_id: Option<InstanceGroupId>,
    /// The registered user data that it was made with.
    pub user_data_id: Option<UserDataId>,
    /// Its name, while it is there.
    pub user_data_name: Option<String>,
    /// Values for the guest that came with the user data.
    pub user_data_details: BTreeMap<String, String>,
    /// Its security groups.
    pub security_groups: Vec<GroupOfVm>,
    /// Its affinity groups.
    pub affinity_groups: Vec<GroupOfVm>,
    /// The names of the SSH keys that it was given.
    pub keypairs: Vec<String>,
    /// Its user data, base64.
    pub user_data: Option<String>,
    /// The layout of its console's keyboard.
    pub keyboard: Option<String>,
    /// Whether its size is its own, not its offering's.
    pub has_own_size: bool,
    /// Whether it is to be restarted elsewhere when its host is gone.
    pub ha: bool,
    /// Whether its size may change while it runs.
    pub dynamically_scalable: bool,
    /// Whether it refuses to be destroyed.
    pub delete_protection: bool,
    /// Whether its user sees it.
    pub display: bool,
    /// Whether guests of its template take a password.
    pub password_enabled: bool,
    /// Its guest's password, while it is on its way and its user was not told.
    pub password: Option<GuestPassword>,
    /// What was said about it at its deployment.
    pub details: BTreeMap<String, String>,
    /// Why it is in state Error.
    pub error: Option<String>,
    /// The oldest job on it that is not over, with its state.
    pub job: Option<(JobId, hostler_model::JobState)>,
    /// Since when there has been one.
    pub created: Timestamp,
    /// When it changed last.
    pub changed: Timestamp,
    /// Its tags, by their keys.
    pub tags: Vec<TagView>,
    /// Its network interfaces, the first one first.
    pub nics: Vec<NicView>,
}

/// Which VMs to list.
#[derive(Debug, Clone, Default)]
pub struct VmFilter {
    /// This one.
    pub id: Option<VmId>,
    /// These.
    pub ids: Vec<VmId>,
    /// Those of this host name or display name.
    pub name: Option<String>,
    /// Those in one of these states.
    pub states: Vec<VmState>,
    /// Those in this zone.
    pub zone: Option<ZoneId>,
    /// Those that run, or may run, on hosts in this pod.
    pub pod: Option<PodId>,
    /// Those that run, or may run, on hosts of this cluster.
    pub cluster: Option<ClusterId>,
    /// Those that run, or may run, on this host.
    pub host: Option<HostId>,
    /// Those of this size.
    pub offering: Option<ServiceOfferingId>,
    /// Those from this template.
    pub template: Option<TemplateId>,
    /// Those with this ISO in their drive.
    pub iso: Option<TemplateId>,
    /// Those with a NIC on this network.
    pub network: Option<NetworkId>,
    /// Those with a volume on this pool.
    pub pool: Option<StoragePoolId>,
    /// Those deployed by this user.
    pub user: Option<UserId>,
    /// Those that were given an SSH key of this name.
    pub keypair: Option<String>,
    /// Those in a group of this name.
    pub group: Option<String>,
    /// Those that their user sees, or those that it does not see.
    pub display: Option<bool>,
    /// Those that are to be restarted elsewhere, or those that are not.
    pub ha: Option<bool>,
    /// Those of this machine architecture.
    pub arch: Option<String>,
    /// Those in this instance group.
    pub instance_group: Option<InstanceGroupId>,
    /// Those in this security group.
    pub security_group: Option<SecurityGroupId>,
    /// Those in this affinity group.
    pub affinity_group: Option<AffinityGroupId>,
    /// Those made with this registered user data.
    pub user_data: Option<UserDataId>,
    /// Those one of whose names contains this.
    pub keyword: Option<String>,
    /// Those with one of these tags, each a key and a value.
    pub tags: Vec<(String, String)>,
    /// Expunged ones too.
    pub with_expunged: bool,
}

impl VmFilter {
    /// Whether it names something that few of many VMs have to do with.
    fn names_few(&self) -> bool {
        let is_placed = self.pod.is_some() || self.cluster.is_some() || self.host.is_some();
        let is_grouped = self.instance_group.is_some()
            || self.security_group.is_some()
            || self.affinity_group.is_some();
        let is_named = self.id.is_some() || !self.ids.is_empty() || self.name.is_some();
        is_named || is_placed || is_grouped || self.pool.is_some() || self.keypair.is_some()
    }
}

const COLUMNS: &str = concat!(
    "vm.*, a.name AS account_name, d.id AS domain, d.name AS domain_name,
    d.path AS domain_path, u.name AS user_name, z.name AS zone_name, h.id AS on_host,
    h.name AS on_host_name, h.status AS on_host_status, o.name AS offering_name, coalesce(vm.own_cpus, o.cpus) AS cpus,
    coalesce(vm.own_cpu_mhz, o.cpu_mhz) AS cpu_mhz, coalesce(vm.own_memory_mib, o.memory_mib) AS memory_mib, t.password_enabled, t.name AS template_name, t.display_text AS template_text,
    t.format AS template_format, coalesce(vm.own_os, t.os) AS os, t.arch, v.id AS root_volume,
    (SELECT g.id FROM instance_group g WHERE g.account = vm.account AND g.name = vm.group_name) AS group_id,
    coalesce((SELECT adoption.name FROM adoption WHERE adoption.vm = vm.id), vm.instance_name) AS libvirt_name,
    (SELECT name FROM user_data WHERE id = vm.user_data_id) AS user_data_name,
    (SELECT json_array(id, name, display_text) FROM template WHERE id = vm.iso) AS iso_there,
    (SELECT j.id || ' ' || j.state FROM job j WHERE j.subject = vm.id AND j.finished IS NULL
     ORDER BY j.number LIMIT 1) AS pending, ",
    tags_column!("vm.id")
);
const FROM: &str = "vm JOIN account a ON a.id = vm.account JOIN domain d ON d.id = a.domain
    JOIN user u ON u.id = vm.user JOIN zone z ON z.id = vm.zone
    JOIN service_offering o ON o.id = vm.offering JOIN template t ON t.id = vm.template
    LEFT JOIN vm_run r ON r.vm = vm.id AND r.state <> 'Ended'
    LEFT JOIN host h ON h.id = r.host
    LEFT JOIN volume v ON v.vm = vm.id AND v.kind = 'ROOT' AND v.removed IS NULL";

/// What filters may name: the joins of `FROM`, one by one.
const NARROW: Narrow = Narrow {
    table: "vm",
    key: "vm.number",
    owner: "vm.account",
    tally: Some(Tally {
        table: "vm_tally",
        columns: &["account", "zone", "offering", "template", "state"],
        of: "vm.removed IS NULL",
    }),
    joins: &[
        ("a", "JOIN account a ON a.id = vm.account"),
        ("d", "JOIN domain d ON d.id = a.domain"),
        ("r", "LEFT JOIN vm_run r ON r.vm = vm.id AND r.state <> 'Ended'"),
        ("h", "LEFT JOIN host h ON h.id = r.host"),
        ("u", "JOIN user u ON u.id = vm.user"),
        ("z", "JOIN zone z ON z.id = vm.zone"),
        ("o", "JOIN service_offering o ON o.id = vm.offering"),
        ("t", "JOIN template t ON t.id = vm.template"),
        ("v", "LEFT JOIN volume v ON v.vm = vm.id AND v.kind = 'ROOT' AND v.removed IS NULL"),
    ],
};

/// VMs by the network of their NICs, which are removed with them.
const ON_NETWORK: Through = Through {
    table: "nic",
    key: "nic.vm_number",
    clause: "nic.network = ? AND nic.removed IS NULL",
};

/// VMs in the order in which they were deployed.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn vm_list(
    tx: &Tx<'_>,
    filter: &VmFilter,
    scope: &Scope,
    page: Page,
) -> Result<Listed<VmView>, StoreError> {
    let mut query = Query::new(COLUMNS, FROM, "vm.number").narrow(NARROW);
    if !filter.with_expunged {
        query = query.only("vm.removed IS NULL");
    }
    query = query
        .scope(scope)
        .is("vm.id", filter.id)
        .any("vm.id", &filter.ids)
        .filter("(vm.host_name = ? OR vm.display_name = ?)", filter.name.clone())
        .any("vm.state", &filter.states)
        .is("vm.zone", filter.zone)
        .among("vm.number", &on_hosts("place.pod"), filter.pod.map(|id| id.to_string()))
        .among("vm.number", &on_hosts("place.cluster"), filter.cluster.map(|id| id.to_string()))
        .among("vm.number", &on_hosts("place.id"), filter.host.map(|id| id.to_string()))
        .filter("vm.display = ?", filter.display)
        .filter("vm.ha = ?", filter.ha)
        .filter("t.arch = ?", filter.arch.clone())
        .is("vm.offering", filter.offering)
        .is("vm.template", filter.template)
        .is("vm.iso", filter.iso)
        .is("vm.user", filter.user)
        .tagged("vm.id", &filter.tags)
        .is("vm.group_name", filter.group.as_deref())
        .is("vm.user_data_id", filter.user_data)
        .filter(
            "(vm.account, vm.group_name) IN (SELECT account, name FROM instance_group WHERE id = ?)",
            filter.instance_group.map(|id| id.to_string()),
        )
        .filter(
            "vm.id IN (SELECT vm FROM vm_security_group WHERE security_group = ?)",
            filter.security_group.map(|id| id.to_string()),
        )
        .filter(
            "vm.id IN (SELECT vm FROM vm_affinity_group WHERE affinity_group = ?)",
            filter.affinity_group.map(|id| id.to_string()),
        )
        .through(&ON_NETWORK, filter.network.map(|id| id.to_string()))
        .filter(
            "vm.number IN (SELECT its.number FROM volume CROSS JOIN vm its ON its.id = volume.vm
                 WHERE volume.pool = ? AND volume.removed IS NULL)",
            filter.pool.map(|id| id.to_string()),
        )
        .filter(
            "vm.number IN (SELECT vm_number FROM vm_key WHERE name = ?)",
            filter.keypair.clone(),
        )
        .filter("instr(vm.words, lower(?)) > 0", filter.keyword.clone());
    if filter.keyword.is_some() && !filter.with_expunged && !filter.names_few() {
        query = query.by("vm_words"); // it has every name: no VM is read whose names do not match
    }
    let mut listed = query.list(tx, "list VMs", page, read)?;
    complete(tx, &mut listed.rows)?;
    Ok(listed)
}

/// VMs on hosts whose `column` is `?`. It begins with the hosts, so that few VMs are looked at.
fn on_hosts(column: &str) -> Set {
    let from = format!(
        "host place CROSS JOIN vm_run there ON there.host = place.id WHERE there.state <> 'Ended' AND {column} = ?"
    );
    Set { key: "there.vm_number", from }
}

/// One VM, expunged or not.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn vm_view(tx: &Tx<'_>, id: VmId) -> Result<VmView, StoreError> {
    let filter = VmFilter { id: Some(id), with_expunged: true, ..VmFilter::default() };
    vm_list(tx, &filter, &Scope::All, Page::default())?
        .rows
        .pop()
        .ok_or_else(|| StoreError::NotFound { what: "VM", id: id.to_string() })
}

/// Adds what a VM may have several of.
fn complete(tx: &Tx<'_>, vms: &mut [VmView]) -> Result<(), StoreError> {
    if vms.is_empty() {
        return Ok(());
    }
    let ids: Vec<VmId> = vms.iter().map(|vm| vm.id).collect();
    let (mut nics, mut groups) = (nics_by_vm(tx, &ids)?, groups_of(tx, &ids)?);
    for vm in vms {
        vm.nics = nics.remove(&vm.id).unwrap_or_default();
        let groups = groups.remove(&vm.id).unwrap_or_default();
        (vm.affinity_groups, vm.security_groups) =
            groups.into_iter().partition(|group| group.kind.is_some());
    }
    Ok(())
}

#[derive(serde::Deserialize)]
struct KeyName {
    name: String,
}

fn read(row: &Row<'_>) -> rusqlite::Result<VmView> {
    let keys: Vec<KeyName> = json(row, "ssh_keys")?;
    Ok(VmView {
        id: parsed(row, "id")?,
        name: row.get("host_name")?,
        display_name: row.get("display_name")?,
        instance_name: row.get("libvirt_name")?,
        state: parsed(row, "state")?,
        account: parsed(row, "account")?,
        account_name: row.get("account_name")?,
        domain: parsed(row, "domain")?,
        domain_name: row.get("domain_name")?,
        domain_path: row.get("domain_path")?,
        user: parsed(row, "user")?,
        user_name: row.get("user_name")?,
        zone: parsed(row, "zone")?,
        zone_name: row.get("zone_name")?,
        host: parsed_or_null(row, "on_host")?,
        host_name: row.get("on_host_name")?,
        host_status: row.get("on_host_status")?,
        offering: parsed(row, "offering")?,
        offering_name: row.get("offering_name")?,
        cpus: row.get("cpus")?,
        cpu_speed: Mhz(amount(row, "cpu_mhz")?),
        memory: Mib(amount(row, "memory_mib")?),
        template: parsed(row, "template")?,
        template_name: row.get("template_name")?,
        template_text: row.get("template_text")?,
        template_format: row.get("template_format")?,
        os: row.get("os")?,
        arch: row.get("arch")?,
        iso: json_or_null(row, "iso_there")?,
        root_volume: parsed_or_null(row, "root_volume")?,
        group: row.get("group_name")?,
        group_id: parsed_or_null(row, "group_id")?,
        user_data_id: parsed_or_null(row, "user_data_id")?,
        user_data_name: row.get("user_data_name")?,
        user_data_details: json(row, "user_data_details")?,
        security_groups: Vec::new(),
        affinity_groups: Vec::new(),
        keypairs: keys.into_iter().map(|key| key.name).collect(),
        user_data: row.get("user_data")?,
        keyboard: row.get("keyboard")?,
        has_own_size: row.get::<_, Option<i64>>("own_cpus")?.is_some(),
        ha: row.get("ha")?,
        dynamically_scalable: row.get("dynamically_scalable")?,
        delete_protection: row.get("delete_protection")?,
        display: row.get("display")?,
        password_enabled: row.get("password_enabled")?,
        password: row
            .get::<_, Option<String>>("password")?
            .filter(|_| !row.get("password_told").unwrap_or(true))
            .map(GuestPassword),
        details: json(row, "details")?,
        error: row.get("error")?,
        job: pending(row)?,
        created: time(row, "created")?,
        changed: time(row, "changed")?,
        tags: json(row, "tags")?,
        nics: Vec::new(),
    })
}

/// `<job id> <state>` of column `pending`.
pub(crate) fn pending(row: &Row<'_>) -> rusqlite::Result<Option<(JobId, hostler_model::JobState)>> {
    let pending: Option<String> = row.get("pending")?;
    Ok(pending.and_then(|text| {
        let (id, state) = text.split_once(' ')?;
        Some((id.parse().ok()?, state.parse().ok()?))
    }))
}
