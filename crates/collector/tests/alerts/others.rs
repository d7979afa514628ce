//! Slack, Alertmanager, GitHub and mail: what each is sent. The peers are stand-ins on loopback.

use crate::common::HOUR;
use crate::peer::{Does, Peer};
use crate::smtp::Server;
use crate::{BRIEF, KEY, Running, SOON, alerts};
use tempfile::TempDir;

#[test]
fn slack_is_sent_a_text_without_control_characters_of_its_own() {
    let (host, _) = clock!();
    let (folder, peer) = (TempDir::new().unwrap(), Peer::start(&[Does::Answer(200, "")]));
    // the URL is the secret
    let path = folder.path().join("slack");
    std::fs::write(&path, peer.url("/services/T0/B0/secret\n")).unwrap();
    let to = format!("[to.chat]\nkind = \"slack\"\nurl = {{ file = {path:?} }}\n");
    let mut settings = alerts(&to);
    settings.rules[0].name = "<!channel> & moved".into();
    let run = Running::start(folder.path(), settings, host);
    run.beacon(1, true);
    run.look();
    let heard = peer.next(SOON).unwrap();
    assert_eq!(heard.path, "/services/T0/B0/secret");
    let body = heard.json();
    let text = body["text"].as_str().unwrap();
    assert!(text.contains("&lt;!channel&gt; &amp; moved (x)"), "{text}");
    assert!(text.starts_with(":rotating_light:"), "{text}");
    assert_eq!(body.as_object().unwrap().len(), 1);
    let told = run.until("a delivery", |all| all[0]["deliveries"][0]["ok"] == true);
    assert!(!told.to_string().contains("secret"));
}

#[test]
fn alertmanager_hears_when_it_fires_stands_and_ends() {
    let (host, pass) = clock!();
    let (folder, peer) = (TempDir::new().unwrap(), Peer::start(&[]));
    let to = format!(
        "[to.am]\nkind = \"alertmanager\"\nurl = \"{}/\"\ntoken = {{ env = \"KEY\" }}\n",
        peer.url("/prefix")
    );
    let run = Running::start(folder.path(), alerts(&to), host);
    run.beacon(1, true);
    run.look();
    let heard = peer.next(SOON).unwrap();
    assert_eq!(heard.path, "/prefix/api/v2/alerts");
    assert_eq!(heard.header("authorization"), Some(&*format!("Bearer {KEY}")));
    let first = heard.json()[0].clone();
    for (label, value) in
        [("alertname", "moved"), ("severity", "critical"), ("identity", &*run.identity)]
    {
        assert_eq!(first["labels"][label], value, "{label}");
    }
    // the interface takes texts alone
    for texts in ["labels", "annotations"] {
        assert!(first[texts].as_object().unwrap().values().all(serde_json::Value::is_string));
    }
    let at = |alert: &serde_json::Value, name: &str| {
        alert[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second()
    };
    assert_eq!(at(&first, "endsAt") - at(&first, "startsAt"), 300);
    // while nothing new is found it is kept up, before it would end by itself
    pass(120);
    run.look();
    let again = peer.next(SOON).unwrap().json()[0].clone();
    assert_eq!((&again["labels"], &again["startsAt"]), (&first["labels"], &first["startsAt"]));
    assert_eq!(at(&again, "endsAt") - at(&first, "endsAt"), 120);
    for n in 2..40 {
        run.beacon(n, false);
    }
    pass(120);
    run.look();
    let mut last = peer.next(SOON).unwrap().json()[0].clone();
    while let Some(heard) = peer.next(BRIEF) {
        last = heard.json()[0].clone();
    }
    assert_eq!((&last["labels"], at(&last, "endsAt")), (&first["labels"], HOUR * 3_600 + 300));
}

#[test]
fn github_is_asked_to_train_anew_when_it_fires_and_not_when_it_ends() {
    let (host, pass) = clock!();
    let (folder, peer) = (TempDir::new().unwrap(), Peer::start(&[]));
    let to = format!(
        "[to.retrain]\nkind = \"github\"\nrepository = \"owner/models\"\n\
         token = {{ env = \"KEY\" }}\napi = \"{}\"\n",
        peer.url("")
    );
    let run = Running::start(folder.path(), alerts(&to), host);
    run.beacon(1, true);
    run.look();
    let heard = peer.next(SOON).unwrap();
    assert_eq!(heard.path, "/repos/owner/models/dispatches");
    for (name, value) in [
        ("accept", "application/vnd.github+json"),
        ("authorization", &*format!("Bearer {KEY}")),
        ("x-github-api-version", "2022-11-28"),
    ] {
        assert_eq!(heard.header(name), Some(value), "{name}");
    }
    // GitHub refuses what has no user agent
    assert!(heard.header("user-agent").unwrap().starts_with("driftline/"));
    let body = heard.json();
    assert_eq!(body["event_type"], "driftline-alert");
    assert_eq!(body["client_payload"]["alert"]["identity"], run.identity);
    assert!(body["client_payload"].as_object().unwrap().len() <= 10);
    for n in 2..40 {
        run.beacon(n, false);
    }
    pass(120);
    run.look();
    run.until("its end", |all| all[0]["state"] == "resolved");
    assert!(peer.next(BRIEF).is_none());
}

fn mail(server: &Server, tls: &str) -> String {
    let (host, port) = (server.address.ip(), server.address.port());
    format!(
        "[to.mail]\nkind = \"mail\"\nhost = \"{host}\"\nport = {port}\ntls = \"{tls}\"\n\
         from = \"driftline <drift@ops.example>\"\n\
         receivers = [\"a@ops.example\", \"B <b@ops.example>\"]\n"
    )
}

#[test]
fn mail_is_written_to_all_and_again_if_the_server_puts_it_off() {
    let (host, pass) = clock!();
    let (folder, server) = (TempDir::new().unwrap(), Server::start(1));
    let mut settings = alerts(&mail(&server, "none"));
    settings.rules[0].name = "größer".into();
    let run = Running::start(folder.path(), settings, host);
    run.beacon(1, true);
    run.look();
    let told = run.until("a try", |all| all[0]["deliveries"][0]["ok"] == false);
    assert_eq!(told["alerts"][0]["deliveries"][0]["problem"], "status 451");
    pass(60);
    run.look();
    let mail = server.next(SOON).unwrap();
    assert_eq!(mail.from, "drift@ops.example");
    assert_eq!(mail.to, ["a@ops.example", "b@ops.example"]);
    let (head, body) = mail.data.split_once("\r\n\r\n").unwrap();
    let id = told["alerts"][0]["id"].as_str().unwrap();
    assert!(head.contains(&format!("Message-ID: <{id}-firing-1@driftline.invalid>")), "{head}");
    // RFC 2047: the head is ASCII
    assert!(head.is_ascii() && head.contains("Subject: "), "{head}");
    assert!(body.contains("severity: critical"), "{body}");
    run.until("a delivery", |all| all[0]["deliveries"][1]["ok"] == true);
}

#[test]
fn mail_is_not_written_without_the_tls_that_was_asked_for() {
    let (host, _) = clock!();
    let (folder, server) = (TempDir::new().unwrap(), Server::start(0));
    let run = Running::start(folder.path(), alerts(&mail(&server, "start_tls")), host);
    run.beacon(1, true);
    run.look();
    run.until("a try", |all| all[0]["deliveries"][0]["ok"] == false);
    assert!(server.next(BRIEF).is_none());
}
