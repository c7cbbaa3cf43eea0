//! VM snapshots in answers.

use hostler_store::vm_snapshot_view::VmSnapshotView;

use super::tag::{TAG, tags};
use super::{api_object, date, job_id, job_status};

api_object! {
    /// Copies of all volumes of a VM, as they were at one moment.
    VM_SNAPSHOT = "VMSnapshotResponse", vm_snapshot(view: &VmSnapshotView) {
        "id" string "its id" => view.id,
        "name" string "its name" => view.name,
        "displayname" string "the same" => view.name,
        "description" string "any text" => view.description,
        "state" vmsnapshot "Allocated, Creating, Ready, Reverting, Error or Expunging" => view.state,
        "type" string "always Disk: what the guest had in memory is not in it" => "Disk",
        "current" boolean "whether it is the one that its VM was last as" => view.is_current,
        "virtualmachineid" string "the VM" => view.vm,
        "virtualmachinename" string "that VM's name for people" => view.vm_name,
        "account" string "whose it is" => view.account_name,
        "domainid" string "the owner's domain" => view.domain,
        "domain" string "that domain's name" => view.domain_name,
        "domainpath" string "that domain's path" => view.domain_path,
        "zoneid" string "the zone that it is in" => view.zone,
        "zonename" string "that zone's name" => view.zone_name,
        "hypervisor" string "always KVM" => "KVM",
        "jobid" string "the job that works on it" => job_id(view.job),
        "jobstatus" integer "that job's status" => job_status(view.job),
        "created" date "when it was asked for" => date(view.created),
        "tags" set(TAG) "its tags" => tags(&view.tags),
    }
}
