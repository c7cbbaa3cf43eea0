//! `createServiceOffering`: puts a size of VMs on sale.

use hostler_model::{Bytes, Mhz, Mib, ServiceOfferingId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::service_offering::{ServiceOfferingRow, service_offering_add};
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::offering::{SERVICE_OFFERING, service_offering};

/// Most CPUs of a VM: what QEMU's usual machine type takes.
const MOST_CPUS: i32 = 255;

api_command! {
    /// Puts a size of VMs on sale.
    pub(crate) struct CreateServiceOffering = "createServiceOffering", synchronous
        .roles(Roles::ADMIN).object("serviceoffering").shape(&SERVICE_OFFERING);

    /// Its name.
    name: required string,
    /// What it is, for buyers; its name by default.
    displaytext: optional string .max(4096),
    /// How many CPUs, from 1 to 255.
    cpunumber: required integer,
    /// How fast each CPU is, in MHz.
    cpuspeed: required integer,
    /// How much memory, in MiB, from 32.
    memory: required integer,
    /// Whether a VM gets no more than that even when CPUs are idle.
    limitcpuuse: optional boolean,
    /// Size of the root volume in GiB; without it, the template's.
    rootdisksize: optional long,
    /// Where volumes live: local, the only one there is yet.
    storagetype: optional string,
    /// Tags that a host must have, separated by commas.
    hosttags: optional string,
    /// Tags that a storage pool must have, separated by commas.
    tags: optional string,
}

impl Handler for CreateServiceOffering {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let within = |param: &str, value: i32, least: i32, most: i32| {
            if (least..=most).contains(&value) {
                return Ok(u64::try_from(value).unwrap_or(0));
            }
            Err(call.wrong(param, &value.to_string(), &format!("a number from {least} to {most}")))
        };
        let cpus = within("cpunumber", self.cpunumber, 1, MOST_CPUS)?;
        let speed = within("cpuspeed", self.cpuspeed, 1, 100_000)?;
        let memory = within("memory", self.memory, 32, 64 * 1024 * 1024)?;
        if let Some(other) = self.storagetype.filter(|kind| kind != "local") {
            return Err(call.wrong("storagetype", &other, "local"));
        }
        let root_size = match self.rootdisksize {
            None | Some(0) => None,
            Some(size @ 1..=65_536) => Some(Bytes::from_gib(size.unsigned_abs())),
            Some(odd) => {
                let text = odd.to_string();
                return Err(call.wrong("rootdisksize", &text, "a number of GiB from 1 to 65536"));
            }
        };
        let row = ServiceOfferingRow {
            id: ServiceOfferingId::new(Uuid::new_v4()),
            display_text: self.displaytext.unwrap_or_else(|| self.name.clone()),
            name: self.name,
            cpus: u32::try_from(cpus).unwrap_or(1),
            cpu_speed: Mhz(speed),
            memory: Mib(memory),
            limit_cpu: self.limitcpuuse.unwrap_or(false),
            storage_type: "local".to_owned(),
            root_size,
            host_tags: self.hosttags.unwrap_or_default(),
            tags: self.tags.unwrap_or_default(),
            created: call.now(),
        };
        let event = call.event("SERVICE.OFFERING.CREATE").about("ServiceOffering", row.id.uuid());
        let shown = service_offering(&row, true);
        call.write(move |tx| {
            service_offering_add(tx, &row)?;
            event.record(tx, format!("service offering {} was put on sale", row.name))
        })
        .await?;
        Ok(call.object(shown))
    }
}
