//! The seed of a VM: a small ISO 9660 disk from which cloud-init learns its name, keys and tasks (NoCloud).
//!
//! Not here: where seeds are kept (`storage`).

use std::ffi::OsStr;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hostler_wire::VmSpec;
use serde_json::{Map, Value, json};

use crate::program::{self, ProgramError};

/// How the name of a directory begins in which a seed is being made.
pub(crate) const WORK_PREFIX: &str = ".seed-";

/// Why a seed could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The file system refused something.
    #[error("cannot write the seed disk {path}")]
    File {
        /// Where it should be.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The disk could not be made.
    #[error("cannot make the seed disk {path}")]
    Program {
        /// Where it should be.
        path: PathBuf,
        /// Why not.
        source: ProgramError,
    },
}

/// Writes the seed of a VM to `path`, replacing an older one; readable by its owner alone.
///
/// # Errors
/// [`SeedError`]; an older seed then stays as it was.
pub fn write(spec: &VmSpec, path: &Path) -> Result<(), SeedError> {
    let file_error = |source| SeedError::File { path: path.to_owned(), source };
    let parent = path.parent().unwrap_or(Path::new("/"));
    // Made with mode 0700; what is in it holds keys and passwords.
    let work =
        tempfile::Builder::new().prefix(WORK_PREFIX).tempdir_in(parent).map_err(file_error)?;
    let content = work.path().join("content");
    let write = || -> io::Result<()> {
        std::fs::create_dir(&content)?;
        std::fs::write(content.join("meta-data"), meta_data(spec))?;
        std::fs::write(content.join("user-data"), user_data(spec))
    };
    write().map_err(file_error)?;
    let image = work.path().join("seed.iso");
    let arguments: [&OsStr; 8] = [
        "-quiet".as_ref(),
        "-output".as_ref(),
        image.as_ref(),
        "-volid".as_ref(),
        "cidata".as_ref(),
        "-joliet".as_ref(),
        "-rock".as_ref(),
        content.as_ref(),
    ];
    program::run("genisoimage", &arguments, Duration::from_secs(30))
        .map_err(|source| SeedError::Program { path: path.to_owned(), source })?;
    std::fs::set_permissions(&image, Permissions::from_mode(0o600)).map_err(file_error)?;
    std::fs::rename(&image, path).map_err(file_error)
}

/// `meta-data`: YAML of which every value is JSON, so that nothing needs quoting rules of YAML.
fn meta_data(spec: &VmSpec) -> String {
    let mut values: Map<String, Value> =
        spec.seed.metadata.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    // the manager names another instance when the guest is to take new keys or a new password
    values.entry("instance-id").or_insert_with(|| json!(spec.vm));
    values.insert("local-hostname".to_owned(), json!(spec.host_name));
    if !spec.seed.ssh_keys.is_empty() {
        values.insert("public-keys".to_owned(), json!(spec.seed.ssh_keys));
    }
    lines(&values)
}

/// One line for each value.
fn lines(values: &Map<String, Value>) -> String {
    values
        .iter()
        .fold(String::new(), |text, (name, value)| text + &format!("{}: {value}\n", key(name)))
}

/// A name as it may stand in YAML before a colon.
fn key(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(plain);
    if is_plain { name.to_owned() } else { json!(name).to_string() }
}

/// `user-data`: what the user gave, or else the least that cloud-init wants.
fn user_data(spec: &VmSpec) -> String {
    if let Some(given) = &spec.seed.user_data {
        return given.reveal().to_owned();
    }
    let mut config = Map::new();
    config.insert("hostname".to_owned(), json!(spec.host_name));
    if !spec.seed.ssh_keys.is_empty() {
        config.insert("ssh_authorized_keys".to_owned(), json!(spec.seed.ssh_keys));
    }
    format!("#cloud-config\n{}", lines(&config))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain_xml::tests::linux;
    use hostler_wire::Secret;

    fn spec() -> VmSpec {
        let mut spec = linux(7);
        spec.seed.ssh_keys = vec!["ssh-ed25519 AAAA/+= a \"b\": #c".to_owned()];
        spec.seed.metadata.insert("availability-zone".to_owned(), "no: yes\n- x".to_owned());
        spec.seed.metadata.insert("a b".to_owned(), "ü".to_owned());
        spec
    }

    #[test]
    fn every_line_of_the_meta_data_is_a_key_and_one_json_value() {
        let text = meta_data(&spec());
        for line in text.lines() {
            let (_, value) = line.split_once(": ").unwrap();
            serde_json::from_str::<Value>(value).unwrap();
        }
        assert!(text.contains("local-hostname: \"web-1\"\n"), "{text}");
        assert!(text.contains("availability-zone: \"no: yes\\n- x\"\n"), "{text}");
        assert!(text.contains("\"a b\": \"ü\"\n"), "{text}");
    }

    #[test]
    fn user_data_goes_to_the_guest_as_it_was_given() {
        let mut spec = spec();
        spec.seed.user_data = Some(Secret::new("#!/bin/sh\necho hi\n"));
        assert_eq!(user_data(&spec), "#!/bin/sh\necho hi\n");
    }

    #[test]
    fn without_user_data_the_guest_still_gets_the_keys() {
        let text = user_data(&spec());
        assert!(text.starts_with("#cloud-config\n"), "{text}");
        assert!(
            text.contains(r#"ssh_authorized_keys: ["ssh-ed25519 AAAA/+= a \"b\": #c"]"#),
            "{text}"
        );
    }

    #[test]
    fn a_seed_is_an_iso_with_the_label_cidata_that_only_its_owner_reads() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.iso");
        write(&spec(), &path).unwrap();
        write(&spec(), &path).unwrap(); // replaces
        let image = std::fs::read(&path).unwrap();
        assert_eq!(&image[0x8001..0x8006], b"CD001");
        assert!(image[0x8028..0x8048].starts_with(b"cidata "));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
