//! What can be done with VMs, typed. Each call that starts a job follows it to its end.
//!
//! Not here: anything about other resources; [`Session::call`] reaches every command.

use serde_json::Value;

use crate::error::ClientError;
use crate::job::Patience;
use crate::request::Request;
use crate::resources::{NewVirtualMachine, Resource, VirtualMachine};
use crate::session::Session;

/// How a VM is stopped or rebooted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Its guest is asked, and given time.
    Soft,
    /// At once, as by the power switch.
    Hard,
}

/// What becomes of a destroyed VM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Afterlife {
    /// It can be recovered for a while.
    Recoverable,
    /// It is gone with its disks.
    Expunged,
}

/// The VMs that a session may see.
#[derive(Debug, Clone, Copy)]
pub struct VirtualMachines<'a> {
    session: &'a Session,
    patience: Patience,
}

impl Session {
    /// Its VMs. Jobs are followed as long as `patience` lasts.
    pub fn vms(&self, patience: Patience) -> VirtualMachines<'_> {
        VirtualMachines { session: self, patience }
    }
}

impl VirtualMachines<'_> {
    /// The VM with this id, or none.
    ///
    /// # Errors
    /// See [`ClientError`]; so for every function here.
    pub async fn get(&self, id: &str) -> Result<Option<VirtualMachine>, ClientError> {
        self.session.get(id).await
    }

    /// All of them.
    pub async fn list(&self) -> Result<Vec<VirtualMachine>, ClientError> {
        self.session.list(&VirtualMachine::list_request()).await
    }

    /// Makes one; it runs then, unless it was told not to.
    pub async fn deploy(&self, new: NewVirtualMachine) -> Result<VirtualMachine, ClientError> {
        self.job(new.request()).await
    }

    /// Starts one; it runs then.
    pub async fn start(&self, id: &str) -> Result<VirtualMachine, ClientError> {
        self.job(Request::new("startVirtualMachine").with("id", id)).await
    }

    /// Stops one.
    pub async fn stop(&self, id: &str, how: How) -> Result<VirtualMachine, ClientError> {
        self.job(forced("stopVirtualMachine", id, how)).await
    }

    /// Reboots one.
    pub async fn reboot(&self, id: &str, how: How) -> Result<VirtualMachine, ClientError> {
        self.job(forced("rebootVirtualMachine", id, how)).await
    }

    /// Destroys one.
    pub async fn destroy(&self, id: &str, then: Afterlife) -> Result<(), ClientError> {
        let expunge = (then == Afterlife::Expunged).then_some(true);
        let request =
            Request::new("destroyVirtualMachine").with("id", id).with_some("expunge", expunge);
        self.session.call_job(&request, self.patience, &mut |_| ()).await.map(|_| ())
    }

    async fn job(&self, request: Request) -> Result<VirtualMachine, ClientError> {
        let mut result = self.session.call_job(&request, self.patience, &mut |_| ()).await?;
        let vm = result.get_mut("virtualmachine").map_or(Value::Null, Value::take);
        serde_json::from_value(vm)
            .map_err(|source| ClientError::Shape { command: request.command, source })
    }
}

fn forced(command: &str, id: &str, how: How) -> Request {
    Request::new(command).with("id", id).with_some("forced", (how == How::Hard).then_some(true))
}
