//! Tests of which protocol first bytes speak.

mod traces;

use proptest::prelude::*;
use std::string::String;
use std::vec::Vec;

use super::*;

const TLS: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
const MYSQL: &[u8] = b"\xb6\x00\x00\x01\x85\xa6\xff\x01\x00\x00\x00\x01\x21\0\0\0\0\0\0\0\0\0\0";
const MONGODB: &[u8] = b"\x3b\0\0\0\x01\0\0\0\0\0\0\0\xd4\x07\0\0\0\0\0\0admin.$cmd\0";
const POSTGRES: &[u8] = b"\0\0\0\x13\0\x03\0\0user\0ada\0\0";

/// What clients send first, and what it is.
const SAMPLES: &[(Protocol, &[u8])] = &[
    (Protocol::Tls, TLS),
    (Protocol::Tls, b"\x16\x03\x00\x00\x69\x01"),
    // SSL 2.0, and the hello of its form that offers TLS 1.0.
    (
        Protocol::Tls,
        b"\x80\x2e\x01\0\x02\0\x15\0\0\0\x10\x07\0\xc0",
    ),
    (
        Protocol::Tls,
        b"\x80\x55\x01\x03\x01\0\x3c\0\0\0\x10\0\0\x39",
    ),
    (Protocol::Ssh, b"SSH-2.0-OpenSSH_9.7\r\n"),
    (Protocol::Ssh, b"SSH-1.5-OpenSSH_6.2\n"),
    (
        Protocol::Rdp,
        b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x0b\0\0\0",
    ),
    (
        Protocol::Rdp,
        b"\x03\0\0\x2f\x2a\xe0\0\0\0\0\0Cookie: mstshash=ada\r\n",
    ),
    (Protocol::Smb, b"\0\0\0\x45\xffSMBr\0\0\0\0"),
    (Protocol::Smb, b"\0\0\x01\x02\xfeSMB@\0"),
    (
        Protocol::Smb,
        b"\x81\0\0\x44 CKFDENECFDEFFCFGEFFCCACACACACACA\0",
    ),
    (Protocol::Socks, b"\x05\x01\0"),
    (Protocol::Socks, b"\x05\x03\0\x01\x02"),
    (Protocol::Socks, b"\x04\x01\0\x50\xc0\0\x02\x01\0"),
    (Protocol::Socks, b"\x04\x01\x01\xbb\xc0\0\x02\x01nobody\0"),
    (Protocol::Vnc, b"RFB 003.008\n"),
    (Protocol::Telnet, b"\xff\xfd\x03\xff\xfb\x1f"),
    (
        Protocol::Http2,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x06\x04",
    ),
    (Protocol::Crlf, b"\r\n\r\n"),
    (Protocol::Crlf, b"\n"),
    (Protocol::Sip, b"OPTIONS sip:nm SIP/2.0\r\n"),
    (Protocol::Sip, b"REGISTER sip:example.org SIP/2.0\r\n"),
    (
        Protocol::Sip,
        b"INFO sip:ada@example.org;user=phone SIP/2.0\r\n",
    ),
    (Protocol::Rtsp, b"OPTIONS / RTSP/1.0\r\n"),
    (Protocol::Rtsp, b"OPTIONS rtsp://192.0.2.1:554 RTSP/1.0\r\n"),
    (
        Protocol::Rtsp,
        b"DESCRIBE rtsp://192.0.2.1/ch0 RTSP/1.0\r\n",
    ),
    (Protocol::Imap, b"a001 CAPABILITY\r\n"),
    (Protocol::Imap, b". login ada secret\r\n"),
    (Protocol::Http1, b"GET / HTTP/1.1\r\n"),
    (Protocol::Http1, b"GET /bad.html\r\n"),
    (Protocol::Http1, b"OPTIONS * HTTP/1.1\r\n"),
    (
        Protocol::Http1,
        b"OPTIONS /a/path/longer/than/the/window HTTP/1.1\r\n",
    ),
    (Protocol::Http1, b"PROPFIND /dav HTTP/1.1\r\n"),
    (Protocol::Http1, b"M-SEARCH http://192.0.2.1/ HTTP/1.1\r\n"),
    (Protocol::Http1, b"CONNECT mail.example.org:25 HTTP/1.1\r\n"),
    (Protocol::Http1, b"SUBSCRIBE /event HTTP/1.1\r\n"),
    (Protocol::Http1, b"\xc3\x83 / HTTP/1.1\r\n"),
    (Protocol::Http1, b"XGETHTTP/1.1\n"),
    (Protocol::Http1, b"get /x\r\n"),
    (Protocol::Ftp, b"USER anonymous\r\n"),
    (Protocol::Ftp, b"FEAT\r\n"),
    (Protocol::Ftp, b"AUTH TLS\r\n"),
    (Protocol::Smtp, b"EHLO mail.example.org\r\n"),
    (Protocol::Smtp, b"helo x\n"),
    (Protocol::Pop3, b"CAPA\r\n"),
    (Protocol::Pop3, b"APOP ada 0123"),
    (Protocol::Redis, b"*1\r\n$4\r\nPING\r\n"),
    (Protocol::Redis, b"PING\r\n"),
    (Protocol::Redis, b"INFO\r\n"),
    (Protocol::MySql, MYSQL),
    (Protocol::Postgres, POSTGRES),
    (Protocol::Postgres, b"\0\0\0\x08\x04\xd2\x16\x2f"),
    (Protocol::Postgres, b"\0\0\0\x08\x04\xd2\x16\x30"),
    (
        Protocol::Postgres,
        b"\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\x01\0\0\0\x02",
    ),
    (Protocol::MongoDb, MONGODB),
    (
        Protocol::MongoDb,
        b"\x41\0\0\0\x3a\x30\0\0\xff\xff\xff\xff\xdd\x07\0\0",
    ),
    (Protocol::Text, b"hello\n"),
    (Protocol::Text, b"<?xml version='1.0'?><stream:stream>"),
    (Protocol::Text, b"GETTING nowhere\r\n"),
    (Protocol::Text, b"fox a 1 -1 fox hello\n"),
    // DCE/RPC, DNP3 (whole and damaged), ONC RPC, a controller on TPKT, Kerberos, Kafka, AJP.
    (
        Protocol::Other,
        b"\x05\0\x0b\x03\x10\0\0\0\x48\0\0\0\x01\0\0\0",
    ),
    (
        Protocol::Other,
        b"\x05\x05\x11\xc4\x04\0\x03\0\x46\xa2\xc2\xc2\x14\x3c\x02\x06",
    ),
    (
        Protocol::Other,
        b"\x05\x64\x08\xc4\x02\0\x03\0\x36\xac\xe3\xc4\x17\x4b\x5a\0",
    ),
    (
        Protocol::Other,
        b"\x80\0\0\x28\x7c\x12\xaf\x6e\0\0\0\0\0\0\0\x02",
    ),
    (
        Protocol::Other,
        b"\x03\0\0\x16\x11\xe0\0\0\0\x04\0\xc1\x02\x01\0\xc2",
    ),
    (
        Protocol::Other,
        b"\0\0\0\xbd\x6a\x81\xba\x30\x81\xb7\xa1\x03\x02\x01\x05\xa2",
    ),
    (Protocol::Other, b"\0\0\0\x12\0\x03\0\0\0\0\0\x09\0\x04test"),
    (Protocol::Other, b"\x12\x34\0\x47\x02\x02\0\x08HTTP/1.1\0"),
];

