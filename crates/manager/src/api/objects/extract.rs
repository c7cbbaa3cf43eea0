//! Links to templates, ISOs and volumes in answers.

use hostler_store::template_view::TemplateView;
use hostler_store::volume_view::VolumeView;

use super::{api_object, date};

api_object! {
    /// A link by which a template or an ISO is downloaded.
    EXTRACT = "ExtractResponse", extract(view: &TemplateView, url: &str) {
        "id" string "the template or ISO" => view.id,
        "name" string "its name" => view.name,
        "extractId" string "the template or ISO again" => view.id,
        "extractMode" string "always HTTP_DOWNLOAD" => "HTTP_DOWNLOAD",
        "accountid" string "whose it is" => view.account,
        "created" date "when it was registered" => date(view.created),
        "state" string "always DOWNLOAD_URL_CREATED" => "DOWNLOAD_URL_CREATED",
        "storagetype" string "always secondary" => "secondary",
        "url" string "where it is had, by anybody, for a while" => url,
        "zoneid" string "the zone that it is in; without it, all" => view.zone,
        "zonename" string "that zone's name" => view.zone_name,
    }
}

api_object! {
    /// A link by which what a volume held is downloaded.
    EXTRACT_VOLUME = "ExtractResponse", extract_volume(view: &VolumeView, url: &str) {
        "id" string "the volume" => view.id,
        "name" string "its name" => view.name,
        "extractId" string "the volume again" => view.id,
        "extractMode" string "always HTTP_DOWNLOAD" => "HTTP_DOWNLOAD",
        "accountid" string "whose it is" => view.account,
        "created" date "since when there has been the volume" => date(view.created),
        "state" string "always DOWNLOAD_URL_CREATED" => "DOWNLOAD_URL_CREATED",
        "storagetype" string "always secondary: the link leads to a copy" => "secondary",
        "url" string "where it is had, by anybody, for a while" => url,
        "zoneid" string "the zone that it is in" => view.zone,
        "zonename" string "that zone's name" => view.zone_name,
    }
}
