//! Table `vm`: what users own. One row a VM, kept after its end.

use hostler_model::{
    AccountId, HostId, HostName, InstanceName, RunId, ServiceOfferingId, TemplateId, Timestamp,
    UserDataId, UserId, Version, VmEvent, VmId, VmState, ZoneId,
};
use rusqlite::{Row, params};
use serde::{Deserialize, Serialize};

use crate::columns::{amount, json, parsed, parsed_or_null, stored, time, to_json};
use crate::vm_change::OwnSize;
use crate::{StoreError, Tx};

/// A VM as it is recorded.
#[derive(Debug, Clone)]
pub struct VmRow {
    /// Its number; part of the instance name, never given twice.
    pub number: u64,
    /// Its id.
    pub id: VmId,
    /// Whose it is.
    pub account: AccountId,
    /// Who deployed it.
    pub user: UserId,
    /// Where it may run.
    pub zone: ZoneId,
    /// The guest's host name; `name` of the API.
    pub host_name: HostName,
    /// Any text.
    pub display_name: String,
    /// The name of its libvirt domains.
    pub instance_name: InstanceName,
    /// Its size.
    pub offering: ServiceOfferingId,
    /// What its root volume was made from.
    pub template: TemplateId,
    /// Where it is in its life.
    pub state: VmState,
    /// How often the row was changed.
    pub version: Version,
    /// The run that may be alive.
    pub run: Option<RunId>,
    /// Where it ran last.
    pub last_host: Option<HostId>,
    /// The host that an administrator wants for it.
    pub wanted_host: Option<HostId>,
    /// Keys that may log in.
    pub ssh_keys: Vec<SshKey>,
    /// What the user wants done at first boot, decoded.
    pub user_data: Option<String>,
    /// Values for the guest that came with registered user data.
    pub user_data_details: std::collections::BTreeMap<String, String>,
    /// Keyboard of the console.
    pub keyboard: Option<String>,
    /// Password of the console.
    pub vnc_password: String,
    /// Choices that few need.
    pub details: std::collections::BTreeMap<String, String>,
    /// Whether it refuses to be destroyed.
    pub delete_protection: bool,
    /// How often its guest was to begin anew with keys or password.
    pub seed_number: u32,
    /// A password that is on its way to the guest.
    pub password: Option<GuestPassword>,
    /// The ISO in its drive.
    pub iso: Option<TemplateId>,
    /// When it was deployed.
    pub created: Timestamp,
    /// The name of its libvirt domain, if that is one that was adopted.
    pub adopted: Option<String>,
}

/// A guest's password; it does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct GuestPassword(pub String);

impl std::fmt::Debug for GuestPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GuestPassword(..)")
    }
}

/// A public key, as it was when the VM was deployed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SshKey {
    /// The key pair's name.
    pub name: String,
    /// In the form of `authorized_keys`.
    pub public_key: String,
}

/// A VM that is to be recorded; it begins `Stopped`.
#[derive(Debug, Clone)]
pub struct NewVm {
    /// Its id.
    pub id: VmId,
    /// Whose it is.
    pub account: AccountId,
    /// Who asks.
    pub user: UserId,
    /// Where it may run.
    pub zone: ZoneId,
    /// The guest's host name; nothing: derived from the id.
    pub host_name: HostName,
    /// Any text.
    pub display_name: String,
    /// The last part of the instance name (setting `instance.name`).
    pub suffix: String,
    /// Its size.
    pub offering: ServiceOfferingId,
    /// What its root volume is made from.
    pub template: TemplateId,
    /// The host that an administrator wants for it.
    pub wanted_host: Option<HostId>,
    /// Group, for people.
    pub group: Option<String>,
    /// Keys that may log in.
    pub ssh_keys: Vec<SshKey>,
    /// What the user wants done at first boot, decoded.
    pub user_data: Option<String>,
    /// The registered user data that it is made with.
    pub user_data_id: Option<UserDataId>,
    /// Values for the guest that came with it.
    pub user_data_details: std::collections::BTreeMap<String, String>,
    /// Keyboard of the console.
    pub keyboard: Option<String>,
    /// Password of the console.
    pub vnc_password: String,
    /// Choices that few need.
    pub details: std::collections::BTreeMap<String, String>,
    /// The size that the caller chose; nothing: the offering's.
    pub own_size: Option<OwnSize>,
    /// Whether its user sees it.
    pub display: bool,
    /// Whether its size may change while it runs.
    pub dynamically_scalable: bool,
    /// What its guest's password is to be.
    pub password: Option<GuestPassword>,
    /// The ISO in its drive.
    pub iso: Option<TemplateId>,
    /// The availability zone that it is to be in, if not any.
    pub availability_zone: Option<String>,
}

