//! Reports for CI, as JUnit writes them: a test suite for each file.

use quick_junit::{NonSuccessKind, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::{CaseReport, Report, Style, Verdict, case_text};

/// The report as JUnit XML.
///
/// # Errors
///
/// When the report cannot be written as XML.
pub fn junit(report: &Report) -> Result<String, SerializeError> {
    let mut out = quick_junit::Report::new("host-test");
    out.set_time(report.elapsed);
    let mut rest = report.cases.as_slice();
    while let Some(first) = rest.first() {
        let same = |case: &CaseReport| case.file == first.file;
        let end = rest
            .iter()
            .position(|case| !same(case))
            .unwrap_or(rest.len());
        let (cases, after) = rest.split_at(end);
        let mut suite = TestSuite::new(first.file.display().to_string());
        suite.set_time(cases.iter().map(|case| case.elapsed).sum());
        suite.add_test_cases(cases.iter().map(test_case));
        out.add_test_suite(suite);
        rest = after;
    }
    out.to_string()
}

fn test_case(case: &CaseReport) -> TestCase {
    let status = match case.verdict() {
        Verdict::Passed => TestCaseStatus::success(),
        Verdict::Impossible => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(case_text(case, Style::Plain));
            status
        }
        verdict => {
            let kind = match verdict {
                Verdict::Invalid => NonSuccessKind::Error,
                _ => NonSuccessKind::Failure,
            };
            let reason = match &case.result {
                Ok(outcome) => outcome
                    .failures
                    .first()
                    .map(|failure| failure.reason.clone()),
                Err(error) => Some(error.to_string()),
            };
            let mut status = TestCaseStatus::non_success(kind);
            status.set_message(reason.unwrap_or_default());
            status.set_description(case_text(case, Style::Plain));
            status
        }
    };
    let name = if case.name.is_empty() {
        "scenario"
    } else {
        &case.name
    };
    let mut test_case = TestCase::new(name, status);
    test_case.set_classname(case.file.display().to_string());
    test_case.set_time(case.elapsed);
    if let Ok(outcome) = &case.result {
        test_case.set_assertions(outcome.expectations);
    }
    test_case
}
