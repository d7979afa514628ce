//! Who may send, and who may ask.

use crate::config::{App, Config};
use crate::problem::Problem;
use axum::http::{HeaderMap, StatusCode, header};
use driftline::ErrorCode;
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use subtle::ConstantTimeEq;

/// What a bearer token lets its owner do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Ask for counts.
    Read,
    /// Register bundles too.
    Admin,
}

/// Lets a request pass whose token has the right. Without tokens the collector listens to its own
/// machine only, and everything passes.
///
/// # Errors
/// 401.
pub fn authorize(config: &Config, headers: &HeaderMap, right: Right) -> Result<(), Problem> {
    let tokens = &config.tokens;
    if tokens.read.is_none() && tokens.admin.is_none() {
        return Ok(());
    }
    let told = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default();
    let same = |token: &Option<String>| token.as_ref().is_some_and(|token| same(token, told));
    // both are compared whatever the first says
    let (admin, read) = (same(&tokens.admin), same(&tokens.read));
    if admin || (right == Right::Read && read) {
        return Ok(());
    }
    let message = match right {
        Right::Read => "a read token or an admin token is needed",
        Right::Admin => "an admin token is needed",
    };
    Err(Problem::new(StatusCode::UNAUTHORIZED, ErrorCode::Unauthorized, message))
}

/// The app of a write key, if its page may send from where the request says it comes.
///
/// # Errors
/// 403: an unknown key, or an origin that the app does not name.
pub fn admit<'c>(
    config: &'c Config,
    key: Option<&str>,
    origin: Option<&str>,
) -> Result<Option<&'c App>, Problem> {
    if config.apps.is_empty() {
        return Ok(None);
    }
    let key = key.unwrap_or_default();
    let mut found = None;
    for app in &config.apps {
        if same(&app.key, key) {
            found = Some(app);
        }
    }
    let Some(app) = found else {
        let message = "the beacon's key is no app's";
        return Err(Problem::new(StatusCode::FORBIDDEN, ErrorCode::UnknownKey, message));
    };
    // what is no page has no origin; it could name any
    if let Some(origin) = origin
        && !app.origins.is_empty()
        && !app.origins.contains(origin)
    {
        let message = format!("the app `{}` does not name the page's origin", app.name);
        return Err(Problem::new(StatusCode::FORBIDDEN, ErrorCode::ForbiddenOrigin, message));
    }
    Ok(Some(app))
}

/// Where a request comes from: the connection, or what a trusted proxy says.
pub fn sender(config: &Config, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
    let told = config.client_address_header.as_ref().and_then(|name| {
        let value = headers.get(name)?.to_str().ok()?;
        // a proxy appends the address that it saw; what stands before it is the client's claim
        value.rsplit(',').next()?.trim().parse().ok()
    });
    told.unwrap_or(peer)
}

/// Compares without telling by its time where the two differ, nor how long the secret is: hashes
/// have one length.
fn same(secret: &str, told: &str) -> bool {
    let hash = |text: &str| -> [u8; 32] { Sha256::digest(text).into() };
    hash(secret).ct_eq(&hash(told)).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Tokens;
    use axum::http::HeaderValue;
    use std::collections::BTreeSet;

    fn bearer(token: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
        headers.insert(header::AUTHORIZATION, value);
        headers
    }

    #[test]
    fn a_read_token_reads_and_changes_nothing() {
        let (read, admin) = ("r".repeat(16), "a".repeat(16));
        let tokens = Tokens { read: Some(read.clone()), admin: Some(admin.clone()) };
        let config = Config { tokens, ..Config::default() };
        let may = |token: &str, right| authorize(&config, &bearer(token), right).is_ok();
        assert!(may(&read, Right::Read));
        assert!(!may(&read, Right::Admin));
        assert!(may(&admin, Right::Read));
        assert!(may(&admin, Right::Admin));
        assert!(!may(&read[1..], Right::Read));
        assert!(!may("", Right::Read));
        assert!(authorize(&config, &HeaderMap::new(), Right::Read).is_err());
    }

    #[test]
    fn secrets_are_the_same_as_a_whole_only() {
        assert!(same("", "") && same("a secret", "a secret"));
        for told in ["", "a secre", "a secret ", "A secret", "a secret\0"] {
            assert!(!same("a secret", told), "{told:?}");
        }
    }

    #[test]
    fn with_an_admin_token_only_nobody_else_reads() {
        let tokens = Tokens { read: None, admin: Some("a".repeat(16)) };
        let config = Config { tokens, ..Config::default() };
        assert!(authorize(&config, &bearer(""), Right::Read).is_err());
    }

    #[test]
    fn a_page_of_another_origin_may_not_send() {
        let origins = BTreeSet::from(["https://shop.example".to_owned()]);
        let apps = vec![App { name: "shop".into(), key: "pk".into(), origins }];
        let config = Config { apps, ..Config::default() };
        let admit = |key, origin| admit(&config, key, origin).is_ok();
        assert!(admit(Some("pk"), Some("https://shop.example")));
        assert!(!admit(Some("pk"), Some("https://evil.example")));
        assert!(!admit(Some("pk"), Some("null")));
        assert!(admit(Some("pk"), None));
        assert!(!admit(Some("pj"), Some("https://shop.example")));
        assert!(!admit(None, None));
    }

    #[test]
    fn a_proxy_is_trusted_for_its_last_address_only() {
        let peer = "192.0.2.1".parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", HeaderValue::from_static("203.0.113.9, 198.51.100.7"));
        let mut config = Config::default();
        assert_eq!(sender(&config, &headers, peer), peer);
        config.client_address_header = Some("x-forwarded-for".into());
        assert_eq!(sender(&config, &headers, peer), "198.51.100.7".parse::<IpAddr>().unwrap());
    }
}
