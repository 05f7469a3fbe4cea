//! The parameters of `GET /api/events` and `POST /api/events/export` (contract.md, "Exports"), understood
//! and checked.

mod file_name;

use annoscope_events::{EVENT_COLUMNS, EXPORT_COLUMNS, Timestamp};
use annoscope_store::EventFilter;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::exports::{ExportRequest, Format, InvalidParameter};

/// The parameters as text. An empty one counts as not given; of equal ones the last counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// Events of this organization only.
    #[param(value_type = Option<i64>)]
    pub org_id: Option<String>,
    /// Events of this project only.
    #[param(value_type = Option<i64>)]
    pub project_id: Option<String>,
    /// Events of this task only.
    #[param(value_type = Option<i64>)]
    pub task_id: Option<String>,
    /// Events of this job only.
    #[param(value_type = Option<i64>)]
    pub job_id: Option<String>,
    /// Events of this user only.
    #[param(value_type = Option<i64>)]
    pub user_id: Option<String>,
    /// Earliest time, inclusive, ISO 8601; UTC if it has no offset. With neither `from` nor `to` everything up to now
    /// is exported.
    #[param(example = "2024-07-01T00:00:00Z")]
    pub from: Option<String>,
    /// Latest time, inclusive, ISO 8601; UTC if it has no offset.
    #[param(example = "2024-07-31T23:59:59Z")]
    pub to: Option<String>,
    /// Name of the file; letters, digits, `_`, `-`, `.` and spaces.
    #[param(example = "hours.csv")]
    pub filename: Option<String>,
    /// Names of columns with commas between them, in the order in which the file is to have them: those of the table, and
    /// `access_token_id` and `remote_addr`. Seventeen by default.
    #[param(example = "timestamp,scope,user_name,remote_addr")]
    pub columns: Option<String>,
    /// `csv`, the default, or `parquet`.
    #[param(example = "csv")]
    pub format: Option<String>,
    /// `download`: answer with the file when it is ready.
    pub action: Option<String>,
    /// The export to ask about: a UUID, as the first answer gave it.
    #[param(value_type = Option<Uuid>)]
    pub query_id: Option<String>,
    /// `local`: this server writes to no cloud storage.
    pub location: Option<String>,
    /// Refused: this server writes to no cloud storage.
    #[param(value_type = Option<i64>)]
    pub cloud_storage_id: Option<String>,
}