/// Columns of `vm`, for [`read_vm`].
pub(crate) const VM_COLUMNS: &str = "vm.number, vm.id, vm.account, vm.user, vm.zone, vm.host_name, \
    vm.display_name, vm.instance_name, vm.offering, vm.template, vm.state, vm.version, vm.run, \
    vm.last_host, vm.wanted_host, vm.ssh_keys, vm.user_data, vm.keyboard, vm.vnc_password, \
    vm.details, vm.user_data_details, vm.delete_protection, vm.seed_number, vm.password, vm.iso, \
    vm.created, (SELECT adoption.name FROM adoption WHERE adoption.vm = vm.id) AS adopted";

/// Reads [`VM_COLUMNS`].
pub(crate) fn read_vm(row: &Row<'_>) -> rusqlite::Result<VmRow> {
    Ok(VmRow {
        number: amount(row, "number")?,
        id: parsed(row, "id")?,
        account: parsed(row, "account")?,
        user: parsed(row, "user")?,
        zone: parsed(row, "zone")?,
        host_name: parsed(row, "host_name")?,
        display_name: row.get("display_name")?,
        instance_name: parsed(row, "instance_name")?,
        offering: parsed(row, "offering")?,
        template: parsed(row, "template")?,
        state: parsed(row, "state")?,
        version: Version(row.get("version")?),
        run: parsed_or_null(row, "run")?,
        last_host: parsed_or_null(row, "last_host")?,
        wanted_host: parsed_or_null(row, "wanted_host")?,
        ssh_keys: json(row, "ssh_keys")?,
        user_data: row.get("user_data")?,
        user_data_details: json(row, "user_data_details")?,
        keyboard: row.get("keyboard")?,
        vnc_password: row.get("vnc_password")?,
        details: json(row, "details")?,
        delete_protection: row.get("delete_protection")?,
        seed_number: row.get("seed_number")?,
        password: row.get::<_, Option<String>>("password")?.map(GuestPassword),
        iso: parsed_or_null(row, "iso")?,
        created: time(row, "created")?,
        adopted: row.get("adopted")?,
    })
}

/// Records a VM and gives it its number and instance name.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn vm_add(tx: &Tx<'_>, vm: &NewVm, now: Timestamp) -> Result<InstanceName, StoreError> {
    let name = tx.row(
        "record a VM",
        "INSERT INTO vm (id, account, user, zone, host_name, display_name, instance_name, offering, template,
             state, wanted_host, group_name, ssh_keys, user_data, keyboard, vnc_password, details, created, changed,
             own_cpus, own_cpu_mhz, own_memory_mib, display, dynamically_scalable, password,
             user_data_id, user_data_details, cause, iso, availability_zone)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6,
             'i-' || number || '-' || (SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'vm') || '-' || ?7,
             ?8, ?9, 'Stopped', ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?17, ?18, ?19, ?20, ?21, ?22, ?23,
             ?24, ?25, ?26, ?27, ?28
         FROM account WHERE id = ?2
         RETURNING instance_name",
        params![
            vm.id.to_string(),
            vm.account.to_string(),
            vm.user.to_string(),
            vm.zone.to_string(),
            vm.host_name.as_str(),
            vm.display_name,
            vm.suffix,
            vm.offering.to_string(),
            vm.template.to_string(),
            vm.wanted_host.map(|h| h.to_string()),
            vm.group,
            to_json(&vm.ssh_keys),
            vm.user_data,
            vm.keyboard,
            vm.vnc_password,
            to_json(&vm.details),
            now.0,
            vm.own_size.map(|size| size.cpus),
            vm.own_size.map(|size| stored(size.cpu_mhz.0)),
            vm.own_size.map(|size| stored(size.memory.0)),
            vm.display,
            vm.dynamically_scalable,
            vm.password.as_ref().map(|password| &password.0),
            vm.user_data_id.map(|id| id.to_string()),
            to_json(&vm.user_data_details),
            tx.cause_json(),
            vm.iso.map(|iso| iso.to_string()),
            vm.availability_zone,
        ],
        |row| parsed(row, "instance_name"),
    )?;
    name.ok_or_else(|| StoreError::NotFound { what: "account", id: vm.account.to_string() })
}

