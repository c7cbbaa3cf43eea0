//! `listServiceOfferings`: the sizes of VMs for sale.

use hostler_model::{DomainId, Mhz, Mib, ProjectId, ServiceOfferingId, TemplateId, VmId, ZoneId};
use hostler_query_api::{Answer, IdOrAll, api_command};
use hostler_store::reference::Entity;
use hostler_store::service_offering::{ServiceOfferingFilter, service_offering_list};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::offering::{SERVICE_OFFERING, service_offering};

api_command! {
    /// Lists the sizes of VMs for sale.
    pub(crate) struct ListServiceOfferings = "listServiceOfferings", synchronous
        .object("serviceoffering").shape(&SERVICE_OFFERING).paged();

    /// The offering of this id.
    id: optional uuid<ServiceOfferingId> .entity("serviceoffering"),
    /// Offerings of this name.
    name: optional string,
    /// What this VM could change to.
    virtualmachineid: optional uuid<VmId> .entity("virtualmachine"),
    /// Offerings with so many CPUs, or of which so many can be chosen.
    cpunumber: optional integer,
    /// Offerings with CPUs this fast, in MHz.
    cpuspeed: optional integer,
    /// Offerings with so much memory, in MiB, or of which so much can be chosen.
    memory: optional integer,
    /// Offerings with volumes there: local or shared.
    storagetype: optional string,
    /// Those of the cloud's own VMs; there are none.
    issystem: optional boolean,
    /// Active (the default), Inactive or All; the last two for administrators.
    state: optional string,
    /// Offerings that this zone has.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Offerings that are for this domain and not for all.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// Accepted: the list is everything that the caller may use.
    isrecursive: optional boolean,
    /// Accepted: the list is everything that the caller may use.
    listall: optional boolean,
    /// Offerings whose root volumes are large enough for this template.
    templateid: optional uuid<TemplateId> .entity("template"),
    /// Offerings that this account may use; goes with domainid.
    account: optional string,
    /// Offerings that this project may use.
    projectid: optional uuid<IdOrAll<ProjectId>> .entity("project"),
    /// Offerings of VMs with an encrypted root volume; there are none.
    encryptroot: optional boolean,
    /// Offerings of VMs with a GPU; there are none.
    gpuenabled: optional boolean,
    /// Offerings of VMs with a part of a GPU of this kind; there are none.
    vgpuprofileid: optional uuid<uuid::Uuid> .entity("vgpuprofile"),
    /// Offerings for the cloud's own VMs of this kind; there are none.
    systemvmtype: optional string,
}

impl Handler for ListServiceOfferings {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let mut named = Vec::new();
        named.extend(self.virtualmachineid.map(|id| ("virtualmachineid", Entity::Vm, id.uuid())));
        named.extend(self.zoneid.map(|id| ("zoneid", Entity::Zone, id.uuid())));
        named.extend(self.domainid.map(|id| ("domainid", Entity::Domain, id.uuid())));
        named.extend(self.templateid.map(|id| ("templateid", Entity::Template, id.uuid())));
        call.require(named).await?;
        if self.wants_none() {
            return Ok(Answer::list(call.command, 0, Vec::new()));
        }
        let is_active = match self.state.as_deref().filter(|_| call.is_root()) {
            Some(state) if state.eq_ignore_ascii_case("all") => None,
            Some(state) if state.eq_ignore_ascii_case("inactive") => Some(false),
            // one that is named is shown whatever its state is
            None if self.id.is_some() && call.is_root() => None,
            _ => Some(true),
        };
        let user = if self.account.is_some() || call.names_project() {
            Some(call.owner(self.account, self.domainid).await?)
        } else {
            None
        };
        let number = |value: Option<i32>| value.map(|n| u64::try_from(n).unwrap_or(0));
        let filter = ServiceOfferingFilter {
            id: self.id,
            name: self.name,
            not_of_vm: self.virtualmachineid,
            cpus: self.cpunumber.map(i32::unsigned_abs),
            memory: number(self.memory).map(Mib),
            cpu_speed: number(self.cpuspeed).map(Mhz),
            storage_type: self.storagetype,
            zone: self.zoneid,
            domain: self.domainid.filter(|_| user.is_none()),
            usable_by: user,
            template: self.templateid,
            is_active,
            keyword: call.keyword(),
        };
        let (page, scope) = (call.page()?, call.identity.sight());
        let listed =
            call.read(move |tx| Ok(service_offering_list(tx, &filter, &scope, page)?)).await?;
        let id = self.id.map(|id| (Entity::ServiceOffering, id.uuid()));
        call.list(listed, id, |row| service_offering(row, call.is_root())).await
    }
}

impl ListServiceOfferings {
    /// Whether it asks for what no VM here is.
    fn wants_none(&self) -> bool {
        [self.issystem, self.encryptroot, self.gpuenabled].contains(&Some(true))
            || self.vgpuprofileid.is_some()
            || self.systemvmtype.is_some()
    }
}
