//! `docs/reference/limits.md` is made from `limits.rs`: what the code holds is what the page says.

use std::collections::HashMap;
use std::fmt::Write;
use std::{env, fs};

const SOURCE: &str = include_str!("../src/limits.rs");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/limits.md");
const HEAD: &str = "# Limits\n\nMade from `crates/domain/src/limits.rs` by a test; change it there, then run `UPDATE=1 cargo \
                    test -p tenure-domain --test limits_page`.\n\nWho asks for more than a limit about his data gets 400 \
                    `LimitExceeded`, which names it. Nothing is limited by licence: there is no limit on catalogs, packages, \
                    policies or assignments.\n\n| limit | value | what it limits |\n| --- | --- | --- |\n";

/// The value of `a * b << c`, with names of limits that were there before.
fn value(expression: &str, known: &HashMap<String, u64>) -> Option<u64> {
    let factor = |text: &str| {
        let text = text.trim();
        text.replace('_', "").parse().ok().or_else(|| known.get(text).copied())
    };
    let product = |text: &str| text.split('*').map(factor).try_fold(1_u64, |all, one| all.checked_mul(one?));
    let mut parts = expression.split("<<").map(product);
    let first = parts.next()??;
    parts.try_fold(first, |all, bits| all.checked_shl(u32::try_from(bits?).ok()?))
}

/// `4096` as people read it.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn page() -> String {
    let (mut page, mut known, mut doc) = (HEAD.to_owned(), HashMap::new(), String::new());
    for line in SOURCE.lines() {
        if let Some(text) = line.strip_prefix("///") {
            doc += text;
        } else if let Some(rest) = line.strip_prefix("pub const ") {
            let (name, rest) = rest.split_once(':').expect("a type");
            let expression = rest.split_once('=').expect("a value").1.trim_end_matches(';');
            let value =
                value(expression, &known).unwrap_or_else(|| panic!("{name}: this test cannot read {expression}"));
            assert!(!doc.is_empty(), "{name} says nothing of itself");
            writeln!(page, "| `{name}` | {} | {} |", grouped(value), doc.trim()).expect("a text");
            known.insert(name.to_owned(), value);
            doc.clear();
        }
    }
    page
}

#[test]
fn every_limit_is_on_the_page_with_its_value() {
    let page = page();
    assert_eq!(page.matches("\n| `").count(), SOURCE.matches("pub const ").count(), "each has a line of its own");
    if env::var_os("UPDATE").is_some() {
        fs::write(PAGE, &page).expect("the page is written");
    }
    let there = fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        there == page,
        "docs/reference/limits.md is out of date: UPDATE=1 cargo test -p tenure-domain --test limits_page"
    );
}

#[test]
fn values_are_computed_as_the_compiler_does() {
    let known = HashMap::from([("A".to_owned(), 5)]);
    assert_eq!(value("4 << 20", &known), Some(4_194_304));
    assert_eq!(value(" 180 * 86_400", &known), Some(15_552_000));
    assert_eq!(value("A * 6", &known), Some(30));
    assert_eq!(value("B", &known), None);
    assert_eq!(grouped(15_552_000), "15,552,000");
}
