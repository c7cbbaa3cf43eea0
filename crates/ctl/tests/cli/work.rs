//! Commands that change something: hosts, jobs, templates, consoles.

use serde_json::{Value, json};

use crate::manager::{CLUSTER, Manager, VM, ZONE, stderr, stdout};

fn job(status: u8, code: u16, result: &Value) -> Value {
    json!({"jobid": "j", "cmd": "startVirtualMachine", "jobstatus": status, "jobresultcode": code, "jobresult": result})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_waited_for_and_its_object_printed() {
    let manager = Manager::start().await;
    manager.answers("startVirtualMachine", 200, json!({"jobid": "j"}));
    let vm = json!({"virtualmachine": {"id": VM, "name": "web", "state": "Running"}});
    manager.answers_in_turn("queryAsyncJobResult", vec![job(0, 0, &Value::Null), job(1, 0, &vm)]);
    let assert = manager.run(&["vm", "start", "web", "-o", "value", "-c", "state"]).success();
    assert_eq!((stdout(&assert).as_str(), stderr(&assert).as_str()), ("Running\n", "")); // no spinner: no terminal
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_job_is_an_error_with_its_text() {
    let manager = Manager::start().await;
    manager.answers("startVirtualMachine", 200, json!({"jobid": "j"}));
    let failed = json!({"errorcode": 533, "errortext": "no host fits: kvm-1 has 3 MiB free"});
    manager.answers("queryAsyncJobResult", 200, job(2, 533, &failed));
    let err = stderr(&manager.run(&["vm", "start", "web"]).code(1));
    assert_eq!(err, "ERROR: vm web: no host fits: kvm-1 has 3 MiB free (error 533, job j)\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_waiting_the_job_is_printed() {
    let manager = Manager::start().await;
    manager.answers("destroyVirtualMachine", 200, json!({"jobid": "j"}));
    let out =
        stdout(&manager.run(&["vm", "destroy", "web", "--expunge", "--no-wait", "-q"]).success());
    assert_eq!(out, "j\n");
    assert!(manager.calls("queryAsyncJobResult").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeout_of_half_a_second_ends_the_waiting_and_not_the_job() {
    let manager = Manager::start().await;
    manager.answers("rebootVirtualMachine", 200, json!({"jobid": "j"}));
    manager.answers("queryAsyncJobResult", 200, job(0, 0, &Value::Null));
    let err = stderr(&manager.run(&["vm", "reboot", "web", "--timeout", "0.5"]).code(1));
    assert!(err.contains("job j is still running") && err.contains("hostler job watch j"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_a_job_prints_each_step_as_it_changes() {
    let manager = Manager::start().await;
    let step = |name: &str, state: &str| json!({"name": name, "state": state, "started": "2026-11-21T09:00:00+0000"});
    let steps = |rows: Vec<Value>| json!({"count": rows.len(), "jobstep": rows});
    manager.answers_in_turn(
        "listJobSteps",
        vec![
            steps(vec![step("place", "running")]),
            steps(vec![step("place", "done"), step("start", "done")]),
        ],
    );
    manager.answers("queryAsyncJobResult", 200, job(1, 0, &json!({"success": true})));
    let out = stdout(&manager.run(&["job", "watch", "j"]).success());
    let seen: Vec<Vec<_>> =
        out.lines().map(|line| line.split_whitespace().skip(1).collect()).collect();
    assert_eq!(
        seen,
        [vec!["running", "place"], vec!["done", "place"], vec!["done", "start"], vec!["j", "done"]]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_added_with_its_key_in_the_body_only() {
    let manager = Manager::start().await;
    manager.answers(
        "addHost",
        200,
        json!({"count": 1, "host": [{"id": "h", "name": "kvm-1", "state": "Up"}]}),
    );
    let key = tempfile::NamedTempFile::new().unwrap();
    let pem = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc+/=\n-----END OPENSSH PRIVATE KEY-----\n";
    std::fs::write(key.path(), pem).unwrap();
    let arguments = [
        "host",
        "add",
        "root@10.0.0.7:2222",
        "--cluster",
        "c1",
        "--key",
        key.path().to_str().unwrap(),
    ];
    let assert = manager.hostler(&arguments).arg("--debug").assert().success();
    assert!(stdout(&assert).contains("kvm-1"));
    assert!(!stderr(&assert).contains("abc+"));
    let calls = manager.calls("addHost").await;
    let sent = |name: &str| calls[0].1.get(name).map(str::to_owned).unwrap_or_default();
    assert_eq!(calls[0].0, "POST");
    assert_eq!(
        ["url", "username", "zoneid", "clusterid", "hypervisor", "privatekey", "password"]
            .map(sent),
        ["ssh://10.0.0.7:2222", "root", ZONE, CLUSTER, "KVM", pem, ""]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_comes_from_standard_input_without_its_newline() {
    let manager = Manager::start().await;
    let failed = json!({"errorcode": 530, "cserrorcode": 4250, "errortext": "stage preflight: no room on /var"});
    manager.answers("addHost", 530, failed);
    let arguments = [
        "host",
        "add",
        "10.0.0.7",
        "--zone",
        "dc1",
        "--pod",
        "p1",
        "--cluster",
        "c1",
        "--password-stdin",
    ];
    let assert = manager.hostler(&arguments).write_stdin("pa ss\n").assert().code(1);
    assert!(stderr(&assert).contains("stage preflight: no room on /var"));
    assert_eq!(manager.calls("addHost").await[0].1.get("password"), Some("pa ss"));
    manager.hostler(&arguments).write_stdin("").assert().code(2);
    manager.run(&["host", "add", "root@", "--cluster", "c1"]).code(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_is_waited_for_when_asked() {
    let manager = Manager::start().await;
    let template = |ready: bool, status: &str| json!({"id": VM, "name": "debian", "isready": ready, "status": status});
    let list = |row: Value| json!({"count": 1, "template": [row]});
    manager.answers("registerTemplate", 200, list(template(false, "")));
    manager.answers("listOsTypes", 200, json!({"count": 2, "ostype": [
        {"id": "a", "description": "Debian GNU/Linux 12"}, {"id": "b", "description": "Other Linux (64-bit)"}]}));
    manager.answers("listTemplates", 200, list(template(true, "Download Complete")));
    let register =
        ["template", "register", "debian", "--url", "http://x/d.qcow2", "--os", "linux", "--wait"];
    assert!(stdout(&manager.run(&register).success()).contains("Download Complete"));
    let calls = manager.calls("registerTemplate").await;
    let sent = |name: &str| calls[0].1.get(name).map(str::to_owned).unwrap_or_default();
    assert_eq!(
        ["ostypeid", "format", "zoneid", "hypervisor"].map(sent),
        ["b", "QCOW2", "-1", "KVM"]
    );

    manager.answers("listTemplates", 200, list(template(false, "Download failed: 404 Not Found")));
    let err = stderr(&manager.run(&register).code(1));
    assert!(err.contains("404 Not Found"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_log_is_printed_as_it_was_written() {
    let manager = Manager::start().await;
    let text = "booting\r\n\u{1b}[32mOK\u{1b}[0m\u{7} login:\n";
    manager.answers("getVirtualMachineConsoleLog", 200, json!({"consolelog": {"text": text}}));
    let out = stdout(&manager.run(&["vm", "console-log", "web", "--tail", "4096"]).success());
    assert_eq!(out, text.replace("\r\n", "\n"));
    let calls = manager.calls("getVirtualMachineConsoleLog").await;
    assert_eq!((calls[0].1.get("id"), calls[0].1.get("tail")), (Some(VM), Some("4096")));
}

#[tokio::test(flavor = "multi_thread")]
async fn why_prints_the_refusal_and_the_score_of_every_host() {
    let manager = Manager::start().await;
    let refused = json!({"filter": "memory", "why": "has 3 MiB free of the 512 MiB wanted"});
    let scores = json!([{"weigher": "free-memory", "value": 0.5, "multiplier": 2.0}]);
    let hosts = json!([
        {"name": "kvm-1", "refused": refused, "scores": [], "total": 0.0},
        {"name": "kvm-2", "refused": null, "scores": scores, "total": 1.0},
    ]);
    let decision =
        json!({"created": "2026-11-21T09:00:00+0000", "hostname": "kvm-2", "hosts": hosts});
    manager.answers("explainPlacement", 200, json!({"count": 1, "placement": [decision]}));
    let out = stdout(&manager.run(&["vm", "why", "web"]).success());
    assert!(out.contains("kvm-2 was chosen"), "{out}");
    let out = stdout(&manager.run(&["vm", "why", "web", "-o", "value"]).success());
    assert_eq!(
        out,
        "kvm-1\t\trefused by memory: has 3 MiB free of the 512 MiB wanted\nkvm-2\t1.00\tfree-memory 0.50 × 2.0\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn why_shows_whatever_else_the_manager_has_to_say() {
    let manager = Manager::start().await;
    manager.answers(
        "explainPlacement",
        200,
        json!({"placement": {"note": "pinned", "to": [{"host": "kvm-2"}]}}),
    );
    let out = stdout(&manager.run(&["vm", "why", "web"]).success());
    assert_eq!(out, "note: pinned\nto:\n  -\n    host: kvm-2\n");
    manager.answers("explainPlacement", 200, json!({}));
    assert_eq!(stdout(&manager.run(&["vm", "why", "web"]).success()), "vm web was never placed\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_says_what_it_recomputed_and_fails_where_something_differs() {
    let manager = Manager::start().await;
    let audit = |differences: Value| {
        json!({"audit": {"claims": 3, "limits": 24, "addresses": 5, "volumes": 3, "runs": 3,
            "reports": 2, "differences": differences}})
    };
    manager.answers("auditCloud", 200, audit(json!([])));
    let out = stdout(&manager.run(&["audit"]).success());
    assert_eq!(
        out,
        "the books agree: 3 claims, 24 amounts against limits, 5 addresses, 3 volumes, 3 runs, 2 hosts' reports\n"
    );
    let one =
        json!({"book": "claim", "id": "r-1", "description": "a claim of a run that has ended"});
    manager.answers("auditCloud", 200, audit(json!([one])));
    let ended = manager.run(&["audit", "-o", "value"]).failure().code(1);
    assert_eq!(stdout(&ended), "claim\tr-1\ta claim of a run that has ended\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_key_is_registered_and_a_private_one_never() {
    let manager = Manager::start().await;
    manager.answers(
        "registerSSHKeyPair",
        200,
        json!({"keypair": {"name": "k", "fingerprint": "aa:bb"}}),
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    std::fs::write(path, "ssh-ed25519 AAAA me\n").unwrap();
    let out = stdout(
        &manager.run(&["keypair", "register", "k", "--file", path, "-o", "value"]).success(),
    );
    assert!(out.contains("aa:bb"));
    assert_eq!(
        manager.calls("registerSSHKeyPair").await[0].1.get("publickey"),
        Some("ssh-ed25519 AAAA me")
    );
    std::fs::write(path, "-----BEGIN OPENSSH PRIVATE KEY-----\n").unwrap();
    manager.run(&["keypair", "register", "k", "--file", path]).code(1);
    assert_eq!(manager.calls("registerSSHKeyPair").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_manager_ignored_is_a_warning() {
    let manager = Manager::start().await;
    manager.answers("createNetwork", 200, json!({"network": {"id": "n", "name": "net"}}));
    let arguments = "network create net --zone dc1 --gateway 10.1.1.1 --netmask 255.255.255.0 --start 10.1.1.10 \
                     --end 10.1.1.20 --bridge br0 -q";
    let assert = manager.run(&arguments.split_whitespace().collect::<Vec<_>>()).success();
    assert_eq!(stderr(&assert), "WARNING: the manager does not know and ignored: bridge\n");
    assert_eq!(stdout(&assert), "n\n");
    assert_eq!(manager.calls("createNetwork").await[0].1.get("networkofferingid"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_is_made_from_a_disk_or_a_copy_and_from_nothing_else() {
    let manager = Manager::start().await;
    let row = json!({"id": VM, "name": "disk-1"});
    manager.lists("listVolumes", "volume", std::slice::from_ref(&row));
    manager.lists("listSnapshots", "snapshot", &[row]);
    let linux = json!({"id": ZONE, "description": "Other Linux (64-bit)"});
    manager.lists("listOsTypes", "ostype", &[linux]);
    manager.answers("createTemplate", 200, json!({"jobid": "j", "id": "t"}));
    let made = json!({"template": {"id": "t", "name": "golden", "isready": true}});
    manager.answers("queryAsyncJobResult", 200, job(1, 0, &made));
    manager.run(&["template", "create", "golden", "--from-volume", "disk-1", "--public"]).success();
    manager.run(&["template", "create", "golden", "--from-snapshot", "disk-1"]).success();
    let calls = manager.calls("createTemplate").await;
    assert_eq!(calls[0].1.get("volumeid"), Some(VM));
    assert_eq!(
        (calls[0].1.get("ostypeid"), calls[0].1.get("ispublic")),
        (Some(ZONE), Some("true"))
    );
    assert_eq!((calls[1].1.get("snapshotid"), calls[1].1.get("volumeid")), (Some(VM), None));
    manager.run(&["template", "create", "golden"]).code(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_is_thrown_away_taken_back_and_with_expunge_deleted() {
    let manager = Manager::start().await;
    let disk = json!({"id": VM, "name": "data", "state": "Destroy"});
    manager.lists("listVolumes", "volume", std::slice::from_ref(&disk));
    manager.answers("destroyVolume", 200, json!({"jobid": "j"}));
    manager.answers("queryAsyncJobResult", 200, job(1, 0, &json!({"volume": disk})));
    manager.answers("recoverVolume", 200, json!({"volume": disk}));
    let shown = stdout(&manager.run(&["volume", "destroy", "data", "-c", "state"]).success());
    assert_eq!(shown, "FIELD  VALUE\nSTATE  Destroy\n");
    manager.run(&["volume", "recover", "data"]).success();
    manager.run(&["volume", "destroy", "data", "--expunge"]).success();
    let calls = manager.calls("destroyVolume").await;
    assert_eq!((calls[0].1.get("id"), calls[0].1.get("expunge")), (Some(VM), None));
    assert_eq!(calls[1].1.get("expunge"), Some("true"));
    assert_eq!(manager.calls("recoverVolume").await[0].1.get("id"), Some(VM));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_offering_says_how_fast_its_disks_may_be() {
    let manager = Manager::start().await;
    let made = json!({"diskoffering": {"id": VM, "name": "slow"}});
    manager.answers("createDiskOffering", 200, made);
    let speed = ["--write-bytes", "1048576", "--read-iops", "500", "--cache", "hypervisor-default"];
    let all = [&["disk-offering", "create", "slow", "--size", "1"][..], &speed].concat();
    manager.run(&all).success();
    let sent = &manager.calls("createDiskOffering").await[0].1;
    assert_eq!(
        (sent.get("byteswriterate"), sent.get("iopsreadrate")),
        (Some("1048576"), Some("500"))
    );
    assert_eq!(
        (sent.get("cachemode"), sent.get("bytesreadrate")),
        (Some("hypervisor_default"), None)
    );
    manager.run(&["disk-offering", "create", "slow", "--cache", "fast"]).failure();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_is_restarted_by_its_name() {
    let manager = Manager::start().await;
    manager.lists("listNetworks", "network", &[json!({"id": ZONE, "name": "guests"})]);
    manager.answers("restartNetwork", 200, json!({"jobid": "j"}));
    manager.answers("queryAsyncJobResult", 200, job(1, 0, &json!({"success": true})));
    let out = stdout(&manager.run(&["network", "restart", "guests"]).success());
    assert_eq!(out, "network guests restarted\n");
    assert_eq!(manager.calls("restartNetwork").await[0].1.get("id"), Some(ZONE));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_to_a_template_is_printed() {
    let manager = Manager::start().await;
    manager.lists("listTemplates", "template", &[json!({"id": VM, "name": "golden"})]);
    manager.answers("extractTemplate", 200, json!({"jobid": "j"}));
    let link = "http://images.invalid/userdata/t/golden.qcow2";
    let made = json!({"template": {"id": VM, "name": "golden", "url": link}});
    manager.answers("queryAsyncJobResult", 200, job(1, 0, &made));
    let run = manager.run(&["template", "extract", "golden", "-o", "value", "-c", "url"]);
    assert_eq!(stdout(&run.success()), format!("{link}\n"));
    assert_eq!(manager.calls("extractTemplate").await[0].1.get("mode"), Some("HTTP_DOWNLOAD"));
}
