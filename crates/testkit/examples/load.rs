//! Loads a company in bulk into a database that nobody else has open, and tells about it as JSON:
//! `cargo run --release -p tenure-testkit --example load -- FILE|URL ROWS [SEED]`

#![expect(clippy::print_stdout, reason = "a tool for developers speaks on the terminal")]

use std::env;
use tenure_domain::time::{Clock, SystemClock};
use tenure_testkit::load::{Scale, Target, load};

fn main() {
    let mut arguments = env::args().skip(1);
    let place = arguments.next().expect("a file or a URL");
    let rows = arguments.next().and_then(|text| text.parse().ok()).expect("how many assignments");
    let seed = arguments.next().map_or(1, |text| text.parse().expect("a number"));
    let target = if place.contains("://") { Target::Url(place) } else { Target::File(place.into()) };
    let loaded = load(&target, Scale { rows, seed, now: SystemClock.now() });
    println!("{}", serde_json::to_string(&loaded).expect("JSON"));
}
