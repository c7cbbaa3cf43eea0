//! Writing a data volume for the first time: empty, or as the file has it that was fetched for it.

use std::time::Duration;

use hostler_model::HostId;
use hostler_store::staged_file::{StagedFile, staged_of};
use hostler_wire::{
    CommandFailure, CreateVolumeCommand, FailureKind, ImportVolumeCommand, TemplateSource,
    VolumeSpec,
};

use super::LONG;
use crate::jobs::StepContext;
use crate::orchestration::vm::disk_format;

/// Has a host write a data volume; its path there.
///
/// # Errors
/// The host's refusal, or that nobody has the file any more.
pub(in crate::orchestration) async fn write_data(
    cx: &StepContext,
    host: HostId,
    label: &str,
    volume: VolumeSpec,
    wait: Duration,
) -> Result<String, CommandFailure> {
    let id = volume.volume;
    let failed = |text: String| CommandFailure { kind: FailureKind::Failed, text };
    let fetched = cx.read(move |tx| staged_of(tx, id)).await.map_err(|e| failed(e.to_string()))?;
    let Some(file) = fetched else {
        return Ok(cx.call(host, label, CreateVolumeCommand { volume }, wait).await?.path);
    };
    let Some(source) = source(&file) else {
        return Err(failed(format!(
            "the image worker that has what was fetched for volume {id} is not in the cloud any more; delete the volume \
             and upload it again"
        )));
    };
    let (pool, size) = (volume.pool, volume.size);
    let command = ImportVolumeCommand { volume: id, pool, size, file: file.id, source };
    Ok(cx.call(host, label, command, LONG).await?.path)
}

fn source(file: &StagedFile) -> Option<TemplateSource> {
    let (worker, address) = file.worker.clone()?;
    Some(TemplateSource {
        worker,
        address,
        size: file.size,
        virtual_size: file.virtual_size,
        format: disk_format(&file.format),
        sha256: file.sha256.clone(),
    })
}
