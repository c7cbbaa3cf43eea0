//! Writes an adoption down: the VM, its volumes, NICs, run and claim, and the job, in one transaction.
//!
//! The guest runs already, so the VM begins as one that is being started and has its host.

use hostler_model::{
    Bytes, LimitKind, Mhz, Mib, NicId, RunEvent, RunId, Timestamp, VmEvent, VmId, VolumeEvent,
    VolumeId, of_physical,
};
use hostler_store::address::{AddressFor, address_give, network_room};
use hostler_store::adoption::{
    AdoptionRow, adoption_add, pool_require_promise, template_of_adopted, volume_at,
};
use hostler_store::claim::{Claim, claim_take};
use hostler_store::cluster::cluster_get;
use hostler_store::event::event_add;
use hostler_store::host::{HostRow, host_get};
use hostler_store::job::{NewJob, job_add};
use hostler_store::limit::{self, LimitDefaults};
use hostler_store::nic::{NewNic, nic_add};
use hostler_store::run::{run_add, run_transition};
use hostler_store::vm::{NewVm, VmChange, vm_add, vm_get, vm_transition};
use hostler_store::volume::{
    NewDataVolume, RootSource, volume_add, volume_add_root, volume_get, volume_transition,
};
use hostler_store::{StoreError, Tx};
use hostler_wire::AdoptedDisk;
use serde_json::json;
use uuid::Uuid;

use super::{AdoptionPlan, PlannedVolume, take};
use crate::context::Context;
use crate::error::ServiceError;
use crate::orchestration::Caller;
use crate::settings::INSTANCE_NAME;

/// An adoption before it is written down.
pub(super) struct Record {
    pub(super) job: NewJob,
    id: VmId,
    run: RunId,
    plan: AdoptionPlan,
    volumes: Vec<VolumeId>,
    caller: Caller,
    suffix: String,
    limits: LimitDefaults,
    now: Timestamp,
}

impl Record {
    pub(super) fn new(app: &Context, caller: &Caller, id: VmId, plan: AdoptionPlan) -> Self {
        let run = RunId::new(Uuid::now_v7());
        let volumes: Vec<_> = plan.volumes.iter().map(|_| VolumeId::new(Uuid::now_v7())).collect();
        let disks = plan.volumes.iter().zip(&volumes).map(|(planned, volume)| AdoptedDisk {
            volume: *volume,
            pool: planned.pool,
            path: planned.path.clone(),
        });
        let input = take::Input {
            host: plan.host,
            host_name: plan.host_name.clone(),
            domain: plan.domain.uuid,
            run,
            disks: disks.collect(),
        };
        let subject = ("VirtualMachine", id.uuid());
        let job = caller.job(take::KIND, "adoptVirtualMachine", subject, json!(input), take::STEPS);
        Self {
            job,
            id,
            run,
            plan,
            volumes,
            caller: caller.clone(),
            suffix: app.settings.text(&INSTANCE_NAME),
            limits: app.settings.limits(),
            now: app.now(),
        }
    }

    /// Checks against the record, and writes everything.
    pub(super) fn write_down(self, tx: &Tx<'_>) -> Result<(), ServiceError> {
        let Self { id, now, plan, .. } = &self;
        let (id, now, owner) = (*id, *now, self.caller.account);
        tx.because(self.caller.cause());
        let host = host_get(tx, plan.host)?;
        let size: Bytes = Bytes(plan.volumes.iter().map(|volume| volume.size.0).sum());
        let volumes = u64::try_from(plan.volumes.len()).unwrap_or(u64::MAX);
        let asked = [
            (LimitKind::UserVm, 1),
            (LimitKind::Cpu, plan.size.cpus.into()),
            (LimitKind::Memory, plan.size.memory.0),
            (LimitKind::Volume, volumes),
            (LimitKind::PrimaryStorage, size.0),
        ];
        limit::claim(tx, &self.limits, owner, &asked)?;
        let name = vm_add(tx, &self.new_vm(tx, &host)?, now)?;
        let adoption = AdoptionRow {
            vm: id,
            host: host.id,
            domain: plan.domain.uuid,
            name: plan.domain.domain_name.clone(),
            machine: plan.domain.machine.clone(),
        };
        adoption_add(tx, &adoption, now)?;
        for (device, (planned, volume)) in (0..).zip(plan.volumes.iter().zip(&self.volumes)) {
            self.add_volume(tx, &host, planned, *volume, (device, name.vm_number()))?;
        }
        self.add_nics(tx)?;
        self.claim_room(tx, &host)?;
        job_add(tx, &self.job, now)?;
        let text = format!(
            "libvirt domain {} on {} is to be adopted as {name}",
            plan.domain.domain_name, plan.host_name
        );
        let subject = ("VirtualMachine", id.uuid());
        let event = self.caller.event(now, "VM.ADOPT", text, subject, Some(self.job.id));
        Ok(event_add(tx, &event)?)
    }

