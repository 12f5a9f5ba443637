//! Which targets a source touched with evidence: exact up to eight, then keyed sketches.
//!
//! ```text
//!  up to 8 targets            beyond
//! ┌──────┬──────┐ × 8        ┌──────────────────────────────┐
//! │ port │ host │            │ 256 bits, one per hashed port│   32 bytes either way
//! └──────┴──────┘            └──────────────────────────────┘
//!   u16    u16
//! ```
//! Beside it, 64 bits count local addresses. Bitmaps are read by linear counting (Whang,
//! Vander-Zanden, Taylor, "A linear-time probabilistic counting algorithm", TODS 1990): 256 bits
//! are within 5 % (standard error) up to 64 ports, where the wide sketch takes over.

use crate::state::hash::{Seed, place};

/// Targets that are remembered exactly.
pub const TARGETS_EXACT_MAX: usize = 8;
/// Bytes of the memory of targets in a slot.
pub(crate) const TARGETS_LEN: usize = 32;

const PORT_BITS: u32 = 256;
const HOST_BITS: u32 = 64;

/// A local address and port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The port.
    pub port: u16,
    /// The keyed hash of the local address.
    pub host: u64,
}

impl Target {
    /// The target of a connection to `address` and `port`, under `seed`.
    pub fn new(seed: &Seed, address: core::net::IpAddr, port: u16) -> Self {
        let host = match address {
            core::net::IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            core::net::IpAddr::V6(v6) => v6,
        };
        Self {
            port,
            host: seed.host(&host.octets()),
        }
    }

    fn host_tag(self) -> u16 {
        u16::try_from(self.host & 0xffff).unwrap_or(0)
    }
}

/// The targets of one source in the current memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Targets {
    ports: Ports,
    hosts: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ports {
    /// Ports with tags of their hosts; the first `len` of `list` count.
    Exact {
        len: u8,
        list: [(u16, u16); TARGETS_EXACT_MAX],
    },
    Bitmap([u8; TARGETS_LEN]),
}

/// `len` of a bitmap, as stored.
const BITMAP: u8 = u8::MAX;

