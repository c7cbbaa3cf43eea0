//! libvirt's domain XML as Rust structs, as much of it as we write. `@name` is an attribute, `$text` the content.
//!
//! Not here: which values stand in them ([`super`]). The names are libvirt's own; see its "Domain XML format".

use serde::Serialize;

/// An element that says something by its attribute alone.
macro_rules! one_attribute {
    ($($(#[$doc:meta])* $element:ident { $field:ident: $name:literal });* $(;)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Serialize)]
        pub(super) struct $element {
            #[serde(rename = $name)]
            pub(super) $field: String,
        }
    )*};
}

one_attribute! {
    /// `<x type=…/>`
    Typed { kind: "@type" };
    /// `<x model=…/>`
    Modelled { model: "@model" };
    /// `<x state=…/>`
    Stated { state: "@state" };
    /// `<x size=…/>`
    Sized { size: "@size" };
    /// `<boot order=…/>`
    BootOrder { order: "@order" };
    /// `<source file=…/>`
    SourceFile { file: "@file" };
    /// `<source bridge=…/>`
    SourceBridge { bridge: "@bridge" };
    /// `<target dev=…/>`
    TargetDevice { dev: "@dev" };
    /// `<mac address=…/>`
    Address { address: "@address" };
}

/// An empty element.
#[derive(Debug, Serialize)]
pub(super) struct Empty {}

#[derive(Debug, Serialize)]
#[serde(rename = "domain")]
pub(super) struct Domain {
    #[serde(rename = "@type")]
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) uuid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<String>,
    pub(super) metadata: Metadata,
    pub(super) memory: Kib,
    #[serde(rename = "currentMemory")]
    pub(super) current_memory: Kib,
    pub(super) vcpu: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) iothreads: Option<u32>,
    pub(super) cputune: CpuTune,
    pub(super) os: Os,
    pub(super) features: Features,
    pub(super) cpu: Cpu,
    pub(super) clock: Clock,
    pub(super) on_poweroff: &'static str,
    pub(super) on_reboot: &'static str,
    pub(super) on_crash: &'static str,
    pub(super) devices: Devices,
}

#[derive(Debug, Serialize)]
pub(super) struct Metadata {
    #[serde(rename = "hostler:vm")]
    pub(super) mark: Mark,
}

#[derive(Debug, Serialize)]
pub(super) struct Mark {
    #[serde(rename = "@xmlns:hostler")]
    pub(super) namespace: &'static str,
    #[serde(rename = "@cloud")]
    pub(super) cloud: String,
    #[serde(rename = "@vm")]
    pub(super) vm: String,
    #[serde(rename = "@run")]
    pub(super) run: String,
    #[serde(rename = "@generation")]
    pub(super) generation: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Kib {
    #[serde(rename = "@unit")]
    pub(super) unit: &'static str,
    #[serde(rename = "$text")]
    pub(super) amount: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct CpuTune {
    pub(super) shares: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) period: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) quota: Option<u64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Os {
    #[serde(rename = "@firmware", skip_serializing_if = "Option::is_none")]
    pub(super) firmware: Option<&'static str>,
    #[serde(rename = "type")]
    pub(super) kind: OsType,
}

#[derive(Debug, Serialize)]
pub(super) struct OsType {
    #[serde(rename = "@arch")]
    pub(super) arch: String,
    #[serde(rename = "@machine", skip_serializing_if = "Option::is_none")]
    pub(super) machine: Option<String>,
    #[serde(rename = "$text")]
    pub(super) kind: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Features {
    pub(super) acpi: Empty,
    pub(super) apic: Empty,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hyperv: Option<HyperV>,
}

#[derive(Debug, Serialize)]
pub(super) struct HyperV {
    pub(super) relaxed: Stated,
    pub(super) vapic: Stated,
    pub(super) spinlocks: Spinlocks,
}

#[derive(Debug, Serialize)]
pub(super) struct Spinlocks {
    #[serde(rename = "@state")]
    pub(super) state: &'static str,
    #[serde(rename = "@retries")]
    pub(super) retries: u32,
}

#[derive(Debug, Serialize)]
pub(super) struct Cpu {
    #[serde(rename = "@mode")]
    pub(super) mode: &'static str,
    #[serde(rename = "@match", skip_serializing_if = "Option::is_none")]
    pub(super) matching: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) model: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Clock {
    #[serde(rename = "@offset")]
    pub(super) offset: &'static str,
    pub(super) timer: Vec<Timer>,
}

#[derive(Debug, Serialize)]
pub(super) struct Timer {
    #[serde(rename = "@name")]
    pub(super) name: &'static str,
    #[serde(rename = "@present", skip_serializing_if = "Option::is_none")]
    pub(super) present: Option<&'static str>,
    #[serde(rename = "@tickpolicy", skip_serializing_if = "Option::is_none")]
    pub(super) tick_policy: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Devices {
    pub(super) controller: Vec<Controller>,
    pub(super) disk: Vec<Disk>,
    pub(super) interface: Vec<Interface>,
    pub(super) serial: Serial,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) channel: Option<Channel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) input: Option<Input>,
    pub(super) graphics: Graphics,
    pub(super) video: Video,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rng: Option<Rng>,
    pub(super) memballoon: Modelled,
}

#[derive(Debug, Serialize)]
pub(super) struct Controller {
    #[serde(rename = "@type")]
    pub(super) kind: &'static str,
    #[serde(rename = "@index")]
    pub(super) index: usize,
    #[serde(rename = "@model", skip_serializing_if = "Option::is_none")]
    pub(super) model: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Disk {
    #[serde(rename = "@type")]
    pub(super) kind: &'static str,
    #[serde(rename = "@device")]
    pub(super) device: &'static str,
    pub(super) driver: Driver,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<SourceFile>,
    pub(super) target: DiskTarget,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) iotune: Option<IoTune>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) readonly: Option<Empty>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) serial: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) boot: Option<BootOrder>,
}

