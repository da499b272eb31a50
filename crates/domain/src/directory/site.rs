//! Sites of the directory and their permission groups (decisions.md B10). There is no server for documents behind them: a
//! site is a place that is known by its address, and its groups say who may do what there.

use crate::ids::ObjectId;
use crate::organization::is_domain;
use crate::refusal::{Code, Refusal};
use crate::text::fold;
use crate::time::Timestamp;
use uuid::Uuid;

/// Characters of a site's address at most.
const ADDRESS_CHARS_MAX: usize = 400;
/// The number of the permission group of owners.
pub const OWNERS: i64 = 3;
/// The number of the permission group of members.
pub const MEMBERS: i64 = 4;
/// The number of the permission group of visitors.
pub const VISITORS: i64 = 5;

/// The address of a site: `https://`, a host, and the path below it, which the root site has none of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteAddress {
    host: String,
    path: String,
}

impl SiteAddress {
    /// The address that `text` is. A slash at its end says nothing; the host is written in small letters.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let rest = text.get(8..).filter(|_| text.get(..8).is_some_and(|s| s.eq_ignore_ascii_case("https://")))?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        if path.starts_with('/') { None } else { Self::of(host, path) }
    }

    /// The address of a path below a host.
    pub fn of(host: &str, path: &str) -> Option<Self> {
        let path = path.trim_matches('/');
        let is_plain = |s: &str| {
            !s.is_empty() && s != "." && s != ".." && s.chars().all(|c| c.is_alphanumeric() || "-_.~".contains(c))
        };
        let is_path = path.is_empty() || path.split('/').all(is_plain);
        let made = Self { host: host.to_ascii_lowercase(), path: path.to_owned() };
        (is_domain(host) && is_path && made.text().chars().count() <= ADDRESS_CHARS_MAX).then_some(made)
    }

    /// As it is written.
    pub fn text(&self) -> String {
        if self.path.is_empty() { self.root() } else { format!("{}/{}", self.root(), self.path) }
    }

    /// As it is compared.
    pub fn key(&self) -> String {
        fold(&self.text())
    }

    /// The host.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The address of the root site of its host.
    pub fn root(&self) -> String {
        format!("https://{}", self.host)
    }

    /// The last part of its path; that of a root site is empty.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Whether it is the root site of its host.
    pub const fn is_root(&self) -> bool {
        self.path.is_empty()
    }

    /// Whether it lies below another one.
    pub fn is_below(&self, other: &Self) -> bool {
        let above = if other.path.is_empty() { String::new() } else { format!("{}/", fold(&other.path)) };
        self.host == other.host && self.path.len() > other.path.len() && fold(&self.path).starts_with(&above)
    }
}

/// A site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its id: the last of the three parts of the published one.
    pub id: ObjectId,
    /// The site it lies in, itself and those below it: the second part of the published id.
    pub collection: Uuid,
    /// Where sites of its host are.
    pub environment: Uuid,
    /// The site it is a subsite of.
    pub parent: Option<ObjectId>,
    /// Its address.
    pub address: SiteAddress,
    /// Its title.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Raised with every change.
    pub version: i64,
}

impl Site {
    /// A site is deleted only when nothing lies in it.
    pub fn may_delete(&self, subsites: i64) -> Result<(), Refusal> {
        if subsites == 0 {
            return Ok(());
        }
        let message = format!("the site `{}` has {subsites} subsites; delete them first", self.name);
        Err(Refusal::new(Code::RequestBadRequest, message))
    }
}

/// The published id of a site: host, site collection and site.
pub fn published_id(host: &str, collection: Uuid, id: Uuid) -> String {
    format!("{host},{collection},{id}")
}

/// How somebody names a site in a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SiteKey {
    /// By its whole id.
    Published {
        /// The host.
        host: String,
        /// The site collection.
        collection: Uuid,
        /// The site.
        id: Uuid,
    },
    /// By its address: `host:/sites/x`.
    Address(SiteAddress),
    /// The root site of a host.
    Host(String),
    /// The root site.
    Root,
}

impl SiteKey {
    /// What a text that is no GUID names.
    pub fn parse(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("root") {
            return Some(Self::Root);
        }
        if let Some((host, path)) = text.split_once(':') {
            return SiteAddress::of(host, path).map(Self::Address);
        }
        let mut parts = text.split(',');
        let host = parts.next().filter(|h| is_domain(h))?.to_ascii_lowercase();
        match (parts.next(), parts.next(), parts.next()) {
            (None, _, _) => Some(Self::Host(host)),
            (Some(collection), Some(id), None) => {
                let (collection, id) = (Uuid::parse_str(collection).ok()?, Uuid::parse_str(id).ok()?);
                Some(Self::Published { host, collection, id })
            }
            _ => None,
        }
    }
}

/// A permission group of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteGroup {
    /// Its id.
    pub id: Uuid,
    /// Its number, by which roles name it; unique in the site.
    pub number: i64,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
}

/// The groups that every site has: number and name.
pub fn first_groups(site: &str) -> [(i64, String); 3] {
    [(OWNERS, "Owners"), (MEMBERS, "Members"), (VISITORS, "Visitors")].map(|(n, what)| (n, format!("{site} {what}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<String> {
        SiteAddress::parse(text).map(|a| a.text())
    }

    #[test]
    fn an_address_is_one_of_https_with_a_plain_path() {
        assert_eq!(
            address(" HTTPS://Contoso.example/Sites/Sales/ ").as_deref(),
            Some("https://contoso.example/Sites/Sales")
        );
        assert_eq!(address("https://contoso.example").as_deref(), Some("https://contoso.example"));
        let long = format!("https://contoso.example/{}", "a".repeat(400));
        for wrong in [
            "",
            "http://contoso.example/sites/a",
            "https://",
            "https://contoso",
            "https://contoso.example//a",
            "https://contoso.example/../a",
            "https://contoso.example/a?b",
            "https://contoso.example/a b",
            "https://me@contoso.example/a",
            "https://contoso.example:8443/a",
            "ä",
            &long,
        ] {
            assert_eq!(address(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_lies_below_a_site_begins_with_its_whole_path() {
        let below =
            |a: &str, b: &str| SiteAddress::parse(a).zip(SiteAddress::parse(b)).is_some_and(|(a, b)| a.is_below(&b));
        let sales = "https://contoso.example/sites/Sales";
        assert!(below("https://contoso.example/sites/sales/emea", sales));
        assert!(below(sales, "https://contoso.example"));
        for other in [sales, "https://contoso.example/sites/salesmen", "https://other.example/sites/sales/a"] {
            assert!(!below(other, sales), "{other}");
        }
    }

    #[test]
    fn a_site_is_named_in_four_ways() {
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let id = published_id("contoso.example", a, b);
        let named = SiteKey::Published { host: "contoso.example".to_owned(), collection: a, id: b };
        assert_eq!(SiteKey::parse(&id.to_uppercase()), Some(named));
        let by_path = SiteKey::parse("contoso.example:/sites/x");
        assert!(matches!(by_path, Some(SiteKey::Address(a)) if a.text() == "https://contoso.example/sites/x"));
        assert_eq!(SiteKey::parse("Contoso.example"), Some(SiteKey::Host("contoso.example".to_owned())));
        assert_eq!(SiteKey::parse("root"), Some(SiteKey::Root));
        for wrong in ["", "contoso", "contoso.example,1", "contoso.example,a,b", &format!("{id},x"), "a:/b"] {
            assert_eq!(SiteKey::parse(wrong), None, "{wrong}");
        }
    }
}
