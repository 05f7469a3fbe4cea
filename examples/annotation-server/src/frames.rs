//! Frames: pictures of a street that are drawn when they are asked for, as SVG. Frame after frame its cars and
//! people move on, so that there is something to follow.

use std::fmt::{self, Write};

use annoscope_events::{Resource, ResourceKind};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};

use crate::answers::{Parameters, ok, parameter};
use crate::app::App;
use crate::error::{ApiError, Result};
use crate::request::Caller;

/// Size of each frame, in pixels.
const WIDTH: i64 = 960;
const HEIGHT: i64 = 540;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/api/tasks/{id}/data/", get(task_data))
        .route("/api/jobs/{id}/data", get(job_data))
        .route("/api/tasks/{id}/data/meta", get(task_meta))
        .route("/api/jobs/{id}/data/meta", get(job_meta))
}

#[derive(Clone, Copy, Debug)]
enum Shape {
    Car { color: &'static str },
    Person { color: &'static str },
}

/// Something on the street; `x` and `y` are its left upper corner.
#[derive(Clone, Copy, Debug)]
pub struct Object {
    shape: Shape,
    x: i64,
    y: i64,
}

const COLORS: [&str; 6] = [
    "#c92a2a", "#1864ab", "#e8b339", "#2b8a3e", "#7048e8", "#f1f3f5",
];

impl Object {
    pub fn label(&self) -> &'static str {
        match self.shape {
            Shape::Car { .. } => "car",
            Shape::Person { .. } => "person",
        }
    }

    /// Left, top, right and bottom, within the frame.
    pub fn bounds(&self) -> [i64; 4] {
        let (width, height) = match self.shape {
            Shape::Car { .. } => (120, 56),
            Shape::Person { .. } => (26, 68),
        };
        let within = |x: i64| x.clamp(0, WIDTH);
        [
            within(self.x),
            self.y,
            within(self.x + width),
            self.y + height,
        ]
    }

    fn svg(&self) -> String {
        let (x, y) = (self.x, self.y);
        match self.shape {
            Shape::Car { color } => format!(
                r##"<g transform="translate({x} {y})"><path d="M22 26 34 4q2-4 7-4h34q5 0 8 4l16 22z" fill="{color}"/>
<path d="M32 24 40 8h18v16zM63 24V8h12l12 16z" fill="#d0ebff"/><rect y="24" width="120" height="22" rx="8" fill="{color}"/>
<circle cx="28" cy="45" r="11" fill="#212529"/><circle cx="28" cy="45" r="5" fill="#ced4da"/>
<circle cx="92" cy="45" r="11" fill="#212529"/><circle cx="92" cy="45" r="5" fill="#ced4da"/></g>"##
            ),
            Shape::Person { color } => format!(
                r##"<g transform="translate({x} {y})"><circle cx="13" cy="8" r="8" fill="#e0a878"/>
<rect x="3" y="17" width="20" height="28" rx="7" fill="{color}"/><path d="M5 44h7v24H6zM14 44h7l-1 24h-6z" fill="#343a40"/></g>"##
            ),
        }
    }
}

/// What is on a frame of a task. Each task has a street of its own.
pub fn objects(task_id: i64, frame: i64) -> Vec<Object> {
    let color = |number: i64| COLORS[((task_id + number) % 6).unsigned_abs() as usize];
    let cars = (0..3).map(|number| {
        let speed = 14 + (task_id * 5 + number * 7).rem_euclid(17);
        let way = WIDTH + 140;
        let x = (number * 370 + task_id * 90 + frame * speed).rem_euclid(way) - 130;
        Object {
            shape: Shape::Car {
                color: color(number),
            },
            x: if number == 1 { WIDTH - 120 - x } else { x },
            y: 330 + number * 64,
        }
    });
    let people = (0..2).map(|number| Object {
        shape: Shape::Person {
            color: color(number + 3),
        },
        x: (number * 460 + task_id * 70 + frame * (4 + 3 * number)).rem_euclid(WIDTH - 26),
        y: 236 + number * 12,
    });
    let all = people.chain(cars);
    all.filter(|object| object.bounds()[2] > 20 && object.bounds()[0] < WIDTH - 20)
        .collect()
}

fn picture(task_id: i64, frame: i64) -> String {
    let mut svg = String::new();
    draw(&mut svg, task_id, frame).expect("writing to memory does not fail");
    svg
}

fn draw(svg: &mut String, task_id: i64, frame: i64) -> fmt::Result {
    write!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">
<rect width="{WIDTH}" height="262" fill="#dbeafe"/><circle cx="820" cy="66" r="34" fill="#fff3bf"/>"##
    )?;
    for number in 0..8 {
        draw_house(svg, task_id, number)?;
    }
    write!(
        svg,
        r##"<rect y="262" width="{WIDTH}" height="58" fill="#ced4da"/>
<rect y="320" width="{WIDTH}" height="220" fill="#868e96"/>"##
    )?;
    for number in 0..9 {
        let x = number * 116;
        write!(
            svg,
            r##"<rect x="{x}" y="418" width="60" height="6" fill="#f8f9fa"/>"##
        )?;
    }
    for object in objects(task_id, frame) {
        svg.push_str(&object.svg());
    }
    svg.push_str("</svg>");
    Ok(())
}

