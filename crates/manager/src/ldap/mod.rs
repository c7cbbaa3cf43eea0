//! Directories (LDAP, Active Directory): who is in them, in which group, and whether a password is theirs.
//!
//! The one place that speaks LDAP. A question goes to a domain's servers in their order until one answers it; each has the
//! time of `ldap.read.timeout` for everything.
//!
//! Not here: which users come from a directory (`api::people`), and the rows of servers and links (`hostler_store`).

use std::time::Duration;

use hostler_model::error_chain;
use hostler_store::ldap_server::LdapServerRow;
use hostler_wire::Secret;
use tokio::sync::Semaphore;

use crate::settings::{LDAP_TIMEOUT, Settings};
use terms::Terms;

mod conversation;
mod filter;
mod place;
mod terms;
mod trust;

pub(crate) use place::Place;

/// How many questions are under way at the same time: a directory that hangs must not take every connection of the API.
static TURNS: Semaphore = Semaphore::const_new(16);

/// Someone in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// Their distinguished name.
    pub(crate) dn: String,
    /// The name for logging in, as the directory spells it.
    pub(crate) name: String,
    /// Mail address, empty if there is none.
    pub(crate) email: String,
    /// First name, empty if there is none.
    pub(crate) first_name: String,
    /// Last name, empty if there is none.
    pub(crate) last_name: String,
}

/// Where in a directory somebody has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Within {
    /// Below `ldap.basedn`.
    Base,
    /// There, and in the group of this distinguished name.
    Group(String),
    /// Below the unit of this distinguished name.
    Unit(String),
}

/// What a directory says of somebody who wants in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is them.
    In(Person),
    /// The password is wrong, or they may not log in any more. Of whom, as the directory spells it, if it was asked.
    Wrong(Option<String>),
    /// There is nobody of that name within.
    Nobody,
}

/// A directory that could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LdapError {
    /// There is none.
    #[error("no LDAP server is configured for this domain; addLdapConfiguration adds one")]
    NoServer,
    /// A setting is missing.
    #[error("setting {0} is empty; set it with updateConfiguration")]
    Unset(&'static str),
    /// No server answered.
    #[error("no LDAP server answered: {0}")]
    NoAnswer(String),
}

/// A question.
#[derive(Debug, Clone)]
enum Question {
    /// Is there such a person, and is this their password?
    LogIn(String, Secret, Within),
    /// Is there such a person?
    Find(String, Within),
    /// Who is there, of those whose name contains this?
    All(Option<String>),
}

/// What can be answered.
#[derive(Debug)]
enum Reply {
    /// To [`Question::LogIn`] and [`Question::Find`].
    Verdict(Verdict),
    /// To [`Question::All`].
    People(Vec<Person>),
}

/// The servers that know the users of one domain, and how they are asked.
#[derive(Debug)]
pub(crate) struct Directory {
    servers: Vec<LdapServerRow>,
    terms: Terms,
    limit: Duration,
}

impl Directory {
    /// These servers, asked as the settings say now.
    pub(crate) fn new(settings: &Settings, servers: Vec<LdapServerRow>) -> Self {
        let limit = Duration::from_millis(settings.number(&LDAP_TIMEOUT));
        Self { servers, terms: Terms::read(settings), limit }
    }

