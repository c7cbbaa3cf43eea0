//! The times and bounds of the agents' side.

use std::time::Duration;

/// Times and bounds; tests use shorter ones.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentSettings {
    /// How long TLS may take.
    pub handshake_wait: Duration,
    /// TLS handshakes at once; a connection beyond that is closed unheard.
    pub max_handshakes: usize,
    /// How long after TLS the Startup may take (`agent.startup.wait`).
    pub startup_wait: Duration,
    /// How long the acknowledgement of Ready may take.
    pub ready_wait: Duration,
    /// Between two pings, both ways (`ping.interval`). Whole seconds travel to the agent.
    pub ping_interval: Duration,
    /// Silence of so many ping intervals ends a link (`ping.timeout`); agents always take 2.5.
    pub silent_intervals: f64,
    /// How long an old link has to show that it lives when a second agent claims to be the same machine.
    pub probe_wait: Duration,
    /// How long one listener may take with one piece of news.
    pub listener_wait: Duration,
    /// How long a peer may take to accept a frame.
    pub write_wait: Duration,
    /// Frames that wait for one peer.
    pub queue: usize,
}

impl Default for AgentSettings {
    fn default() -> Self {
        Self {
            handshake_wait: Duration::from_secs(10),
            max_handshakes: 1024,
            startup_wait: Duration::from_secs(30),
            ready_wait: Duration::from_secs(30),
            ping_interval: Duration::from_secs(15),
            silent_intervals: 2.5,
            probe_wait: Duration::from_secs(2),
            listener_wait: Duration::from_secs(30),
            write_wait: Duration::from_secs(10),
            queue: 256,
        }
    }
}

impl AgentSettings {
    /// How long a link may be silent.
    pub fn silence(&self) -> Duration {
        self.ping_interval.mul_f64(self.silent_intervals)
    }
}
