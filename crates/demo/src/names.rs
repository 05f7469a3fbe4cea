//! Names and texts of the demo.

/// First names of annotators.
pub const FIRST_NAMES: &[&str] = &[
    "ada", "amara", "ana", "anton", "aisha", "ben", "bruno", "carla", "chen", "dana", "diego",
    "elif", "emma", "eric", "fatima", "felix", "grace", "hanna", "hugo", "ines", "ivan", "jan",
    "jia", "jonas", "kofi", "lena", "leo", "li", "lucia", "maja", "marco", "mina", "nadia", "noah",
    "nora", "olga", "omar", "paula", "priya", "rosa", "sam", "sofia", "tariq", "tomas", "uma",
    "vera", "yuki", "zoe",
];

/// Family names of annotators.
pub const LAST_NAMES: &[&str] = &[
    "abebe", "adler", "becker", "bose", "castro", "costa", "demir", "diaz", "eriksen", "fischer",
    "garcia", "gupta", "haddad", "hansen", "ito", "jansen", "kaya", "kim", "kowalski", "kumar",
    "lange", "lopez", "mbeki", "meyer", "moreau", "nakamura", "novak", "okafor", "olsen", "park",
    "petrov", "quinn", "rao", "reyes", "rossi", "sato", "schmidt", "silva", "singh", "tanaka",
    "tran", "vega", "weber", "wong", "yilmaz", "zhang",
];

/// An organization and what it labels.
pub struct OrganizationNames {
    /// Short name.
    pub slug: &'static str,
    /// Names of its projects.
    pub projects: &'static [&'static str],
}

/// The organizations. People outside have the last entry's projects.
pub const ORGANIZATIONS: [OrganizationNames; 3] = [
    OrganizationNames {
        slug: "acme-robotics",
        projects: &[
            "Warehouse pallets",
            "Forklift safety",
            "Street scenes, night",
            "Street scenes, day",
            "Traffic signs EU",
            "Lane markings",
            "Gripper poses",
        ],
    },
    OrganizationNames {
        slug: "medvision",
        projects: &[
            "Chest X-ray",
            "Retina vessels",
            "Polyps 2",
            "Zähne OPG",
            "Cell counting",
        ],
    },
    OrganizationNames {
        slug: "harvest-labs",
        projects: &["Apple orchards", "Weeds in maize", "Drone survey"],
    },
];

/// Projects of people outside of organizations.
pub const PERSONAL_PROJECTS: &[&str] = &["Birds at the feeder", "Thesis data", "Dice", "Cat doors"];

/// Labels of objects.
pub const LABELS: &[&str] = &[
    "car", "person", "bicycle", "pallet", "sign", "lane", "vessel", "polyp", "apple", "weed",
];

/// Kinds of shapes, the first ones most used.
pub const SHAPE_TYPES: [&str; 5] = ["rectangle", "polygon", "points", "polyline", "mask"];

/// Elements of the page that are clicked: CSS class and text.
pub const ELEMENTS: &[(&str, &str)] = &[
    ("cvat-annotation-header-save-button", "Save"),
    ("cvat-annotation-header-menu-button", "Menu"),
    ("cvat-player-play-button", "Play"),
    ("cvat-draw-rectangle-control", "Rectangle"),
    ("cvat-draw-polygon-control", "Polygon"),
    ("cvat-objects-sidebar-tabs", "Objects"),
    ("cvat-appearance-collapse", "Appearance"),
    ("cvat-item-open-task-button", "Open"),
];

/// A browser on a system.
pub struct Browser {
    /// Name, as CVAT's page tells it.
    pub name: &'static str,
    /// Main version at the beginning of the demo's period.
    pub major: u32,
    /// Operating system with its version.
    pub os: &'static str,
    /// How many of 100 people use it.
    pub share: u64,
}

/// The browsers; the shares add up to 100.
pub const BROWSERS: &[Browser] = &[
    Browser {
        name: "Chrome",
        major: 126,
        os: "Windows 10 64-bit",
        share: 46,
    },
    Browser {
        name: "Chrome",
        major: 126,
        os: "Linux 64-bit",
        share: 16,
    },
    Browser {
        name: "Firefox",
        major: 127,
        os: "Ubuntu 64-bit",
        share: 9,
    },
    Browser {
        name: "Firefox",
        major: 127,
        os: "Windows 10 64-bit",
        share: 8,
    },
    Browser {
        name: "Microsoft Edge",
        major: 125,
        os: "Windows 10 64-bit",
        share: 11,
    },
    Browser {
        name: "Chrome",
        major: 125,
        os: "OS X 10.15.7 64-bit",
        share: 6,
    },
    Browser {
        name: "Safari",
        major: 17,
        os: "OS X 10.15.7 64-bit",
        share: 4,
    },
];

/// An error in the page.
pub struct PageError {
    /// What the browser says.
    pub message: &'static str,
    /// Where it happened.
    pub filename: &'static str,
    /// Line of the file.
    pub line: u32,
    /// Column of the line.
    pub column: u32,
    /// The calls, innermost first.
    pub stack: &'static str,
}

