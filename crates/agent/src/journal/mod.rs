//! What became of every command: the memory that lets a command that arrives twice run once.
//!
//! Not here: which commands are running right now (the executor knows), and the file's lines ([`file`]).

mod file;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hostler_model::CommandId;
use hostler_wire::{Answer, CommandFailure};

use file::{JournalFile, Line};

/// What became of a command.
pub type OrderResult = Result<Answer, CommandFailure>;

/// How many commands are remembered; the oldest are forgotten first.
const REMEMBERED: usize = 5_000;
/// The size of the file, in bytes, below which it is never written anew.
const COMPACT_ABOVE: u64 = 8 * 1024 * 1024;

/// What the journal knows of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// It was begun. Unless it is running, the agent ended in the middle of it.
    Begun,
    /// It is over.
    Done(OrderResult),
}

/// A journal that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Its file or directory.
    #[error("cannot use the command journal {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process holds it.
    #[error("another agent uses the command journal {path}; stop it or set another state.dir")]
    Taken {
        /// The file.
        path: PathBuf,
    },
}

/// The journal of one resource. Every call that writes blocks until the disk has it, where there is a file.
#[derive(Debug)]
pub struct Journal {
    /// Locked for moments only, so that who asks never waits for the disk.
    memory: Mutex<Memory>,
    /// Locked before `memory`, never after.
    disk: Mutex<Disk>,
}

#[derive(Debug, Default)]
struct Memory {
    entries: HashMap<CommandId, Entry>,
    /// In the order in which they were begun.
    order: VecDeque<CommandId>,
}

#[derive(Debug)]
struct Disk {
    /// Nothing: it is not kept.
    file: Option<JournalFile>,
    /// The length above which the file is written anew.
    compact_above: u64,
}

impl Journal {
    /// Opens the journal at `path`, or begins one. A line that was torn by a crash is dropped.
    ///
    /// # Errors
    /// [`JournalError`] if the file cannot be read or written, or another process has it.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let failed = |source| JournalError::File { path: path.to_owned(), source };
        let mut file = JournalFile::open(path)
            .map_err(failed)?
            .ok_or_else(|| JournalError::Taken { path: path.to_owned() })?;
        let (lines, clean) = file.read().map_err(failed)?;
        let mut memory = Memory::default();
        for line in lines {
            match line {
                Line::Begun { id, .. } => memory.note(id, Entry::Begun),
                Line::Done { id, result } => memory.note(id, Entry::Done(result)),
            }
        }
        let mut disk = Disk { file: Some(file), compact_above: COMPACT_ABOVE };
        if !clean {
            tracing::warn!(path = %path.display(), "the command journal has lines that cannot be read; they are dropped");
        }
        if !clean || disk.is_full() {
            disk.compact(&memory.lines()).map_err(failed)?;
        }
        Ok(Self { memory: Mutex::new(memory), disk: Mutex::new(disk) })
    }

    /// A journal that is gone with the process: for agents that are simulated.
    pub fn in_memory() -> Self {
        let disk = Disk { file: None, compact_above: COMPACT_ABOVE };
        Self { memory: Mutex::default(), disk: Mutex::new(disk) }
    }

    /// What is known of `id`; nothing: it never came, or was forgotten. Does not block.
    pub fn find(&self, id: CommandId) -> Option<Entry> {
        self.memory().entries.get(&id).cloned()
    }

    /// Writes that a command begins. `name` is for people who read the file.
    ///
    /// # Errors
    /// The disk's; then nothing is written and the command must not begin.
    pub fn begin(&self, id: CommandId, name: &str) -> io::Result<()> {
        self.write(id, Entry::Begun, &Line::Begun { id, begun: name.to_owned() })
    }

    /// Writes what became of a command.
    ///
    /// # Errors
    /// The disk's. The outcome is remembered all the same, for as long as this process lives.
    pub fn finish(&self, id: CommandId, result: &OrderResult) -> io::Result<()> {
        self.write(id, Entry::Done(result.clone()), &Line::Done { id, result: result.clone() })
    }

    fn write(&self, id: CommandId, entry: Entry, line: &Line) -> io::Result<()> {
        let mut disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        let written = disk.append(line);
        if written.is_ok() || matches!(entry, Entry::Done(_)) {
            self.memory().note(id, entry);
        }
        written?;
        if disk.is_full() {
            let lines = self.memory().lines();
            disk.compact(&lines)?;
        }
        Ok(())
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn note(&mut self, id: CommandId, entry: Entry) {
        if self.entries.insert(id, entry).is_none() {
            self.order.push_back(id);
        }
        while self.order.len() > REMEMBERED {
            if let Some(oldest) = self.order.pop_front() {
                self.entries.remove(&oldest);
            }
        }
    }

    /// What is remembered, as lines of a file.
    fn lines(&self) -> Vec<Line> {
        let line = |id: &CommandId| {
            Some(match self.entries.get(id)? {
                Entry::Begun => Line::Begun { id: *id, begun: String::new() },
                Entry::Done(result) => Line::Done { id: *id, result: result.clone() },
            })
        };
        self.order.iter().filter_map(line).collect()
    }
}

