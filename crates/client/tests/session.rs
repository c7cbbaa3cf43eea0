//! A session against a server that answers as the manager does.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hostler_client::config::{Overrides, Surroundings};
use hostler_client::layers::{Cache, Timings};
use hostler_client::login::Login;
use hostler_client::resources::{NewVirtualMachine, VirtualMachine, Zone};
use hostler_client::vms::How;
use hostler_client::{ClientError, Config, Patience, Reply, Request, Service, Session};
use hostler_query_api::Params;
use hostler_query_api::signature::Signed;
use serde_json::{Value, json};
use wiremock::matchers::{any, method, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

fn config(endpoint: &str) -> Config {
    let variables = [("HOSTLER_API_KEY", "key"), ("HOSTLER_SECRET_KEY", "s3cret")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let overrides = Overrides {
        endpoint: Some(endpoint.to_owned()),
        timeout: Some(Duration::from_mins(2)),
        ..Overrides::default()
    };
    Config::resolve(overrides, &Surroundings { variables, files: vec![] }).unwrap()
}

async fn answering(status: u16, body: Value) -> (MockServer, Session) {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(status).set_body_json(body);
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let session = Session::connect(&config(&server.uri())).unwrap();
    (server, session)
}

/// The parameters of the one request that was received, and its method.
async fn received(server: &MockServer) -> (String, Params) {
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].url.path(), "/client/api");
    let body = String::from_utf8(requests[0].body.clone()).unwrap();
    let params = Params::parse(requests[0].url.query().unwrap_or_default(), &body).unwrap();
    (requests[0].method.to_string(), params)
}

#[tokio::test]
async fn a_read_is_a_signed_get_with_an_expiry() {
    let (server, session) = answering(200, json!({"listzonesresponse": {}})).await;
    let answer = session.call(&Request::new("listZones").with("name", "a~b c")).await.unwrap();
    assert_eq!(answer, json!({}));
    let (method, params) = received(&server).await;
    assert_eq!(method, "GET");
    assert_eq!(params.get("response"), Some("json"));
    assert_eq!(params.get("signatureversion"), Some("3"));
    let signed = Signed::read(&params, jiff::Timestamp::now()).unwrap();
    assert_eq!(signed.api_key, "key");
    assert!(signed.verify(&params, "s3cret").is_ok());
}

#[tokio::test]
async fn a_change_is_a_post_whose_url_says_nothing() {
    let (server, session) =
        answering(200, json!({"deployvirtualmachineresponse": {"id": "v", "jobid": "j"}})).await;
    let vm = NewVirtualMachine::new("z", "o", "t")
        .with_some("name", Some("web"))
        .with_some("hostid", None::<&str>);
    let handle = session.start_job(&vm.request()).await.unwrap();
    assert_eq!((handle.job.as_str(), handle.id.as_deref()), ("j", Some("v")));
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[0].url.query(), None);
    let (method, params) = received(&server).await;
    assert_eq!(
        (method.as_str(), params.get("name"), params.get("hostid")),
        ("POST", Some("web"), None)
    );
    assert!(
        Signed::read(&params, jiff::Timestamp::now()).unwrap().verify(&params, "s3cret").is_ok()
    );
}

#[tokio::test]
async fn an_error_of_the_api_keeps_its_codes_text_and_request() {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(431).insert_header("x-request-id", "r-17").set_body_json(
        json!({"xresponse": {"errorcode": 431, "cserrorcode": 4350, "errortext": "no such zone"}}),
    );
    Mock::given(any()).respond_with(answer).expect(1).mount(&server).await;
    let session = Session::connect(&config(&server.uri())).unwrap();
    let error = session.call(&Request::new("listZones")).await.unwrap_err();
    assert_eq!(error.to_string(), "no such zone (error 431 from listZones, request r-17)");
    assert!(matches!(error, ClientError::Api { code: 431, cserrorcode: Some(4350), .. }));
}

#[tokio::test]
async fn what_is_not_the_api_is_recognised() {
    let (_server, session) = answering(200, json!(["a"])).await;
    let error = session.call(&Request::new("listZones")).await.unwrap_err();
    assert!(matches!(error, ClientError::NotTheApi { status: 200, .. }), "{error}");

    let (_server, session) = answering(404, json!({"error": {}})).await;
    let error = session.call(&Request::new("stopVirtualMachine")).await.unwrap_err();
    assert!(matches!(error, ClientError::NotTheApi { status: 404, .. }), "{error}");
}

#[tokio::test]
async fn a_manager_that_is_not_there_is_named_without_the_query() {
    let session = Session::connect(&config("http://127.0.0.1:9")).unwrap();
    let error =
        session.call(&Request::new("startVirtualMachine").with("id", "x")).await.unwrap_err();
    let whole = format!("{error} {:?}", std::error::Error::source(&error));
    assert!(
        whole.contains("http://127.0.0.1:9/client/api") && !whole.contains("signature"),
        "{whole}"
    );
}

