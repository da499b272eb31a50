//! Where a fault lies, in the words of the client. Rules name a field in the words of the older version; whoever wrote
//! `approvalStages` is told of that, and so is whoever asks the newer version and wrote nothing there at all.

use super::normal;
use serde_json::Value as Json;
use tenure_domain::limits::JSON_MEMBERS_MAX;
use tenure_odata::edm::Version;

/// One fact that the versions name differently.
struct Spelling {
    /// Where: the path above it in the words of rules, with `*` for a place in a list.
    below: &'static str,
    /// What rules call it.
    known: &'static str,
    older: &'static str,
    newer: &'static str,
}

const fn same(below: &'static str, known: &'static str, newer: &'static str) -> Spelling {
    Spelling { below, known, older: known, newer }
}

const STAGE: &str = "requestApprovalSettings/stages/*";

/// semantics.md 12, for what can be written.
static SPELLINGS: [Spelling; 28] = [
    Spelling { below: "", known: "catalogId", older: "catalog/id", newer: "catalogId" },
    Spelling { below: "", known: "accessPackageId", older: "accessPackage/id", newer: "accessPackageId" },
    same("", "state", "catalogStatus"),
    same("", "assignment", "accessPackageAssignment"),
    same("", "resource", "accessPackageResource"),
    same("", "role", "accessPackageResourceRole"),
    same("", "scope", "accessPackageResourceScope"),
    same("role", "resource", "accessPackageResource"),
    same("scope", "resource", "accessPackageResource"),
    same("resource/attributes/*", "name", "attributeName"),
    same("resource/attributes/*", "source", "attributeSource"),
    same("resource/attributes/*", "destination", "attributeDestination"),
    same("", "allowedTargetScope", "requestorSettings/scopeType"),
    same("", "specificAllowedTargets", "requestorSettings/allowedRequestors"),
    same("", "expiration/duration", "durationInDays"),
    same("", "expiration/endDateTime", "expirationDateTime"),
    Spelling {
        below: "",
        known: "daysUntilExternalUserDeletedAfterBlocked",
        older: "durationUntilExternalUserDeletedAfterBlocked",
        newer: "daysUntilExternalUserDeletedAfterBlocked",
    },
    same("", "reviewSettings", "accessReviewSettings"),
    same("", "notificationSettings", "accessPackageNotificationSettings"),
    same("requestApprovalSettings", "stages", "approvalStages"),
    same("requestApprovalSettings", "isApprovalRequiredForAdd", "isApprovalRequired"),
    same("requestApprovalSettings", "isApprovalRequiredForUpdate", "isApprovalRequiredForExtension"),
    same(STAGE, "durationBeforeAutomaticDenial", "approvalStageTimeOutInDays"),
    same(STAGE, "durationBeforeEscalation", "escalationTimeInMinutes"),
    same("reviewSettings", "primaryReviewers", "reviewers"),
    same("*", "userId", "id"),
    same("*", "groupId", "id"),
    same("*", "connectedOrganizationId", "id"),
];

/// Lists of people: what somebody is named by stands in an item of one.
const PEOPLE: [&str; 8] = [
    "specificAllowedTargets",
    "requestApprovalSettings/stages/*/primaryApprovers",
    "requestApprovalSettings/stages/*/fallbackPrimaryApprovers",
    "requestApprovalSettings/stages/*/escalationApprovers",
    "requestApprovalSettings/stages/*/fallbackEscalationApprovers",
    "reviewSettings/primaryReviewers",
    "reviewSettings/fallbackReviewers",
    "requestorSettings/onBehalfRequestors",
];

/// Lists that go on in another one: rules count fallbacks behind those that they stand in for.
const CONTINUED: [(&str, &str); 2] =
    [("primaryApprovers", "fallbackPrimaryApprovers"), ("escalationApprovers", "fallbackEscalationApprovers")];

