//! The files of the project: which there are, and what is in them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::source::Source;

/// Made by builds and labs, not part of the project.
const NOT_OURS: &[&str] = &["target", ".git", ".lab", "__pycache__"];

/// The project's root. Cargo says where it is when it runs the test, so that a moved tree is still found.
pub(crate) fn root() -> PathBuf {
    let package = std::env::var("CARGO_MANIFEST_DIR")
        .unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    Path::new(&package).parent().expect("the package lies in the project").to_owned()
}

/// Every file, as a path relative to the root with `/`, in order.
pub(crate) fn files() -> &'static [String] {
    static FILES: OnceLock<Vec<String>> = OnceLock::new();
    FILES.get_or_init(|| {
        let (root, mut found) = (root(), Vec::new());
        walk(&root, &root, &mut found);
        found.sort();
        assert!(found.len() > 100, "the project is not at {}", root.display());
        found
    })
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder of the project") {
        let entry = entry.expect("an entry of a folder");
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().expect("an entry has a type");
        if NOT_OURS.contains(&name.as_str()) || kind.is_symlink() {
            continue;
        }
        if kind.is_dir() {
            walk(root, &entry.path(), found);
        } else {
            let path = entry.path();
            let path = path.strip_prefix(root).expect("it lies in the project");
            found.push(path.to_string_lossy().into_owned());
        }
    }
}

/// Whether a file's name ends in a full stop and `ending`.
pub(crate) fn is_kind(path: &str, ending: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == ending)
}

/// What a file says; nothing for one that is not text.
pub(crate) fn read(path: &str) -> Option<String> {
    fs::read_to_string(root().join(path)).ok()
}

/// Every Rust file, read and taken apart.
pub(crate) fn sources() -> &'static [Source] {
    static SOURCES: OnceLock<Vec<Source>> = OnceLock::new();
    SOURCES.get_or_init(|| {
        let rust = files().iter().filter(|path| is_kind(path, "rs"));
        let mut all: Vec<Source> =
            rust.filter_map(|path| Some(Source::take_apart(path, &read(path)?))).collect();
        let tests: Vec<String> = all.iter().flat_map(|s| s.test_modules.clone()).collect();
        for source in &mut all {
            if tests.iter().any(|module| source.belongs_to(module)) {
                source.is_all_test();
            }
        }
        all
    })
}

/// The sources of the crates, without tests of whole crates and without this test.
pub(crate) fn product() -> impl Iterator<Item = &'static Source> {
    sources().iter().filter(|s| s.path.starts_with("crates/") && !s.is_test_file)
}
