//! `listDiskOfferings`: the sizes of data volumes for sale. There are none before data volumes are.

use hostler_query_api::{Answer, api_command};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::offering::DISK_OFFERING;

api_command! {
    /// Lists the sizes of data volumes for sale; there are none yet.
    pub(crate) struct ListDiskOfferings = "listDiskOfferings", synchronous
        .object("diskoffering").shape(&DISK_OFFERING).paged();

    /// The offering of this id.
    id: optional uuid<uuid::Uuid> .entity("diskoffering"),
    /// Offerings of this name.
    name: optional string,
    /// Everything that the caller may see.
    listall: optional boolean,
}

impl Handler for ListDiskOfferings {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        match self.id {
            Some(id) => Err(call.unknown("id", id)),
            None => Ok(Answer::list(call.command, 0, Vec::new())),
        }
    }
}
