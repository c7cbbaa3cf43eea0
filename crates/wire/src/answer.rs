//! What an agent answers to its orders.

use hostler_model::{Bytes, CommandId, Generation, VolumeId};
use serde::{Deserialize, Serialize};

use crate::{
    AdoptAnswer, AdoptCommand, AttachNicCommand, AttachVolumeCommand, Call, ChangeIsoCommand,
    Command, ConsoleLogCommand, CopyVolumesCommand, CreateSnapshotCommand, CreateVolumeCommand,
    DeleteSnapshotCommand, DeleteTemplateAnswer, DeleteTemplateCommand, DeleteVolumeCommand,
    DescribeAnswer, DescribeCommand, DetachNicCommand, DetachVolumeCommand, DownloadAnswer,
    DownloadCommand, ExpectTemplateAnswer, ExpectTemplateCommand, FindVolumesCommand,
    ForgetCommand, ImportVolumeAnswer, ImportVolumeCommand, InquireCommand, KeepTemplateAnswer,
    KeepTemplateCommand, ListTemplatesAnswer, ListTemplatesCommand, PrepareNicCommand,
    PrepareTemplateCommand, RebootCommand, ReleaseAnswer, ReleaseCommand, ReleaseNicCommand,
    RemoveTemplateCommand, ReportAnswer, ReportCommand, ResizeVolumeCommand,
    RestoreSnapshotCommand, SendTemplateAnswer, SendTemplateCommand, ShareTemplateAnswer,
    ShareTemplateCommand, StartCommand, StopCommand, WorkerCommand,
};

/// What became of one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The order.
    pub id: CommandId,
    /// Its answer, or why there is none.
    pub result: Result<Answer, CommandFailure>,
}

/// The answer to a [`Command`]; append, never reorder, never remove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// To `Start`.
    Start(StartAnswer),
    /// To `Stop`.
    Stop(StopAnswer),
    /// To `Reboot`.
    Reboot(RebootAnswer),
    /// To `Forget`.
    Forget(ForgetAnswer),
    /// To `PrepareTemplate`.
    PrepareTemplate(PrepareTemplateAnswer),
    /// To `RemoveTemplate`.
    RemoveTemplate(RemoveTemplateAnswer),
    /// To `CreateVolume`.
    CreateVolume(CreateVolumeAnswer),
    /// To `DeleteVolume`.
    DeleteVolume(DeleteVolumeAnswer),
    /// To `PrepareNic`.
    PrepareNic(PrepareNicAnswer),
    /// To `ReleaseNic`.
    ReleaseNic(ReleaseNicAnswer),
    /// To `ConsoleLog`.
    ConsoleLog(ConsoleLogAnswer),
    /// To `Inquire`.
    Inquire(InquireAnswer),
    /// To `Report`.
    Report(ReportAnswer),
    /// To `Worker(Download)`.
    Download(DownloadAnswer),
    /// To `Worker(Delete)`.
    DeleteTemplate(DeleteTemplateAnswer),
    /// To `Worker(List)`.
    ListTemplates(ListTemplatesAnswer),
    /// To `AttachVolume`.
    AttachVolume(AttachVolumeAnswer),
    /// To `DetachVolume`.
    DetachVolume(DetachVolumeAnswer),
    /// To `ResizeVolume`.
    ResizeVolume(ResizeVolumeAnswer),
    /// To `ChangeIso`.
    ChangeIso(ChangeIsoAnswer),
    /// To `CreateSnapshot`.
    CreateSnapshot(CreateSnapshotAnswer),
    /// To `DeleteSnapshot`.
    DeleteSnapshot(DeleteSnapshotAnswer),
    /// To `RestoreSnapshot`.
    RestoreSnapshot(RestoreSnapshotAnswer),
    /// To `Describe`.
    Describe(DescribeAnswer),
    /// To `Adopt`.
    Adopt(AdoptAnswer),
    /// To `Release`.
    Release(ReleaseAnswer),
    /// To `SendTemplate`.
    SendTemplate(SendTemplateAnswer),
    /// To `Worker(Expect)`.
    ExpectTemplate(ExpectTemplateAnswer),
    /// To `Worker(Keep)`.
    KeepTemplate(KeepTemplateAnswer),
    /// To `Worker(Share)`.
    ShareTemplate(ShareTemplateAnswer),
    /// A volume is written from a file of an image worker.
    ImportVolume(ImportVolumeAnswer),
    /// Several volumes are copied.
    CopyVolumes(CopyVolumesAnswer),
    /// To `FindVolumes`.
    FindVolumes(FindVolumesAnswer),
    /// To `AttachNic`.
    AttachNic(AttachNicAnswer),
    /// To `DetachNic`.
    DetachNic(DetachNicAnswer),
}

