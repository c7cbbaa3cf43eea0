//! `adoptVirtualMachine`: a libvirt domain that somebody else made becomes a VM. A command of our own.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use hostler_model::{DomainId, HostId, MacAddress, Mhz, NetworkId, ServiceOfferingId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::sync::adoption;
use crate::api::objects::vm::VM;
use crate::orchestration::Caller;
use crate::orchestration::vm::{AdoptRequest, NicChoices, adopt, rehearse_adoption};

api_command! {
    /// Makes a VM of a libvirt domain that a host has and that is not this cloud's. Its guest runs on; it keeps its name,
    /// UUID and definition in libvirt, and its disks stay where they are. What cannot be carried is refused by name.
    pub(crate) struct AdoptVirtualMachine = "adoptVirtualMachine", asynchronous_create
        .roles(Roles::ADMIN).object("virtualmachine").shape(&VM).in_projects();

    /// The host that has it.
    hostid: required uuid<HostId> .entity("host"),
    /// Its UUID or name in libvirt, as listAliens has them.
    alien: required string .max(1024),
    /// What it is sold as; without it, the only offering that has its size, else the only one that leaves the size open.
    serviceofferingid: optional uuid<ServiceOfferingId> .entity("serviceoffering"),
    /// Speed of a CPU in MHz where the offering leaves it open; that of the host's without it.
    cpuspeed: optional integer,
    /// The network of its network interfaces; without it, the only one that is on the bridge of each.
    networkid: optional uuid<NetworkId> .entity("network"),
    /// Networks of single interfaces, as nicnetworks[0].HARDWARE-ADDRESS=id.
    nicnetworks: optional map .max(1024),
    /// Addresses that the guest has, as nicaddresses[0].HARDWARE-ADDRESS=IPv4 address; without it, an address is not known.
    nicaddresses: optional map .max(1024),
    /// The guest's host name; without it, its name in libvirt, if that is one.
    name: optional string,
    /// The name for people; without it, its name in libvirt.
    displayname: optional string,
    /// Whether to say only what would be recorded, and do nothing.
    dryrun: optional boolean,
    /// The account that it is to be of.
    account: optional string,
    /// The domain of that account.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for AdoptVirtualMachine {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let mut named = vec![("hostid", Entity::Host, self.hostid.uuid())];
        let offering = self.serviceofferingid.map(ServiceOfferingId::uuid);
        named.extend(offering.map(|id| ("serviceofferingid", Entity::ServiceOffering, id)));
        named.extend(self.networkid.map(|id| ("networkid", Entity::Network, id.uuid())));
        call.require(named).await?;
        let networks = by_interface(call, "nicnetworks", self.nicnetworks, "a network's id")?;
        let addresses: BTreeMap<MacAddress, Ipv4Addr> =
            by_interface(call, "nicaddresses", self.nicaddresses, "an IPv4 address")?;
        let cpu_speed = match self.cpuspeed.map(|mhz| (u64::try_from(mhz), mhz)) {
            None => None,
            Some((Ok(mhz), _)) if mhz > 0 => Some(Mhz(mhz)),
            Some((_, mhz)) => {
                return Err(call.wrong("cpuspeed", &mhz.to_string(), "a number of MHz from 1"));
            }
        };
        let owner = call.owner(self.account, self.domainid).await?;
        let caller = Caller { account: owner, ..call.caller().clone() };
        let request = AdoptRequest {
            host: self.hostid,
            alien: self.alien,
            offering: self.serviceofferingid,
            cpu_speed,
            nics: NicChoices {
                network: self.networkid,
                networks,
                addresses: addresses.into_iter().map(|(mac, ip)| (mac, IpAddr::V4(ip))).collect(),
            },
            name: self.name,
            display_name: self.displayname,
        };
        if self.dryrun == Some(true) {
            let plan = rehearse_adoption(call.context, &caller, &request).await?;
            let text = format!(
                "libvirt domain {} on {} would be adopted, without a restart",
                plan.domain.domain_name, plan.host_name
            );
            let fields = serde_json::json!({
                "dryrun": true, "displaytext": text, "adoption": adoption(&plan),
            });
            return Ok(Answer::flat(call.command, fields));
        }
        let (vm, job) = adopt(call.context, &caller, &request).await?;
        Ok(Answer::job(call.command, Some(vm.uuid()), job.uuid()))
    }
}

/// Values by hardware addresses.
fn by_interface<T: FromStr>(
    call: Call<'_>,
    param: &str,
    sent: Option<BTreeMap<String, String>>,
    expected: &str,
) -> Result<BTreeMap<MacAddress, T>, Failure> {
    let mut found = BTreeMap::new();
    for (mac, value) in sent.unwrap_or_default() {
        let mac = mac
            .to_lowercase()
            .parse()
            .map_err(|_| call.wrong(param, &mac, "a hardware address like 52:54:00:01:02:03"))?;
        let value = value.parse().map_err(|_| call.wrong(param, &value, expected))?;
        found.insert(mac, value);
    }
    Ok(found)
}
