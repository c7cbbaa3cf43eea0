//! Templates in answers.

use hostler_model::{Bytes, TemplateState};
use hostler_store::template_view::TemplateView;

use crate::api::commands::template::os_type::{OsType, category_id};

use super::tag::{TAG, tags};
use super::{api_object, date, job_id, job_status, no_items};

api_object! {
    /// A template.
    TEMPLATE = "TemplateResponse", template(view: &TemplateView, admin: bool) {
        "id" string "its id" => view.id,
        "name" string "its name" => view.name,
        "displaytext" string "what it is, for people" => view.display_text,
        "url" string "where it was fetched from; without it, it was made from a volume" =>
            Some(&view.url).filter(|url| !url.is_empty()),
        "format" imageformat "QCOW2, RAW or ISO" => view.format,
        "hypervisor" string "always KVM" => "KVM",
        "arch" string "machine architecture" => view.arch,
        "ostypeid" string "the kind of guest, from listOsTypes" => os_type_of(view).map(OsType::id),
        "ostypename" string "that kind, for people" => os_type_of(view).map(|kind| kind.description),
        "checksum" string "what it was checked against" => view.checksum,
        "ispublic" boolean "whether everybody may use it" => view.is_public,
        "isfeatured" boolean "whether it is recommended" => view.is_featured,
        "isextractable" boolean "whether it may be downloaded" => view.is_extractable,
        "isready" boolean "whether VMs can be made from it" => view.state == TemplateState::Ready,
        "isdynamicallyscalable" boolean "whether its VMs can change size while they run" => view.dynamically_scalable,
        "crossZones" boolean "whether it is in all zones" => view.zone.is_none(),
        "status" string "how far it is, or why it failed" => status(view),
        "size" long "how large a guest sees it, in bytes" => view.virtual_size,
        "physicalsize" long "how large its file is, in bytes" => view.size,
        "templatetype" string "USER, or SYSTEM for the cloud's own VMs" =>
            if view.is_system { "SYSTEM" } else { "USER" },
        "bootable" boolean "whether a VM can start from it" => view.bootable,
        "bits" int "always 64" => 64,
        "passwordenabled" boolean "whether its VMs' passwords can be reset" => view.password_enabled,
        "sshkeyenabled" boolean "whether its VMs take SSH keys" => view.ssh_key_enabled,
        "requireshvm" boolean "whether it needs a CPU that helps" => view.requires_hvm,
        "directdownload" boolean "whether hosts fetch it from its source, always false" => false,
        "account" string "whose it is" => view.account_name,
        "accountid" string "that account's id" => view.account,
        "domainid" string "the owner's domain" => view.domain,
        "domain" string "that domain's name" => view.domain_name,
        "domainpath" string "that domain's path" => view.domain_path,
        "userdataid" string "the user data that it brings along" => view.user_data.as_ref().map(|data| data.0),
        "userdataname" string "that user data's name" => view.user_data.as_ref().map(|data| &data.1),
        "userdataparams" string "names that it wants values for, separated by commas" =>
            view.user_data.as_ref().map(|data| &data.2).filter(|names| !names.is_empty()),
        "userdatapolicy" string "ALLOWOVERRIDE, APPEND or DENYOVERRIDE" =>
            view.user_data_policy.map(|policy| policy.to_string()),
        "zoneid" string "the zone that it is in; without it, all" => view.zone,
        "zonename" string "that zone's name" => view.zone_name,
        "hostid" string "the image worker that has it" => view.worker.filter(|_| admin),
        "hostname" string "that worker's name" => view.worker_name.as_ref().filter(|_| admin),
        "templatetag" string "the tag that hosts of its VMs must have" =>
            Some(&view.host_tag).filter(|_| admin).filter(|tag| !tag.is_empty()),
        "details" map "choices that few need" => view.details,
        "created" date "when it was registered" => date(view.created),
        "removed" date "when it was deleted" => view.removed.map(date),
        "tags" set(TAG) "its tags" => tags(&view.tags),
        "childtemplates" set "templates of its further disks, none yet" => no_items(),
        "jobid" string "the job that works on it" => job_id(view.job),
        "jobstatus" integer "state of that job" => job_status(view.job),
    }
}

/// Clients know `Download Complete` and percentages; a failure says why.
fn status(view: &TemplateView) -> String {
    match view.state {
        TemplateState::Ready => "Download Complete".to_owned(),
        TemplateState::Failed => {
            format!("Failed: {}", view.error.as_deref().unwrap_or("no reason is recorded"))
        }
        TemplateState::Downloading => match view.total {
            Some(Bytes(total)) if total > 0 => {
                format!("{}% Downloaded", view.done.0.saturating_mul(100) / total)
            }
            _ => format!("{} downloaded", view.done),
        },
        TemplateState::Registered | TemplateState::Deleting | TemplateState::Deleted => {
            view.state.to_string()
        }
    }
}

fn os_type_of(view: &TemplateView) -> Option<&'static OsType> {
    OsType::named(view.os_type, &view.os)
}

api_object! {
    /// A family of guests.
    OS_CATEGORY = "GuestOSCategoryResponse", os_category(name: &str) {
        "id" string "its id" => category_id(name),
        "name" string "its name" => name,
        "isfeatured" boolean "whether it is shown first, always false" => false,
    }
}

api_object! {
    /// With whom a template is shared.
    TEMPLATE_PERMISSIONS = "TemplatePermissionsResponse", template_permissions(
        view: &TemplateView,
        accounts: &[String],
        projects: &[String],
    ) {
        "id" string "the template or ISO" => view.id,
        "domainid" string "the domain of its owner" => view.domain,
        "ispublic" boolean "whether everybody may use it" => view.is_public,
        "account" list "names of the accounts that may use it" => Some(accounts).filter(|list| !list.is_empty()),
        "projectids" list "ids of the projects that may use it" => Some(projects).filter(|list| !list.is_empty()),
    }
}

api_object! {
    /// A kind of guest.
    OS_TYPE = "GuestOSResponse", os_type(kind: &OsType) {
        "id" string "its id" => kind.id(),
        "name" string "its name" => kind.description,
        "description" string "what it is, for people" => kind.description,
        "oscategoryid" string "its family" => category_id(kind.category),
        "oscategoryname" string "that family's name" => kind.category,
        "isuserdefined" boolean "whether a user made it, always false" => false,
        "fordisplay" boolean "whether users see it, always true" => true,
    }
}
