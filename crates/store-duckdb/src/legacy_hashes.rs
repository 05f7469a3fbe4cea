//! What an annoscope without a journal kept of the dedup window: a side table a day of receipt. The window takes
//! it over at the first start, and the tables go.

use annoscope_events::EventHash;
use annoscope_store::{Day, StoreError};
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use duckdb::Connection;

use crate::DuckDbStore;
use crate::database::Purpose;
use crate::error::Error;

const PREFIX: &str = "hashes_";

impl DuckDbStore {
    /// Has a row for each of the tables.
    pub const LEGACY_HASHES: &'static str =
        "SELECT table_name FROM duckdb_tables() WHERE starts_with(table_name, 'hashes_')";

    /// Hands on the hashes of the side tables, oldest day first, and removes the tables once `take` has kept
    /// all of them. Returns whether there were any tables.
    pub fn hand_over_legacy_hashes(
        &self,
        take: impl FnOnce(
            &mut dyn Iterator<Item = Result<(Day, EventHash), StoreError>>,
        ) -> Result<(), StoreError>,
    ) -> Result<bool, StoreError> {
        let connection = self.database.connection(Purpose::Maintenance)?;
        let days = days(&connection).map_err(Error::from)?;
        if days.is_empty() {
            return Ok(false);
        }
        let hashes = days.iter().flat_map(|day| of_day(&connection, *day));
        take(&mut hashes.map(|hash| Ok(hash?)))?;
        for day in days {
            let drop = format!("DROP TABLE {}", table(day));
            connection.execute_batch(&drop).map_err(Error::from)?;
        }
        Ok(true)
    }
}

fn table(day: Day) -> String {
    format!("{PREFIX}{}", day.0)
}

fn days(connection: &Connection) -> Result<Vec<Day>, duckdb::Error> {
    let mut statement = connection
        .prepare("SELECT table_name FROM duckdb_tables() WHERE starts_with(table_name, ?)")?;
    let names = statement.query_map([PREFIX], |row| row.get::<_, String>(0))?;
    let mut days = Vec::new();
    for name in names {
        days.extend(name?[PREFIX.len()..].parse().ok().map(Day));
    }
    days.sort_unstable();
    Ok(days)
}

/// The hashes of one table, a vector of them in memory. An error is the last item.
fn of_day(
    connection: &Connection,
    day: Day,
) -> impl Iterator<Item = Result<(Day, EventHash), Error>> {
    let sql = format!("SELECT high, low FROM {}", table(day));
    let mut opened = Some(connection.prepare(&sql).and_then(|mut statement| {
        drop(statement.stream_arrow([])?);
        Ok(statement)
    }));
    let vectors = std::iter::from_fn(move || {
        let statement = match opened.take()? {
            Ok(statement) => statement,
            Err(error) => return Some(Err(error)),
        };
        let vector = statement.step().transpose()?;
        if vector.is_ok() {
            opened = Some(Ok(statement));
        }
        Some(vector.map(|vector| read(&RecordBatch::from(vector))))
    });
    vectors.flat_map(move |vector| {
        let (hashes, error) = match vector {
            Ok(hashes) => (hashes, None),
            Err(error) => (Vec::new(), Some(Err(error.into()))),
        };
        let hashes = hashes.into_iter().map(move |hash| Ok((day, hash)));
        hashes.chain(error)
    })
}

/// The two halves of each hash, as the signed integers that Arrow and DuckDB share.
fn read(batch: &RecordBatch) -> Vec<EventHash> {
    let half = |index: usize| batch.column(index).as_primitive::<Int64Type>().values();
    let bits = |half: i64| u128::from(half.cast_unsigned());
    let halves = half(0).iter().zip(half(1));
    halves
        .map(|(high, low)| EventHash(bits(*high) << 64 | bits(*low)))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::tests::config;

    use super::*;

    #[test]
    fn the_side_tables_are_handed_over_once_and_kept_until_then() {
        let dir = tempfile::tempdir().unwrap();
        let store = DuckDbStore::open(&config(dir.path())).unwrap();
        assert!(
            !store
                .hand_over_legacy_hashes(|_| panic!("there are none"))
                .unwrap()
        );
        let connection = store.database.connection(Purpose::Maintenance).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE hashes_20001 AS SELECT -1::BIGINT AS high, range AS low FROM range(5000); \
                 CREATE TABLE hashes_9 AS SELECT 7::BIGINT AS high, -2::BIGINT AS low",
            )
            .unwrap();
        drop(connection);
        // One table cannot be read to its end.
        let connection = store.database.connection(Purpose::Maintenance).unwrap();
        let broken = "CREATE VIEW hashes_20002 AS SELECT range AS high, \
                      CASE WHEN range = 3000 THEN error('it is damaged') ELSE '1' END::BIGINT AS low FROM range(5000)";
        connection.execute_batch(broken).unwrap();
        let days = [Day(20001), Day(20002)];
        let read: Vec<_> = days
            .into_iter()
            .flat_map(|day| of_day(&connection, day))
            .collect();
        assert!((5000..10_001).contains(&read.len()), "{}", read.len());
        let (last, others) = read.split_last().unwrap();
        assert!(last.is_err() && others.iter().all(Result::is_ok));
        connection.execute_batch("DROP VIEW hashes_20002").unwrap();
        drop(connection);
        let refused = store.hand_over_legacy_hashes(|_| Err(StoreError::NotOpen));
        assert!(matches!(refused, Err(StoreError::NotOpen)));
        let mut found = Vec::new();
        let take = |hashes: &mut dyn Iterator<Item = _>| {
            found = hashes.collect::<Result<Vec<_>, StoreError>>()?;
            Ok(())
        };
        assert!(store.hand_over_legacy_hashes(take).unwrap());
        let low = (7_u128 << 64) + u128::from(u64::MAX - 1);
        assert_eq!((found.len(), found[0]), (5001, (Day(9), EventHash(low))));
        let high = u128::from(u64::MAX) << 64;
        assert_eq!(found[5000], (Day(20001), EventHash(high + 4999)));
        assert!(
            !store
                .hand_over_legacy_hashes(|_| panic!("they are gone"))
                .unwrap()
        );
    }
}