fn draw_house(svg: &mut String, task_id: i64, number: i64) -> fmt::Result {
    let height = 90 + (task_id * 37 + number * 53).rem_euclid(110);
    let (x, y) = (number * 124 - 10, 262 - height);
    let tone = 72 + (number * 29 + task_id * 11).rem_euclid(16);
    write!(
        svg,
        r#"<rect x="{x}" y="{y}" width="112" height="{height}" fill="hsl(210 14% {tone}%)"/>"#
    )?;
    for row in 0..height / 34 {
        for column in 0..3 {
            let (x, y) = (x + 14 + column * 32, y + 12 + row * 34);
            write!(
                svg,
                r#"<rect x="{x}" y="{y}" width="18" height="20" fill="hsl(205 40% 88%)"/>"#
            )?;
        }
    }
    Ok(())
}

async fn task_data(
    app: State<App>,
    caller: Caller,
    id: Path<i64>,
    query: Query<Parameters>,
) -> Result<Response> {
    data(&app, &caller, ResourceKind::Task, id.0, &query.0)
}

async fn job_data(
    app: State<App>,
    caller: Caller,
    id: Path<i64>,
    query: Query<Parameters>,
) -> Result<Response> {
    data(&app, &caller, ResourceKind::Job, id.0, &query.0)
}

async fn task_meta(app: State<App>, caller: Caller, id: Path<i64>) -> Result<Response> {
    meta(&app, &caller, ResourceKind::Task, id.0)
}

async fn job_meta(app: State<App>, caller: Caller, id: Path<i64>) -> Result<Response> {
    meta(&app, &caller, ResourceKind::Job, id.0)
}

/// A task or a job, as frames of its task.
fn found(app: &App, caller: &Caller, kind: ResourceKind, id: i64) -> Result<Resource> {
    let found = app.read(|records| records.get(kind, id))?;
    if caller.sees(&found) {
        Ok(found)
    } else {
        Err(ApiError::NotFound)
    }
}

fn data(
    app: &App,
    caller: &Caller,
    kind: ResourceKind,
    id: i64,
    query: &Parameters,
) -> Result<Response> {
    let resource = found(app, caller, kind, id)?;
    let (first, last) = ends(&resource);
    let number = parameter(query, "number").and_then(|text| text.parse().ok());
    let number = number.filter(|number| (first..=last).contains(number));
    let number = number.ok_or_else(|| ApiError::invalid("number", "There is no such frame."))?;
    let task_id = resource.place.task_id.or(resource.id).unwrap_or_default();
    let answer = Response::builder()
        .header(header::CONTENT_TYPE, "image/svg+xml")
        .header(header::CACHE_CONTROL, "private, max-age=3600")
        .body(Body::from(picture(task_id, number)));
    Ok(answer.expect("the headers are valid"))
}

fn meta(app: &App, caller: &Caller, kind: ResourceKind, id: i64) -> Result<Response> {
    let resource = found(app, caller, kind, id)?;
    let (first, last) = ends(&resource);
    let frame = |number: i64| json!({ "name": format!("frame_{number:06}.svg"), "width": WIDTH, "height": HEIGHT, "related_files": 0 });
    let frames: Vec<Value> = (first..=last).map(frame).collect();
    Ok(ok(&json!({
        "chunk_size": 1,
        "size": frames.len(),
        "image_quality": 70,
        "start_frame": first,
        "stop_frame": last,
        "frame_filter": "",
        "frames": frames,
        "deleted_frames": [],
        "chunks_updated_date": resource.state["updated_date"],
    })))
}

/// The first and the last frame.
fn ends(resource: &Resource) -> (i64, i64) {
    let number = |name: &str| resource.state[name].as_i64();
    match number("stop_frame") {
        Some(last) => (number("start_frame").unwrap_or_default(), last),
        None => (0, number("size").unwrap_or_default() - 1),
    }
}
