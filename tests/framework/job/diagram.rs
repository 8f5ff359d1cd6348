//! The diagram of a job's states in the documentation of the crate `job`, drawn from the tables of
//! the crate. Lengths are in units of the SVG view box.

use std::fmt::Write;

use job::JobStatus::{self, *};
use job::{JobVerb, transition};

/// The distance between the centres of two columns.
const COLUMN: i32 = 128;
const BOX_WIDTH: i32 = 92;
const BOX_HEIGHT: i32 = 32;
/// The vertical centres of the upper and of the lower row of boxes.
const UPPER: i32 = 92;
const LOWER: i32 = 196;
/// The vertical position of the header of the table of verbs, and the height of a line.
const TABLE: i32 = 340;
const LINE: i32 = 24;
const WIDTH: i32 = 8 * COLUMN;
const HEIGHT: i32 = TABLE + 24 + 8 * LINE;

#[test]
fn the_stored_diagram_matches_the_tables() {
    let file = surroundings::package_folder(env!("CARGO_MANIFEST_DIR"))
        .join("../job/docs/life-cycle.svg");
    let drawn = diagram();
    if std::env::var_os("TRYBUILD").is_some_and(|value| value == "overwrite") {
        std::fs::write(&file, &drawn).expect("the file can be written");
    }
    let stored = std::fs::read_to_string(&file).expect("the file is there");
    assert_eq!(stored, drawn, "TRYBUILD=overwrite replaces {}", file.display());
}

/// The whole diagram, without an empty line: the diagram stands in Markdown, where an empty line
/// ends an HTML block.
fn diagram() -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         width=\"100%\" role=\"img\" font-family=\"sans-serif\" font-size=\"14\" \
         fill=\"currentColor\" text-anchor=\"middle\">\n\
         <title>The states of a job, and the verbs that each state accepts</title>\n\
         <marker id=\"job-arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" \
         markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"></path></marker>\n\
         <g fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.3\">\n"
    );
    for (from, to) in legal_transitions() {
        let path = route(from, to);
        let words = format!("{} to {}", from.as_str(), to.as_str());
        let marker = "marker-end=\"url(#job-arrow)\"";
        writeln!(svg, "<path d=\"{path}\" {marker}><title>{words}</title></path>").unwrap();
    }
    svg.push_str("</g>\n");
    for status in JobStatus::ALL {
        draw_status(&mut svg, *status);
    }
    draw_verbs(&mut svg);
    svg.push_str("</svg>\n");
    svg
}

/// Every legal transition.
fn legal_transitions() -> impl Iterator<Item = (JobStatus, JobStatus)> {
    let pairs =
        JobStatus::ALL.iter().flat_map(|from| JobStatus::ALL.iter().map(|to| (*from, *to)));
    pairs.filter(|(from, to)| transition(*from, *to).is_ok())
}

/// The centre of the box of a status.
fn centre(status: JobStatus) -> (i32, i32) {
    let (column, y) = match status {
        Undefined => (0, UPPER),
        Created => (1, UPPER),
        Running => (2, UPPER),
        Paused => (2, LOWER),
        Ready => (3, UPPER),
        Standby => (3, LOWER),
        Waiting => (4, UPPER),
        Pending => (5, UPPER),
        Aborting => (5, LOWER),
        Concluded => (6, UPPER),
        Null => (7, UPPER),
    };
    (column * COLUMN + COLUMN / 2, y)
}

/// The colour of a status, visible on a light and on a dark background.
fn colour(status: JobStatus) -> &'static str {
    match status {
        Undefined | Created | Null => "#888888",
        Running | Ready => "#2ea043",
        Paused | Standby => "#d29922",
        Waiting | Pending => "#388bfd",
        Aborting => "#f85149",
        Concluded => "#8957e5",
    }
}

