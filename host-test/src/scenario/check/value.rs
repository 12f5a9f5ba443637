//! Values of steps: bytes, addresses, header lines, answers.

use std::net::{IpAddr, SocketAddr};

use crate::scenario::expression::Scope;
use crate::scenario::invalid::InvalidScenario;
use crate::scenario::model::{Answer, Destination, Message};
use crate::scenario::raw;
use crate::scenario::text::{Place, Text};

/// The bytes in one of their three forms.
pub(super) fn bytes(bytes: &raw::Bytes, scope: &Scope<'_>) -> Result<Vec<u8>, InvalidScenario> {
    match bytes {
        raw::Short::Text(text) => Ok(text.expand(scope)?.into_bytes()),
        raw::Short::Full(at) => bytes_form(&at.value, at.place, scope),
    }
}

/// The bytes in one of their three forms, `times` times.
pub(super) fn bytes_form(
    form: &raw::BytesForm,
    place: Place,
    scope: &Scope<'_>,
) -> Result<Vec<u8>, InvalidScenario> {
    let once = match (&form.text, &form.hex, &form.base64) {
        (Some(text), None, None) => text.expand(scope)?.into_bytes(),
        (None, Some(text), None) => hex(text, scope)?,
        (None, None, Some(text)) => {
            let digits = text.expand(scope)?;
            crate::config::base64::decode(&digits)
                .ok_or_else(|| text.error("expected base64 (RFC 4648)"))?
        }
        _ => {
            return Err(InvalidScenario::at(
                place,
                "expected one of text, hex, base64",
            ));
        }
    };
    let times = match &form.times {
        Some(times) => times.parse(scope, "a number")?,
        None => 1,
    };
    let fits = once
        .len()
        .checked_mul(times)
        .is_some_and(|length| length <= BYTES_MAX);
    if !fits {
        let reason = format!("more than {BYTES_MAX} bytes, which is the most in one step");
        return Err(InvalidScenario::at(place, reason));
    }
    Ok(once.repeat(times))
}

/// Hexadecimal digits, white space left out.
pub(super) fn hex(text: &Text, scope: &Scope<'_>) -> Result<Vec<u8>, InvalidScenario> {
    let digits = text.expand(scope)?;
    let digits: Option<Vec<u8>> = digits
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let invalid = || text.error("expected an even number of hexadecimal digits");
    let digits = digits
        .filter(|digits| digits.len() % 2 == 0)
        .ok_or_else(invalid)?;
    let pairs = digits.chunks_exact(2);
    Ok(pairs
        .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
        .collect())
}

/// An address with or without a port, which is 0 then.
pub(super) fn client(text: &Text, scope: &Scope<'_>) -> Result<SocketAddr, InvalidScenario> {
    let address = text.expand(scope)?;
    if let Ok(address) = address.parse::<IpAddr>() {
        return Ok(SocketAddr::new(address, 0));
    }
    address.parse().map_err(|_| {
        text.error(format!(
            "expected an address as 203.0.113.7, 203.0.113.7:40000, 2001:db8::7 or \
             [2001:db8::7]:40000, found {address:?}"
        ))
    })
}

/// An address with a port.
pub(super) fn address(text: &Text, scope: &Scope<'_>) -> Result<SocketAddr, InvalidScenario> {
    text.parse(
        scope,
        "an address with a port, as 192.0.2.1:80 or [2001:db8::1]:80",
    )
}

/// The name of a listener, a port, or an address with a port.
pub(super) fn destination(text: &Text, scope: &Scope<'_>) -> Result<Destination, InvalidScenario> {
    let name = text.expand(scope)?;
    if let Ok(address) = name.parse() {
        return Ok(Destination::Address(address));
    }
    if name.bytes().all(|byte| byte.is_ascii_digit()) {
        return name
            .parse()
            .map(Destination::Port)
            .map_err(|_| text.error(format!("expected a port out of 0 to 65535, found {name:?}")));
    }
    if name.parse::<IpAddr>().is_ok() {
        let reason = format!(
            "expected the name of a listener, a port, or an address with a port, found {name:?}"
        );
        return Err(text.error(reason));
    }
    Ok(Destination::Listener(name))
}

/// Header lines: names are written in lower case on the wire.
pub(super) fn headers(
    lines: &[raw::HeaderLine],
    scope: &Scope<'_>,
) -> Result<Vec<(String, String)>, InvalidScenario> {
    let mut headers = Vec::new();
    for (name, value) in lines.iter().flat_map(|line| &line.0) {
        let text = name.expand(scope)?;
        let valid = !text.is_empty() && text.bytes().all(|byte| byte > b' ' && byte < 0x7f);
        if !valid {
            return Err(name.error(format!("expected the name of a header, found {text:?}")));
        }
        headers.push((text, value.expand(scope)?));
    }
    Ok(headers)
}

/// What an upstream answers.
pub(super) fn answer(raw: &raw::Answer, scope: &Scope<'_>) -> Result<Answer, InvalidScenario> {
    if raw.reset {
        return Ok(Answer::Reset);
    }
    let status = match &raw.status {
        Some(status) => {
            let number = status.parse(scope, "a status out of 200 to 599")?;
            if !(200..600).contains(&number) {
                return Err(status.error("expected a status out of 200 to 599"));
            }
            number
        }
        None => 200,
    };
    Ok(Answer::Response(
        status,
        Message {
            headers: headers(&raw.headers, scope)?,
            body: raw
                .body
                .as_ref()
                .map_or(Ok(Vec::new()), |body| bytes(body, scope))?,
            trailers: headers(&raw.trailers, scope)?,
        },
    ))
}

const BYTES_MAX: usize = 64 << 20;