#[derive(Debug, Serialize)]
pub(super) struct Driver {
    #[serde(rename = "@name")]
    pub(super) name: &'static str,
    #[serde(rename = "@type")]
    pub(super) kind: &'static str,
    #[serde(rename = "@cache", skip_serializing_if = "Option::is_none")]
    pub(super) cache: Option<&'static str>,
    #[serde(rename = "@io", skip_serializing_if = "Option::is_none")]
    pub(super) io: Option<&'static str>,
    #[serde(rename = "@iothread", skip_serializing_if = "Option::is_none")]
    pub(super) iothread: Option<u32>,
    #[serde(rename = "@discard", skip_serializing_if = "Option::is_none")]
    pub(super) discard: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub(super) struct DiskTarget {
    #[serde(rename = "@dev")]
    pub(super) dev: String,
    #[serde(rename = "@bus")]
    pub(super) bus: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct IoTune {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) read_bytes_sec: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) write_bytes_sec: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) read_iops_sec: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) write_iops_sec: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) read_bytes_sec_max: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) write_bytes_sec_max: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) read_iops_sec_max: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) write_iops_sec_max: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) read_bytes_sec_max_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) write_bytes_sec_max_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) read_iops_sec_max_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) write_iops_sec_max_length: Option<u64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Interface {
    #[serde(rename = "@type")]
    pub(super) kind: &'static str,
    pub(super) mac: Address,
    pub(super) source: SourceBridge,
    pub(super) target: TargetDevice,
    pub(super) model: Typed,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) driver: Option<NicDriver>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mtu: Option<Sized>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct NicDriver {
    #[serde(rename = "@queues", skip_serializing_if = "Option::is_none")]
    pub(super) queues: Option<u32>,
    #[serde(rename = "@packed", skip_serializing_if = "Option::is_none")]
    pub(super) packed: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Serial {
    #[serde(rename = "@type")]
    pub(super) kind: &'static str,
    pub(super) log: Log,
    pub(super) target: Port,
}

#[derive(Debug, Serialize)]
pub(super) struct Log {
    #[serde(rename = "@file")]
    pub(super) file: String,
    #[serde(rename = "@append")]
    pub(super) append: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Port {
    #[serde(rename = "@port")]
    pub(super) port: u32,
}

#[derive(Debug, Serialize)]
pub(super) struct Channel {
    #[serde(rename = "@type")]
    pub(super) kind: &'static str,
    pub(super) target: ChannelTarget,
}

#[derive(Debug, Serialize)]
pub(super) struct ChannelTarget {
    #[serde(rename = "@type")]
    pub(super) kind: &'static str,
    #[serde(rename = "@name")]
    pub(super) name: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Input {
    #[serde(rename = "@type")]
    pub(super) kind: &'static str,
    #[serde(rename = "@bus")]
    pub(super) bus: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Graphics {
    #[serde(rename = "@type")]
    pub(super) kind: &'static str,
    #[serde(rename = "@port")]
    pub(super) port: i32,
    #[serde(rename = "@autoport")]
    pub(super) autoport: &'static str,
    #[serde(rename = "@passwd")]
    pub(super) password: String,
    #[serde(rename = "@keymap", skip_serializing_if = "Option::is_none")]
    pub(super) keymap: Option<String>,
    pub(super) listen: Listen,
}

#[derive(Debug, Serialize)]
pub(super) struct Listen {
    #[serde(rename = "@type")]
    pub(super) kind: &'static str,
    #[serde(rename = "@address")]
    pub(super) address: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Video {
    pub(super) model: Typed,
}

#[derive(Debug, Serialize)]
pub(super) struct Rng {
    #[serde(rename = "@model")]
    pub(super) model: &'static str,
    pub(super) backend: Backend,
}

#[derive(Debug, Serialize)]
pub(super) struct Backend {
    #[serde(rename = "@model")]
    pub(super) model: &'static str,
    #[serde(rename = "$text")]
    pub(super) path: &'static str,
}