impl ExportQuery {
    /// Picks the parameters out of a query; others, such as `org`, are not ours.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> ExportQuery {
        let mut query = ExportQuery::default();
        for (name, value) in pairs {
            let field = match name.as_str() {
                "org_id" => &mut query.org_id,
                "project_id" => &mut query.project_id,
                "task_id" => &mut query.task_id,
                "job_id" => &mut query.job_id,
                "user_id" => &mut query.user_id,
                "from" => &mut query.from,
                "to" => &mut query.to,
                "filename" => &mut query.filename,
                "columns" => &mut query.columns,
                "format" => &mut query.format,
                "action" => &mut query.action,
                "query_id" => &mut query.query_id,
                "location" => &mut query.location,
                "cloud_storage_id" => &mut query.cloud_storage_id,
                _ => continue,
            };
            *field = (!value.is_empty()).then_some(value);
        }
        query
    }

    /// Understands every parameter. `now` ends a range without an end and names the file.
    pub fn check(&self, now: Timestamp) -> Result<ExportRequest, InvalidParameter> {
        self.check_storage()?;
        let filter = EventFilter {
            org_id: id("org_id", self.org_id.as_deref())?,
            project_id: id("project_id", self.project_id.as_deref())?,
            task_id: id("task_id", self.task_id.as_deref())?,
            job_id: id("job_id", self.job_id.as_deref())?,
            user_id: id("user_id", self.user_id.as_deref())?,
            ..self.range(now)?
        };
        let format = match self.format.as_deref() {
            None | Some("csv") => Format::Csv,
            Some("parquet") => Format::Parquet,
            Some(other) => return Err(unknown("format", other, "csv or parquet")),
        };
        let is_download = match self.action.as_deref() {
            None => false,
            Some("download") => true,
            Some(other) => return Err(unknown("action", other, "download")),
        };
        let file_name = match &self.filename {
            None => file_name::default(now, format),
            Some(name) => {
                file_name::check(name)
                    .map_err(|problem| invalid("filename", problem.to_string()))?;
                name.clone()
            }
        };
        let query_id = self.query_id.as_deref().map(Uuid::try_parse).transpose();
        let query_id = query_id.map_err(|_| invalid("query_id", "must be a UUID"))?;
        Ok(ExportRequest {
            filter,
            columns: self.columns()?,
            format,
            file_name,
            query_id,
            is_download,
        })
    }

    fn check_storage(&self) -> Result<(), InvalidParameter> {
        match self.location.as_deref() {
            None | Some("local") => {}
            Some("cloud_storage") => {
                let problem = "this server writes to no cloud storage; use local";
                return Err(invalid("location", problem));
            }
            Some(other) => return Err(unknown("location", other, "local")),
        }
        if self.cloud_storage_id.is_some() {
            let problem = "this server writes to no cloud storage";
            return Err(invalid("cloud_storage_id", problem));
        }
        Ok(())
    }

    fn columns(&self) -> Result<Vec<&'static str>, InvalidParameter> {
        let Some(names) = self.columns.as_deref() else {
            return Ok(EVENT_COLUMNS.into());
        };
        let mut columns = Vec::new();
        for name in names.split(',').map(str::trim) {
            let known = EXPORT_COLUMNS.iter().find(|known| **known == name);
            let Some(&column) = known else {
                return Err(unknown("columns", name, &EXPORT_COLUMNS.join(", ")));
            };
            if columns.contains(&column) {
                return Err(invalid("columns", format!("{column} is named twice")));
            }
            columns.push(column);
        }
        Ok(columns)
    }

    fn range(&self, now: Timestamp) -> Result<EventFilter, InvalidParameter> {
        let from = time("from", self.from.as_deref())?;
        let to = time("to", self.to.as_deref())?;
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            return Err(invalid(
                "from",
                format!("{from} is later than to, which is {to}"),
            ));
        }
        // CVAT begins at the creation of the job, task or project, which is before all of its events.
        let to = match from {
            None => to.or(Some(now)),
            Some(_) => to,
        };
        Ok(EventFilter {
            from,
            to,
            ..EventFilter::default()
        })
    }
}

fn invalid(name: &'static str, problem: impl Into<String>) -> InvalidParameter {
    InvalidParameter {
        name,
        problem: problem.into(),
    }
}

fn unknown(name: &'static str, value: &str, valid: &str) -> InvalidParameter {
    let value: String = value.chars().take(80).collect();
    invalid(name, format!("{value:?} is not valid; use {valid}"))
}

/// Ids are whole numbers from 0 to 2^63 - 1, as the store's.
fn id(name: &'static str, text: Option<&str>) -> Result<Option<i64>, InvalidParameter> {
    let Some(text) = text else { return Ok(None) };
    match text.trim().parse() {
        Ok(id) if id >= 0 => Ok(Some(id)),
        _ => Err(unknown(
            name,
            text,
            "a whole number from 0 to 9223372036854775807",
        )),
    }
}

fn time(name: &'static str, text: Option<&str>) -> Result<Option<Timestamp>, InvalidParameter> {
    let parsed = text.map(|text| {
        let valid = "a time such as 2024-07-01T12:00:00Z, with any + escaped as %2B";
        Timestamp::parse_iso8601(text.trim()).map_err(|_| unknown(name, text, valid))
    });
    parsed.transpose()
}

#[cfg(test)]
mod tests;
