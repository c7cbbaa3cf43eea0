//! How a host is taken in: one procedure from Startup to Up, each step timed.
//!
//! Every refusal is said to the agent in a frame of its own. What a refused connection has changed is put
//! right again before its agent hears of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt as _;
use hostler_model::{HostEvent, HostId, Timestamp, error_chain};
use hostler_store::host::{self, ConnectingHost, HostRow};
use hostler_store::place::{Place, place_find};
use hostler_store::storage_pool::{StoragePoolRow, storage_pool_upsert_local};
use hostler_store::{StoreError, Tx};
use hostler_wire::handshake::{LinkState, manager_receives};
use hostler_wire::{
    LocalPool, Message, ProtocolVersion, ReadyCommand, Refusal, RefusalReason, RoutingResource,
    StartupCommand, StartupResource, VersionRange,
};
use tokio::time::timeout;
use uuid::Uuid;

use super::link::{EndCause, Link, Outbox};
use super::registry::Attached;
use super::session::{Hello, Reader, finish};
use super::{HostNews, Shared, now, now_ms};
use crate::metrics::StepLabel;

/// Why an agent was not taken in.
#[derive(Debug)]
pub(super) enum NotIn {
    /// It is told why.
    Refused(Refusal),
    /// It is gone.
    Ended(EndCause),
}

impl From<StoreError> for NotIn {
    fn from(error: StoreError) -> Self {
        let text = format!("the manager could not record the host: {}", error_chain(&error));
        refused(RefusalReason::Listener, text)
    }
}

impl From<EndCause> for NotIn {
    fn from(cause: EndCause) -> Self {
        Self::Ended(cause)
    }
}

fn refused(reason: RefusalReason, text: impl Into<String>) -> NotIn {
    let retry_after_seconds = match reason {
        // Nothing changes by itself: a person has to.
        RefusalReason::UnknownPlace
        | RefusalReason::ClusterMismatch
        | RefusalReason::HypervisorMismatch
        | RefusalReason::Certificate
        | RefusalReason::Removed => None,
        RefusalReason::DuplicateGuid => Some(60),
        RefusalReason::Version => Some(300),
        RefusalReason::Listener => Some(30),
    };
    NotIn::Refused(Refusal {
        reason,
        text: text.into(),
        retry_after_seconds,
        versions: VersionRange::OURS,
    })
}

/// Takes the agent that said `hello` in: after it, the host is Up.
///
/// # Errors
/// [`NotIn`]; then no link of this agent is registered.
pub(super) async fn connect(
    shared: &Arc<Shared>,
    hello: &Hello,
    outbox: &Arc<Outbox>,
    reader: &mut Reader,
) -> Result<(HostRow, Arc<Link>), NotIn> {
    let mut steps = Steps { shared, taken: String::new() };
    let version = steps.time("identity", async { check_identity(hello) }).await?;
    steps.time("duplicate", refuse_second_machine(shared, hello)).await?;
    let row = steps.time("record", record(shared, hello, version)).await?;
    let _ = shared.news.send(HostNews::Connecting { guid: row.guid });
    let link = Arc::new(Link::new(
        (row.id, row.guid, row.name.clone()),
        row.connection,
        hello.peer,
        version,
        Arc::clone(outbox),
        shared.registry.changes.clone(),
    ));
    let result = welcome(shared, hello, &row, &link, reader, &mut steps).await;
    match result {
        Ok(row) => Ok((row, link)),
        Err(not_in) => {
            put_right(shared, &link, &not_in).await;
            Err(not_in)
        }
    }
}

/// The steps after the host is in the record; if one fails, [`put_right`] follows.
async fn welcome(
    shared: &Arc<Shared>,
    hello: &Hello,
    row: &HostRow,
    link: &Arc<Link>,
    reader: &mut Reader,
    steps: &mut Steps<'_>,
) -> Result<HostRow, NotIn> {
    let turn = shared.registry.turn(row.id);
    let held = turn.lock().await;
    steps.time("attach", attach(shared, link)).await?;
    let limit = shared.settings.listener_wait;
    let listening = shared.listeners.connect(row, &hello.startup, limit);
    steps
        .time("listeners", listening)
        .await
        .map_err(|why| refused(RefusalReason::Listener, format!("the manager's {why}")))?;
    drop(held);
    steps.time("ready", greet(shared, hello, row, link, reader)).await?;
    let taken = std::mem::take(&mut steps.taken);
    let reason = format!("its agent acknowledged Ready ({taken})");
    let row = steps.time("up", go_up(shared, link, reason)).await?;
    tracing::info!(host = %row.id, name = row.name, guid = %row.guid, peer = %hello.peer, agent = row.agent_version, steps = taken, "a host is Up");
    let _ = shared.news.send(HostNews::Up { host: row.id, guid: row.guid });
    Ok(row)
}

