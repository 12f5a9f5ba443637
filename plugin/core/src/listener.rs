//! A listener as a sensor knows it, ready to run.

use alloc::boxed::Box;

use crate::config::{Sensor, StandingSource};
use crate::first_bytes::Names;
use crate::first_bytes::protocol::{Speaks, is_login_port};
use crate::model::Place;

/// What the sensor of one listener was told.
#[derive(Clone, Debug)]
pub struct Listener {
    is_decoy: bool,
    /// One bit a port; nothing where there are none.
    real_ports: Box<[u64]>,
    has_logins: bool,
    /// Host names served here.
    pub names: Names,
    /// What clients must speak here, if it matters.
    pub speaks: Option<Speaks>,
    /// Who says that a client was served.
    pub standing: StandingSource,
    /// Seconds after which an open contact is judged; 0 for never.
    pub hold_secs: u16,
}

impl Listener {
    /// The listener of a checked configuration.
    pub fn new(sensor: Sensor) -> Self {
        Self {
            is_decoy: sensor.decoy,
            real_ports: port_bits(&sensor.real_ports),
            has_logins: sensor.login,
            names: Names::new(sensor.names),
            speaks: sensor.speaks,
            standing: sensor.standing,
            hold_secs: sensor.hold_secs,
        }
    }

    /// Whether any port here is real.
    pub const fn has_real_ports(&self) -> bool {
        !self.is_decoy || !self.real_ports.is_empty()
    }

    /// Whether short sessions at `port` here are attempts to log in.
    pub fn is_login(&self, port: u16) -> bool {
        self.has_logins || (self.place(port) == Place::Decoy && is_login_port(port))
    }

    /// What is behind `port` here.
    pub fn place(&self, port: u16) -> Place {
        let word = self
            .real_ports
            .get(usize::from(port / 64))
            .copied()
            .unwrap_or(0);
        let is_real = !self.is_decoy || (word >> (port % 64)) & 1 == 1;
        if is_real { Place::Real } else { Place::Decoy }
    }
}

fn port_bits(ports: &[u16]) -> Box<[u64]> {
    let mut words = alloc::vec![0; if ports.is_empty() { 0 } else { 1024 }];
    for port in ports {
        if let Some(word) = words.get_mut(usize::from(port / 64)) {
            *word |= 1 << (port % 64);
        }
    }
    words.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Role, parse_plugin};

    #[test]
    fn real_ports_of_a_catch_all_are_real() {
        let text = br#"{"role":"sensor","decoy":true,"real_ports":[443,80,443]}"#;
        let Role::Sensor(sensor) = parse_plugin(text).unwrap().role else {
            panic!()
        };
        let listener = Listener::new(sensor);
        let places = [80, 81, 443].map(|port| listener.place(port));
        assert_eq!(places, [Place::Real, Place::Decoy, Place::Real]);
    }
}
