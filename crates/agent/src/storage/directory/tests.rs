//! Directory pools, with real `qemu-img` and a fetcher that copies a file.

use super::super::Parcel;
use super::*;
use crate::resource::ProgressSink;
use hostler_model::{CommandId, HostGuid};
use hostler_wire::TemplateOrigin;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

#[derive(Debug, Default)]
struct CopyFetcher {
    from: PathBuf,
    fetched: AtomicUsize,
}

impl TemplateFetcher for CopyFetcher {
    fn fetch(
        &self,
        _: TemplateId,
        _: &TemplateSource,
        to: &Path,
        _: &Task,
    ) -> Result<(), FetchFailure> {
        self.fetched.fetch_add(1, Ordering::SeqCst);
        fs::copy(&self.from, to).map_err(|error| FetchFailure::Failed(Box::new(error)))?;
        Ok(())
    }

    fn send(&self, parcel: Parcel<'_>, _: &Task) -> Result<Sent, FetchFailure> {
        let to = self.from.with_file_name("sent.qcow2");
        let copied = fs::copy(parcel.file, &to);
        let size = copied.map_err(|error| FetchFailure::Failed(Box::new(error)))?;
        Ok(Sent { size: Bytes(size), sha256: "00".repeat(32) })
    }
}

struct World {
    directory: tempfile::TempDir,
    fetcher: Arc<CopyFetcher>,
    storage: DirectoryStorage,
}

const MIB: u64 = 1 << 20;

fn pool() -> StoragePoolId {
    StoragePoolId::new(Uuid::from_u128(1))
}

fn template() -> TemplateId {
    TemplateId::new(Uuid::from_u128(2))
}

fn qemu_img(arguments: &[&str]) {
    program::run("qemu-img", arguments, QEMU_IMG).unwrap();
}

fn world() -> World {
    let directory = tempfile::tempdir().unwrap();
    let from = directory.path().join("source.qcow2");
    qemu_img(&["create", "-q", "-f", "qcow2", from.to_str().unwrap(), "8M"]);
    let fetcher = Arc::new(CopyFetcher { from, ..CopyFetcher::default() });
    let storage = DirectoryStorage::open(
        Some(pool()),
        &directory.path().join("pool"),
        Arc::<CopyFetcher>::clone(&fetcher),
    )
    .unwrap();
    World { directory, fetcher, storage }
}

fn source() -> TemplateSource {
    TemplateSource {
        worker: HostGuid::new(Uuid::nil()),
        address: "10.0.0.1:8251".to_owned(),
        size: Bytes(MIB),
        virtual_size: Bytes(8 * MIB),
        format: DiskFormat::Qcow2,
        sha256: String::new(),
    }
}

fn task() -> Task {
    Task {
        order: CommandId::new(Uuid::nil()),
        cancelled: CancellationToken::new(),
        progress: ProgressSink::new(|_| {}),
    }
}

fn volume(number: u128, size: u64) -> VolumeSpec {
    VolumeSpec {
        volume: VolumeId::new(Uuid::from_u128(number)),
        pool: pool(),
        template: Some(template()),
        size: Bytes(size),
    }
}

impl World {
    fn prepare(&self) -> Result<TemplateThere, StorageError> {
        self.storage.prepare_template(pool(), template(), &source(), &task())
    }
}

#[test]
fn twenty_starts_at_once_bring_a_template_once() {
    let world = world();
    let together = Barrier::new(20);
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                together.wait();
                world.prepare().unwrap();
            });
        }
    });
    assert_eq!(world.fetcher.fetched.load(Ordering::SeqCst), 1);
}

#[test]
fn a_template_is_read_only_and_nothing_else_is_left_of_its_coming() {
    let world = world();
    assert!(!world.prepare().unwrap().was_there);
    assert!(world.prepare().unwrap().was_there);
    let (path, _) = world.storage.template_there(template()).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o444);
    assert_eq!(fs::read_dir(world.storage.root.join("tmp")).unwrap().count(), 0);
}

#[test]
fn a_template_that_refers_to_another_file_is_refused_and_removed() {
    let world = world();
    let from = &world.fetcher.from;
    let secret = world.directory.path().join("secret.raw");
    fs::write(&secret, vec![0; 8 * usize::try_from(MIB).unwrap()]).unwrap();
    qemu_img(&[
        "create",
        "-q",
        "-f",
        "qcow2",
        "-F",
        "raw",
        "-b",
        secret.to_str().unwrap(),
        from.to_str().unwrap(),
        "8M",
    ]);
    let error = world.prepare().unwrap_err().to_string();
    assert!(error.contains("secret.raw"), "{error}");
    assert!(world.storage.template_there(template()).is_none());
    assert_eq!(fs::read_dir(world.storage.root.join("tmp")).unwrap().count(), 0);
}

