//! Links by which templates and ISOs are downloaded, with a simulated image worker behind the API.

use hostler_model::AccountType;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::{Api, tenant};
use serde_json::Value;

async fn world() -> (Cloud, Api) {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let address = cloud.manager.as_ref().unwrap().api;
    let admin = Api::admin(address, &cloud.folder().join("manager")).unwrap();
    (cloud, admin)
}

/// The link that a job ends with.
async fn link(api: &Api, id: &str) -> Value {
    let answer = api.ok("extractTemplate", &[("id", id), ("mode", "HTTP_DOWNLOAD")]).await;
    api.job(answer["jobid"].as_str().unwrap()).await["jobresult"]["template"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_link_is_another_one_that_nobody_can_guess_and_names_the_file() {
    let (cloud, admin) = world().await;
    let id = cloud.catalogue.template.to_string();
    let links = [link(&admin, &id).await, link(&admin, &id).await];
    let tokens = links.map(|link| {
        assert_eq!(
            (&link["state"], &link["id"]),
            (&"DOWNLOAD_URL_CREATED".into(), &id.clone().into())
        );
        let url = link["url"].as_str().unwrap().to_owned();
        let rest = url.strip_prefix("http://images.invalid/userdata/").unwrap().to_owned();
        let (token, name) = rest.split_once('/').unwrap();
        assert_eq!(name.rsplit_once('.').map(|(_, ending)| ending), Some("qcow2"), "{url}");
        token.to_owned()
    });
    assert_ne!(tokens[0], tokens[1]);
    assert!(tokens.iter().all(|token| token.len() == 43), "{tokens:?}"); // 256 bits
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_downloads_what_is_its_own_and_may_be_downloaded_and_nothing_else() {
    let (cloud, admin) = world().await;
    let ann = tenant(cloud.store(), admin.address, "ROOT/shop", "ann", AccountType::User);
    let ann = ann.await.unwrap();
    let params = [
        ("name", "hers"),
        ("url", "http://images.invalid/hers.qcow2"),
        ("format", "QCOW2"),
        ("hypervisor", "KVM"),
    ];
    let made = ann.ok("registerTemplate", &params).await;
    let hers = made["template"][0]["id"].as_str().unwrap().to_owned();
    cloud.ended_of(&hers).await.unwrap();
    let mode = ("mode", "HTTP_DOWNLOAD");
    let reply = ann.call("extractTemplate", &[("id", &hers), mode]).await;
    assert!(reply.status == 531 && reply.body.contains("may not be downloaded"), "{}", reply.body);
    ann.ok("updateTemplatePermissions", &[("id", &hers), ("isextractable", "true")]).await;
    assert!(link(&ann, &hers).await["url"].is_string());
    let reply = ann.call("extractTemplate", &[("id", &hers), ("mode", "FTP_UPLOAD")]).await;
    assert_eq!(reply.status, 431, "{}", reply.body);
    let others = cloud.catalogue.template.to_string();
    assert_eq!(ann.call("extractTemplate", &[("id", &others), mode]).await.status, 431);
    assert_eq!(ann.call("extractIso", &[("id", &hers), mode]).await.status, 431);
}
