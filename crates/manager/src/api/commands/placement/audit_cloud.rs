//! `auditCloud`: recomputes the books. A command of our own.

use hostler_query_api::{Answer, Roles, api_command};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::audit::{AUDIT, audit};
use crate::orchestration;

api_command! {
    /// Recomputes every claim on a host, all that counts against limits, every address and every volume from the records and the
    /// hosts' reports, and lists what differs. Nothing is changed.
    pub(crate) struct AuditCloud = "auditCloud", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN).object("audit").shape(&AUDIT);
}

impl Handler for AuditCloud {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (found, reports) = orchestration::audit(call.context).await?;
        Ok(call.object(audit(&found, reports)))
    }
}
