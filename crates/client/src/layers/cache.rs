//! Remembers answers of list calls for a short time.
//!
//! Never an error, never an empty list (what is not there now may be there next), and an answer grows old from when
//! it came, not from when it was last used. Any call that may change something empties the cache.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::error::ClientError;
use crate::request::{Reply, Request, Service, SharedService};

type Key = (String, Vec<(String, String)>);

/// A cache with a limit and an expiry.
#[derive(Debug)]
pub struct Cache {
    inner: SharedService,
    limit: usize,
    life: Duration,
    held: Mutex<HashMap<Key, (Instant, Reply)>>,
}

impl Cache {
    /// Around `inner`: at most `limit` answers, each for `life`.
    pub fn new(inner: SharedService, limit: usize, life: Duration) -> Self {
        Self { inner, limit, life, held: Mutex::default() }
    }

    fn with_held<T>(&self, act: impl FnOnce(&mut HashMap<Key, (Instant, Reply)>) -> T) -> T {
        act(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn remember(&self, key: Key, reply: &Reply) {
        let now = Instant::now();
        self.with_held(|held| {
            held.retain(|_, (since, _)| now - *since < self.life);
            if held.len() >= self.limit {
                let oldest = held.iter().min_by_key(|(_, (since, _))| *since);
                if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                    held.remove(&oldest);
                }
            }
            if self.limit > 0 {
                held.insert(key, (now, reply.clone()));
            }
        });
    }
}

#[async_trait]
impl Service for Cache {
    async fn call(&self, request: &Request) -> Result<Reply, ClientError> {
        if !request.is_read() {
            self.with_held(HashMap::clear);
            let answer = self.inner.call(request).await;
            self.with_held(HashMap::clear); // also what was read meanwhile
            return answer;
        }
        if !request.command.starts_with("list") || request.command.contains("Job") {
            return self.inner.call(request).await;
        }
        let mut params = request.params.clone();
        params.sort();
        let key = (request.command.clone(), params);
        let now = Instant::now();
        let fresh = self.with_held(|held| {
            held.get(&key).filter(|(since, _)| now - *since < self.life).map(|held| held.1.clone())
        });
        if let Some(reply) = fresh {
            return Ok(reply);
        }
        let reply = self.inner.call(request).await?;
        if found_something(&reply) {
            self.remember(key, &reply);
        }
        Ok(reply)
    }
}

fn found_something(reply: &Reply) -> bool {
    let mut fields = reply.body.as_object().into_iter().flat_map(|fields| fields.values());
    fields.any(|field| field.as_array().is_some_and(|items| !items.is_empty()))
}
