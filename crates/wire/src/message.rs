//! Every message there is, with the number of its kind.

use hostler_model::CommandId;
use serde::{Deserialize, Serialize};

use crate::{HostReport, Order, Outcome, Ping, Progress, ReadyCommand, Refusal, StartupCommand};

/// A decoded body. The list is closed: a frame of another kind ends the connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// Agent → manager, first: who it is and what it has.
    Startup(Box<StartupCommand>),
    /// Manager → agent: taken in. Startup's answer.
    Ready(ReadyCommand),
    /// Manager → agent: not taken in. Startup's other answer.
    Refused(Refusal),
    /// Agent → manager: has understood Ready; the host is Up from now on.
    ReadyAcknowledged,
    /// Either way: still here.
    Ping(Ping),
    /// Either way: heard it; carries the other clock back.
    Pong(Pong),
    /// Manager → agent: orders, answered together.
    Request(Vec<Order>),
    /// Agent → manager: what became of the orders of one request.
    Response(Vec<Outcome>),
    /// Agent → manager: what has changed with its VMs.
    Report(HostReport),
    /// Agent → manager: how far a long command is.
    Progress(Progress),
    /// Manager → agent: give up these orders if they have had no effect yet.
    Cancel(Vec<CommandId>),
    /// Either way: closing the link on purpose, and why.
    Shutdown(Shutdown),
    /// Agent → manager: the request of the same sequence cannot be read here; none of its orders was begun.
    NotUnderstood(NotUnderstood),
}

/// Why a request cannot be read, as happens to an agent that is older than its manager.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotUnderstood {
    /// For a person.
    pub why: String,
}

/// The answer to a ping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pong {
    /// The ping's own clock, sent back.
    pub ping_clock_ms: u64,
    /// Milliseconds since 1970 on this side's clock.
    pub clock_ms: u64,
}

/// Why a link is closed on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shutdown {
    /// For a person.
    pub reason: String,
    /// Seconds after which to come back; nothing: as soon as back-off allows.
    pub reconnect_after_seconds: Option<u32>,
}

impl Message {
    /// The number of its kind in the envelope. Numbers are given once and never again.
    pub const fn kind(&self) -> u16 {
        match self {
            Self::Startup(_) => 1,
            Self::Ready(_) => 2,
            Self::Refused(_) => 3,
            Self::ReadyAcknowledged => 4,
            Self::Ping(_) => 5,
            Self::Pong(_) => 6,
            Self::Request(_) => 7,
            Self::Response(_) => 8,
            Self::Report(_) => 9,
            Self::Progress(_) => 10,
            Self::Cancel(_) => 11,
            Self::Shutdown(_) => 12,
            Self::NotUnderstood(_) => 13,
        }
    }

    /// Its name, for logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Startup(_) => "Startup",
            Self::Ready(_) => "Ready",
            Self::Refused(_) => "Refused",
            Self::ReadyAcknowledged => "ReadyAcknowledged",
            Self::Ping(_) => "Ping",
            Self::Pong(_) => "Pong",
            Self::Request(_) => "Request",
            Self::Response(_) => "Response",
            Self::Report(_) => "Report",
            Self::Progress(_) => "Progress",
            Self::Cancel(_) => "Cancel",
            Self::Shutdown(_) => "Shutdown",
            Self::NotUnderstood(_) => "NotUnderstood",
        }
    }
}
