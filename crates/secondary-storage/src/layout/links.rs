//! Links by which anybody who knows one has a template for a while: `links/<token>.json` says which, and until when.
//!
//! A link is only good while its template is there. One that is over is removed when the next is made, and at the start.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hostler_model::TemplateId;
use serde::{Deserialize, Serialize};

use super::{Layout, Manifest, at};
use crate::WorkerError;

/// A link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Link {
    /// What it leads to.
    pub(crate) template: TemplateId,
    /// The name under which it is had.
    pub(crate) name: String,
    /// Seconds of 1970 at which it ends.
    until: u64,
}

impl Layout {
    /// From now on whoever knows `token` has a template, for so long. Made again, it lasts from then on.
    pub(crate) fn link(
        &self,
        token: &str,
        template: TemplateId,
        name: &str,
        lasts: Duration,
    ) -> Result<(), WorkerError> {
        self.check()?;
        self.remove_old_links()?;
        let path = self.links().join(format!("{token}.json"));
        if !is_token(token) {
            let why = io::Error::new(io::ErrorKind::InvalidInput, "its token has other letters");
            return Err(at("write", &self.links())(why));
        }
        let until = now().saturating_add(lasts.as_secs());
        let link = Link { template, name: name.to_owned(), until };
        let text = serde_json::to_vec(&link).map_err(|error| at("write", &path)(error.into()))?;
        fs::write(&path, text).map_err(at("write", &path))
    }

    /// The template to which a token leads, and the name under which it is had; nothing: to none, or not any more.
    pub(crate) fn linked(&self, token: &str) -> Result<Option<(Manifest, Link)>, WorkerError> {
        self.check()?;
        if !is_token(token) {
            return Ok(None);
        }
        let path = self.links().join(format!("{token}.json"));
        let link = match fs::read(&path) {
            Ok(text) => serde_json::from_slice::<Link>(&text).ok(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(at("read", &path)(error)),
        };
        let Some(link) = link.filter(|link| now() < link.until) else { return Ok(None) };
        Ok(self.find(link.template)?.map(|manifest| (manifest, link)))
    }

    /// Makes the directory of links, which nobody else may read.
    pub(super) fn open_links(&self) -> Result<(), WorkerError> {
        let directory = self.links();
        fs::create_dir_all(&directory).map_err(at("create", &directory))?;
        fs::set_permissions(&directory, Permissions::from_mode(0o700))
            .map_err(at("close", &directory))?;
        self.remove_old_links()
    }

    fn remove_old_links(&self) -> Result<(), WorkerError> {
        let directory = self.links();
        for entry in fs::read_dir(&directory).map_err(at("read", &directory))? {
            let path = entry.map_err(at("read", &directory))?.path();
            let link = fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
            if link.is_none_or(|link: Link| link.until <= now()) {
                let _ = fs::remove_file(&path); // it is good for nothing, wherever it lies
            }
        }
        Ok(())
    }

    fn links(&self) -> PathBuf {
        self.root().join("links")
    }
}

/// The letters of base64 for URLs, at least 128 bits of them. So no token leads out of the directory.
fn is_token(text: &str) -> bool {
    (22..=100).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::template;
    use hostler_model::Bytes;
    use hostler_wire::DiskFormat;
    use tempfile::TempDir;

    const TOKEN: &str = "abcdefghijklmnopqrstuvwxyz-_0123456789";

    fn world() -> (TempDir, Layout) {
        let dir = TempDir::new().unwrap();
        let layout = Layout::open(dir.path(), false).unwrap();
        let incoming = layout.begin(template(1)).unwrap();
        fs::write(incoming.image(), "abc").unwrap();
        let manifest = Manifest {
            template: template(1),
            size: Bytes(3),
            virtual_size: Bytes(1 << 20),
            format: DiskFormat::Qcow2,
            sha256: "00".repeat(32),
            checksum: None,
            url: String::new(),
            packed: None,
        };
        layout.keep(incoming, &manifest).unwrap();
        (dir, layout)
    }

    fn hour() -> Duration {
        Duration::from_hours(1)
    }

    #[test]
    fn a_link_leads_to_its_template_for_as_long_as_both_last() {
        let (_dir, layout) = world();
        layout.link(TOKEN, template(1), "a.qcow2", hour()).unwrap();
        let (manifest, link) = layout.linked(TOKEN).unwrap().unwrap();
        assert_eq!((manifest.template, link.name.as_str()), (template(1), "a.qcow2"));
        let again = Layout::open(layout.root(), false).unwrap();
        assert!(again.linked(TOKEN).unwrap().is_some(), "also when the worker was begun anew");
        layout.delete(template(1)).unwrap();
        assert!(layout.linked(TOKEN).unwrap().is_none());
    }

    #[test]
    fn a_link_that_is_over_leads_nowhere_and_is_removed() {
        let (_dir, layout) = world();
        layout.link(TOKEN, template(1), "a.qcow2", Duration::ZERO).unwrap();
        assert!(layout.linked(TOKEN).unwrap().is_none());
        let other = TOKEN.to_uppercase();
        layout.link(&other, template(1), "a.qcow2", hour()).unwrap();
        assert_eq!(fs::read_dir(layout.links()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_token_is_never_looked_for() {
        let (_dir, layout) = world();
        for odd in
            ["", "short", "../../templates/aaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaa%2e"]
        {
            assert!(layout.linked(odd).unwrap().is_none(), "{odd}");
            assert!(layout.link(odd, template(1), "a", hour()).is_err(), "{odd}");
        }
    }
}
