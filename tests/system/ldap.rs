//! [F] People who log in with the password of a directory: a real manager, and a real `slapd`.

#![allow(clippy::unwrap_used)] // a test says what it expects

use std::io;
use std::sync::{Mutex, Once};

use hostler_manager::manager::Manager;
use hostler_tests::cloud::config;
use hostler_tests::http::{Api, Reply, request};
use hostler_tests::slapd::{OTHERS, READER, STAFF, Slapd, TEAM};
use serde_json::Value;

/// A manager that knows a directory, with a domain `club`.
struct World {
    manager: Manager,
    admin: Api,
    slapd: Slapd,
    domain: String,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        listen();
        let slapd = Slapd::start().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let manager = Manager::start(config(folder.path())).await.unwrap();
        let admin = Api::admin(manager.api, folder.path()).unwrap();
        slapd.is_told_to(&admin).await;
        let made = admin.ok("createDomain", &[("name", "club")]).await;
        let domain = text(&made["domain"], "id");
        Self { manager, admin, slapd, domain, _folder: folder }
    }

    /// Logs in to the domain `club`.
    async fn login(&self, name: &str, password: &str) -> Reply {
        let body = format!(
            "command=login&response=json&domain=club&username={}&password={}",
            encoded(name),
            encoded(password)
        );
        request(self.manager.api, "POST", "/client/api", &[], &body).await.unwrap()
    }

    async fn is_refused(&self, name: &str, password: &str) {
        let reply = self.login(name, password).await;
        assert_eq!(reply.status, 531, "{name}: {}", reply.body);
        assert!(reply.error().starts_with("Failed to authenticate user "), "{}", reply.error());
        assert!(reply.cookies().is_empty(), "{name}");
    }

    /// Logs in, and says to which account.
    async fn account_of(&self, name: &str, password: &str) -> String {
        let reply = self.login(name, password).await;
        assert_eq!(reply.status, 200, "{name}: {}", reply.body);
        text(&reply.inner(), "account")
    }

    async fn create(&self, name: &str) -> Value {
        let params = [("username", name), ("domainid", &self.domain), ("accounttype", "0")];
        self.admin.ok("ldapCreateAccount", &params).await["account"].clone()
    }

    async fn link_account(&self, account: &str, group: &str, more: &[(&str, &str)]) -> Value {
        let params = [("account", account), ("domainid", &self.domain), ("ldapdomain", group)];
        let linked = self.admin.ok("linkAccountToLdap", &[&params, more].concat()).await;
        linked["LinkDomainToLdap"].clone()
    }

    /// Everybody in the domain `club`: name, account and where they come from.
    async fn users(&self) -> Vec<(String, String, String)> {
        let listed = self.admin.ok("listUsers", &[("domainid", &self.domain)]).await;
        let users = listed["user"].as_array().cloned().unwrap_or_default();
        let told = |user: &Value| {
            (text(user, "username"), text(user, "account"), text(user, "usersource"))
        };
        users.iter().map(told).collect()
    }

    async fn set(&self, name: &str, value: &str) -> Value {
        let params = [("name", name), ("value", value)];
        self.admin.ok("updateConfiguration", &params).await["configuration"].clone()
    }

    /// Has the manager know this server alone.
    async fn only_server(&self, host: &str, port: u16) {
        let listed = self.admin.ok("listLdapConfigurations", &[]).await;
        for row in listed["ldapconfiguration"].as_array().unwrap() {
            self.admin.ok("deleteLdapConfiguration", &[("id", &text(row, "id"))]).await;
        }
        let port = port.to_string();
        self.admin.ok("addLdapConfiguration", &[("hostname", host), ("port", &port)]).await;
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

fn encoded(text: &str) -> String {
    let hex = |byte| format!("%{byte:02X}");
    text.bytes().map(hex).collect()
}

fn person(name: &str, account: &str) -> (String, String, String) {
    (name.to_owned(), account.to_owned(), "ldap".to_owned())
}

/// All that is logged by any test here, down to the last detail.
static HEARD: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Ear;

impl io::Write for Ear {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        HEARD.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(|| Ear)
            .init();
    });
}

