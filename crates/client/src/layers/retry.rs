//! Repeats calls that only read when the network or a restart of the manager got in the way.

use std::time::Duration;

use async_trait::async_trait;

use crate::error::ClientError;
use crate::request::{Reply, Request, Service, SharedService};

/// Repeats reads; never what changes something.
#[derive(Debug)]
pub struct Retry {
    inner: SharedService,
    attempts: u32,
    pause: Duration,
}

impl Retry {
    /// Around `inner`: up to `attempts` in all, the first pause being `pause` and each next twice as long.
    pub fn new(inner: SharedService, attempts: u32, pause: Duration) -> Self {
        Self { inner, attempts, pause }
    }
}

#[async_trait]
impl Service for Retry {
    async fn call(&self, request: &Request) -> Result<Reply, ClientError> {
        let mut pause = self.pause;
        for _ in 1..self.attempts {
            match self.inner.call(request).await {
                Err(error) if request.is_read() && worth_repeating(&error) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                answer => return answer,
            }
        }
        self.inner.call(request).await
    }
}

/// A call that took its whole time already is not repeated: the caller has waited enough.
fn worth_repeating(error: &ClientError) -> bool {
    error.is_passing() && !matches!(error, ClientError::TimedOut { .. })
}
