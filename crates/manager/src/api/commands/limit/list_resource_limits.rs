//! `listResourceLimits`: how much an account, a domain or a project may have.

use hostler_model::DomainId;
use hostler_query_api::{Answer, api_command};

use super::{Owner, kind};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::limit::{RESOURCE_LIMIT, resource_limit};

api_command! {
    /// Lists the limits of an account, a domain or a project; those of the caller's account by default.
    pub(crate) struct ListResourceLimits = "listResourceLimits", synchronous
        .object("resourcelimit").shape(&RESOURCE_LIMIT).paged().in_projects();

    /// The limit of this kind: 0 VMs, 1 public addresses, 2 volumes, 3 snapshots, 4 templates, 5 projects, 6 networks, 7 VPCs, 8 CPUs, 9 memory, 10 primary storage, 11 secondary storage.
    resourcetype: optional integer,
    /// The limit of this kind, by name: user_vm, public_ip, volume, snapshot, template, project, network, vpc, cpu, memory, primary_storage, secondary_storage.
    resourcetypename: optional string,
    /// The limits of this account; goes with domainid.
    account: optional string,
    /// Without account: the limits of this domain.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for ListResourceLimits {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let wanted = kind(call, self.resourcetype, self.resourcetypename.as_deref())?;
        let owner = Owner::of(call, self.account, self.domainid).await?;
        let (limits, page) = (call.context.settings.limits(), call.page()?);
        let (row, mut rooms) =
            call.read(move |tx| Ok((owner.read(tx)?, owner.rooms(tx, &limits)?))).await?;
        rooms.retain(|room| wanted.is_none_or(|kind| kind == room.kind));
        let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let shown =
            rooms.iter().skip(count(page.offset)).take(page.limit.map_or(usize::MAX, count));
        let shown = shown.map(|room| resource_limit(&row, room)).collect();
        Ok(Answer::list(call.command, rooms.len(), shown))
    }
}
