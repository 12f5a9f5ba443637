//! The service: `/` says what it understood, `/login` asks for more where it should.

use axum::Router;
use axum::http::{Method, StatusCode, Uri, header::CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde::Serialize;

use crate::extract::Reading;
use crate::header::PortScan;
use crate::policy::Decision;

/// All routes.
pub fn router() -> Router {
    Router::new()
        .route("/", any(root))
        .route("/login", any(login))
        .fallback(missing)
}

async fn root(method: Method, uri: Uri, reading: Reading) -> Response {
    let decision = Decision::on(&reading);
    log(
        &method,
        &uri,
        decision.page_status(StatusCode::OK),
        &reading,
    );
    json(
        decision.page_status(StatusCode::OK),
        &Understood::from(&reading),
    )
}

async fn login(method: Method, uri: Uri, reading: Reading) -> Response {
    let decision = Decision::on(&reading);
    log(&method, &uri, decision.login_status(), &reading);
    json(
        decision.login_status(),
        &Login {
            decision,
            login: Some(decision.login()),
        },
    )
}

async fn missing(method: Method, uri: Uri, reading: Reading) -> Response {
    let decision = Decision::on(&reading);
    log(
        &method,
        &uri,
        decision.page_status(StatusCode::NOT_FOUND),
        &reading,
    );
    json(
        decision.page_status(StatusCode::NOT_FOUND),
        &Login {
            decision,
            login: None,
        },
    )
}

#[derive(Serialize)]
struct Understood<'a> {
    header: &'static str,
    scanner: bool,
    decision: Decision,
    #[serde(flatten)]
    scan: Option<&'a PortScan>,
}

impl<'a> From<&'a Reading> for Understood<'a> {
    fn from(reading: &'a Reading) -> Self {
        let (header, scan) = match reading {
            Reading::Absent => ("absent", None),
            Reading::Malformed(_) => ("malformed", None),
            Reading::Present(scan) => ("present", Some(scan)),
        };
        Self {
            header,
            scanner: scan.is_some(),
            decision: Decision::on(reading),
            scan,
        }
    }
}

#[derive(Serialize)]
struct Login {
    decision: Decision,
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<&'static str>,
}

fn json(status: StatusCode, answer: &impl Serialize) -> Response {
    match serde_json::to_string(answer) {
        Ok(body) => (status, [(CONTENT_TYPE, "application/json")], body + "\n").into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn log(method: &Method, uri: &Uri, status: StatusCode, reading: &Reading) {
    // The debug form escapes whatever the client wrote, so that a request stays one line.
    let path: String = uri.path().chars().take(PATH_LOGGED_MAX).collect();
    let decision = Decision::on(reading).as_str();
    println!(
        "{method} {path:?} {} {decision} {}",
        status.as_u16(),
        note(reading)
    );
}

/// The longest part of a path that the log shows, in characters.
const PATH_LOGGED_MAX: usize = 200;

fn note(reading: &Reading) -> String {
    match reading {
        Reading::Absent => "no scanner".to_owned(),
        Reading::Malformed(invalid) => format!("malformed x-portscan: {invalid}"),
        Reading::Present(scan) => format!(
            "class={} kind={} risk={} tags={}",
            scan.class.as_ref().map_or("?", |class| class.as_str()),
            scan.kind.as_ref().map_or("?", |kind| kind.as_str()),
            scan.risk.map_or("?".to_owned(), |risk| risk.to_string()),
            scan.tags.as_deref().unwrap_or_default().join(","),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_says_why_a_header_is_treated_as_absent() {
        check_note(
            "class=",
            "malformed x-portscan: expected start of bare item at index 6",
        );
        check_note(
            "risk=101",
            "malformed x-portscan: risk is 101, out of range",
        );
        check_note(
            "class=malicious, tags=(decoy silent)",
            "class=malicious kind=? risk=? tags=decoy,silent",
        );
        check_note("", "no scanner");
    }

    #[track_caller]
    fn check_note(value: &'static str, expected: &str) {
        let headers = [("x-portscan".parse().unwrap(), value.parse().unwrap())];
        assert_eq!(note(&Reading::of(&headers.into_iter().collect())), expected);
    }
}