#[test]
fn a_template_of_another_size_than_promised_is_refused() {
    let world = world();
    let wrong = TemplateSource { virtual_size: Bytes(9 * MIB), ..source() };
    let refused = world.storage.prepare_template(pool(), template(), &wrong, &task());
    assert!(matches!(refused, Err(StorageError::BadTemplate { .. })));
}

#[test]
fn a_template_for_which_there_is_no_room_is_refused_with_numbers() {
    let world = world();
    let huge = TemplateSource { size: Bytes(1 << 60), ..source() };
    let error = world.storage.prepare_template(pool(), template(), &huge, &task()).unwrap_err();
    assert_eq!(error.kind(), hostler_wire::FailureKind::NoCapacity);
    assert!(error.to_string().contains("1048576.0 TiB"), "{error}");
    assert_eq!(world.fetcher.fetched.load(Ordering::SeqCst), 0);
}

#[test]
fn a_volume_is_an_overlay_on_its_template_and_larger_if_that_was_asked_for() {
    let world = world();
    world.prepare().unwrap();
    let path = world.storage.create_volume(&volume(5, 20 * MIB)).unwrap();
    let header = qcow2::header(&path).unwrap();
    assert_eq!(header.size, Bytes(20 * MIB));
    assert_eq!(header.backing, Some(world.storage.template_path(template(), DiskFormat::Qcow2)));
    assert_eq!(world.storage.volume_file(pool(), volume(5, 0).volume).unwrap(), path);
}

#[test]
fn writing_a_volume_again_changes_nothing_and_another_of_its_id_is_refused() {
    let world = world();
    world.prepare().unwrap();
    let path = world.storage.create_volume(&volume(5, 20 * MIB)).unwrap();
    let before = path.metadata().unwrap().modified().unwrap();
    assert_eq!(world.storage.create_volume(&volume(5, 20 * MIB)).unwrap(), path);
    assert_eq!(path.metadata().unwrap().modified().unwrap(), before);
    let other = world.storage.create_volume(&volume(5, 30 * MIB));
    assert!(matches!(other, Err(StorageError::Different { .. })));
}

#[test]
fn a_volume_smaller_than_its_template_is_refused() {
    let world = world();
    world.prepare().unwrap();
    let small = world.storage.create_volume(&volume(5, 7 * MIB));
    assert!(matches!(small, Err(StorageError::TooSmall { least: Bytes(l), .. }) if l == 8 * MIB));
}

#[test]
fn a_volume_without_a_template_is_empty() {
    let world = world();
    let empty = VolumeSpec { template: None, ..volume(6, 5 * MIB) };
    let path = world.storage.create_volume(&empty).unwrap();
    assert_eq!(
        qcow2::header(&path).unwrap(),
        qcow2::Header { size: Bytes(5 * MIB), backing: None }
    );
}

#[test]
fn a_template_is_not_removed_while_a_volume_is_made_from_it() {
    let world = world();
    world.prepare().unwrap();
    world.storage.create_volume(&volume(5, 20 * MIB)).unwrap();
    let refused = world.storage.remove_template(pool(), template()).unwrap_err();
    assert_eq!(refused.kind(), hostler_wire::FailureKind::InUse);
    assert!(world.storage.delete_volume(pool(), volume(5, 0).volume).unwrap());
    assert!(!world.storage.delete_volume(pool(), volume(5, 0).volume).unwrap());
    assert!(world.storage.remove_template(pool(), template()).unwrap());
    assert!(!world.storage.remove_template(pool(), template()).unwrap());
}

#[test]
fn another_hosts_pool_is_not_ours() {
    let world = world();
    let other = VolumeSpec { pool: StoragePoolId::new(Uuid::from_u128(9)), ..volume(5, MIB) };
    assert!(matches!(world.storage.create_volume(&other), Err(StorageError::NoPool { .. })));
}