/// One VM that is not expunged.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn vm_get(tx: &Tx<'_>, id: VmId) -> Result<VmRow, StoreError> {
    let sql = format!("SELECT {VM_COLUMNS} FROM vm WHERE id = ?1 AND removed IS NULL");
    tx.row("read a VM", &sql, params![id.to_string()], read_vm)?
        .ok_or_else(|| StoreError::NotFound { what: "virtual machine", id: id.to_string() })
}

/// What changes of a VM beside its state.
#[derive(Debug, Clone, Default)]
pub struct VmChange {
    /// The run that may be alive from now on.
    pub run: Option<RunId>,
    /// Where it ran last; kept where nothing is said.
    pub last_host: Option<HostId>,
    /// Why it failed, for people.
    pub error: Option<String>,
}

/// Moves a VM along `event`, unless someone moved it since the caller saw `vm`.
///
/// # Errors
/// [`StoreError::Stale`] asks the caller to read and decide again; [`StoreError::Transition`].
pub fn vm_transition(
    tx: &Tx<'_>,
    vm: &VmRow,
    event: VmEvent,
    change: &VmChange,
    now: Timestamp,
) -> Result<VmRow, StoreError> {
    let state = vm.state.next(event)?;
    let version = vm.version.next();
    let last_host = change.last_host.or(vm.last_host);
    let removed = (state == VmState::Expunged).then_some(now.0);
    let changed = tx.execute(
        "record a VM's new state",
        "UPDATE vm SET state = ?3, version = ?4, run = ?5, last_host = ?6, error = ?7, changed = ?8, removed = ?9,
             cause = ?10, password = iif(?3 = 'Running' AND password_told = 1, NULL, password)
         WHERE id = ?1 AND version = ?2",
        params![
            vm.id.to_string(),
            vm.version.0,
            state.as_str(),
            version.0,
            change.run.map(|r| r.to_string()),
            last_host.map(|h| h.to_string()),
            change.error,
            now.0,
            removed,
            tx.cause_json(),
        ],
    )?;
    if changed == 0 {
        let there = vm_get(tx, vm.id)?.version;
        return Err(StoreError::Stale {
            what: "vm",
            id: vm.id.to_string(),
            seen: vm.version,
            there,
        });
    }
    Ok(VmRow { state, version, run: change.run, last_host, ..vm.clone() })
}

/// VMs that were destroyed before `before` and are due to be expunged; of these only `only`, if that is given.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn vms_due_to_expunge(
    tx: &Tx<'_>,
    before: Timestamp,
    only: Option<VmId>,
) -> Result<Vec<VmRow>, StoreError> {
    let sql = format!(
        "SELECT {VM_COLUMNS} FROM vm WHERE state = 'Destroyed' AND changed < ?1 AND removed IS NULL AND NOT delete_protection
         AND (?2 IS NULL OR id = ?2)
         AND NOT EXISTS (SELECT 1 FROM job WHERE subject = vm.id AND finished IS NULL)"
    );
    tx.rows("find VMs to expunge", &sql, params![before.0, only.map(|id| id.to_string())], read_vm)
}
