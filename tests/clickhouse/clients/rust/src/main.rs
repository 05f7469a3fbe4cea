//! The official Rust client: what a server with it inserts and asks, as one line of JSON.
//!
//! `rust-client URL USER PASSWORD`

use clickhouse::{Client, Row};
use serde::{Deserialize, Serialize};

/// The client wants every column that has no default.
#[derive(Default, Row, Serialize, Deserialize)]
struct Event {
    scope: String,
    obj_name: Option<String>,
    obj_id: Option<u64>,
    obj_val: Option<String>,
    source: String,
    timestamp: i64,
    count: Option<u16>,
    duration: u32,
    project_id: Option<u64>,
    task_id: Option<u64>,
    job_id: Option<u64>,
    user_id: Option<u64>,
    user_name: Option<String>,
    user_email: Option<String>,
    org_id: Option<u64>,
    org_slug: Option<String>,
    payload: Option<String>,
}

#[derive(Row, Deserialize)]
struct Count {
    scope: String,
    n: u64,
    total: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let client = Client::default()
        .with_url(&arguments[0])
        .with_user(&arguments[1])
        .with_password(&arguments[2])
        .with_database("cvat");
    let mut insert = client.insert::<Event>("events").await?;
    for number in 0..1000 {
        let event = Event {
            scope: "create:task".to_owned(),
            obj_id: (number % 2 == 0).then_some(number),
            source: "server".to_owned(),
            timestamp: 1_767_603_600_123,
            duration: 7,
            ..Event::default()
        };
        insert.write(&event).await?;
    }
    insert.end().await?;
    let counts = client
        .query("SELECT scope, count() AS n, toUInt64(sum(duration)) AS total FROM events WHERE scope = ? GROUP BY scope")
        .bind("create:task")
        .fetch_all::<Count>()
        .await?;
    let count = &counts[0];
    let error = client.query("SELECT nonsense").fetch_one::<u64>().await;
    let said = serde_json::json!({
        "scope": count.scope,
        "n": count.n,
        "total": count.total,
        "error": error.err().map(|error| error.to_string()),
    });
    println!("{said}");
    Ok(())
}
