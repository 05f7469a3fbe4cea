//! Label Studio's webhooks. Facts: <https://labelstud.io/guide/webhook_reference>. It signs nothing; a header with a secret
//! is set by hand where the webhook is made. It names the users of annotations by their ids, and no others.

use annoscope_events::ResourceKind as Kind;

use crate::adapter::Action::{Create, Delete, Update};
use crate::adapter::Subject::{Annotation, Resource};
use crate::adapter::{Adapter, Proof, Rule, rule};

pub(crate) static ADAPTER: Adapter = Adapter {
    name: "label-studio",
    title: "Label Studio",
    named_by: "action",
    rules: RULES,
    withheld: &[
        // What is shown to annotators: it may be long, and it is their customers'.
        "data",
        // Secrets.
        "token",
        "task_data_login",
        "task_data_password",
    ],
    renamed: &[("title", "name")],
    no_properties: &[
        // Sums of other resources.
        "task_number",
        "finished_task_number",
        "total_predictions_number",
        "total_annotations_number",
        "num_tasks_with_annotations",
        "useful_annotation_number",
        "ground_truth_number",
        "skipped_annotations_number",
        "result_count",
        "is_labeled",
        "control_weights",
        "updated_at",
    ],
    updated_at: "updated_at",
    users: &["updated_by", "completed_by", "created_by"],
    proof: Proof::Bearer,
};

const RULES: &[Rule] = &[
    rule(
        "PROJECT_CREATED",
        Create,
        Resource(Kind::Project),
        "project",
    ),
    rule(
        "PROJECT_UPDATED",
        Update,
        Resource(Kind::Project),
        "project",
    ),
    rule(
        "PROJECT_DELETED",
        Delete,
        Resource(Kind::Project),
        "project",
    ),
    rule("TASK_CREATED", Create, Resource(Kind::Task), "tasks"),
    rule("TASKS_CREATED", Create, Resource(Kind::Task), "tasks"),
    rule("TASK_DELETED", Delete, Resource(Kind::Task), "tasks"),
    rule("TASKS_DELETED", Delete, Resource(Kind::Task), "tasks"),
    rule("ANNOTATION_CREATED", Create, Annotation, "annotation"),
    rule("ANNOTATIONS_CREATED", Create, Annotation, "annotation"),
    rule("ANNOTATION_UPDATED", Update, Annotation, "annotation"),
    rule("ANNOTATIONS_DELETED", Delete, Annotation, "annotations"),
];
