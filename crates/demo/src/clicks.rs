//! What annotators do in a job, how often, and what CVAT's page logs of it.

use std::fmt::Write;

use crate::chance::Chance;
use crate::names::{LABELS, SHAPE_TYPES};
use crate::page::Action;

/// An action that the page logs as one event.
pub struct Click {
    /// Scope.
    pub scope: &'static str,
    /// The longest it takes, in ms; 0 for what is logged without a duration.
    pub longest_ms: i64,
    /// Fills in the rest.
    pub describe: fn(&mut Scene<'_>, &mut Chance),
}

/// What an action finds and what it changes.
pub struct Scene<'a> {
    /// The frame that is shown.
    pub frame: i64,
    /// Frames of the job.
    pub n_frames: i64,
    /// The active object.
    pub object_id: i64,
    /// To be set: how many.
    pub count: Option<i64>,
    /// To be set: index of the type of what was drawn.
    pub shape_type: Option<usize>,
    /// To be filled: members of the payload.
    pub payload: &'a mut String,
}

/// What an annotator does next.
pub enum Kind {
    /// Something that is one event of the page.
    Logged(&'static Click),
    /// Clicks an element.
    Element,
    /// Saves the job.
    Save,
    /// The page fails.
    PageError,
    /// A request fails.
    ViewError,
    /// Looks into another job.
    OtherJob,
    /// Has a break.
    Break,
    /// Uses a function of the server.
    ServerCall,
}

/// An action without duration, count and payload.
pub fn plain(scope: &'static str, at_ms: i64) -> Action<'static> {
    Action {
        scope,
        at_ms,
        duration_ms: None,
        count: None,
        obj_name: None,
        obj_val: None,
        payload: "",
    }
}

/// Draws what is done next.
pub fn next(chance: &mut Chance) -> Kind {
    let mut drawn = chance.below(10_000);
    for (share, kind) in OTHERS {
        if drawn < *share {
            return kind();
        }
        drawn -= share;
    }
    let mut drawn = chance.below(CLICKS.iter().map(|(share, _)| share).sum());
    for (share, click) in CLICKS {
        if drawn < *share {
            return Kind::Logged(click);
        }
        drawn -= share;
    }
    Kind::Element
}

/// A kind without a click.
type MakeKind = fn() -> Kind;

/// Of 10,000 actions, what is no plain event of a job; the rest is.
static OTHERS: &[(u64, MakeKind)] = &[
    (800, || Kind::Element),
    (200, || Kind::Save),
    (30, || Kind::PageError),
    (15, || Kind::ViewError),
    (40, || Kind::OtherJob),
    (60, || Kind::Break),
    (10, || Kind::ServerCall),
];

const fn click(
    scope: &'static str,
    longest_ms: i64,
    describe: fn(&mut Scene<'_>, &mut Chance),
) -> Click {
    Click {
        scope,
        longest_ms,
        describe,
    }
}

/// Share of each event of a job.
static CLICKS: &[(u64, Click)] = &[
    (2300, click("change:frame", 12_000, change_frame)),
    (1700, click("draw:object", 40_000, draw)),
    (1300, click("zoom:image", 0, nothing)),
    (950, click("drag:object", 9000, active_object)),
    (850, click("resize:object", 9000, active_object)),
    (450, click("change:attribute", 0, change_attribute)),
    (250, click("delete:object", 0, count_one)),
    (230, click("change:label", 0, change_label)),
    (200, click("action:undo", 0, undo)),
    (150, click("paste:object", 6000, paste)),
    (150, click("fit:image", 0, nothing)),
    (120, click("copy:object", 0, count_one)),
    (110, click("lock:object", 0, lock)),
    (60, click("action:redo", 0, undo)),
    (60, click("propagate:object", 2000, several)),
    (40, click("merge:objects", 8000, several)),
    (30, click("rotate:image", 0, rotate)),
    (30, click("group:objects", 8000, several)),
    (20, click("split:objects", 5000, count_one)),
    (15, click("slice:object", 15_000, count_one)),
    (10, click("join:objects", 8000, several)),
    (10, click("run:annotations_action", 3000, run_action)),
    (5, click("debug:info", 0, debug_info)),
    (3, click("upload:annotations", 9000, nothing)),
];

fn push(scene: &mut Scene<'_>, members: std::fmt::Arguments<'_>) {
    scene
        .payload
        .write_fmt(members)
        .expect("writing to memory does not fail");
}

fn nothing(_: &mut Scene<'_>, _: &mut Chance) {}

fn change_frame(scene: &mut Scene<'_>, chance: &mut Chance) {
    let step = if chance.per_mille(120) { 10 } else { 1 };
    // A run of changes is one event.
    let count = if chance.per_mille(350) {
        chance.between(2, 12)
    } else {
        1
    };
    let from = scene.frame;
    let to = if from + step * count < scene.n_frames {
        from + step * count
    } else {
        0
    };
    scene.frame = to;
    scene.count = Some(count);
    push(
        scene,
        format_args!("\"from\":{from},\"to\":{to},\"step\":{step}"),
    );
}

fn draw(scene: &mut Scene<'_>, chance: &mut Chance) {
    scene.count = Some(1);
    let label = *chance.pick(LABELS);
    let frame = scene.frame;
    if chance.per_mille(60) {
        let object_type = if chance.per_mille(500) {
            "tag"
        } else {
            "track"
        };
        push(
            scene,
            format_args!(
                "\"object_type\":\"{object_type}\",\"label\":\"{label}\",\"frame\":{frame}"
            ),
        );
        return;
    }
    // The first types are most frequent.
    let most = chance.below(SHAPE_TYPES.len() as u64) + 1;
    let index = chance.below(most) as usize;
    scene.shape_type = Some(index);
    let shape_type = SHAPE_TYPES[index];
    push(
        scene,
        format_args!(
            "\"object_type\":\"shape\",\"label\":\"{label}\",\"frame\":{frame},\"shape_type\":\"{shape_type}\""
        ),
    );
}

fn paste(scene: &mut Scene<'_>, chance: &mut Chance) {
    draw(scene, chance);
}

fn active_object(scene: &mut Scene<'_>, _: &mut Chance) {
    let id = scene.object_id;
    push(scene, format_args!("\"id\":{id}"));
}

fn count_one(scene: &mut Scene<'_>, _: &mut Chance) {
    scene.count = Some(1);
}

fn several(scene: &mut Scene<'_>, chance: &mut Chance) {
    scene.count = Some(chance.between(2, 8));
}

fn change_attribute(scene: &mut Scene<'_>, chance: &mut Chance) {
    let object_id = scene.object_id;
    let value = ["true", "false", "small", "large", "occluded"][chance.below(5) as usize];
    push(
        scene,
        format_args!(
            "\"object_id\":{object_id},\"id\":{},\"value\":\"{value}\"",
            7
        ),
    );
}

fn change_label(scene: &mut Scene<'_>, chance: &mut Chance) {
    let object_id = scene.object_id;
    let (from, to) = (*chance.pick(LABELS), *chance.pick(LABELS));
    push(
        scene,
        format_args!("\"object_id\":{object_id},\"from\":\"{from}\",\"to\":\"{to}\""),
    );
}

fn lock(scene: &mut Scene<'_>, chance: &mut Chance) {
    let is_locked = chance.per_mille(600);
    push(scene, format_args!("\"locked\":{is_locked}"));
}

fn undo(scene: &mut Scene<'_>, chance: &mut Chance) {
    scene.count = Some(1);
    let frame = scene.frame;
    let name = ["Changed points", "Created objects", "Changed label"][chance.below(3) as usize];
    push(scene, format_args!("\"name\":\"{name}\",\"frame\":{frame}"));
}

fn rotate(scene: &mut Scene<'_>, chance: &mut Chance) {
    let angle = 90 * chance.between(1, 3);
    push(scene, format_args!("\"angle\":{angle}"));
}

fn run_action(scene: &mut Scene<'_>, _: &mut Chance) {
    let (from, to) = (scene.frame, scene.n_frames - 1);
    push(
        scene,
        format_args!("\"from\":{from},\"to\":{to},\"chain\":\"Remove filtered shapes\""),
    );
}

fn debug_info(scene: &mut Scene<'_>, _: &mut Chance) {
    push(
        scene,
        format_args!("\"message\":\"canvas was set up again\""),
    );
}
