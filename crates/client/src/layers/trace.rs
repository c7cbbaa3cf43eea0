//! Gives each call a span and logs how it ended. Secrets are masked.

use async_trait::async_trait;
use tracing::{Instrument, debug, debug_span};

use crate::error::ClientError;
use crate::request::{Reply, Request, Service, SharedService};

/// Logs each call.
#[derive(Debug)]
pub struct Trace(SharedService);

impl Trace {
    /// Around `inner`.
    pub fn new(inner: SharedService) -> Self {
        Self(inner)
    }
}

#[async_trait]
impl Service for Trace {
    async fn call(&self, request: &Request) -> Result<Reply, ClientError> {
        let span = debug_span!("call", command = %request.command);
        let answer = self.0.call(request).instrument(span).await;
        if let Err(error) = &answer {
            debug!(command = %request.command, %error, "the call failed");
        }
        answer
    }
}
