//! First bytes in any pieces: which protocol they speak and what they fit is told once and for all,
//! and at the latest when the window is full.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portscan_core::first_bytes::protocol::{Fit, Speaks, Spoken, WINDOW, read};

/// A few bytes behind the window: they must change nothing.
const LEN_MAX: usize = WINDOW + 8;

fuzz_target!(|bytes: &[u8]| {
    let bytes = &bytes[..bytes.len().min(LEN_MAX)];
    let whole = read(bytes);
    for end in 0..=bytes.len() {
        let part = read(&bytes[..end]);
        let told = part.spoken();
        assert!(
            told == Spoken::More || told == whole.spoken(),
            "{told:?} of {end}, then {:?}",
            whole.spoken()
        );
        assert!(told != Spoken::More || end < WINDOW);
        if let Spoken::Is(protocol) = told {
            assert!(end < bytes.len() || whole.at_end() == protocol);
        }
        for speaks in Speaks::ALL {
            let (fit, later) = (speaks.fits(part), speaks.fits(whole));
            assert!(
                fit == Fit::More || fit == later,
                "{speaks:?}: {fit:?} of {end}, then {later:?}"
            );
            assert!(fit != Fit::More || end < WINDOW);
        }
    }
});
