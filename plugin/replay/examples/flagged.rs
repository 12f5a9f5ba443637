//! `flagged TRACE PORTS`: who is flagged in an accept trace at an edge whose real ports are `PORTS`
//! (such as `80,443`), at medium sensitivity. Prints verdict lines; needs no harness and no module.

use std::env;
use std::error::Error;
use std::path::Path;

use portscan_core::evidence::EvidenceSet;
use portscan_replay::native::Native;
use portscan_replay::replay::replay;
use portscan_replay::setup::Setup;
use portscan_replay::trace::read_file;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [trace, ports] = args.as_slice() else {
        return Err("usage: flagged TRACE PORTS".into());
    };
    let mut setup = Setup::new("", EvidenceSet::default()).map_err(|_| "the default policy")?;
    for port in ports.split(',') {
        setup.real_ports.insert(port.parse()?);
    }
    for line in replay(&read_file(Path::new(trace))?, &setup, Native::new).verdicts {
        println!("{}", serde_json::to_string(&line)?);
    }
    Ok(())
}
