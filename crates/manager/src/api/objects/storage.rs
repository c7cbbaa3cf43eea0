//! Volumes and storage pools in answers.

use hostler_model::VolumeState;
use hostler_store::storage_pool_view::StoragePoolView;
use hostler_store::volume_view::VolumeView;

use super::tag::{TAG, tags};
use super::{api_object, date, job_id, job_status};

api_object! {
    /// A volume.
    VOLUME = "VolumeResponse", volume(view: &VolumeView, admin: bool) {
        "id" string "its id" => view.id,
        "name" string "its name" => view.name,
        "type" string "ROOT or DATADISK" => view.kind,
        "state" string "Allocated, UploadOp, Uploaded, Creating, Ready, Destroy or Expunging" => state(view),
        "size" long "how large a guest sees it, in bytes" => view.size,
        "virtualsize" long "the same" => view.size,
        "deviceid" long "its place among the VM's disks, from 0" => view.vm.map(|_| view.device),
        "account" string "whose it is" => view.account_name,
        "domainid" string "the owner's domain" => view.domain,
        "domain" string "that domain's name" => view.domain_name,
        "domainpath" string "that domain's path" => view.domain_path,
        "zoneid" string "the zone that it is in" => view.zone,
        "zonename" string "that zone's name" => view.zone_name,
        "virtualmachineid" string "the VM that it belongs to" => view.vm,
        "vmname" string "that VM's host name" => view.vm_name,
        "vmdisplayname" string "that VM's name for people" => view.vm_display_name,
        "vmstate" string "that VM's state" => view.vm_state,
        "serviceofferingid" string "the VM's size" => view.offering,
        "serviceofferingname" string "that offering's name" => view.offering_name,
        "templateid" string "what it was made from" => view.template,
        "templatename" string "that template's name" => view.template_name,
        "templatedisplaytext" string "what that template is, for people" => view.template_text,
        "storageid" string "the pool that it lives on" => view.pool.filter(|_| admin),
        "storage" string "that pool's name" => view.pool_name.as_ref().filter(|_| admin),
        "path" string "where it is in that pool" => view.path.as_ref().filter(|_| admin),
        "podid" string "the pod of that pool" => view.pod.as_ref().filter(|_| admin).map(|pod| pod.0),
        "podname" string "that pod's name" => view.pod.as_ref().filter(|_| admin).map(|pod| &pod.1),
        "clusterid" string "the cluster of that pool" =>
            view.cluster.as_ref().filter(|_| admin).map(|cluster| cluster.0),
        "clustername" string "that cluster's name" =>
            view.cluster.as_ref().filter(|_| admin).map(|cluster| &cluster.1),
        "diskofferingid" string "what it was sold as, for a data volume" =>
            view.disk_offering.as_ref().map(|offering| offering.0),
        "diskofferingname" string "that offering's name" =>
            view.disk_offering.as_ref().map(|offering| &offering.1),
        "diskofferingdisplaytext" string "what that offering is, for people" =>
            view.disk_offering.as_ref().map(|offering| &offering.2),
        "diskBytesReadRate" long "bytes that may be read in a second, at most" => view.terms.read_bytes.per_second,
        "diskBytesWriteRate" long "bytes that may be written in a second, at most" => view.terms.write_bytes.per_second,
        "diskIopsReadRate" long "reading operations in a second, at most" => view.terms.read_operations.per_second,
        "diskIopsWriteRate" long "writing operations in a second, at most" => view.terms.write_operations.per_second,
        "attached" date "since when it is its VM's" => view.attached.map(date),
        "vmtype" string "the kind of its VM: User" => view.vm.map(|_| "User"),
        "jobid" string "the job that works on it" => job_id(view.job),
        "jobstatus" integer "that job's status" => job_status(view.job),
        "displayvolume" boolean "whether portals show it, always true" => true,
        "deleteprotection" boolean "whether it may not be deleted, always false" => false,
        "supportsstoragesnapshot" boolean "whether its pool takes snapshots, always true" => true,
        "storagetype" string "local: on its host's own disks" => "local",
        "provisioningtype" string "how it grows, always thin" => "thin",
        "hypervisor" string "always KVM" => "KVM",
        "destroyed" boolean "whether it was thrown away, or is being deleted" =>
            matches!(view.state, VolumeState::Destroy | VolumeState::Expunging),
        "isextractable" boolean "whether it may be downloaded, as its template may" => view.is_extractable,
        "quiescevm" boolean "whether its VM is stilled for snapshots, always false" => false,
        "created" date "since when there has been one" => date(view.created),
        "tags" set(TAG) "its tags" => tags(&view.tags),
    }
}

/// A volume that no host has written yet is in one of several states for clients.
fn state(view: &VolumeView) -> &str {
    let unwritten = view.state == VolumeState::Allocated;
    view.upload.as_deref().filter(|_| unwritten).unwrap_or(view.state.as_str())
}

api_object! {
    /// A storage pool.
    STORAGE_POOL = "StoragePoolResponse", storage_pool(view: &StoragePoolView) {
        "id" string "its id" => view.id,
        "name" string "its name" => view.name,
        "type" string "Filesystem: a directory of a host" =>
            if view.kind == "Directory" { "Filesystem" } else { view.kind.as_str() },
        "scope" string "who can use it: HOST, CLUSTER or ZONE" => scope(view),
        "state" storagepoolstatus "Up, Disabled when it takes no new volumes, or Maintenance" => view.state,
        "path" string "where it is on the host" => view.path,
        "ipaddress" string "address of its host" => view.host_address,
        "zoneid" string "the zone that it is in" => view.zone,
        "zonename" string "that zone's name" => view.zone_name,
        "podid" string "the pod that it is in" => view.pod,
        "podname" string "that pod's name" => view.pod_name,
        "clusterid" string "the cluster that it is in" => view.cluster,
        "clustername" string "that cluster's name" => view.cluster_name,
        "disksizetotal" long "size of its file system, in bytes" => view.capacity,
        "disksizeused" long "in use there, by whomever, in bytes" => view.used,
        "disksizeallocated" long "given to volumes, in bytes" => view.allocated,
        "capacitybytes" long "size of its file system, in bytes" => view.capacity,
        "overprovisionfactor" string "how often its space is sold, always once" => "1.0",
        "istagarule" boolean "whether its tags are a rule, always false" => false,
        "managed" boolean "whether each volume is a device of its own, always false" => false,
        "hypervisor" string "always KVM" => "KVM",
        "provider" string "who looks after it" => "DefaultPrimary",
        "tags" string "its tags" => Some(&view.tags).filter(|tags| !tags.is_empty()),
        "created" date "since when there has been one" => date(view.created),
    }
}

fn scope(view: &StoragePoolView) -> &'static str {
    match (view.host, view.cluster) {
        (Some(_), _) => "HOST",
        (None, Some(_)) => "CLUSTER",
        (None, None) => "ZONE",
    }
}
