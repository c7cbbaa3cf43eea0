//! The orders of a manager to an agent.

use hostler_model::{
    Bytes, CommandId, Generation, InstanceName, MacAddress, NicId, RunId, SnapshotId,
    StoragePoolId, TemplateId, VmId, VolumeId,
};
use serde::{Deserialize, Serialize};

use crate::{
    AdoptCommand, Answer, DescribeCommand, DiskSpec, GuestNetwork, GuestOs, HostReport,
    ImportVolumeCommand, IsoSpec, NicSpec, ReleaseCommand, SendTemplateCommand, TemplateSource,
    VmSpec, VolumeSpec, WorkerCommand,
};

/// A numbered order. The same id is the same order, however often it arrives; it runs once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Which order it is.
    pub id: CommandId,
    /// Seconds that it may take; 0: as long as its kind usually may.
    pub wait_seconds: u32,
    /// What is to be done.
    pub command: Command,
}

/// What is to be done.
///
/// bincode writes a variant as its position: append, never reorder, never remove. Every change to this
/// enum, or to a type inside it, raises [`ProtocolVersion::CURRENT`](crate::ProtocolVersion::CURRENT).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Run a VM.
    Start(StartCommand),
    /// End a VM's libvirt domain.
    Stop(StopCommand),
    /// Restart a VM in its libvirt domain.
    Reboot(RebootCommand),
    /// Remove what is kept of a VM beside its volumes.
    Forget(ForgetCommand),
    /// Have a template on a storage pool.
    PrepareTemplate(PrepareTemplateCommand),
    /// Remove a template from a storage pool.
    RemoveTemplate(RemoveTemplateCommand),
    /// Write a volume.
    CreateVolume(CreateVolumeCommand),
    /// Delete a volume.
    DeleteVolume(DeleteVolumeCommand),
    /// Serve DHCP, DNS and metadata to a NIC.
    PrepareNic(PrepareNicCommand),
    /// Serve it no longer.
    ReleaseNic(ReleaseNicCommand),
    /// Show what a VM wrote on its serial console.
    ConsoleLog(ConsoleLogCommand),
    /// Say what became of earlier orders.
    Inquire(InquireCommand),
    /// Say everything about the VMs there are.
    Report(ReportCommand),
    /// An order for an image worker.
    Worker(WorkerCommand),
    /// Give a running VM another disk.
    AttachVolume(AttachVolumeCommand),
    /// Take a disk from a running VM.
    DetachVolume(DetachVolumeCommand),
    /// Make a volume larger.
    ResizeVolume(ResizeVolumeCommand),
    /// Put an ISO into the drive of a running VM, or take out the one that is in it.
    ChangeIso(ChangeIsoCommand),
    /// Copy a volume as it is at a moment.
    CreateSnapshot(CreateSnapshotCommand),
    /// Delete such a copy.
    DeleteSnapshot(DeleteSnapshotCommand),
    /// Write a volume from such a copy.
    RestoreSnapshot(RestoreSnapshotCommand),
    /// Describe a libvirt domain, whoever made it.
    Describe(DescribeCommand),
    /// Take over a libvirt domain that somebody else made.
    Adopt(AdoptCommand),
    /// Give one back that was taken over.
    Release(ReleaseCommand),
    /// Send a volume, or such a copy, to an image worker.
    SendTemplate(SendTemplateCommand),
    /// Write a volume from a file of an image worker.
    ImportVolume(ImportVolumeCommand),
    /// Copy several volumes of a VM as they are at one moment.
    CopyVolumes(CopyVolumesCommand),
    /// Say which volumes are not there.
    FindVolumes(FindVolumesCommand),
    /// Give a running VM another network interface.
    AttachNic(AttachNicCommand),
    /// Take a network interface from a running VM.
    DetachNic(DetachNicCommand),
}

/// Ties each command to its own answer: who calls with a `StopCommand` gets a `StopAnswer`.
pub trait Call: Into<Command> {
    /// What comes back.
    type Answer: TryFrom<Answer, Error = crate::UnexpectedAnswer>;
}

/// Runs a VM. A libvirt domain of the same run that is there already is a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartCommand {
    /// The VM.
    pub vm: VmSpec,
}

/// Ends a VM's libvirt domain and removes its definition. None there is a success. Volumes stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopCommand {
    /// The VM.
    pub vm: VmId,
    /// The run that is meant; a domain of another run is not touched.
    pub run: RunId,
    /// The newest generation that the manager knows.
    pub generation: Generation,
    /// Name of the libvirt domain.
    pub name: InstanceName,
    /// Whether to spare the guest's own shutdown.
    pub force: bool,
    /// Seconds that the guest has to shut itself down before its domain is destroyed.
    pub grace_seconds: u32,
}

/// Restarts the guest without ending its libvirt domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RebootCommand {
    /// The VM.
    pub vm: VmId,
    /// The run that is meant.
    pub run: RunId,
    /// Name of the libvirt domain.
    pub name: InstanceName,
    /// Reset instead of asking the guest.
    pub force: bool,
}