impl Disk {
    fn append(&mut self, line: &Line) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), |file| file.append(line))
    }

    fn is_full(&self) -> bool {
        self.file.as_ref().is_some_and(|file| file.length() > self.compact_above)
    }

    fn compact(&mut self, lines: &[Line]) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.replace(lines)?;
            self.compact_above = COMPACT_ABOVE.max(2 * file.length());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hostler_model::{Bytes, Generation};
    use hostler_wire::{CreateVolumeAnswer, FailureKind, StartAnswer};
    use std::io::Write;
    use uuid::Uuid;

    fn id(n: u128) -> CommandId {
        CommandId::new(Uuid::from_u128(n))
    }

    fn started() -> Answer {
        Answer::Start(StartAnswer {
            generation: Generation(7),
            was_running: false,
            vnc_port: Some(5901),
        })
    }

    fn refused() -> CommandFailure {
        CommandFailure { kind: FailureKind::Conflict, text: "not\nthis \"run\"".to_owned() }
    }

    #[test]
    fn outcomes_survive_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let journal = Journal::open(&path).unwrap();
        journal.begin(id(1), "StartCommand").unwrap();
        journal.finish(id(1), &Ok(started())).unwrap();
        journal.begin(id(2), "StopCommand").unwrap();
        journal.finish(id(2), &Err(refused())).unwrap();
        journal.begin(id(3), "StopCommand").unwrap();
        drop(journal);
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.find(id(1)), Some(Entry::Done(Ok(started()))));
        assert_eq!(journal.find(id(2)), Some(Entry::Done(Err(refused()))));
        assert_eq!(journal.find(id(3)), Some(Entry::Begun));
        assert_eq!(journal.find(id(4)), None);
    }

    #[test]
    fn a_journal_in_memory_knows_what_came_in_its_own_life() {
        let journal = Journal::in_memory();
        journal.begin(id(1), "StartCommand").unwrap();
        assert_eq!(journal.find(id(1)), Some(Entry::Begun));
        journal.finish(id(1), &Ok(started())).unwrap();
        assert_eq!(journal.find(id(1)), Some(Entry::Done(Ok(started()))));
    }

    #[test]
    fn a_torn_last_line_costs_only_itself() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let journal = Journal::open(&path).unwrap();
        journal.begin(id(1), "StartCommand").unwrap();
        journal.finish(id(1), &Ok(started())).unwrap();
        drop(journal);
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"id\":\"00000000-0000-0000").unwrap();
        drop(file);
        let journal = Journal::open(&path).unwrap();
        journal.begin(id(2), "StopCommand").unwrap();
        drop(journal);
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.find(id(1)), Some(Entry::Done(Ok(started()))));
        assert_eq!(journal.find(id(2)), Some(Entry::Begun));
    }

    #[test]
    fn garbage_in_the_middle_loses_no_other_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let journal = Journal::open(&path).unwrap();
        journal.begin(id(1), "a").unwrap();
        drop(journal);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend_from_slice(b"\xff\xfe\0\n");
        std::fs::write(&path, &bytes).unwrap();
        let journal = Journal::open(&path).unwrap();
        journal.finish(id(1), &Ok(started())).unwrap();
        assert_eq!(journal.find(id(1)), Some(Entry::Done(Ok(started()))));
    }

    #[test]
    fn the_journal_stays_small() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let journal = Journal::open(&path).unwrap();
        let long = Ok(Answer::CreateVolume(CreateVolumeAnswer {
            size: Bytes(1),
            path: "x".repeat(100_000),
        }));
        for n in 0..200 {
            journal.finish(id(n % 20 + 1), &long).unwrap();
        }
        assert!(std::fs::metadata(&path).unwrap().len() < COMPACT_ABOVE + 200_000);
        drop(journal);
        assert_eq!(Journal::open(&path).unwrap().find(id(20)), Some(Entry::Done(long)));
    }

    #[test]
    fn only_the_newest_commands_are_remembered() {
        let mut memory = Memory::default();
        for n in 1..=REMEMBERED as u128 + 1 {
            memory.note(id(n), Entry::Begun);
        }
        assert_eq!(memory.entries.len(), REMEMBERED);
        assert!(!memory.entries.contains_key(&id(1)));
    }

    #[test]
    fn two_agents_cannot_share_a_journal() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let _first = Journal::open(&path).unwrap();
        assert!(matches!(Journal::open(&path), Err(JournalError::Taken { .. })));
    }
}
