//! Providers that people sign in with, from the file of the configuration: read and checked at the start, so that what is
//! misspelt is told to whoever wrote it and not to those who sign in.

use crate::config::Options;
use crate::failure::{Failure, Outcome, While};
use crate::files;
use crate::installation;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use tenure_api::{AccessTokens, Outbound, Provider, Question, Said, Saying};
use tenure_auth::scopes;
use tenure_connect::http::{self, Client, Rules};
use tenure_service::identity::outside;

/// Characters of the text on a button.
const LABEL_CHARS_MAX: usize = 60;

/// `[[oidc-provider]]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProviderEntry {
    name: String,
    label: Option<String>,
    issuer: String,
    client_id: String,
    client_secret_file: Option<PathBuf>,
    #[serde(default)]
    trusted_domains: Vec<String>,
    access_tokens: Option<AccessTokensEntry>,
}

/// `[oidc-provider.access-tokens]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AccessTokensEntry {
    audience: String,
    claim: Option<String>,
    scopes: BTreeMap<String, Vec<String>>,
}

/// `[outbound]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct OutboundEntry {
    /// Networks that are asked although they are not public.
    allow: Vec<String>,
    /// Certificate authorities that are trusted besides those of the operating system, as PEM.
    ca_file: Option<PathBuf>,
}

/// All providers, checked, with their secrets.
pub fn load(entries: &[ProviderEntry], demo: bool) -> Outcome<Vec<Provider>> {
    let (mut names, mut issuers) = (BTreeSet::new(), BTreeSet::new());
    for entry in entries {
        if !names.insert(&entry.name) {
            return Err(fault(entry, "two providers have this name"));
        }
        if !issuers.insert(&entry.issuer) {
            return Err(fault(entry, "two providers have this issuer"));
        }
    }
    entries.iter().map(|entry| provider(entry, demo)).collect()
}

fn fault(entry: &ProviderEntry, what: &str) -> Failure {
    Failure::new(format!("oidc-provider `{}`: {what}", entry.name))
}

fn provider(entry: &ProviderEntry, demo: bool) -> Outcome<Provider> {
    let is_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if entry.name.is_empty() || !entry.name.bytes().all(is_name) {
        return Err(fault(entry, "name must be of small letters, digits and dashes: it is part of an address"));
    }
    let is_place = entry.issuer.starts_with("https://") || (demo && entry.issuer.starts_with("http://"));
    if !is_place || entry.issuer.contains(['?', '#', '@']) {
        return Err(fault(entry, "issuer must be an https URL without query, as the provider's tokens say it"));
    }
    if entry.client_id.is_empty() {
        return Err(fault(entry, "client-id is empty"));
    }
    let label = entry.label.clone().unwrap_or_else(|| format!("Sign in with {}", entry.name));
    if label.trim().is_empty() || label.chars().count() > LABEL_CHARS_MAX {
        return Err(fault(entry, &format!("label must have 1 to {LABEL_CHARS_MAX} characters")));
    }
    let is_domain = |d: &str| d.contains('.') && !d.contains(['@', '*', ' ', '/']);
    if let Some(bad) = entry.trusted_domains.iter().find(|d| !is_domain(d)) {
        return Err(fault(entry, &format!("trusted-domains: `{bad}` is no domain such as example.org")));
    }
    Ok(Provider {
        name: entry.name.clone(),
        label,
        issuer: entry.issuer.clone(),
        client_id: entry.client_id.clone(),
        client_secret: secret(entry)?,
        trusted_domains: entry.trusted_domains.iter().map(|d| d.to_ascii_lowercase()).collect(),
        access_tokens: entry.access_tokens.as_ref().map(|taken| access_tokens(entry, taken)).transpose()?,
    })
}

fn secret(entry: &ProviderEntry) -> Outcome<Option<String>> {
    let Some(path) = &entry.client_secret_file else { return Ok(None) };
    let text = files::read_if_there(path)?.unwrap_or_default();
    let text = text.trim();
    if text.is_empty() {
        return Err(fault(entry, &format!("client-secret-file {} is missing or empty", path.display())));
    }
    Ok(Some(text.to_owned()))
}

fn access_tokens(entry: &ProviderEntry, taken: &AccessTokensEntry) -> Outcome<AccessTokens> {
    if taken.audience.is_empty() || taken.audience == entry.client_id {
        let what =
            "access-tokens.audience must name this API, and not be the client-id: id tokens are no access tokens";
        return Err(fault(entry, what));
    }
    if taken.scopes.is_empty() {
        return Err(fault(entry, "access-tokens.scopes is empty: no token could do anything"));
    }
    let mut scopes = BTreeMap::new();
    for (word, names) in &taken.scopes {
        let known = |name: &String| scopes::find(name).map(|p| p.name.to_owned());
        if let Some(bad) = names.iter().find(|n| known(n).is_none()) {
            return Err(fault(entry, &format!("access-tokens.scopes.{word}: `{bad}` is no permission of this API")));
        }
        scopes.insert(word.clone(), names.iter().filter_map(known).collect());
    }
    let claim = taken.claim.clone().unwrap_or_else(|| "scope".to_owned());
    Ok(AccessTokens { audience: taken.audience.clone(), claim, scopes })
}

/// `tenure unlink`: the person can be found anew by his address.
pub fn unlink(options: &Options, name: &str) -> Outcome<()> {
    let place = installation::open(options)?;
    let asked = name.to_owned();
    let unlinked = place.engine.write_blocking(move |ctx| outside::unlink(ctx, &asked));
    let links = unlinked.doing("forgetting identities")?;
    let links = links.ok_or_else(|| Failure::new(format!("there is no account `{name}`")))?;
    writeln!(std::io::stdout(), "{name}: {links} identities forgotten, signed out everywhere").doing("printing")
}

