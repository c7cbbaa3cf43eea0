//! Runs another program: no shell, a time limit, and its own words in the error.

use std::ffi::OsStr;
use std::io;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// Why a program did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It could not be run at all.
    #[error("cannot run {program}; is its package installed?")]
    NotRun {
        /// Its name.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// It was ended because it took too long.
    #[error("{program} took longer than {seconds} s and was ended")]
    TimedOut {
        /// Its name.
        program: String,
        /// How long it was given.
        seconds: u64,
    },
    /// It failed.
    #[error("{program} failed ({status}): {said}")]
    Failed {
        /// Its name.
        program: String,
        /// How it ended.
        status: String,
        /// What it wrote on its standard error.
        said: String,
    },
}

/// Runs `program` with `arguments` and returns what it wrote.
///
/// # Errors
/// [`ProgramError`], also if it ended with a code other than 0.
pub(crate) fn run<S: AsRef<OsStr>>(
    program: &str,
    arguments: &[S],
    limit: Duration,
) -> Result<Vec<u8>, ProgramError> {
    let name = || program.to_owned();
    let child = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|source| ProgramError::NotRun { program: name(), source })?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let (ended, end) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = ended.send(child.wait_with_output());
    });
    let Ok(output) = end.recv_timeout(limit) else {
        // Its thread has not reaped it, so the number is still its own.
        if let Some(pid) = pid {
            let _ = kill_process(pid, Signal::KILL);
        }
        return Err(ProgramError::TimedOut { program: name(), seconds: limit.as_secs() });
    };
    let output = output.map_err(|source| ProgramError::NotRun { program: name(), source })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
    Err(ProgramError::Failed { program: name(), status: output.status.to_string(), said })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_program_says_what_it_said() {
        let error = run("ls", &["/no-such-place"], Duration::from_secs(5)).unwrap_err();
        assert!(error.to_string().contains("No such file"), "{error}");
    }

    #[test]
    fn a_program_that_takes_too_long_is_ended() {
        let error = run("sleep", &["60"], Duration::from_millis(50)).unwrap_err();
        assert!(matches!(error, ProgramError::TimedOut { .. }));
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = run::<&str>("no-such-program", &[], Duration::from_secs(5)).unwrap_err();
        assert!(error.to_string().contains("no-such-program"));
    }
}
