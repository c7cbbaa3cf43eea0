//! Templates: who sees them, who may use them, what can be said of them.

use hostler_model::AccountType;
use hostler_tests::http::{Api, tenant};
use serde_json::json;

use super::World;

async fn registered(api: &Api, more: &[(&str, &str)]) -> serde_json::Value {
    let params =
        [("url", "http://images.invalid/t.qcow2"), ("format", "QCOW2"), ("hypervisor", "KVM")];
    let name =
        if more.iter().any(|(param, _)| *param == "name") { None } else { Some(("name", "t")) };
    let params: Vec<_> = params.into_iter().chain(name).chain(more.iter().copied()).collect();
    api.ok("registerTemplate", &params).await["template"][0].clone()
}

async fn names(api: &Api, which: &str) -> Vec<String> {
    let list = api.ok("listTemplates", &[("templatefilter", which), ("listall", "true")]).await;
    let of = |template: &serde_json::Value| template["name"].as_str().unwrap().to_owned();
    list["template"].as_array().map(|all| all.iter().map(of).collect()).unwrap_or_default()
}

async fn user(world: &World, name: &str) -> Api {
    let (store, address) = (&world.manager.context.store, world.admin.address);
    tenant(store, address, "ROOT/shop", name, AccountType::User).await.unwrap()
}

#[tokio::test]
async fn every_filter_shows_what_its_word_says() {
    let world = World::new().await;
    let (owner, other) = (user(&world, "owner").await, user(&world, "other").await);
    let shared = registered(&owner, &[("name", "shared")]).await;
    registered(&owner, &[("name", "private")]).await;
    registered(&owner, &[("name", "public"), ("ispublic", "true")]).await;
    let featured = [("name", "featured"), ("ispublic", "true"), ("isfeatured", "true")];
    registered(&world.admin, &featured).await;
    let id = shared["id"].as_str().unwrap();
    let share = [("id", id), ("op", "add"), ("accounts", "other")];
    owner.ok("updateTemplatePermissions", &share).await;
    assert_eq!(names(&other, "executable").await, ["shared", "public", "featured"]);
    assert_eq!(names(&owner, "self").await, ["shared", "private", "public"]);
    for which in ["featured", "community", "sharedexecutable"] {
        assert_eq!(names(&other, which).await, [""; 0], "{which} shows only what is ready");
    }
    assert_eq!(names(&owner, "selfexecutable").await, [""; 0]);
    world.database().execute("UPDATE template SET state = 'Ready'", []).unwrap();
    for (which, expected) in [
        ("featured", &["featured"][..]),
        ("community", &["public"]),
        ("self", &[]),
        ("shared", &["shared"]),
        ("sharedexecutable", &["shared"]),
        ("executable", &["shared", "public", "featured"]),
    ] {
        assert_eq!(names(&other, which).await, expected, "{which}");
    }
    assert_eq!(names(&owner, "selfexecutable").await, ["shared", "private", "public"]);
    assert_eq!(names(&owner, "shared").await, [""; 0]);
    assert_eq!(names(&world.admin, "all").await.len(), 4);
    let (status, text) = other.refused("listTemplates", &[("templatefilter", "all")]).await;
    assert_eq!((status, text.contains("for administrators")), (431, true), "{text}");
}

