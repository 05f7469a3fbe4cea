use super::*;

#[test]
fn the_table_of_routes() {
    let lines = RULES.iter().chain(INGEST_RULES).chain(CLICKHOUSE_RULES);
    let lines =
        lines.map(|rule| format!("{:<6} {:<55} {:?}", rule.method, rule.route, rule.action));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
}
