//! The manager's own figures, from its `/metrics`.
//!
//! Not here: what they mean (`docs/operations/metrics.md`).

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks a manager for its figures: the text of its answer, with the head of HTTP.
///
/// # Errors
/// If it does not answer.
pub async fn ask(manager: SocketAddr) -> std::io::Result<String> {
    let answer = async {
        let mut stream = TcpStream::connect(manager).await?;
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        Ok(text)
    };
    timeout(PATIENCE, answer).await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
}

/// The sum of a gauge of whole things over all its labels.
pub fn sum(text: &str, name: &str) -> u64 {
    let values = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let value = match rest.strip_prefix('{') {
            Some(labels) => labels.split_once('}')?.1,
            None => rest.strip_prefix(' ')?,
        };
        value.trim().parse::<u64>().ok()
    });
    values.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_summed_over_its_labels() {
        let text = "HTTP/1.0 200 OK\r\n\r\n# TYPE jobs gauge\njobs{state=\"Queued\"} 2\n\
                    jobs{state=\"Running\"} 3\njobs_total 9\nagents 7\n";
        assert_eq!((sum(text, "jobs"), sum(text, "agents"), sum(text, "none")), (5, 7, 0));
    }
}
