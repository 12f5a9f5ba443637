//! The documents against the code: links, commands, snippets, examples and numbers.

use std::{fs, path::Path};

use real_envoy::{envoy::validate_text, workspace_root};
use sfv::{Dictionary, Parser};

const DOCUMENTS: [&str; 6] = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "envoy/README.md",
    "examples/README.md",
    "host-test/README.md",
];

fn read(path: impl AsRef<Path>) -> String {
    let path = workspace_root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What stands between `open` and `close`, each time.
fn between<'a>(text: &'a str, open: &'a str, close: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(open)
        .skip(1)
        .filter_map(move |rest| rest.split_once(close).map(|(inside, _)| inside))
}

#[test]
fn every_link_of_the_documents_leads_somewhere() {
    let mut links = 0;
    for document in DOCUMENTS {
        let text = read(document);
        let folder = Path::new(document).parent().unwrap();
        for link in between(&text, "](", ")") {
            if link.starts_with("https://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => Path::new(document).to_path_buf(),
                path => folder.join(path),
            };
            let exists = workspace_root().join(&target).exists();
            assert!(exists, "{document}: no {path}");
            let is_found = anchor.is_empty() || anchors(&read(&target)).any(|a| a == anchor);
            assert!(is_found, "{document}: no #{anchor} in {}", target.display());
            links += 1;
        }
    }
    assert!(links > 20, "only {links} links were found");
}

/// The anchors of headings, as GitHub makes them.
fn anchors(text: &str) -> impl Iterator<Item = String> + '_ {
    text.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            let words = line.trim_start_matches('#').trim().to_lowercase();
            let kept = words
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
}

#[test]
fn every_path_in_the_documents_exists() {
    const FOLDERS: [&str; 5] = ["envoy/", "examples/", "host-test/", "plugin/", ".ci/"];
    for document in DOCUMENTS {
        let text = read(document);
        let words = text.split(|c: char| c.is_whitespace() || "`()[],:;|".contains(c));
        for path in words.filter(|word| FOLDERS.iter().any(|folder| word.starts_with(folder))) {
            let path = path.trim_end_matches('.').split('#').next().unwrap();
            // `envoy/make-test-cert` makes these.
            let is_made = path.starts_with("envoy/certs");
            let exists = workspace_root().join(path).exists();
            assert!(
                is_made || exists || path.contains('*'),
                "{document}: no {path}"
            );
        }
    }
}

#[test]
fn every_command_in_the_documents_is_a_recipe() {
    let recipes = read("Justfile");
    for document in DOCUMENTS {
        let text = read(document);
        for command in text.split("./justw ").skip(1) {
            let end = command.find(|c: char| !c.is_ascii_lowercase() && c != '-');
            let name = &command[..end.unwrap_or(command.len())];
            let is_recipe = recipes.lines().any(|line| {
                let rest = line.strip_prefix(name);
                rest.is_some_and(|rest| rest.starts_with([':', ' ']))
            });
            assert!(is_recipe, "{document}: ./justw {name}");
        }
    }
}

/// The YAML blocks of the README, by what the comment above says that they are.
fn snippet<'a>(readme: &'a str, kind: &str) -> &'a str {
    let mark = format!("<!-- snippet: {kind} -->\n```yaml\n");
    let (_, rest) = readme
        .split_once(&mark)
        .unwrap_or_else(|| panic!("no {kind}"));
    rest.split_once("```").expect("an end of the block").0
}

/// The snippets, put together as the README says.
fn assembled(readme: &str) -> String {
    let indented = |kind, by: usize| {
        let pad = " ".repeat(by);
        let lines = snippet(readme, kind).lines();
        lines
            .map(|line| format!("{pad}{line}\n"))
            .collect::<String>()
    };
    let bootstrap = snippet(readme, "bootstrap");
    let (network, http) = (indented("network filter", 6), indented("http filter", 12));
    let decoys = indented("listener", 2);
    format!(
        r#"{bootstrap}
static_resources:
  listeners:
  - name: service
    address: {{ socket_address: {{ address: 127.0.0.1, port_value: 10000 }} }}
    filter_chains:
    - filters:
{network}
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: service
          route_config:
            virtual_hosts: [{{ name: all, domains: ["*"], routes: [{{ match: {{ prefix: / }}, direct_response: {{ status: 200 }} }}] }}]
          http_filters:
{http}
            - name: envoy.filters.http.router
              typed_config: {{ "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }}
{decoys}
"#
    )
}

#[test]
fn the_snippets_of_the_readme_make_a_good_configuration() {
    let readme = read("README.md");
    let (blocks, marks) = (readme.matches("```yaml"), readme.matches("<!-- snippet: "));
    assert_eq!(
        blocks.count(),
        marks.count(),
        "a snippet that is not tested"
    );
    let text = assembled(&readme);
    validate_text(&text, None).unwrap_or_else(|refusal| panic!("{refusal}"));
    let wrong = text.replace(r#""decoy":true"#, r#""decoy":7"#);
    let refusal = validate_text(&wrong, None).unwrap_err();
    assert!(
        refusal.contains("portscan: configuration refused: decoy: 7: "),
        "{refusal}"
    );
}

#[test]
fn the_snippets_of_the_readme_are_those_of_the_edge() {
    let (readme, edge) = (read("README.md"), read("envoy/edge.yaml"));
    let known: Vec<&str> = edge.lines().map(str::trim).collect();
    for block in between(&readme, "```yaml\n", "```") {
        for line in block.lines().map(str::trim) {
            let is_known = known.iter().any(|known| known.starts_with(line));
            assert!(
                line.starts_with('#') || is_known,
                "not in edge.yaml: {line}"
            );
        }
    }
}

const KEYS: [&str; 11] = [
    "kind", "risk", "class", "actor", "ports", "hosts", "hits", "first", "last", "tags", "src",
];

#[test]
fn the_headers_in_the_readme_are_such_headers() {
    let readme = read("README.md");
    let examples: Vec<&str> = between(&readme, "x-portscan: ", "\n").collect();
    assert!(examples.len() >= 4, "{examples:?}");
    for example in examples {
        let members: Dictionary = Parser::new(example)
            .parse()
            .unwrap_or_else(|error| panic!("{example}: {error}"));
        let keys: Vec<&str> = members.keys().map(|key| key.as_str()).collect();
        let all_but_actor = KEYS.into_iter().filter(|key| *key != "actor");
        assert!(keys.iter().copied().eq(all_but_actor), "{example}");
    }
    let table = readme
        .split_once("| key | type | meaning |")
        .expect("the table")
        .1;
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let cells = rows.filter_map(|row| row.split('|').nth(1));
    let listed: Vec<&str> = cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    assert_eq!(listed, KEYS);
}