/// Why an order was not carried out. After any of these nothing of it is left, unless the text says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{text}")]
pub struct CommandFailure {
    /// What kind of failure.
    pub kind: FailureKind,
    /// What was tried, on what, why not, and what to do: the whole chain of causes.
    pub text: String,
}

/// Kinds of failure, as far as the manager acts on the difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureKind {
    /// Tried and failed; trying elsewhere may help.
    Failed,
    /// The host has not enough of something.
    NoCapacity,
    /// The order names something that is not what the host has: an older generation, another run.
    Conflict,
    /// What it needs is in use.
    InUse,
    /// This agent cannot do it.
    Unsupported,
    /// It took longer than it may; the outcome is not known, ask.
    TimedOut,
    /// libvirt or the like could not be asked; the outcome is not known, ask.
    Unavailable,
    /// Not run, because an order before it in the request failed.
    NotRun,
    /// Called off before it had an effect.
    Cancelled,
}

/// The answer to [`StartCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartAnswer {
    /// The generation, now the agent's to raise.
    pub generation: Generation,
    /// Whether the same run was running before.
    pub was_running: bool,
    /// Port of the console over VNC, where there is one.
    pub vnc_port: Option<u16>,
}

/// The answer to [`StopCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopAnswer {
    /// How it ended.
    pub ended: StopEnding,
    /// The last generation of the run.
    pub generation: Generation,
}

/// How a VM was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopEnding {
    /// There was no libvirt domain of it.
    WasNotHere,
    /// The guest shut itself down.
    ShutDown,
    /// Its domain was destroyed.
    Destroyed,
}

/// The answer to [`RebootCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RebootAnswer {
    /// The generation after it.
    pub generation: Generation,
}

/// The answer to [`ForgetCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgetAnswer {}

/// The answer to [`PrepareTemplateCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrepareTemplateAnswer {
    /// Whether it was there before.
    pub was_there: bool,
    /// What it takes on the pool.
    pub size: Bytes,
}

/// The answer to [`RemoveTemplateCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveTemplateAnswer {
    /// Whether there was anything to remove.
    pub was_there: bool,
}

/// The answer to [`CreateVolumeCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateVolumeAnswer {
    /// How large the guest sees it.
    pub size: Bytes,
    /// Where it is on the host.
    pub path: String,
}

/// The answer to [`DeleteVolumeCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteVolumeAnswer {
    /// Whether there was anything to delete.
    pub was_there: bool,
}

/// The answer to [`AttachVolumeCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachVolumeAnswer {
    /// Whether it was plugged in before.
    pub was_attached: bool,
}

/// The answer to [`DetachVolumeCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetachVolumeAnswer {
    /// Whether it was plugged in.
    pub was_attached: bool,
}

/// The answer to [`AttachNicCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachNicAnswer {
    /// Whether it was plugged in before.
    pub was_attached: bool,
}

/// The answer to [`DetachNicCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetachNicAnswer {
    /// Whether it was plugged in.
    pub was_attached: bool,
}

/// The answer to [`ResizeVolumeCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResizeVolumeAnswer {
    /// How large the guest sees it.
    pub size: Bytes,
}

/// The answer to [`FindVolumesCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindVolumesAnswer {
    /// Those that are not there.
    pub missing: Vec<VolumeId>,
}

/// The answer to [`ChangeIsoCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeIsoAnswer {
    /// Whether it was so before.
    pub was_so: bool,
}

