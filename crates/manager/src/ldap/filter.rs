//! Filters: how a question is written for a directory. Pure. What comes from people is escaped here, and nowhere else.

use ldap3::ldap_escape;

use super::Person;
use super::terms::{Provider, Terms};

/// The rule by which Active Directory follows groups within groups.
const IN_CHAIN: &str = ":1.2.840.113556.1.4.1941:";

/// People of this name.
pub(super) fn named(terms: &Terms, name: &str) -> String {
    format!("(&(objectClass={})({}={}))", terms.user_object, terms.user_name, ldap_escape(name))
}

/// People whose name contains `keyword`.
pub(super) fn people(terms: &Terms, keyword: Option<&str>) -> String {
    let part = match keyword {
        None | Some("") => "*".to_owned(),
        Some(keyword) => format!("*{}*", ldap_escape(keyword)),
    };
    let groups = match (terms.provider, &terms.required_group) {
        (Provider::ActiveDirectory { nested }, Some(group)) => member_of(nested, group),
        _ => String::new(),
    };
    format!("(&(objectClass={})({}={part}){groups})", terms.user_object, terms.user_name)
}

/// The entry that says whether a person is in a group, and the filter that it fulfils if they are.
pub(super) fn membership<'a>(
    terms: &Terms,
    person: &'a Person,
    group: &'a str,
) -> (&'a str, String) {
    if let Provider::ActiveDirectory { nested } = terms.provider {
        return (&person.dn, member_of(nested, group));
    }
    // groups of POSIX accounts have names where others have distinguished names
    let by_name = terms.group_member.eq_ignore_ascii_case("memberUid");
    let member = ldap_escape(if by_name { person.name.as_str() } else { person.dn.as_str() });
    let (class, attribute) = (&terms.group_object, &terms.group_member);
    (group, format!("(&(objectClass={class})({attribute}={member}))"))
}

fn member_of(nested: bool, group: &str) -> String {
    let rule = if nested { IN_CHAIN } else { "" };
    format!("(memberOf{rule}={})", ldap_escape(group))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn terms(of: &[(&str, &str)]) -> Terms {
        let settings = Settings::default();
        for (name, value) in of {
            settings.set(name, value).unwrap();
        }
        Terms::read(&settings)
    }

    fn bob() -> Person {
        let dn = "cn=Bob (1)\\,x,dc=example".to_owned();
        let [email, first_name, last_name] = [const { String::new() }; 3];
        Person { dn, name: "bob".to_owned(), email, first_name, last_name }
    }

    #[test]
    fn a_name_cannot_say_more_than_a_name() {
        let filter = named(&terms(&[]), "*)(uid=*");
        assert_eq!(filter, "(&(objectClass=inetOrgPerson)(uid=\\2a\\29\\28uid=\\2a))");
        assert_eq!(
            people(&terms(&[]), Some("a*b")),
            "(&(objectClass=inetOrgPerson)(uid=*a\\2ab*))"
        );
    }

    #[test]
    fn a_group_is_asked_for_its_member_by_distinguished_name_or_by_name() {
        let group = "cn=g,dc=example";
        let dn = "cn=Bob \\281\\29\\5c,x,dc=example";
        let filter = format!("(&(objectClass=groupOfUniqueNames)(uniqueMember={dn}))");
        assert_eq!(membership(&terms(&[]), &bob(), group), (group, filter));
        let posix =
            [("ldap.group.object", "posixGroup"), ("ldap.group.user.uniquemember", "memberUid")];
        let filter = "(&(objectClass=posixGroup)(memberUid=bob))".to_owned();
        assert_eq!(membership(&terms(&posix), &bob(), group), (group, filter));
    }

    #[test]
    fn in_active_directory_a_person_is_asked_for_their_groups_and_those_around_them() {
        let ad = [("ldap.provider", "microsoftad")];
        let (bob, group) = (bob(), "cn=g (x)");
        let (base, filter) = membership(&terms(&ad), &bob, group);
        assert_eq!(base, bob.dn);
        assert_eq!(filter, "(memberOf:1.2.840.113556.1.4.1941:=cn=g \\28x\\29)");
        let flat = [ad[0], ("ldap.nested.groups.enable", "false")];
        assert_eq!(membership(&terms(&flat), &bob, "cn=g").1, "(memberOf=cn=g)");
        let all = [ad[0], ("ldap.search.group.principle", "cn=g")];
        assert!(people(&terms(&all), None).ends_with("(memberOf:1.2.840.113556.1.4.1941:=cn=g))"));
    }

    #[test]
    fn every_filter_is_one_that_ldap_can_read() {
        for name in ["bob", "", "*", "\u{0}", "ä\\", "((("] {
            for filter in [named(&terms(&[]), name), people(&terms(&[]), Some(name))] {
                ldap3::parse_filter(&filter).unwrap();
            }
        }
    }
}
