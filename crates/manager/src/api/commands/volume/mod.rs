//! Commands about volumes.

use super::{Entry, known};

mod attach_volume;
mod create_volume;
mod delete_volume;
mod destroy_volume;
mod detach_volume;
mod extract_volume;
mod list_volumes;
mod recover_volume;
mod resize_volume;
mod update_volume;
mod upload_volume;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<attach_volume::AttachVolume>(),
    known::<create_volume::CreateVolume>(),
    known::<delete_volume::DeleteVolume>(),
    known::<destroy_volume::DestroyVolume>(),
    known::<detach_volume::DetachVolume>(),
    known::<extract_volume::ExtractVolume>(),
    known::<list_volumes::ListVolumes>(),
    known::<recover_volume::RecoverVolume>(),
    known::<resize_volume::ResizeVolume>(),
    known::<update_volume::UpdateVolume>(),
    known::<upload_volume::UploadVolume>(),
];
