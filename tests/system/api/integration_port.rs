//! The port for scripts on the controller: no authentication, and off unless it is asked for.

use hostler_manager::manager::Manager;
use hostler_tests::cloud::config;
use hostler_tests::http::request;

/// A port that was free a moment ago.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn scripts_on_the_controller_call_as_the_administrator_without_keys() {
    let folder = tempfile::tempdir().unwrap();
    let (mut config, port) = (config(folder.path()), free_port());
    config.settings.insert("integration.api.port".to_owned(), port.to_string());
    let manager = Manager::start(config).await.unwrap();
    let address = ([127, 0, 0, 1], port).into();
    let path = "/client/api?command=createDomain&name=shop&response=json";
    let made = request(address, "GET", path, &[], "").await.unwrap();
    assert_eq!(made.status, 200, "{}", made.body);
    assert_eq!(made.inner()["domain"]["path"], "ROOT/shop");
    assert_eq!(request(manager.api, "GET", path, &[], "").await.unwrap().status, 401);
    // a page in a browser on the controller is no script of its administrator
    let headers = [("Origin", "http://evil.invalid")];
    assert_eq!(request(address, "GET", path, &headers, "").await.unwrap().status, 403);
    let elsewhere = "/?command=listDomains&response=json";
    assert_eq!(request(address, "GET", elsewhere, &[], "").await.unwrap().inner()["count"], 2);
    manager.stop().await;
}
