//! Addresses are read as written, and what is secret in them is never seen again.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests fail loudly"
)]

mod common;

use std::io::{Read as _, Write as _};

use engine::{ConnectOptions, Connection, DatabaseUrl, EngineError, Secret};

const PASSWORD: &str = "c4nary p@ss/w?rd:é";
const ENCODED: &str = "c4nary%20p%40ss%2Fw%3Frd%3A%C3%A9";

/// No form of the password, nor a piece of it that would help, is in what a value shows of itself.
fn shows_nothing(shown: &(impl std::fmt::Debug + std::fmt::Display)) {
    for text in [format!("{shown}"), format!("{shown:?}"), format!("{shown:#?}")] {
        for piece in [PASSWORD, ENCODED, "c4nary", "w?rd", "w%3Frd"] {
            assert!(!text.contains(piece), "`{piece}` is shown in: {text}");
        }
    }
}

#[test]
fn addresses_are_shown_without_what_is_secret() {
    let cases = [
        (
            format!("postgres://ann:{ENCODED}@localhost:6543/shop"),
            "postgres://ann:***@localhost:6543/shop",
        ),
        (
            format!("postgresql://ann@localhost/shop?password={ENCODED}"),
            "postgres://ann:***@localhost:5432/shop",
        ),
        (
            format!("postgres://ann:{ENCODED}@[::1]/shop"),
            "postgres://ann:***@[::1]:5432/shop",
        ),
        (
            format!("postgres://ann:{ENCODED}@/shop?host=/run/pg&port=99"),
            "postgres://ann:***@/shop?host=/run/pg&port=99",
        ),
        // A bare `@` or `/` in a password is wrong, and common.
        ("postgres://ann:c4nary@w?rd@localhost/shop".to_owned(), ""),
        (
            "postgres://ann:c4nary@x@localhost/shop".to_owned(),
            "postgres://ann:***@localhost:5432/shop",
        ),
        (
            "postgres://ann:c4nary/x@localhost/shop".to_owned(),
            "postgres://ann:***@localhost:5432/shop",
        ),
        (
            format!("postgres://ann:{ENCODED}@db.example.org/shop?sslmode=disable&connect_timeout=3"),
            "postgres://ann:***@db.example.org:5432/shop",
        ),
        (
            "postgres://ann@localhost".to_owned(),
            "postgres://ann@localhost:5432/ann",
        ),
        (
            format!("mariadb://ann:{ENCODED}@localhost:6543/shop"),
            "mariadb://ann:***@localhost:6543/shop",
        ),
        (
            format!("mysql://ann:{ENCODED}@[::1]/shop?charset=utf8mb4"),
            "mariadb://ann:***@[::1]:3306/shop",
        ),
        (
            format!("mariadb://ann@/a%2Fb?password={ENCODED}&socket=/run/my.sock"),
            "mariadb://ann:***@/a%2Fb?socket=/run/my.sock",
        ),
        (
            "mariadb://ann:c4nary/x@y@localhost".to_owned(),
            "mariadb://ann:***@localhost:3306/",
        ),
        (
            format!("mariadb://ann:{ENCODED}@db.example.org/shop?ssl-mode=DISABLED&connect_timeout=3"),
            "mariadb://ann:***@db.example.org:3306/shop",
        ),
        ("sqlite:some/file.db".to_owned(), "sqlite:some/file.db"),
        ("some/file.db".to_owned(), "sqlite:some/file.db"),
    ];
    for (written, shown) in cases {
        match DatabaseUrl::parse(&written) {
            Ok(url) => {
                assert_eq!(url.to_string(), shown, "{written}");
                shows_nothing(&url);
            }
            Err(error) => {
                assert_eq!(shown, "", "{written}: {error}");
                shows_nothing(&error);
            }
        }
    }
    shows_nothing(&Secret::new(PASSWORD));
}