#[test]
fn each_protocol_is_told() {
    for (protocol, bytes) in SAMPLES {
        assert_eq!(
            spoken(bytes),
            Spoken::Is(*protocol),
            "{}",
            bytes.escape_ascii()
        );
    }
    for protocol in Protocol::NAMED {
        assert!(
            SAMPLES.iter().any(|(sample, _)| *sample == protocol),
            "{protocol:?} has no sample"
        );
    }
}

#[test]
fn protocols_are_in_the_order_of_their_numbers() {
    for (number, protocol) in Protocol::NAMED.into_iter().enumerate() {
        assert_eq!(protocol as usize, number);
    }
}

#[test]
fn half_a_beginning_is_too_early() {
    for bytes in [
        &b""[..],
        b"G",
        b"GET",
        b"e",
        b"PRI * HTTP/2.0\r\n",
        b"OPTIONS",
        b"OPTIONS / RTS",
        b"a001 LOGI",
        b"\x16",
        b"\x16\x03\x01\x02\x00",
        b"\x05\x02\0",
        b"\x02",
        b"*12",
        b"SSH",
    ] {
        assert_eq!(spoken(bytes), Spoken::More, "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_beginning_that_stays_one_is_text_or_nothing() {
    for (protocol, bytes) in SAMPLES {
        let at_end = read(bytes).at_end();
        assert_eq!(at_end, *protocol, "{}", bytes.escape_ascii());
    }
    for (bytes, expected) in [
        (&b"GET"[..], Protocol::Text),
        (b"hello", Protocol::Text),
        (b"T\n", Protocol::Text),
        (b"USER ada", Protocol::Ftp),
        (b"", Protocol::Text),
        (b"\x16\x03", Protocol::Other),
        (b"\x02", Protocol::Other),
    ] {
        let at_end = read(bytes).at_end();
        assert_eq!(at_end, expected, "{}", bytes.escape_ascii());
    }
}

#[test]
fn clients_fit_the_listener_of_their_protocol_and_of_no_other() {
    let known: &[(Speaks, &[u8])] = &[
        (Speaks::Http, b"GET / HTTP/1.1\r\n"),
        (Speaks::Http, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        (Speaks::Http, b"\r\nPOST /x HTTP/1.1\r\n"),
        (Speaks::Ssh, b"SSH-2.0-Go\r\n"),
        (Speaks::Smb, b"\0\0\0\x45\xffSMB"),
        (Speaks::Socks, b"\x04\x01\0\x50\xc0\0\x02\x01\0"),
        (Speaks::Redis, b"*1\r\n"),
        (Speaks::Mysql, MYSQL),
        (Speaks::Postgres, POSTGRES),
        (Speaks::Mongodb, MONGODB),
        (Speaks::Smtp, b"EHLO x\r\n"),
        (Speaks::Pop3, b"STLS\r\n"),
        (Speaks::Ftp, b"SYST\r\n"),
        (Speaks::Imap, b"1 STARTTLS\r\n"),
        (Speaks::Sip, b"OPTIONS sips:nm SIP/2.0\r\n"),
        (Speaks::Rtsp, b"OPTIONS * RTSP/1.0\r\n"),
        (Speaks::Vnc, b"RFB 003.008\n"),
        (Speaks::Rdp, b"\x03\0\0\x0b\x06\xe0\0\0\0\0\0"),
    ];
    for (speaks, bytes) in known {
        for other in Speaks::ALL {
            // Plain lines are good telnet.
            let is_line = other == Speaks::Telnet && bytes.is_ascii() && bytes.contains(&b'\n');
            let expected = if other == *speaks || is_line {
                Fit::Yes
            } else {
                Fit::No
            };
            let fit = other.fits(read(bytes));
            assert_eq!(fit, expected, "{other:?}: {}", bytes.escape_ascii());
        }
    }
}

#[test]
fn protocols_that_begin_alike_fit_alike() {
    let alike: &[(&[u8], &[Speaks])] = &[
        (TLS, &[Speaks::Tls, Speaks::Rdp, Speaks::Postgres]),
        (
            b"USER ada\r\n",
            &[Speaks::Ftp, Speaks::Pop3, Speaks::Telnet],
        ),
        (
            b"QUIT\r\n",
            &[
                Speaks::Ftp,
                Speaks::Smtp,
                Speaks::Pop3,
                Speaks::Redis,
                Speaks::Telnet,
            ],
        ),
        (
            b"GET key\r\n",
            &[Speaks::Http, Speaks::Redis, Speaks::Telnet],
        ),
        (
            b"NOTIFY sip:ada SIP/2.0\r\n",
            &[Speaks::Sip, Speaks::Telnet],
        ),
        (b"\xff\xfb\x01", &[Speaks::Telnet]),
        // A MySQL login of 261 bytes begins like the SOCKS client that offers one method.
        (
            b"\x05\x01\0\x01\x85\xa6\xff\x01\0\0\0\x01\x21\0\0\0\0\0\0\0",
            &[Speaks::Socks, Speaks::Mysql],
        ),
        (
            b"\x04\x01\0\x01\x85\xa6\xff\x01\0\0\0\x01\x21\0\0\0\0\0\0\0",
            &[Speaks::Mysql],
        ),
    ];
    for (bytes, expected) in alike {
        for speaks in Speaks::ALL {
            let fits = speaks.fits(read(bytes)) == Fit::Yes;
            assert_eq!(
                fits,
                expected.contains(&speaks),
                "{speaks:?}: {}",
                bytes.escape_ascii()
            );
        }
    }
}

#[test]
fn empty_lines_alone_fit_telnet_and_may_go_on_elsewhere() {
    let reading = read(b"\r\n\r\n");
    assert_eq!(Speaks::Telnet.fits(reading), Fit::Yes);
    assert_eq!(Speaks::Http.fits(reading), Fit::More);
    assert_eq!(Speaks::Tls.fits(reading), Fit::No);
    assert_eq!(Speaks::Http.fits(read(b"\r\n\x01")), Fit::No);
    assert_eq!(Speaks::Http.fits(read(&[b'\n'; WINDOW])), Fit::No);
}

#[test]
fn every_word_of_the_configuration_is_another() {
    let mut names: Vec<&str> = Speaks::ALL.map(Speaks::name).into();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Speaks::ALL.len());
    for (number, speaks) in Speaks::ALL.into_iter().enumerate() {
        assert_eq!(speaks as usize, number);
    }
}

/// Bytes that come near what protocols begin with: two pieces of samples, a few bytes between.
fn likely_bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = || {
        let sample = prop::sample::select(SAMPLES);
        (sample, any::<prop::sample::Index>())
            .prop_map(|((_, bytes), end)| bytes[..end.index(bytes.len() + 1)].to_vec())
    };
    let between = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..4),
        "[ -~\r\n]{0,6}".prop_map(String::into_bytes),
    ];
    (piece(), between, piece()).prop_map(|(start, middle, end)| [start, middle, end].concat())
}

