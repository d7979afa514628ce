//! Alerts from the beacon to the peer, over real sockets, with peers that fail.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

/// A clock of the test's own, in seconds since the collectors' hour began.
macro_rules! clock {
    () => {{
        static NOW: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(60);
        fn seconds() -> i64 {
            crate::common::HOUR * 3_600 + NOW.load(std::sync::atomic::Ordering::SeqCst)
        }
        fn pass(by: i64) {
            NOW.fetch_add(by, std::sync::atomic::Ordering::SeqCst);
        }
        (driftline_collector::Host { seconds, random: || [9; 32] }, pass as fn(i64))
    }};
}

mod activations;
#[path = "../common/mod.rs"]
mod common;
mod metrics;
mod others;
mod peer;
mod smtp;

use common::{HOUR, settings};
use driftline_collector::alerts::{Alerts, Desk, ready};
use driftline_collector::{Collector, Config, Host, register, serve};
use peer::{Does, Heard, Peer};
use sha2::{Digest, Sha256};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const SOON: Duration = Duration::from_secs(20);
const BRIEF: Duration = Duration::from_millis(400);
const KEY: &str = "the key of the signature";

/// A collector with its alerts, on a socket, in a folder that outlives it.
struct Running {
    collector: Arc<Collector>,
    desk: Option<Desk>,
    address: std::net::SocketAddr,
    identity: String,
    runtime: Option<Runtime>,
}

impl Running {
    fn start(folder: &Path, alerts: Alerts, host: Host) -> Self {
        Self::with(folder, Config { alerts, ..settings() }, host)
    }

    fn with(folder: &Path, mut config: Config, host: Host) -> Self {
        config.data = folder.to_owned();
        let variable = |name: &str| (name == "KEY").then(|| KEY.to_owned());
        let destinations = ready(&config.alerts, &variable).unwrap();
        let runtime = Runtime::new().unwrap();
        let collector = Collector::open(config, host).unwrap();
        let model = register::read(&common::bundle(), None).unwrap();
        let identity = model.identity.clone();
        runtime.block_on(collector.register(model)).unwrap();
        let desk = Some(Desk::start(&collector, destinations).unwrap());
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(serve(Arc::clone(&collector), listener, std::future::pending()));
        Self { collector, desk, address, identity, runtime: Some(runtime) }
    }

    fn look(&self) {
        self.desk.as_ref().unwrap().look();
    }

    fn get(&self, path: &str, headers: &[(&str, &str)]) -> (u16, serde_json::Value) {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
        let mut request = agent.get(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = request.call().unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), serde_json::from_str(&text).unwrap())
    }

    /// Sends a beacon in which the input `x` has moved, or has not.
    fn beacon(&self, n: u32, moved: bool) {
        let id = format!("11111111-1111-4111-8111-{n:012}");
        let count = |input: &str, cell: &str| match (input, cell) {
            ("x", "[1.0, 2.0)") if moved => 9_000,
            ("x", "[1.0, 2.0)") => 3_000,
            ("x", "[2.0, 4.0]") if moved => 100,
            ("x", "[2.0, 4.0]") => 6_000,
            ("c", "a" | "b") => 500,
            _ => 0,
        };
        let body = common::encoded(&id, HOUR, "pseudonymous", "", &count).unwrap();
        let sent = ureq::post(format!("http://{}/v1/beacons", self.address)).send(body).unwrap();
        assert_eq!(sent.status(), 204);
    }

    /// Tells what became of a bundle on so many clients.
    fn activate(&self, identity: &str, clients: u32, code: Option<&str>) {
        let outcome = if code.is_some() { "failed" } else { "activated" };
        let body = serde_json::json!({
            "channel": "stable", "identity": identity, "outcome": outcome, "code": code,
        });
        for _ in 0..clients {
            let to = format!("http://{}/v1/activations", self.address);
            assert_eq!(ureq::post(to).send(body.to_string()).unwrap().status(), 204);
        }
    }

    /// Waits until `/v1/alerts` is as a test wants it.
    fn until(&self, what: &str, sound: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
        let begun = Instant::now();
        loop {
            let (_, told) = self.get("/v1/alerts", &[]);
            if sound(&told["alerts"]) {
                return told;
            }
            assert!(begun.elapsed() < SOON, "{what}: {told:#}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.desk.take();
        self.collector.store().close();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_millis(100));
        }
    }
}

