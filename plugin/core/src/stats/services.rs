//! What usually listens at a port.

/// The name of the service at `port`, of those that scanners look for most; `None` for all others.
///
/// Names after the registry of IANA where it has what is really found there.
pub fn name(port: u16) -> Option<&'static str> {
    let at = SERVICES.binary_search_by_key(&port, |(port, _)| *port).ok();
    SERVICES.get(at?).map(|(_, name)| *name)
}

/// By port.
static SERVICES: [(u16, &str); 93] = [
    (7, "echo"),
    (21, "ftp"),
    (22, "ssh"),
    (23, "telnet"),
    (25, "smtp"),
    (53, "dns"),
    (80, "http"),
    (81, "http-alt"),
    (88, "kerberos"),
    (102, "s7comm"),
    (110, "pop3"),
    (111, "rpcbind"),
    (119, "nntp"),
    (135, "msrpc"),
    (139, "netbios-ssn"),
    (143, "imap"),
    (179, "bgp"),
    (389, "ldap"),
    (443, "https"),
    (444, "https-alt"),
    (445, "smb"),
    (465, "smtps"),
    (502, "modbus"),
    (512, "rexec"),
    (513, "rlogin"),
    (514, "rsh"),
    (515, "printer"),
    (548, "afp"),
    (554, "rtsp"),
    (587, "submission"),
    (623, "ipmi"),
    (631, "ipp"),
    (636, "ldaps"),
    (873, "rsync"),
    (990, "ftps"),
    (993, "imaps"),
    (995, "pop3s"),
    (1080, "socks"),
    (1099, "java-rmi"),
    (1194, "openvpn"),
    (1433, "mssql"),
    (1521, "oracle"),
    (1723, "pptp"),
    (1883, "mqtt"),
    (2049, "nfs"),
    (2082, "cpanel"),
    (2083, "cpanel-tls"),
    (2222, "ssh-alt"),
    (2323, "telnet-alt"),
    (2375, "docker"),
    (2376, "docker-tls"),
    (2379, "etcd"),
    (3000, "http-dev"),
    (3128, "http-proxy"),
    (3306, "mysql"),
    (3389, "rdp"),
    (3690, "svn"),
    (4444, "metasploit"),
    (4786, "cisco-smi"),
    (5000, "upnp"),
    (5060, "sip"),
    (5061, "sips"),
    (5432, "postgresql"),
    (5555, "adb"),
    (5672, "amqp"),
    (5900, "vnc"),
    (5901, "vnc-1"),
    (5984, "couchdb"),
    (5985, "winrm"),
    (5986, "winrm-tls"),
    (6000, "x11"),
    (6379, "redis"),
    (6443, "kubernetes"),
    (6667, "irc"),
    (7001, "weblogic"),
    (7547, "cwmp"),
    (8000, "http-alt"),
    (8008, "http-alt"),
    (8080, "http-alt"),
    (8081, "http-alt"),
    (8086, "influxdb"),
    (8291, "winbox"),
    (8443, "https-alt"),
    (8545, "ethereum"),
    (8728, "mikrotik"),
    (8888, "http-alt"),
    (9000, "http-dev"),
    (9200, "elasticsearch"),
    (9443, "https-alt"),
    (10250, "kubelet"),
    (11211, "memcached"),
    (27017, "mongodb"),
    (37777, "dahua"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_in_order_and_found() {
        assert!(SERVICES.is_sorted_by(|(a, _), (b, _)| a < b));
        assert!(
            SERVICES
                .iter()
                .all(|(port, known)| name(*port) == Some(known))
        );
        assert_eq!(name(23), Some("telnet"));
        assert_eq!(name(24), None);
    }
}
