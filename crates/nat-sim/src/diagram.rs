//! Sequence diagrams of a run, as one SVG that needs nothing else.
use crate::{Entry, Happening, NodeId, World};
use core::fmt::Write as _;
use std::collections::BTreeMap;

const COLUMN: usize = 220;
const ROW: usize = 22;
const HEAD: usize = 48;
const MARGIN: usize = 110;

impl World {
    /// Draws the log: a column for each host and NAT, an arrow for each packet between two of them,
    /// a cross with the reason where one was dropped. At most `rows` lines are drawn.
    pub fn sequence_diagram(&self, rows: usize) -> String {
        let names: Vec<&str> = self.node_names().collect();
        let steps = steps(self.log());
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
            let (x, name) = (column(index), escape(name));
            // Writing to a String cannot fail, here and below.
            let _ = writeln!(
                svg,
                "<text x=\"{x}\" y=\"20\" text-anchor=\"middle\" font-weight=\"bold\">{name}</text>\
                 <line x1=\"{x}\" y1=\"28\" x2=\"{x}\" y2=\"{height}\" stroke=\"#bbb\"/>"
            );
        }
        for (row, step) in shown.iter().enumerate() {
            draw(&mut svg, step, HEAD + ROW * row);
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
    let mut left: BTreeMap<(std::net::SocketAddr, std::net::SocketAddr), NodeId> = BTreeMap::new();
    let mut steps = Vec::new();
    for entry in log {
        let ends = (entry.packet.source, entry.packet.destination);
        match entry.happening {
            Happening::Sent => {
                left.insert(ends, entry.node);
            }
            Happening::Forwarded => {
                left.insert(ends, entry.node);
                steps.push(Step { entry, from: entry.node });
            }
            Happening::Received | Happening::Dropped(_) => {
                let from = left.get(&ends).copied().unwrap_or(entry.node);
                steps.push(Step { entry, from });
            }
        }
    }
    steps
}

const fn column(index: usize) -> usize {
    MARGIN + COLUMN * index + COLUMN / 4
}

fn draw(svg: &mut String, step: &Step<'_>, y: usize) {
    let (from, to) = (column(step.from.index()), column(step.entry.node.index()));
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
        Happening::Forwarded => {
            let _ = writeln!(
                svg,
                "<circle cx=\"{to}\" cy=\"{y}\" r=\"3\"/><text x=\"{}\" y=\"{y}\" fill=\"#666\">as \
                 {label}</text>",
                to + 6
            );
        }
        Happening::Dropped(cause) => {
            let _ = writeln!(
                svg,
                "<line x1=\"{from}\" y1=\"{y}\" x2=\"{to}\" y2=\"{y}\" stroke=\"#c00\" \
                 stroke-dasharray=\"4\"/><text x=\"{to}\" y=\"{}\" fill=\"#c00\" \
                 text-anchor=\"middle\">✕ {}: {label}</text>",
                y + 4,
                cause.name()
            );
        }
        Happening::Sent | Happening::Received => {
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
