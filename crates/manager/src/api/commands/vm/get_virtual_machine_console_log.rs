//! `getVirtualMachineConsoleLog`: what a VM wrote to its serial console. A command of our own.

use hostler_model::{Bytes, VmId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm::{CONSOLE_LOG, console_log};
use crate::orchestration::vm;

/// How much is given when nobody says how much.
const USUAL: i32 = 16 * 1024;
/// The most that is given.
const MOST: i32 = 1024 * 1024;

api_command! {
    /// Gives the end of what a VM wrote to its serial console.
    pub(crate) struct GetVirtualMachineConsoleLog = "getVirtualMachineConsoleLog", synchronous
        .object("consolelog").shape(&CONSOLE_LOG);

    /// The VM.
    id: required uuid<VmId> .entity("virtualmachine"),
    /// How many bytes from the end, from 1 to 1048576; 16384 by default.
    tail: optional integer,
}

impl Handler for GetVirtualMachineConsoleLog {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let tail = match self.tail.unwrap_or(USUAL) {
            tail @ 1..=MOST => Bytes(u64::from(tail.unsigned_abs())),
            odd => return Err(call.wrong("tail", &odd.to_string(), "a number from 1 to 1048576")),
        };
        call.require(vec![("id", Entity::Vm, self.id.uuid())]).await?;
        let text = vm::console_log(call.context, call.caller(), self.id, tail).await?;
        Ok(call.object(console_log(self.id, &text)))
    }
}
