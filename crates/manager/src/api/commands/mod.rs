//! The tables of API commands: one line each, and one file each.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use hostler_query_api::{ApiCommand, CommandDecl};

use super::call::{AnswerFuture, Call, Handler, run};
use super::sessions::{Login, Logout};

pub(crate) mod account;
mod affinity;
mod aggregate;
mod cluster;
mod dedication;
mod discovery;
mod diskoffering;
mod domain;
mod event;
mod facility;
mod firewall;
mod group;
mod host;
mod job;
mod keypair;
mod ldap;
mod limit;
pub(crate) mod network;
mod nic;
pub(crate) mod offering;
mod physical;
mod placement;
mod pod;
mod project;
mod role;
mod securitygroup;
mod setting;
mod snapshot;
mod storage;
mod sync;
pub(crate) mod tag;
pub(crate) mod template;
pub(super) mod user;
mod userdata;
mod vm;
mod vmsnapshot;
mod volume;
mod zone;

pub(crate) use limit::OwnerRow;

/// A command, as the dispatcher knows it.
#[derive(Debug)]
pub(crate) struct Entry {
    /// What it is.
    pub(crate) declaration: fn() -> &'static CommandDecl,
    /// How it is carried out.
    pub(crate) run: Run,
}

/// How a command is carried out.
#[derive(Debug)]
pub(crate) enum Run {
    /// For a caller who proved who they are.
    Known(for<'a> fn(Call<'a>) -> AnswerFuture<'a>),
    /// `login`, which begins a session.
    Login,
    /// `logout`, which ends one.
    Logout,
}

const fn known<C: Handler + 'static>() -> Entry {
    Entry { declaration: C::declaration, run: Run::Known(|call| run::<C>(call)) }
}

/// `login` and `logout`: they make the session that others need.
static SESSION: &[Entry] = &[
    Entry { declaration: Login::declaration, run: Run::Login },
    Entry { declaration: Logout::declaration, run: Run::Logout },
];

/// Every command there is, by what it is about. Each table is in the folder of its commands.
static TABLES: &[&[Entry]] = &[
    SESSION,
    account::COMMANDS,
    affinity::COMMANDS,
    aggregate::COMMANDS,
    cluster::COMMANDS,
    dedication::COMMANDS,
    discovery::COMMANDS,
    diskoffering::COMMANDS,
    domain::COMMANDS,
    event::COMMANDS,
    facility::COMMANDS,
    firewall::COMMANDS,
    group::COMMANDS,
    host::COMMANDS,
    job::COMMANDS,
    keypair::COMMANDS,
    ldap::COMMANDS,
    limit::COMMANDS,
    network::COMMANDS,
    nic::COMMANDS,
    offering::COMMANDS,
    physical::COMMANDS,
    placement::COMMANDS,
    pod::COMMANDS,
    project::COMMANDS,
    role::COMMANDS,
    securitygroup::COMMANDS,
    setting::COMMANDS,
    snapshot::COMMANDS,
    storage::COMMANDS,
    sync::COMMANDS,
    tag::COMMANDS,
    template::COMMANDS,
    user::COMMANDS,
    userdata::COMMANDS,
    vm::COMMANDS,
    vmsnapshot::COMMANDS,
    volume::COMMANDS,
    zone::COMMANDS,
];

static BY_NAME: LazyLock<BTreeMap<&'static str, &'static Entry>> = LazyLock::new(|| {
    let entries = TABLES.iter().flat_map(|table| table.iter());
    entries.map(|entry| ((entry.declaration)().name, entry)).collect()
});

/// The command of a name, in exactly this spelling.
pub(crate) fn find(name: &str) -> Option<&'static Entry> {
    BY_NAME.get(name).copied()
}

/// What every command is, by name.
pub(crate) fn declarations() -> Vec<&'static CommandDecl> {
    BY_NAME.values().map(|entry| (entry.declaration)()).collect()
}
