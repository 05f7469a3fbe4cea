//! Uploads as cvat-sdk sends them: a start, the files (several at once, or one in pieces by TUS), and an end. Of images
//! their number is kept and nothing else, of a dataset its text.

use annoscope_events::ResourceKind;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{patch, post};
use serde_json::{Value, json};

use crate::answers::{Parameters, json_answer, no_content, ok};
use crate::app::App;
use crate::body::JsonBody;
use crate::change::Change;
use crate::error::{ApiError, Result};
use crate::request::Caller;
use crate::resources;

/// What files may be for: path, the resource that they are of, and whether they are its frames or its annotations.
const PURPOSES: &[Purpose] = &[
    Purpose {
        path: "tasks/{id}/data",
        kind: ResourceKind::Task,
        is_frames: true,
    },
    Purpose {
        path: "projects/{id}/dataset",
        kind: ResourceKind::Project,
        is_frames: false,
    },
    Purpose {
        path: "tasks/{id}/annotations",
        kind: ResourceKind::Task,
        is_frames: false,
    },
    Purpose {
        path: "jobs/{id}/annotations",
        kind: ResourceKind::Job,
        is_frames: false,
    },
];

struct Purpose {
    path: &'static str,
    kind: ResourceKind,
    is_frames: bool,
}

pub fn routes() -> Router<App> {
    let mut router = Router::new();
    for purpose in PURPOSES {
        let begin = move |State(app): State<App>,
                          caller: Caller,
                          Path(id): Path<i64>,
                          Query(query): Query<Parameters>,
                          headers: HeaderMap,
                          body: Bytes| async move {
            let n_files = n_files(&headers, &body).await?;
            let target = Target { purpose, id, query };
            app.change(&caller, |change| {
                target.posted(change, &headers, &body, n_files)
            })
        };
        let piece = move |State(app): State<App>,
                          caller: Caller,
                          Path((id, _)): Path<(i64, u32)>,
                          body: Bytes| async move {
            let target = Target {
                purpose,
                id,
                query: Parameters::new(),
            };
            app.change(&caller, |change| target.append(change, &body))
        };
        let length = move |State(app): State<App>, _: Caller, Path((id, _)): Path<(i64, u32)>| async move {
            let target = Target {
                purpose,
                id,
                query: Parameters::new(),
            };
            let upload = app.read(|records| records.document("upload", &target.key()))?;
            Ok::<_, ApiError>(with_offset(
                ok(&json!({})),
                &upload.ok_or(ApiError::NotFound)?,
            ))
        };
        router = router
            .route(&format!("/api/{}/", purpose.path), post(begin))
            .route(
                &format!("/api/{}/{{file}}", purpose.path),
                patch(piece).head(length),
            );
    }
    router
}

struct Target {
    purpose: &'static Purpose,
    id: i64,
    query: Parameters,
}

impl Target {
    /// Of the upload's document: uploads to the same place are one.
    fn key(&self) -> String {
        self.purpose.path.replace("{id}", &self.id.to_string())
    }

    fn posted(
        &self,
        change: &Change<'_>,
        headers: &HeaderMap,
        body: &Bytes,
        n_files: i64,
    ) -> Result<Response> {
        change.get(self.purpose.kind, self.id)?;
        if headers.contains_key("upload-start") {
            self.keep(change, &json!({ "n_files": 0, "text": "", "n_bytes": 0 }))?;
            return Ok(json_answer(StatusCode::ACCEPTED, &json!({})));
        }
        if headers.contains_key("upload-finish") {
            let upload = self.kept(change)?;
            let text = upload["text"].as_str().unwrap_or_default();
            return self.finish(
                change,
                upload["n_files"].as_i64().unwrap_or_default(),
                text.as_bytes(),
            );
        }
        if headers.contains_key("tus-resumable") {
            return self.begin_file(change, headers);
        }
        if headers.contains_key("upload-multiple") {
            let mut upload = self.kept(change)?;
            upload["n_files"] = json!(upload["n_files"].as_i64().unwrap_or_default() + n_files);
            self.keep(change, &upload)?;
            return Ok(ok(&json!({})));
        }
        // In one request: a list of files that lie elsewhere, of which each is a frame, or a dataset.
        if self.purpose.is_frames && n_files == 0 {
            let body = JsonBody::from_bytes(body)?;
            let listed = body
                .list("server_files")
                .iter()
                .chain(body.list("remote_files"));
            return self.finish(change, listed.map(|_| 1).sum(), b"");
        }
        self.finish(change, n_files, body)
    }

    fn begin_file(&self, change: &Change<'_>, headers: &HeaderMap) -> Result<Response> {
        let mut upload = self.kept(change)?;
        let number = upload["n_files"].as_i64().unwrap_or_default() + 1;
        upload["n_files"] = json!(number);
        upload["n_bytes"] = json!(0);
        self.keep(change, &upload)?;
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .unwrap_or("localhost");
        let mut answer = json_answer(StatusCode::CREATED, &json!({}));
        for (name, value) in [
            (
                "location",
                format!("http://{host}/api/{}/{number}", self.key()),
            ),
            ("upload-filename", format!("file-{number}")),
        ] {
            let value = HeaderValue::from_str(&value)
                .map_err(|_| ApiError::invalid("detail", "Host is no host."))?;
            answer
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
        Ok(answer)
    }

    fn append(&self, change: &Change<'_>, piece: &Bytes) -> Result<Response> {
        let mut upload = self.kept(change)?;
        if !self.purpose.is_frames {
            let text = upload["text"].as_str().unwrap_or_default();
            upload["text"] = json!(format!("{text}{}", String::from_utf8_lossy(piece)));
        }
        let n_bytes = upload["n_bytes"].as_u64().unwrap_or_default();
        upload["n_bytes"] = json!(n_bytes + piece.len() as u64);
        self.keep(change, &upload)?;
        Ok(with_offset(no_content(), &upload))
    }

    fn finish(&self, change: &Change<'_>, n_files: i64, file: &[u8]) -> Result<Response> {
        if self.purpose.is_frames {
            resources::data_uploaded(change, self.id, n_files)
        } else {
            resources::imported(change, self.purpose.kind, self.id, &self.query, file)
        }
    }

    fn kept(&self, change: &Change<'_>) -> Result<Value> {
        let upload = change.document("upload", &self.key())?;
        upload.ok_or_else(|| ApiError::invalid("detail", "The upload was not started."))
    }

    fn keep(&self, change: &Change<'_>, upload: &Value) -> Result<()> {
        change.set_document("upload", &self.key(), upload)
    }
}

fn with_offset(mut answer: Response, upload: &Value) -> Response {
    let offset = HeaderValue::from(upload["n_bytes"].as_u64().unwrap_or_default());
    answer.headers_mut().insert("upload-offset", offset);
    answer
        .headers_mut()
        .insert("tus-resumable", HeaderValue::from_static("1.0.0"));
    answer
}

/// How many files a form has; none in what is no form.
async fn n_files(headers: &HeaderMap, body: &Bytes) -> Result<i64> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let Ok(boundary) = multer::parse_boundary(content_type.unwrap_or_default()) else {
        return Ok(0);
    };
    let broken = |error: multer::Error| ApiError::invalid("detail", error.to_string());
    let mut form = multer::Multipart::with_reader(&body[..], boundary);
    let mut n_files = 0;
    while let Some(field) = form.next_field().await.map_err(broken)? {
        n_files += i64::from(field.file_name().is_some());
    }
    Ok(n_files)
}
