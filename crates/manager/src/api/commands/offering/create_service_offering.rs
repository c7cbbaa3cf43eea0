//! `createServiceOffering`: puts a size of VMs on sale, fixed or chosen at deployment.

use std::collections::BTreeMap;

use hostler_model::{Bytes, DiskTerms, DomainId, Mhz, Mib, ServiceOfferingId, ZoneId};
use hostler_query_api::{Answer, ApiError, Roles, api_command};
use hostler_store::service_offering::{
    OfferingTerms, ServiceOfferingRow, service_offering_add, service_offering_get,
};
use uuid::Uuid;

use super::offered::Offered;
use crate::api::call::{Call, Handler};
use crate::api::commands::diskoffering::asked_terms::{AskedTerms, DISK_TERMS};
use crate::api::commands::diskoffering::not_yet;
use crate::api::failure::Failure;
use crate::api::objects::offering::{SERVICE_OFFERING, service_offering};

/// Most CPUs of a VM: what QEMU's usual machine type takes.
const MOST_CPUS: i32 = 255;
/// Least memory of a VM, in MiB: what a guest boots with.
const LEAST_MEMORY: i32 = 32;
/// Most memory of a VM, in MiB: 64 TiB.
const MOST_MEMORY: i32 = 64 * 1024 * 1024;

api_command! {
    /// Puts a size of VMs on sale: a fixed one, or one that is chosen at deployment.
    pub(crate) struct CreateServiceOffering = "createServiceOffering", synchronous
        .roles(Roles::ADMIN).object("serviceoffering").shape(&SERVICE_OFFERING).also(DISK_TERMS);

    /// Its name.
    name: required string,
    /// What it is, for buyers; its name by default.
    displaytext: optional string .max(4096),
    /// How many CPUs, from 1 to 255; not with a customized offering.
    cpunumber: optional integer,
    /// How fast each CPU is, in MHz; a customized offering may leave it open.
    cpuspeed: optional integer,
    /// How much memory, in MiB, from 32; not with a customized offering.
    memory: optional integer,
    /// Whether CPUs and memory are chosen at deployment; without both numbers they are.
    customized: optional boolean,
    /// Customized: the fewest CPUs that may be chosen.
    mincpunumber: optional integer,
    /// Customized: the most CPUs that may be chosen.
    maxcpunumber: optional integer,
    /// Customized: the least memory that may be chosen, in MiB.
    minmemory: optional integer,
    /// Customized: the most memory that may be chosen, in MiB.
    maxmemory: optional integer,
    /// Whether a VM gets no more than that even when CPUs are idle.
    limitcpuuse: optional boolean,
    /// Size of the root volume in GiB; without it, the template's.
    rootdisksize: optional long,
    /// Where volumes live: local, the only one there is yet.
    storagetype: optional string,
    /// How volumes grow: thin, the only one there is.
    provisioningtype: optional string,
    /// Tags that a host must have, separated by commas.
    hosttags: optional string,
    /// Tags that a storage pool must have, separated by commas.
    tags: optional string,
    /// Whether VMs are to be restarted elsewhere when their host is gone; recorded, hosts' deaths are not acted on yet.
    offerha: optional boolean,
    /// Whether a reboot resets the root volume; only false.
    isvolatile: optional boolean,
    /// Whether it is for the cloud's own VMs; only false.
    issystem: optional boolean,
    /// The domains, with those below them, that it is for; all by default.
    domainid: optional list<DomainId> .entity("domain"),
    /// The zones that it is for; all by default.
    zoneid: optional list<ZoneId> .entity("zone"),
    /// Whether root volumes are encrypted; only false.
    encryptroot: optional boolean,
    /// Whether operations per second are chosen for each root volume; only false.
    customizediops: optional boolean,
    /// Choices that few need: pairs of key and value.
    serviceofferingdetails: optional records,
}

impl Handler for CreateServiceOffering {
    async fn execute(mut self, call: Call<'_>) -> Result<Answer, Failure> {
        self.refuse_what_is_not_there(call)?;
        let offered = Offered {
            domains: self.domainid.take().unwrap_or_default(),
            zones: self.zoneid.take().unwrap_or_default(),
        };
        let (domains, zones) = offered.check(call).await?;
        let mut row = self.row(call)?;
        (row.terms.domains, row.terms.zones) = (domains, zones);
        let event = call.event("SERVICE.OFFERING.CREATE").about("ServiceOffering", row.id.uuid());
        let row = call
            .write(move |tx| {
                service_offering_add(tx, &row)?;
                event.record(tx, format!("service offering {} was put on sale", row.name))?;
                Ok(service_offering_get(tx, row.id)?)
            })
            .await?;
        Ok(call.object(service_offering(&row, true)))
    }
}

/// A number of a request within its bounds.
fn within(
    call: Call<'_>,
    param: &str,
    value: Option<i32>,
    (least, most): (i32, i32),
) -> Result<Option<u32>, Failure> {
    match value {
        None => Ok(None),
        Some(value) if (least..=most).contains(&value) => Ok(Some(value.unsigned_abs())),
        Some(odd) => {
            let expected = format!("a number from {least} to {most}");
            Err(call.wrong(param, &odd.to_string(), &expected))
        }
    }
}

