//! Measures how long each call takes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;

use crate::error::ClientError;
use crate::request::{Reply, Request, Service, SharedService};

/// One call and its time.
#[derive(Debug, Clone)]
pub struct Timing {
    /// The command.
    pub command: String,
    /// From asking to the whole answer.
    pub took: Duration,
}

/// Where timings are collected; clones share one collection.
#[derive(Debug, Clone, Default)]
pub struct Timings(Arc<Mutex<Vec<Timing>>>);

impl Timings {
    /// The layer around `inner` that fills this collection.
    pub fn around(&self, inner: SharedService) -> SharedService {
        Arc::new(Timed { inner, timings: self.clone() })
    }

    /// What was measured so far, in order.
    pub fn all(&self) -> Vec<Timing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[derive(Debug)]
struct Timed {
    inner: SharedService,
    timings: Timings,
}

#[async_trait]
impl Service for Timed {
    async fn call(&self, request: &Request) -> Result<Reply, ClientError> {
        let started = Instant::now();
        let answer = self.inner.call(request).await;
        let timing = Timing { command: request.command.clone(), took: started.elapsed() };
        self.timings.0.lock().unwrap_or_else(PoisonError::into_inner).push(timing);
        answer
    }
}
