//! `updateVMAffinityGroup`: puts a stopped VM into exactly these affinity groups.
//!
//! It answers with a job that is over, as clients expect of this command; the groups count from the next start on.

use hostler_model::{AffinityGroupId, VmId, VmState};
use hostler_query_api::{Answer, api_command};
use hostler_store::affinity_group::{affinity_groups_named, affinity_groups_set};
use hostler_store::job::job_add_done;
use hostler_store::reference::Entity;
use hostler_store::vm::vm_get;
use serde_json::json;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm::VM;

api_command! {
    /// Puts a stopped VM into exactly these affinity groups; without any, into none.
    pub(crate) struct UpdateVmAffinityGroup = "updateVMAffinityGroup", asynchronous
        .envelope("updatevirtualmachineresponse").object("virtualmachine").shape(&VM);

    /// The VM.
    id: required uuid<VmId> .entity("virtualmachine"),
    /// The groups, which belong to the VM's account.
    affinitygroupids: optional list<AffinityGroupId> .entity("affinitygroup"),
    /// The names of the groups, in place of or beside their ids.
    affinitygroupnames: optional list<String> .entity("affinitygroup"),
}

impl Handler for UpdateVmAffinityGroup {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Vm, self.id.uuid())]).await?;
        let (vm, now, subject) = (self.id, call.now(), ("VirtualMachine", self.id.uuid()));
        let ids = self.affinitygroupids.unwrap_or_default();
        let names = self.affinitygroupnames.unwrap_or_default();
        let event = call.event("VM.AFFINITY.GROUP.UPDATE").about(subject.0, subject.1);
        let job = call.caller().job("vm.affinity", call.command.name, subject, json!({}), &[]);
        let job_id = job.id;
        call.write(move |tx| {
            let row = vm_get(tx, vm)?;
            if row.state != VmState::Stopped {
                return Err(Failure::invalid(format!(
                    "{} is {}; only a stopped VM changes its affinity groups; stop it first",
                    row.instance_name, row.state
                )));
            }
            let found = affinity_groups_named(tx, row.account, &ids, &names)?;
            let missing_id = ids.iter().find(|id| !found.iter().any(|group| group.0 == **id));
            let missing_name = names.iter().find(|name| !found.iter().any(|g| g.1 == **name));
            let missing = missing_id
                .map(|id| ("affinitygroupids", id.to_string()))
                .or(missing_name.map(|name| ("affinitygroupnames", name.clone())));
            if let Some((param, what)) = missing {
                return Err(Failure::invalid(format!(
                    "{param}: the VM's account has no affinity group {what}; \
                     listAffinityGroups names those that exist"
                )));
            }
            let groups: Vec<_> = found.iter().map(|group| group.0).collect();
            affinity_groups_set(tx, vm, &groups)?;
            let text = format!("{} is in {} affinity groups now", row.instance_name, groups.len());
            event.record(tx, text)?;
            Ok(job_add_done(tx, &job, &json!({"virtualmachine": vm}), now)?)
        })
        .await?;
        Ok(Answer::job(call.command, None, job_id.uuid()))
    }
}
