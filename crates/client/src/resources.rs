//! The main resources as typed records. Fields that are not named here are ignored.
//!
//! Not here: resources nobody has needed typed yet; [`Session::list_rows`](crate::Session::list_rows) gives any as JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::request::Request;

/// A kind of record with a list command.
pub trait Resource {
    /// The command that lists it.
    const LIST: &'static str;
    /// The call that lists all that the caller may see.
    fn list_request() -> Request;
}

/// Declares record types: id and name always, other fields absent when the manager leaves them out.
macro_rules! resources {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident = $list:literal $(with $param:literal = $value:literal)? { $($field:ident : $type:ty),* $(,)? }
    )*) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        #[allow(missing_docs)] // the fields are the API's
        pub struct $name {
            pub id: String,
            pub name: String,
            $(pub $field: $type,)*
        }

        impl Resource for $name {
            const LIST: &'static str = $list;

            fn list_request() -> Request {
                Request::new($list)$(.with($param, $value))?
            }
        }
    )*};
}

resources! {
    /// A data centre.
    Zone = "listZones" { allocationstate: String, networktype: String }
    /// A rack.
    Pod = "listPods" { zoneid: String, zonename: String, allocationstate: String }
    /// Hosts that can migrate VMs to each other.
    Cluster = "listClusters" { zoneid: String, podid: String, hypervisortype: String, allocationstate: String }
    /// A machine that runs VMs. `memorytotal` in bytes, `cpuspeed` in MHz.
    Host = "listHosts" {
        state: String, resourcestate: String, ipaddress: String, zoneid: String, podid: String, clusterid: String,
        clustername: String, hypervisor: String, version: String, cpunumber: u64, cpuspeed: u64, memorytotal: u64,
        memoryallocatedbytes: u64, lastpinged: String,
    }
    /// What a root volume is made from. `size` in bytes.
    Template = "listTemplates" with "templatefilter" = "executable" {
        displaytext: String, format: String, status: String, isready: bool, size: u64, zoneid: String, ostypename: String,
        checksum: String, created: String,
    }
    /// A size of VMs for sale. `cpuspeed` in MHz, `memory` in MiB, `rootdisksize` in GiB.
    ServiceOffering = "listServiceOfferings" {
        displaytext: String, cpunumber: u64, cpuspeed: u64, memory: u64, rootdisksize: u64, created: String,
    }
    /// A network of VMs.
    Network = "listNetworks" with "listall" = "true" {
        state: String, r#type: String, zoneid: String, zonename: String, cidr: String, gateway: String, netmask: String,
        networkofferingid: String,
    }
    /// A VM as its user owns it. `memory` in MiB.
    VirtualMachine = "listVirtualMachines" with "listall" = "true" {
        displayname: String, instancename: String, state: String, account: String, domainid: String, zoneid: String,
        zonename: String, hostid: String, hostname: String, templateid: String, templatename: String,
        serviceofferingid: String, serviceofferingname: String, cpunumber: u64, memory: u64, created: String,
        keypairs: String, nic: Vec<Nic>, details: BTreeMap<String, String>,
    }
}

impl VirtualMachine {
    /// The address of the default network card, or of the first.
    pub fn address(&self) -> Option<&str> {
        let nic = self.nic.iter().find(|nic| nic.isdefault).or_else(|| self.nic.first())?;
        Some(nic.ipaddress.as_str()).filter(|address| !address.is_empty())
    }
}

/// A network card of a VM.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)] // the fields are the API's
pub struct Nic {
    pub id: String,
    pub networkid: String,
    pub networkname: String,
    pub ipaddress: String,
    pub macaddress: String,
    pub gateway: String,
    pub netmask: String,
    pub isdefault: bool,
}

/// One step of a job, as `listJobSteps` tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)] // the fields are the API's
pub struct JobStep {
    pub name: String,
    pub state: String,
    pub started: Option<String>,
    pub ended: Option<String>,
    pub error: Option<String>,
}

impl Resource for JobStep {
    const LIST: &'static str = "listJobSteps";

    fn list_request() -> Request {
        Request::new(Self::LIST)
    }
}

/// What a new VM needs, and what it may have: a VM without the three ids cannot be written down.
#[derive(Debug, Clone)]
pub struct NewVirtualMachine {
    request: Request,
}

impl NewVirtualMachine {
    /// A VM of `offering` from `template` in `zone`, by their ids.
    pub fn new(zone: &str, offering: &str, template: &str) -> Self {
        let request = Request::new("deployVirtualMachine")
            .with("zoneid", zone)
            .with("serviceofferingid", offering)
            .with("templateid", template);
        Self { request }
    }

    /// One more parameter of `deployVirtualMachine`.
    #[must_use]
    pub fn with(self, name: &str, value: impl Into<String>) -> Self {
        Self { request: self.request.with(name, value) }
    }

    /// The same, if there is a value.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<impl ToString>) -> Self {
        Self { request: self.request.with_some(name, value) }
    }

    /// The call that makes it.
    pub fn request(self) -> Request {
        self.request
    }
}
