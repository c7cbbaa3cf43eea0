//! `createAffinityGroup`: records a group that says where its VMs are to run.
//!
//! It answers with a job that is over, as clients expect of this command; there is nothing to wait for.

use hostler_model::{AffinityGroupId, AffinityKind, DomainId};
use hostler_query_api::{Answer, api_command};
use hostler_store::affinity_group::{AffinityGroupRow, affinity_group_add};
use hostler_store::job::job_add_done;
use serde_json::json;
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::group::AFFINITY_GROUP;

api_command! {
    /// Makes an affinity group: its VMs run on one host, or each on a host of its own.
    pub(crate) struct CreateAffinityGroup = "createAffinityGroup", asynchronous_create
        .object("affinitygroup").shape(&AFFINITY_GROUP).in_projects();

    /// Its name, unique in its account.
    name: required string,
    /// host affinity, host anti-affinity, non-strict host affinity or non-strict host anti-affinity.
    kind "type": required choice<AffinityKind>,
    /// What it is for, for people.
    description: optional string,
    /// The account that it is for.
    account: optional string,
    /// The domain of that account.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for CreateAffinityGroup {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let row = AffinityGroupRow {
            id: AffinityGroupId::new(Uuid::now_v7()),
            account: call.owner(self.account, self.domainid).await?,
            name: self.name,
            kind: self.kind,
            description: self.description.unwrap_or_default(),
            created: call.now(),
        };
        let (id, now, subject) = (row.id, row.created, ("AffinityGroup", row.id.uuid()));
        let event = call.event("AG.CREATE").about(subject.0, subject.1);
        let job =
            call.caller().job("affinitygroup.create", call.command.name, subject, json!({}), &[]);
        let job_id = job.id;
        call.write(move |tx| {
            affinity_group_add(tx, &row)?;
            event.record(tx, format!("affinity group {} was made", row.name))?;
            Ok(job_add_done(tx, &job, &json!({"affinitygroup": id}), now)?)
        })
        .await?;
        Ok(Answer::job(call.command, Some(id.uuid()), job_id.uuid()))
    }
}
