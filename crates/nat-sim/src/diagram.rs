//! Sequence diagrams of a run, as one SVG that needs nothing else.
use crate::{Entry, Happening, NodeId, World};
use core::fmt::Write as _;
use std::{collections::BTreeMap, net::SocketAddr};

const COLUMN: usize = 280;
const ROW: usize = 22;
const HEAD: usize = 48;
const MARGIN: usize = 110;

impl World {
    /// Draws the log: a column for each host and NAT, an arrow for each packet between two of them,
    /// a cross with the reason where one was dropped. At most `rows` lines are drawn.
    pub fn sequence_diagram(&self, rows: usize) -> String {
        let names: Vec<&str> = self.node_names().collect();
        let (steps, places) = (steps(self.log()), columns(self));
        let shown = &steps[..steps.len().min(rows)];
        let (width, height) =
            (COLUMN * names.len().max(1) + MARGIN, HEAD + ROW * (shown.len() + 2));
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" \
             fill=\"white\"/>\n<defs><marker id=\"a\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" \
             markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/>\
             </marker></defs>\n"
        );
        for (index, name) in names.iter().enumerate() {
            let (x, name) = (column(places[index]), escape(name));
            // Writing to a String cannot fail, here and below.
            let _ = writeln!(
                svg,
                "<text x=\"{x}\" y=\"20\" text-anchor=\"middle\" font-weight=\"bold\">{name}</text>\
                 <line x1=\"{x}\" y1=\"28\" x2=\"{x}\" y2=\"{height}\" stroke=\"#bbb\"/>"
            );
        }
        for (row, step) in shown.iter().enumerate() {
            draw(&mut svg, step, &places, HEAD + ROW * row);
        }
        if steps.len() > shown.len() {
            let (y, more) = (HEAD + ROW * (shown.len() + 1), steps.len() - shown.len());
            let _ = writeln!(svg, "<text x=\"4\" y=\"{y}\">and {more} more</text>");
        }
        svg.push_str("</svg>\n");
        svg
    }
}

/// One line of a diagram.
struct Step<'a> {
    entry: &'a Entry,
    /// Where the packet came from, for arrivals.
    from: NodeId,
}

/// Pairs what leaves a node with where it comes out: the next arrival of a packet with the same
/// addresses at another node.
fn steps(log: &[Entry]) -> Vec<Step<'_>> {
    let mut left: BTreeMap<(SocketAddr, SocketAddr), NodeId> = BTreeMap::new();
    let mut steps = Vec::new();
    for entry in log {
        let ends = (entry.packet.source, entry.packet.destination);
        match entry.happening {
            Happening::Sent | Happening::Forwarded => {
                left.insert(ends, entry.node);
            }
            Happening::Entered | Happening::Received => {
                let from = left.get(&ends).copied().unwrap_or(entry.node);
                steps.push(Step { entry, from });
            }
            Happening::Dropped(_) => {
                // A packet that a node would not pass has arrived there in the line before.
                let arrived = steps.last().is_some_and(|last: &Step<'_>| {
                    let last_ends = (last.entry.packet.source, last.entry.packet.destination);
                    (last.entry.node, last_ends) == (entry.node, ends)
                });
                let from = left.get(&ends).copied().filter(|_| !arrived).unwrap_or(entry.node);
                steps.push(Step { entry, from });
            }
        }
    }
    steps
}

/// The order of the columns: hosts behind NATs before them, public hosts in the middle, so that
/// most arrows are short.
fn columns(world: &World) -> Vec<usize> {
    let count = world.node_names().count();
    let mut order = Vec::with_capacity(count);
    let trees = world.inside_first();
    let (left, right) = trees.split_at(trees.len().div_ceil(2));
    order.extend(left.iter().flatten());
    order.extend((0..count).filter(|node| !trees.iter().flatten().any(|other| other == node)));
    order.extend(right.iter().flat_map(|tree| tree.iter().rev()));
    let mut places = vec![0; count];
    for (place, node) in order.into_iter().enumerate() {
        places[node] = place;
    }
    places
}

const fn column(index: usize) -> usize {
    MARGIN + COLUMN * index + COLUMN / 4
}

fn draw(svg: &mut String, step: &Step<'_>, places: &[usize], y: usize) {
    let (from, to) = (column(places[step.from.index()]), column(places[step.entry.node.index()]));
    let at = step.entry.at.saturating_since(World::START).as_micros();
    let label = escape(&step.entry.packet.to_string());
    let _ = writeln!(
        svg,
        "<text x=\"4\" y=\"{y}\" fill=\"#666\">{}.{:03} ms</text>",
        at / 1_000,
        at % 1_000
    );
    let (text, middle) = (y.saturating_sub(4), usize::midpoint(from, to));
    match step.entry.happening {
        Happening::Dropped(cause) => {
            let _ = writeln!(
                svg,
                "<line x1=\"{from}\" y1=\"{y}\" x2=\"{to}\" y2=\"{y}\" stroke=\"#c00\" \
                 stroke-dasharray=\"4\"/><text x=\"{to}\" y=\"{text}\" fill=\"#c00\" \
                 text-anchor=\"middle\">✕ {}: {label}</text>",
                cause.name()
            );
        }
        Happening::Sent | Happening::Forwarded | Happening::Entered | Happening::Received => {
            let _ = writeln!(
                svg,
                "<line x1=\"{from}\" y1=\"{y}\" x2=\"{to}\" y2=\"{y}\" stroke=\"black\" \
                 marker-end=\"url(#a)\"/><text x=\"{middle}\" y=\"{text}\" \
                 text-anchor=\"middle\">{label}</text>"
            );
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
