//! Directories, with a real one: servers, links, and accounts for who is in it. Where the contract has no command, it has
//! the shape of what it answers.

use hostler_tests::slapd::{STAFF, Slapd, TEAM};

use crate::answers::{Witness, id};

pub(crate) async fn all(w: &mut Witness) {
    let slapd = Slapd::start().await.unwrap();
    slapd.is_told_to(&w.api).await;
    let domain = id(&w.call("createDomain", &[("name", "directory")]).await, "domain");
    let d = domain.as_str();
    let own = [("hostname", "ldap.invalid"), ("port", "636"), ("domainid", d)];
    let added = w.call("addLdapConfiguration", &own).await;
    w.hold("LdapConfigurationResponse", &added["LdapAddConfiguration"]);
    let own = id(&added, "LdapAddConfiguration");
    let listed = w.call("listLdapConfigurations", &[("listall", "true")]).await;
    assert_eq!(listed["count"], 2, "{listed}");
    let gone = w.call("deleteLdapConfiguration", &[("id", &own)]).await;
    w.hold("LdapConfigurationResponse", &gone["LdapDeleteConfiguration"]);
    let people = w.call("listLdapUsers", &[("domainid", d), ("userfilter", "LocalDomain")]).await;
    assert_eq!(people["count"], 4, "{people}");
    let ada = [("username", "ada"), ("domainid", d), ("accounttype", "0")];
    w.call("ldapCreateAccount", &ada).await;
    let team = [("account", "team"), ("domainid", d), ("ldapdomain", TEAM), ("admin", "bob")];
    w.call("linkAccountToLdap", &team).await;
    let staff = [("domainid", d), ("ldapdomain", STAFF), ("type", "OU"), ("accounttype", "0")];
    let linked = w.call("linkDomainToLdap", &staff).await;
    w.hold("LinkDomainToLdapResponse", &linked["LinkDomainToLdap"]);
}
