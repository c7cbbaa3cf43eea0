//! Writes down what hosts say with their pings: how busy they are, how full their pools, how far off their clocks.
//!
//! Nothing is decided by a host's clock. One that is far off is told of, because logs and certificates
//! suffer from it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use hostler_model::{HostId, Timestamp};
use hostler_store::event::{NewEvent, event_add};
use hostler_store::host::{HostRow, host_ping};
use hostler_store::storage_pool::storage_pool_set_use;
use hostler_store::{Store, StoreError};
use hostler_wire::{Ping, StartupCommand};
use serde_json::{Map, Value, json};

use crate::agents::HostListener;

/// Clocks further apart are told of.
const CLOCK_LIMIT_MS: i64 = 5000;

/// Listens to hosts' pings.
#[derive(Debug)]
pub struct HostStatistics {
    store: Store,
    hosts: Mutex<HashMap<HostId, Seen>>,
}

#[derive(Debug, Clone)]
struct Seen {
    name: String,
    connection: u64,
    clock_is_off: bool,
}

/// What has happened to a host's clock, if anything has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClockNews {
    Off,
    RightAgain,
}

impl HostStatistics {
    /// A listener that writes to `store`.
    pub fn new(store: Store) -> Self {
        Self { store, hosts: Mutex::default() }
    }

    /// Notes the clock of a host and says which connection it is on.
    fn look_at_clock(&self, host: HostId, offset_ms: i64) -> Option<(Seen, Option<ClockNews>)> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = hosts.get_mut(&host)?;
        let news = clock_news(seen.clock_is_off, offset_ms);
        seen.clock_is_off = offset_ms.abs() > CLOCK_LIMIT_MS;
        Some((seen.clone(), news))
    }
}

fn clock_news(was_off: bool, offset_ms: i64) -> Option<ClockNews> {
    match (was_off, offset_ms.abs() > CLOCK_LIMIT_MS) {
        (false, true) => Some(ClockNews::Off),
        (true, false) => Some(ClockNews::RightAgain),
        _ => None,
    }
}

/// What is kept of a ping: the host's own figures by their names, `vms` by id, `clock_offset_ms`.
fn stats(ping: &Ping, offset_ms: i64) -> Value {
    let mut stats = match ping.host.as_ref().map(serde_json::to_value) {
        Some(Ok(Value::Object(stats))) => stats,
        _ => Map::new(),
    };
    let vms: BTreeMap<String, Value> =
        ping.vms.iter().map(|vm| (vm.vm.to_string(), json!(vm))).collect();
    stats.insert("vms".to_owned(), json!(vms));
    stats.insert("clock_offset_ms".to_owned(), json!(offset_ms));
    Value::Object(stats)
}

fn clock_event(
    host: HostId,
    name: &str,
    news: ClockNews,
    offset_ms: i64,
    at: Timestamp,
) -> NewEvent {
    let (level, text) = match news {
        ClockNews::Off => ("WARN", "is off; does its time service run?"),
        ClockNews::RightAgain => ("INFO", "is right again"),
    };
    NewEvent {
        at,
        kind: "HOST.CLOCK",
        level,
        state: "Completed",
        description: format!(
            "the clock of host {name} {text} ({offset_ms} ms ahead of the manager's)"
        ),
        cause: format!("ping of host {host}"),
        account: None,
        user: None,
        subject: Some(("Host", host.uuid())),
        job: None,
    }
}

#[async_trait]
impl HostListener for HostStatistics {
    fn name(&self) -> &'static str {
        "host-statistics"
    }

    async fn connect(&self, host: &HostRow, _: &StartupCommand) -> Result<(), String> {
        let seen =
            Seen { name: host.name.clone(), connection: host.connection, clock_is_off: false };
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner).insert(host.id, seen);
        Ok(())
    }

    async fn disconnect(&self, host: HostId, _: &str) {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner).remove(&host);
    }

    async fn ping(&self, host: HostId, ping: &Ping) {
        let now = Timestamp::from(SystemTime::now());
        let clock = i64::try_from(ping.clock_ms).unwrap_or(i64::MAX);
        let offset_ms = clock.saturating_sub(now.0);
        let Some((seen, news)) = self.look_at_clock(host, offset_ms) else { return };
        let stats = stats(ping, offset_ms);
        let pools: Vec<_> = ping.host.iter().flat_map(|h| h.pools.clone()).collect();
        let event = news.map(|news| clock_event(host, &seen.name, news, offset_ms, now));
        let written: Result<(), StoreError> = self
            .store
            .write(move |tx| {
                host_ping(tx, host, seen.connection, &stats, now)?;
                for (pool, size) in pools {
                    storage_pool_set_use(tx, host, pool, size.capacity, size.used)?;
                }
                event.map_or(Ok(()), |event| event_add(tx, &event))
            })
            .await;
        if let Err(error) = written {
            tracing::warn!(%host, %error, "a host's statistics could not be recorded; its next ones will be");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hostler_model::{Bytes, Mib};
    use hostler_wire::HostStats;

    #[test]
    fn a_clock_that_is_off_is_told_of_once() {
        assert_eq!(clock_news(false, 6000), Some(ClockNews::Off));
        assert_eq!(clock_news(true, -6000), None);
        assert_eq!(clock_news(true, 10), Some(ClockNews::RightAgain));
        assert_eq!(clock_news(false, -4000), None);
    }

    #[test]
    fn the_hosts_figures_keep_their_names() {
        let host = HostStats {
            cpu_used_permille: 125,
            load_centi: 50,
            memory_used: Mib(100),
            memory_total: Mib(1000),
            network_received: Bytes(1),
            network_sent: Bytes(2),
            pools: BTreeMap::new(),
        };
        let stats = stats(&Ping { host: Some(host), ..Ping::default() }, -3);
        assert_eq!(stats["cpu_used_permille"], 125);
        assert_eq!(stats["memory_used"], 100);
        assert_eq!(stats["clock_offset_ms"], -3);
    }
}
