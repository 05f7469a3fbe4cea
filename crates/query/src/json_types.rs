//! Names of JSON's types, where ClickHouse's Arrow has the numbers of its `Enum8`.

use std::sync::Arc;

use annoscope_sql::{DataType, ResultColumn};
use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType as ArrowType, Field, Int8Type, Schema};
use arrow::error::ArrowError;

/// The places of the columns of a result that hold such types.
pub(crate) fn places(columns: &[ResultColumn]) -> Vec<usize> {
    let is_type = |column: &ResultColumn| match &column.data_type {
        DataType::Nullable(inner) => **inner == DataType::JsonType,
        data_type => *data_type == DataType::JsonType,
    };
    let columns = columns.iter().enumerate();
    let columns = columns.filter(|(_, column)| is_type(column));
    columns.map(|(place, _)| place).collect()
}

/// Rows with names at these places. The embedded database has them already.
pub(crate) fn named(rows: &RecordBatch, places: &[usize]) -> Result<RecordBatch, ArrowError> {
    let mut columns = rows.columns().to_vec();
    let mut fields: Vec<Field> = rows
        .schema()
        .fields()
        .iter()
        .map(|field| field.as_ref().clone())
        .collect();
    for place in places {
        let (Some(values), Some(field)) = (columns.get_mut(*place), fields.get_mut(*place)) else {
            continue;
        };
        if let Some(numbers) = values.as_primitive_opt::<Int8Type>() {
            let names: StringArray = numbers.iter().map(|number| number.and_then(name)).collect();
            *values = Arc::new(names) as ArrayRef;
            *field = field.clone().with_data_type(ArrowType::Utf8);
        }
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

/// The numbers are ClickHouse's.
fn name(number: i8) -> Option<&'static str> {
    Some(match number {
        0 => "Null",
        34 => "String",
        91 => "Array",
        98 => "Bool",
        100 => "Double",
        105 => "Int64",
        117 => "UInt64",
        123 => "Object",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int8Array, Int64Array};

    use super::*;

    #[test]
    fn numbers_of_types_become_their_names_and_other_numbers_stay() {
        let column = |data_type| ResultColumn {
            name: String::new(),
            data_type,
        };
        let columns = [
            column(DataType::Int8),
            column(DataType::JsonType),
            column(DataType::Nullable(Box::new(DataType::JsonType))),
        ];
        let places = places(&columns);
        assert_eq!(places, [1, 2]);
        let numbers = || Arc::new(Int8Array::from(vec![Some(34), None])) as ArrayRef;
        let rows = [("a", numbers()), ("b", numbers()), ("c", numbers())];
        let rows = RecordBatch::try_from_iter_with_nullable(
            rows.map(|(name, values)| (name, values, true)),
        );
        let found = named(&rows.unwrap(), &places).unwrap();
        assert_eq!(found.column(0), &numbers());
        let names: ArrayRef = Arc::new(StringArray::from(vec![Some("String"), None]));
        assert_eq!(found.columns()[1..], [Arc::clone(&names), names]);
        // Another store's are no numbers of that width.
        let other: ArrayRef = Arc::new(Int64Array::from(vec![34]));
        let rows = RecordBatch::try_from_iter([("a", other)]).unwrap();
        assert_eq!(named(&rows, &[0]).unwrap(), rows);
    }
}
