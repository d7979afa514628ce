use super::*;
use driftline::ErrorCode;
use serde::Deserialize;
use std::path::{Path, PathBuf};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[derive(Deserialize)]
struct Vectors {
    subject: SubjectText,
    keys: std::collections::BTreeMap<String, Key>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct SubjectText {
    identity: String,
    name: String,
    wasm: String,
}

#[derive(Deserialize)]
struct Key {
    seed: String,
    public: String,
    id: String,
    pem: String,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    file: String,
    pinned: Vec<String>,
    #[serde(default)]
    minimum: u64,
    now: String,
    #[serde(default)]
    wasm: bool,
    expected: String,
    #[serde(default)]
    sequence: Option<u64>,
}

fn vectors() -> Vectors {
    let path = repository().join("tests/vectors/signature.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn the_vectors_have_the_verdicts_of_another_implementation() {
    let vectors = vectors();
    assert!(vectors.cases.len() >= 25, "{}", vectors.cases.len());
    for case in &vectors.cases {
        let keys: Vec<PublicKey> = case
            .pinned
            .iter()
            .map(|name| PublicKey::parse(&vectors.keys[name].pem).unwrap())
            .collect();
        let subject = Subject {
            identity: &vectors.subject.identity,
            name: &vectors.subject.name,
            wasm: case.wasm.then_some(&*vectors.subject.wasm),
        };
        let trust = Trust { keys: &keys, minimum: case.minimum, now: &case.now };
        let judged = SignatureFile::from_json(case.file.as_bytes())
            .and_then(|file| file.verify(&subject, &trust));
        match judged {
            Ok(statement) => {
                assert_eq!(case.expected, "good", "{}", case.name);
                assert_eq!(Some(statement.sequence), case.sequence, "{}", case.name);
            }
            Err(error) => {
                assert_eq!(error.code().as_str(), case.expected, "{}: {error}", case.name);
            }
        }
    }
}

#[test]
fn keys_of_the_vectors_are_read_alike() {
    for (name, key) in vectors().keys {
        let pair = Keypair::from_seed(&keys::from_hex(&key.seed).unwrap());
        assert_eq!(pair.public().to_hex(), key.public, "{name}");
        assert_eq!(pair.public().id(), key.id, "{name}");
        assert_eq!(pair.public().to_pem().unwrap(), key.pem, "{name}");
        assert_eq!(PublicKey::parse(&key.public).unwrap(), pair.public(), "{name}");
    }
}

#[test]
fn a_signature_in_one_domain_is_none_in_another() {
    let pair = Keypair::from_seed(&[7; 32]);
    let signature = pair.sign("driftline.signature/1", b"{}");
    assert!(pair.public().verify("driftline.signature/1", b"{}", &signature));
    assert!(!pair.public().verify("driftline.channel/1", b"{}", &signature));
    assert!(!pair.public().verify("driftline.signature/1", b"{} ", &signature));
}

#[test]
fn a_key_survives_its_file_and_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("release.key");
    let pair = Keypair::generate().unwrap();
    let public = pair.write(&path).unwrap();
    assert_eq!(Keypair::read(&path).unwrap().public(), pair.public());
    assert_eq!(PublicKey::read(&public).unwrap(), pair.public());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let again = Keypair::generate().unwrap();
    assert_eq!(again.write(&path).unwrap_err().code(), ErrorCode::Io);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(again.write(&path).unwrap_err().code(), ErrorCode::Io, "the public one is there");
    assert!(!path.exists());
    assert_eq!(Keypair::read(&public).err().unwrap().code(), ErrorCode::BadInput);
}

#[test]
fn keys_of_low_order_are_refused() {
    // the neutral element and a point of order 8 (RFC 7748 and 8032's curve)
    let points = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    ];
    for point in points {
        assert_eq!(PublicKey::parse(point).unwrap_err().code(), ErrorCode::BadInput);
    }
}

#[test]
fn times_have_one_spelling() {
    assert_eq!(time::given("2013-06-03T02:00:00+02:00").unwrap(), "2013-06-03T00:00:00Z");
    for bad in ["2013-06-03", "2013-06-03T00:00:00", "2013-06-03T00:00:00.5Z", "tomorrow"] {
        assert_eq!(time::given(bad).unwrap_err().code(), ErrorCode::BadUsage, "{bad}");
    }
    assert!(time::check("2013-06-03T00:00:00+00:00").is_err());
}
