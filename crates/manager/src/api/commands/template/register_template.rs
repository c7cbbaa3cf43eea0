//! `registerTemplate`: has an image worker fetch what VMs can be made from.

use hostler_model::ZoneId;
use hostler_query_api::{Answer, IdOrAll, api_command};
use hostler_store::reference::Entity;
use hostler_store::template_view::template_view;
use uuid::Uuid;

use super::os_type::OsType;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::template::{TEMPLATE, template};
use crate::orchestration::Caller;
use crate::orchestration::template::{RegisterRequest, register};

api_command! {
    /// Fetches a template from a URL.
    pub(crate) struct RegisterTemplate = "registerTemplate", synchronous
        .object("template").shape(&TEMPLATE).in_projects();

    /// Its name.
    name: required string,
    /// What it is, for people; its name by default.
    displaytext: optional string .max(4096),
    /// Where it is to be had: http or https; file only for the root administrator.
    url: required string .max(2048),
    /// QCOW2 or RAW.
    format: required string,
    /// KVM.
    hypervisor: required string,
    /// The kind of guest, from listOsTypes; Linux by default.
    ostypeid: optional uuid<Uuid> .entity("ostype"),
    /// The zone that it is for; -1 for all, which is the default.
    zoneid: optional uuid<IdOrAll<ZoneId>> .entity("zone"),
    /// The zone that it is for, as a list of one; -1 for all.
    zoneids: optional list<IdOrAll<ZoneId>> .entity("zone"),
    /// What it must hash to: plain hex, or {algorithm}hex.
    checksum: optional string,
    /// Machine architecture; x86_64 by default.
    arch: optional string,
    /// Whether everybody may use it.
    ispublic: optional boolean,
    /// Whether it is recommended; for administrators.
    isfeatured: optional boolean .roles(hostler_query_api::Roles::ADMIN),
    /// Whether it may be downloaded.
    isextractable: optional boolean,
    /// Choices that few need.
    details: optional first_map,
}

impl Handler for RegisterTemplate {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let zone = self.zone(call)?;
        if let Some(id) = zone {
            let param = if self.zoneid.is_some() { "zoneid" } else { "zoneids" };
            call.require(vec![(param, Entity::Zone, id.uuid())]).await?;
        }
        if !self.hypervisor.eq_ignore_ascii_case("KVM") {
            return Err(call.wrong("hypervisor", &self.hypervisor, "KVM"));
        }
        let format = self.format.to_ascii_uppercase();
        if !matches!(format.as_str(), "QCOW2" | "RAW") {
            return Err(call.wrong("format", &self.format, "QCOW2 or RAW"));
        }
        if let Some(sum) = self.checksum.as_ref().filter(|sum| !is_checksum(sum)) {
            let expected =
                "hex of MD5, SHA-1, SHA-256 or SHA-512, with or without {algorithm} before it";
            return Err(call.wrong("checksum", sum, expected));
        }
        let os = match self.ostypeid {
            None => "Linux",
            Some(id) => OsType::of(id).ok_or_else(|| call.unknown("ostypeid", id))?.name,
        };
        let arch = self.arch.unwrap_or_else(|| "x86_64".to_owned());
        if !matches!(arch.as_str(), "x86_64" | "aarch64") {
            return Err(call.wrong("arch", &arch, "x86_64 or aarch64"));
        }
        let account = call.owner(None, None).await?;
        let caller = Caller { account, ..call.caller().clone() };
        let request = RegisterRequest {
            name: self.name,
            display_text: self.displaytext,
            url: self.url,
            format,
            os: os.to_owned(),
            arch,
            checksum: self.checksum,
            zone,
            is_public: self.ispublic.unwrap_or(false),
            is_featured: self.isfeatured.unwrap_or(false),
            is_extractable: self.isextractable.unwrap_or(false),
            details: self.details.unwrap_or_default(),
        };
        let id = register(call.context, &caller, request).await?;
        let view = call.read(move |tx| Ok(template_view(tx, id)?)).await?;
        // clients know this answer as a list of one
        Ok(Answer::list(call.command, 1, vec![template(&view, call.is_root())]))
    }
}

impl RegisterTemplate {
    fn zone(&self, call: Call<'_>) -> Result<Option<ZoneId>, Failure> {
        let listed = match self.zoneids.as_deref() {
            None | Some([]) => None,
            Some([one]) => Some(*one),
            Some(_) => {
                return Err(call.wrong("zoneids", "a longer list", "one zone's id, or -1 for all"));
            }
        };
        Ok(match self.zoneid.or(listed) {
            Some(IdOrAll::Id(id)) => Some(id),
            Some(IdOrAll::All) | None => None,
        })
    }
}

/// Hex of a length that a known algorithm gives, with the algorithm in braces before it or not.
fn is_checksum(text: &str) -> bool {
    let hex = text.split_once('}').map_or(text, |(_, hex)| hex);
    let algorithm =
        text.split_once('}').map(|(name, _)| name.to_ascii_uppercase().replace('-', ""));
    let length = match algorithm.as_deref() {
        None => None,
        Some("{MD5") => Some(32),
        Some("{SHA1" | "{SHA") => Some(40),
        Some("{SHA256") => Some(64),
        Some("{SHA512") => Some(128),
        Some(_) => return false,
    };
    let right = length.map_or([32, 40, 64, 128].contains(&hex.len()), |length| length == hex.len());
    right && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::is_checksum;

    #[test]
    fn a_checksum_is_hex_as_long_as_its_algorithm_says() {
        let (md5, sha256) = ("0".repeat(32), "a".repeat(64));
        assert!(is_checksum(&md5) && is_checksum(&sha256));
        assert!(
            is_checksum(&format!("{{SHA-256}}{sha256}")) && is_checksum(&format!("{{md5}}{md5}"))
        );
        let (swapped, odd) = (format!("{{MD5}}{sha256}"), format!("{{CRC}}{md5}"));
        for text in ["", "12", "zz", &swapped, &odd, &"g".repeat(32)] {
            assert!(!is_checksum(text), "{text}");
        }
    }
}