impl Spelling {
    /// Whether it is one of what lies below `above`.
    fn is_below(&self, above: &[&str]) -> bool {
        let path = above.join("/");
        match self.below {
            "*" => path.strip_suffix("/*").is_some_and(|list| PEOPLE.contains(&list)),
            below => below == path,
        }
    }

    /// How many names of `path` are this fact, in whichever words.
    fn matched(&self, path: &[&str]) -> usize {
        let length = |words: &str| {
            let words: Vec<&str> = words.split('/').collect();
            if path.starts_with(&words) { words.len() } else { 0 }
        };
        [self.known, self.older, self.newer].into_iter().map(length).max().unwrap_or_default()
    }
}

/// A pointer into a body, in the words that the body uses, else in those of the version that was asked.
pub fn as_written(pointer: &str, body: &Json, version: Version) -> String {
    let Some(path) = pointer.strip_prefix('/') else { return pointer.to_owned() };
    let mut path: Vec<&str> = path.split('/').collect();
    let mut node = Some(body);
    let (mut above, mut written) = (Vec::new(), String::new());
    while let Some((&first, rest)) = path.split_first() {
        let spelling = SPELLINGS
            .iter()
            .filter(|s| s.is_below(&above))
            .map(|s| (s.matched(&path), s))
            .filter(|(length, _)| *length > 0)
            .max_by_key(|(length, _)| *length);
        let (words, taken) = match spelling {
            Some((length, spelling)) => {
                above.extend(spelling.known.split('/'));
                let given = path.get(..length).unwrap_or_default().join("/");
                (chosen(spelling, given, node, version), length)
            }
            None => {
                above.push(if first.bytes().all(|b| b.is_ascii_digit()) { "*" } else { first });
                (first.to_owned(), 1)
            }
        };
        if let Some((list, place)) = continued(&words, rest, node) {
            above.push("*");
            step(&mut node, &mut written, list);
            step(&mut node, &mut written, &place.to_string());
            path.drain(..2);
            continue;
        }
        words.split('/').for_each(|word| step(&mut node, &mut written, word));
        path.drain(..taken);
    }
    written
}

/// The words of a body where it says this fact, the given ones first, else those of the version.
fn chosen(spelling: &Spelling, given: String, node: Option<&Json>, version: Version) -> String {
    let (own, other) =
        if version == Version::Beta { (spelling.newer, spelling.older) } else { (spelling.older, spelling.newer) };
    let is_said = |words: &str| {
        let (mut node, mut ignored) = (node, String::new());
        words.split('/').for_each(|word| step(&mut node, &mut ignored, word));
        node.is_some()
    };
    if is_said(&given) {
        return given;
    }
    [own, spelling.known, other].into_iter().find(|words| is_said(words)).unwrap_or(own).to_owned()
}

/// Where a place behind the end of a list is: in the list of fallbacks, if there is one.
fn continued(list: &str, rest: &[&str], node: Option<&Json>) -> Option<(&'static str, usize)> {
    let (_, fallbacks) = CONTINUED.into_iter().find(|(first, _)| *first == list)?;
    let place: usize = rest.first()?.parse().ok()?;
    let length = |name: &str| member(node?, name)?.1.as_array().map(Vec::len);
    let behind = place.checked_sub(length(list).unwrap_or_default())?;
    (behind < length(fallbacks)?).then_some((fallbacks, behind))
}

/// A member of an object, with its name as it is written.
fn member<'v>(node: &'v Json, name: &str) -> Option<(&'v str, &'v Json)> {
    let members = node.as_object()?;
    // Most are written as they are asked for, and a body can have very many.
    let found = members.get_key_value(name).or_else(|| {
        let wanted = normal(name);
        members.iter().take(JSON_MEMBERS_MAX).find(|(written, _)| normal(written) == wanted)
    })?;
    Some((found.0.as_str(), found.1))
}

