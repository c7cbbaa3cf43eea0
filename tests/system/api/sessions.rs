//! Logging in and out.

use hostler_manager::api::password;
use hostler_store::domain::domain_by_path;
use hostler_store::user::{user_by_name, user_set_password};
use hostler_tests::http::{Reply, request};

use super::World;

async fn world_with_password() -> World {
    let world = World::new().await;
    let hash = password::hash("correct horse".to_owned()).await.unwrap();
    world
        .manager
        .context
        .store
        .write(move |tx| {
            let root = domain_by_path(tx, "ROOT")?.unwrap();
            let user = user_by_name(tx, root.id, "admin")?.unwrap();
            user_set_password(tx, user.user.id, &hash)
        })
        .await
        .unwrap();
    world
}

async fn post(world: &World, cookies: &str, body: &str) -> Reply {
    let body = format!("{body}&response=json");
    request(world.admin.address, "POST", "/client/api", &[("Cookie", cookies)], &body)
        .await
        .unwrap()
}

const LOGIN: &str = "command=login&username=admin&password=correct+horse";

/// Logs in; the cookies as a browser sends them, and the session key.
async fn log_in(world: &World) -> (String, String) {
    let reply = post(world, "", LOGIN).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let cookies: Vec<String> =
        reply.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect();
    (cookies.join("; "), reply.inner()["sessionkey"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_session_lasts_until_its_user_logs_out() {
    let world = world_with_password().await;
    let (cookies, key) = log_in(&world).await;
    let list = format!("command=listZones&sessionkey={key}");
    assert_eq!(post(&world, &cookies, &list).await.inner()["count"], 1);
    assert_eq!(post(&world, &cookies, "command=logout").await.inner()["description"], "success");
    assert_eq!(post(&world, &cookies, &list).await.status, 401);
    assert_eq!(post(&world, &cookies, "command=logout").await.status, 431);
}

#[tokio::test]
async fn login_answers_what_clients_need_and_its_cookies_are_out_of_reach_of_scripts() {
    let world = world_with_password().await;
    let reply = post(&world, "", LOGIN).await;
    let fields = reply.inner();
    for name in ["userid", "domainid", "account", "sessionkey", "timezone", "timezoneoffset"] {
        assert!(fields[name].is_string(), "{name}: {fields}");
    }
    assert_eq!((&fields["timeout"], &fields["type"]), (&1800.into(), &"1".into()));
    let lines = reply.headers.iter().filter(|header| header.0 == "set-cookie");
    let secured = lines.filter(|(_, line)| line.contains("HttpOnly") && line.contains("SameSite"));
    assert_eq!(secured.count(), 2);
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_are_answered_alike() {
    let world = world_with_password().await;
    let wrong = [
        "command=login&username=admin&password=guess",
        "command=login&username=nobody&password=guess",
        "command=login&username=admin&password=correct+horse&domain=/nowhere",
    ];
    for body in wrong {
        let reply = post(&world, "", body).await;
        assert_eq!(reply.status, 531, "{}", reply.body);
        assert!(reply.error().starts_with("Failed to authenticate user "), "{}", reply.error());
        assert!(reply.cookies().is_empty());
    }
}

#[tokio::test]
async fn nobody_logs_in_by_get_and_nobody_without_a_password() {
    let world = world_with_password().await;
    let path = format!("/client/api?{LOGIN}");
    let reply = request(world.admin.address, "GET", &path, &[], "").await.unwrap();
    assert_eq!(reply.status, 405);
    let reply = post(&world, "", "command=login&username=admin").await;
    assert_eq!((reply.status, reply.error().contains("missing parameter password")), (431, true));
}

#[tokio::test]
async fn a_call_without_the_session_key_ends_the_session() {
    let world = world_with_password().await;
    let (cookies, key) = log_in(&world).await;
    let forged = post(&world, &cookies, "command=listZones&sessionkey=forged").await;
    assert_eq!(
        (forged.status, forged.error().as_str()),
        (401, "unable to verify user credentials")
    );
    let list = format!("command=listZones&sessionkey={key}");
    assert_eq!(post(&world, &cookies, &list).await.status, 401);
}

#[tokio::test]
async fn a_session_that_was_not_used_for_half_an_hour_is_over() {
    let world = world_with_password().await;
    let (cookies, key) = log_in(&world).await;
    let half_an_hour = 30 * 60 * 1000 + 1000;
    let sql = "UPDATE session SET last_used = last_used - ?1";
    assert_eq!(world.database().execute(sql, [half_an_hour]).unwrap(), 1);
    let list = format!("command=listZones&sessionkey={key}");
    assert_eq!(post(&world, &cookies, &list).await.status, 401);
}

#[tokio::test]
async fn the_database_holds_neither_passwords_nor_tokens() {
    let world = world_with_password().await;
    let (cookies, _) = log_in(&world).await;
    let token = cookies.split(['=', ';']).nth(1).unwrap().to_owned();
    let hash: String =
        world.database().query_row("SELECT token_hash FROM session", [], |r| r.get(0)).unwrap();
    assert!(hash.len() == 64 && hash != token);
    let sql = "SELECT password_hash FROM user";
    let hash: String = world.database().query_row(sql, [], |row| row.get(0)).unwrap();
    assert!(hash.starts_with("$argon2id$"), "{hash}");
}
