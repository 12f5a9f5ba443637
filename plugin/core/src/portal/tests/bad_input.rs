//! Whatever comes is answered or refused in one clear line.

use proptest::prelude::*;

use super::*;

#[test]
fn an_unknown_path_is_told_what_there_is() {
    for path in [
        "/index.html",
        "/v1",
        "/v1/",
        "/v1/feed",
        "/v1/feed.xml",
        "/v1/feed.json/",
        "/V1/feed.json",
        "//v1/feed.json",
        "*",
        "",
    ] {
        let detail = Edge::new().get(path).refused(404);
        assert!(detail.contains("/v1/ip/{ip} /v1/feed."), "{detail}");
    }
}

#[test]
fn another_method_is_told_which_there_are() {
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "get", "", "\u{7f}"] {
        let answer = Edge::new().ask(method, "/v1/feed.json", &[]);
        assert_eq!(answer.header("allow"), "GET, HEAD");
        answer.refused(405);
    }
    Edge::new().ask("HEAD", "/v1/feed.json", &[]).expect(200);
}

#[test]
fn a_parameter_that_is_not_as_it_should_be_is_named() {
    for (query, part) in [
        (
            "x=1",
            "parameter \"x\" is unknown: those here are min_risk, kind",
        ),
        ("max=1&max=2", "parameter \"max\" stands more than once"),
        (
            "max=0",
            "parameter max is \"0\": must be a whole number from 1 to 16384",
        ),
        ("max=16385", "from 1 to 16384"),
        ("max=", "parameter max is \"\""),
        ("max=%2B1", "parameter max is \"+1\""),
        ("max=1e3", "parameter max is \"1e3\""),
        ("min_risk=101", "from 0 to 100"),
        ("min_risk=-1", "parameter min_risk is \"-1\""),
        ("max_age_secs=4294967296", "from 1 to 4294967295"),
        (
            "kind=probe,",
            "parameter kind is \"\": must be probe, vertical",
        ),
        ("kind=Probe", "parameter kind is \"Probe\""),
        ("class=bad", "must be suspicious, malicious, benign"),
        ("family=5", "must be 4 or 6"),
        ("%zz=1", "% must stand before two hex digits"),
        ("max=%4", "\"max\": a % must stand before two hex digits"),
        ("max=%ff", "is not UTF-8"),
        ("a\u{0}\n=1", "\"a\\0\\n\""),
    ] {
        let detail = Edge::new()
            .get(&format!("/v1/feed.json?{query}"))
            .refused(400);
        assert!(detail.contains(part), "{query}: {detail}");
        assert!(!detail.contains('\n'));
    }
    Edge::new().get("/v1/feed.json?").expect(200);
    Edge::new().get("/v1/feed.json?&&max=1&").expect(200);
    let detail = Edge::new().get("/v1/ip/::1?x=1").refused(400);
    assert!(detail.contains("there are none here"), "{detail}");
}

#[test]
fn what_is_too_long_is_not_read() {
    let long = "a".repeat(64 << 10);
    Edge::new()
        .get(&format!("/v1/feed.json?{long}"))
        .refused(414);
    Edge::new().get(&format!("/v1/ip/{long}")).refused(414);
    let detail = Edge::new()
        .get(&format!("/v1/feed.json?{}", "a".repeat(4_000)))
        .refused(400);
    assert!(detail.len() < 300, "{detail}");
    Edge::new()
        .get(&format!("/v1/feed.json?{}", "a&".repeat(40)))
        .refused(400);
}

#[test]
fn a_body_is_refused() {
    let mut edge = Edge::new();
    let pairs = [(&b":method"[..], &b"GET"[..]), (b":path", b"/v1/feed.json")];
    let request = Request::new(pairs.into_iter(), true);
    let asked = edge
        .portal
        .ask(&mut edge.store, &mut edge.detector, NOW, 1, &request);
    let Asked::Answer(response) = asked else {
        panic!()
    };
    assert!(Answer(response).refused(400).contains("body"));
}

#[test]
fn without_a_secret_nothing_is_found() {
    let mut edge = Edge::new();
    edge.detector = Detector::new(Policy::default());
    let answer = edge.get("/v1/ip/::1");
    assert_eq!(answer.header("retry-after"), "1");
    answer.refused(503);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]
    #[test]
    fn any_request_is_answered(
        method in prop_oneof![Just(b"GET".to_vec()), any::<Vec<u8>>()],
        path in prop::collection::vec(
            prop_oneof![
                any::<Vec<u8>>(),
                prop::sample::select(alloc::vec![
                    &b"/v1/"[..], b"ip/", b"feed.", b"json", b"nft", b"?", b"&", b"=", b"max", b"kind", b"%", b"::1", b"%2F"
                ]).prop_map(<[u8]>::to_vec),
            ],
            0..8,
        ),
        header: Vec<u8>,
        has_body: bool,
    ) {
        let path = path.concat();
        let mut edge = Edge::with(r#"{"sources":{"capacity":64}}"#, Config::default());
        let pairs = [
            (&b":method"[..], method.as_slice()), (b":path", &path),
            (b"authorization", &header), (b"if-none-match", &header),
        ];
        let request = Request::new(pairs.into_iter(), has_body);
        let response = match edge.portal.ask(&mut edge.store, &mut edge.detector, NOW, 1, &request) {
            Asked::Answer(response) => Some(response),
            Asked::Pending => (0..1000)
                .find_map(|_| edge.portal.work(&mut edge.store, &mut edge.detector, |_| 7).pop())
                .map(|(_, response)| response),
        };
        let response = response.expect("an answer");
        prop_assert!(response.headers.iter().all(|(_, value)| value.bytes().all(|byte| (0x20..0x7f).contains(&byte))));
        let answer = Answer(response);
        if answer.0.status != 200 {
            answer.json();
        }
    }
}
