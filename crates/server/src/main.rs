//! The `annoscope` command.

use std::process::ExitCode;

use annoscope_server::cli::{Cli, CliError};
use annoscope_server::config;
use clap::Parser;

// The system's allocator keeps what large batches took; this one gives it back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            let code = error.exit_code();
            // anyhow prints the causes behind the error in one line.
            eprintln!("annoscope: {:#}", anyhow::Error::new(error));
            ExitCode::from(code)
        }
    }
}

fn run(cli: Cli) -> Result<(), CliError> {
    let environment = config::environment()?;
    cli.run(environment, &mut std::io::stdout())
}
