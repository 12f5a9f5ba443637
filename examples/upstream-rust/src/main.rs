//! Runs the service: `cargo run -p upstream-rust -- --port 18080`.

use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::{env, io};

use tokio::net::TcpListener;
use tokio::runtime::Builder;

fn main() -> ExitCode {
    let Some(port) = port_from(env::args().skip(1)) else {
        eprintln!("usage: upstream-rust [--port N]   (default 18080, 0 takes a free one)");
        return ExitCode::from(2);
    };
    match Builder::new_current_thread()
        .enable_io()
        .build()
        .and_then(|rt| rt.block_on(run(port)))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("upstream-rust: port {port}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn port_from(mut args: impl Iterator<Item = String>) -> Option<u16> {
    match (args.next().as_deref(), args.next(), args.next()) {
        (None, None, None) => Some(18080),
        (Some("--port"), Some(port), None) => port.parse().ok(),
        _ => None,
    }
}

async fn run(port: u16) -> io::Result<()> {
    // Loopback only: the header means something only when the edge is in front.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, upstream_rust::router()).await
}
