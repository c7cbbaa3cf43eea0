//! What rules of a role allow.
//!
//! A role never allows more than its type may: rules only take away. Without rules of its own a role allows
//! everything that its type may.

use hostler_model::AccountType;
use hostler_query_api::{CommandDecl, RoleType};
use hostler_store::role::Rule;

/// The role type of an account type.
pub(crate) const fn role_type(kind: AccountType) -> RoleType {
    match kind {
        AccountType::RootAdmin => RoleType::Admin,
        AccountType::ResourceAdmin => RoleType::ResourceAdmin,
        AccountType::DomainAdmin => RoleType::DomainAdmin,
        AccountType::User | AccountType::Project => RoleType::User,
    }
}

/// The account type of a role type's name, as `listRoles` shows it.
pub(crate) fn kind_of(name: &str) -> Option<AccountType> {
    let kinds = [
        AccountType::RootAdmin,
        AccountType::ResourceAdmin,
        AccountType::DomainAdmin,
        AccountType::User,
    ];
    kinds.into_iter().find(|kind| role_type(*kind).name().eq_ignore_ascii_case(name))
}

/// Whether accounts of this kind, with these rules, may call a command.
pub(crate) fn may(kind: AccountType, rules: Option<&[Rule]>, command: &CommandDecl) -> bool {
    command.open || command.roles.contains(role_type(kind)) && allow(rules, command.name)
}

/// Whether what one may is within what the other may: commands, and whose things they see.
pub(crate) fn is_within(
    commands: &[&CommandDecl],
    inner: (AccountType, Option<&[Rule]>),
    outer: (AccountType, Option<&[Rule]>),
) -> bool {
    sees_no_more(inner.0, outer.0)
        && commands.iter().all(|c| !may(inner.0, inner.1, c) || may(outer.0, outer.1, c))
}

const fn sees_no_more(inner: AccountType, outer: AccountType) -> bool {
    const fn reach(kind: AccountType) -> u8 {
        match kind {
            AccountType::User | AccountType::Project => 0,
            AccountType::DomainAdmin => 1,
            AccountType::ResourceAdmin => 2,
            AccountType::RootAdmin => 3,
        }
    }
    reach(inner) <= reach(outer)
}

/// The first rule that fits decides; where none fits, nothing is allowed.
fn allow(rules: Option<&[Rule]>, command: &str) -> bool {
    let Some(rules) = rules else { return true };
    rules
        .iter()
        .find(|rule| fits(&rule.pattern, command))
        .is_some_and(|rule| rule.permission == "allow")
}

/// Whether a pattern, in which `*` stands for any characters, fits a command's name in any case.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut rest) = name.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = tail.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Whether a pattern can be a rule: letters, digits and `*`.
pub(crate) fn is_pattern(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(rows: &[(&str, &str)]) -> Vec<Rule> {
        let rule = |(pattern, permission): &(&str, &str)| Rule {
            pattern: (*pattern).to_owned(),
            permission: (*permission).to_owned(),
        };
        rows.iter().map(rule).collect()
    }

    #[test]
    fn a_star_stands_for_any_characters_anywhere() {
        for (pattern, name, fit) in [
            ("*", "listVirtualMachines", true),
            ("list*", "listVirtualMachines", true),
            ("list*", "deleteAccount", false),
            ("*Machine", "deployVirtualMachine", true),
            ("*Machine", "listVirtualMachines", false),
            ("list*Machines", "listVirtualMachines", true),
            ("list*Virtual*s", "listVirtualMachines", true),
            ("listapis", "listApis", true),
            ("listApi", "listApis", false),
            ("list*list", "list", false),
        ] {
            assert_eq!(fits(pattern, name), fit, "{pattern} {name}");
        }
    }

    #[test]
    fn the_first_rule_that_fits_decides_and_without_one_nothing_is_allowed() {
        let some = rules(&[("listUsers", "deny"), ("list*", "allow"), ("listZones", "deny")]);
        assert!(!allow(Some(&some), "listUsers"));
        assert!(allow(Some(&some), "listZones"));
        assert!(!allow(Some(&some), "deployVirtualMachine"));
        assert!(!allow(Some(&[]), "listApis"));
        assert!(allow(None, "listApis"));
    }

    #[test]
    fn nobody_reaches_further_with_fewer_commands() {
        let (none, all) = (rules(&[("*", "deny")]), None);
        let within = |inner, outer| is_within(&[], inner, outer);
        assert!(!within(
            (AccountType::RootAdmin, Some(&none[..])),
            (AccountType::DomainAdmin, all)
        ));
        assert!(within((AccountType::User, all), (AccountType::DomainAdmin, all)));
    }
}