#[tokio::test]
async fn a_template_is_shared_with_accounts_and_can_be_taken_back() {
    let world = World::new().await;
    let (owner, other) = (user(&world, "owner").await, user(&world, "other").await);
    let made = registered(&owner, &[]).await;
    let id = made["id"].as_str().unwrap();
    let see = async || {
        other.call("listTemplates", &[("templatefilter", "executable"), ("id", id)]).await.status
    };
    assert_eq!(see().await, 431);
    let change = async |more: &[(&str, &str)]| {
        let reply = owner.call("updateTemplatePermissions", &[&[("id", id)], more].concat()).await;
        (reply.status, if reply.status == 200 { String::new() } else { reply.error() })
    };
    assert_eq!(change(&[("op", "add"), ("accounts", "other")]).await.0, 200);
    assert_eq!(see().await, 200);
    let listed = owner.ok("listTemplatePermissions", &[("id", id)]).await;
    assert_eq!(listed["templatepermission"]["account"], json!(["other"]));
    assert_eq!(change(&[("op", "remove"), ("accounts", "other")]).await.0, 200);
    assert_eq!(see().await, 431);
    let project = other.ok("createProject", &[("name", "web")]).await;
    let web = ("projectids", project["id"].as_str().unwrap());
    let (status, text) = change(&[("op", "add"), web]).await;
    assert_eq!(
        (status, text.contains("projectids")),
        (431, true),
        "it is not in that project: {text}"
    );
    let join = [("projectid", web.1), ("account", "owner")];
    let job = other.ok("addAccountToProject", &join).await;
    other.job(job["jobid"].as_str().unwrap()).await;
    for (op, shown) in [
        ("add", json!([web.1])),
        ("remove", json!(null)),
        ("add", json!([web.1])),
        ("reset", json!(null)),
    ] {
        let more = if op == "reset" { &[("op", op)][..] } else { &[("op", op), web] };
        assert_eq!(change(more).await.0, 200);
        let listed = owner.ok("listTemplatePermissions", &[("id", id)]).await;
        assert_eq!(listed["templatepermission"]["projectids"], shown, "{op}: {listed}");
    }
    for (wrong, says) in [
        (&[("op", "add")][..], "names of accounts"),
        (&[("accounts", "other")], "add or remove"),
        (&[("op", "give"), ("accounts", "other")], "add, remove or reset"),
        (&[("op", "add"), ("accounts", "nobody")], "there is no account nobody"),
    ] {
        let (status, text) = change(wrong).await;
        assert_eq!((status, text.contains(says)), (431, true), "{text}");
    }
    let (status, text) = change(&[("isfeatured", "true")]).await;
    assert_eq!((status, text.contains("isfeatured")), (531, true), "{text}");
    // who may use it may not change it
    assert_eq!(change(&[("ispublic", "true")]).await.0, 200);
    assert_eq!(see().await, 200);
    assert_eq!(other.refused("updateTemplate", &[("id", id), ("name", "x")]).await.0, 431);
    assert_eq!(other.refused("listTemplatePermissions", &[("id", id)]).await.0, 431);
    assert_eq!(other.refused("deleteTemplate", &[("id", id)]).await.0, 431);
}

#[tokio::test]
async fn users_publish_only_where_the_cloud_lets_them() {
    let world = World::new().await;
    let owner = user(&world, "owner").await;
    let made = registered(&owner, &[]).await;
    let off = [("name", "allow.public.user.templates"), ("value", "false")];
    world.admin.ok("updateConfiguration", &off).await;
    let publish = [("id", made["id"].as_str().unwrap()), ("ispublic", "true")];
    let (status, text) = owner.refused("updateTemplatePermissions", &publish).await;
    assert_eq!((status, text.contains("allow.public.user.templates")), (531, true), "{text}");
    world.admin.ok("updateTemplatePermissions", &publish).await;
}

