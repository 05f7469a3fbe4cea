//! A small annotation server: CVAT's REST shape as far as cvat-sdk needs it, in one `SQLite` file, and a page to
//! annotate on. Each change records its events within its own transaction; annoscope receives them.
//!
//! It is here to be read and played with. Everyone who has an account may change everything that they see.

mod annoscope;
mod answers;
mod app;
mod body;
mod change;
mod database;
mod error;
mod frames;
mod logins;
mod page;
mod request;
mod resources;
mod uploads;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use annoscope_recorder::{Relay, RelayOptions};
use anyhow::Context;
use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::app::App;

/// How often the outbox is looked at: whoever plays with the page wants to see its events soon.
const RELAY_PERIOD: Duration = Duration::from_millis(100);

/// Where the example listens, keeps its data, and finds annoscope.
#[derive(Debug, Parser)]
#[command(name = "annoscope-example", version)]
struct Options {
    /// Address and port of the page and the API; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8480")]
    listen: SocketAddr,
    /// Directory of the database.
    #[arg(long, default_value = "./example-data")]
    data_dir: PathBuf,
    /// annoscope's address, where the browser's events go to.
    #[arg(long, default_value = "http://127.0.0.1:8380")]
    annoscope: String,
    /// annoscope's ingest port, where the server's events go to.
    #[arg(long, default_value = "http://127.0.0.1:8282/")]
    ingest: String,
    /// Password of the account `admin`, which the first start makes.
    #[arg(long, default_value = "admin")]
    admin_password: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::new("info");
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let options = Options::parse();
    std::fs::create_dir_all(&options.data_dir)
        .with_context(|| format!("cannot make {}", options.data_dir.display()))?;
    let app = App::open(&options.data_dir, &options.annoscope)?;
    app.make_admin(&options.admin_password)?;
    let relay_options = RelayOptions {
        period: RELAY_PERIOD,
        ..RelayOptions::new(&options.ingest)
    };
    let relay = Relay::start(app.outbox(), relay_options)?;
    let listener = tokio::net::TcpListener::bind(options.listen).await?;
    println!("http://{}/", listener.local_addr()?);
    axum::serve(listener, page::router(app))
        .with_graceful_shutdown(stopped())
        .await?;
    relay.stop().await;
    Ok(())
}

async fn stopped() {
    let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    let mut terminate = terminate.expect("a runtime is there");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
