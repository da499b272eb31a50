//! How pairs of rows are joined.

use super::columns as c;
use tenure_odata::edm::Link;

/// How pairs are joined: the FROM clause, this row's key, the target's key, and whether a pair can appear twice.
#[derive(Clone, Copy, Debug)]
pub struct LinkDef {
    pub name: Link,
    pub from: &'static str,
    pub left: &'static str,
    pub right: &'static str,
    pub repeats: bool,
}

const LINKS: &[LinkDef] = &[
    LinkDef {
        name: c::link::MEMBERS,
        from: "group_member {n}",
        left: "{n}.group_id",
        right: "{n}.member_id",
        repeats: false,
    },
    LinkDef {
        name: c::link::SITE_MEMBERS,
        from: "site_member {n}",
        left: "{n}.group_id",
        right: "{n}.principal_id",
        repeats: false,
    },
    LinkDef {
        name: c::link::MEMBER_OF,
        from: "group_member {n}",
        left: "{n}.member_id",
        right: "{n}.group_id",
        repeats: false,
    },
    LinkDef {
        name: c::link::TRANSITIVE_MEMBERS,
        from: "group_closure {nc} JOIN group_member {n} ON {n}.group_id = {nc}.descendant_id",
        left: "{nc}.ancestor_id",
        right: "{n}.member_id",
        repeats: true,
    },
    LinkDef {
        name: c::link::TRANSITIVE_MEMBER_OF,
        from: "group_member {n} JOIN group_closure {nc} ON {nc}.descendant_id = {n}.group_id",
        left: "{n}.member_id",
        right: "{nc}.ancestor_id",
        repeats: true,
    },
    LinkDef {
        name: c::link::OWNERS,
        from: "(SELECT object_id, person_id FROM object_link WHERE kind = 1) {n}",
        left: "{n}.object_id",
        right: "{n}.person_id",
        repeats: false,
    },
    LinkDef {
        name: c::link::OWNED,
        from: "(SELECT object_id, person_id FROM object_link WHERE kind = 1) {n}",
        left: "{n}.person_id",
        right: "{n}.object_id",
        repeats: false,
    },
    LinkDef {
        name: c::link::SPONSORS,
        from: "(SELECT object_id, person_id FROM object_link WHERE kind = 2) {n}",
        left: "{n}.object_id",
        right: "{n}.person_id",
        repeats: false,
    },
    LinkDef {
        name: c::link::INCOMPATIBLE_PACKAGES,
        from: "(SELECT package_id, other_id FROM incompatibility WHERE kind = 1) {n}",
        left: "{n}.package_id",
        right: "{n}.other_id",
        repeats: false,
    },
    LinkDef {
        name: c::link::INCOMPATIBLE_WITH,
        from: "(SELECT package_id, other_id FROM incompatibility WHERE kind = 1) {n}",
        left: "{n}.other_id",
        right: "{n}.package_id",
        repeats: false,
    },
    LinkDef {
        name: c::link::INCOMPATIBLE_GROUPS,
        from: "(SELECT package_id, other_id FROM incompatibility WHERE kind = 2) {n}",
        left: "{n}.package_id",
        right: "{n}.other_id",
        repeats: false,
    },
    LinkDef {
        name: c::link::INTERNAL_SPONSORS,
        from: "(SELECT object_id, person_id FROM object_link WHERE kind = 3) {n}",
        left: "{n}.object_id",
        right: "{n}.person_id",
        repeats: false,
    },
    LinkDef {
        name: c::link::EXTERNAL_SPONSORS,
        from: "(SELECT object_id, person_id FROM object_link WHERE kind = 4) {n}",
        left: "{n}.object_id",
        right: "{n}.person_id",
        repeats: false,
    },
    LinkDef {
        name: c::link::ASSIGNMENT_GRANTS,
        from: "(SELECT assignment_id, grant_id FROM assignment_grant WHERE is_live) {n}",
        left: "{n}.assignment_id",
        right: "{n}.grant_id",
        repeats: false,
    },
    LinkDef {
        name: c::link::GRANT_ASSIGNMENTS,
        from: "(SELECT assignment_id, grant_id FROM assignment_grant WHERE is_live) {n}",
        left: "{n}.grant_id",
        right: "{n}.assignment_id",
        repeats: false,
    },
    LinkDef {
        name: c::link::INHERITED_ROLES,
        from: "(SELECT id AS heir_id, id AS role_id FROM role_definition WHERE 1 = 0) {n}",
        left: "{n}.heir_id",
        right: "{n}.role_id",
        repeats: false,
    },
];

/// The definition of a link.
pub fn link(name: Link) -> Option<&'static LinkDef> {
    LINKS.iter().find(|l| l.name == name)
}