/// What was said of a part holds for the whole.
fn check_every_part(bytes: &[u8]) -> Result<(), TestCaseError> {
    let whole = read(bytes);
    for len in 0..=bytes.len() {
        let part = read(&bytes[..len]);
        let told = part.spoken();
        prop_assert!(told == Spoken::More || told == whole.spoken(), "{len}");
        prop_assert!(told != Spoken::More || len < WINDOW, "{len}");
        for speaks in Speaks::ALL {
            let fit = speaks.fits(part);
            prop_assert!(fit == Fit::More || fit == speaks.fits(whole), "{len}");
            prop_assert!(fit != Fit::More || len < WINDOW, "{len}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_told_of_likely_bytes_stays_so_as_more_come(bytes in likely_bytes()) {
        check_every_part(&bytes)?;
    }

    #[test]
    fn what_is_told_of_any_bytes_stays_so_as_more_come(
        bytes in prop::collection::vec(any::<u8>(), 0..48),
    ) {
        check_every_part(&bytes)?;
    }

    #[test]
    fn bytes_behind_the_window_change_nothing(
        bytes in likely_bytes(),
        filling in "[ -~]{32}",
        more in "[ -~]{0,9}( HTTP/| RTSP/|\n|\x00)[ -~]{0,9}",
    ) {
        let whole = [&bytes[..], filling.as_bytes()].concat();
        let window = &whole[..WINDOW];
        prop_assert_eq!(read(window), read(&[window, more.as_bytes()].concat()));
    }
}
