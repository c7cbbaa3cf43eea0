//! A real `slapd` on loopback, as the test's own user, with a few people and groups in it.
//!
//! It is made to be careless where a client has to be careful: a bind with a name and no password succeeds.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

use crate::http::Api;

/// Where everything is.
pub const BASE: &str = "dc=example,dc=org";
/// A group: ada and bob are in it, eve and sam are not.
pub const TEAM: &str = "cn=team,ou=groups,dc=example,dc=org";
/// A group that eve alone is in.
pub const OTHERS: &str = "cn=others,ou=groups,dc=example,dc=org";
/// A unit that sam alone is in.
pub const STAFF: &str = "ou=staff,ou=people,dc=example,dc=org";
/// Who may search. Everybody's password is their name and `-password`.
pub const READER: &str = "cn=reader,dc=example,dc=org";

/// Everybody: name, unit, first name, last name.
const PEOPLE: &[(&str, &str, &str, &str)] = &[
    ("ada", "ou=people", "Ada", "Lovelace"),
    ("bob", "ou=people", "Robert", "Martin"),
    ("eve", "ou=people", "Eve", "Online"),
    ("sam", "ou=staff,ou=people", "Sam", "Vimes"),
];

const PROGRAM: &str = "/usr/sbin/slapd";

/// Ends when it is dropped.
#[derive(Debug)]
pub struct Slapd {
    folder: tempfile::TempDir,
    child: Child,
    /// Its port, plain or turned to TLS.
    pub port: u16,
    /// Its port with TLS from the first byte.
    pub tls_port: u16,
}

impl Slapd {
    /// Whether there is an slapd on this machine.
    pub fn is_there() -> bool {
        Path::new(PROGRAM).exists()
    }

    /// Starts one.
    ///
    /// # Errors
    /// Whatever does not work.
    pub async fn start() -> anyhow::Result<Self> {
        ensure!(Self::is_there(), "there is no {PROGRAM}; run tests/install");
        let folder = tempfile::tempdir()?;
        certificates(folder.path())?;
        fs::create_dir(folder.path().join("data"))?;
        // a copy: where AppArmor is at work, the one of the system may read no folder of ours
        fs::copy(PROGRAM, folder.path().join("slapd"))?;
        fs::write(folder.path().join("slapd.conf"), config(folder.path()))?;
        fs::write(folder.path().join("people.ldif"), people())?;
        let file = folder.path().join("people.ldif");
        // -T first: what stands before it is forgotten, and the configuration would be the system's
        let mut add = program(folder.path(), &["-T", "add"]);
        let status = add.arg("-l").arg(file).status().context("begin slapadd")?;
        ensure!(status.success(), "slapadd: {}", said(folder.path()));
        let [port, tls_port] = free_ports()?;
        let child = serve(folder.path(), port, tls_port)?;
        let mut slapd = Self { folder, child, port, tls_port };
        slapd.wait().await?;
        Ok(slapd)
    }

    /// Ends it.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it again on the same ports.
    ///
    /// # Errors
    /// Whatever does not work.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        self.child = serve(self.folder.path(), self.port, self.tls_port)?;
        self.wait().await
    }

    /// The file with the certificate of the authority that vouches for it.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Has a manager know how to search in it, and that it is there.
    ///
    /// # Panics
    /// If the manager refuses.
    pub async fn is_told_to(&self, api: &Api) {
        for (name, value) in [
            ("ldap.basedn", BASE),
            ("ldap.bind.principal", READER),
            ("ldap.bind.password", "reader-password"),
        ] {
            api.ok("updateConfiguration", &[("name", name), ("value", value)]).await;
        }
        let port = self.port.to_string();
        api.ok("addLdapConfiguration", &[("hostname", "127.0.0.1"), ("port", &port)]).await;
    }

    async fn wait(&mut self) -> anyhow::Result<()> {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        for _ in 0..500 {
            tick.tick().await;
            if tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("slapd ended: {status}\n{}", said(self.folder.path()));
            }
        }
        bail!("slapd does not listen on port {}", self.port)
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ports that are free now; nobody else asks for them in the next moment.
fn free_ports() -> anyhow::Result<[u16; 2]> {
    let [one, other] = [TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?];
    Ok([one.local_addr()?.port(), other.local_addr()?.port()])
}