#[test]
fn what_cannot_be_used_is_refused_without_repeating_it() {
    let cases = [
        (
            "postgres://ann:PW@db.example.org/shop",
            "the server is on another machine",
        ),
        (
            "postgres://ann:PW@db.example.org/shop?sslmode=prefer",
            "the server is on another machine",
        ),
        (
            "postgres://ann:PW@10.0.0.1/shop",
            "the server is on another machine",
        ),
        (
            "postgres://ann:PW@localhost.example.org/shop",
            "the server is on another machine",
        ),
        (
            "postgres://ann:PW@db.example.org/shop?sslmode=require",
            "`sslmode` demands TLS",
        ),
        (
            "postgres://ann:PW@localhost/shop?sslmode=verify-full",
            "`sslmode` demands TLS",
        ),
        (
            "postgres://ann:PW@localhost/shop?sslmode=sometimes",
            "`sslmode` is none of",
        ),
        (
            "postgres://ann:PW@localhost/shop?sslkey=PW",
            "the parameter `sslkey`",
        ),
        (
            "postgres://ann:PW@localhost:port/shop",
            "the port is not a number",
        ),
        (
            "postgres://ann:PW@localhost:99999/shop",
            "the port is not a number",
        ),
        ("postgres://ann:%zzPW@localhost/shop", "a `%` is not followed"),
        ("postgres://ann:PW%00@localhost/shop", "NUL byte"),
        ("postgres://ann:PW%ff@localhost/shop", "not UTF-8"),
        ("postgres://localhost/shop", "names no user"),
        ("postgres://ann:PW@one,two/shop", "several hosts"),
        ("postgres://ann:PW@[::1/shop", "a `[` has no `]`"),
        (
            "mongodb://ann:PW@localhost/shop",
            "databases of the kind `mongodb`",
        ),
        (
            "mysql://ann:PW@db.example.org/shop",
            "the server is on another machine",
        ),
        (
            "mariadb://ann:PW@10.0.0.1/shop?ssl-mode=preferred",
            "the server is on another machine",
        ),
        (
            "mariadb://ann:PW@localhost/shop?ssl-mode=VERIFY_IDENTITY",
            "`ssl-mode` demands TLS",
        ),
        (
            "mariadb://ann:PW@localhost/shop?ssl-mode=PW",
            "`ssl-mode` is none of",
        ),
        (
            "mariadb://ann:PW@localhost/shop?ssl_key=PW",
            "the parameter `ssl_key`",
        ),
        (
            "mariadb://ann:PW@localhost/shop?PW=1",
            "a parameter of the address",
        ),
        (
            "mariadb://ann:PW@localhost/shop?charset=latin1",
            "a parameter of the address",
        ),
        (
            "mariadb://ann:PW@localhost/shop?socket=PW",
            "not the whole path of a socket",
        ),
        ("mariadb://ann:PW@localhost:port/shop", "the port is not a number"),
        ("mariadb://ann:%zzPW@localhost/shop", "is no character"),
        ("mariadb://localhost/shop", "names no user"),
        ("mariadb://ann:PW@one,two/shop", "several hosts"),
        ("mariadb://ann@local host/shop", "the host contains"),
        ("mariadb://ann:PW@localhost/a%00", "NUL byte"),
        (
            "mysql:/ann:PW@localhost/shop",
            "does not begin with `postgres://` or `mariadb://`",
        ),
        (
            "PW://ann:PW@localhost/shop",
            "a kind of database that is not known",
        ),
        (
            "postgres:/ann:PW@localhost/shop",
            "does not begin with `postgres://`",
        ),
        (
            "postgres//ann:PW@localhost/shop",
            "does not begin with `postgres://`",
        ),
        ("postgres://ann@local host/shop", "the host contains"),
        (
            "postgres://ann:PW@localhost/shop?PW=1",
            "a parameter of the address",
        ),
        ("sqlite:", "names no file"),
        ("", "names no file"),
    ];
    for (written, expected) in cases {
        let error = DatabaseUrl::parse(&written.replace("PW", ENCODED)).err();
        let Some(error) = error else {
            assert_eq!(expected, "", "{written}");
            continue;
        };
        assert!(error.to_string().contains(expected), "{written}: {error}");
        assert!(error.help().is_some(), "{written}");
        shows_nothing(&error);
    }
}

/// Every prefix and every damaged byte of an address: no panic, and never the password in what is said.
#[test]
fn damaged_addresses_do_not_leak() {
    let whole = format!("postgres://ann:{ENCODED}@localhost:5432/shop?sslmode=disable&password={ENCODED}");
    for end in 0..whole.len() {
        if let Err(error) = DatabaseUrl::parse(&whole[..end]) {
            shows_nothing(&error);
        }
        // Without the colon before it, nothing tells a password from a longer name of a user.
        let after_colon = end >= "postgres://ann:".len();
        for byte in ["%", "@", ":", "/", "?", "&", "=", "[", "\0", "é"] {
            let damaged = format!("{}{byte}{}", &whole[..end], &whole[end + 1..]);
            match DatabaseUrl::parse(&damaged) {
                Ok(url) if after_colon => shows_nothing(&url),
                Ok(_) => {}
                Err(error) => shows_nothing(&error),
            }
        }
    }
}

#[test]
fn a_refused_login_does_not_repeat_the_password() {
    let (server, mut it) = common::database("secrets");
    let socket = server.folder().display().to_string();
    let escaped = PASSWORD.replace('\'', "''");
    it.batch(&format!("CREATE ROLE ann LOGIN PASSWORD '{escaped}'"))
        .unwrap();
    let cases = [
        format!("postgres://ann:{ENCODED}@/missing?host={socket}"),
        format!("postgres://nobody-there:{ENCODED}@/secrets?host={socket}"),
        format!("postgres://ann:{ENCODED}@/secrets?host={socket}/nowhere"),
        format!("postgres://ann:{ENCODED}@localhost:1/secrets"),
    ];
    for (position, written) in cases.iter().enumerate() {
        let url = DatabaseUrl::parse(written).unwrap();
        let error = Connection::open(&url, &ConnectOptions::default()).unwrap_err();
        shows_nothing(&error);
        let refused = matches!(error, EngineError::Refused { .. });
        let unavailable = matches!(error, EngineError::Unavailable { .. });
        assert!(if position < 2 { refused } else { unavailable }, "{error:?}");
    }
    let url = DatabaseUrl::parse(&format!("postgres://ann:{ENCODED}@/secrets?host={socket}")).unwrap();
    let connection = Connection::open(&url, &ConnectOptions::default()).unwrap();
    assert!(!format!("{connection:?} {:?}", connection.cancel_handle()).contains("c4nary"));
}

