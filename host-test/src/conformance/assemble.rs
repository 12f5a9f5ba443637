//! From the text of a guest to a module: imports, literals and the prelude are put in.
//!
//! WebAssembly text has no literals for bytes in memory. Here an instruction may say
//!
//! ```text
//! (str "abc")                 the address and the length of these bytes
//! (pairs "a" "1" "b" "2")     the same of a serialized header map
//! (value) (number) (wide)     where the prelude expects the results of a host function
//! ```
//!
//! and every host function that the text names is imported.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};

use super::Breakage;

/// The module of the guest `text`, in binary form; with a breakage, it meets a host that is broken
/// in this way.
///
/// Fails when the text is no WebAssembly, has more literals than fit, or has nothing to break.
pub(super) fn assemble(text: &str, breakage: Option<&Breakage>) -> Result<Vec<u8>> {
    let mut imports = IMPORTS.to_owned();
    let mut guest = text.to_owned();
    if let Some(breakage) = breakage {
        breakage.apply(&mut imports, &mut guest)?;
    }
    // A guest that is a whole module wants nothing of what follows.
    if is_whole_module(&guest) {
        return wat::parse_str(&guest).context("the guest does not assemble");
    }
    let mut literals = Literals::default();
    let guest = literals.replace(&guest)?;
    let prelude = literals.replace(PRELUDE)?;
    let mut module = String::from("(module\n");
    module.push_str(PRINT);
    let names: BTreeSet<&str> = words(&guest).chain(words(&prelude)).collect();
    for line in imports.lines().filter(|line| line.starts_with("(import")) {
        if names.contains(import_name(line)?) {
            module.push_str(line);
            module.push('\n');
        }
    }
    // The guest comes first: it may have imports of its own, which must come before everything.
    module.push_str(&guest);
    if !guest.contains("proxy_abi_version_") {
        module.push_str("(func (export \"proxy_abi_version_0_2_1\"))\n");
    }
    module.push_str(&prelude);
    literals.write(&mut module);
    module.push_str(")\n");
    wat::parse_str(&module).context("the guest does not assemble")
}

/// Whether a guest brings everything itself.
pub(super) fn is_whole_module(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("(module"))
}

/// The prelude's own way to the log, so that a guest's can be broken.
const PRINT: &str =
    "(import \"env\" \"proxy_log\" (func $print (param i32 i32 i32) (result i32)))\n";
const PRELUDE: &str = include_str!("../../conformance/prelude.wat");
pub(super) const IMPORTS: &str = include_str!("../../conformance/imports.wat");

/// Every `$name` of a text.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || c == '(' || c == ')')
        .filter(|word| word.starts_with('$'))
}

/// The `$name` that a line of the table of imports defines.
fn import_name(line: &str) -> Result<&str> {
    words(line)
        .next()
        .with_context(|| format!("no $name in {line:?}"))
}

/// Bytes at fixed addresses.
#[derive(Default)]
struct Literals {
    addresses: BTreeMap<Vec<u8>, usize>,
    length: usize,
}

impl Literals {
    /// `text` with instructions in place of its literals.
    fn replace(&mut self, text: &str) -> Result<String> {
        let mut out = String::with_capacity(text.len() * 2);
        let mut rest = text;
        while let Some(at) = rest.find(['(', '"', ';']) {
            let (before, found) = rest.split_at(at);
            out.push_str(before);
            rest = self.step(found, &mut out)?;
        }
        out.push_str(rest);
        Ok(out)
    }

