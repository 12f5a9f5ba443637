//! Validation without a start.

use real_envoy::{
    Scratch,
    envoy::{validate, validate_text},
};

use super::PROXY;

#[test]
fn a_good_configuration_is_valid_as_text_and_as_file() {
    assert!(validate_text(PROXY, None).unwrap().contains("OK"));
    let scratch = Scratch::new().unwrap();
    let file = scratch.write("good.yaml", PROXY).unwrap();
    assert!(validate(&file, None).unwrap().contains("OK"));
}

#[test]
fn a_bad_configuration_is_refused_with_the_words_of_envoy() {
    let bad = PROXY.replace("stat_prefix: plain", "stat_prefix: \"\"");
    let output = validate_text(&bad, None).unwrap_err();
    assert!(output.contains("StatPrefix"), "{output}");
}

#[test]
fn a_missing_envoy_is_named() {
    let error = validate_text(PROXY, Some("/no/such/envoy".as_ref())).unwrap_err();
    assert_eq!(
        error,
        "no envoy at /no/such/envoy: run ./justw setup, or set ENVOY to one"
    );
}
