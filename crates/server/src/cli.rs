//! The command line: what there is to say, and which function does it.
//!
//! Exit codes: 0 for success, 1 for a failure, 2 for a wrong command line or
//! configuration.

mod backup;
mod catalogue;
mod clickhouse;
mod config;
mod copy;
mod dead_letter;
mod demo;
mod doctor;
mod erase;
mod error;
mod flags;
mod health;
mod journal;
mod logging;
mod org;
mod private_files;
mod progress;
mod repair;
mod retention;
mod serve;
mod store;
mod user;
mod webhook;

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::{Inputs, Loaded, load};

pub use error::CliError;
use flags::SettingFlags;

/// Activity analytics for image-annotation platforms.
#[derive(Parser)]
#[command(name = "annoscope", version, about, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    place: Place,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server
    Serve(serve::ServeArgs),
    /// The database's process, which `serve` starts
    #[command(hide = true)]
    Store(store::StoreArgs),
    /// Print the effective configuration with the origin of each value
    Config(SettingFlags),
    /// Manage accounts, while the server runs or before its first start
    #[command(subcommand)]
    User(user::UserCommand),
    /// Manage organizations and who belongs to them
    #[command(subcommand)]
    Org(org::OrgCommand),
    /// Webhooks of other tools, whose deliveries become events
    #[command(subcommand)]
    Webhook(webhook::WebhookCommand),
    /// Events that could not be stored: list them, send them again, drop them
    #[command(subcommand)]
    DeadLetter(dead_letter::DeadLetterCommand),
    /// The journal that events are in before they are stored: check it, list its records
    #[command(subcommand)]
    Journal(journal::JournalCommand),
    /// Ask the running server whether events are stored: exit code 0 if so, 1 if not
    Health,
    /// Look for what is wrong and say what to do; exit code 1 if there is anything
    Doctor(doctor::DoctorArgs),
    /// Write a backup, or what is new since the last one there, while the server runs or not
    Backup(backup::BackupArgs),
    /// Bring a backup into an empty data directory
    Restore(backup::RestoreArgs),
    /// Remove events that are too old or too many by the settings, as the server does once a day
    Retention(retention::RetentionArgs),
    /// What events tell of users, projects, tasks and jobs, which names are looked up in
    #[command(subcommand)]
    Catalogue(catalogue::CatalogueCommand),
    /// Take a person out of all events, while no server runs; hours stay under a pseudonym
    Erase(erase::EraseArgs),
    /// After a damage that the server names at its start: set aside what cannot be read
    Repair,
    /// The tables of events that are in a ClickHouse: print, make and change them, say what they are
    #[command(name = "clickhouse", subcommand)]
    ClickHouse(clickhouse::ClickHouseCommand),
    /// Copy events between annoscope, a ClickHouse and files: each once, begun again wherever it was interrupted
    Copy(copy::CopyArgs),
    /// Make realistic activity: a file, or events sent to a running server
    Demo(demo::DemoArgs),
}

/// Where the data and the configuration are.
#[derive(Args)]
struct Place {
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        help = "Directory of everything the server keeps [default: ./data, env: ANNOSCOPE_DATA_DIR]"
    )]
    data_dir: Option<String>,
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help = "Configuration file [default: annoscope.toml in the data directory, env: ANNOSCOPE_CONFIG]"
    )]
    config: Option<PathBuf>,
}

impl Cli {
    /// Does what the command line says. `environment` holds the variables that count,
    /// `out` is standard output.
    pub fn run(
        self,
        environment: Vec<(String, String)>,
        out: &mut dyn Write,
    ) -> Result<(), CliError> {
        let place = self.place;
        let load = |flags: SettingFlags| -> Result<Loaded, CliError> {
            let data_dir = place.data_dir.map(|dir| ("data_dir", dir));
            Ok(load(&Inputs {
                flags: data_dir.into_iter().chain(flags.given).collect(),
                config_file: place.config,
                environment,
            })?)
        };
        match self.command {
            Command::Serve(args) => serve::run(load(args.settings)?.config, out),
            Command::Store(args) => store::run(args),
            Command::Config(flags) => config::print(&load(flags)?, out),
            Command::User(command) => {
                let config = load(SettingFlags::default())?.config;
                private_files::from_now_on();
                user::run(command, &config.data_dir, out)
            }
            Command::Org(command) => {
                let config = load(SettingFlags::default())?.config;
                private_files::from_now_on();
                org::run(command, &config.data_dir, out)
            }
            Command::Webhook(command) => {
                let config = load(SettingFlags::default())?.config;
                private_files::from_now_on();
                webhook::run(command, &config.data_dir, out)
            }
            Command::DeadLetter(command) => {
                let config = load(SettingFlags::default())?.config;
                private_files::from_now_on();
                dead_letter::run(command, &config.data_dir, out)
            }
            Command::Journal(command) => {
                let config = load(SettingFlags::default())?.config;
                journal::run(command, &config, out)
            }
            Command::Health => health::run(&load(SettingFlags::default())?.config, out),
            Command::Backup(args) => {
                private_files::from_now_on();
                backup::run(args, &load(SettingFlags::default())?, out)
            }
            Command::Restore(args) => {
                private_files::from_now_on();
                backup::restore(args, &load(SettingFlags::default())?, out)
            }
            Command::Retention(args) => {
                private_files::from_now_on();
                retention::run(&args, &load(SettingFlags::default())?.config, out)
            }
            Command::Catalogue(command) => {
                private_files::from_now_on();
                catalogue::run(&command, &load(SettingFlags::default())?.config, out)
            }
            Command::Erase(args) => {
                private_files::from_now_on();
                erase::run(&args, &load(SettingFlags::default())?.config, out)
            }
            Command::Doctor(args) => {
                let config = load(SettingFlags::default())?.config;
                doctor::run(&args, &config, out)
            }
            Command::Repair => repair::run(&load(SettingFlags::default())?.config, out),
            Command::ClickHouse(command) => {
                private_files::from_now_on();
                clickhouse::run(command, &load(SettingFlags::default())?.config, out)
            }
            Command::Copy(args) => Ok(copy::run(args)?),
            Command::Demo(args) => Ok(demo::run(args, out)?),
        }
    }
}

#[cfg(test)]
mod tests;
