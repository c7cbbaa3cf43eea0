//! `listAsyncJobs`: the jobs, the newest first.

use hostler_model::{JobState, Timestamp};
use hostler_query_api::{Answer, RoleType, api_command};
use hostler_store::Listed;
use hostler_store::job_view::{JobFilter, job_list};
use uuid::Uuid;

use super::result::rendered;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::job::{JOB, job};

api_command! {
    /// Lists jobs, the newest first.
    pub(crate) struct ListAsyncJobs = "listAsyncJobs", synchronous
        .object("asyncjobs").shape(&JOB).paged().owned();

    /// Not older than this.
    startdate: optional date,
    /// Jobs on this thing.
    resourceid: optional uuid<Uuid>,
    /// Jobs on things of this kind, such as VirtualMachine.
    resourcetype: optional string,
    /// Jobs that the manager of this number works on.
    managementserverid: optional uuid<u64>,
}

impl Handler for ListAsyncJobs {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let wanted = call.wanted(self.resourceid.is_some())?;
        let (scope, page, admin) = (call.scope(wanted).await?, call.page()?, call.is_root());
        let filter = JobFilter {
            id: None,
            subject: self.resourceid,
            subject_kind: self.resourcetype,
            only_open: false,
            manager: self.managementserverid,
            from: self.startdate.map(|at| Timestamp(at.as_millisecond())),
            keyword: call.keyword(),
        };
        let listed = call
            .read(move |tx| {
                let Listed { total, rows } = job_list(tx, &filter, &scope, page)?;
                let rows: Result<Vec<_>, Failure> = rows
                    .into_iter()
                    .map(|view| {
                        let done = view.state == JobState::Succeeded;
                        let result = if done {
                            rendered(tx, &view, admin, false)?
                        } else {
                            serde_json::Value::Null
                        };
                        Ok((view, result))
                    })
                    .collect();
                Ok(Listed { total, rows: rows? })
            })
            .await?;
        let for_user = call.identity.role() == RoleType::User;
        call.list(listed, None, |(view, result)| job(view, result.clone(), for_user)).await
    }
}
