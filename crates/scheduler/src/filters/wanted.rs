//! `WantedHostFilter`: an administrator may name the host.

use crate::{Demand, Filter, HostView};

/// Lets through the host that was asked for, or every host if none was.
#[derive(Debug)]
pub(super) struct WantedHostFilter;

impl Filter for WantedHostFilter {
    fn name(&self) -> &'static str {
        "WantedHostFilter"
    }

    fn meaning(&self) -> &'static str {
        "the host that was asked for, or every host if none was"
    }

    fn check(&self, host: &HostView, demand: &Demand) -> Result<(), String> {
        match demand.wanted {
            Some(wanted) if wanted != host.id => {
                Err("is not the host that was asked for".to_owned())
            }
            _ => Ok(()),
        }
    }
}