/// Errors in the page, the first ones most frequent.
pub const PAGE_ERRORS: &[PageError] = &[
    PageError {
        message: "Cannot read properties of undefined (reading 'clientID')",
        filename: "https://cvat.example.com/assets/cvat-ui.6f1b0c2d.min.js",
        line: 2,
        column: 1_904_331,
        stack: "TypeError: Cannot read properties of undefined (reading 'clientID')\n    at activateObject (canvasView.ts:1342:28)\n    at CanvasViewImpl.notify (canvasView.ts:1688:22)\n    at CanvasModelImpl.notify (master.ts:38:22)",
    },
    PageError {
        message: "Network Error",
        filename: "https://cvat.example.com/assets/cvat-ui.6f1b0c2d.min.js",
        line: 2,
        column: 88_120,
        stack: "AxiosError: Network Error\n    at XMLHttpRequest.handleError (xhr.js:158:14)\n    at saveJobAnnotations (server-proxy.ts:1411:16)",
    },
    PageError {
        message: "Failed to decode frame 131: chunk is not available",
        filename: "https://cvat.example.com/assets/cvat-data.worker.js",
        line: 1,
        column: 40_233,
        stack: "Error: Failed to decode frame 131: chunk is not available\n    at FrameDecoder.requestDecodeBlock (cvat-data.ts:311:19)\n    at getFrame (frames.ts:587:33)",
    },
    PageError {
        message: "ResizeObserver loop completed with undelivered notifications.",
        filename: "https://cvat.example.com/tasks/1/jobs/1",
        line: 0,
        column: 0,
        stack: "ResizeObserver loop completed with undelivered notifications.",
    },
    PageError {
        message: "Could not create the object: polygon must have at least 3 points",
        filename: "https://cvat.example.com/assets/cvat-ui.6f1b0c2d.min.js",
        line: 2,
        column: 731_905,
        stack: "DataError: Could not create the object: polygon must have at least 3 points\n    at checkNumberOfPoints (annotations-objects.ts:71:19)\n    at Collection.put (annotations-collection.ts:1024:13)",
    },
    PageError {
        message: "out of memory",
        filename: "https://cvat.example.com/assets/opencv.js",
        line: 30,
        column: 1_287,
        stack: "RangeError: out of memory\n    at Module._malloc (opencv.js:30:1287)\n    at IntelligentScissors.map (intelligent-scissors.ts:214:31)",
    },
];

/// An error in a view of the server.
pub struct ViewError {
    /// Name of the route.
    pub basename: &'static str,
    /// Action of the view.
    pub action: &'static str,
    /// HTTP method.
    pub method: &'static str,
    /// Path without the job's id.
    pub path: &'static str,
    /// Status of the answer.
    pub status: u16,
    /// The exception's text.
    pub message: &'static str,
    /// The traceback.
    pub stack: &'static str,
}

/// Errors in views of the server.
pub const VIEW_ERRORS: &[ViewError] = &[
    ViewError {
        basename: "job",
        action: "annotations",
        method: "PATCH",
        path: "/api/jobs/{}/annotations",
        status: 400,
        message: "[ErrorDetail(string='Some frames are out of the job', code='invalid')]",
        stack: "Traceback (most recent call last):\n  File \"/opt/venv/lib/python3.10/site-packages/rest_framework/views.py\", line 506, in dispatch\n    response = handler(request, *args, **kwargs)\n  File \"/home/django/cvat/apps/engine/views.py\", line 1893, in annotations\n    serializer.is_valid(raise_exception=True)\nrest_framework.exceptions.ValidationError: [ErrorDetail(string='Some frames are out of the job', code='invalid')]",
    },
    ViewError {
        basename: "job",
        action: "data",
        method: "GET",
        path: "/api/jobs/{}/data",
        status: 500,
        message: "[Errno 2] No such file or directory: '/home/django/data/cache/chunk_7.zip'",
        stack: "Traceback (most recent call last):\n  File \"/home/django/cvat/apps/engine/cache.py\", line 212, in get_chunk\n    with open(path, 'rb') as chunk:\nFileNotFoundError: [Errno 2] No such file or directory: '/home/django/data/cache/chunk_7.zip'",
    },
    ViewError {
        basename: "job",
        action: "retrieve",
        method: "GET",
        path: "/api/jobs/{}",
        status: 403,
        message: "You do not have permission to perform this action.",
        stack: "Traceback (most recent call last):\n  File \"/opt/venv/lib/python3.10/site-packages/rest_framework/views.py\", line 497, in dispatch\n    self.initial(request, *args, **kwargs)\nrest_framework.exceptions.PermissionDenied: You do not have permission to perform this action.",
    },
];

/// Formats of datasets.
pub const FORMATS: &[&str] = &[
    "CVAT for images 1.1",
    "COCO 1.0",
    "YOLO 1.1",
    "PASCAL VOC 1.1",
    "Segmentation mask 1.1",
];

/// Machine-learning functions.
pub const FUNCTIONS: &[&str] = &[
    "pth-facebookresearch-sam-vit-h",
    "openvino-omz-public-yolo-v3-tf",
];