impl CreateServiceOffering {
    fn refuse_what_is_not_there(&self, call: Call<'_>) -> Result<(), Failure> {
        for (param, given, only) in [
            ("storagetype", &self.storagetype, "local"),
            ("provisioningtype", &self.provisioningtype, "thin"),
        ] {
            if let Some(other) = given.as_ref().filter(|kind| !kind.eq_ignore_ascii_case(only)) {
                return Err(call.wrong(param, other, only));
            }
        }
        let only_false = [
            ("isvolatile", self.isvolatile),
            ("issystem", self.issystem),
            ("encryptroot", self.encryptroot),
            ("customizediops", self.customizediops),
        ];
        not_yet(call, &only_false)
    }

    fn row(self, call: Call<'_>) -> Result<ServiceOfferingRow, Failure> {
        let (cpu_limits, memory_limits) = ((1, MOST_CPUS), (LEAST_MEMORY, MOST_MEMORY));
        let cpus = within(call, "cpunumber", self.cpunumber, cpu_limits)?;
        let speed = within(call, "cpuspeed", self.cpuspeed, (1, 100_000))?;
        let memory = within(call, "memory", self.memory, memory_limits)?;
        let least_cpus = within(call, "mincpunumber", self.mincpunumber, cpu_limits)?;
        let most_cpus = within(call, "maxcpunumber", self.maxcpunumber, cpu_limits)?;
        let least_memory = within(call, "minmemory", self.minmemory, memory_limits)?;
        let most_memory = within(call, "maxmemory", self.maxmemory, memory_limits)?;
        let is_custom = self.customized.unwrap_or(cpus.is_none() && memory.is_none());
        let misplaced = if is_custom {
            [("cpunumber", cpus), ("memory", memory), ("", None), ("", None)]
        } else {
            [
                ("mincpunumber", least_cpus),
                ("maxcpunumber", most_cpus),
                ("minmemory", least_memory),
                ("maxmemory", most_memory),
            ]
        };
        if let Some((param, _)) = misplaced.iter().find(|(_, value)| value.is_some()) {
            let kind = if is_custom {
                "customized; give bounds instead"
            } else {
                "not customized; leave it out"
            };
            return Err(Failure::invalid(format!("{param}: the offering is {kind}")));
        }
        if !is_custom {
            for (param, value) in [("cpunumber", cpus), ("cpuspeed", speed), ("memory", memory)] {
                value.ok_or_else(|| Failure(ApiError::missing(call.command.name, param)))?;
            }
        }
        for (param, least, most) in
            [("maxcpunumber", least_cpus, most_cpus), ("maxmemory", least_memory, most_memory)]
        {
            if least.zip(most).is_some_and(|(least, most)| most < least) {
                return Err(Failure::invalid(format!("{param} is less than the least; swap them")));
            }
        }
        let mib = |value: Option<u32>| value.map(|mib| Mib(u64::from(mib)));
        Ok(ServiceOfferingRow {
            id: ServiceOfferingId::new(Uuid::new_v4()),
            display_text: self.displaytext.unwrap_or_else(|| self.name.clone()),
            name: self.name,
            cpus: cpus.unwrap_or(0),
            cpu_speed: Mhz(u64::from(speed.unwrap_or(0))),
            memory: mib(memory).unwrap_or(Mib(0)),
            limit_cpu: self.limitcpuuse.unwrap_or(false),
            storage_type: "local".to_owned(),
            root_size: root_size(call, self.rootdisksize)?,
            host_tags: self.hosttags.unwrap_or_default(),
            tags: self.tags.unwrap_or_default(),
            terms: OfferingTerms {
                cpu_bounds: (least_cpus, most_cpus),
                memory_bounds: (mib(least_memory), mib(most_memory)),
                disks: AskedTerms::read(call)?.change(DiskTerms::default())?,
                ha: self.offerha.unwrap_or(false),
                details: pairs(self.serviceofferingdetails.unwrap_or_default()),
                ..OfferingTerms::default()
            },
            created: call.now(),
        })
    }
}

fn root_size(call: Call<'_>, size: Option<i64>) -> Result<Option<Bytes>, Failure> {
    match size {
        None | Some(0) => Ok(None),
        Some(size @ 1..=65_536) => Ok(Some(Bytes::from_gib(size.unsigned_abs()))),
        Some(odd) => {
            let text = odd.to_string();
            Err(call.wrong("rootdisksize", &text, "a number of GiB from 1 to 65536"))
        }
    }
}

/// Records of a key and a value each, or of choices by their names.
fn pairs(records: Vec<BTreeMap<String, String>>) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for mut record in records {
        match (record.remove("key"), record.remove("value")) {
            (Some(key), Some(value)) => {
                all.insert(key, value);
            }
            _ => all.extend(record),
        }
    }
    all
}
