//! A fault, and the text that names it.
//!
//! ```text
//! proxy_get_shared_data#3=CasMismatch       the third call answers this status
//! proxy_get_shared_data#*=CasMismatch       every call does
//! proxy_get_shared_data[a key]=NotFound     every call about this key does
//! proxy_get_shared_data#1=allocation        the allocator gives nothing to it
//! proxy_get_shared_data#1=bytes:1           at most one byte is returned
//! proxy_get_shared_data#1=half              half of the bytes are returned
//! proxy_get_shared_data#1=fuel              the guest has no fuel when it returns
//! ```

use std::fmt;
use std::str::FromStr;

use crate::abi::{HostCall, Status};
use crate::hook::Injection;

/// Something that goes wrong in a host call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The host function.
    pub call: HostCall,
    /// In which of its calls.
    pub place: Place,
    /// What goes wrong.
    pub injection: Injection,
}

/// Which calls of a host function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The call with this number, counted from 1 over all VMs of the process.
    Nth(u64),
    /// All of them.
    Every,
    /// Those about this key.
    Key(Vec<u8>),
}

impl Fault {
    /// Whether a call is one of those.
    #[must_use]
    pub fn is_at(&self, nth: u64, key: &[u8]) -> bool {
        match &self.place {
            Place::Nth(wanted) => *wanted == nth,
            Place::Every => true,
            Place::Key(wanted) => wanted == key,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.call.name())?;
        match &self.place {
            Place::Nth(nth) => write!(f, "#{nth}")?,
            Place::Every => f.write_str("#*")?,
            Place::Key(key) => write!(f, "[{}]", key.escape_ascii())?,
        }
        match self.injection {
            Injection::None => f.write_str("=nothing"),
            Injection::Status(status) => write!(f, "={status:?}"),
            Injection::AllocationFails => f.write_str("=allocation"),
            Injection::Truncate(max) => write!(f, "=bytes:{max}"),
            Injection::Halve => f.write_str("=half"),
            Injection::OutOfFuel => f.write_str("=fuel"),
        }
    }
}

/// A text that names no fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidFault {
    text: String,
    expected: String,
}

impl fmt::Display for InvalidFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no fault: expected {}", self.text, self.expected)
    }
}

impl std::error::Error for InvalidFault {}

impl FromStr for Fault {
    type Err = InvalidFault;

    fn from_str(text: &str) -> Result<Self, InvalidFault> {
        let invalid = |expected: &str| InvalidFault {
            text: text.to_owned(),
            expected: expected.to_owned(),
        };
        let form = "CALL#NUMBER=WHAT, CALL#*=WHAT or CALL[KEY]=WHAT";
        // A key may hold anything, also an equals sign.
        let (at, what) = text.rsplit_once('=').ok_or_else(|| invalid(form))?;
        let (name, place) = match (at.split_once('['), at.split_once('#')) {
            (Some((name, key)), _) if !name.contains('#') => {
                let key = key.strip_suffix(']').ok_or_else(|| invalid(form))?;
                let key =
                    unescape(key).ok_or_else(|| invalid("an escape such as \\x00 in a key"))?;
                (name, Place::Key(key))
            }
            (_, Some((name, "*"))) => (name, Place::Every),
            (_, Some((name, number))) => {
                let number = number.parse().ok().filter(|number| *number > 0);
                let number = number.ok_or_else(|| invalid("a number from 1 on behind the #"))?;
                (name, Place::Nth(number))
            }
            (_, None) => return Err(invalid(form)),
        };
        let call = HostCall::ALL.iter().find(|call| call.name() == name);
        let call = *call.ok_or_else(|| invalid("the name of a host function at the beginning"))?;
        let injection = injection(what).ok_or_else(|| {
            let names: Vec<String> = Status::ALL.iter().map(|s| format!("{s:?}")).collect();
            invalid(&format!(
                "one of allocation, bytes:NUMBER, half, fuel, {} behind the =",
                names.join(", ")
            ))
        })?;
        Ok(Self {
            call,
            place,
            injection,
        })
    }
}

fn injection(text: &str) -> Option<Injection> {
    if let Some(max) = text.strip_prefix("bytes:") {
        return Some(Injection::Truncate(max.parse().ok()?));
    }
    Some(match text {
        "allocation" => Injection::AllocationFails,
        "half" => Injection::Halve,
        "fuel" => Injection::OutOfFuel,
        name => {
            let mut all = Status::ALL.into_iter();
            Injection::Status(all.find(|status| format!("{status:?}") == name)?)
        }
    })
}

/// The bytes that `escape_ascii` has made this text of.
fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next()? {
            b't' => b'\t',
            b'r' => b'\r',
            b'n' => b'\n',
            b'x' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                u8::try_from(high << 4 | low).ok()?
            }
            quoted @ (b'\\' | b'\'' | b'"') => quoted,
            _ => return None,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{Fault, Place};
    use crate::abi::{HostCall, Status};
    use crate::hook::Injection;

    #[test]
    fn what_is_written_is_read() {
        let places = [
            Place::Nth(1),
            Place::Nth(u64::MAX),
            Place::Every,
            Place::Key(b"a=b]#1=x".to_vec()),
            Place::Key((0..=255).collect()),
            Place::Key(Vec::new()),
        ];
        let mut injections = vec![
            Injection::AllocationFails,
            Injection::Truncate(0),
            Injection::Truncate(17),
            Injection::Halve,
            Injection::OutOfFuel,
        ];
        injections.extend(Status::ALL.map(Injection::Status));
        for place in &places {
            for injection in &injections {
                let fault = Fault {
                    call: HostCall::GetSharedData,
                    place: place.clone(),
                    injection: *injection,
                };
                assert_eq!(fault.to_string().parse(), Ok(fault));
            }
        }
    }

    #[test]
    fn a_text_that_is_no_fault_is_told_what_is_missing() {
        let error = |text: &str| text.parse::<Fault>().unwrap_err().to_string();
        for (text, words) in [
            ("", "expected CALL#NUMBER=WHAT"),
            ("proxy_log=Ok", "expected CALL#NUMBER=WHAT"),
            ("proxy_log#0=Ok", "a number from 1 on"),
            ("proxy_log#x=Ok", "a number from 1 on"),
            ("proxy_fly#1=Ok", "the name of a host function"),
            (
                "proxy_log#1=ok",
                "one of allocation, bytes:NUMBER, half, fuel, Ok, NotFound",
            ),
            ("proxy_log[\\q]=Ok", "an escape"),
            ("proxy_log[a=Ok", "expected CALL#NUMBER=WHAT"),
        ] {
            let error = error(text);
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
