//! What accounts, domains and projects may have where no limit was set: the settings `max.*`.
//!
//! Not here: limits that were set, and what counts against them (`hostler_store::limit`).

use hostler_model::LimitKind;
use hostler_store::limit::LimitDefaults;

use crate::settings::{self, Setting, Settings};

/// The settings of each kind: for accounts, for domains, for projects.
#[rustfmt::skip] // reads as a table
const DEFAULTS: &[(LimitKind, [Option<&Setting>; 3])] = &[
    (LimitKind::UserVm, [Some(&settings::MAX_ACCOUNT_USER_VMS), Some(&settings::MAX_DOMAIN_USER_VMS), Some(&settings::MAX_PROJECT_USER_VMS)]),
    (LimitKind::PublicIp, [Some(&settings::MAX_ACCOUNT_PUBLIC_IPS), Some(&settings::MAX_DOMAIN_PUBLIC_IPS), Some(&settings::MAX_PROJECT_PUBLIC_IPS)]),
    (LimitKind::Volume, [Some(&settings::MAX_ACCOUNT_VOLUMES), Some(&settings::MAX_DOMAIN_VOLUMES), Some(&settings::MAX_PROJECT_VOLUMES)]),
    (LimitKind::Snapshot, [Some(&settings::MAX_ACCOUNT_SNAPSHOTS), Some(&settings::MAX_DOMAIN_SNAPSHOTS), Some(&settings::MAX_PROJECT_SNAPSHOTS)]),
    (LimitKind::Template, [Some(&settings::MAX_ACCOUNT_TEMPLATES), Some(&settings::MAX_DOMAIN_TEMPLATES), Some(&settings::MAX_PROJECT_TEMPLATES)]),
    (LimitKind::Project, [Some(&settings::MAX_ACCOUNT_PROJECTS), Some(&settings::MAX_DOMAIN_PROJECTS), None]),
    (LimitKind::Network, [Some(&settings::MAX_ACCOUNT_NETWORKS), Some(&settings::MAX_DOMAIN_NETWORKS), Some(&settings::MAX_PROJECT_NETWORKS)]),
    (LimitKind::Vpc, [Some(&settings::MAX_ACCOUNT_VPCS), Some(&settings::MAX_DOMAIN_VPCS), Some(&settings::MAX_PROJECT_VPCS)]),
    (LimitKind::Cpu, [Some(&settings::MAX_ACCOUNT_CPUS), Some(&settings::MAX_DOMAIN_CPUS), Some(&settings::MAX_PROJECT_CPUS)]),
    (LimitKind::Memory, [Some(&settings::MAX_ACCOUNT_MEMORY), Some(&settings::MAX_DOMAIN_MEMORY), Some(&settings::MAX_PROJECT_MEMORY)]),
    (LimitKind::PrimaryStorage, [Some(&settings::MAX_ACCOUNT_PRIMARY_STORAGE), Some(&settings::MAX_DOMAIN_PRIMARY_STORAGE), Some(&settings::MAX_PROJECT_PRIMARY_STORAGE)]),
    (LimitKind::SecondaryStorage, [Some(&settings::MAX_ACCOUNT_SECONDARY_STORAGE), Some(&settings::MAX_DOMAIN_SECONDARY_STORAGE), Some(&settings::MAX_PROJECT_SECONDARY_STORAGE)]),
];

impl Settings {
    /// What counts where no limit was set, as it is now.
    pub fn limits(&self) -> LimitDefaults {
        let mut limits = LimitDefaults {
            started_only: self.flag(&settings::COUNT_STARTED_ONLY),
            ..LimitDefaults::default()
        };
        for (kind, [account, domain, project]) in DEFAULTS {
            for (setting, of) in [
                (account, &mut limits.account),
                (domain, &mut limits.domain),
                (project, &mut limits.project),
            ] {
                of.extend(setting.map(|setting| (*kind, self.limit(setting))));
            }
        }
        limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_default_that_can_be_changed() {
        let settings = Settings::default();
        settings.set("max.domain.memory", "-1").unwrap();
        let limits = settings.limits();
        assert_eq!(limits.account.len(), LimitKind::ALL.len());
        assert_eq!(limits.account[&LimitKind::UserVm], 20);
        assert_eq!(limits.domain[&LimitKind::Memory], -1);
        assert!(settings.set("max.domain.memory", "-2").is_err());
    }
}