/// A server that throws back what it was told, which no honest one does.
#[test]
fn even_a_server_that_repeats_the_password_is_not_repeated() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut hello = [0; 1024];
        let _ = stream.read(&mut hello).unwrap();
        // Asks for the password in plain text, then answers with an error that quotes it.
        stream.write_all(&[b'R', 0, 0, 0, 8, 0, 0, 0, 3]).unwrap();
        let length = stream.read(&mut hello).unwrap();
        assert!(
            String::from_utf8_lossy(&hello[..length]).contains(PASSWORD),
            "the password was sent"
        );
        let body = format!("SFATAL\0C28P01\0Mwrong password \"{PASSWORD}\" ({ENCODED})\0\0");
        let mut answer = vec![b'E'];
        answer.extend_from_slice(&u32::try_from(body.len() + 4).unwrap().to_be_bytes());
        answer.extend_from_slice(body.as_bytes());
        stream.write_all(&answer).unwrap();
    });
    let url = DatabaseUrl::parse(&format!("postgres://ann:{ENCODED}@127.0.0.1:{port}/shop")).unwrap();
    let error = Connection::open(&url, &ConnectOptions::default()).unwrap_err();
    server.join().unwrap();
    assert!(
        error.to_string().contains("wrong password \"***\" (***)"),
        "{error}"
    );
    shows_nothing(&error);
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = DatabaseUrl::parse(&format!("postgres://ann@127.0.0.1:{port}/shop?connect_timeout=1")).unwrap();
    let error = Connection::open(&url, &ConnectOptions::default()).unwrap_err();
    assert!(matches!(error, EngineError::Unavailable { .. }), "{error:?}");
}

/// A server that answers a MariaDB client with an error in which the password stands.
#[test]
fn even_a_mariadb_that_repeats_the_password_is_not_repeated() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // ER_ACCESS_DENIED_ERROR, before any greeting.
        let message = format!("no, {PASSWORD} or {ENCODED} is wrong");
        let mut packet = vec![0xff, 0x15, 0x04];
        packet.extend_from_slice(message.as_bytes());
        let length = u8::try_from(packet.len()).unwrap();
        let mut all = vec![length, 0, 0, 0];
        all.extend(packet);
        stream.write_all(&all).unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
    });
    let url: DatabaseUrl = format!("mysql://ann:{ENCODED}@127.0.0.1:{port}/shop")
        .parse()
        .unwrap();
    let error = Connection::open(&url, &ConnectOptions::default()).unwrap_err();
    shows_nothing(&error);
    assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("*** or ***"), "{error}");
    server.join().unwrap();
}

/// What listens at an address may be anything.
#[test]
fn what_is_no_mariadb_is_said_to_be_none() {
    for greeting in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
        b"\x05\x00\x00\x00\x0a5.5\x00",
        b"\xff\xff\xff\x00",
    ] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(greeting).unwrap();
        });
        let url: DatabaseUrl = format!("mariadb://ann:{ENCODED}@127.0.0.1:{port}/shop")
            .parse()
            .unwrap();
        let error = Connection::open(&url, &ConnectOptions::default()).unwrap_err();
        shows_nothing(&error);
        assert!(
            matches!(
                error,
                EngineError::Refused { .. } | EngineError::Unavailable { .. }
            ),
            "{greeting:?}: {error:?}"
        );
        server.join().unwrap();
    }
}

#[test]
fn damaged_addresses_of_mariadb_do_not_leak() {
    let whole =
        format!("mariadb://ann:{ENCODED}@localhost:3306/shop?ssl-mode=disabled&password={ENCODED}&socket=/s");
    for end in 0..whole.len() {
        if let Err(error) = DatabaseUrl::parse(&whole[..end]) {
            shows_nothing(&error);
        }
        let after_colon = end >= "mariadb://ann:".len();
        for byte in ["%", "@", ":", "/", "?", "&", "=", "[", "\0", "é"] {
            let damaged = format!("{}{byte}{}", &whole[..end], &whole[end + 1..]);
            match DatabaseUrl::parse(&damaged) {
                Ok(url) if after_colon => shows_nothing(&url),
                Ok(_) => {}
                Err(error) => shows_nothing(&error),
            }
        }
    }
}
