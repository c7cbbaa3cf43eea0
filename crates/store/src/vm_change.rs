//! What can be changed of a VM that exists, beside its state: names, size, owner, what its guest finds.
//!
//! Every change raises the row's version, so that a job that has read the VM before reads it again.

use hostler_model::{
    AccountId, HostName, Mhz, Mib, ServiceOfferingId, TemplateId, Timestamp, UserDataId, VmId,
};
use rusqlite::{Row, params};

use crate::columns::{amount, stored, to_json};
use crate::nic::NAME_TAKEN;
use crate::vm::{GuestPassword, SshKey};
use crate::{StoreError, Tx};

/// New values for a VM; nothing: as it was. An empty text takes the value away.
#[derive(Debug, Clone, Default)]
pub struct VmUpdate {
    /// The guest's host name, from its next start on.
    pub host_name: Option<HostName>,
    /// The name for people.
    pub display_name: Option<String>,
    /// The name that its user groups it under.
    pub group: Option<String>,
    /// Whether it is to be restarted elsewhere when its host is gone.
    pub ha: Option<bool>,
    /// Whether its size may change while it runs.
    pub dynamically_scalable: Option<bool>,
    /// Whether it refuses to be destroyed.
    pub delete_protection: Option<bool>,
    /// Whether its user sees it.
    pub display: Option<bool>,
    /// What the guest is, by the names of `GuestOs`.
    pub os: Option<String>,
    /// Choices that few need, in place of those there were.
    pub details: Option<std::collections::BTreeMap<String, String>>,
}

/// Changes what is given.
///
/// # Errors
/// [`StoreError::NotFound`]; [`StoreError::Taken`] if another VM holds the host name.
pub fn vm_update(
    tx: &Tx<'_>,
    vm: VmId,
    update: &VmUpdate,
    now: Timestamp,
) -> Result<(), StoreError> {
    if let Some(name) = &update.host_name {
        names_hold(tx, vm, name)?;
    }
    let changed = tx.execute(
        "change a VM",
        "UPDATE vm SET host_name = coalesce(?2, host_name), display_name = coalesce(nullif(?3, ''), display_name),
             group_name = nullif(coalesce(?4, group_name), ''), ha = coalesce(?5, ha),
             dynamically_scalable = coalesce(?6, dynamically_scalable),
             delete_protection = coalesce(?7, delete_protection), display = coalesce(?8, display),
             own_os = coalesce(?9, own_os), details = coalesce(?10, details), version = version + 1, changed = ?11
         WHERE id = ?1 AND removed IS NULL",
        params![
            vm.to_string(),
            update.host_name.as_ref().map(HostName::as_str),
            update.display_name,
            update.group,
            update.ha,
            update.dynamically_scalable,
            update.delete_protection,
            update.display,
            update.os,
            update.details.as_ref().map(to_json),
            now.0,
        ],
    )?;
    there(changed, vm)
}

/// Has the NICs of a VM hold another host name, each in its network's domain.
fn names_hold(tx: &Tx<'_>, vm: VmId, name: &HostName) -> Result<(), StoreError> {
    let held = tx.execute(
        "hold a host name",
        "UPDATE nic SET name_held = ?2 WHERE vm = ?1 AND removed IS NULL AND domain_held IS NOT NULL",
        params![vm.to_string(), name.as_str()],
    );
    match held {
        Err(e) if e.is_unique_violation() => Err(StoreError::Taken(NAME_TAKEN.to_owned())),
        other => other.map(|_| ()),
    }
}

/// What a guest is told at its next start, in place of what it was told; nothing: as it was.
#[derive(Debug, Clone)]
pub struct NewUserData {
    /// The text, decoded, or none; and which of the registered it is.
    pub text: Option<(Option<String>, Option<UserDataId>)>,
    /// Values for the guest that go with it.
    pub details: Option<std::collections::BTreeMap<String, String>>,
}