impl Targets {
    /// No targets.
    pub const fn empty() -> Self {
        Self {
            ports: Ports::Exact {
                len: 0,
                list: [(0, 0); TARGETS_EXACT_MAX],
            },
            hosts: 0,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::empty()
    }

    /// Remembers `target`; whether it was new. Beyond eight targets one is new when its port or
    /// its address is.
    pub fn insert(&mut self, seed: &Seed, target: Target) -> bool {
        let host_is_new = set_bit_u64(&mut self.hosts, place(target.host, HOST_BITS));
        let Ports::Exact { len, list } = &mut self.ports else {
            return self.insert_into_bitmap(seed, target.port) || host_is_new;
        };
        let entry = (target.port, target.host_tag());
        if list
            .iter()
            .take(usize::from(*len))
            .any(|known| *known == entry)
        {
            return false;
        }
        if let Some(free) = list.get_mut(usize::from(*len)) {
            *free = entry;
            *len += 1;
            return true;
        }
        let listed = *list;
        self.ports = Ports::Bitmap([0; TARGETS_LEN]);
        for (port, _) in listed {
            self.insert_into_bitmap(seed, port);
        }
        self.insert_into_bitmap(seed, target.port);
        true
    }

    fn insert_into_bitmap(&mut self, seed: &Seed, port: u16) -> bool {
        let Ports::Bitmap(bits) = &mut self.ports else {
            return false;
        };
        let position = place(seed.port(port), PORT_BITS);
        let Some(byte) = usize::try_from(position / 8)
            .ok()
            .and_then(|at| bits.get_mut(at))
        else {
            return false;
        };
        let mask = 1 << (position % 8);
        let is_new = *byte & mask == 0;
        *byte |= mask;
        is_new
    }

    /// Distinct ports: exact as long as the list holds, then an estimate that is good up to about
    /// 500 and at most 1,597.
    pub fn port_count(&self) -> u32 {
        match &self.ports {
            Ports::Exact { len, list } => {
                let listed = list.get(..usize::from(*len)).unwrap_or_default();
                count_distinct(listed, |(port, _)| *port)
            }
            Ports::Bitmap(bits) => {
                linear_count(bits.iter().map(|byte| byte.count_zeros()).sum(), PORT_BITS)
            }
        }
    }

    /// Distinct local addresses: exact as long as the list holds, then an estimate, at most 311.
    pub fn host_count(&self) -> u32 {
        match &self.ports {
            Ports::Exact { len, list } => {
                let listed = list.get(..usize::from(*len)).unwrap_or_default();
                count_distinct(listed, |(_, host)| *host)
            }
            Ports::Bitmap(_) => linear_count(self.hosts.count_zeros(), HOST_BITS),
        }
    }

    /// The ports, while they are known exactly.
    pub fn ports(&self) -> impl Iterator<Item = u16> {
        let listed = match &self.ports {
            Ports::Exact { len, list } => list.get(..usize::from(*len)).unwrap_or_default(),
            Ports::Bitmap(_) => &[],
        };
        listed
            .iter()
            .enumerate()
            .filter(|(at, (port, _))| !listed.iter().take(*at).any(|(earlier, _)| earlier == port))
            .map(|(_, (port, _))| *port)
    }

    pub(crate) fn encode(&self) -> (u8, u64, [u8; TARGETS_LEN]) {
        match &self.ports {
            Ports::Bitmap(bits) => (BITMAP, self.hosts, *bits),
            Ports::Exact { len, list } => {
                let mut bytes = [0; TARGETS_LEN];
                for (place, (port, host)) in bytes.chunks_exact_mut(4).zip(list) {
                    let [a, b] = port.to_le_bytes();
                    let [c, d] = host.to_le_bytes();
                    place.copy_from_slice(&[a, b, c, d]);
                }
                (*len, self.hosts, bytes)
            }
        }
    }

    /// Whether targets have this form.
    pub(crate) fn has(mode: u8) -> bool {
        mode == BITMAP || usize::from(mode) <= TARGETS_EXACT_MAX
    }

    pub(crate) fn decode(mode: u8, hosts: u64, bytes: &[u8; TARGETS_LEN]) -> Option<Self> {
        if mode == BITMAP {
            return Some(Self {
                ports: Ports::Bitmap(*bytes),
                hosts,
            });
        }
        if !Self::has(mode) {
            return None;
        }
        let mut list = [(0, 0); TARGETS_EXACT_MAX];
        for (entry, chunk) in list.iter_mut().zip(bytes.chunks_exact(4)) {
            if let [a, b, c, d] = chunk {
                *entry = (u16::from_le_bytes([*a, *b]), u16::from_le_bytes([*c, *d]));
            }
        }
        Some(Self {
            ports: Ports::Exact { len: mode, list },
            hosts,
        })
    }
}

fn count_distinct(listed: &[(u16, u16)], part: impl Fn(&(u16, u16)) -> u16) -> u32 {
    let mut count = 0;
    for (at, entry) in listed.iter().enumerate() {
        if !listed
            .iter()
            .take(at)
            .any(|earlier| part(earlier) == part(entry))
        {
            count += 1;
        }
    }
    count
}

fn set_bit_u64(bits: &mut u64, position: u32) -> bool {
    let mask = 1u64.checked_shl(position).unwrap_or(0);
    let is_new = *bits & mask == 0;
    *bits |= mask;
    is_new
}

/// The estimate `-m ln(zeros / m)`, rounded; for no zeros that of half a zero.
pub(crate) fn linear_count(zeros: u32, bits: u32) -> u32 {
    // ln(m / zeros) in 2^-16, by log2 times ln 2. Integers, so that all machines agree.
    let ratio_log2 = if zeros == 0 {
        log2_q16(bits.saturating_mul(2))
    } else {
        log2_q16(bits).saturating_sub(log2_q16(zeros))
    };
    let estimate = (u64::from(bits) * u64::from(ratio_log2) * LN_2_Q16) >> 16;
    u32::try_from((estimate + (1 << 15)) >> 16).unwrap_or(u32::MAX)
}

/// ln 2 in units of 2^-16.
const LN_2_Q16: u64 = 45_426;

/// log2 of `x` ≥ 1 in units of 2^-16, by repeated squaring (Knuth, TAOCP 1.2.2, exercise 25).
pub(crate) fn log2_q16(x: u32) -> u32 {
    let whole = x.max(1).ilog2();
    let mut mantissa = (u64::from(x.max(1)) << 31) >> whole;
    let mut fraction = 0;
    for _ in 0..16 {
        mantissa = (mantissa * mantissa) >> 31;
        fraction <<= 1;
        if mantissa >= 1 << 32 {
            mantissa >>= 1;
            fraction |= 1;
        }
    }
    (whole << 16) | fraction
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SEED: Seed = Seed::new([3; 16]);

    fn target(host: u8, port: u16) -> Target {
        Target::new(&SEED, [192, 0, 2, host].into(), port)
    }

    #[test]
    fn eight_targets_are_exact() {
        let mut targets = Targets::empty();
        for port in [22, 23, 80, 443, 445] {
            assert!(targets.insert(&SEED, target(1, port)));
            assert!(!targets.insert(&SEED, target(1, port)));
        }
        assert!(targets.insert(&SEED, target(2, 22)));
        assert_eq!((targets.port_count(), targets.host_count()), (5, 2));
        assert!(targets.ports().eq([22, 23, 80, 443, 445]));
    }

    #[test]
    fn sixty_four_ports_are_counted_within_a_tenth() {
        let mut worst = 0;
        for key in 0..50 {
            let seed = Seed::new([key; 16]);
            let mut targets = Targets::empty();
            for port in 1..=64 {
                targets.insert(&seed, target(1, port * 7));
            }
            worst = worst.max(targets.port_count().abs_diff(64));
            assert_eq!(targets.host_count(), 1);
        }
        // Three standard errors of linear counting at 64 of 256.
        assert!(worst <= 9, "{worst}");
    }

    #[test]
    fn one_port_on_many_addresses_stays_one_port() {
        let mut targets = Targets::empty();
        for host in 1..=30 {
            targets.insert(&SEED, target(host, 22));
        }
        assert_eq!(targets.port_count(), 1);
        assert!(
            (24..=36).contains(&targets.host_count()),
            "{}",
            targets.host_count()
        );
    }

    #[test]
    fn a_full_bitmap_has_a_finite_count() {
        let mut targets = Targets::empty();
        for port in 0..=u16::MAX {
            targets.insert(&SEED, target(1, port));
        }
        assert_eq!(targets.port_count(), 1597);
    }

    proptest! {
        #[test]
        fn targets_survive_their_encoding(touched: std::vec::Vec<(u8, u16)>) {
            let mut targets = Targets::empty();
            for (host, port) in touched {
                targets.insert(&SEED, target(host, port));
            }
            let (mode, hosts, bytes) = targets.encode();
            prop_assert_eq!(Targets::decode(mode, hosts, &bytes), Some(targets));
        }

        #[test]
        fn the_logarithm_is_right(x in 1u32..) {
            let exact = f64::from(x).log2() * 65_536.0;
            prop_assert!((f64::from(log2_q16(x)) - exact).abs() <= 2.0);
        }
    }
}
