//! How a deployment's parameter `hints` says where a VM is to be: nova's `group`, `same_host` and `different_host`.

use std::collections::BTreeMap;

use hostler_model::{AffinityGroupId, VmId};

use crate::api::call::Call;
use crate::api::failure::Failure;
use crate::orchestration::vm::Hints;

/// What was hinted at.
#[derive(Debug, Default)]
pub(super) struct Hinted {
    /// VMs to be with, or away from.
    pub(super) hints: Hints,
    /// Affinity groups by id.
    pub(super) group_ids: Vec<AffinityGroupId>,
    /// Affinity groups by name.
    pub(super) group_names: Vec<String>,
}

impl Hinted {
    /// Every VM that is named.
    pub(super) fn vms(&self) -> impl Iterator<Item = VmId> {
        self.hints.same_host.iter().chain(&self.hints.different_host).copied()
    }
}

/// Reads the hints of a request.
///
/// # Errors
/// A hint that is not known, an id that is none, and a VM that is named in both ways.
pub(super) fn read(call: Call<'_>, given: &BTreeMap<String, String>) -> Result<Hinted, Failure> {
    let mut hinted = Hinted::default();
    for (hint, text) in given {
        let entries = || text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        match hint.as_str() {
            "same_host" => hinted.hints.same_host = vms(call, entries())?,
            "different_host" => hinted.hints.different_host = vms(call, entries())?,
            "group" => {
                for entry in entries() {
                    match entry.parse() {
                        Ok(id) => hinted.group_ids.push(id),
                        Err(_) => hinted.group_names.push(entry.to_owned()),
                    }
                }
            }
            other => {
                return Err(call.wrong("hints", other, "one of group, same_host, different_host"));
            }
        }
    }
    let Hints { same_host, different_host } = &hinted.hints;
    match same_host.iter().find(|vm| different_host.contains(vm)) {
        Some(vm) => Err(Failure::invalid(format!(
            "parameter hints: same_host and different_host both name {vm}; name it in one of them"
        ))),
        None => Ok(hinted),
    }
}

fn vms<'a>(call: Call<'_>, entries: impl Iterator<Item = &'a str>) -> Result<Vec<VmId>, Failure> {
    entries
        .map(|entry| {
            entry.parse().map_err(|_| call.wrong("hints", entry, "ids of VMs, separated by commas"))
        })
        .collect()
}