/// Who is it, and do both sides understand each other?
fn check_identity(hello: &Hello) -> Result<ProtocolVersion, NotIn> {
    let (startup, certificate) = (&hello.startup, hello.certificate);
    if startup.guid != certificate.guid {
        return Err(refused(
            RefusalReason::Certificate,
            format!(
                "the agent says that it is {}, its certificate is that of {}; run setup-agent again on that host",
                startup.guid, certificate.guid
            ),
        ));
    }
    VersionRange::OURS.common(startup.versions).ok_or_else(|| {
        refused(
            RefusalReason::Version,
            format!(
                "the agent {} speaks protocol {}, this manager {}; upgrade the older of both",
                startup.agent_version,
                startup.versions,
                VersionRange::OURS
            ),
        )
    })
}

/// A second machine with the guid of one that is connected is refused; the same one coming back is not.
///
/// The old link decides: a machine that has come back does not answer on it.
async fn refuse_second_machine(shared: &Shared, hello: &Hello) -> Result<(), NotIn> {
    let Some(link) = shared.registry.up_by_guid(hello.startup.guid) else { return Ok(()) };
    if !link.probe(now_ms(), shared.settings.probe_wait).await {
        return Ok(());
    }
    Err(refused(
        RefusalReason::DuplicateGuid,
        format!(
            "a machine with the guid {} is connected from {} already and answers; remove guid from agent.properties \
             on the one that was cloned, and add it as a new host",
            link.guid,
            link.peer.ip()
        ),
    ))
}

/// Writes the host, its place and its local pool down, all or nothing.
async fn record(
    shared: &Shared,
    hello: &Hello,
    version: ProtocolVersion,
) -> Result<HostRow, NotIn> {
    let (startup, manager) = (hello.startup.clone(), shared.manager);
    let (signed, peer) = (hello.certificate.signed, hello.peer);
    let new_id = HostId::new(Uuid::new_v4());
    shared
        .store
        .write(move |tx| {
            let now = now();
            refuse_removed(tx, &startup, signed)?;
            let place = find_place(tx, &startup)?;
            check_place(tx, &startup, &place)?;
            let mut host = describe(&startup, &place, new_id, manager, version);
            host.private_address = host.private_address.or(Some(peer.ip()));
            let reason = format!("its agent said Startup from {}", peer.ip());
            let row = host::host_connect(tx, &host, &reason, now)?;
            if let StartupResource::Routing(RoutingResource { local_pool: Some(pool), .. }) =
                &startup.resource
            {
                storage_pool_upsert_local(tx, &local_pool(pool, &row, now), now)?;
            }
            Ok(row)
        })
        .await
}

fn refuse_removed(tx: &Tx<'_>, startup: &StartupCommand, signed: i64) -> Result<(), NotIn> {
    if host::host_by_guid(tx, startup.guid)?.is_some() {
        return Ok(());
    }
    match host::host_removed_at(tx, startup.guid)? {
        // Whoever adds a removed host again gives it a new certificate.
        Some(removed) if signed < removed.0.div_euclid(1000) => Err(refused(
            RefusalReason::Removed,
            format!(
                "host {} was removed from the cloud; add it again if that was a mistake",
                startup.name
            ),
        )),
        _ => Ok(()),
    }
}

fn find_place(tx: &Tx<'_>, startup: &StartupCommand) -> Result<Place, NotIn> {
    let unknown = |why: String| {
        let text = format!("{why}; correct zone, pod and cluster in agent.properties");
        refused(RefusalReason::UnknownPlace, text)
    };
    let place = place_find(tx, &startup.zone, &startup.pod, &startup.cluster)?.map_err(|e| {
        if startup.zone.is_empty() { no_zone_yet() } else { unknown(e.to_string()) }
    })?;
    if matches!(startup.resource, StartupResource::Routing(_)) && place.cluster.is_none() {
        return Err(unknown("a host that runs VMs needs a pod and a cluster".to_owned()));
    }
    Ok(place)
}