    /// Takes what starts at `text`: a literal, a string, a comment, or one character.
    fn step<'a>(&mut self, text: &'a str, out: &mut String) -> Result<&'a str> {
        for (cells, instructions) in CELLS {
            if let Some(rest) = text.strip_prefix(cells) {
                out.push_str(instructions);
                return Ok(rest);
            }
        }
        if let Some(rest) = text.strip_prefix("(str ") {
            let (strings, rest) = strings(rest)?;
            self.instructions(strings.concat(), out)?;
            return Ok(rest);
        }
        if let Some(rest) = text.strip_prefix("(pairs ") {
            let (strings, rest) = strings(rest)?;
            let pairs: Vec<(&[u8], &[u8])> = strings
                .chunks(2)
                .filter_map(|pair| Some((pair.first()?.as_slice(), pair.get(1)?.as_slice())))
                .collect();
            if pairs.len() * 2 != strings.len() {
                bail!("a name without a value before {:?}", head(rest));
            }
            self.instructions(serialize(&pairs), out)?;
            return Ok(rest);
        }
        let length = if text.starts_with(";;") {
            text.find('\n').unwrap_or(text.len())
        } else if text.starts_with('"') {
            let (_, rest) = string(text)?;
            text.len() - rest.len()
        } else {
            1
        };
        let (taken, rest) = text.split_at(length);
        if !taken.starts_with(";;") {
            out.push_str(taken);
        }
        Ok(rest)
    }

    fn instructions(&mut self, bytes: Vec<u8>, out: &mut String) -> Result<()> {
        let length = bytes.len();
        let next = FIRST + self.length;
        let at = *self.addresses.entry(bytes).or_insert(next);
        if at == next {
            // A byte between literals: an overrun does not read the next one.
            self.length += length + 1;
        }
        if FIRST + self.length > LAST {
            bail!("more than {} bytes of literals", LAST - FIRST);
        }
        out.push_str(&format!("(i32.const {at}) (i32.const {length})"));
        Ok(())
    }

    fn write(&self, module: &mut String) {
        for (bytes, at) in &self.addresses {
            module.push_str(&format!("(data (i32.const {at}) \""));
            for byte in bytes {
                module.push_str(&format!("\\{byte:02x}"));
            }
            module.push_str("\")\n");
        }
    }
}

/// A header map as the ABI passes it: their number, the lengths of each name and value, then names
/// and values, each with a zero byte after it.
fn serialize(pairs: &[(&[u8], &[u8])]) -> Vec<u8> {
    let word = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    let mut out = word(pairs.len()).to_vec();
    for (name, value) in pairs {
        out.extend_from_slice(&word(name.len()));
        out.extend_from_slice(&word(value.len()));
    }
    for part in pairs.iter().flat_map(|(name, value)| [name, value]) {
        out.extend_from_slice(part);
        out.push(0);
    }
    out
}

/// The memory plan of the prelude.
const FIRST: usize = 1024;
const LAST: usize = 65_536;
const CELLS: [(&str, &str); 3] = [
    ("(value)", "(i32.const 16) (i32.const 20)"),
    ("(number)", "(i32.const 24)"),
    ("(wide)", "(i32.const 32)"),
];

/// The strings up to the next closing parenthesis, and what follows it.
fn strings(text: &str) -> Result<(Vec<Vec<u8>>, &str)> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while rest.starts_with('"') {
        let (bytes, after) = string(rest)?;
        found.push(bytes);
        rest = after.trim_start();
    }
    let after = rest
        .strip_prefix(')')
        .with_context(|| format!("no closing parenthesis at {:?}", head(rest)))?;
    Ok((found, after))
}

/// The bytes of the quoted string at the start of `text`, and what follows it.
fn string(text: &str) -> Result<(Vec<u8>, &str)> {
    let mut bytes = Vec::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((bytes, text.get(at + 1..).unwrap_or_default())),
            '\\' => {
                let escape = chars.next().map(|(_, c)| c);
                match escape {
                    Some('n') => bytes.push(b'\n'),
                    Some(quoted @ ('"' | '\\')) => bytes.push(quoted as u8),
                    Some(high) => {
                        let digits = chars.next().map(|(_, low)| String::from_iter([high, low]));
                        let digits = digits.unwrap_or_default();
                        let byte = u8::from_str_radix(&digits, 16)
                            .with_context(|| format!("escape \\{digits} in {:?}", head(text)))?;
                        bytes.push(byte);
                    }
                    None => break,
                }
            }
            _ => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bail!("a string without an end: {:?}", head(text))
}

fn head(text: &str) -> String {
    text.chars().take(40).collect()
}