/// Asks other systems for the rooms that may not see how.
struct Asking(Client);

impl Outbound for Asking {
    fn ask(&self, question: Question) -> Saying {
        let client = self.0.clone();
        Box::pin(async move {
            let request = http::Request::of_form(question.url, question.form, question.authorization);
            let answer = client.send(request).await.map_err(|failure| failure.to_string())?;
            Ok(Said { status: answer.status, body: answer.body.to_vec() })
        })
    }
}

/// The way out, within the rules of the configuration (decisions.md K9).
pub fn outbound(entry: &OutboundEntry, demo: bool) -> Outcome<Arc<dyn Outbound>> {
    let mut allow = Vec::new();
    for network in &entry.allow {
        allow.push(network.parse().doing("outbound.allow")?);
    }
    let mut roots = http::system_roots();
    if let Some(path) = &entry.ca_file {
        let pem = fs::read(path).doing(format!("reading {}", path.display()))?;
        let added = http::add_roots(&mut roots, &pem);
        if added == 0 {
            return Err(Failure::new(format!("outbound.ca-file {} has no certificate", path.display())));
        }
    }
    let client = Client::new(Rules { allow, loopback: demo }, roots).doing("setting up TLS")?;
    Ok(Arc::new(Asking(client)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct File {
        oidc_provider: Vec<ProviderEntry>,
    }

    const GOOD: &str = r#"
[[oidc-provider]]
name = "corp"
issuer = "https://login.example.org"
client-id = "tenure"
trusted-domains = ["Example.org"]

[oidc-provider.access-tokens]
audience = "api://tenure"
scopes = { "tenure.read" = ["entitlementmanagement.read.all", "User.Read"] }
"#;

    fn read(text: &str, demo: bool) -> Outcome<Vec<Provider>> {
        let file: File = toml::from_str(text).doing("reading")?;
        load(&file.oidc_provider, demo)
    }

    #[test]
    fn a_provider_is_read_with_its_defaults() {
        let read = read(GOOD, false).unwrap_or_else(|e| unreachable!("{e}"));
        let Some(provider) = read.first() else { unreachable!("one provider") };
        assert_eq!((provider.label.as_str(), &provider.client_secret), ("Sign in with corp", &None));
        assert_eq!(provider.trusted_domains, ["example.org"]);
        let taken = provider.access_tokens.clone().unwrap_or_else(|| unreachable!("access tokens"));
        assert_eq!(taken.claim, "scope");
        let names = taken.scopes.get("tenure.read").cloned().unwrap_or_default();
        assert_eq!(names, ["EntitlementManagement.Read.All", "User.Read"], "as they are written here");
    }

    #[test]
    fn what_is_wrong_is_told_with_the_name_of_the_provider() {
        for (from, to, told) in [
            ("name = \"corp\"", "name = \"Corp/x\"", "small letters"),
            ("https://login", "http://login", "https URL"),
            ("login.example.org\"", "login.example.org?x=1\"", "https URL"),
            ("client-id = \"tenure\"", "client-id = \"\"", "client-id is empty"),
            ("client-id = \"tenure\"", "client-id = \"api://tenure\"", "id tokens are no access tokens"),
            ("\"Example.org\"", "\"*\"", "no domain"),
            ("\"User.Read\"", "\"User.Rule\"", "`User.Rule` is no permission"),
            ("scopes = {", "scopes = {} #", "no token could do anything"),
            ("audience = \"api://tenure\"", "audience = \"\"", "must name this API"),
            ("trusted-domains", "client-secret-file = \"/nowhere/secret\"\ntrusted-domains", "missing or empty"),
            ("trusted-domains", "label = \" \"\ntrusted-domains", "label must have"),
            ("trusted-domains", "secret = \"x\"\ntrusted-domains", "secret"),
        ] {
            assert!(GOOD.contains(from), "{from}");
            let refused = read(&GOOD.replace(from, to), false).err().map(|e| e.0).unwrap_or_default();
            assert!(refused.contains(told), "{to}: {refused}");
        }
        let twice = format!("{GOOD}{GOOD}");
        assert!(read(&twice, false).is_err());
        let other_name = format!("{GOOD}{}", GOOD.replace("\"corp\"", "\"corp-2\""));
        assert!(read(&other_name, false).err().is_some_and(|e| e.0.contains("two providers have this issuer")));
        assert!(read(&GOOD.replace("https://login", "http://login"), true).is_ok(), "in a demo, on loopback");
    }

    #[test]
    fn networks_and_authorities_are_checked_at_the_start() {
        let entry = |network: &str| OutboundEntry { allow: vec![network.to_owned()], ca_file: None };
        assert!(outbound(&entry("10.0.0.0/8"), false).is_ok());
        let refused = outbound(&entry("10.0.0.0/99"), false).err().map(|e| e.0).unwrap_or_default();
        assert!(refused.contains("outbound.allow") && refused.contains("10.0.0.0/99"), "{refused}");
        let folder = tempfile::tempdir().unwrap_or_else(|e| unreachable!("{e}"));
        let path = folder.path().join("ca.pem");
        assert!(fs::write(&path, "nothing").is_ok());
        assert!(outbound(&OutboundEntry { allow: Vec::new(), ca_file: Some(path) }, false).is_err());
    }
}