/// The controller's own image worker names no zone; it comes back when there is one.
fn no_zone_yet() -> NotIn {
    NotIn::Refused(Refusal {
        reason: RefusalReason::UnknownPlace,
        text: "there is no zone yet; create one".to_owned(),
        retry_after_seconds: Some(3),
        versions: VersionRange::OURS,
    })
}

fn check_place(tx: &Tx<'_>, startup: &StartupCommand, place: &Place) -> Result<(), NotIn> {
    if let (StartupResource::Routing(routing), Some(hypervisor)) =
        (&startup.resource, &place.hypervisor)
    {
        // QEMU without KVM is the same hypervisor, only slower.
        let fits = matches!(routing.hypervisor.as_str(), "kvm" | "qemu")
            && hypervisor.eq_ignore_ascii_case("kvm");
        if !fits {
            return Err(refused(
                RefusalReason::HypervisorMismatch,
                format!(
                    "cluster {} is for {hypervisor}, the host has {}",
                    startup.cluster, routing.hypervisor
                ),
            ));
        }
    }
    match host::host_by_guid(tx, startup.guid)? {
        Some(row) if (row.zone, row.pod, row.cluster) != (place.zone, place.pod, place.cluster) => {
            let named = |id: Option<String>| id.unwrap_or_else(|| "none".to_owned());
            Err(refused(
                RefusalReason::ClusterMismatch,
                format!(
                    "host {} is recorded in zone {}, cluster {}, and comes for zone {}, cluster {}; remove it from the \
                     cloud before it changes its place, or correct agent.properties",
                    row.name,
                    row.zone,
                    named(row.cluster.map(|id| id.to_string())),
                    place.zone,
                    named(place.cluster.map(|id| id.to_string())),
                ),
            ))
        }
        _ => Ok(()),
    }
}

fn describe(
    startup: &StartupCommand,
    place: &Place,
    new_id: HostId,
    manager: u64,
    version: ProtocolVersion,
) -> ConnectingHost {
    let mut host = ConnectingHost {
        new_id,
        guid: startup.guid,
        kind: "SecondaryStorage",
        name: startup.name.clone(),
        zone: place.zone,
        pod: place.pod,
        cluster: place.cluster,
        manager,
        private_address: startup.private_address,
        public_address: startup.public_address,
        storage_address: startup.storage_address,
        serve_address: None,
        agent_version: startup.agent_version.clone(),
        wire_version: version.0,
        arch: String::new(),
        hypervisor: String::new(),
        hypervisor_version: String::new(),
        capabilities: String::new(),
        cpus: 0,
        cpu_sockets: 0,
        cpu_speed: hostler_model::Mhz(0),
        memory: hostler_model::Mib(0),
        reserved: hostler_model::Mib(0),
        details: startup.details.clone(),
    };
    match &startup.resource {
        StartupResource::Routing(routing) => describe_routing(&mut host, routing),
        StartupResource::SecondaryStorage(worker) => {
            host.serve_address = Some(worker.serve_address.clone());
            note(&mut host.details, "path", &worker.path);
            note(&mut host.details, "capacity", &worker.capacity.0.to_string());
            note(&mut host.details, "available", &worker.available.0.to_string());
        }
    }
    host
}

fn describe_routing(host: &mut ConnectingHost, routing: &RoutingResource) {
    host.kind = "Routing";
    host.arch.clone_from(&routing.arch);
    host.hypervisor.clone_from(&routing.hypervisor);
    host.hypervisor_version.clone_from(&routing.hypervisor_version);
    host.capabilities = routing.capabilities.join(",");
    host.cpus = routing.cpus;
    host.cpu_sockets = routing.cpu_sockets;
    host.cpu_speed = routing.cpu_speed;
    host.memory = routing.memory;
    host.reserved = routing.reserved_memory;
    if let Some(bridge) = &routing.guest_bridge {
        note(&mut host.details, "guest.network.device", bridge);
    }
}

fn note(details: &mut BTreeMap<String, String>, name: &str, value: &str) {
    details.insert(name.to_owned(), value.to_owned());
}

fn local_pool(pool: &LocalPool, row: &HostRow, now: Timestamp) -> StoragePoolRow {
    StoragePoolRow {
        id: pool.id,
        name: format!("{}-local", row.name),
        kind: "Directory".to_owned(),
        zone: row.zone,
        pod: row.pod,
        cluster: row.cluster,
        host: Some(row.id),
        path: pool.path.clone(),
        state: "Up".to_owned(),
        capacity: pool.capacity,
        used: hostler_model::Bytes(pool.capacity.0.saturating_sub(pool.available.0)),
        tags: String::new(),
        created: now,
        removed: None,
    }
}

