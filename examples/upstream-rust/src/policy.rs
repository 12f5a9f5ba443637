//! What this service does about a scanner.

use axum::http::StatusCode;
use serde::Serialize;

use crate::extract::Reading;
use crate::header::Class;

/// How a request is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Like everybody.
    Allow,
    /// A plain page without forms: a declared scanner has no business logging in.
    Plain,
    /// Pages as usual, but whoever logs in has to prove more than a password.
    StepUp,
    /// Not at all.
    Deny,
}

impl Decision {
    /// Decides by class; an unknown class is treated with the care that an unknown scanner
    /// deserves.
    pub fn on(reading: &Reading) -> Self {
        let Reading::Present(scan) = reading else {
            return Self::Allow;
        };
        match scan.class {
            Some(Class::Malicious) => Self::Deny,
            Some(Class::Benign) => Self::Plain,
            Some(Class::Suspicious | Class::Other(_)) | None => Self::StepUp,
        }
    }

    /// The name in answers and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Plain => "plain",
            Self::StepUp => "step-up",
            Self::Deny => "deny",
        }
    }

    /// The status of an ordinary page, which has `status` for everybody else.
    pub fn page_status(self, status: StatusCode) -> StatusCode {
        match self {
            Self::Allow | Self::Plain | Self::StepUp => status,
            Self::Deny => StatusCode::FORBIDDEN,
        }
    }

    /// The status of the login page.
    pub fn login_status(self) -> StatusCode {
        match self {
            Self::Allow | Self::Plain => StatusCode::OK,
            Self::StepUp => StatusCode::TOO_MANY_REQUESTS,
            Self::Deny => StatusCode::FORBIDDEN,
        }
    }

    /// What the login page offers.
    pub fn login(self) -> &'static str {
        match self {
            Self::Allow => "form",
            Self::StepUp => "captcha",
            Self::Plain | Self::Deny => "none",
        }
    }
}
