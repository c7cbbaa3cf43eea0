//! How hosts are chosen in each zone: the settings `vm.allocation.algorithm` and `scheduler.*`.
//!
//! Not here: what the names mean (`hostler_scheduler`).

use hostler_model::ZoneId;
use hostler_scheduler::{Planner, Policy, PolicyError};

use crate::settings::{
    ALLOCATION_ALGORITHM, SCHEDULER_FILTERS, SCHEDULER_SUBSET, SCHEDULER_WEIGHERS, Settings,
};

impl Settings {
    /// How hosts are chosen in a zone just now.
    ///
    /// # Errors
    /// [`PolicyError`]: never for values that were set, which are checked before.
    pub fn policy(&self, zone: ZoneId) -> Result<Policy, PolicyError> {
        let place = ("Zone", zone.uuid());
        let text = |setting| self.text_at(setting, Some(place));
        let mut policy = Policy::parse(
            &text(&ALLOCATION_ALGORITHM),
            &text(&SCHEDULER_FILTERS),
            &text(&SCHEDULER_WEIGHERS),
        )?;
        let subset = self.number_at(&SCHEDULER_SUBSET, place);
        policy.subset = usize::try_from(subset).unwrap_or(usize::MAX);
        Ok(policy)
    }
}

/// Why a value cannot be the name of a planner.
pub(crate) fn wrong_planner(value: &str) -> Option<String> {
    value.parse::<Planner>().err().map(|error| error.to_string())
}

/// Why a value cannot be a list of filters.
pub(crate) fn wrong_filters(value: &str) -> Option<String> {
    Policy::parse("filter", value, "").err().map(|error| error.to_string())
}

/// Why a value cannot be a list of weighers.
pub(crate) fn wrong_weighers(value: &str) -> Option<String> {
    Policy::parse("filter", "", value).err().map(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use hostler_scheduler::{DEFAULT_FILTERS, DEFAULT_WEIGHERS};
    use hostler_store::setting::SettingRow;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_zone_that_has_no_setting_has_the_standard_policy() {
        let policy = Settings::default().policy(ZoneId::new(Uuid::nil())).unwrap();
        assert_eq!(format!("{policy:?}"), format!("{:?}", Policy::standard()));
        assert_eq!(policy.filter_names(), DEFAULT_FILTERS.join(","));
        assert_eq!(
            (policy.subset, policy.weigher_names().split(',').count()),
            (1, DEFAULT_WEIGHERS.len())
        );
    }

    #[test]
    fn each_zone_can_have_a_policy_of_its_own() {
        let settings = Settings::default();
        let (one, other) = (ZoneId::new(Uuid::from_u128(1)), ZoneId::new(Uuid::from_u128(2)));
        let at = Some(("Zone", one.uuid()));
        settings.set_at("vm.allocation.algorithm", at, "userdispersing").unwrap();
        settings.set_at("scheduler.weighers", at, "RamWeigher=-1").unwrap();
        settings.set_at("scheduler.host.subset.size", at, "5").unwrap();
        let policy = settings.policy(one).unwrap();
        assert_eq!((policy.planner, policy.subset), (Planner::UserDispersing, 5));
        assert_eq!(policy.weigher_names(), "RamWeigher=-1");
        assert_eq!(settings.policy(other).unwrap().planner, Planner::Filter);
    }

    #[test]
    fn an_unknown_name_is_refused_with_those_that_there_are_and_refuses_the_start() {
        let settings = Settings::default();
        let error = settings.set("scheduler.filters", "RamFilter,NoSuchFilter").unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("there is no filter \"NoSuchFilter\"; known are RetryFilter"),
            "{text}"
        );
        let file = BTreeMap::from([("vm.allocation.algorithm".to_owned(), "best".to_owned())]);
        let text = Settings::load(&[], &file).unwrap_err().to_string();
        assert!(text.contains("no planner \"best\"; known are filter, chance"), "{text}");
        let (scope, scope_id) = ("global".to_owned(), String::new());
        let (name, value) = ("scheduler.weighers".to_owned(), "Gone=1".to_owned());
        let row = SettingRow { name, scope, scope_id, value };
        let text = Settings::load(&[row], &BTreeMap::new()).unwrap_err().to_string();
        assert!(text.contains("no weigher \"Gone\"; known are AffinityWeigher"), "{text}");
    }
}