#[test]
fn what_an_agent_left_half_written_is_removed_by_the_next_one() {
    let world = world();
    let half = world.storage.root.join("tmp/volume-x");
    fs::write(&half, "").unwrap();
    let fetcher: Arc<CopyFetcher> = Arc::clone(&world.fetcher);
    DirectoryStorage::open(Some(pool()), &world.storage.root, fetcher).unwrap();
    assert!(!half.exists());
}

/// A volume with `text` at its beginning, written as a guest would.
fn written(world: &World, volume: &VolumeSpec, text: &str) -> PathBuf {
    let path = world.storage.create_volume(volume).unwrap();
    written_again(world, &path, text);
    path
}

/// What a guest would read of it, at its beginning.
fn beginning(world: &World, path: &Path) -> String {
    let raw = world.directory.path().join("read");
    qemu_img(&[
        "convert",
        "-f",
        "qcow2",
        "-O",
        "raw",
        path.to_str().unwrap(),
        raw.to_str().unwrap(),
    ]);
    String::from_utf8_lossy(&fs::read(&raw).unwrap()[..4]).into_owned()
}

fn snapshot() -> SnapshotId {
    SnapshotId::new(Uuid::from_u128(9))
}

#[test]
fn a_copy_is_whole_and_keeps_what_the_volume_was() {
    let world = world();
    world.prepare().unwrap();
    let volume = volume(20, 16 * MIB);
    let path = written(&world, &volume, "old\n");
    let there = world.storage.copy_volume(pool(), volume.volume, snapshot()).unwrap();
    assert_eq!(there.size, Bytes(16 * MIB));
    assert!(there.physical_size.0 > 0 && there.physical_size < there.size, "{there:?}");
    assert_eq!(qcow2::header(&there.path).unwrap().backing, None);
    written_again(&world, &path, "new\n");
    let again = world.storage.copy_volume(pool(), volume.volume, snapshot()).unwrap();
    assert_eq!((again, beginning(&world, &there.path)), (there, "old\n".to_owned()));
    // neither its volume nor that volume's template is needed
    world.storage.delete_volume(pool(), volume.volume).unwrap();
    assert!(world.storage.remove_template(pool(), template()).unwrap());
    let found = world.storage.snapshot(pool(), snapshot()).unwrap().unwrap();
    assert_eq!(beginning(&world, &found.path), "old\n");
}

/// Other text at the beginning of a volume.
fn written_again(world: &World, path: &Path, text: &str) {
    let raw = world.directory.path().join("raw.img");
    fs::write(&raw, text.repeat(1000)).unwrap();
    let (from, to) = (raw.to_str().unwrap(), path.to_str().unwrap());
    qemu_img(&["convert", "-n", "-f", "raw", "-O", "qcow2", from, to]);
}

#[test]
fn a_volume_is_written_as_a_copy_has_it_and_as_large_as_was_asked() {
    let world = world();
    world.prepare().unwrap();
    let volume = volume(21, 16 * MIB);
    let path = written(&world, &volume, "old\n");
    world.storage.copy_volume(pool(), volume.volume, snapshot()).unwrap();
    written_again(&world, &path, "new\n");
    let size =
        |id, size| world.storage.restore_volume(pool(), snapshot(), id, Bytes(size)).unwrap();
    assert_eq!(size(volume.volume, 16 * MIB), Bytes(16 * MIB));
    assert_eq!(beginning(&world, &path), "old\n");
    let other = VolumeId::new(Uuid::from_u128(22));
    assert_eq!(size(other, 24 * MIB), Bytes(24 * MIB));
    assert_eq!(world.storage.volume_size(pool(), other).unwrap(), Bytes(24 * MIB));
    let other = world.storage.volume_file(pool(), other).unwrap();
    assert_eq!(beginning(&world, &other), "old\n");
}

#[test]
fn a_copy_that_somebody_else_writes_counts_when_it_is_kept_and_is_gone_when_deleted() {
    let world = world();
    world.prepare().unwrap();
    let volume = volume(23, 16 * MIB);
    world.storage.create_volume(&volume).unwrap();
    let draft = world.storage.snapshot_draft(pool(), snapshot(), volume.volume).unwrap();
    qemu_img(&["create", "-q", "-f", "qcow2", draft.to_str().unwrap(), "16M"]);
    assert_eq!(world.storage.snapshot(pool(), snapshot()).unwrap(), None);
    let kept = world.storage.keep_snapshot(pool(), snapshot()).unwrap();
    assert_eq!(world.storage.snapshot(pool(), snapshot()).unwrap(), Some(kept));
    assert!(world.storage.delete_snapshot(pool(), snapshot()).unwrap());
    assert!(!world.storage.delete_snapshot(pool(), snapshot()).unwrap());
    let refused = world.storage.restore_volume(pool(), snapshot(), volume.volume, Bytes(0));
    assert!(matches!(refused, Err(StorageError::NoSnapshot { .. })), "{refused:?}");
}

