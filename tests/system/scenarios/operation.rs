//! What the administrator asks for: by which workflow, with what before, and in which words.

use anyhow::Context as _;
use hostler_client::Request;
use hostler_tests::books::Books;
use hostler_tests::process::CrashCloud;

use super::Operation;
use super::ground::{
    LINUX, account_with_vm, adopted, alien, deploy, host, idle, iso, job, new_vm, offer, root_of,
    succeeded, unused_template, uploaded, volume, wires, with_data,
};

impl Operation {
    /// The workflow.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Deploy => "vm.deploy",
            Self::Record => "vm.record",
            Self::Start => "vm.start",
            Self::Stop => "vm.stop",
            Self::Reboot => "vm.reboot",
            Self::Destroy => "vm.destroy",
            Self::Expunge => "vm.expunge",
            Self::Adopt => "vm.adopt",
            Self::Release => "vm.release",
            Self::Scale => "vm.scale",
            Self::Restore => "vm.restore",
            Self::RestoreRunning => "vm.restore_running",
            Self::Register => "template.register",
            Self::Delete => "template.delete",
            Self::Attach | Self::AttachOff | Self::AttachUploaded => "volume.attach",
            Self::Detach => "volume.detach",
            Self::Resize => "volume.resize",
            Self::DeleteVolume => "volume.delete",
            Self::AttachIso | Self::AttachIsoOff => "vm.attach_iso",
            Self::DetachIso => "vm.detach_iso",
            Self::AddNic | Self::AddNicOff => "vm.add_nic",
            Self::RemoveNic => "vm.remove_nic",
            Self::Snapshot | Self::SnapshotOff => "snapshot.create",
            Self::DeleteSnapshot => "snapshot.delete",
            Self::Revert => "snapshot.revert",
            Self::FromSnapshot => "volume.from_snapshot",
            Self::Template | Self::TemplateOfSnapshot => "template.create",
            Self::Extract => "template.extract",
            Self::ExtractVolume => "volume.extract",
            Self::Upload => "volume.upload",
            Self::Unstage => "volume.unstage",
            Self::VmSnapshot | Self::VmSnapshotOff => "vm_snapshot.create",
            Self::DeleteVmSnapshot => "vm_snapshot.delete",
            Self::RevertToVmSnapshot => "vm_snapshot.revert",
            Self::RestartNetwork => "network.restart",
            Self::ServeNics => "vm.serve_nics",
            Self::Maintain => "host.maintain",
            Self::Resume => "host.resume",
            Self::Reconnect => "host.reconnect",
            Self::DisableAccount => "account.disable",
            Self::DeleteAccount => "account.delete",
            Self::DeleteDomain => "domain.delete",
        }
    }

    /// The workflow whose job asks for it, where that is no request.
    pub(crate) const fn asked_by(self) -> Option<&'static str> {
        match self {
            Self::ServeNics => Some("network.restart"),
            Self::Unstage => Some("volume.upload"),
            _ => None,
        }
    }

    /// Whether jobs of the same workflow run before it is asked for.
    pub(crate) const fn prepares_with_its_like(self) -> bool {
        matches!(self, Self::Unstage)
    }

    /// Makes what it works on; its id.
    pub(crate) async fn prepare(
        self,
        crash: &CrashCloud,
        name: &str,
    ) -> anyhow::Result<Option<String>> {
        offer(crash).await?;
        match self {
            Self::Deploy | Self::Record | Self::Register | Self::Upload => Ok(None),
            Self::AttachUploaded => {
                let (vm, volume) = (deploy(crash, name, None).await?, uploaded(crash, name).await?);
                Ok(Some(format!("{vm} {volume}")))
            }
            Self::Unstage => {
                let volume = uploaded(crash, name).await?;
                crash.call(&Request::new("deleteVolume").with("id", volume)).await?;
                idle(crash).await?; // only when it is gone, its file is not needed
                Ok(None)
            }
            Self::VmSnapshot
            | Self::VmSnapshotOff
            | Self::DeleteVmSnapshot
            | Self::RevertToVmSnapshot => self.vm_with_data(crash, name).await.map(Some),
            Self::Extract => Ok(Some(crash.cloud.catalogue.template.to_string())),
            Self::RestoreRunning => {
                // it begins on the host that is preferred
                crash.all_up().await?;
                Ok(Some(deploy(crash, name, None).await?))
            }
            Self::Attach | Self::AttachOff => {
                let vm = deploy(crash, name, None).await?;
                if matches!(self, Self::AttachOff) {
                    job(crash, &Request::new("stopVirtualMachine").with("id", &vm)).await?;
                }
                Ok(Some(format!("{vm} {}", volume(crash, name).await?)))
            }
            Self::Detach | Self::Resize | Self::DeleteVolume => {
                let (vm, volume) = (deploy(crash, name, None).await?, volume(crash, name).await?);
                let both = format!("{vm} {volume}");
                job(crash, &Self::Attach.request(crash, name, Some(&both))).await?;
                if matches!(self, Self::DeleteVolume) {
                    job(crash, &Self::Detach.request(crash, name, Some(&both))).await?;
                }
                Ok(Some(both))
            }
            Self::AttachIso | Self::AttachIsoOff | Self::DetachIso => {
                let (vm, iso) = (deploy(crash, name, None).await?, iso(crash, name).await?);
                if matches!(self, Self::AttachIsoOff) {
                    job(crash, &Request::new("stopVirtualMachine").with("id", &vm)).await?;
                }
                let both = format!("{vm} {iso}");
                if matches!(self, Self::DetachIso) {
                    job(crash, &Self::AttachIso.request(crash, name, Some(&both))).await?;
                }
                Ok(Some(both))
            }
            Self::AddNic | Self::AddNicOff | Self::RemoveNic => {
                self.vm_and_wires(crash, name).await.map(Some)
            }
            Self::Snapshot | Self::SnapshotOff | Self::Template | Self::ExtractVolume => {
                let vm = deploy(crash, name, None).await?;
                if !matches!(self, Self::Snapshot) {
                    job(crash, &Request::new("stopVirtualMachine").with("id", &vm)).await?;
                }
                root_of(crash, &vm).map(Some)
            }
            Self::DeleteSnapshot | Self::Revert | Self::FromSnapshot | Self::TemplateOfSnapshot => {
                let vm = deploy(crash, name, None).await?;
                let request = Self::Snapshot.request(crash, name, Some(&root_of(crash, &vm)?));
                let handle = crash.client()?.start_job(&request).await?;
                succeeded(crash, &handle.job).await?;
                job(crash, &Request::new("stopVirtualMachine").with("id", &vm)).await?;
                handle.id.context("the id of the snapshot").map(Some)
            }
            Self::Expunge => {
                let deployed = with_data(crash, new_vm(crash, name, None));
                let handle = crash.client()?.start_job(&deployed).await?;
                succeeded(crash, &handle.job).await?;
                handle.id.context("the id of the VM").map(Some)
            }
            Self::Adopt => alien(crash, name).await.map(Some),
            Self::Release => adopted(crash, name).await.map(Some),
            Self::RestartNetwork | Self::ServeNics => {
                deploy(crash, name, None).await?;
                Ok(Some(crash.cloud.catalogue.network.to_string()))
            }
            Self::Stop | Self::Reboot | Self::Destroy => Ok(Some(deploy(crash, name, None).await?)),
            Self::Maintain | Self::Reconnect => Ok(Some(host(crash)?)),
            Self::Resume => {
                let host = host(crash)?;
                job(crash, &Self::Maintain.request(crash, name, Some(&host))).await?;
                Ok(Some(host))
            }
            Self::DisableAccount | Self::DeleteAccount => {
                Ok(Some(account_with_vm(crash, name).await?.1))
            }
            Self::DeleteDomain => Ok(Some(account_with_vm(crash, name).await?.0)),
            Self::Start | Self::Scale | Self::Restore => {
                let vm = deploy(crash, name, None).await?;
                job(crash, &Request::new("stopVirtualMachine").with("id", &vm)).await?;
                Ok(Some(vm))
            }
            Self::Delete => unused_template(crash, name).await.map(Some),
        }
    }

    /// A VM, and a network that it is to be on, or its NIC there.
    async fn vm_and_wires(self, crash: &CrashCloud, name: &str) -> anyhow::Result<String> {
        let (vm, network) = (deploy(crash, name, None).await?, wires(crash).await?);
        let both = format!("{vm} {network}");
        match self {
            Self::AddNicOff => {
                job(crash, &Request::new("stopVirtualMachine").with("id", &vm)).await?;
                Ok(both)
            }
            Self::RemoveNic => {
                job(crash, &Self::AddNic.request(crash, name, Some(&both))).await?;
                let sql = format!("SELECT id FROM nic WHERE vm = '{vm}' AND network = '{network}'");
                let nic = Books::open(&crash.database())?.value(&sql)?.context("the NIC")?;
                Ok(format!("{vm} {nic}"))
            }
            _ => Ok(both),
        }
    }

    /// A VM with a data volume, running or not, or a snapshot of such a one.
    async fn vm_with_data(self, crash: &CrashCloud, name: &str) -> anyhow::Result<String> {
        let deployed = with_data(crash, new_vm(crash, name, None));
        let handle = crash.client()?.start_job(&deployed).await?;
        succeeded(crash, &handle.job).await?;
        let vm = handle.id.context("the id of the VM")?;
        if matches!(self, Self::VmSnapshot) {
            return Ok(vm);
        }
        job(crash, &Request::new("stopVirtualMachine").with("id", &vm)).await?;
        if matches!(self, Self::VmSnapshotOff) {
            return Ok(vm);
        }
        let request = Self::VmSnapshot.request(crash, name, Some(&vm));
        let handle = crash.client()?.start_job(&request).await?;
        succeeded(crash, &handle.job).await?;
        handle.id.context("the id of the VM snapshot")
    }

    /// How it is asked for.
    pub(crate) fn request(self, crash: &CrashCloud, name: &str, subject: Option<&str>) -> Request {
        let id = subject.unwrap_or_default();
        let (vm, volume) = id.split_once(' ').unwrap_or_default();
        match self {
            Self::Attach | Self::AttachOff | Self::AttachUploaded => {
                Request::new("attachVolume").with("id", volume).with("virtualmachineid", vm)
            }
            Self::Detach => Request::new("detachVolume").with("id", volume),
            Self::AttachIso | Self::AttachIsoOff => {
                Request::new("attachIso").with("id", volume).with("virtualmachineid", vm)
            }
            Self::DetachIso => Request::new("detachIso").with("virtualmachineid", vm),
            Self::AddNic | Self::AddNicOff => Request::new("addNicToVirtualMachine")
                .with("virtualmachineid", vm)
                .with("networkid", volume),
            Self::RemoveNic => Request::new("removeNicFromVirtualMachine")
                .with("virtualmachineid", vm)
                .with("nicid", volume),
            Self::Snapshot | Self::SnapshotOff => {
                Request::new("createSnapshot").with("volumeid", id)
            }
            Self::DeleteSnapshot => Request::new("deleteSnapshot").with("id", id),
            Self::Revert => Request::new("revertSnapshot").with("id", id),
            Self::FromSnapshot => {
                Request::new("createVolume").with("name", name).with("snapshotid", id)
            }
            Self::Template => new_template(name).with("volumeid", id),
            Self::TemplateOfSnapshot => new_template(name).with("snapshotid", id),
            Self::Resize => Request::new("resizeVolume").with("id", volume).with("size", "3"),
            Self::DeleteVolume => {
                Request::new("destroyVolume").with("id", volume).with("expunge", "true")
            }
            Self::Deploy => with_data(crash, new_vm(crash, name, None)),
            Self::Record => new_vm(crash, name, None).with("startvm", "false"),
            Self::Start => Request::new("startVirtualMachine").with("id", id),
            Self::Stop => Request::new("stopVirtualMachine").with("id", id),
            Self::Reboot => Request::new("rebootVirtualMachine").with("id", id),
            Self::Destroy => Request::new("destroyVirtualMachine").with("id", id),
            Self::Adopt => {
                let offering = crash.cloud.catalogue.offering.to_string();
                let request = Request::new("adoptVirtualMachine").with("hostid", vm);
                request.with("alien", volume).with("serviceofferingid", offering)
            }
            Self::Release => Request::new("releaseVirtualMachine").with("id", id),
            Self::Expunge => {
                Request::new("destroyVirtualMachine").with("id", id).with("expunge", "true")
            }
            Self::Scale => Request::new("scaleVirtualMachine")
                .with("id", id)
                .with("serviceofferingid", crash.cloud.catalogue.offering.to_string()),
            Self::Restore | Self::RestoreRunning => {
                Request::new("restoreVirtualMachine").with("virtualmachineid", id)
            }
            Self::Register => Request::new("registerTemplate")
                .with("name", name)
                .with("url", "http://images.invalid/tiny.qcow2")
                .with("format", "QCOW2")
                .with("hypervisor", "KVM"),
            Self::Delete => Request::new("deleteTemplate").with("id", id),
            Self::Extract => {
                Request::new("extractTemplate").with("id", id).with("mode", "HTTP_DOWNLOAD")
            }
            Self::ExtractVolume => Request::new("extractVolume")
                .with("id", id)
                .with("zoneid", crash.cloud.catalogue.zone.to_string())
                .with("mode", "HTTP_DOWNLOAD"),
            Self::Upload | Self::Unstage => Request::new("uploadVolume")
                .with("name", name)
                .with("url", "http://images.invalid/disk.raw")
                .with("format", "RAW")
                .with("zoneid", crash.cloud.catalogue.zone.to_string()),
            Self::VmSnapshot | Self::VmSnapshotOff => {
                Request::new("createVMSnapshot").with("virtualmachineid", id)
            }
            Self::DeleteVmSnapshot => Request::new("deleteVMSnapshot").with("vmsnapshotid", id),
            Self::RevertToVmSnapshot => Request::new("revertToVMSnapshot").with("vmsnapshotid", id),
            Self::RestartNetwork | Self::ServeNics => Request::new("restartNetwork").with("id", id),
            Self::Maintain => Request::new("prepareHostForMaintenance").with("id", id),
            Self::Resume => Request::new("cancelHostMaintenance").with("id", id),
            Self::Reconnect => Request::new("reconnectHost").with("id", id),
            Self::DisableAccount => {
                Request::new("disableAccount").with("id", id).with("lock", "false")
            }
            Self::DeleteAccount => Request::new("deleteAccount").with("id", id),
            Self::DeleteDomain => {
                Request::new("deleteDomain").with("id", id).with("cleanup", "true")
            }
        }
    }
}

fn new_template(name: &str) -> Request {
    Request::new("createTemplate").with("name", name).with("ostypeid", LINUX)
}