    fn new_vm(&self, tx: &Tx<'_>, host: &HostRow) -> Result<NewVm, StoreError> {
        let account = self.caller.account;
        let arch =
            if self.plan.domain.arch.is_empty() { &host.arch } else { &self.plan.domain.arch };
        Ok(NewVm {
            id: self.id,
            account,
            user: self.caller.user,
            zone: host.zone,
            host_name: self.plan.name.clone(),
            display_name: self.plan.display_name.clone(),
            suffix: self.suffix.clone(),
            offering: self.plan.size.offering,
            template: template_of_adopted(tx, arch, account, self.now)?,
            wanted_host: None,
            group: None,
            ssh_keys: Vec::new(),
            user_data: None,
            user_data_id: None,
            user_data_details: std::collections::BTreeMap::new(),
            keyboard: None,
            vnc_password: String::new(),
            details: std::collections::BTreeMap::new(),
            own_size: self.plan.size.own,
            display: true,
            dynamically_scalable: false,
            password: None,
            iso: None,
            availability_zone: None,
        })
    }

    /// Records a volume that is written already.
    fn add_volume(
        &self,
        tx: &Tx<'_>,
        host: &HostRow,
        planned: &PlannedVolume,
        id: VolumeId,
        (device, number): (u32, u64),
    ) -> Result<(), ServiceError> {
        let (now, account, zone) = (self.now, self.caller.account, host.zone);
        let PlannedVolume { target, path, size, pool } = planned;
        if let Some(other) = volume_at(tx, *pool, path)? {
            return Err(ServiceError::parameter(format!(
                "disk {target}: {path} is volume {other} of this cloud already"
            )));
        }
        pool_require_promise(tx, *pool, *size)?;
        if device == 0 {
            let name = format!("ROOT-{number}");
            let source = RootSource::Adopted;
            volume_add_root(tx, id, self.id, account, zone, source, *size, &name, now)?;
        } else {
            let new = NewDataVolume {
                id,
                account,
                zone,
                vm: Some((self.id, device)),
                name: format!("DATA-{number}-{target}"),
                offering: None,
                size: *size,
            };
            volume_add(tx, &new, now)?;
        }
        let mut row = volume_get(tx, id)?;
        for (event, path) in
            [(VolumeEvent::CreateRequested, None), (VolumeEvent::Created, Some(path.as_str()))]
        {
            row = volume_transition(tx, &row, event, Some(*pool), path, now)?;
        }
        Ok(())
    }

    fn add_nics(&self, tx: &Tx<'_>) -> Result<(), ServiceError> {
        let now = self.now;
        for (device, nic) in (0..).zip(&self.plan.nics) {
            let ip = match nic.ip {
                Some(ip) => Some(network_room(tx, nic.network)?.choose(tx, Some(ip))?),
                None => None,
            };
            let new = NewNic {
                id: NicId::new(Uuid::new_v4()),
                vm: self.id,
                network: nic.network,
                device,
                mac: nic.mac,
                ip,
                is_default: device == 0,
            };
            nic_add(tx, &new, now)?;
            if let Some(ip) = ip {
                address_give(tx, nic.network, (ip, true), AddressFor::Nic(new.id), now)?;
            }
        }
        Ok(())
    }

    /// The run, and what it takes of its host, as a start does.
    fn claim_room(&self, tx: &Tx<'_>, host: &HostRow) -> Result<(), ServiceError> {
        let (now, size) = (self.now, &self.plan.size);
        let cluster = host.cluster.ok_or_else(|| {
            ServiceError::parameter(format!("host {} is in no cluster", host.name))
        })?;
        let cluster = cluster_get(tx, cluster)?;
        let ratios = (cluster.cpu_ratio, cluster.memory_ratio);
        let run = run_add(tx, self.run, self.id, host.id, ratios, now)?;
        let sold = u64::from(size.cpus).saturating_mul(size.cpu_mhz.0);
        let claim = Claim {
            run: run.id,
            vm: self.id,
            host: host.id,
            cpu: Mhz(of_physical(sold, ratios.0)),
            memory: Mib(of_physical(size.memory.0, ratios.1)),
            disk: None, // its volumes' rows have taken it
        };
        claim_take(tx, &claim)?;
        let row = vm_get(tx, self.id)?;
        let change = VmChange { run: Some(run.id), last_host: Some(host.id), error: None };
        vm_transition(tx, &row, VmEvent::StartRequested, &change, now)?;
        run_transition(tx, &run, RunEvent::StartSent, run.generation.next(), now)?;
        Ok(())
    }
}
