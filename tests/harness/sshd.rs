//! A real sshd on loopback, as the test's own user, for tests of what is done over SSH.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};

/// Ends when it is dropped.
#[derive(Debug)]
pub struct Sshd {
    folder: tempfile::TempDir,
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// A private key that it lets in.
    pub key: String,
}

impl Sshd {
    /// Whether there is an sshd on this machine.
    pub fn is_there() -> bool {
        Path::new("/usr/sbin/sshd").exists() && Path::new("/usr/bin/ssh-keygen").exists()
    }

    /// Starts one that lets a new key in.
    ///
    /// # Errors
    /// Whatever does not work.
    pub async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = |name: &str| folder.path().join(name);
        keygen(&path("host"))?;
        keygen(&path("user"))?;
        fs::copy(path("user.pub"), path("authorized_keys"))?;
        let key = fs::read_to_string(path("user"))?;
        fs::create_dir_all("/run/sshd").ok();
        // A port that is free now; nobody else asks for it in the next moment.
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let child = start(folder.path(), address)?;
        let mut sshd = Self { folder, child, address, key };
        sshd.wait().await?;
        Ok(sshd)
    }

    /// Gives it another host key, as a reinstalled machine has.
    ///
    /// # Errors
    /// Whatever does not work.
    pub async fn reinstall(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        let host = self.folder.path().join("host");
        fs::remove_file(&host)?;
        keygen(&host)?;
        self.child = start(self.folder.path(), self.address)?;
        self.wait().await
    }

    async fn wait(&mut self) -> anyhow::Result<()> {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        for _ in 0..250 {
            tick.tick().await;
            if tokio::net::TcpStream::connect(self.address).await.is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("sshd ended: {status}");
            }
        }
        bail!("sshd does not listen on {}", self.address)
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(folder: &Path, address: SocketAddr) -> anyhow::Result<Child> {
    let shown = folder.display();
    let config = format!(
        "ListenAddress {address}\nHostKey {shown}/host\nAuthorizedKeysFile {shown}/authorized_keys\n\
         StrictModes no\nUsePAM no\nPidFile none\nPermitRootLogin yes\nPasswordAuthentication yes\n\
         PermitUserEnvironment no\nLogLevel ERROR\nMaxStartups 100\n"
    );
    let file = folder.join("sshd_config");
    fs::write(&file, config)?;
    Command::new("/usr/sbin/sshd")
        .args(["-D", "-e", "-f"])
        .arg(&file)
        .stdin(Stdio::null())
        .stderr(fs::File::create(folder.join("log"))?)
        .spawn()
        .context("cannot start sshd")
}

fn keygen(path: &Path) -> anyhow::Result<()> {
    let status = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(path)
        .status()?;
    anyhow::ensure!(status.success(), "ssh-keygen failed");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(())
}
