//! Domains, accounts, users and roles, from their making to their end.

use crate::answers::{Witness, id};

pub(crate) async fn all(w: &mut Witness) {
    let role = roles(w).await;
    let domain = id(&w.call("createDomain", &[("name", "d9")]).await, "domain");
    let (d, r) = (domain.as_str(), role.as_str());
    w.call("updateDomain", &[("id", d), ("name", "d8")]).await;
    w.call("listDomainChildren", &[]).await;
    let inner = [("name", "d7"), ("parentdomainid", d)];
    let inner = id(&w.call("createDomain", &inner).await, "domain");
    let root = w.call("listDomains", &[("level", "0")]).await;
    let root = id(&root, "domain");
    w.call("moveDomain", &[("domainid", &inner), ("parentdomainid", &root)]).await;
    let person = |name| {
        [
            ("email", "a@b.invalid"),
            ("firstname", "A"),
            ("lastname", "B"),
            ("password", "secret"),
            name,
        ]
    };
    let at = [("domainid", d), ("roleid", r)];
    let made = [&person(("username", "u9"))[..], &at].concat();
    let account = id(&w.call("createAccount", &made).await, "account");
    let a = account.as_str();
    let here = [("account", "u9"), ("domainid", d)];
    w.call("updateAccount", &[("id", a), ("newname", "a9")]).await;
    w.call("updateAccount", &[("id", a), ("newname", "u9")]).await;
    w.call("listAccounts", &[("id", a)]).await;
    let made = [&person(("username", "u8"))[..], &here].concat();
    let user = id(&w.call("createUser", &made).await, "user");
    let u = user.as_str();
    let keys = [("userapikey", "key of u8"), ("usersecretkey", "secret of u8")];
    w.call("updateUser", &[&[("id", u), ("email", "c@d.invalid")][..], &keys].concat()).await;
    w.call("getUser", &keys[..1]).await;
    w.call("lockUser", &[("id", u)]).await;
    w.call("enableUser", &[("id", u)]).await;
    let answer = w.call("disableUser", &[("id", u)]).await;
    let job = w.job(&answer).await;
    assert_eq!(job["jobresult"]["user"]["state"], "disabled", "{job}");
    let other =
        [&person(("username", "u7"))[..], &[("domainid", d), ("accounttype", "0")]].concat();
    w.call("createAccount", &other).await;
    w.call("moveUser", &[("id", u), ("account", "u7")]).await;
    w.call("deleteUser", &[("id", u)]).await;
    w.call("lockAccount", &here).await;
    w.call("enableAccount", &here).await;
    let answer = w.call("disableAccount", &[("id", a), ("lock", "false")]).await;
    let job = w.job(&answer).await;
    assert_eq!(job["jobresult"]["account"]["state"], "disabled", "{job}");
    let answer = w.call("deleteAccount", &[("id", a)]).await;
    assert_eq!(w.job(&answer).await["jobstatus"], 1);
    w.call("deleteRole", &[("id", r)]).await;
    let answer = w.call("deleteDomain", &[("id", d), ("cleanup", "true")]).await;
    assert_eq!(w.job(&answer).await["jobstatus"], 1);
}

async fn roles(w: &mut Witness) -> String {
    let role = id(&w.call("createRole", &[("name", "r9"), ("type", "User")]).await, "role");
    let r = role.as_str();
    w.call("updateRole", &[("id", r), ("description", "for tests")]).await;
    w.call("listRoles", &[]).await;
    let rule = [("roleid", r), ("rule", "list*"), ("permission", "allow")];
    let rule = id(&w.call("createRolePermission", &rule).await, "rolepermission");
    let deny = [("roleid", r), ("ruleid", rule.as_str()), ("permission", "deny")];
    w.call("updateRolePermission", &deny).await;
    w.call("listRolePermissions", &[("roleid", r)]).await;
    w.call("deleteRolePermission", &[("id", &rule)]).await;
    w.call("disableRole", &[("id", r)]).await;
    w.call("enableRole", &[("id", r)]).await;
    let rules = [("rules[0].rule", "*"), ("rules[0].permission", "allow")];
    w.call("importRole", &[&[("name", "r8")][..], &rules].concat()).await;
    role
}
