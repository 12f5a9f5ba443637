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

/// The form is drawn in `src/known.rs`.
fn known_scanners() -> Vec<u8> {
    let text = read(KNOWN);
    let mut actors: Vec<(&str, [Vec<u8>; 2], [u16; 2])> = Vec::new();
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
        if actors.last().is_none_or(|(last, ..)| *last != actor) {
            actors.push((actor, [Vec::new(), Vec::new()], [0, 0]));
        }
        if let Some((_, [v4, v6], [v4_count, v6_count])) = actors.last_mut() {
            match address {
                IpAddr::V4(v4_address) => {
                    v4.extend(v4_address.octets());
                    v4.push(prefix);
                    *v4_count += 1;
                }
                IpAddr::V6(v6_address) => {
                    v6.extend(v6_address.octets());
                    v6.push(prefix);
                    *v6_count += 1;
                }
            }
        }
    }
    let mut packed = Vec::new();
    for (actor, networks, counts) in actors {
        packed.push(u8::try_from(actor.len()).expect("names of actors are short"));
        packed.extend(actor.bytes());
        for (networks, count) in networks.iter().zip(counts) {
            packed.extend(count.to_le_bytes());
            packed.extend(networks);
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
