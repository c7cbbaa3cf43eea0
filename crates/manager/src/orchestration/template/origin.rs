//! What a template is made from: a volume that nobody has open, or a snapshot.

use hostler_model::{
    AccountId, Bytes, HostId, SnapshotState, StoragePoolId, VmState, VolumeState, ZoneId,
};
use hostler_store::snapshot::snapshot_get;
use hostler_store::template_view::template_view;
use hostler_store::vm::{VmRow, vm_get};
use hostler_store::volume::{VolumeRow, volume_get};
use hostler_store::{StoreError, Tx};
use hostler_wire::TemplateOrigin;
use uuid::Uuid;

use crate::error::{ServiceError, ServiceErrorKind};
use crate::orchestration::volume::{must_live, refused};

/// A volume or a snapshot, as it is recorded.
#[derive(Debug)]
pub(in crate::orchestration) struct Origin {
    /// For people.
    pub(in crate::orchestration) name: String,
    /// Whose it is.
    pub(in crate::orchestration) account: AccountId,
    /// Where it is.
    pub(in crate::orchestration) zone: ZoneId,
    /// The volume, if it is one.
    pub(in crate::orchestration) volume: Option<VolumeRow>,
    /// Whether the bytes of what is made from it may be had: if those of its own template may, or it has none.
    pub(in crate::orchestration) is_extractable: bool,
    which: TemplateOrigin,
    vm: Option<VmRow>,
    snapshot: Option<SnapshotState>,
    size: Bytes,
    pool: Option<StoragePoolId>,
    host: Option<HostId>,
}

impl Origin {
    pub(in crate::orchestration) fn read(
        tx: &Tx<'_>,
        which: TemplateOrigin,
    ) -> Result<Self, StoreError> {
        match which {
            TemplateOrigin::Volume(id) => {
                let volume = volume_get(tx, id)?;
                Ok(Self {
                    name: format!("volume {}", volume.name),
                    account: volume.account,
                    zone: volume.zone,
                    is_extractable: is_extractable(tx, &volume)?,
                    which,
                    vm: volume.vm.map(|vm| vm_get(tx, vm)).transpose()?,
                    snapshot: None,
                    size: volume.size,
                    pool: volume.pool,
                    host: volume.host,
                    volume: Some(volume),
                })
            }
            TemplateOrigin::Snapshot(id) => {
                let row = snapshot_get(tx, id)?;
                let is_extractable = match volume_get(tx, row.volume) {
                    Ok(volume) => is_extractable(tx, &volume)?,
                    Err(_) => false, // of a volume that is gone nobody knows any more
                };
                Ok(Self {
                    name: format!("snapshot {}", row.name),
                    account: row.account,
                    zone: row.zone,
                    volume: None,
                    is_extractable,
                    which,
                    vm: None,
                    snapshot: Some(row.state),
                    size: row.size,
                    pool: row.pool,
                    host: row.host,
                })
            }
        }
    }

    /// Whose jobs a job on it takes turns with.
    pub(in crate::orchestration) fn lane(&self) -> (&'static str, Uuid) {
        match (self.which, &self.vm) {
            (_, Some(vm)) => ("VirtualMachine", vm.id.uuid()),
            (TemplateOrigin::Volume(id), None) => ("Volume", id.uuid()),
            (TemplateOrigin::Snapshot(id), None) => ("Snapshot", id.uuid()),
        }
    }

    /// Whether a template of at most `most` can be made from it as it is.
    ///
    /// # Errors
    /// [`ServiceError`] says what is in the way.
    pub(in crate::orchestration) fn check(&self, most: Bytes) -> Result<(), ServiceError> {
        if let Some(volume) = &self.volume {
            must_live(volume)?;
            if volume.state != VolumeState::Ready {
                return Err(refused(format!(
                    "{} is {}; it is written at the first start of its VM",
                    self.name, volume.state
                )));
            }
        }
        if let Some(vm) = self.vm.as_ref().filter(|vm| vm.state != VmState::Stopped) {
            return Err(refused(format!(
                "{} has {} and is {}; stop it, or make a template from a snapshot",
                vm.instance_name, self.name, vm.state
            )));
        }
        if let Some(state) = self.snapshot.filter(|state| *state != SnapshotState::BackedUp) {
            return Err(refused(format!("{} is {state}, not BackedUp", self.name)));
        }
        if self.size > most {
            return Err(refused(format!(
                "{} has {}, and no template may be larger than {most} (setting secstorage.max.template.size)",
                self.name, self.size
            )));
        }
        Ok(())
    }

    /// The pool and the host that have it.
    ///
    /// # Errors
    /// [`ServiceError`] if they are not in the cloud any more.
    pub(in crate::orchestration) fn place(&self) -> Result<(StoragePoolId, HostId), ServiceError> {
        self.pool.zip(self.host).ok_or_else(|| {
            let text = format!("the host of {} is not in the cloud any more", self.name);
            ServiceError::new(ServiceErrorKind::Unavailable, text)
        })
    }
}

fn is_extractable(tx: &Tx<'_>, volume: &VolumeRow) -> Result<bool, StoreError> {
    let Some(template) = volume.template else { return Ok(true) };
    Ok(template_view(tx, template)?.is_extractable)
}
