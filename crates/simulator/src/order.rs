//! The language of orders to a simulated cloud: `cut 10% for 20s`, `off h7 for 1m`, `slow all to 500ms`.
//!
//! Not here: carrying them out (`fleet`), and where they come from (`control`, a scenario).

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::scenario::parse_duration;

/// What can be ordered, for people.
pub const HELP: &str = "off HOSTS [for TIME]            pull their plugs; guests are off\n\
                        on HOSTS                        switch them on\n\
                        cut HOSTS [for TIME]            nothing passes their cables\n\
                        drop HOSTS [for TIME]           their connections end, and none begins\n\
                        slow HOSTS to TIME [for TIME]   every call of their libvirt and disks takes so long\n\
                        refuse HOSTS CALL [for TIME]    their libvirt refuses: define, start, shut_down, destroy, undefine\n\
                        heal HOSTS                      all of that is over\n\
                        status                          how many are what\n\
                        HOSTS: all, a name (h7), a number of them (7), a part (10%)";

/// One order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Something happens to hosts.
    Do {
        /// What.
        deed: Deed,
        /// To which.
        hosts: Hosts,
        /// For how long; nothing: until told otherwise.
        time: Option<Duration>,
    },
    /// Nothing happens; how things stand is told.
    Status,
}

/// What can happen to a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Its plug is pulled.
    Off,
    /// It is switched on.
    On,
    /// Its cable is cut.
    Cut,
    /// Its connections end.
    Drop,
    /// Each of its calls takes so long.
    Slow(Duration),
    /// Its libvirt refuses calls of this name.
    Refuse(&'static str),
    /// Everything is as it was.
    Heal,
}

/// Which hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hosts {
    /// All.
    All,
    /// The one of this name.
    Named(String),
    /// So many, by chance.
    Count(usize),
    /// So many of a hundred, by chance; at least one.
    Percent(usize),
}

/// Words that are no order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no order: {why}. Orders are:\n{HELP}")]
pub struct NotAnOrder {
    text: String,
    why: String,
}

impl FromStr for Order {
    type Err = NotAnOrder;

    fn from_str(text: &str) -> Result<Self, NotAnOrder> {
        let words: Vec<&str> = text.split_whitespace().collect();
        parse(&words).map_err(|why| NotAnOrder { text: text.to_owned(), why })
    }
}

fn parse(words: &[&str]) -> Result<Order, String> {
    let (words, time) = match words {
        [before @ .., "for", time] => (before, Some(duration(time)?)),
        all => (all, None),
    };
    let (deed, hosts) = match words {
        ["status"] if time.is_none() => return Ok(Order::Status),
        ["off", hosts] => (Deed::Off, hosts),
        ["on", hosts] if time.is_none() => (Deed::On, hosts),
        ["cut", hosts] => (Deed::Cut, hosts),
        ["drop", hosts] => (Deed::Drop, hosts),
        ["slow", hosts, "to", takes] => (Deed::Slow(duration(takes)?), hosts),
        ["refuse", hosts, call] => (Deed::Refuse(call_of_libvirt(call)?), hosts),
        ["heal", hosts] if time.is_none() => (Deed::Heal, hosts),
        [] => return Err("it is empty".to_owned()),
        [verb, ..] => return Err(format!("{verb} is not said so")),
    };
    Ok(Order::Do { deed, hosts: hosts.parse()?, time })
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| format!("{text} is no time; 500ms, 30s, 5m and 1h are"))
}

fn call_of_libvirt(name: &str) -> Result<&'static str, String> {
    const CALLS: &[&str] = &["define", "start", "shut_down", "destroy", "undefine"];
    let known = CALLS.iter().find(|call| **call == name);
    known.copied().ok_or_else(|| format!("{name} is no call that can be refused"))
}

impl FromStr for Hosts {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self::All);
        }
        if let Some(part) = text.strip_suffix('%') {
            let percent = part.parse().ok().filter(|percent| (1..=100).contains(percent));
            return percent.map(Self::Percent).ok_or_else(|| format!("{text} is no part of them"));
        }
        Ok(text.parse().map_or_else(|_| Self::Named(text.to_owned()), Self::Count))
    }
}

impl fmt::Display for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Named(name) => f.write_str(name),
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Do { deed, hosts, time } = self else { return f.write_str("status") };
        match deed {
            Deed::Off => write!(f, "off {hosts}"),
            Deed::On => write!(f, "on {hosts}"),
            Deed::Cut => write!(f, "cut {hosts}"),
            Deed::Drop => write!(f, "drop {hosts}"),
            Deed::Slow(takes) => write!(f, "slow {hosts} to {}ms", takes.as_millis()),
            Deed::Refuse(call) => write!(f, "refuse {hosts} {call}"),
            Deed::Heal => write!(f, "heal {hosts}"),
        }?;
        match time {
            None => Ok(()),
            Some(time) if time.subsec_millis() > 0 => write!(f, " for {}ms", time.as_millis()),
            Some(time) => write!(f, " for {}s", time.as_secs()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_written_as_it_is_read() {
        for text in [
            "off h7 for 60s",
            "on all",
            "cut 10% for 20s",
            "drop 3",
            "slow all to 500ms for 1500ms",
            "refuse 5% start for 30s",
            "heal all",
            "status",
        ] {
            assert_eq!(text.parse::<Order>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_order_is_told_what_is() {
        for text in ["", "cut", "cut 0%", "cut 101%", "slow all", "refuse all eat", "on all for 1s"]
        {
            let error = text.parse::<Order>().unwrap_err().to_string();
            assert!(error.contains("pull their plugs"), "{text}: {error}");
        }
    }
}