fn alerts(to: &str) -> Alerts {
    let rule = "every_seconds = 3600\n[[rules]]\nname = \"moved\"\nwhat = \"input_drift\"\n\
                severity = \"critical\"\nsuspend = true\n";
    toml::from_str(&format!("{rule}{to}")).unwrap()
}

fn webhook(peer: &Peer) -> Alerts {
    let url = peer.url("/hook");
    alerts(&format!(
        "[to.ops]\nkind = \"webhook\"\nurl = \"{url}\"\nsecret = {{ env = \"KEY\" }}\n"
    ))
}

/// HMAC by its definition, apart from the collector's.
fn is_signed(heard: &Heard) -> bool {
    let header = heard.header("driftline-signature").unwrap();
    let (time, code) = header.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let pad = |with: u8| {
        let mut block = [with; 64];
        KEY.bytes().zip(&mut block).for_each(|(key, byte)| *byte ^= key);
        block
    };
    let text = format!("{time}.{}", heard.body);
    let inner = Sha256::digest([&pad(0x36)[..], text.as_bytes()].concat());
    let outer = Sha256::digest([&pad(0x5c)[..], &inner].concat());
    outer.iter().map(|byte| format!("{byte:02x}")).collect::<String>() == code
}

#[test]
fn what_moved_is_told_signed_and_its_end_too_and_gates_are_suspended_in_between() {
    let (host, pass) = clock!();
    let (folder, peer) = (TempDir::new().unwrap(), Peer::start(&[]));
    let run = Running::start(folder.path(), webhook(&peer), host);
    let status = format!("/v1/status?identity={}", run.identity);
    run.beacon(1, false);
    run.look();
    assert!(peer.next(BRIEF).is_none());
    assert_eq!(run.get(&status, &[]).1["suspended"], false);

    run.beacon(2, true);
    pass(60);
    run.look();
    let heard = peer.next(SOON).unwrap();
    assert_eq!((heard.path.as_str(), is_signed(&heard)), ("/hook", true));
    let body = heard.json();
    for (name, value) in [
        ("format", "driftline.alert/1"),
        ("state", "firing"),
        ("rule", "moved"),
        ("severity", "critical"),
        ("subject", "x"),
        ("identity", &*run.identity),
    ] {
        assert_eq!(body[name], value, "{name}");
    }
    assert!(body["value"].as_f64().unwrap() > body["threshold"].as_f64().unwrap());
    assert_eq!(heard.header("idempotency-key"), body["key"].as_str());
    let told = run.until("a delivery", |all| all[0]["deliveries"][0]["ok"] == true);
    let alert = &told["alerts"][0];
    assert_eq!((&alert["state"], &alert["id"]), (&"firing".into(), &body["id"]));
    assert_eq!(alert["fired"], common::instant(HOUR).replace("00:00Z", "02:00Z"));
    assert_eq!(told["rules"][0]["what"], "input_drift");
    let (code, held) = run.get(&status, &[]);
    assert_eq!((code, &held["suspended"], &held["reason"]), (200, &true.into(), &"moved".into()));
    assert_eq!(held["channel"], serde_json::Value::Null);

    // enough of what is as ever outweighs what moved
    for n in 3..40 {
        run.beacon(n, false);
    }
    pass(60);
    run.look();
    let heard = peer.next(SOON).unwrap();
    assert_eq!((heard.json()["state"].as_str(), is_signed(&heard)), (Some("resolved"), true));
    assert_eq!(heard.json()["id"], body["id"]);
    assert_eq!(run.get(&status, &[]).1["suspended"], false);
    let listed = |state| run.get(&format!("/v1/alerts?state={state}"), &[]).1;
    assert_eq!(listed("firing")["alerts"], serde_json::json!([]));
    assert_eq!(listed("resolved")["alerts"][0]["id"], body["id"]);
}