/// Makes the link the one that speaks for its host. An older one ends, and its listeners are told.
async fn attach(shared: &Shared, link: &Arc<Link>) -> Result<(), NotIn> {
    match shared.registry.attach(link) {
        Attached::New => Ok(()),
        Attached::Outrun => Err(NotIn::Ended(EndCause::Replaced)),
        Attached::Replaced(old) => {
            tracing::info!(host = %link.host, old = old.connection, new = link.connection, "a newer connection of a host takes over");
            old.close(EndCause::Replaced);
            let (why, limit) = (EndCause::Replaced.to_string(), shared.settings.listener_wait);
            shared.listeners.disconnect(link.host, &why, limit).await;
            Ok(())
        }
    }
}

/// Says Ready and waits for its acknowledgement.
async fn greet(
    shared: &Shared,
    hello: &Hello,
    row: &HostRow,
    link: &Arc<Link>,
    reader: &mut Reader,
) -> Result<(), NotIn> {
    let seconds = shared.settings.ping_interval.as_secs().max(1);
    let ready = ReadyCommand {
        version: link.version,
        cloud: shared.cloud,
        manager: shared.manager,
        host: row.id,
        zone: row.zone,
        ping_interval_seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
    };
    link.outbox.answer(hello.sequence, Some(row.id), Message::Ready(ready))?;
    link.outbox.set_version(link.version)?;
    let frame = tokio::select! {
        frame = timeout(shared.settings.ready_wait, reader.next()) => frame,
        () = link.ended() => return Err(link.cause().unwrap_or(EndCause::Closed).into()),
    };
    let frame = match frame {
        Ok(Some(Ok(frame))) => frame,
        Ok(Some(Err(e))) => return Err(EndCause::Broken(error_chain(&e)).into()),
        Ok(None) => return Err(EndCause::Closed.into()),
        Err(_) => {
            return Err(EndCause::Broken("Ready was not acknowledged in time".to_owned()).into());
        }
    };
    if let Message::Shutdown(goodbye) = frame.message {
        return Err(EndCause::Shutdown(goodbye.reason).into());
    }
    match manager_receives(LinkState::Greeted, &frame.message) {
        Ok(_) => Ok(()),
        Err(e) => Err(EndCause::Broken(e.to_string()).into()),
    }
}

/// Records that the host is Up, if this connection still speaks for it.
async fn go_up(shared: &Shared, link: &Arc<Link>, reason: String) -> Result<HostRow, NotIn> {
    let (id, connection) = (link.host, link.connection);
    let event = HostEvent::ReadyAcknowledged;
    let row = shared
        .store
        .write(move |tx| host::host_transition(tx, id, connection, event, &reason, now()))
        .await?;
    let row = row.ok_or(NotIn::Ended(EndCause::Replaced))?;
    link.set_up(shared.metrics.count_connection("up"));
    Ok(row)
}

/// Undoes what a connection that failed after its record has changed.
async fn put_right(shared: &Shared, link: &Arc<Link>, not_in: &NotIn) {
    match not_in {
        NotIn::Ended(cause) => {
            finish(shared, link, cause).await;
            // A link that was never attached leaves its record to the one that outran it.
        }
        NotIn::Refused(refusal) => {
            let (id, connection, text) = (link.host, link.connection, refusal.text.clone());
            let recorded = shared
                .store
                .write(move |tx| {
                    host::host_transition(tx, id, connection, HostEvent::Refused, &text, now())
                })
                .await;
            if let Err(e) = recorded {
                tracing::error!(host = %id, error = %error_chain(&e), "a refusal could not be recorded");
            }
            finish(shared, link, &EndCause::Broken(format!("refused: {}", refusal.text))).await;
        }
    }
}

/// How long each step took: in the metrics, and in words for the event.
struct Steps<'a> {
    shared: &'a Shared,
    taken: String,
}

impl Steps<'_> {
    async fn time<T>(&mut self, step: &'static str, work: impl Future<Output = T>) -> T {
        let begun = Instant::now();
        let result = work.await;
        let took = begun.elapsed();
        self.shared
            .metrics
            .connect_steps
            .get_or_create(&StepLabel { step })
            .observe(took.as_secs_f64());
        let separator = if self.taken.is_empty() { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(self.taken, "{separator}{step} {} ms", took.as_millis());
        result
    }
}
