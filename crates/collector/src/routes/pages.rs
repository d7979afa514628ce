//! The dashboard: a page and its assets, which ask this collector for everything that they show.

use super::query::Parameters;
use crate::Collector;
use crate::problem::Problem;
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use driftline::{Error, ErrorCode};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files by the path on which they are served; none if the library was built before them.
const EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/dashboard_files.rs"));

/// Scripts and styles of the collector alone, no inline ones, and requests to nobody else. The
/// pictures that the page saves are drawn from `data:`.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// What stands at `/` if there is no dashboard.
const ABSENT: &str = "<!doctype html><html lang=\"en\"><title>driftline collector</title>\
    <h1>driftline collector</h1><p>It takes beacons and answers questions. Its dashboard was not \
    built into this command: run <code>cargo xtask dashboard</code> in the repository and build \
    the command again, or name the folder <code>www/dist/dashboard</code> in \
    <code>DRIFTLINE_DASHBOARD</code>.</p>";

/// What is served.
#[derive(Debug, Default)]
pub struct Pages {
    files: BTreeMap<String, File>,
}

#[derive(Clone, Debug)]
struct File {
    bytes: Bytes,
    kind: &'static str,
    etag: HeaderValue,
}

impl Pages {
    /// Takes the dashboard from the folder that is named, from inside the command, or from beside
    /// it, in this order.
    ///
    /// # Errors
    /// [`ErrorCode::Io`] for a folder that is named and holds no page.
    pub fn find(named: Option<&Path>) -> Result<Self, Error> {
        if let Some(folder) = named {
            let pages = Self::read(folder);
            if pages.files.is_empty() {
                return Err(Error::new(
                    ErrorCode::Io,
                    "the dashboard's folder has no `index.html`",
                )
                .with_help("correct DRIFTLINE_DASHBOARD; `cargo xtask dashboard` builds it")
                .in_file(folder.display().to_string()));
            }
            return Ok(pages);
        }
        if !EMBEDDED.is_empty() {
            let embedded = EMBEDDED.iter();
            return Ok(Self::of(
                embedded.map(|(path, bytes)| ((*path).to_owned(), Bytes::from_static(bytes))),
            ));
        }
        Ok(beside().map(|folder| Self::read(&folder)).unwrap_or_default())
    }

    fn read(folder: &Path) -> Self {
        let mut files = Vec::new();
        for (folder, prefix) in [(folder.to_path_buf(), "/"), (folder.join("assets"), "/assets/")] {
            let Ok(entries) = std::fs::read_dir(folder) else { continue };
            for path in entries.flatten().map(|entry| entry.path()) {
                let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
                let Ok(bytes) = std::fs::read(&path) else { continue };
                files.push((format!("{prefix}{name}"), Bytes::from(bytes)));
            }
        }
        Self::of(files.into_iter())
    }

    /// Nothing without the page itself.
    fn of(files: impl Iterator<Item = (String, Bytes)>) -> Self {
        let mut found = BTreeMap::new();
        for (path, bytes) in files {
            let Some(kind) = kind_of(&path) else { continue };
            let path = if path == "/index.html" { "/".to_owned() } else { path };
            let etag = etag(&bytes);
            found.insert(path, File { bytes, kind, etag });
        }
        if !found.contains_key("/") {
            found.clear();
        }
        Self { files: found }
    }
}

fn kind_of(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => return None,
    })
}

/// A strong one, of the content.
fn etag(bytes: &[u8]) -> HeaderValue {
    let mut text = String::from("\"");
    for byte in Sha256::digest(bytes).iter().take(16) {
        let _ = write!(text, "{byte:02x}");
    }
    text.push('"');
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("\"\""))
}

/// `../share/driftline/dashboard` seen from the command.
fn beside() -> Option<PathBuf> {
    let command = std::env::current_exe().ok()?;
    Some(command.parent()?.parent()?.join("share/driftline/dashboard"))
}

/// The page, its icon and its assets.
pub async fn file(
    State(collector): State<Arc<Collector>>,
    uri: Uri,
    query: RawQuery,
    headers: HeaderMap,
) -> Response {
    // the page reads its own address, whatever stands there
    if uri.path() != "/"
        && let Err(problem) = Parameters::none(&query)
    {
        return problem.into_response();
    }
    let pages = collector.pages();
    let Some(file) = pages.files.get(uri.path()) else {
        if uri.path() == "/" {
            let html = HeaderValue::from_static("text/html; charset=utf-8");
            return ([(header::CONTENT_TYPE, html)], ABSENT).into_response();
        }
        let message = "there is nothing at this path";
        return Problem::new(StatusCode::NOT_FOUND, ErrorCode::NotFound, message).into_response();
    };
    // an asset's name changes with its content
    let cached = if uri.path().starts_with("/assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let known = known.is_some_and(|told| {
        told.split(',').any(|one| file.etag == one.trim().trim_start_matches("W/"))
    });
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::new(Body::from(file.bytes.clone()))
    };
    let set = [
        (header::CONTENT_TYPE, HeaderValue::from_static(file.kind)),
        (header::ETAG, file.etag.clone()),
        (header::CACHE_CONTROL, HeaderValue::from_static(cached)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("same-origin"),
        ),
    ];
    response.headers_mut().extend(set);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_the_page_is_refused_when_it_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("icon.svg"), "<svg/>").unwrap();
        assert_eq!(Pages::find(Some(folder.path())).unwrap_err().code(), ErrorCode::Io);
    }

    #[test]
    fn files_are_served_by_path_and_those_of_unknown_kind_are_not() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("assets")).unwrap();
        for name in ["index.html", "notes.txt", "assets/a-1.js"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let pages = Pages::find(Some(folder.path())).unwrap();
        let paths: Vec<&str> = pages.files.keys().map(String::as_str).collect();
        assert_eq!(paths, ["/", "/assets/a-1.js"]);
        assert_ne!(pages.files["/"].etag, pages.files["/assets/a-1.js"].etag);
    }
}