fn program(folder: &Path, first: &[&str]) -> Command {
    // whoever began it may be killed, and cannot end it then
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(folder.join("slapd"));
    let log = fs::OpenOptions::new().create(true).append(true).open(folder.join("log"));
    command.args(first).arg("-f").arg(folder.join("slapd.conf"));
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(log.map_or_else(|_| Stdio::null(), Stdio::from));
    command
}

fn serve(folder: &Path, port: u16, tls_port: u16) -> anyhow::Result<Child> {
    let places = format!("ldap://127.0.0.1:{port} ldaps://127.0.0.1:{tls_port}");
    // with -d it stays the child that it was begun as
    program(folder, &["-d", "none", "-h", &places]).spawn().context("cannot start slapd")
}

fn said(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap_or_default()
}

fn config(folder: &Path) -> String {
    let shown = folder.display();
    format!(
        "include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\n\
         include /etc/ldap/schema/inetorgperson.schema\n\
         modulepath /usr/lib/ldap\nmoduleload back_mdb\npidfile {shown}/pid\nargsfile {shown}/args\n\
         allow bind_anon_cred\nloglevel none\n\
         TLSCACertificateFile {shown}/ca.pem\nTLSCertificateFile {shown}/server.pem\n\
         TLSCertificateKeyFile {shown}/server.key\nTLSVerifyClient never\n\
         database mdb\nsuffix \"{BASE}\"\ndirectory {shown}/data\nmaxsize 10485760\n\
         access to attrs=userPassword by anonymous auth by * none\n\
         access to * by dn.exact=\"{READER}\" read by anonymous auth by * none\n"
    )
}

fn people() -> String {
    let mut entries = vec![format!(
        "dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example\n\n\
         dn: {READER}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: reader\n\
         userPassword: reader-password\n"
    )];
    let name_of = |dn: &'static str| dn.split([',', '=']).nth(1).unwrap_or_default();
    entries.extend(["ou=people", "ou=groups", "ou=staff,ou=people"].map(|unit| {
        format!("dn: {unit},{BASE}\nobjectClass: organizationalUnit\nou: {}\n", name_of(unit))
    }));
    entries.extend(PEOPLE.iter().map(|(name, unit, first, last)| {
        format!(
            "dn: uid={name},{unit},{BASE}\nobjectClass: inetOrgPerson\nuid: {name}\ncn: {first} {last}\n\
             givenName: {first}\nsn: {last}\nmail: {name}@example.org\nuserPassword: {name}-password\n"
        )
    }));
    entries.extend([(TEAM, &["ada", "bob"][..]), (OTHERS, &["eve"])].map(|(group, members)| {
        let member = |name: &&str| format!("uniqueMember: uid={name},ou=people,{BASE}\n");
        let members: String = members.iter().map(member).collect();
        format!("dn: {group}\nobjectClass: groupOfUniqueNames\ncn: {}\n{members}", name_of(group))
    }));
    entries.join("\n")
}

/// An authority, and what it says of this server.
fn certificates(folder: &Path) -> anyhow::Result<()> {
    let config = "[req]\ndistinguished_name = dn\nprompt = no\n[dn]\nCN = localhost\n\
                  [ca]\nbasicConstraints = critical, CA:TRUE\n\
                  [server]\nbasicConstraints = critical, CA:FALSE\n\
                  subjectAltName = DNS:localhost, IP:127.0.0.1\n";
    fs::write(folder.join("openssl.cnf"), config)?;
    for line in [
        "req -x509 -config openssl.cnf -extensions ca -newkey rsa:2048 -nodes -days 2 -keyout ca.key -out ca.pem",
        "req -new -config openssl.cnf -newkey rsa:2048 -nodes -keyout server.key -out server.csr",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile openssl.cnf \
         -extensions server -out server.pem",
    ] {
        let output = Command::new("openssl")
            .args(line.split_whitespace())
            .current_dir(folder)
            .output()
            .context("begin openssl")?;
        ensure!(output.status.success(), "openssl: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