#[tokio::test]
async fn everything_that_was_said_of_a_template_is_shown_and_can_be_changed() {
    let world = World::new().await;
    let kinds =
        world.admin.ok("listOsTypes", &[("description", "Debian GNU/Linux 12 (64-bit)")]).await;
    let debian = kinds["ostype"][0]["id"].as_str().unwrap();
    let said = [
        ("ostypeid", debian),
        ("passwordenabled", "true"),
        ("sshkeyenabled", "false"),
        ("isdynamicallyscalable", "true"),
        ("requireshvm", "false"),
        ("templatetag", "gold"),
        ("details[0].rootDiskController", "scsi"),
    ];
    let made = registered(&world.admin, &said).await;
    for (name, value) in said.into_iter().filter(|(name, _)| !name.starts_with("details")) {
        let shown = made[name].to_string();
        assert_eq!(shown.trim_matches('"'), value, "{name}");
    }
    assert_eq!(made["ostypename"], "Debian GNU/Linux 12 (64-bit)");
    assert_eq!(made["details"], json!({"rootDiskController": "scsi"}));
    let id = made["id"].as_str().unwrap();
    let windows = world.admin.ok("listOsTypes", &[("description", "Windows 11 (64-bit)")]).await;
    let windows = windows["ostype"][0]["id"].as_str().unwrap();
    let changes = [("id", id), ("name", "new"), ("ostypeid", windows), ("cleanupdetails", "true")];
    let changed = world.admin.ok("updateTemplate", &changes).await["template"].clone();
    assert_eq!((&changed["name"], &changed["details"]), (&"new".into(), &json!({})));
    assert_eq!((&changed["ostypeid"], &changed["templatetag"]), (&windows.into(), &"gold".into()));
    let refused = [("directdownload", "true"), ("checksum", "12"), ("arch", "vax")];
    for wrong in refused {
        let params = [
            ("name", "t"),
            ("url", "http://x.invalid/"),
            ("format", "RAW"),
            ("hypervisor", "KVM"),
            wrong,
        ];
        let (status, text) = world.admin.refused("registerTemplate", &params).await;
        assert_eq!((status, text.contains(wrong.0)), (431, true), "{text}");
    }
}

#[tokio::test]
async fn kinds_of_guests_are_found_by_their_family() {
    let world = World::new().await;
    let families = world.admin.ok("listOsCategories", &[("name", "Windows")]).await;
    let windows = families["oscategory"][0]["id"].as_str().unwrap();
    let kinds = world.admin.ok("listOsTypes", &[("oscategoryid", windows)]).await;
    let all = kinds["ostype"].as_array().unwrap();
    assert!(all.len() > 5 && all.iter().all(|kind| kind["oscategoryname"] == "Windows"));
    let never = uuid::Uuid::new_v4().to_string();
    assert_eq!(world.admin.refused("listOsTypes", &[("oscategoryid", &never)]).await.0, 431);
    assert_eq!(world.admin.refused("listOsCategories", &[("id", &never)]).await.0, 431);
}

#[tokio::test]
async fn an_iso_is_no_template_and_a_template_no_iso() {
    let world = World::new().await;
    let (owner, zone) = (user(&world, "owner").await, world.catalogue.zone.to_string());
    let params = [("name", "cd"), ("url", "http://images.invalid/cd.iso"), ("zoneid", &zone)];
    let made = owner.ok("registerIso", &params).await["iso"][0].clone();
    assert_eq!((&made["format"], &made["bootable"]), (&"ISO".into(), &true.into()));
    let iso = made["id"].as_str().unwrap();
    let template = registered(&owner, &[]).await["id"].as_str().unwrap().to_owned();
    assert_eq!(names(&owner, "self").await, ["t"]);
    let isos = owner.ok("listIsos", &[("isofilter", "self")]).await;
    assert_eq!((&isos["count"], &isos["iso"][0]["name"]), (&1.into(), &"cd".into()));
    assert_eq!(owner.ok("listIsos", &[]).await, json!({}), "only what can be used by default");
    for (command, wrong) in [
        ("updateTemplate", iso),
        ("updateIso", &template),
        ("deleteTemplate", iso),
        ("deleteIso", &template),
        ("updateIsoPermissions", &template),
        ("listTemplatePermissions", iso),
    ] {
        let (status, text) = owner.refused(command, &[("id", wrong), ("name", "x")]).await;
        assert_eq!(
            (status, text.contains("Invalid parameter id")),
            (431, true),
            "{command}: {text}"
        );
    }
    world.database().execute("UPDATE template SET state = 'Ready'", []).unwrap();
    let offering = world.catalogue.offering.to_string();
    let deploy = [("zoneid", &*zone), ("serviceofferingid", &offering), ("templateid", iso)];
    let (status, text) = owner.refused("deployVirtualMachine", &deploy).await;
    assert_eq!((status, text.contains("diskofferingid")), (431, true), "{text}");
    assert_eq!(owner.ok("listIsos", &[]).await["count"], 1);
}
