//! Programs named `hostler-NAME` on the PATH, which are commands of their own.

use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// A plug-in and what it is called with.
pub(crate) struct Plugin {
    program: PathBuf,
    arguments: Vec<OsString>,
}

/// The plug-in for the command `name`, if `name` is the first argument and there is one.
pub(crate) fn find(name: &str, arguments: &[OsString]) -> Option<Plugin> {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if !plain || arguments.get(1).is_none_or(|first| first != name) {
        return None;
    }
    let file = format!("hostler-{name}");
    let path = std::env::var_os("PATH")?;
    let program = std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(&file))
        .find(|program| is_program(program))?;
    Some(Plugin { program, arguments: arguments.iter().skip(2).cloned().collect() })
}

impl Plugin {
    /// Becomes the plug-in. Returns only when that fails.
    pub(crate) fn run(self) -> ExitCode {
        let error = Command::new(&self.program).args(self.arguments).exec();
        let program = self.program.display();
        let _ = writeln!(std::io::stderr(), "ERROR: cannot run {program}: {error}");
        ExitCode::FAILURE
    }
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}