fn outgoing(origin: TemplateOrigin) -> SendTemplateCommand {
    SendTemplateCommand {
        template: TemplateId::new(Uuid::from_u128(9)),
        origin,
        pool: pool(),
        worker: HostGuid::new(Uuid::nil()),
        address: "10.0.0.1:8251".to_owned(),
    }
}

#[test]
fn a_volume_is_sent_whole_and_nothing_is_left_of_what_was_written_for_it() {
    let world = world();
    world.prepare().unwrap();
    let spec = volume(3, 16 * MIB);
    world.storage.create_volume(&spec).unwrap();
    world.storage.send_template(&outgoing(TemplateOrigin::Volume(spec.volume)), &task()).unwrap();
    let header = qcow2::header(&world.directory.path().join("sent.qcow2")).unwrap();
    assert_eq!(header, qcow2::Header { size: Bytes(16 * MIB), backing: None });
    assert_eq!(fs::read_dir(world.storage.root.join("tmp")).unwrap().count(), 0);
}

#[test]
fn a_copy_of_a_volume_is_sent_as_it_is_and_stays() {
    let world = world();
    world.prepare().unwrap();
    let (spec, snapshot) = (volume(3, 16 * MIB), SnapshotId::new(Uuid::from_u128(4)));
    world.storage.create_volume(&spec).unwrap();
    let there = world.storage.copy_volume(pool(), spec.volume, snapshot).unwrap();
    let sent = world.storage.send_template(&outgoing(TemplateOrigin::Snapshot(snapshot)), &task());
    assert_eq!(sent.unwrap().size.0, there.path.metadata().unwrap().len());
    let none = SnapshotId::new(Uuid::from_u128(5));
    let error = world.storage.send_template(&outgoing(TemplateOrigin::Snapshot(none)), &task());
    assert!(matches!(error, Err(StorageError::NoSnapshot { .. })), "{error:?}");
}

#[test]
fn an_imported_volume_is_whole_as_large_as_asked_and_written_once() {
    let world = world();
    let raw = world.directory.path().join("upload.raw");
    fs::write(&raw, "disk\n".repeat(1000)).unwrap();
    let (from, to) = (raw.to_str().unwrap(), world.fetcher.from.to_str().unwrap().to_owned());
    qemu_img(&["convert", "-f", "raw", "-O", "qcow2", from, &to]);
    qemu_img(&["resize", "-q", "-f", "qcow2", &to, "8M"]);
    let volume = VolumeId::new(Uuid::from_u128(30));
    let (size, file) = (Bytes(16 * MIB), template());
    let command = ImportVolumeCommand { volume, pool: pool(), size, file, source: source() };
    for _ in 0..2 {
        assert_eq!(world.storage.import_volume(&command, &task()).unwrap(), size);
    }
    assert_eq!(world.fetcher.fetched.load(Ordering::SeqCst), 1);
    let path = world.storage.volume_file(pool(), volume).unwrap();
    assert_eq!(qcow2::header(&path).unwrap(), qcow2::Header { size, backing: None });
    assert_eq!(beginning(&world, &path), "disk");
    let left = fs::read_dir(world.storage.root().join("tmp")).unwrap().count();
    assert_eq!(left, 0, "what was fetched is removed");
}

#[test]
fn a_volume_whose_file_is_not_what_was_promised_is_not_there() {
    let world = world();
    let source = TemplateSource { virtual_size: Bytes(9 * MIB), ..source() };
    let volume = VolumeId::new(Uuid::from_u128(31));
    let (size, file) = (Bytes(16 * MIB), template());
    let command = ImportVolumeCommand { volume, pool: pool(), size, file, source };
    let refused = world.storage.import_volume(&command, &task()).unwrap_err();
    assert!(matches!(refused, StorageError::BadTemplate { .. }), "{refused}");
    assert!(world.storage.volume_file(pool(), volume).is_err());
    assert_eq!(fs::read_dir(world.storage.root().join("tmp")).unwrap().count(), 0);
}
