//! A client of the query API that is no more than HTTP: it signs, sends, and shows what comes back.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use hostler_model::{AccountId, AccountType, DomainId, Timestamp, UserId};
use hostler_query_api::signature::signed_query;
use hostler_store::account::account_add;
use hostler_store::domain::{DomainRow, domain_add, domain_by_path};
use hostler_store::user::{NewUser, user_add, user_set_keys};
use hostler_store::{Store, StoreError};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

/// Someone with keys, and the address of the API.
#[derive(Debug, Clone)]
pub struct Api {
    /// Where it is.
    pub address: SocketAddr,
    /// The half of the keys that requests carry.
    pub key: String,
    /// The half that signs them.
    pub secret: String,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Reply {
    /// The body as JSON.
    ///
    /// # Panics
    /// If it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }

    /// What stands under the one key at the top.
    ///
    /// # Panics
    /// If there is not exactly one.
    pub fn inner(&self) -> Value {
        let json = self.json();
        let fields = json.as_object().unwrap_or_else(|| panic!("no object: {json}"));
        assert_eq!(fields.len(), 1, "{json}");
        fields.values().next().cloned().unwrap_or_default()
    }

    /// The text of an error.
    pub fn error(&self) -> String {
        self.inner()["errortext"].as_str().unwrap_or_default().to_owned()
    }

    /// The first header of a name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.0 == name).map(|header| header.1.as_str())
    }

    /// The values of every cookie that was set, by name.
    pub fn cookies(&self) -> Vec<(String, String)> {
        let lines = self.headers.iter().filter(|header| header.0 == "set-cookie");
        lines
            .filter_map(|(_, line)| line.split(';').next()?.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
}

impl Api {
    /// The administrator, from the file that the manager wrote.
    ///
    /// # Errors
    /// If the file is not there or not what it should be.
    pub fn admin(address: SocketAddr, state_dir: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(state_dir.join("admin.env"))?;
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            line.map(str::to_owned).ok_or_else(|| anyhow!("no {name} in admin.env"))
        };
        let (key, secret) = (value("HOSTLER_API_KEY")?, value("HOSTLER_SECRET_KEY")?);
        Ok(Self { address, key, secret })
    }

    /// The query string of a call, signed.
    pub fn query(&self, command: &str, params: &[(&str, &str)]) -> String {
        let mut all = vec![("command", command), ("response", "json"), ("apiKey", &self.key)];
        all.extend(params);
        signed_query(&all, &self.secret)
    }

    /// Calls by POST.
    ///
    /// # Panics
    /// If the manager does not answer.
    pub async fn call(&self, command: &str, params: &[(&str, &str)]) -> Reply {
        let body = self.query(command, params);
        request(self.address, "POST", "/client/api", &[], &body).await.expect("the manager answers")
    }

    /// Calls by POST for an answer in XML.
    ///
    /// # Panics
    /// If the manager does not answer.
    pub async fn xml(&self, command: &str, params: &[(&str, &str)]) -> Reply {
        let mut all = vec![("command", command), ("apiKey", &self.key)];
        all.extend(params);
        let body = signed_query(&all, &self.secret);
        request(self.address, "POST", "/client/api", &[], &body).await.expect("the manager answers")
    }

    /// Calls by GET.
    ///
    /// # Panics
    /// If the manager does not answer.
    pub async fn get(&self, command: &str, params: &[(&str, &str)]) -> Reply {
        let path = format!("/client/api?{}", self.query(command, params));
        request(self.address, "GET", &path, &[], "").await.expect("the manager answers")
    }

    /// Calls, and takes what stands in the envelope.
    ///
    /// # Panics
    /// If it is not done.
    pub async fn ok(&self, command: &str, params: &[(&str, &str)]) -> Value {
        let reply = self.call(command, params).await;
        assert_eq!(reply.status, 200, "{command}: {}", reply.body);
        reply.inner()
    }

    /// Calls, and takes status and text of the error.
    ///
    /// # Panics
    /// If it is done.
    pub async fn refused(&self, command: &str, params: &[(&str, &str)]) -> (u16, String) {
        let reply = self.call(command, params).await;
        assert_ne!(reply.status, 200, "{command}: {}", reply.body);
        (reply.status, reply.error())
    }

    /// Waits for a job and takes its answer.
    ///
    /// # Panics
    /// If it takes longer than 30 s.
    pub async fn job(&self, id: &str) -> Value {
        let ended = async {
            loop {
                let job = self.ok("queryAsyncJobResult", &[("jobid", id)]).await;
                if job["jobstatus"] != 0 {
                    return job;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        let limit = crate::cloud::PATIENCE;
        if let Ok(job) = tokio::time::timeout(limit, ended).await {
            return job;
        }
        panic!("no end of {}", self.ok("listJobSteps", &[("jobid", id)]).await)
    }
}

/// Sends one request over a connection of its own.
///
/// # Errors
/// That of the connection, or what came back is no HTTP.
pub async fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> anyhow::Result<Reply> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    if method == "POST" {
        let kind = "application/x-www-form-urlencoded";
        let _ = write!(text, "Content-Type: {kind}\r\nContent-Length: {}\r\n", body.len());
    }
    text.push_str("\r\n");
    text.push_str(body);
    let mut stream = TcpStream::connect(address).await?;
    // a server may answer before it has read everything, and close
    let _ = stream.write_all(text.as_bytes()).await;
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    read_reply(&String::from_utf8(bytes)?)
}

fn read_reply(text: &str) -> anyhow::Result<Reply> {
    let (head, body) = text.split_once("\r\n\r\n").context("no end of the headers")?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("no status")?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    Ok(Reply { status: status.parse()?, headers, body: body.to_owned() })
}

/// A new account with one user of the same name, in the domain of a path, which is made if it is not there.
///
/// # Errors
/// [`StoreError`].
pub async fn tenant(
    store: &Store,
    address: SocketAddr,
    path: &str,
    name: &str,
    kind: AccountType,
) -> Result<Api, StoreError> {
    let (path, name, now) = (path.to_owned(), name.to_owned(), Timestamp(1));
    store
        .write(move |tx| {
            let domain = if let Some(row) = domain_by_path(tx, &path)? {
                row.id
            } else {
                let (parent, last) = path.rsplit_once('/').unwrap_or(("ROOT", &path));
                let parent = domain_by_path(tx, parent)?.map(|row| row.id);
                let (id, last) = (DomainId::new(Uuid::new_v4()), last.to_owned());
                let row =
                    DomainRow { id, parent, name: last, path, network_domain: None, created: now };
                domain_add(tx, &row)?;
                id
            };
            let account = AccountId::new(Uuid::new_v4());
            account_add(tx, account, domain, &name, kind, now)?;
            let id = UserId::new(Uuid::new_v4());
            let user = NewUser {
                id,
                account,
                name: name.clone(),
                first_name: String::new(),
                last_name: String::new(),
                email: String::new(),
                timezone: None,
            };
            user_add(tx, &user, now)?;
            let (key, secret) = (format!("key-of-{name}"), format!("secret-of-{name}"));
            user_set_keys(tx, id, &key, &secret)?;
            Ok(Api { address, key, secret })
        })
        .await
}