/// Goes one name further, as far as there is something, and writes it down.
fn step(node: &mut Option<&Json>, written: &mut String, name: &str) {
    let found = node.and_then(|node| match node {
        Json::Array(items) => items.get(name.parse::<usize>().ok()?).map(|item| (name.to_owned(), item)),
        other => member(other, name).map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value)),
    });
    written.push('/');
    match found {
        Some((name, value)) => {
            written.push_str(&name);
            *node = Some(value);
        }
        None => {
            written.push_str(name);
            *node = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of_stage(list: &str) -> String {
        format!("/requestApprovalSettings/stages/0/{list}")
    }

    #[test]
    fn what_the_newer_version_says_otherwise_is_named_as_it_says_it() {
        let body = json!({
            "durationInDays": 9_000,
            "requestorSettings": { "scopeType": "SpecificDirectorySubjects", "AllowedRequestors": [{}] },
            "requestApprovalSettings": { "approvalStages": [{ "primaryApprovers": [{}, {}] }] },
        });
        for (known, wanted) in [
            ("/expiration/duration", "/durationInDays"),
            ("/specificAllowedTargets/0", "/requestorSettings/AllowedRequestors/0"),
            ("/specificAllowedTargets/0/groupId", "/requestorSettings/AllowedRequestors/0/id"),
            (of_stage("").trim_end_matches('/'), "/requestApprovalSettings/approvalStages/0"),
            (&of_stage("primaryApprovers/1"), "/requestApprovalSettings/approvalStages/0/primaryApprovers/1"),
            (
                &of_stage("durationBeforeAutomaticDenial"),
                "/requestApprovalSettings/approvalStages/0/approvalStageTimeOutInDays",
            ),
            ("/reviewSettings/primaryReviewers/0", "/accessReviewSettings/reviewers/0"),
            ("/displayName", "/displayName"),
        ] {
            assert_eq!(as_written(known, &body, Version::Beta), wanted);
        }
    }

    #[test]
    fn the_words_of_the_body_count_more_than_those_of_the_version() {
        let body = json!({ "expiration": { "duration": "P9000D" }, "catalog_id": "x",
                           "requestApprovalSettings": { "stages": [{}] } });
        assert_eq!(as_written("/expiration/duration", &body, Version::Beta), "/expiration/duration");
        let stage = of_stage("primaryApprovers");
        assert_eq!(as_written(&stage, &body, Version::Beta), stage);
        assert_eq!(as_written("/catalogId", &body, Version::V1), "/catalog_id");
        let both = json!({ "catalog": { "id": 1 }, "catalogId": 2 });
        assert_eq!(as_written("/catalogId", &both, Version::V1), "/catalogId");
        assert_eq!(as_written("/accessPackageId", &body, Version::V1), "/accessPackage/id");
        assert_eq!(as_written("/accessPackageId", &body, Version::Beta), "/accessPackageId");
    }

    #[test]
    fn fallbacks_are_found_in_their_own_list() {
        let body = json!({ "requestApprovalSettings": { "stages": [
            { "primaryApprovers": [{}], "fallbackPrimaryApprovers": [{}, {}], "escalationApprovers": [{}] },
        ] } });
        let at = |list: &str| as_written(&of_stage(list), &body, Version::V1);
        assert_eq!(at("primaryApprovers/0"), of_stage("primaryApprovers/0"));
        assert_eq!(at("primaryApprovers/2/userId"), of_stage("fallbackPrimaryApprovers/1/userId"));
        assert_eq!(at("escalationApprovers/1"), of_stage("escalationApprovers/1"));
    }

    #[test]
    fn what_is_written_in_either_version_stays_as_it_is() {
        let body = json!({ "accessPackageAssignment": { "target": {} }, "a/b": 1 });
        for version in [Version::V1, Version::Beta] {
            assert_eq!(
                as_written("/accessPackageAssignment/target", &body, version),
                "/accessPackageAssignment/target"
            );
            assert_eq!(as_written("/assignment/target/email", &body, version), "/accessPackageAssignment/target/email");
            assert_eq!(as_written("If-Match", &body, version), "If-Match");
        }
    }
}