/// The path of an arrow. A transition without a case of its own is a straight line.
fn route(from: JobStatus, to: JobStatus) -> String {
    let ((x1, y1), (x2, y2)) = (centre(from), centre(to));
    let (half, tall) = (BOX_WIDTH / 2, BOX_HEIGHT / 2);
    // The vertical positions of the arrows below all boxes.
    let (below, deepest) = (LOWER + 62, LOWER + 92);
    match (from, to) {
        (Aborting, Aborting) => {
            let x = x1 + half;
            format!(
                "M{x} {} C{} {} {} {} {x} {}",
                y1 - 8,
                x + 44,
                y1 - 22,
                x + 44,
                y1 + 22,
                y1 + 8
            )
        }
        (Created, Null) => over(x1, x2, y1 - tall, 74),
        (Running, Waiting) => over(x1 + 14, x2 - 14, y1 - tall, 42),
        (Created, Aborting) => format!(
            "M{x1} {} C{x1} {deepest} {} {deepest} {} {deepest} S{} {deepest} {} {}",
            y1 + tall,
            x1 + 60,
            x1 + COLUMN,
            x2 + 14,
            x2 + 14,
            y2 + tall
        ),
        (Running, Aborting) => {
            let x = x1 + half;
            let (gap, turn) = (x1 + COLUMN / 2, x1 + COLUMN);
            format!(
                "M{x} {} C{gap} {} {gap} {below} {turn} {below} S{} {below} {} {}",
                y1 + tall,
                y1 + 60,
                x2 - 14,
                x2 - 14,
                y2 + tall
            )
        }
        // Two parallel arrows, one for each direction.
        (Running, Paused) | (Ready, Standby) => {
            format!("M{} {} V{}", x1 - 12, y1 + tall, y2 - tall)
        }
        (Paused, Running) | (Standby, Ready) => {
            format!("M{} {} V{}", x1 + 12, y1 - tall, y2 + tall)
        }
        (Ready, Aborting) => {
            format!("M{} {} L{} {}", x1 + half, y1 + tall, x2 - half, y2 - 4)
        }
        (Waiting, Aborting) => {
            format!("M{} {} L{} {}", x1 + 20, y1 + tall, x2 - 20, y2 - tall)
        }
        (Aborting, Concluded) => {
            format!("M{} {} L{} {}", x1 + 20, y1 - tall, x2 - 20, y2 + tall)
        }
        _ if x1 == x2 => format!("M{x1} {} V{}", y1 + tall, y2 - tall),
        _ => format!("M{} {y1} L{} {y2}", x1 + half, x2 - half),
    }
}

/// An arc from one box to another, above the boxes between them.
fn over(x1: i32, x2: i32, y: i32, height: i32) -> String {
    let top = y - height;
    format!("M{x1} {y} C{} {top} {} {top} {x2} {y}", x1 + 24, x2 - 24)
}

fn draw_status(svg: &mut String, status: JobStatus) {
    let ((x, y), colour) = (centre(status), colour(status));
    let (left, top, text) = (x - BOX_WIDTH / 2, y - BOX_HEIGHT / 2, y + 5);
    writeln!(
        svg,
        "<rect x=\"{left}\" y=\"{top}\" width=\"{BOX_WIDTH}\" height=\"{BOX_HEIGHT}\" rx=\"7\" \
         fill=\"{colour}\" fill-opacity=\".25\" stroke=\"{colour}\" stroke-width=\"1.5\"></rect>\
         <text x=\"{x}\" y=\"{text}\">{}</text>",
        status.as_str()
    )
    .unwrap();
}

/// The table of verbs: a line for each verb, a column for each state that accepts a verb.
fn draw_verbs(svg: &mut String) {
    let accepts_any =
        |status: &JobStatus| JobVerb::ALL.iter().any(|verb| verb.allowed_in(*status));
    let columns: Vec<_> = JobStatus::ALL.iter().copied().filter(accepts_any).collect();
    let width = (WIDTH - COLUMN) / i32::try_from(columns.len()).expect("a few");
    let middle = |column: usize| COLUMN + width / 2 + width * i32::try_from(column).unwrap();
    for (column, status) in columns.iter().enumerate() {
        let x = middle(column);
        writeln!(svg, "<text x=\"{x}\" y=\"{TABLE}\">{}</text>", status.as_str()).unwrap();
    }
    let mut y = TABLE + 8;
    for verb in JobVerb::ALL {
        writeln!(
            svg,
            "<path d=\"M24 {y} H{}\" stroke=\"currentColor\" stroke-opacity=\".3\"></path>\
             <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            WIDTH - 24,
            COLUMN - 12,
            y + 17,
            verb.as_str()
        )
        .unwrap();
        for (column, status) in columns.iter().enumerate() {
            if verb.allowed_in(*status) {
                let (x, y, colour) = (middle(column), y + LINE / 2, colour(*status));
                writeln!(
                    svg,
                    "<circle cx=\"{x}\" cy=\"{y}\" r=\"6\" fill=\"{colour}\"></circle>"
                )
                .unwrap();
            }
        }
        y += LINE;
    }
}
