//! Takes a format string apart, where Envoy's regular expression does.

use super::{Part, command::Command, command::InvalidFormat};

/// Literals and commands of `text`, in order.
pub(super) fn parts(text: &str) -> Result<Vec<Part>, InvalidFormat> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        literal.push_str(before);
        if let Some(escaped) = after.strip_prefix('%') {
            literal.push('%');
            rest = escaped;
            continue;
        }
        let at = text.len() - after.len() - 1;
        let (command, behind) = command(after).ok_or(InvalidFormat::NoCommand(at))?;
        if !literal.is_empty() {
            parts.push(Part::Literal(std::mem::take(&mut literal)));
        }
        parts.push(Part::Command(command?));
        rest = behind;
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        parts.push(Part::Literal(literal));
    }
    Ok(parts)
}

/// The command at the beginning of `text`, which is behind its first `%`, and what is behind its
/// last one; `None` when it has not the shape of one.
fn command(text: &str) -> Option<(Result<Command, InvalidFormat>, &str)> {
    let end = text
        .find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'))
        .filter(|end| *end > 0)?;
    let (name, rest) = text.split_at(end);
    let Some(inside) = rest.strip_prefix('(') else {
        let (length, behind) = length_and_end(rest)?;
        return Some((Command::new(name, "", length), behind));
    };
    // The first bracket that what ends a command follows, in the same line.
    let line = inside.split('\n').next().unwrap_or_default();
    line.match_indices(')').find_map(|(at, _)| {
        let (parameters, behind) = inside.split_at_checked(at)?;
        let (length, behind) = length_and_end(behind.strip_prefix(')')?)?;
        Some((Command::new(name, parameters, length), behind))
    })
}

/// `:length%` or `%`, and what is behind it.
fn length_and_end(text: &str) -> Option<(Option<usize>, &str)> {
    let Some(rest) = text.strip_prefix(':') else {
        return Some((None, text.strip_prefix('%')?));
    };
    let (digits, behind) = rest.split_once('%')?;
    // `parse` would take a sign too.
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let length = is_number.then(|| digits.parse().ok()).flatten()?;
    Some((Some(length), behind))
}