#[tokio::test]
async fn only_reads_are_repeated() {
    for (command, attempts) in [("listZones", 4), ("deployVirtualMachine", 1)] {
        let (server, session) =
            answering(503, json!({"r": {"errorcode": 503, "errortext": "maintenance"}})).await;
        let error = session.call(&Request::new(command)).await.unwrap_err();
        assert!(matches!(error, ClientError::Api { code: 503, .. }));
        assert_eq!(server.received_requests().await.unwrap().len(), attempts, "{command}");
    }
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let server = MockServer::start().await;
    for (page, rows) in [("1", 500), ("2", 3)] {
        let zones: Vec<_> =
            (0..rows).map(|n| json!({"id": format!("{page}-{n}"), "name": "z"})).collect();
        let body = json!({"listzonesresponse": {"count": 503, "zone": zones}});
        Mock::given(query_param("page", page))
            .respond_with(ResponseTemplate::new(200).set_body_json(body))
            .expect(1)
            .mount(&server)
            .await;
    }
    let session = Session::connect(&config(&server.uri())).unwrap();
    let zones = session.list::<Zone>(&Request::new("listZones")).await.unwrap();
    assert_eq!((zones.len(), zones[502].id.as_str()), (503, "2-2"));
}

#[tokio::test]
async fn an_id_that_never_was_is_none() {
    let text = "Unable to execute API command listvirtualmachines due to invalid value. Invalid parameter id value=x \
                due to incorrect long value format, or entity does not exist or due to …";
    let (_server, session) =
        answering(431, json!({"r": {"errorcode": 431, "errortext": text}})).await;
    assert_eq!(session.get::<VirtualMachine>("x").await.unwrap(), None);
}

#[test]
fn a_vm_survives_fields_it_does_not_know_and_lacks() {
    let vm: VirtualMachine = serde_json::from_value(json!({
        "id": "v", "name": "web", "state": "Running", "new": {"in": ["4.30"]},
        "nic": [{"ipaddress": "10.1.1.7", "isdefault": false}, {"ipaddress": "10.2.2.7", "isdefault": true}],
    }))
    .unwrap();
    assert_eq!(vm.address(), Some("10.2.2.7"));
    let again: VirtualMachine = serde_json::from_value(serde_json::to_value(&vm).unwrap()).unwrap();
    assert_eq!(again, vm);
}

async fn job_server(last: Value) -> (MockServer, Session) {
    let server = MockServer::start().await;
    let answer = |body: Value| ResponseTemplate::new(200).set_body_json(body);
    Mock::given(method("POST"))
        .respond_with(answer(json!({"startvirtualmachineresponse": {"jobid": "j"}})))
        .mount(&server)
        .await;
    Mock::given(query_param("jobid", "j"))
        .respond_with(answer(
            json!({"queryasyncjobresultresponse": {"jobid": "j", "jobstatus": 0}}),
        ))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    Mock::given(query_param("jobid", "j"))
        .respond_with(answer(json!({"queryasyncjobresultresponse": last})))
        .mount(&server)
        .await;
    let session = Session::connect(&config(&server.uri())).unwrap();
    (server, session)
}

#[tokio::test]
async fn a_job_is_followed_to_its_result() {
    let done =
        json!({"jobstatus": 1, "jobresultcode": 0, "jobresult": {"virtualmachine": {"id": "v"}}});
    let (_server, session) = job_server(done).await;
    let mut looks = 0;
    let start = Request::new("startVirtualMachine");
    let result = session.call_job(&start, Patience::Endless, &mut |_| looks += 1).await.unwrap();
    assert_eq!((result["virtualmachine"]["id"].as_str(), looks), (Some("v"), 3));
}

#[tokio::test]
async fn a_soft_and_a_hard_stop_are_different_calls() {
    for (how, forced) in [(How::Soft, None), (How::Hard, Some("true"))] {
        let done = json!({"jobstatus": 1, "jobresultcode": 0, "jobresult": {"virtualmachine": {"id": "v", "state": "Stopped"}}});
        let (server, session) = job_server(done).await;
        let vm = session.vms(Patience::Endless).stop("v", how).await.unwrap();
        assert_eq!(vm.state, "Stopped");
        let first = &server.received_requests().await.unwrap()[0];
        let params = Params::parse("", &String::from_utf8(first.body.clone()).unwrap()).unwrap();
        assert_eq!((params.command(), params.get("forced")), (Some("stopVirtualMachine"), forced));
    }
}

#[tokio::test]
async fn a_failed_job_is_an_error_with_its_text() {
    let failed = json!({"jobstatus": 2, "jobresultcode": 533,
        "jobresult": {"errorcode": 533, "errortext": "no host fits"}});
    let (_server, session) = job_server(failed).await;
    let start = Request::new("startVirtualMachine");
    let error = session.call_job(&start, Patience::Endless, &mut |_| ()).await.unwrap_err();
    assert_eq!(error.to_string(), "no host fits (error 533, job j)");
}

