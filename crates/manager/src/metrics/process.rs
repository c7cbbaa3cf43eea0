//! What this process takes of its machine, as `/proc/self` has it.

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Memory and open files of this process. Cloning it is cheap.
#[derive(Debug, Clone, Default)]
pub struct ProcessMetrics {
    resident: Gauge,
    files: Gauge,
}

impl ProcessMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register(
            "process_resident_bytes",
            "Memory of the manager that is resident",
            metrics.resident.clone(),
        );
        registry.register(
            "process_open_files",
            "Files and sockets that the manager has open",
            metrics.files.clone(),
        );
        metrics
    }

    /// Looks anew. What cannot be read stays as it was.
    pub fn look(&self) {
        // VmRSS of proc(5), in kB
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib =
            resident.and_then(|text| text.trim().trim_end_matches("kB").trim().parse::<i64>().ok());
        if let Some(kib) = kib {
            self.resident.set(kib * 1024);
        }
        if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
            self.files.set(i64::try_from(files.count()).unwrap_or(i64::MAX));
        }
    }
}