/// The answer to [`CreateSnapshotCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateSnapshotAnswer {
    /// How large a guest saw the volume.
    pub size: Bytes,
    /// What the copy takes on the pool.
    pub physical_size: Bytes,
    /// Where it is on the host.
    pub path: String,
}

/// The answer to [`CopyVolumesCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyVolumesAnswer {
    /// One for each copy, in the order of the command.
    pub copies: Vec<CreateSnapshotAnswer>,
}

/// The answer to [`DeleteSnapshotCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteSnapshotAnswer {
    /// Whether there was anything to delete.
    pub was_there: bool,
}

/// The answer to [`RestoreSnapshotCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreSnapshotAnswer {
    /// How large the guest sees the volume.
    pub size: Bytes,
    /// Where it is on the host.
    pub path: String,
}

/// The answer to [`PrepareNicCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrepareNicAnswer {}

/// The answer to [`ReleaseNicCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseNicAnswer {}

/// The answer to [`ConsoleLogCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsoleLogAnswer {
    /// The end of the log; bytes that are no UTF-8 are replaced.
    pub text: String,
}

/// The answer to [`InquireCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InquireAnswer {
    /// One entry an order, in the order of the question.
    pub orders: Vec<(CommandId, OrderState)>,
}

/// What an agent knows about an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderState {
    /// It never came here, or so long ago that it is forgotten. Sending it is safe.
    NeverSeen,
    /// It is waiting for its turn or being carried out. Its outcome will be sent on this connection, in a response
    /// of its own with the sequence of the question; whoever sends the order again waits for the same execution.
    InProgress,
    /// The agent ended in the middle of it. Sending it again finishes or repeats it.
    Interrupted,
    /// It is done.
    Done(Result<Box<Answer>, CommandFailure>),
}

/// An answer of another kind than the command's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the agent answered {got} to {wanted}")]
pub struct UnexpectedAnswer {
    /// What came.
    pub got: &'static str,
    /// What was asked.
    pub wanted: &'static str,
}

macro_rules! calls {
    ($($command:ident => $variant:ident, $answer:ident);* $(;)?) => {
        $(
            impl From<$command> for Command {
                fn from(command: $command) -> Self {
                    Self::$variant(command)
                }
            }
            calls!(@answer $command, $variant, $answer);
        )*
    };
    (@answer $command:ident, $variant:ident, $answer:ident) => {
        impl Call for $command {
            type Answer = $answer;
        }
        impl TryFrom<Answer> for $answer {
            type Error = UnexpectedAnswer;

            fn try_from(answer: Answer) -> Result<Self, UnexpectedAnswer> {
                match answer {
                    Answer::$variant(answer) => Ok(answer),
                    other => Err(UnexpectedAnswer {
                        got: other.name(),
                        wanted: stringify!($command),
                    }),
                }
            }
        }
    };
}

calls! {
    StartCommand => Start, StartAnswer;
    StopCommand => Stop, StopAnswer;
    RebootCommand => Reboot, RebootAnswer;
    ForgetCommand => Forget, ForgetAnswer;
    PrepareTemplateCommand => PrepareTemplate, PrepareTemplateAnswer;
    RemoveTemplateCommand => RemoveTemplate, RemoveTemplateAnswer;
    CreateVolumeCommand => CreateVolume, CreateVolumeAnswer;
    DeleteVolumeCommand => DeleteVolume, DeleteVolumeAnswer;
    PrepareNicCommand => PrepareNic, PrepareNicAnswer;
    ReleaseNicCommand => ReleaseNic, ReleaseNicAnswer;
    ConsoleLogCommand => ConsoleLog, ConsoleLogAnswer;
    InquireCommand => Inquire, InquireAnswer;
    ReportCommand => Report, ReportAnswer;
    AttachVolumeCommand => AttachVolume, AttachVolumeAnswer;
    DetachVolumeCommand => DetachVolume, DetachVolumeAnswer;
    ResizeVolumeCommand => ResizeVolume, ResizeVolumeAnswer;
    ChangeIsoCommand => ChangeIso, ChangeIsoAnswer;
    CreateSnapshotCommand => CreateSnapshot, CreateSnapshotAnswer;
    DeleteSnapshotCommand => DeleteSnapshot, DeleteSnapshotAnswer;
    RestoreSnapshotCommand => RestoreSnapshot, RestoreSnapshotAnswer;
    DescribeCommand => Describe, DescribeAnswer;
    AdoptCommand => Adopt, AdoptAnswer;
    ReleaseCommand => Release, ReleaseAnswer;
    SendTemplateCommand => SendTemplate, SendTemplateAnswer;
    ImportVolumeCommand => ImportVolume, ImportVolumeAnswer;
    CopyVolumesCommand => CopyVolumes, CopyVolumesAnswer;
    FindVolumesCommand => FindVolumes, FindVolumesAnswer;
    AttachNicCommand => AttachNic, AttachNicAnswer;
    DetachNicCommand => DetachNic, DetachNicAnswer;
}

