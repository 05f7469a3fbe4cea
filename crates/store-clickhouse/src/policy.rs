//! Rights of those who ask ClickHouse itself: row policies, which ClickHouse puts before everything that a query does.

use annoscope_events::{COLUMNS, ColumnAccess};

use crate::ddl::{EVENTS, LOCAL, Layout, quoted_name};

/// A user of ClickHouse's who sees the rows of one person, of one organization, or of one person within one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// The user's name there.
    pub name: String,
    /// Whose rows.
    pub user_id: Option<i64>,
    /// Of which organization.
    pub org_id: Option<i64>,
}

impl Reader {
    fn condition(&self) -> String {
        let user = self.user_id.map(|id| format!("user_id = {id}"));
        let org = self.org_id.map(|id| format!("org_id = {id}"));
        let conditions: Vec<_> = user.into_iter().chain(org).collect();
        if conditions.is_empty() {
            return "0".to_owned();
        }
        conditions.join(" AND ")
    }
}

/// What narrows readers, whose policies have their names behind `annoscope_`. Where a table has a policy, who has none may see nothing (a setting of the server's): so one lets
/// everybody see all rows, and those of the readers, which are restrictive, take from that.
pub(crate) fn statements(layout: &Layout, readers: &[Reader]) -> Vec<String> {
    if readers.is_empty() {
        return Vec::new();
    }
    let (database, on_cluster) = (&layout.database, layout.on_cluster());
    // A shard looks at the policies of its own table, too.
    let local = layout.cluster.is_some().then_some(LOCAL);
    let mut statements = Vec::new();
    for table in [EVENTS].into_iter().chain(local) {
        statements.push(format!(
            "CREATE ROW POLICY OR REPLACE annoscope{on_cluster} ON {database}.{table} USING 1 TO ALL"
        ));
        for reader in readers {
            let name = quoted_name(&reader.name);
            statements.push(format!(
                "CREATE ROW POLICY OR REPLACE {}{on_cluster} ON {database}.{table} AS RESTRICTIVE USING {} TO {name}",
                quoted_name(&format!("annoscope_{}", reader.name)),
                reader.condition()
            ));
        }
    }
    for reader in readers {
        let name = quoted_name(&reader.name);
        // A position tells how many rows of others came before.
        let columns = COLUMNS.iter();
        let columns = columns.filter(|column| column.access != ColumnAccess::Hidden);
        let columns: Vec<_> = columns.map(|column| column.name).collect();
        statements.push(format!(
            "GRANT{on_cluster} SELECT({}) ON {database}.{EVENTS} TO {name}",
            columns.join(", ")
        ));
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_is_narrowed_and_nobody_else() {
        let reader = |name: &str, user_id, org_id| Reader {
            name: name.to_owned(),
            user_id,
            org_id,
        };
        let layout = Layout {
            database: "cvat".to_owned(),
            ..Layout::default()
        };
        let readers = [
            reader("lena", Some(7), Some(1)),
            reader("o'hara@x", None, Some(2)),
            reader("none", None, None),
        ];
        let statements = statements(&layout, &readers);
        let policies = [
            "CREATE ROW POLICY OR REPLACE annoscope ON cvat.events USING 1 TO ALL",
            "CREATE ROW POLICY OR REPLACE annoscope_lena ON cvat.events AS RESTRICTIVE USING user_id = 7 AND org_id = 1 TO lena",
            "CREATE ROW POLICY OR REPLACE `annoscope_o'hara@x` ON cvat.events AS RESTRICTIVE USING org_id = 2 TO `o'hara@x`",
            "CREATE ROW POLICY OR REPLACE annoscope_none ON cvat.events AS RESTRICTIVE USING 0 TO none",
        ];
        assert_eq!(statements[..4], policies);
        assert!(statements[4].starts_with("GRANT SELECT(scope, obj_name, "));
        assert!(
            !statements[4].contains("position")
                && statements[4].ends_with("ON cvat.events TO lena")
        );
        assert!(super::statements(&layout, &[]).is_empty());
    }

    #[test]
    fn no_readers_policy_takes_the_place_of_the_one_for_all_others() {
        let reader = |name: &str| Reader {
            name: name.to_owned(),
            user_id: Some(7),
            org_id: None,
        };
        let readers = [reader("everybody"), reader("annoscope"), reader("_")];
        let layout = Layout::default();
        let statements = statements(&layout, &readers);
        let mut names: Vec<_> = statements
            .iter()
            .filter_map(|statement| statement.strip_prefix("CREATE ROW POLICY OR REPLACE "))
            .filter_map(|rest| rest.split(' ').next())
            .collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), readers.len() + 1, "{names:?}");
    }

    #[test]
    fn a_cluster_has_policies_before_and_behind() {
        let layout = Layout {
            database: "cvat".to_owned(),
            cluster: Some("one".to_owned()),
            ttl_days: None,
        };
        let reader = Reader {
            name: "lena".to_owned(),
            user_id: Some(7),
            org_id: None,
        };
        let statements = statements(&layout, &[reader]);
        assert_eq!(statements.len(), 5);
        assert!(statements[3].contains(
            "annoscope_lena ON CLUSTER one ON cvat.events_local AS RESTRICTIVE USING user_id = 7"
        ));
        assert!(statements[4].starts_with("GRANT ON CLUSTER one SELECT("));
    }
}
