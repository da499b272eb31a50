//! The conditions that functions of the API stand for.

use super::own::{APPROVES, AWAITS, BROWSABLE, BROWSABLE_BY_MEMBERS, REQUESTABLE};

/// A condition that a function of the API stands for. `{1}` is its first parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Predicate {
    /// Assignments of this person.
    AssignmentTarget,
    /// Assignments whose request this person made.
    AssignmentCreatedBy,
    /// Assignments of this person's direct reports.
    AssignmentTargetManager,
    /// Requests for this person.
    RequestTarget,
    /// Requests made by this person.
    RequestCreatedBy,
    /// Requests for or by this person.
    RequestTargetOrRequestor,
    /// Requests for this person's direct reports.
    RequestTargetManager,
    /// Requests made by this person for others.
    RequestForOthers,
    /// Requests this person decides or has decided.
    RequestApprover,
    /// Packages this person can request now.
    PackageAllowedRequestor,
    /// Packages this person browses.
    Browsed,
    /// The same where members see packages for specific people, too (decisions.md H20).
    BrowsedByMembers,
    /// Live assignments of one package whose holder has a live assignment of another one too; its parameters are both.
    AssignmentAdditionalAccess,
    /// Live assignments of a person.
    AssignmentHeld,
    /// Roles of resources that a person has, or shall have.
    GrantHeld,
    /// Live assignments that end within the days of the overview.
    AssignmentEndsSoon,
    /// Roles that could not be given or taken.
    DeliveryFailed,
    /// Approvals that wait for the caller, for himself or in somebody's place.
    ApprovalAwaits,
    /// Roles of entitlement management that this person has been given.
    RoleHeld,
    /// Who has been given a role of entitlement management.
    RoleHolder,
    /// The same, with the members of groups that have been given it, nested ones too.
    RoleHolderBeyond,
    /// Nothing: relations that this release has none of.
    Nothing,
}

impl Predicate {
    /// Whether it asks for one value of a column that has few rows for each.
    pub const fn is_few(self) -> bool {
        matches!(self, Self::AssignmentTarget | Self::RequestTarget | Self::AssignmentHeld | Self::GrantHeld)
    }

    /// Whether it is about the one who calls, so that it gives only what is his own.
    pub const fn is_about_caller(self) -> bool {
        !matches!(self, Self::AssignmentAdditionalAccess | Self::RoleHolder | Self::RoleHolderBeyond)
    }

    /// Its text.
    pub const fn text(self) -> &'static str {
        match self {
            Self::AssignmentTarget => "{a}.target_id = {1}",
            Self::AssignmentCreatedBy => {
                "EXISTS (SELECT 1 FROM request ar WHERE ar.id = {a}.request_id AND ar.requestor_id = {1})"
            }
            Self::AssignmentTargetManager => {
                "{a}.target_id IN (SELECT mu.id FROM dir_user mu WHERE mu.manager_id = {1})"
            }
            Self::RequestTarget => "{q}.target_id = {1}",
            Self::RequestCreatedBy => "{q}.requestor_id = {1}",
            Self::RequestTargetOrRequestor => "({q}.target_id = {1} OR {q}.requestor_id = {1})",
            Self::RequestTargetManager => "{q}.target_id IN (SELECT mu.id FROM dir_user mu WHERE mu.manager_id = {1})",
            Self::RequestForOthers => "({q}.requestor_id = {1} AND {q}.target_id <> {1})",
            Self::RequestApprover => APPROVES,
            Self::PackageAllowedRequestor => REQUESTABLE,
            Self::Browsed => BROWSABLE,
            Self::BrowsedByMembers => BROWSABLE_BY_MEMBERS,
            Self::AssignmentAdditionalAccess => "{a}.package_id = {1} AND {a}.is_live",
            Self::AssignmentHeld => "{a}.target_id = {1} AND {a}.is_live",
            Self::RoleHeld => "{i}.principal_id = {1}",
            Self::RoleHolder => {
                "{o}.id IN (SELECT ih.principal_id FROM role_assignment ih WHERE ih.provider = 2 AND ih.role_id = {1})"
            }
            Self::RoleHolderBeyond => {
                "{o}.id IN (SELECT ih.principal_id FROM role_assignment ih WHERE ih.provider = 2 AND ih.role_id = {1} \
                 UNION ALL SELECT im.member_id FROM role_assignment ih \
                 JOIN group_closure ic ON ic.ancestor_id = ih.principal_id \
                 JOIN group_member im ON im.group_id = ic.descendant_id WHERE ih.provider = 2 AND ih.role_id = {1})"
            }
            Self::GrantHeld => "{v}.subject_id = {1} AND {v}.desired",
            // By catalog, as the index of ends is: a count of a few looks at no others.
            Self::AssignmentEndsSoon => {
                "{a}.is_live AND {a}.ends_at > {1} AND {a}.ends_at <= {1} + 2592000000000 \
                 AND {a}.catalog_id IN (SELECT xc.id FROM catalog xc)"
            }
            Self::DeliveryFailed => "{vd}.error IS NOT NULL",
            Self::ApprovalAwaits => AWAITS,
            Self::Nothing => "1 = 0",
        }
    }
}
