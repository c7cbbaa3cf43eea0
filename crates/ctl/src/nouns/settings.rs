//! Settings, and what the manager says of itself.

use crate::noun::Takes::{Id, Text};
use crate::noun::{Noun, does, first, flag, lists, must};
use crate::output::column;
use crate::resolve::ZONE;

pub(super) static SETTING: Noun = Noun {
    name: "setting",
    about: "How the manager behaves",
    columns: &[
        column("NAME", "name"),
        column("VALUE", "value"),
        column("DEFAULT", "defaultvalue"),
        column("SCOPE", "scope"),
        column("DESCRIPTION", "description"),
    ],
    verbs: &[
        lists(
            "list",
            "listConfigurations",
            "List settings",
            &[
                flag("name", "name", Text, "Only this one"),
                flag("keyword", "keyword", Text, "Only names with this in them"),
                flag("zone", "zoneid", Id(&ZONE), "As they are in this zone"),
            ],
        ),
        does(
            "set",
            "updateConfiguration",
            "Change a setting",
            &[
                first("name", "name", Text, "Its name"),
                must("value", "value", Text, "Its new value"),
                flag("zone", "zoneid", Id(&ZONE), "Only in this zone"),
            ],
            "set",
        ),
        does(
            "reset",
            "resetConfiguration",
            "Give a setting its default again",
            &[
                first("name", "name", Text, "Its name"),
                flag("zone", "zoneid", Id(&ZONE), "Only in this zone"),
            ],
            "reset",
        ),
    ],
};

pub(super) static ALERT: Noun = Noun {
    name: "alert",
    about: "What needs somebody",
    columns: &[
        column("ID", "id"),
        column("SENT", "sent"),
        column("KIND", "name"),
        column("TEXT", "description"),
    ],
    verbs: &[lists("list", "listAlerts", "List alerts", &[])],
};

pub(crate) static CAPACITY: Noun = Noun {
    name: "capacity",
    about: "What there is, and what is taken",
    columns: &[
        column("ZONE", "zonename"),
        column("KIND", "name"),
        column("USED", "capacityused"),
        column("TOTAL", "capacitytotal"),
        column("PERCENT", "percentused"),
    ],
    verbs: &[lists(
        "list",
        "listCapacity",
        "List capacity",
        &[flag("zone", "zoneid", Id(&ZONE), "Only in this zone")],
    )],
};

pub(super) static OS_TYPE: Noun = Noun {
    name: "os-type",
    about: "What guests can be",
    columns: &[column("ID", "id"), column("NAME", "description")],
    verbs: &[lists(
        "list",
        "listOsTypes",
        "List guest systems",
        &[flag("keyword", "keyword", Text, "Only names with this in them")],
    )],
};
