//! `docs/reference/configuration.md` is made from the command line itself.

use crate::config::Cli;
use clap::{Arg, Command, CommandFactory};
use std::fmt::Write;
use std::{env, fs};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/configuration.md");
const HEAD: &str = "# Configuration\n\nMade from the command line by a test; change `crates/server/src/config.rs`, then run \
                    `UPDATE=1 cargo test -p tenure-server config_page`.\n\nA flag wins over its variable, the variable over \
                    the file given by `--config`. The key in that TOML file is the flag without its dashes; an unknown key is \
                    refused. A switch may stand alone or have a value: `--demo`, `TENURE_DEMO=true`, `demo = true`.\n";

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The text of an argument, and its default, which stands at the end of it in brackets.
fn help(arg: &Arg) -> (String, String) {
    let text = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let stated = text.rsplit_once(" [default: ").and_then(|(text, rest)| {
        let default = rest.strip_suffix(']')?;
        Some((text.to_owned(), default.to_owned()))
    });
    let own = arg.get_default_values().first().map(|v| v.to_string_lossy().into_owned()).unwrap_or_default();
    stated.unwrap_or((text, own))
}

fn row(page: &mut String, arg: &Arg) {
    let long = arg.get_long().unwrap_or_default();
    let names = arg.get_value_names().unwrap_or_default();
    let is_switch = arg.get_num_args().is_some_and(|n| n.min_values() == 0);
    let values: Vec<String> = arg.get_possible_values().iter().map(|v| v.get_name().to_owned()).collect();
    let value = match (is_switch, values.is_empty() || values == ["true", "false"]) {
        (true, _) => String::new(),
        (false, true) => format!(" {}", names.join(" ")),
        (false, false) => format!(" {}", values.join("\\|")),
    };
    let variable = arg.get_env().map(|v| format!("`{}`", v.to_string_lossy())).unwrap_or_default();
    let (text, default) = help(arg);
    let default = if default.is_empty() { String::new() } else { format!("`{default}`") };
    let _ = writeln!(page, "| `--{long}{value}` | {variable} | {default} | {} |", cell(&text));
}

fn flags(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|a| a.get_long().is_some_and(|name| name != "help" && name != "version"))
}

fn page() -> String {
    let mut cli = Cli::command();
    cli.build();
    let mut page = HEAD.to_owned();
    let serve = cli.find_subcommand("serve").unwrap_or_else(|| unreachable!("the verb serve"));
    page += "\n## For every command\n\n| flag | variable | default | meaning |\n| --- | --- | --- | --- |\n";
    flags(serve).for_each(|arg| row(&mut page, arg));
    page += "\n## Commands\n\n| command | meaning |\n| --- | --- |\n";
    list(&mut page, "tenure", &cli, serve);
    page
}

/// The commands below one, with what they take besides what every command does.
fn list(page: &mut String, above: &str, parent: &Command, serve: &Command) {
    for command in parent.get_subcommands().filter(|c| c.get_name() != "help" && !c.is_hide_set()) {
        let name = format!("{above} {}", command.get_name());
        if command.has_subcommands() {
            list(page, &name, command, serve);
            continue;
        }
        let is_own = |arg: &&Arg| serve.get_arguments().all(|known| known.get_id() != arg.get_id());
        let words = command.get_arguments().filter(is_own).map(|arg| {
            let name = arg.get_value_names().and_then(|n| n.first()).map(ToString::to_string).unwrap_or_default();
            let word = arg.get_long().map_or_else(|| name.clone(), |long| format!("--{long} {name}"));
            if arg.is_required_set() { word } else { format!("[{word}]") }
        });
        let words: Vec<String> = std::iter::once(name).chain(words).collect();
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(page, "| `{}` | {} |", words.join(" "), cell(&about));
    }
}

#[test]
fn every_flag_is_on_the_page() {
    let page = page();
    if env::var_os("UPDATE").is_some() {
        assert!(fs::write(PAGE, &page).is_ok());
    }
    let there = fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        there == page,
        "docs/reference/configuration.md is out of date: UPDATE=1 cargo test -p tenure-server config_page"
    );
}

#[test]
fn every_flag_has_a_variable_and_says_what_it_is() {
    let mut cli = Cli::command();
    cli.build();
    let serve = cli.find_subcommand("serve").unwrap_or_else(|| unreachable!("the verb serve"));
    for arg in flags(serve) {
        let long = arg.get_long().unwrap_or_default();
        let variable = format!("TENURE_{}", long.replace('-', "_").to_uppercase());
        assert_eq!(arg.get_env().map(|v| v.to_string_lossy().into_owned()), Some(variable), "--{long}");
        assert!(arg.get_help().is_some(), "--{long}");
    }
}
