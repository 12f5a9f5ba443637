//! No text makes the reader panic or hang.

use proptest::{collection::vec, prelude::*, sample::Index};

use super::*;
use crate::config::format::Format;

/// The configurations of the project, and pieces that mean something in YAML or in Envoy.
fn texts() -> Vec<String> {
    let folder = fs::read_dir(root().join("envoy")).unwrap();
    let paths = folder.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

const PIECES: &[&str] = &[
    ":",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "*vm",
    "&vm ",
    "*",
    "&",
    "!",
    "!ignore ",
    "!!int ",
    "!!binary ",
    "|\n",
    ">-\n",
    "\n---\n",
    "\n...\n",
    "%YAML 1.1\n",
    "\"",
    "'",
    "#",
    "\t",
    "\n",
    "  ",
    "? ",
    "<<: ",
    "~",
    "null",
    "y",
    "no",
    "-1",
    "0",
    "1e999",
    ".nan",
    "0x",
    "99999999999999999999",
    "%",
    "%REQ(",
    "\u{feff}",
    "\u{0}",
    "é",
    "\u{10ffff}",
    "10s",
    "-5s",
    "@type: ",
    "value: ",
    "typed_config: ",
    "filters: ",
    "{}",
    "[]",
    "[[[[[[[[",
    "{a: {a: {a: ",
    "*sensor",
    "*http",
];

/// A change of a text: at some places something is taken away and something else put in.
fn changed() -> impl Strategy<Value = String> {
    let change = (any::<Index>(), 0_usize..60, any::<Index>(), 0_usize..4);
    let texts = texts();
    (any::<Index>(), vec(change, 1..8)).prop_map(move |(which, changes)| {
        let mut text: Vec<char> = which.get(&texts).chars().collect();
        for (at, taken, piece, repeated) in changes {
            let at = at.index(text.len() + 1);
            let to = (at + taken).min(text.len());
            let piece = piece.get(PIECES).repeat(repeated);
            text.splice(at..to, piece.chars());
        }
        text.into_iter().collect()
    })
}

/// Any sequence of pieces.
fn made() -> impl Strategy<Value = String> {
    vec(any::<Index>(), 0..60).prop_map(|pieces| {
        let pieces = pieces.iter().map(|index| *index.get(PIECES));
        pieces.collect()
    })
}

#[track_caller]
fn survives(text: &str) {
    if let Err(problems) = parse_in(text, "envoy.yaml", Some(&root())) {
        assert!(problems.iter().count() > 0);
        for problem in problems.iter() {
            let line = problem.to_string();
            assert!(!line.contains('\n'), "{line:?}");
            assert!(!problem.message.is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn changed_configurations_are_read_or_refused(text in changed()) {
        survives(&text);
    }

    #[test]
    fn any_pieces_are_read_or_refused(text in made()) {
        survives(&text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        survives(&text);
    }

    #[test]
    fn any_format_string_is_parsed_or_refused(text in "[%A-Z_():?0-9a-z \n]{0,40}") {
        drop(Format::parse(&text));
        drop(cel::parse(&text));
    }
}

#[test]
fn a_bomb_of_aliases_ends_soon() {
    let mut text = "!ignore a: &a { cluster: x }\n".to_owned();
    for (name, of) in ('b'..='z').zip('a'..) {
        let aliases = vec![format!("*{of}"); 8].join(", ");
        text.push_str(&format!("!ignore {name}: &{name} [{aliases}]\n"));
    }
    survives(&text);
    survives(&format!(
        "static_resources: {{ listeners: {} }}",
        "[".repeat(200_000)
    ));
    survives(&"!ignore a: ".repeat(10_000));
    survives(&"(".repeat(10_000));
}

#[test]
fn deep_expressions_and_rules_end_soon() {
    let nested = format!("{}any: true{}", "not_rule: { ".repeat(60), " }".repeat(60));
    survives(&with_filters(&[
        (
            "rbac.v3.RBAC",
            &format!(
                "stat_prefix: a, rules: {{ policies: {{ a: {{ permissions: [{{ {nested} }}], principals: [{{ any: true }}] }} }} }}"
            ),
        ),
        ("echo.v3.Echo", ""),
    ]));
    assert_eq!(
        cel::parse(&"!".repeat(100_000)),
        Err("more than 32 brackets and negations".to_owned())
    );
}
