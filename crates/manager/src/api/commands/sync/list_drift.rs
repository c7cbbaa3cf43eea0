//! `listDrift`: each VM as it is meant to be and as it was seen. A command of our own.

use hostler_model::VmId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::drift::drift_rows;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::sync::{DRIFT, drift};
use crate::orchestration::drift::differences;
use crate::settings::VM_MISSING_GRACE;

api_command! {
    /// Lists every VM as it is meant to be and as it was last seen, and what hosts run beside the record; each
    /// difference comes with the repair that fixDrift would do.
    pub(crate) struct ListDrift = "listDrift", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN).object("drift").shape(&DRIFT).paged();

    /// Only this VM.
    virtualmachineid: optional uuid<VmId>,
    /// Only what is different.
    different: optional boolean,
}

impl Handler for ListDrift {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (vm, only) = (self.virtualmachineid, self.different.unwrap_or(false));
        let lacking = call.context.lacking.all();
        let rows = call.read(move |tx| Ok(drift_rows(tx, vm, &lacking)?)).await?;
        let all = differences(rows, call.context.settings.duration(&VM_MISSING_GRACE));
        let keyword = call.keyword().map(|word| word.to_lowercase());
        let shown = all.iter().filter(|one| !only || one.difference.is_some()).filter(|one| {
            keyword.as_ref().is_none_or(|word| one.name().to_lowercase().contains(word))
        });
        call.page_of(shown.map(drift).collect())
    }
}
