//! Envoy's response flags.

/// Flags with their long names and the bits that guests read as `response.flags`.
const FLAGS: [(&str, &str, u64); 9] = [
    ("UT", "UpstreamRequestTimeout", 0x4),
    ("UF", "UpstreamConnectionFailure", 0x20),
    ("UC", "UpstreamConnectionTermination", 0x40),
    ("NR", "NoRouteFound", 0x100),
    ("DC", "DownstreamConnectionTermination", 0x4000),
    ("SI", "StreamIdleTimeout", 0x1_0000),
    ("DPE", "DownstreamProtocolError", 0x4_0000),
    ("NC", "NoClusterFound", 0x100_0000),
    ("DR", "DownstreamRemoteReset", 0x1000_0000),
];

/// As access logs write them.
pub(crate) fn short(flags: &[&'static str]) -> String {
    match flags {
        [] => "-".to_owned(),
        flags => flags.join(","),
    }
}

/// As access logs write them in words.
pub(crate) fn long(flags: &[&'static str]) -> String {
    let name = |flag: &&'static str| {
        let found = FLAGS.iter().find(|(short, ..)| short == flag);
        found.map_or(*flag, |(_, long, _)| *long)
    };
    let names: Vec<&str> = flags.iter().map(name).collect();
    short(&names)
}

/// As guests read them.
pub(crate) fn bits(flags: &[&'static str]) -> u64 {
    let is_set = |(short, ..): &&(&str, &str, u64)| flags.contains(short);
    FLAGS.iter().filter(is_set).map(|(_, _, bit)| bit).sum()
}
