//! The size of a VM: its offering's, or within a custom offering's bounds what the caller chose. Pure.

use std::collections::BTreeMap;

use hostler_model::{Mhz, Mib};
use hostler_store::vm_change::{OwnSize, SizeRule};

use crate::error::ServiceError;

/// The keys in `details` by which a caller chooses.
const CPUS: &str = "cpuNumber";
const SPEED: &str = "cpuSpeed";
const MEMORY: &str = "memory";

/// What QEMU's usual machine type takes.
const MOST_CPUS: u32 = 255;
/// In MHz; more than any CPU has.
const MOST_SPEED: u64 = 100_000;
/// The least that a guest boots with.
const LEAST_MEMORY: Mib = Mib(32);
/// 64 TiB.
const MOST_MEMORY: Mib = Mib(64 * 1024 * 1024);

/// Takes the chosen size out of `details`; nothing: the offering's is fixed.
///
/// # Errors
/// A fixed offering with a choice; a custom one without, or beyond its bounds.
pub(super) fn chosen(
    rule: &SizeRule,
    details: &mut BTreeMap<String, String>,
) -> Result<Option<OwnSize>, ServiceError> {
    let mut take = |name: &str| {
        let key = details.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned();
        key.and_then(|key| details.remove(&key))
    };
    let (cpus, speed, memory) = (take(CPUS), take(SPEED), take(MEMORY));
    let bounds = (rule.cpu_bounds, rule.memory_bounds);
    let is_fixed = rule.cpus > 0 && rule.memory.0 > 0 && bounds == ((None, None), (None, None));
    if is_fixed {
        let given = [(CPUS, cpus), (SPEED, speed), (MEMORY, memory)];
        return match given.iter().find(|(_, value)| value.is_some()) {
            Some((name, _)) => Err(ServiceError::parameter(format!(
                "parameter details: the size of this service offering is fixed; leave {name} out"
            ))),
            None => Ok(None),
        };
    }
    let (least, most) = rule.cpu_bounds;
    let cpu_bounds = (u64::from(least.unwrap_or(1)), u64::from(most.unwrap_or(MOST_CPUS)));
    let (least, most) = rule.memory_bounds;
    let memory_bounds = (least.unwrap_or(LEAST_MEMORY).0, most.unwrap_or(MOST_MEMORY).0);
    let cpus = number(CPUS, cpus, u64::from(rule.cpus), cpu_bounds)?;
    let speed_bounds =
        if rule.cpu_mhz.0 > 0 { (rule.cpu_mhz.0, rule.cpu_mhz.0) } else { (1, MOST_SPEED) };
    Ok(Some(OwnSize {
        cpus: u32::try_from(cpus).unwrap_or(MOST_CPUS),
        cpu_mhz: Mhz(number(SPEED, speed, rule.cpu_mhz.0, speed_bounds)?),
        memory: Mib(number(MEMORY, memory, rule.memory.0, memory_bounds)?),
    }))
}

/// A chosen number, or the offering's own if it has one.
fn number(
    name: &str,
    given: Option<String>,
    offered: u64,
    (least, most): (u64, u64),
) -> Result<u64, ServiceError> {
    let expected = if least == most {
        format!("this service offering has {least}")
    } else {
        format!("this service offering takes a number from {least} to {most}")
    };
    let text = match given {
        Some(text) => text,
        None if offered > 0 => return Ok(offered),
        None => {
            let text =
                format!("parameter details: {name} is missing (details[0].{name}); {expected}");
            return Err(ServiceError::parameter(text));
        }
    };
    match text.trim().parse::<u64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => {
            let text = format!("parameter details: {name} cannot be {text:?}; {expected}");
            Err(ServiceError::parameter(text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed() -> SizeRule {
        SizeRule {
            cpus: 2,
            cpu_mhz: Mhz(1000),
            memory: Mib(512),
            cpu_bounds: (None, None),
            memory_bounds: (None, None),
        }
    }

    fn custom() -> SizeRule {
        SizeRule {
            cpus: 0,
            cpu_mhz: Mhz(1000),
            memory: Mib(0),
            cpu_bounds: (Some(2), Some(8)),
            memory_bounds: (Some(Mib(256)), Some(Mib(4096))),
        }
    }

    fn choice(rule: &SizeRule, sent: &[(&str, &str)]) -> Result<Option<OwnSize>, String> {
        let mut details =
            sent.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        chosen(rule, &mut details).map_err(|e| e.text)
    }

    #[test]
    fn a_fixed_offering_takes_no_size_of_the_callers() {
        assert_eq!(choice(&fixed(), &[]), Ok(None));
        assert!(
            choice(&fixed(), &[("cpuNumber", "2")]).unwrap_err().contains("leave cpuNumber out")
        );
    }

    #[test]
    fn a_custom_offering_takes_a_size_within_its_bounds() {
        let size = OwnSize { cpus: 4, cpu_mhz: Mhz(1000), memory: Mib(1024) };
        assert_eq!(choice(&custom(), &[("cpuNumber", "4"), ("memory", "1024")]), Ok(Some(size)));
        for (cpus, memory, named) in [
            ("1", "1024", "cpuNumber"),
            ("9", "1024", "cpuNumber"),
            ("x", "1024", "cpuNumber"),
            ("2", "255", "memory"),
            ("2", "4097", "memory"),
        ] {
            let text = choice(&custom(), &[("cpuNumber", cpus), ("memory", memory)]).unwrap_err();
            assert!(text.contains(named), "{text}");
        }
    }

    #[test]
    fn a_custom_offering_needs_what_it_leaves_open() {
        assert!(
            choice(&custom(), &[("memory", "512")]).unwrap_err().contains("cpuNumber is missing")
        );
        let text =
            choice(&custom(), &[("cpuNumber", "2"), ("memory", "512"), ("cpuSpeed", "2000")]);
        assert!(text.unwrap_err().contains("this service offering has 1000"));
    }

    #[test]
    fn a_size_that_was_taken_is_no_detail_any_more() {
        let mut details = BTreeMap::from([
            ("cpuNumber".to_owned(), "2".to_owned()),
            ("memory".to_owned(), "512".to_owned()),
            ("note".to_owned(), "x".to_owned()),
        ]);
        chosen(&custom(), &mut details).unwrap();
        assert_eq!(details.keys().collect::<Vec<_>>(), ["note"]);
    }
}
