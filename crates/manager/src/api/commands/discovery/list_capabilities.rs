//! `listCapabilities`: what the product can do, for clients that adapt to it.

use hostler_query_api::{Answer, api_command};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::session::{CAPABILITIES, capabilities};

/// The version of CloudStack whose API this one is compatible with.
const COMPATIBLE: &str = "4.22.0.0";

api_command! {
    /// Says what the product can do.
    pub(crate) struct ListCapabilities = "listCapabilities", synchronous
        .object("capability").shape(&CAPABILITIES);
}

impl Handler for ListCapabilities {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        Ok(call.object(capabilities(COMPATIBLE)))
    }
}