fn heard() -> String {
    String::from_utf8_lossy(&HEARD.lock().unwrap()).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_from_ldap_logs_in_with_the_password_of_there_and_with_no_other() {
    let world = World::new().await;
    let account = world.create("ada").await;
    let user = &account["user"][0];
    let told = ["username", "email", "firstname", "lastname", "usersource"].map(|f| text(user, f));
    assert_eq!(told, ["ada", "ada@example.org", "Ada", "Lovelace", "ldap"]);
    for name in ["ada", "Ada"] {
        assert_eq!(world.account_of(name, "ada-password").await, "ada");
    }
    world.is_refused("ada", "bob-password").await;
    for empty in ["", " ", "\u{0}"] {
        let reply = world.login("ada", empty).await;
        assert_eq!(reply.status, 431, "{}", reply.body);
    }
    // bob is in LDAP, and nobody has let him in
    world.is_refused("bob", "bob-password").await;
    let params = [("usersource", "ldap"), ("listall", "true")];
    assert_eq!(world.admin.ok("listUsers", &params).await["count"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_there_is_gets_another_user() {
    let world = World::new().await;
    world.create("ada").await;
    let params = [("username", "bob"), ("account", "ada"), ("domainid", &world.domain)];
    world.admin.ok("ldapCreateAccount", &params).await;
    assert_eq!(world.account_of("bob", "bob-password").await, "ada");
    let (status, error) = world.admin.refused("ldapCreateAccount", &params).await;
    assert_eq!((status, error.contains("the domain has such a user")), (431, true), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_of_a_new_account_is_kept_and_its_id_is_not_that_of_another_one() {
    let world = World::new().await;
    let [account, user, other] = [(); 3].map(|()| uuid::Uuid::new_v4().to_string());
    let whose = [("account", "team"), ("domainid", world.domain.as_str())];
    let said = [
        ("username", "ada"),
        ("accounttype", "0"),
        ("networkdomain", "team.example"),
        ("accountdetails[0].contract", "17"),
        ("timezone", "UTC"),
        ("accountid", account.as_str()),
        ("userid", &user),
    ];
    let made = world.admin.ok("ldapCreateAccount", &[&whose[..], &said].concat()).await;
    let made = &made["account"];
    assert_eq!((text(made, "id"), text(made, "networkdomain")), (account, "team.example".into()));
    assert_eq!(made["accountdetails"]["contract"], "17");
    let ada = &made["user"][0];
    assert_eq!((text(ada, "id"), text(ada, "timezone")), (user, "UTC".into()));
    let next = [whose[0], whose[1], ("username", "bob"), ("accountid", &other)];
    let (status, error) = world.admin.refused("ldapCreateAccount", &next).await;
    assert_eq!((status, error.contains("leave accountid out")), (431, true), "{error}");
    world.admin.ok("ldapCreateAccount", &next[..3]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn name_and_password_of_a_user_from_ldap_cannot_be_changed_here() {
    let world = World::new().await;
    let id = text(&world.create("ada").await["user"][0], "id");
    for change in ["password", "username"] {
        let params = [("id", id.as_str()), (change, "something else")];
        let (status, error) = world.admin.refused("updateUser", &params).await;
        assert_eq!(status, 431, "{error}");
        assert!(error.contains("comes from an LDAP directory"), "{error}");
    }
    world.admin.ok("updateUser", &[("id", &id), ("email", "other@example.org")]).await;
    assert_eq!(world.account_of("ada", "ada-password").await, "ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_passwords_disable_a_user_however_the_name_is_spelled() {
    let world = World::new().await;
    world.link_account("team", TEAM, &[("admin", "ada")]).await;
    for name in ["ada", "ADA", "Ada", "adA", "ada "] {
        world.is_refused(name, "a guess").await;
    }
    for name in ["ada", "ADA"] {
        world.is_refused(name, "ada-password").await;
    }
    let listed = world.admin.ok("listUsers", &[("domainid", &world.domain)]).await;
    assert_eq!(text(&listed["user"][0], "state"), "disabled", "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_in_the_group_of_a_linked_account_becomes_its_user_by_logging_in() {
    let world = World::new().await;
    let link = world.link_account("team", TEAM, &[("type", "GROUP"), ("accounttype", "0")]).await;
    let told = ["ldapdomain", "type", "domainid"].map(|field| text(&link, field));
    assert_eq!(told, [TEAM, "GROUP", world.domain.as_str()]);
    world.is_refused("bob", "a guess").await;
    world.is_refused("eve", "eve-password").await;
    assert_eq!(world.users().await, []);
    for name in ["bob", "bob", "BOB"] {
        assert_eq!(world.account_of(name, "bob-password").await, "team");
    }
    assert_eq!(world.users().await, [person("bob", "team")]);
    let events =
        world.admin.ok("listEvents", &[("type", "USER.CREATE"), ("listall", "true")]).await;
    assert!(text(&events["event"][0], "description").contains("came from LDAP"), "{events}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_in_the_group_any_more_is_not_let_in() {
    let world = World::new().await;
    world.link_account("team", TEAM, &[]).await;
    assert_eq!(world.account_of("bob", "bob-password").await, "team");
    world.link_account("team", OTHERS, &[]).await;
    world.is_refused("bob", "bob-password").await;
    assert_eq!(world.account_of("eve", "eve-password").await, "team");
    world.link_account("team", "cn=nobody,ou=groups,dc=example,dc=org", &[]).await;
    world.is_refused("eve", "eve-password").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_in_the_unit_of_a_linked_domain_gets_an_account_by_logging_in() {
    let world = World::new().await;
    let params = [
        ("domainid", world.domain.as_str()),
        ("ldapdomain", STAFF),
        ("type", "OU"),
        ("accounttype", "2"),
    ];
    let link = world.admin.ok("linkDomainToLdap", &params).await;
    assert_eq!(text(&link["LinkDomainToLdap"], "type"), "OU", "{link}");
    world.is_refused("ada", "ada-password").await;
    let reply = world.login("sam", "sam-password").await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!([text(&reply.inner(), "account"), text(&reply.inner(), "type")], ["sam", "2"]);
    assert_eq!(world.users().await, [person("sam", "sam")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_can_be_named_with_a_link_if_the_link_lets_them_in() {
    let world = World::new().await;
    world.link_account("team", TEAM, &[("admin", "ada")]).await;
    assert_eq!(world.users().await, [person("ada", "team")]);
    world.link_account("team", TEAM, &[("admin", "ada")]).await;
    let staff = [
        ("domainid", world.domain.as_str()),
        ("name", STAFF),
        ("type", "OU"),
        ("accounttype", "0"),
    ];
    let wrong = [&staff[..], &[("admin", "bob")]].concat();
    let (status, error) = world.admin.refused("linkDomainToLdap", &wrong).await;
    assert_eq!(status, 431, "{error}");
    assert!(error.contains("has nobody named bob below ou=staff"), "{error}");
    let right = [&staff[..], &[("admin", "sam")]].concat();
    let link = world.admin.ok("linkDomainToLdap", &right).await;
    let again = world.admin.ok("linkDomainToLdap", &right).await;
    assert_eq!(link, again);
    let reply = world.login("sam", "sam-password").await;
    assert_eq!(text(&reply.inner(), "type"), "2", "{}", reply.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_is_here_already_is_not_taken_over_by_somebody_of_that_name() {
    let world = World::new().await;
    let local = [
        ("username", "bob"),
        ("password", "local"),
        ("email", "b@example.org"),
        ("firstname", "B"),
        ("lastname", "B"),
        ("accounttype", "0"),
        ("domainid", &world.domain),
    ];
    world.admin.ok("createAccount", &local).await;
    world.link_account("team", TEAM, &[]).await;
    for name in ["bob", "BOB"] {
        world.is_refused(name, "bob-password").await;
    }
    assert_eq!(world.account_of("bob", "local").await, "bob");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_would_be_a_filter_finds_nobody() {
    let world = World::new().await;
    world.link_account("team", TEAM, &[]).await;
    for name in ["*", "b*", "*)(uid=*", "bob)(uid=bob", "bob)(|(uid=*", "b\\6fb"] {
        world.is_refused(name, "bob-password").await;
        let params = [("username", name), ("domainid", &world.domain), ("accounttype", "0")];
        let (status, error) = world.admin.refused("ldapCreateAccount", &params).await;
        assert_eq!((status, error.contains("has nobody named")), (431, true), "{error}");
    }
    assert_eq!(world.users().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_no_server_answers_nobody_gets_in_and_nobody_is_locked_out() {
    let mut world = World::new().await;
    world.create("ada").await;
    world.link_account("team", TEAM, &[]).await;
    world.slapd.stop().unwrap();
    for _ in 0..6 {
        world.is_refused("ada", "ada-password").await;
    }
    world.is_refused("bob", "bob-password").await;
    let params = [("username", "eve"), ("domainid", &world.domain), ("accounttype", "0")];
    let (status, error) = world.admin.refused("ldapCreateAccount", &params).await;
    assert_eq!(status, 534, "{error}");
    let place = format!("127.0.0.1 with port {}: cannot connect", world.slapd.port);
    assert!(error.contains(&place), "{error}");
    assert!(heard().contains(&place), "nothing in the log");
    world.slapd.start_again().await.unwrap();
    assert_eq!(world.account_of("ada", "ada-password").await, "ada");
    assert_eq!(world.account_of("bob", "bob-password").await, "team");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_server_is_asked_when_one_is_away_but_not_when_it_refuses() {
    let world = World::new().await;
    world.create("ada").await;
    world.only_server("127.0.0.1", 1).await;
    world.is_refused("ada", "ada-password").await;
    let port = world.slapd.port.to_string();
    let params = [("hostname", "localhost"), ("port", &port)];
    world.admin.ok("addLdapConfiguration", &params).await;
    assert_eq!(world.account_of("ada", "ada-password").await, "ada");
    world.is_refused("ada", "a guess").await;
    // a domain with servers of its own asks no others
    let own = [("hostname", "127.0.0.1"), ("port", "1"), ("domainid", &world.domain)];
    world.admin.ok("addLdapConfiguration", &own).await;
    world.is_refused("ada", "ada-password").await;
    world.admin.ok("deleteLdapConfiguration", &[own[0], own[2]]).await;
    assert_eq!(world.account_of("ada", "ada-password").await, "ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_believed_only_with_a_certificate_that_can_be_checked() {
    let world = World::new().await;
    world.create("ada").await;
    let tls = format!("ldaps://localhost:{}", world.slapd.tls_port);
    for (host, port, starttls) in [
        ("ldaps://localhost", world.slapd.tls_port, "false"),
        ("localhost", world.slapd.port, "true"),
    ] {
        world.only_server(host, port).await;
        world.set("ldap.starttls.enable", starttls).await;
        world.admin.ok("resetConfiguration", &[("name", "ldap.truststore")]).await;
        world.is_refused("ada", "ada-password").await;
        world.set("ldap.truststore", &world.slapd.authority().display().to_string()).await;
        assert_eq!(world.account_of("ada", "ada-password").await, "ada", "{host}");
        world.is_refused("ada", "a guess").await;
    }
    assert!(heard().contains(&format!("cannot connect to {tls}")), "nothing in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_in_ldap_can_be_listed_without_those_who_are_users_already() {
    let world = World::new().await;
    let domain = ("domainid", world.domain.as_str());
    let names = async |params: &[(&str, &str)]| {
        let listed = world.admin.ok("listLdapUsers", &[&[domain], params].concat()).await;
        let rows = listed["LdapUser"].as_array().cloned().unwrap_or_default();
        rows.iter().map(|row| text(row, "username")).collect::<Vec<_>>()
    };
    world.create("ada").await;
    assert_eq!(names(&[]).await, ["ada", "bob", "eve", "sam"]);
    assert_eq!(names(&[("userfilter", "LocalDomain")]).await, ["bob", "eve", "sam"]);
    assert_eq!(names(&[("keyword", "a")]).await, ["ada", "sam"]);
    assert_eq!(names(&[("keyword", "*")]).await, [""; 0]);
    assert_eq!(names(&[("page", "2"), ("pagesize", "3")]).await, ["sam"]);
    // pages of the server's answer, and a group that everybody has to be in
    world.set("ldap.request.page.size", "1").await;
    world.set("ldap.search.group.principle", TEAM).await;
    assert_eq!(names(&[]).await, ["ada", "bob"]);
    let params = [domain, ("userfilter", "PotentialImport")];
    let listed = world.admin.ok("listLdapUsers", &params).await;
    assert_eq!(text(&listed["LdapUser"][0], "conflictingusersource"), "ldap", "{listed}");
    let params = [("username", "eve"), domain, ("accounttype", "0")];
    let (status, error) = world.admin.refused("ldapCreateAccount", &params).await;
    assert_eq!((status, error.contains("has nobody named eve")), (431, true), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_of_the_manager_itself_is_said_to_administrators() {
    let world = World::new().await;
    world.set("ldap.bind.password", "forgotten").await;
    let (status, error) = world.admin.refused("listLdapUsers", &[]).await;
    assert_eq!(status, 534, "{error}");
    assert!(error.contains(&format!("refuses setting ldap.bind.principal, {READER}")), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_password_is_shown_or_logged() {
    let world = World::new().await;
    let shown = world.set("ldap.bind.password", "reader-password").await;
    assert_eq!(text(&shown, "value"), "********", "{shown}");
    let listed = world.admin.call("listConfigurations", &[("keyword", "ldap.bind")]).await;
    let events = world.admin.call("listEvents", &[]).await;
    world.create("ada").await;
    assert_eq!(world.account_of("ada", "ada-password").await, "ada");
    world.is_refused("ada", "my-other-password").await;
    let debug = format!("{:?}", world.manager.context);
    let log = heard();
    assert!(log.contains("ldapCreateAccount"), "nothing was heard");
    for password in ["reader-password", "ada-password", "my-other-password"] {
        for told in [&listed.body, &events.body, &debug, &log] {
            assert!(!told.contains(password), "{password}");
        }
    }
}
