//! Bad input: every parameter of every command, missing and malformed. Nothing is ever written.

use serde_json::Value;

use super::World;

/// Rows of every table, to see that nothing was written.
fn rows(world: &World) -> Vec<(String, i64)> {
    let database = world.database();
    let mut tables = database
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        .unwrap();
    let names: Vec<String> =
        tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    names
        .into_iter()
        .map(|name| {
            let sql = format!("SELECT count(*) FROM {name}");
            let count = database.query_row(&sql, [], |row| row.get(0)).unwrap();
            (name, count)
        })
        .collect()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

/// A value of the right form, for a parameter that is not under test.
fn plausible(param: &Value) -> String {
    match (text(param, "name"), text(param, "type")) {
        ("userdata", _) => "eA==".to_owned(),
        ("type", _) => "host affinity".to_owned(),
        ("networktype", _) => "Advanced".to_owned(),
        ("templatefilter", _) => "all".to_owned(),
        ("dns1" | "internaldns1" | "gateway" | "startip", _) => "10.0.0.1".to_owned(),
        ("netmask", _) => "255.255.255.0".to_owned(),
        (_, "uuid") => uuid::Uuid::new_v4().to_string(),
        (_, "integer" | "long") => "1".to_owned(),
        _ => "x".to_owned(),
    }
}

async fn commands(world: &World) -> Vec<Value> {
    let apis = world.admin.ok("listApis", &[]).await["api"].as_array().unwrap().clone();
    apis.into_iter().filter(|api| !matches!(text(api, "name"), "login" | "logout")).collect()
}

fn required(api: &Value) -> Vec<(String, String)> {
    let params = api["params"].as_array().unwrap().iter().filter(|p| p["required"] == true);
    params.map(|param| (text(param, "name").to_owned(), plausible(param))).collect()
}

#[tokio::test]
async fn a_missing_parameter_is_named_and_nothing_is_written() {
    let world = World::new().await;
    let before = rows(&world);
    let mut checked = 0;
    for api in commands(&world).await {
        let (name, all) = (text(&api, "name"), required(&api));
        for (missing, _) in &all {
            for blank in [false, true] {
                let sent: Vec<(&str, &str)> = all
                    .iter()
                    .filter(|(param, _)| blank || param != missing)
                    .map(|(p, v)| (p.as_str(), if p == missing { " " } else { v.as_str() }))
                    .collect();
                let (status, error) = world.admin.refused(name, &sent).await;
                let expected = format!(
                    "Unable to execute API command {} due to missing parameter {missing}",
                    name.to_lowercase()
                );
                assert_eq!((status, error), (431, expected), "{name} {missing}");
                checked += 1;
            }
        }
    }
    println!("{checked} missing and blank parameters were refused");
    assert!(checked >= 80, "{checked}");
    assert_eq!(rows(&world), before);
}

#[tokio::test]
async fn a_malformed_parameter_is_named_with_its_value_and_nothing_is_written() {
    let world = World::new().await;
    let before = rows(&world);
    let mut checked = 0;
    for api in commands(&world).await {
        let (name, all) = (text(&api, "name"), required(&api));
        for param in api["params"].as_array().unwrap() {
            let (wrong, kind) = (text(param, "name"), text(param, "type"));
            let value = match kind {
                "uuid" => "not-an-id",
                "integer" | "long" | "double" => "many",
                "date" => "soon",
                _ => continue,
            };
            let mut sent: Vec<(&str, &str)> = vec![(wrong, value)];
            let others = all.iter().filter(|(param, _)| param != wrong);
            sent.extend(others.map(|(p, v)| (p.as_str(), v.as_str())));
            if wrong == "page" {
                sent.push(("pagesize", "1"));
            }
            let (status, error) = world.admin.refused(name, &sent).await;
            assert_eq!(status, 431, "{name} {wrong}: {error}");
            assert!(error.contains(wrong) && error.contains(value), "{name} {wrong}: {error}");
            checked += 1;
        }
    }
    println!("{checked} malformed parameters were refused");
    assert!(checked >= 150, "{checked}");
    assert_eq!(rows(&world), before);
}

#[tokio::test]
async fn an_id_that_names_nothing_is_named_and_nothing_is_written() {
    let world = World::new().await;
    let before = rows(&world);
    let mut checked = 0;
    for api in commands(&world).await {
        let (name, all) = (text(&api, "name"), required(&api));
        let unknown = |(param, value): &(String, String)| {
            uuid::Uuid::try_parse(value).is_ok() && param != "networkofferingid"
        };
        if name.starts_with("list") || !all.iter().any(unknown) {
            continue;
        }
        let sent: Vec<(&str, &str)> = all.iter().map(|(p, v)| (p.as_str(), v.as_str())).collect();
        let (status, error) = world.admin.refused(name, &sent).await;
        assert_eq!(status, 431, "{name}: {error}");
        let named = all.iter().any(|(param, value)| error.contains(param) && error.contains(value));
        assert!(named, "{name}: {error}");
        checked += 1;
    }
    println!("{checked} commands refused an id that names nothing");
    assert!(checked >= 20, "{checked}");
    assert_eq!(rows(&world), before);
}

#[tokio::test]
async fn no_bytes_make_the_manager_panic() {
    let world = World::new().await;
    let odd = ["\u{0}", "%", "%zz", "&&==", "[0].", "ä\u{10ffff}", "'; DROP TABLE vm; --"];
    for api in commands(&world).await {
        let name = text(&api, "name");
        if name == "registerUserKeys" {
            continue; // would take the keys away
        }
        for value in odd {
            let params = api["params"].as_array().unwrap();
            let sent: Vec<(&str, &str)> = params.iter().map(|p| (text(p, "name"), value)).collect();
            let reply = world.admin.call(name, &sent).await;
            assert!(reply.status != 530, "{name} {value}: {}", reply.body);
        }
    }
    world.admin.ok("listZones", &[]).await;
}