/// Removes seed, console log and definition of a VM. Refused while its domain runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgetCommand {
    /// The VM.
    pub vm: VmId,
    /// Name of the libvirt domain.
    pub name: InstanceName,
}

/// Has a template on a pool, copying it from the image worker if it is not there.
///
/// However many orders ask at once, it is copied once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrepareTemplateCommand {
    /// The template.
    pub template: TemplateId,
    /// The pool.
    pub pool: StoragePoolId,
    /// Where it is to be had.
    pub source: TemplateSource,
}

/// Removes a template from a pool. Not there is a success; overlays on it are a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveTemplateCommand {
    /// The template.
    pub template: TemplateId,
    /// The pool.
    pub pool: StoragePoolId,
}

/// Writes a volume. One that is there already, of the same size and template, is a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateVolumeCommand {
    /// What is to be written.
    pub volume: VolumeSpec,
}

/// Deletes a volume. Not there is a success; in use is a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteVolumeCommand {
    /// The volume.
    pub volume: VolumeId,
    /// Its pool.
    pub pool: StoragePoolId,
}

/// Serves DHCP and DNS to a NIC before its VM starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrepareNicCommand {
    /// The VM.
    pub vm: VmId,
    /// The guest's host name.
    pub host_name: hostler_model::HostName,
    /// The NIC with its network.
    pub nic: NicSpec,
}

/// Serves a NIC no longer. The last one of a network on the host ends the service for that network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseNicCommand {
    /// The VM.
    pub vm: VmId,
    /// The NIC.
    pub nic: NicId,
    /// Its network.
    pub network: GuestNetwork,
}

/// Shows the end of what a VM wrote on its serial console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsoleLogCommand {
    /// The VM.
    pub vm: VmId,
    /// Name of the libvirt domain.
    pub name: InstanceName,
    /// At most so much.
    pub tail: Bytes,
}

/// Asks what became of orders whose answers were lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InquireCommand {
    /// The orders.
    pub orders: Vec<CommandId>,
}

/// Asks for a full report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportCommand {}

/// A run of a VM that an order about its running libvirt domain means; another run is not touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningVm {
    /// The VM.
    pub vm: VmId,
    /// The run that is meant.
    pub run: RunId,
    /// The newest generation that the manager knows.
    pub generation: Generation,
    /// Name of the libvirt domain.
    pub name: InstanceName,
}

/// Plugs a volume into a running VM. One that is plugged in already is a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachVolumeCommand {
    /// Whose disk it becomes.
    pub to: RunningVm,
    /// The volume, which has to be there.
    pub disk: DiskSpec,
}

/// Unplugs a volume from a running VM and waits until its guest has let go. Not plugged in, or a VM that does not
/// run any more, is a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetachVolumeCommand {
    /// Whose disk it is.
    pub from: RunningVm,
    /// The volume.
    pub volume: VolumeId,
    /// Its pool.
    pub pool: StoragePoolId,
    /// Seconds that the guest has to let go.
    pub grace_seconds: u32,
}

/// Plugs a network interface into a running VM. One that is plugged in already is a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachNicCommand {
    /// Whose interface it becomes.
    pub to: RunningVm,
    /// The interface.
    pub nic: NicSpec,
    /// What the guest is: which model it has drivers for.
    pub os: GuestOs,
    /// The model that its user wants (the VM's detail `nicAdapter`).
    pub adapter: Option<String>,
}

/// Unplugs a network interface from a running VM and waits until its guest has let go. Not plugged in, or a VM that does
/// not run any more, is a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetachNicCommand {
    /// Whose interface it is.
    pub from: RunningVm,
    /// Its hardware address.
    pub mac: MacAddress,
    /// Seconds that the guest has to let go.
    pub grace_seconds: u32,
}

/// Makes a volume larger. One that is as large already, or larger, is a success; a volume never gets smaller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResizeVolumeCommand {
    /// The volume.
    pub volume: VolumeId,
    /// Its pool.
    pub pool: StoragePoolId,
    /// How large the guest is to see it.
    pub size: Bytes,
    /// The VM that has it as a disk just now; nothing: nobody may have it open.
    pub used_by: Option<RunningVm>,
}

/// Puts an ISO into the drive of a running VM in place of the one that is there, or leaves the drive empty. As asked
/// already is a success; an empty drive is, too, that of a VM that does not run any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeIsoCommand {
    /// Whose drive it is.
    pub of: RunningVm,
    /// The ISO, which has to be on the pool; nothing: the drive is to be empty.
    pub iso: Option<IsoSpec>,
    /// Whether to change it although the guest has locked its drive.
    pub force: bool,
}

/// Copies a volume as it is at one moment, as if the power had failed then, to a file of its own on the same pool. A
/// copy that is complete already is a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateSnapshotCommand {
    /// The copy.
    pub snapshot: SnapshotId,
    /// The volume.
    pub volume: VolumeId,
    /// The pool of both.
    pub pool: StoragePoolId,
    /// The VM that has it as a disk just now; nothing: nobody may have it open.
    pub used_by: Option<RunningVm>,
}