    /// Whether there is no server at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.servers.is_empty()
    }

    /// Whether somebody is who they say, by their password. An empty one is nobody's, and is never sent: a directory
    /// takes it for a wish to be nobody, and agrees.
    ///
    /// # Errors
    /// [`LdapError`]: nothing is known.
    pub(crate) async fn log_in(
        &self,
        name: &str,
        password: &Secret,
        within: Within,
    ) -> Result<Verdict, LdapError> {
        if password.reveal().is_empty() {
            return Ok(Verdict::Wrong(None));
        }
        self.verdict(Question::LogIn(name.to_owned(), password.clone(), within)).await
    }

    /// Somebody by name.
    ///
    /// # Errors
    /// [`LdapError`]: nothing is known.
    pub(crate) async fn find(
        &self,
        name: &str,
        within: Within,
    ) -> Result<Option<Person>, LdapError> {
        match self.verdict(Question::Find(name.to_owned(), within)).await? {
            Verdict::In(person) => Ok(Some(person)),
            Verdict::Wrong(_) | Verdict::Nobody => Ok(None),
        }
    }

    /// Everybody whose name contains `keyword`, in the order of their names.
    ///
    /// # Errors
    /// [`LdapError`]: nothing is known.
    pub(crate) async fn people(&self, keyword: Option<String>) -> Result<Vec<Person>, LdapError> {
        let Reply::People(mut people) = self.ask(&Question::All(keyword)).await? else {
            return Ok(Vec::new());
        };
        people.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.dn.cmp(&b.dn)));
        Ok(people)
    }

    async fn verdict(&self, question: Question) -> Result<Verdict, LdapError> {
        match self.ask(&question).await? {
            Reply::Verdict(verdict) => Ok(verdict),
            Reply::People(_) => Ok(Verdict::Nobody),
        }
    }

    async fn ask(&self, question: &Question) -> Result<Reply, LdapError> {
        if self.servers.is_empty() {
            return Err(LdapError::NoServer);
        }
        self.terms.check(question)?;
        let mut failed = Vec::new();
        for server in &self.servers {
            match self.ask_one(server, question).await {
                Ok(reply) => {
                    if !failed.is_empty() {
                        let failed = failed.join("; ");
                        tracing::warn!(
                            failed,
                            "an LDAP server did not answer, and another one did"
                        );
                    }
                    return Ok(reply);
                }
                Err(why) => {
                    failed.push(format!("{} with port {}: {why}", server.host, server.port));
                }
            }
        }
        Err(LdapError::NoAnswer(failed.join("; ")))
    }

    /// One server's answer, in a task of its own: whatever it sends, and whoever hangs up, nothing else suffers.
    async fn ask_one(&self, server: &LdapServerRow, question: &Question) -> Result<Reply, String> {
        let place = Place::read(&server.host, server.port).map_err(|error| error.to_string())?;
        let (terms, question, limit) = (self.terms.clone(), question.clone(), self.limit);
        let task = tokio::spawn(tokio::time::timeout(limit, async move {
            let _turn = TURNS.acquire().await.map_err(|error| error.to_string())?;
            let held = conversation::hold(&place, &terms, &question).await;
            held.map_err(|error| error_chain(&error))
        }));
        match task.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(format!(
                "it took longer than the {} ms of setting ldap.read.timeout",
                limit.as_millis()
            )),
            Err(_) => Err("what it sent is no LDAP".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use hostler_model::{LdapServerId, Timestamp};
    use tokio::net::TcpListener;
    use uuid::Uuid;

    use super::*;

    fn directory(servers: &[u16], limit: &str) -> Directory {
        let settings = Settings::default();
        settings.set("ldap.basedn", "dc=example").unwrap();
        settings.set("ldap.read.timeout", limit).unwrap();
        let row = |port: &u16| LdapServerRow {
            id: LdapServerId::new(Uuid::from_u128(u128::from(*port))),
            domain: None,
            host: "127.0.0.1".to_owned(),
            port: *port,
            created: Timestamp(0),
        };
        Directory::new(&settings, servers.iter().map(row).collect())
    }

    #[tokio::test]
    async fn an_empty_password_is_wrong_without_anybody_being_asked() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let directory = directory(&[listener.local_addr().unwrap().port()], "1000");
        let verdict = directory.log_in("bob", &Secret::new(""), Within::Base).await;
        assert_eq!(verdict, Ok(Verdict::Wrong(None)));
        let called = tokio::time::timeout(Duration::from_millis(20), listener.accept()).await;
        assert!(called.is_err(), "somebody was asked");
    }

    #[tokio::test]
    async fn servers_that_are_away_or_silent_are_each_told_of() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let away = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let [here, gone] = [&silent, &away].map(|l| l.local_addr().unwrap().port());
        drop(away);
        let directory = directory(&[gone, here], "50");
        let error = directory.find("bob", Within::Base).await.unwrap_err().to_string();
        assert!(error.contains(&format!("port {gone}: ")), "{error}");
        assert!(error.contains(&format!("port {here}: it took longer than the 50 ms")), "{error}");
    }

    #[tokio::test]
    async fn a_server_that_speaks_something_else_harms_nobody() {
        for said in
            [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"0\x05\x02\x01\x01a\x00", b"\xff\xff"]
        {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let directory = directory(&[listener.local_addr().unwrap().port()], "500");
            let speaks = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                tokio::io::AsyncWriteExt::write_all(&mut stream, said).await.unwrap();
            };
            let (found, ()) = tokio::join!(directory.find("bob", Within::Base), speaks);
            assert!(matches!(found, Err(LdapError::NoAnswer(_))), "{found:?}");
        }
    }

    #[tokio::test]
    async fn without_a_server_or_a_base_the_error_says_what_to_do() {
        let error = directory(&[], "50").find("bob", Within::Base).await;
        assert_eq!(error, Err(LdapError::NoServer));
        let unset = Directory { terms: Terms::read(&Settings::default()), ..directory(&[1], "50") };
        let error = unset.find("bob", Within::Base).await;
        assert_eq!(error, Err(LdapError::Unset("ldap.basedn")));
    }
}
