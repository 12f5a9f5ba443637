//! Packs the lists in `data` into what the module holds of them.
//!
//! A line that is not as its file's head describes it stops the build with its number.

extern crate alloc;

use std::net::IpAddr;
use std::path::PathBuf;
use std::{env, fs};

#[allow(dead_code, unreachable_pub, reason = "the crate uses all of it")]
#[path = "src/exploit/entry.rs"]
mod entry;
#[allow(dead_code, unreachable_pub, reason = "the crate uses all of it")]
#[path = "src/exploit/pattern.rs"]
mod pattern;

use entry::{Entry, Kind, Places, Strength};
use pattern::Pattern;

const EXPLOITS: &str = "data/exploits.tsv";
const KNOWN: &str = "data/known-scanners.tsv";

fn main() {
    for path in ["src/exploit/entry.rs", "src/exploit/pattern.rs"] {
        println!("cargo::rerun-if-changed={path}");
    }
    write("exploits.bin", &exploits());
    write("known-scanners.bin", &known_scanners());
}

fn read(path: &str) -> String {
    println!("cargo::rerun-if-changed={path}");
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn write(name: &str, bytes: &[u8]) {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join(name), bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
}

struct Actor<'a> {
    name: &'a str,
    v4: Networks,
    v6: Networks,
}

#[derive(Default)]
struct Networks {
    count: u16,
    bytes: Vec<u8>,
}

impl Networks {
    fn push(&mut self, address: &[u8], prefix: u8) {
        self.count += 1;
        self.bytes.extend(address);
        self.bytes.push(prefix);
    }
}

/// The form is drawn in `src/known.rs`.
fn known_scanners() -> Vec<u8> {
    let text = read(KNOWN);
    let mut actors: Vec<Actor<'_>> = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        if line.starts_with('#') {
            continue;
        }
        let entry = line.split_once('\t').and_then(|(actor, network)| {
            let (address, prefix) = network.split_once('/')?;
            Some((
                actor,
                address.parse::<IpAddr>().ok()?,
                prefix.parse::<u8>().ok()?,
            ))
        });
        let (actor, address, prefix) =
            entry.unwrap_or_else(|| panic!("{KNOWN}:{number}: no actor with a network: {line}"));
        if actors.last().is_none_or(|last| last.name != actor) {
            actors.push(Actor {
                name: actor,
                v4: Networks::default(),
                v6: Networks::default(),
            });
        }
        if let Some(last) = actors.last_mut() {
            match address {
                IpAddr::V4(address) => last.v4.push(&address.octets(), prefix),
                IpAddr::V6(address) => last.v6.push(&address.octets(), prefix),
            }
        }
    }
    let mut packed = Vec::new();
    for Actor { name, v4, v6 } in actors {
        packed.push(u8::try_from(name.len()).expect("names of actors are short"));
        packed.extend(name.bytes());
        for networks in [v4, v6] {
            packed.extend(networks.count.to_le_bytes());
            packed.extend(networks.bytes);
        }
    }
    packed
}

/// The form is that of `src/exploit/entry.rs`.
fn exploits() -> Vec<u8> {
    let mut packed = Vec::new();
    for (line, number) in read(EXPLOITS).lines().zip(1..) {
        if !line.is_empty() && !line.starts_with('#') {
            let is_packed = pack_exploit(line, &mut packed).is_some();
            assert!(
                is_packed,
                "{EXPLOITS}:{number}: not as the head of the file says: {line}"
            );
        }
    }
    packed
}

fn pack_exploit(line: &str, packed: &mut Vec<u8>) -> Option<()> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [
        number,
        name,
        kind,
        strength,
        places,
        pattern,
        _reference,
        _example,
    ] = fields[..]
    else {
        return None;
    };
    let pattern = Pattern::parse(pattern)?;
    let entry = Entry {
        number: number.parse().ok()?,
        kind: Kind::ALL.into_iter().find(|known| known.name() == kind)?,
        strength: match strength {
            "certain" => Strength::Certain,
            "probe" => Strength::Probe,
            "guarded" => Strength::Guarded,
            _ => return None,
        },
        places: places.split(',').try_fold(Places::default(), |all, name| {
            let (_, place) = Places::ALL.into_iter().find(|(known, _)| *known == name)?;
            Some(all.and(place))
        })?,
        is_at_start: pattern.is_at_start,
        is_at_end: pattern.is_at_end,
        name: name.as_bytes(),
        head: &pattern.head,
        tail: &pattern.tail,
    };
    entry.write(packed).then_some(())
}