/// Copies several volumes as they all are at one moment, as if the power had failed then, each to a file of its own on
/// the same pool. When all copies are complete already that is a success; when some are, all are made anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyVolumesCommand {
    /// The copies, each with its volume.
    pub copies: Vec<(SnapshotId, VolumeId)>,
    /// The pool of all.
    pub pool: StoragePoolId,
    /// The VM that has all of them as disks just now; nothing: nobody may have one open.
    pub used_by: Option<RunningVm>,
}

/// Deletes a copy of a volume. Not there is a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteSnapshotCommand {
    /// The copy.
    pub snapshot: SnapshotId,
    /// Its pool.
    pub pool: StoragePoolId,
}

/// Writes a volume that nobody has open as a copy has it, in place of what there is of the volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreSnapshotCommand {
    /// The copy, which stays.
    pub snapshot: SnapshotId,
    /// The volume.
    pub volume: VolumeId,
    /// The pool of both.
    pub pool: StoragePoolId,
    /// How large the guest is to see the volume; at least as large as the copy.
    pub size: Bytes,
}

/// Asks which of these volumes are not on a pool. Nothing is changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindVolumesCommand {
    /// The pool.
    pub pool: StoragePoolId,
    /// The volumes.
    pub volumes: Vec<VolumeId>,
}

/// The answer to [`ReportCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportAnswer {
    /// What the host knows about its VMs.
    pub report: HostReport,
}

impl Command {
    /// Its name, for logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Start(_) => "StartCommand",
            Self::Stop(_) => "StopCommand",
            Self::Reboot(_) => "RebootCommand",
            Self::Forget(_) => "ForgetCommand",
            Self::PrepareTemplate(_) => "PrepareTemplateCommand",
            Self::RemoveTemplate(_) => "RemoveTemplateCommand",
            Self::CreateVolume(_) => "CreateVolumeCommand",
            Self::DeleteVolume(_) => "DeleteVolumeCommand",
            Self::PrepareNic(_) => "PrepareNicCommand",
            Self::ReleaseNic(_) => "ReleaseNicCommand",
            Self::ConsoleLog(_) => "ConsoleLogCommand",
            Self::Inquire(_) => "InquireCommand",
            Self::Report(_) => "ReportCommand",
            Self::Worker(c) => c.name(),
            Self::AttachVolume(_) => "AttachVolumeCommand",
            Self::DetachVolume(_) => "DetachVolumeCommand",
            Self::ResizeVolume(_) => "ResizeVolumeCommand",
            Self::ChangeIso(_) => "ChangeIsoCommand",
            Self::CreateSnapshot(_) => "CreateSnapshotCommand",
            Self::DeleteSnapshot(_) => "DeleteSnapshotCommand",
            Self::RestoreSnapshot(_) => "RestoreSnapshotCommand",
            Self::Describe(_) => "DescribeCommand",
            Self::Adopt(_) => "AdoptCommand",
            Self::Release(_) => "ReleaseCommand",
            Self::SendTemplate(_) => "SendTemplateCommand",
            Self::ImportVolume(_) => "ImportVolumeCommand",
            Self::CopyVolumes(_) => "CopyVolumesCommand",
            Self::FindVolumes(_) => "FindVolumesCommand",
            Self::AttachNic(_) => "AttachNicCommand",
            Self::DetachNic(_) => "DetachNicCommand",
        }
    }

    /// The VM that it is about; commands for one VM take turns.
    pub const fn vm(&self) -> Option<VmId> {
        match self {
            Self::Start(c) => Some(c.vm.vm),
            Self::Stop(c) => Some(c.vm),
            Self::Reboot(c) => Some(c.vm),
            Self::Forget(c) => Some(c.vm),
            Self::PrepareNic(c) => Some(c.vm),
            Self::ReleaseNic(c) => Some(c.vm),
            Self::AttachVolume(c) => Some(c.to.vm),
            Self::DetachVolume(c) => Some(c.from.vm),
            Self::ChangeIso(c) => Some(c.of.vm),
            Self::AttachNic(c) => Some(c.to.vm),
            Self::DetachNic(c) => Some(c.from.vm),
            Self::ResizeVolume(ResizeVolumeCommand { used_by: Some(by), .. }) => Some(by.vm),
            Self::CreateSnapshot(CreateSnapshotCommand { used_by: Some(by), .. }) => Some(by.vm),
            Self::CopyVolumes(CopyVolumesCommand { used_by: Some(by), .. }) => Some(by.vm),
            Self::Adopt(c) => Some(c.vm),
            Self::Release(c) => Some(c.vm),
            Self::ResizeVolume(_)
            | Self::CreateSnapshot(_)
            | Self::DeleteSnapshot(_)
            | Self::RestoreSnapshot(_)
            | Self::CopyVolumes(_)
            | Self::SendTemplate(_)
            | Self::ImportVolume(_)
            | Self::PrepareTemplate(_)
            | Self::RemoveTemplate(_)
            | Self::CreateVolume(_)
            | Self::DeleteVolume(_)
            | Self::ConsoleLog(_)
            | Self::Inquire(_)
            | Self::Report(_)
            | Self::Describe(_)
            | Self::FindVolumes(_)
            | Self::Worker(_) => None,
        }
    }
}