/// Gives a VM other user data. `again`: its guest does at its next start what guests do at their first.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn vm_set_user_data(
    tx: &Tx<'_>,
    vm: VmId,
    data: &NewUserData,
    again: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (text, id) = data.text.clone().unwrap_or_default();
    let changed = tx.execute(
        "give a VM other user data",
        "UPDATE vm SET user_data = iif(?2, ?3, user_data), user_data_id = iif(?2, ?4, user_data_id),
             user_data_details = coalesce(?5, user_data_details), seed_number = seed_number + ?6,
             version = version + 1, changed = ?7
         WHERE id = ?1 AND removed IS NULL",
        params![
            vm.to_string(),
            data.text.is_some(),
            text,
            id.map(|id| id.to_string()),
            data.details.as_ref().map(to_json),
            again,
            now.0,
        ],
    )?;
    there(changed, vm)
}

/// What an offering says about the size of its VMs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
pub struct SizeRule {
    /// CPUs; 0: the caller chooses.
    pub cpus: u32,
    /// Speed of one; 0: the caller chooses.
    pub cpu_mhz: Mhz,
    /// Memory; 0: the caller chooses.
    pub memory: Mib,
    /// Fewest and most CPUs that a caller may choose.
    pub cpu_bounds: (Option<u32>, Option<u32>),
    /// Least and most memory that a caller may choose.
    pub memory_bounds: (Option<Mib>, Option<Mib>),
}

/// Columns of `service_offering o` for [`read_size_rule`].
pub(crate) const SIZE_RULE: &str = "o.cpus AS cpus, o.cpu_mhz AS cpu_mhz, o.memory_mib AS memory_mib, o.min_cpus AS min_cpus,
     o.max_cpus AS max_cpus, o.min_memory_mib AS min_memory_mib, o.max_memory_mib AS max_memory_mib";

/// Reads [`SIZE_RULE`] of a row that is there.
pub(crate) fn read_size_rule(row: &Row<'_>) -> rusqlite::Result<SizeRule> {
    let mib = |column: &str| -> rusqlite::Result<Option<Mib>> {
        let number: Option<i64> = row.get(column)?;
        Ok(number.and_then(|n| u64::try_from(n).ok()).map(Mib))
    };
    Ok(SizeRule {
        cpus: row.get("cpus")?,
        cpu_mhz: Mhz(amount(row, "cpu_mhz")?),
        memory: Mib(amount(row, "memory_mib")?),
        cpu_bounds: (row.get("min_cpus")?, row.get("max_cpus")?),
        memory_bounds: (mib("min_memory_mib")?, mib("max_memory_mib")?),
    })
}

/// What an offering that is for sale says about the size of its VMs.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn size_rule(tx: &Tx<'_>, offering: ServiceOfferingId) -> Result<SizeRule, StoreError> {
    let sql = format!(
        "SELECT {SIZE_RULE} FROM service_offering o WHERE o.id = ?1 AND o.removed IS NULL AND o.state = 'Active'"
    );
    tx.row("read the size of an offering", &sql, params![offering.to_string()], read_size_rule)?
        .ok_or_else(|| StoreError::NotFound { what: "service offering", id: offering.to_string() })
}

/// A size that a caller has chosen within an offering's bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct OwnSize {
    /// CPUs.
    pub cpus: u32,
    /// Speed of one.
    pub cpu_mhz: Mhz,
    /// Memory.
    pub memory: Mib,
}

/// Gives a VM another offering, and with a custom one a size of its own.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn vm_resize(
    tx: &Tx<'_>,
    vm: VmId,
    offering: ServiceOfferingId,
    own: Option<OwnSize>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed = tx.execute(
        "change the size of a VM",
        "UPDATE vm SET offering = ?2, own_cpus = ?3, own_cpu_mhz = ?4, own_memory_mib = ?5,
             version = version + 1, changed = ?6
         WHERE id = ?1 AND removed IS NULL",
        params![
            vm.to_string(),
            offering.to_string(),
            own.map(|size| size.cpus),
            own.map(|size| stored(size.cpu_mhz.0)),
            own.map(|size| stored(size.memory.0)),
            now.0,
        ],
    )?;
    there(changed, vm)
}

