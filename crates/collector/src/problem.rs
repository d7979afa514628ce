//! Answers that are no success: RFC 9457, with the codes of driftline.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use driftline::{Error, ErrorCode};
use serde_json::json;

/// What a request is refused with.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    error: Error,
    retry_after: Option<u64>,
}

impl Problem {
    /// A code under a status.
    pub fn new(status: StatusCode, code: ErrorCode, message: impl Into<String>) -> Self {
        Self { status, error: Error::new(code, message), retry_after: None }
    }

    /// What is told beside the status.
    pub fn code(&self) -> ErrorCode {
        self.error.code()
    }

    /// What to do, where the code's own help is about the command.
    #[must_use]
    pub fn help(mut self, text: &'static str) -> Self {
        self.error = self.error.with_help(text);
        self
    }

    /// What is told in words.
    #[cfg(test)]
    pub fn detail(&self) -> &str {
        self.error.message()
    }

    /// Says when to come again, in seconds.
    #[must_use]
    pub fn after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// A file or payload that was refused by the core.
    pub fn unprocessable(error: Error) -> Self {
        let status = match error.code() {
            ErrorCode::InputTooLarge | ErrorCode::BundleTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorCode::BadInput | ErrorCode::BeaconSyntax => StatusCode::BAD_REQUEST,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self { status, error, retry_after: None }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let code = self.error.code();
        let body = json!({
            "type": format!("urn:driftline:code:{}", code.as_str()),
            "title": code.meaning(),
            "status": self.status.as_u16(),
            "detail": self.error.message(),
            "code": code.as_str(),
            "help": self.error.help(),
        });
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, json);
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
