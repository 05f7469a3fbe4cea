//! What `annoscope clickhouse status` prints.

use std::io::Write;

use annoscope_store_clickhouse::{NodeStatus, Replica, Size, Status};

use crate::cli::CliError;

/// For a person, or as JSON.
pub(super) fn print(status: &Status, json: bool, out: &mut dyn Write) -> Result<(), CliError> {
    if json {
        let text = serde_json::to_string_pretty(status).expect("a status is plain data");
        writeln!(out, "{text}")?;
        return Ok(());
    }
    let mut line = |part: &str, text: String| writeln!(out, "{part:12} {text}");
    line(
        "server",
        format!("{} ClickHouse {}", status.address, status.version),
    )?;
    match &status.table {
        None => line(
            "table",
            format!(
                "{}.events is not there: annoscope clickhouse apply makes it, and so does the server",
                status.database
            ),
        )?,
        Some(table) => {
            let cluster = status.cluster.as_ref();
            let cluster = cluster.map_or_else(String::new, |name| {
                format!(", one of the shards of the cluster {name}")
            });
            line("table", format!("{}.{table}{cluster}", status.database))?;
            line("each once", once(status))?;
        }
    }
    for lack in &status.lacking {
        line("LACKING", lack.clone())?;
    }
    if !status.lacking.is_empty() {
        line(
            "",
            "the server does not start so: annoscope clickhouse apply --add-columns adds it"
                .to_owned(),
        )?;
    }
    if let Some(size) = &status.size {
        for text in sizes(size) {
            line("rows", text)?;
        }
    }
    for node in &status.nodes {
        line("node", of_node(node))?;
    }
    for replica in &status.replicas {
        line("replica", of_replica(replica))?;
    }
    Ok(())
}

/// Whether what keeps each event there once is there.
fn once(status: &Status) -> String {
    let settings = status.settings.iter();
    let settings = settings.map(|setting| {
        format!(
            "{} is {} (at least {})",
            setting.name, setting.value, setting.least
        )
    });
    let settings: Vec<_> = settings.collect();
    let is_so = if status.lacking.is_empty() {
        "yes"
    } else {
        "NO"
    };
    format!("{is_so}: {}", settings.join(", "))
}

fn sizes(size: &Size) -> Vec<String> {
    let of = size.times.as_ref();
    let of = of.map_or_else(String::new, |(first, last)| format!(", {first} to {last}"));
    let mut texts = vec![format!(
        "{}, {} of them by others, {} bytes in {} parts{of}",
        size.n_rows, size.n_others, size.n_bytes, size.n_parts
    )];
    if size.n_claims > 0 {
        texts.push(format!(
            "{} of others claim hours that nobody counted: annoscope clickhouse apply --mend-hours renames their keys",
            size.n_claims
        ));
    }
    texts
}

fn of_node(node: &NodeStatus) -> String {
    let (n_rows, n_found) = node.latest_batch;
    let whose = if node.is_this {
        "this data directory".to_owned()
    } else {
        format!("data directory {}", node.owner)
    };
    format!(
        "{}, {whose}: {} events; of the {n_rows} rows of its latest batch {n_found} are there",
        node.node, node.n_events
    )
}

fn of_replica(replica: &Replica) -> String {
    let mode = if replica.is_readonly {
        "READ ONLY"
    } else {
        "takes rows"
    };
    format!(
        "of {}: {mode}, {} s behind, {} in its queue, {} of {} replicas answer",
        replica.table, replica.delay_s, replica.n_queued, replica.n_active, replica.n_replicas
    )
}
