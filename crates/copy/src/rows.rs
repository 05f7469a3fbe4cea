//! Rows as a multiset: what one side holds more often than the other, and a checksum that does not depend on the
//! order.

use std::collections::HashMap;
use std::fmt;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::row::{RowConverter, SortField};

use crate::columns::schema;
use crate::error::CopyError;

/// The first half of a BLAKE3 of a row: two rows with one hash are one row, but for a chance of 2^-64 among 2^32 rows.
type RowHash = u128;

/// How many rows, and the sum of their hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checksum {
    /// Rows.
    pub n_rows: u64,
    sum: u128,
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.sum)
    }
}

impl Checksum {
    fn add(&mut self, hash: RowHash) {
        self.n_rows += 1;
        self.sum = self.sum.wrapping_add(hash);
    }

    /// Of the rows of both.
    #[must_use]
    pub fn with(self, other: Checksum) -> Checksum {
        Checksum {
            n_rows: self.n_rows + other.n_rows,
            sum: self.sum.wrapping_add(other.sum),
        }
    }
}

/// Hashes of rows, and how often each is there.
pub(crate) struct Multiset {
    counts: HashMap<RowHash, u64>,
    checksum: Checksum,
}

/// Makes hashes of rows in the form of this crate.
pub(crate) struct RowHasher(RowConverter);

impl RowHasher {
    pub(crate) fn new() -> RowHasher {
        let fields = schema().fields().clone();
        let fields = fields
            .iter()
            .map(|field| SortField::new(field.data_type().clone()));
        RowHasher(RowConverter::new(fields.collect()).expect("the types have rows"))
    }

    fn hashes(&self, batch: &RecordBatch) -> Result<Vec<RowHash>, CopyError> {
        let rows = self.0.convert_columns(batch.columns())?;
        let hash = |row: arrow::row::Row<'_>| {
            let bytes = *blake3::hash(row.as_ref()).as_bytes();
            RowHash::from_le_bytes(bytes[..16].try_into().expect("a hash has 32 bytes"))
        };
        Ok(rows.iter().map(hash).collect())
    }

    pub(crate) fn checksum(&self, batches: &[RecordBatch]) -> Result<Checksum, CopyError> {
        let mut checksum = Checksum::default();
        for batch in batches {
            for hash in self.hashes(batch)? {
                checksum.add(hash);
            }
        }
        Ok(checksum)
    }

    pub(crate) fn multiset(&self, batches: &[RecordBatch]) -> Result<Multiset, CopyError> {
        let mut multiset = Multiset {
            counts: HashMap::new(),
            checksum: Checksum::default(),
        };
        for batch in batches {
            for hash in self.hashes(batch)? {
                *multiset.counts.entry(hash).or_default() += 1;
                multiset.checksum.add(hash);
            }
        }
        Ok(multiset)
    }

    /// The rows that are in `batches` more often than in `present`: of three alike where there is one, two.
    pub(crate) fn lacking(
        &self,
        batches: &[RecordBatch],
        mut present: Multiset,
    ) -> Result<Vec<RecordBatch>, CopyError> {
        let mut lacking = Vec::new();
        for batch in batches {
            let is_lacking = self.hashes(batch)?.into_iter().map(|hash| {
                let n_present = present.counts.get_mut(&hash).filter(|count| **count > 0);
                let is_lacking = n_present.is_none();
                if let Some(count) = n_present {
                    *count -= 1;
                }
                Some(is_lacking)
            });
            let is_lacking: BooleanArray = is_lacking.collect();
            if is_lacking.true_count() > 0 {
                lacking.push(filter_record_batch(batch, &is_lacking)?);
            }
        }
        Ok(lacking)
    }
}

impl Multiset {
    pub(crate) fn checksum(&self) -> Checksum {
        self.checksum
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray, Int64Array, new_null_array};
    use arrow::datatypes::Int64Type;
    use proptest::prelude::*;

    use super::*;

    /// Rows whose `obj_id` are these, all else NULL.
    fn rows(ids: &[i64]) -> RecordBatch {
        let schema = schema();
        let columns = schema.fields().iter().map(|field| -> ArrayRef {
            if field.name() == "obj_id" {
                Arc::new(Int64Array::from(ids.to_vec()))
            } else {
                new_null_array(field.data_type(), ids.len())
            }
        });
        RecordBatch::try_new(Arc::clone(&schema), columns.collect()).unwrap()
    }

    fn ids(batches: &[RecordBatch]) -> Vec<i64> {
        let id = |batch: &RecordBatch| {
            let ids = batch.column_by_name("obj_id").unwrap();
            ids.as_primitive::<Int64Type>().values().to_vec()
        };
        let mut ids: Vec<i64> = batches.iter().flat_map(id).collect();
        ids.sort_unstable();
        ids
    }

    proptest! {
        /// Whatever is there already: with what lacks, nothing of the source is there too seldom, and nothing is inserted
        /// that was there.
        #[test]
        fn what_lacks_completes_the_target(
            source in prop::collection::vec(0..5i64, 0..12),
            target in prop::collection::vec(0..5i64, 0..12),
        ) {
            let hasher = RowHasher::new();
            let present = hasher.multiset(&[rows(&target)]).unwrap();
            let lacking = ids(&hasher.lacking(&[rows(&source)], present).unwrap());
            let count = |ids: &[i64], id| ids.iter().filter(|&&other| other == id).count();
            for id in 0..5 {
                let expected = count(&source, id).saturating_sub(count(&target, id));
                prop_assert_eq!(count(&lacking, id), expected);
            }
        }

        #[test]
        fn the_checksum_knows_no_order_and_every_row(
            mut ids in prop::collection::vec(0..1000i64, 1..12),
            other in 1000..2000i64,
        ) {
            let hasher = RowHasher::new();
            let checksum = |ids: &[i64]| hasher.checksum(&[rows(ids)]).unwrap();
            let before = checksum(&ids);
            ids.reverse();
            let (begin, end) = ids.split_at(ids.len() / 2);
            prop_assert_eq!(checksum(&ids), before);
            prop_assert_eq!(checksum(begin).with(checksum(end)), before);
            let last = ids.len() - 1;
            ids[last] = other;
            prop_assert_ne!(checksum(&ids), before);
        }
    }
}