#[tokio::test]
async fn patience_ends_without_ending_the_job() {
    let (_server, session) = job_server(json!({"jobstatus": 0})).await;
    let patience = Patience::AtMost(Duration::from_millis(300));
    let start = Request::new("startVirtualMachine");
    let error = session.call_job(&start, patience, &mut |_| ()).await.unwrap_err();
    assert!(error.to_string().contains("hostler job watch j"), "{error}");
}

#[derive(Debug, Default)]
struct Counting(AtomicUsize);

#[async_trait::async_trait]
impl Service for Counting {
    async fn call(&self, request: &Request) -> Result<Reply, ClientError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let found = request.params.iter().all(|(_, value)| value != "nothing");
        let body = if found { json!({"count": 1, "zone": [{"id": "z"}]}) } else { json!({}) };
        Ok(Reply { body, request_id: String::new(), ignored: vec![] })
    }
}

/// How often the network was asked after these calls went through a cache of two lists for 10 s.
async fn asked(calls: &[(&str, &str)], pause: Duration) -> usize {
    let network = Arc::new(Counting::default());
    let cache = Cache::new(network.clone(), 2, Duration::from_secs(10));
    for (command, name) in calls {
        cache.call(&Request::new(*command).with("name", *name)).await.unwrap();
        tokio::time::advance(pause).await;
    }
    network.0.load(Ordering::Relaxed)
}

#[tokio::test(start_paused = true)]
async fn a_cached_list_is_used_until_it_is_old_however_often_it_is_used() {
    assert_eq!(asked(&[("listZones", "a"); 5], Duration::from_secs(1)).await, 1);
    assert_eq!(asked(&[("listZones", "a"); 5], Duration::from_secs(4)).await, 2);
}

#[tokio::test(start_paused = true)]
async fn the_cache_never_keeps_what_was_not_found() {
    assert_eq!(asked(&[("listZones", "nothing"); 3], Duration::ZERO).await, 3);
}

#[tokio::test(start_paused = true)]
async fn the_cache_forgets_the_oldest_and_everything_after_a_change() {
    let second = Duration::from_secs(1);
    let list = |name| ("listZones", name);
    assert_eq!(asked(&[list("a"), list("b"), list("c"), list("b"), list("a")], second).await, 4);
    assert_eq!(asked(&[list("a"), ("deleteZone", "a"), list("a")], second).await, 3);
}

#[tokio::test]
async fn timings_are_collected_for_each_call() {
    let timings = Timings::default();
    let session = Session::over(timings.around(Arc::new(Counting::default())));
    session.call(&Request::new("listZones")).await.unwrap();
    session.call(&Request::new("listPods")).await.unwrap();
    assert_eq!(
        timings.all().iter().map(|t| t.command.as_str()).collect::<Vec<_>>(),
        ["listZones", "listPods"]
    );
}

#[test]
fn a_request_hides_its_secrets_when_shown() {
    let request = Request::new("addHost")
        .with("url", "ssh://h")
        .with("privateKey", "BEGIN")
        .with("password", "pw");
    assert_eq!(format!("{request:?}"), "addHost url=ssh://h privateKey=*** password=***");
}

/// A server whose sessions are refused `refusals` times in a row before one is believed.
async fn login_server(refusals: u64) -> (MockServer, Session) {
    let server = MockServer::start().await;
    let login = ResponseTemplate::new(200)
        .append_header("set-cookie", "JSESSIONID=abc;Path=/client")
        .append_header("set-cookie", "sessionkey=k;HttpOnly")
        .set_body_json(json!({"loginresponse": {"sessionkey": "k"}}));
    Mock::given(method("POST")).respond_with(login).mount(&server).await;
    if refusals > 0 {
        let refused =
            json!({"r": {"errorcode": 401, "errortext": "unable to verify user credentials"}});
        Mock::given(method("GET"))
            .respond_with(ResponseTemplate::new(401).set_body_json(refused))
            .up_to_n_times(refusals)
            .mount(&server)
            .await;
    }
    Mock::given(query_param("sessionkey", "k"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"listzonesresponse": {}})))
        .mount(&server)
        .await;
    let who = Login { username: "admin".into(), password: "pw".into(), domain: None };
    let session = Session::login_builder(&config(&server.uri()), who).unwrap().build();
    (server, session)
}

#[tokio::test]
async fn a_lost_session_is_replaced_once() {
    for (refusals, works, requests) in [(0, true, 2), (1, true, 4), (2, false, 4)] {
        let (server, session) = login_server(refusals).await;
        let answer = session.call(&Request::new("listZones")).await;
        assert_eq!(answer.is_ok(), works, "{refusals} refusals: {answer:?}");
        let received = server.received_requests().await.unwrap();
        assert_eq!(received.len(), requests, "{refusals} refusals");
        let cookie = received[1].headers.get("cookie").unwrap();
        assert_eq!(cookie, "JSESSIONID=abc; sessionkey=k");
    }
}
