//! `ReportCommand`: everything about the VMs there are.

use hostler_wire::{ReportAnswer, ReportCommand};

use super::CommandError;
use crate::kvm::LibvirtComputingResource;
use crate::resource::Resource;

#[allow(clippy::unnecessary_wraps)] // like every command
pub(super) fn execute(
    resource: &LibvirtComputingResource,
    _command: &ReportCommand,
) -> Result<ReportAnswer, CommandError> {
    Ok(ReportAnswer { report: resource.report() })
}
