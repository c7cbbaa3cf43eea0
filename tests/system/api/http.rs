//! The forms of requests and answers.

use hostler_tests::cloud::PATIENCE;
use hostler_tests::http::request;

use super::World;

#[tokio::test]
async fn without_response_json_the_answer_is_xml() {
    let world = World::new().await;
    let query = hostler_query_api::signature::signed_query(
        &[("command", "listZones"), ("apiKey", &world.admin.key)],
        &world.admin.secret,
    );
    let path = format!("/client/api?{query}");
    let reply = request(world.admin.address, "GET", &path, &[], "").await.unwrap();
    assert_eq!(reply.header("content-type"), Some("text/xml; charset=UTF-8"));
    assert!(reply.body.contains("<listzonesresponse><count>1</count><zone>"), "{}", reply.body);
}

#[tokio::test]
async fn unknown_parameters_are_ignored_and_named_in_a_header() {
    let world = World::new().await;
    let reply = world.admin.call("listZones", &[("colour", "red"), ("NAME", "z1")]).await;
    assert_eq!(reply.inner()["count"], 1);
    assert_eq!(reply.header("x-hostler-ignored-parameters"), Some("colour"));
    assert_eq!(
        world.admin.call("listZones", &[]).await.header("x-hostler-ignored-parameters"),
        None
    );
}

#[tokio::test]
async fn every_answer_carries_the_number_of_its_request() {
    let world = World::new().await;
    let mine = [("X-Request-Id", "mine-1")];
    let reply = request(world.admin.address, "GET", "/client/api", &mine, "").await.unwrap();
    assert_eq!((reply.status, reply.header("x-request-id")), (400, Some("mine-1")));
    let odd = [("X-Request-Id", "a b")];
    let reply = request(world.admin.address, "GET", "/client/api", &odd, "").await.unwrap();
    assert_eq!(reply.header("x-request-id").map(str::len), Some(36));
}

#[tokio::test]
async fn a_body_of_more_than_one_mebibyte_is_refused() {
    let world = World::new().await;
    let body = world.admin.query("listZones", &[("name", &"x".repeat(1 << 20))]);
    let reply = request(world.admin.address, "POST", "/client/api?response=json", &[], &body).await;
    assert_eq!(reply.unwrap().status, 400);
}

/// A command, its parameters, the status and the text of the answer.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], u16, &'a str);

#[tokio::test]
async fn malformed_requests_are_answered_with_their_own_codes() {
    let world = World::new().await;
    let admin = &world.admin;
    let cases: [Case; 6] = [
        ("noSuchCommand", &[], 432, "Unknown API command: noSuchCommand"),
        ("listzones", &[], 432, "Unknown API command: listzones"),
        ("listZones", &[("name", "a\u{1}b")], 431, "illegal ASCII control characters"),
        ("listZones", &[("details[x].a", "1")], 430, "details[x].a"),
        ("listZones", &[("page", "1")], 431, "pagesize"),
        ("listZones", &[("page", "1"), ("pagesize", "501")], 431, "500"),
    ];
    for (command, params, status, text) in cases {
        let reply = admin.call(command, params).await;
        assert_eq!(reply.status, status, "{}", reply.body);
        assert!(reply.error().contains(text), "{}", reply.body);
    }
    let reply = admin.call("noSuchCommand", &[]).await;
    assert!(reply.json().get("errorresponse").is_some());
}

#[tokio::test]
async fn lists_are_paged_and_count_all_matches() {
    let world = World::new().await;
    let page = |number: &'static str| [("page", number), ("pagesize", "1")];
    let first = world.admin.ok("listServiceOfferings", &page("1")).await;
    assert_eq!(first["count"], 3);
    assert_eq!(first["serviceoffering"].as_array().unwrap().len(), 1);
    let past = world.admin.ok("listServiceOfferings", &page("9")).await;
    assert_eq!(past, serde_json::json!({"count": 3}));
    let none = world.admin.ok("listServiceOfferings", &[("name", "none")]).await;
    assert_eq!(none, serde_json::json!({}));
    let all = world.admin.ok("listServiceOfferings", &[("pagesize", "-1")]).await;
    assert_eq!(all["serviceoffering"].as_array().unwrap().len(), 3);
    let by_word = world.admin.ok("listServiceOfferings", &[("keyword", "INSTANCE")]).await;
    assert_eq!(by_word["count"], 2);
}

#[tokio::test]
async fn a_list_without_a_page_has_as_many_rows_as_the_setting_says() {
    let world = World::new().await;
    let change = [("name", "default.page.size"), ("value", "2")];
    world.admin.ok("updateConfiguration", &change).await;
    let list = world.admin.ok("listServiceOfferings", &[]).await;
    assert_eq!(
        (&list["count"], list["serviceoffering"].as_array().map(Vec::len)),
        (&3.into(), Some(2))
    );
}

#[tokio::test]
async fn health_and_metrics_are_there_without_keys() {
    let world = World::new().await;
    let get = async |path| request(world.admin.address, "GET", path, &[], "").await.unwrap();
    let health = get("/healthz").await;
    assert_eq!((health.status, health.body.as_str()), (200, "database: ok\nagents: ok\n"));
    world.admin.ok("listZones", &[]).await;
    let metrics = get("/metrics").await;
    let line = "hostler_api_calls_total{command=\"listZones\",status=\"200\"} 1";
    assert!(metrics.body.contains(line), "{}", metrics.body);
    assert!(metrics.body.ends_with("# EOF\n"));
}

#[tokio::test]
async fn other_methods_and_paths_are_not_there() {
    let world = World::new().await;
    let status = async |method, path| {
        request(world.admin.address, method, path, &[], "").await.unwrap().status
    };
    assert_eq!(status("DELETE", "/client/api").await, 405);
    assert_eq!(status("GET", "/client").await, 404);
}

#[tokio::test]
async fn a_connection_that_says_nothing_does_not_keep_the_manager_from_ending() {
    let world = World::new().await;
    let silent = tokio::net::TcpStream::connect(world.admin.address).await.unwrap();
    tokio::time::timeout(PATIENCE, world.manager.stop()).await.expect("the manager ends");
    drop(silent);
}