#[test]
fn a_peer_that_fails_is_tried_again_when_it_says_and_hears_the_same_key() {
    let (host, pass) = clock!();
    let folder = TempDir::new().unwrap();
    let peer = Peer::start(&[
        Does::Answer(500, ""),
        Does::Answer(429, "retry-after: 300"),
        Does::Break,
        Does::Answer(503, ""),
    ]);
    let run = Running::start(folder.path(), webhook(&peer), host);
    run.beacon(1, true);
    run.look();
    let first = peer.next(SOON).unwrap();
    let tries = |n: usize| {
        run.until("tries", move |all| {
            all[0]["deliveries"].as_array().is_some_and(|tries| tries.len() == n)
        })
    };
    tries(1);
    pass(5);
    run.look();
    assert_eq!(peer.next(SOON).unwrap().json()["key"], first.json()["key"]);
    tries(2);
    // it asked for five minutes
    pass(200);
    run.look();
    assert!(peer.next(BRIEF).is_none());
    for n in 3..=5 {
        pass(300);
        run.look();
        let again = peer.next(SOON).unwrap();
        assert_eq!(again.header("idempotency-key"), first.header("idempotency-key"));
        assert!(is_signed(&again));
        assert_ne!(again.header("driftline-signature"), first.header("driftline-signature"));
        tries(n);
    }
    pass(86_400);
    run.look();
    assert!(peer.next(BRIEF).is_none(), "it was taken, and is sent no more");
    let told = tries(5);
    let log: Vec<_> = told["alerts"][0]["deliveries"].as_array().unwrap().clone();
    assert_eq!(log[0]["problem"], "status 500");
    assert_eq!(log[1]["problem"], "status 429");
    assert_eq!(log[3]["problem"], "status 503");
    assert_eq!((&log[4]["ok"], &log[4]["problem"]), (&true.into(), &serde_json::Value::Null));
}

#[test]
fn what_a_peer_refuses_and_redirects_are_not_tried_again() {
    for script in [Does::Answer(400, ""), Does::Answer(302, "location: /elsewhere")] {
        let (host, pass) = clock!();
        let folder = TempDir::new().unwrap();
        let peer = Peer::start(&[script]);
        let run = Running::start(folder.path(), webhook(&peer), host);
        run.beacon(1, true);
        run.look();
        assert_eq!(peer.next(SOON).unwrap().path, "/hook");
        run.until("a try", |all| all[0]["deliveries"][0]["ok"] == false);
        pass(7_200);
        run.look();
        assert!(peer.next(BRIEF).is_none());
    }
}

#[test]
fn a_notice_survives_the_collector_and_is_told_once_by_the_next() {
    let (host, pass) = clock!();
    let folder = TempDir::new().unwrap();
    // nobody listens at this port, until the collector runs anew
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let settings =
        || alerts(&format!("[to.ops]\nkind = \"webhook\"\nurl = \"http://{address}/\"\n"));
    let run = Running::start(folder.path(), settings(), host);
    run.beacon(1, true);
    run.look();
    let told = run.until("a try", |all| all[0]["deliveries"][0]["ok"] == false);
    let id = told["alerts"][0]["id"].clone();
    assert_eq!(told["alerts"][0]["deliveries"][0]["problem"], "connection refused");
    drop(run);

    let peer = Peer::on(TcpListener::bind(address).unwrap(), &[]);
    pass(600);
    let run = Running::start(folder.path(), settings(), host);
    run.look();
    assert_eq!(peer.next(SOON).unwrap().json()["id"], id);
    for _ in 0..3 {
        pass(600);
        run.look();
        assert!(peer.next(BRIEF).is_none());
    }
    let told = run.until("the alert", |all| all[0]["state"] == "firing");
    assert_eq!(told["alerts"].as_array().unwrap().len(), 1);
}