macro_rules! worker_calls {
    ($($command:ident => $variant:ident => $answer_variant:ident, $answer:ident);* $(;)?) => {$(
        impl From<$command> for Command {
            fn from(command: $command) -> Self {
                Self::Worker(WorkerCommand::$variant(command))
            }
        }
        calls!(@answer $command, $answer_variant, $answer);
    )*};
}

worker_calls! {
    DownloadCommand => Download => Download, DownloadAnswer;
    DeleteTemplateCommand => Delete => DeleteTemplate, DeleteTemplateAnswer;
    ListTemplatesCommand => List => ListTemplates, ListTemplatesAnswer;
    ExpectTemplateCommand => Expect => ExpectTemplate, ExpectTemplateAnswer;
    KeepTemplateCommand => Keep => KeepTemplate, KeepTemplateAnswer;
    ShareTemplateCommand => Share => ShareTemplate, ShareTemplateAnswer;
}

impl Answer {
    /// Its name, for logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Start(_) => "StartAnswer",
            Self::Stop(_) => "StopAnswer",
            Self::Reboot(_) => "RebootAnswer",
            Self::Forget(_) => "ForgetAnswer",
            Self::PrepareTemplate(_) => "PrepareTemplateAnswer",
            Self::RemoveTemplate(_) => "RemoveTemplateAnswer",
            Self::CreateVolume(_) => "CreateVolumeAnswer",
            Self::DeleteVolume(_) => "DeleteVolumeAnswer",
            Self::PrepareNic(_) => "PrepareNicAnswer",
            Self::ReleaseNic(_) => "ReleaseNicAnswer",
            Self::ConsoleLog(_) => "ConsoleLogAnswer",
            Self::Inquire(_) => "InquireAnswer",
            Self::Report(_) => "ReportAnswer",
            Self::Download(_) => "DownloadAnswer",
            Self::DeleteTemplate(_) => "DeleteTemplateAnswer",
            Self::ListTemplates(_) => "ListTemplatesAnswer",
            Self::AttachVolume(_) => "AttachVolumeAnswer",
            Self::DetachVolume(_) => "DetachVolumeAnswer",
            Self::ResizeVolume(_) => "ResizeVolumeAnswer",
            Self::ChangeIso(_) => "ChangeIsoAnswer",
            Self::CreateSnapshot(_) => "CreateSnapshotAnswer",
            Self::DeleteSnapshot(_) => "DeleteSnapshotAnswer",
            Self::RestoreSnapshot(_) => "RestoreSnapshotAnswer",
            Self::Describe(_) => "DescribeAnswer",
            Self::Adopt(_) => "AdoptAnswer",
            Self::Release(_) => "ReleaseAnswer",
            Self::SendTemplate(_) => "SendTemplateAnswer",
            Self::ExpectTemplate(_) => "ExpectTemplateAnswer",
            Self::KeepTemplate(_) => "KeepTemplateAnswer",
            Self::ShareTemplate(_) => "ShareTemplateAnswer",
            Self::ImportVolume(_) => "ImportVolumeAnswer",
            Self::CopyVolumes(_) => "CopyVolumesAnswer",
            Self::FindVolumes(_) => "FindVolumesAnswer",
            Self::AttachNic(_) => "AttachNicAnswer",
            Self::DetachNic(_) => "DetachNicAnswer",
        }
    }
}