/// Gives a VM other keys; its guest takes them at its next start.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn vm_set_keys(
    tx: &Tx<'_>,
    vm: VmId,
    keys: &[SshKey],
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed = tx.execute(
        "give a VM other SSH keys",
        "UPDATE vm SET ssh_keys = ?2, seed_number = seed_number + 1, version = version + 1, changed = ?3
         WHERE id = ?1 AND removed IS NULL",
        params![vm.to_string(), to_json(&keys), now.0],
    )?;
    there(changed, vm)
}

/// Gives a VM's guest a password; it takes it at its next start. `is_told`: its user knows it already.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn vm_set_password(
    tx: &Tx<'_>,
    vm: VmId,
    password: &GuestPassword,
    is_told: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed = tx.execute(
        "give a VM a password",
        "UPDATE vm SET password = ?2, password_told = ?3, seed_number = seed_number + 1,
             version = version + 1, changed = ?4
         WHERE id = ?1 AND removed IS NULL",
        params![vm.to_string(), password.0, is_told, now.0],
    )?;
    there(changed, vm)
}

/// Its user was told the password: it is forgotten as soon as a guest was started with it.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn vm_password_told(tx: &Tx<'_>, vm: VmId) -> Result<(), StoreError> {
    tx.execute(
        "note that a password was told",
        "UPDATE vm SET password_told = 1, password = iif(state = 'Running', NULL, password),
             version = version + 1
         WHERE id = ?1",
        params![vm.to_string()],
    )?;
    Ok(())
}

/// Gives a VM with its volumes to another account; it leaves its group.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn vm_assign(
    tx: &Tx<'_>,
    vm: VmId,
    account: AccountId,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "give volumes to another account",
        "UPDATE volume SET account = ?2 WHERE vm = ?1 AND removed IS NULL",
        params![vm.to_string(), account.to_string()],
    )?;
    for table in ["vm_security_group", "vm_affinity_group"] {
        let sql = format!("DELETE FROM {table} WHERE vm = ?1");
        tx.execute("take a VM out of its account's groups", &sql, params![vm.to_string()])?;
    }
    let changed = tx.execute(
        "give a VM to another account",
        "UPDATE vm SET account = ?2, group_name = NULL, version = version + 1, changed = ?3
         WHERE id = ?1 AND removed IS NULL",
        params![vm.to_string(), account.to_string(), now.0],
    )?;
    there(changed, vm)
}

/// What a VM is made from, from now on.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn vm_set_template(
    tx: &Tx<'_>,
    vm: VmId,
    template: TemplateId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed = tx.execute(
        "note what a VM is made from",
        "UPDATE vm SET template = ?2, version = version + 1, changed = ?3
         WHERE id = ?1 AND removed IS NULL",
        params![vm.to_string(), template.to_string(), now.0],
    )?;
    there(changed, vm)
}

/// Notes which ISO is in a VM's drive; nothing: none.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn vm_set_iso(
    tx: &Tx<'_>,
    vm: VmId,
    iso: Option<TemplateId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed = tx.execute(
        "note which ISO is in a VM's drive",
        "UPDATE vm SET iso = ?2, version = version + 1, changed = ?3 WHERE id = ?1 AND removed IS NULL",
        params![vm.to_string(), iso.map(|iso| iso.to_string()), now.0],
    )?;
    there(changed, vm)
}

fn there(changed: usize, vm: VmId) -> Result<(), StoreError> {
    if changed == 0 {
        return Err(StoreError::NotFound { what: "virtual machine", id: vm.to_string() });
    }
    Ok(())
}
