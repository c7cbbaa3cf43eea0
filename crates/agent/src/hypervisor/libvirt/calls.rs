//! Calls of libvirt that end: each runs on its own thread and connection, and is waited for only so long.
//!
//! libvirt blocks without limit on a hung QEMU, and serves only a few calls a connection at once. A call that is
//! late keeps its thread and its connection to itself until it ends; nobody else waits for it.

use std::fmt;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tracing::{debug, warn};
use virt::connect::Connect;
use virt::error::{Error, ErrorNumber};

use super::events;
use crate::hypervisor::HypervisorError;
use crate::hypervisor::error::Fault;

/// Connections that are kept for the next calls.
const IDLE_CONNECTIONS: usize = 4;

/// Makes calls to one libvirt.
pub(super) struct Calls {
    uri: Arc<str>,
    idle: Arc<Mutex<Vec<Connect>>>,
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").field("uri", &self.uri).finish_non_exhaustive()
    }
}

impl Calls {
    pub(super) fn new(uri: &str) -> Self {
        Self { uri: uri.into(), idle: Arc::default() }
    }

    /// Runs `work` on a living connection and waits at most `limit` for it.
    pub(super) fn call<T: Send + 'static>(
        &self,
        what: &'static str,
        limit: Duration,
        work: impl FnOnce(&Connect) -> Result<T, HypervisorError> + Send + 'static,
    ) -> Result<T, HypervisorError> {
        let (answer, answered) = mpsc::sync_channel(1);
        let (uri, idle) = (Arc::clone(&self.uri), Arc::clone(&self.idle));
        let run = move || {
            let result = connection(&uri, &idle).and_then(|connect| {
                let result = work(&connect);
                give_back(&idle, connect);
                result
            });
            if answer.send(result).is_err() {
                debug!(what, "a late call of libvirt has ended");
            }
        };
        let spawned = std::thread::Builder::new().name("libvirt-call".to_owned()).spawn(run);
        if let Err(error) = spawned {
            return Err(unreachable(&self.uri, format!("no thread for the call: {error}")));
        }
        match answered.recv_timeout(limit) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => {
                warn!(what, seconds = limit.as_secs(), "libvirt does not answer");
                Err(HypervisorError::TimedOut { what, seconds: limit.as_secs() })
            }
            Err(RecvTimeoutError::Disconnected) => {
                Err(unreachable(&self.uri, "the call ended without a result".to_owned()))
            }
        }
    }
}

/// Opens a connection with keepalive; the event loop runs afterwards.
pub(super) fn open(uri: &str) -> Result<Connect, HypervisorError> {
    events::run_loop();
    let connect = Connect::open(Some(uri)).map_err(|error| unreachable(uri, error.to_string()))?;
    if let Err(error) = connect.set_keep_alive(5, 3) {
        debug!(%error, "no keepalive on this connection"); // the test driver has none
    }
    Ok(connect)
}

/// The error for something that libvirt did not do.
pub(super) fn refused(what: impl Into<String>, error: &Error) -> HypervisorError {
    HypervisorError::Refused { what: what.into(), source: Fault(error.to_string()) }
}

/// Whether libvirt says that there is no such domain.
pub(super) fn is_no_domain(error: &Error) -> bool {
    error.code() == ErrorNumber::NoDomain.into()
}

fn connection(uri: &str, idle: &Mutex<Vec<Connect>>) -> Result<Connect, HypervisorError> {
    loop {
        let kept = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match kept {
            Some(connect) if matches!(connect.is_alive(), Ok(true)) => return Ok(connect),
            Some(_dead) => {}
            None => return open(uri),
        }
    }
}

fn give_back(idle: &Mutex<Vec<Connect>>, connect: Connect) {
    let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
    if idle.len() < IDLE_CONNECTIONS {
        idle.push(connect);
    }
}

fn unreachable(uri: &str, why: String) -> HypervisorError {
    HypervisorError::Unreachable { uri: uri.to_owned(), source: Fault(why) }
}
