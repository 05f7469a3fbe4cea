//! `annoscope clickhouse …`: the tables of `store.kind = "clickhouse"`.

mod status;

use std::io::Write;

use annoscope_store::StoreError;
use annoscope_store_clickhouse::{Administration, Change, Lack, Layout, Reader, Wanted};
use clap::{Args, Subcommand};

use super::CliError;
use crate::config::{Config, StoreKind};
use crate::server::ServeError;
use crate::store;

/// What to do with the tables.
#[derive(Subcommand)]
pub(super) enum ClickHouseCommand {
    /// Print the statements that make the tables, and do nothing
    Schema(Tables),
    /// Make the tables, or change those that are there: shows what it would do, and does it with --yes
    Apply(ApplyArgs),
    /// Say what the tables are and lack, how large they are, who writes to them, and how far replicas are behind
    Status {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// Which tables.
#[derive(Args)]
pub(super) struct Tables {
    /// Tables for a cluster that the servers' configuration calls so: replicas by month, Distributed before them
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    cluster: Option<String>,
    /// Let ClickHouse remove rows so many days after their arrival; 31 at least
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(31..=100_000))]
    ttl_days: Option<u32>,
}

/// What `apply` takes.
#[derive(Args)]
pub(super) struct ApplyArgs {
    #[command(flatten)]
    tables: Tables,
    #[command(flatten)]
    leave: Leave,
    /// Let a user of ClickHouse see some rows only, by a row policy: NAME=user:ID, NAME=org:ID or NAME=user:ID,org:ID
    #[arg(long, value_name = "RIGHTS", value_parser = reader)]
    reader: Vec<Reader>,
    /// Go on in place of another data directory with the same store.clickhouse.node, which is gone for good
    #[arg(long)]
    take_over: bool,
    /// Do it
    #[arg(long)]
    yes: bool,
}

/// What may be done to a table that is there.
#[derive(Args)]
struct Leave {
    /// Add the columns, the index and the settings that a table which is there lacks
    #[arg(long)]
    add_columns: bool,
    /// Rename the keys of hours that nobody counted in the payloads of rows that others wrote
    #[arg(long)]
    mend_hours: bool,
}

/// `lena=user:7,org:1`
fn reader(text: &str) -> Result<Reader, String> {
    let wrong = || format!("{text:?} is not NAME=user:ID, NAME=org:ID or NAME=user:ID,org:ID");
    let (name, rights) = text.split_once('=').ok_or_else(wrong)?;
    let mut reader = Reader {
        name: name.to_owned(),
        user_id: None,
        org_id: None,
    };
    for right in rights.split(',') {
        let (kind, id) = right.split_once(':').ok_or_else(wrong)?;
        let id: i64 = id.parse().map_err(|_| wrong())?;
        let of = match kind {
            "user" => &mut reader.user_id,
            "org" => &mut reader.org_id,
            _ => return Err(wrong()),
        };
        if name.is_empty() || id < 0 || of.replace(id).is_some() {
            return Err(wrong());
        }
    }
    Ok(reader)
}

/// Does it, in the ClickHouse of the settings.
pub(super) fn run(
    command: ClickHouseCommand,
    config: &Config,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    match command {
        ClickHouseCommand::Schema(tables) => {
            for statement in layout(tables, config).statements() {
                writeln!(out, "{statement};\n")?;
            }
            Ok(())
        }
        ClickHouseCommand::Apply(args) => apply(args, config, out),
        ClickHouseCommand::Status { json } => {
            let status = administration(config)?.status();
            let status = status.map_err(ServeError::from)?;
            status::print(&status, json, out)
        }
    }
}

fn layout(tables: Tables, config: &Config) -> Layout {
    Layout {
        database: config.store.clickhouse.database.clone(),
        cluster: tables.cluster,
        ttl_days: tables.ttl_days,
    }
}

fn administration(config: &Config) -> Result<Administration, ServeError> {
    if config.store.kind != StoreKind::ClickHouse {
        let text = "the events are in the embedded database: with store.kind = \"clickhouse\" and store.clickhouse.urls \
                    they are in a ClickHouse (docs/clickhouse-store.md)";
        return Err(StoreError::Failed(text.into()).into());
    }
    Ok(store::clickhouse_administration(config)?)
}

fn apply(args: ApplyArgs, config: &Config, out: &mut dyn Write) -> Result<(), CliError> {
    if args.take_over && args.yes {
        store::make_clickhouse_id(config).map_err(ServeError::from)?;
    }
    let administration = administration(config)?;
    let wanted = Wanted {
        layout: layout(args.tables, config),
        add_columns: args.leave.add_columns,
        mend_hours: args.leave.mend_hours,
        readers: args.reader,
    };
    let (changes, lacks) = administration.plan(&wanted).map_err(ServeError::from)?;
    for change in &changes {
        show(change, out)?;
        if args.yes {
            administration.run(change).map_err(ServeError::from)?;
        }
    }
    let other = if args.take_over {
        administration.other_owner().map_err(ServeError::from)?
    } else {
        None
    };
    if let Some(owner) = &other {
        writeln!(
            out,
            "-- this data directory goes on in place of {owner}, which must never write again\n"
        )?;
        if args.yes {
            take_over(&administration, out)?;
        }
    }
    left(&lacks, out)?;
    let n_changes = changes.len() + usize::from(other.is_some());
    match (n_changes, args.yes) {
        (0, _) => writeln!(out, "Nothing is to be done.")?,
        (_, false) => writeln!(out, "Nothing was changed: --yes does it.")?,
        (1, true) => writeln!(out, "1 change was made.")?,
        (n, true) => writeln!(out, "{n} changes were made.")?,
    }
    Ok(())
}

fn show(change: &Change, out: &mut dyn Write) -> Result<(), CliError> {
    let Change { why, statement } = change;
    writeln!(out, "-- {why}\n{statement};\n")?;
    // Before it begins: it may take long.
    out.flush()?;
    Ok(())
}

fn take_over(administration: &Administration, out: &mut dyn Write) -> Result<(), CliError> {
    let n_lost = administration.take_over().map_err(ServeError::from)?;
    if let Some(n_lost @ 1..) = n_lost {
        writeln!(out, "{n_lost} rows of its latest batch had not come.\n")?;
    }
    Ok(())
}

/// What stays lacking without leave.
fn left(lacks: &[Lack], out: &mut dyn Write) -> Result<(), CliError> {
    for lack in lacks {
        writeln!(out, "{}; --add-columns changes that:", lack.what)?;
        writeln!(out, "  {};", lack.statement)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_read_from_their_rights() {
        let cases = [
            ("lena=user:7", Some(("lena", Some(7), None))),
            ("lena=org:1,user:7", Some(("lena", Some(7), Some(1)))),
            ("a b=org:1", Some(("a b", None, Some(1)))),
            ("lena", None),
            ("=user:7", None),
            ("lena=user:x", None),
            ("lena=user:-1", None),
            ("lena=user:7,user:8", None),
            ("lena=task:7", None),
            ("lena=", None),
        ];
        for (text, expected) in cases {
            let found = reader(text).ok();
            let found = found
                .as_ref()
                .map(|reader| (reader.name.as_str(), reader.user_id, reader.org_id));
            assert_eq!(found, expected, "{text}");
        }
    }
}
