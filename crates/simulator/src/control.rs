//! Orders to a simulated cloud that runs: a socket in its directory, one line each way.
//!
//! Not here: what orders mean (`order`, `fleet`).

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

use crate::fleet::Fleet;
use crate::order::Order;

/// Listens until it is dropped.
#[derive(Debug)]
pub struct Control {
    path: PathBuf,
    task: JoinHandle<()>,
}

impl Control {
    /// Takes orders for `fleet` at a socket at `path`, which only its owner can use.
    ///
    /// # Errors
    /// If there is something at that place, or it cannot be made.
    pub fn listen(path: &Path, fleet: Fleet) -> anyhow::Result<Self> {
        let listener = UnixListener::bind(path)
            .with_context(|| format!("cannot listen at {}", path.display()))?;
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(path, mode)?;
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, fleet.clone()));
            }
        });
        Ok(Self { path: path.to_owned(), task })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn serve(mut stream: UnixStream, fleet: Fleet) -> std::io::Result<()> {
    let (reading, mut writing) = stream.split();
    let mut lines = BufReader::new(reading).lines();
    while let Some(line) = lines.next_line().await? {
        let answer = match line.parse::<Order>() {
            Ok(order) => fleet.order(&order).unwrap_or_else(|why| format!("error: {why}")),
            Err(why) => format!("error: {}", why.to_string().replace('\n', "; ")),
        };
        writing.write_all(format!("{answer}\n").as_bytes()).await?;
    }
    Ok(())
}

/// Gives an order to the cloud in `folder`, and says what it answered.
///
/// # Errors
/// If none runs there, or it does not understand.
pub async fn tell(folder: &Path, order: &str) -> anyhow::Result<String> {
    let path = folder.join("control");
    let mut stream = UnixStream::connect(&path)
        .await
        .with_context(|| format!("no simulated cloud runs in {}", folder.display()))?;
    stream.write_all(format!("{order}\n").as_bytes()).await?;
    let answer = BufReader::new(stream).lines().next_line().await?;
    let answer = answer.context("the cloud ended before it answered")?;
    match answer.strip_prefix("error: ") {
        Some(why) => bail!("{}", why.replace("; ", "\n")),
        None => Ok(answer),
    }
}