#[test]
fn a_peer_that_hangs_holds_up_neither_beacons_nor_other_peers() {
    let (host, _) = clock!();
    let folder = TempDir::new().unwrap();
    let (slow, quick) = (Peer::start(&[Does::Hang]), Peer::start(&[]));
    let settings = alerts(&format!(
        "[to.a]\nkind = \"webhook\"\nurl = \"{}\"\n[to.b]\nkind = \"webhook\"\nurl = \"{}\"\n",
        slow.url("/"),
        quick.url("/"),
    ));
    let run = Running::start(folder.path(), settings, host);
    run.beacon(1, true);
    run.look();
    assert!(slow.next(SOON).is_some());
    assert!(quick.next(SOON).is_some());
    let begun = Instant::now();
    for n in 2..30 {
        run.beacon(n, true);
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    run.until("a time-out", |all| {
        let tries = all[0]["deliveries"].as_array();
        tries.is_some_and(|all| all.iter().any(|one| one["problem"] == "timed out"))
    });
}

#[test]
fn status_is_for_those_with_a_key_or_a_token_and_alerts_for_those_with_a_token() {
    let (host, _) = clock!();
    let folder = TempDir::new().unwrap();
    let mut config = settings();
    config.apps = vec![common::app("shop", "pk_shop", &["https://shop.example"])];
    config.tokens.read = Some("r".repeat(16));
    let bearer = format!("Bearer {}", "r".repeat(16));
    let run = Running::with(folder.path(), config, host);
    let status = format!("/v1/status?identity={}", run.identity);
    let keyed = format!("{status}&key=pk_shop");
    let code = |path: &str, headers: &[(&str, &str)]| run.get(path, headers).0;
    assert_eq!(code(&status, &[]), 401);
    assert_eq!(code(&status, &[("authorization", &bearer)]), 200);
    assert_eq!(code(&keyed, &[]), 200);
    assert_eq!(code(&keyed, &[("origin", "https://shop.example")]), 200);
    assert_eq!(code(&keyed, &[("origin", "https://evil.example")]), 403);
    assert_eq!(code(&format!("{status}&key=other"), &[]), 403);
    assert_eq!(code("/v1/status?identity=sha256:0&key=pk_shop", &[]), 404);
    assert_eq!(code("/v1/alerts", &[]), 401);
    assert_eq!(code("/v1/alerts?key=pk_shop", &[("authorization", &bearer)]), 400);
    assert_eq!(code("/v1/alerts", &[("authorization", &bearer)]), 200);
}

#[test]
fn the_rules_that_hold_without_settings_suspend_a_model_whose_detector_alarms() {
    let (host, pass) = clock!();
    let folder = TempDir::new().unwrap();
    let settings = Alerts { every_seconds: 3_600, ..Alerts::default() };
    let run = Running::start(folder.path(), settings, host);
    let status = format!("/v1/status?identity={}", run.identity);
    run.beacon(1, false);
    run.look();
    let states = |told: &serde_json::Value| -> Vec<(String, String)> {
        let text = |one: &serde_json::Value| one.as_str().unwrap().to_owned();
        let all = told["alerts"].as_array().unwrap().iter();
        let mut all: Vec<_> = all.map(|one| (text(&one["rule"]), text(&one["state"]))).collect();
        all.sort();
        all
    };
    run.beacon(2, true);
    pass(60);
    run.look();
    let told = run.until("the alarm", |all| {
        all.as_array().unwrap().iter().any(|one| one["rule"] == "drift alarm")
    });
    let found = states(&told);
    let state = |rule: &str, state: &str| (rule.to_owned(), state.to_owned());
    assert!(found.contains(&state("drift alarm", "firing")), "{found:?}");
    assert!(found.contains(&state("input drift", "pending")), "{found:?}");
    assert_eq!(run.get(&status, &[]).1["reason"], "drift alarm");
    assert_eq!(told["rules"].as_array().unwrap().len(), 10);
    // it was so for an hour at every look
    pass(3_600);
    run.look();
    run.until("an hour", |all| {
        let mut all = all.as_array().unwrap().iter();
        all.any(|one| one["rule"] == "input drift" && one["state"] == "firing")
    });
    // and a day after the newest window there is silence
    pass(25 * 3_600);
    run.look();
    run.until("silence", |all| all.as_array().unwrap().iter().any(|one| one["rule"] == "silence"));
}
