use annoscope_sql::*;
use std::io::{BufRead, Write};
fn main() {
    let types: Vec<(&str, DataType)> = {
        use DataType::*;
        let n = |t: DataType| Nullable(Box::new(t));
        vec![
            ("scope", String),
            ("obj_name", n(String)),
            ("obj_id", n(UInt64)),
            ("obj_val", n(String)),
            ("source", String),
            (
                "timestamp",
                DateTime64 {
                    precision: 3,
                    timezone: Some("Etc/UTC".into()),
                },
            ),
            ("count", n(UInt16)),
            ("duration", UInt32),
            ("project_id", n(UInt64)),
            ("task_id", n(UInt64)),
            ("job_id", n(UInt64)),
            ("user_id", n(UInt64)),
            ("user_name", n(String)),
            ("user_email", n(String)),
            ("org_id", n(UInt64)),
            ("org_slug", n(String)),
            ("payload", n(String)),
        ]
    };
    let relation = Relation {
        columns: types
            .into_iter()
            .map(|(n, t)| Column {
                name: n.into(),
                data_type: t,
            })
            .collect(),
        hot_paths: vec![],
        source: Source {
            clickhouse: "events".into(),
            duckdb: "events".into(),
        },
    };
    for line in std::io::stdin().lock().lines() {
        let v: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        let mut context = Context {
            now_ms: 1_787_000_000_000,
            ..Context::default()
        };
        if let Some(f) = v["from"].as_i64() {
            context.range = Some(TimeRange {
                from_ms: f,
                to_ms: v["to"].as_i64().unwrap(),
            });
        }
        let out = match prepare(v["sql"].as_str().unwrap(), &context, &relation) {
            Ok(p) => {
                serde_json::json!({"clickhouse": p.clickhouse, "duckdb": p.duckdb, "columns": p.columns.iter().map(|c| vec![c.name.clone(), c.data_type.to_string()]).collect::<Vec<_>>(), "passes": p.passes, "functions": p.functions})
            }
            Err(e) => serde_json::json!({"error": e.to_string()}),
        };
        println!("{out}");
        std::io::stdout().flush().unwrap();
    }
}
