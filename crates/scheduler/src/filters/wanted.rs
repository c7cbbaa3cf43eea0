//! `WantedHostFilter`: an administrator may name the host, or the cluster or pod that it is to be in.

use crate::{Demand, Filter, HostView};

/// Lets through the host that was asked for, hosts of the cluster or pod that was, or every host if none was.
#[derive(Debug)]
pub(super) struct WantedHostFilter;

impl Filter for WantedHostFilter {
    fn name(&self) -> &'static str {
        "WantedHostFilter"
    }

    fn meaning(&self) -> &'static str {
        "the host, or hosts of the cluster or pod, that was asked for, or every host if none was"
    }

    fn check(&self, host: &HostView, demand: &Demand) -> Result<(), String> {
        match demand.wanted {
            Some(wanted) if wanted != host.id => {
                return Err("is not the host that was asked for".to_owned());
            }
            _ => {}
        }
        if demand.wanted_cluster.is_some_and(|wanted| wanted != host.cluster) {
            return Err("is not in the cluster that was asked for".to_owned());
        }
        if demand.wanted_pod.is_some_and(|wanted| wanted != host.pod) {
            return Err("is not in the pod that was asked for".to_owned());
        }
        Ok(())
    }
}
