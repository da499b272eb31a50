//! What packages are incompatible with: other packages and groups (behaviour.md f). A row says that whoever has the other
//! cannot get the package; not the other way round.

use crate::driver::Row;
use crate::error::StoreError;
use crate::fetch::{Columns, First, Query};
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::authorize::Permit;
use tenure_domain::ids::{ObjectId, PackageId, SubjectId};
use tenure_domain::package::listed_already;
use tenure_domain::request::{Conflict, Through};
use uuid::Uuid;

const HELD: i64 = 1;
const ASKED: i64 = 2;
const MEMBER: i64 = 3;

sql! {
    CONFLICTS(hot): "SELECT 1, i.other_id, p.name, a.id FROM incompatibility i JOIN package p ON p.id = i.other_id JOIN assignment a ON a.package_id = i.other_id AND a.target_id = $2 AND a.is_live WHERE i.package_id = $1 AND i.kind = 1 UNION ALL SELECT 2, i.other_id, p.name, q.id FROM incompatibility i JOIN package p ON p.id = i.other_id JOIN request q ON q.package_id = i.other_id AND q.target_id = $2 AND q.direction = 1 AND q.is_open WHERE i.package_id = $1 AND i.kind = 1 UNION ALL SELECT 3, i.other_id, o.display_name, i.other_id FROM incompatibility i JOIN dir_group g ON g.id = i.other_id JOIN directory_object o ON o.id = g.id WHERE i.package_id = $1 AND i.kind = 2 AND NOT g.is_deleted AND EXISTS (SELECT 1 FROM group_closure gc JOIN group_member gm ON gm.group_id = gc.descendant_id AND gm.member_id = $2 WHERE gc.ancestor_id = i.other_id) ORDER BY 1, 2";
    LISTED: "SELECT i.other_id FROM incompatibility i WHERE i.package_id = $1 AND i.kind = $2 AND i.other_id = $3";
    COUNT: "SELECT count(*) FROM incompatibility WHERE package_id = $1 AND kind = $2";
    INSERT: "INSERT INTO incompatibility (package_id, kind, other_id) VALUES ($1, $2, $3)";
    DELETE: "DELETE FROM incompatibility WHERE package_id = $1 AND kind = $2 AND other_id = $3";
    FORGET_PACKAGE: "DELETE FROM incompatibility WHERE package_id = $1 OR (kind = 1 AND other_id = $1)";
    FORGET_GROUP: "DELETE FROM incompatibility WHERE kind = 2 AND other_id = $1";
}

/// What a package is incompatible with. Numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    /// Another package.
    Package(PackageId),
    /// A group.
    Group(ObjectId),
}

impl Other {
    const fn code(self) -> i64 {
        match self {
            Self::Package(_) => 1,
            Self::Group(_) => 2,
        }
    }

    /// Its id.
    pub const fn id(self) -> Uuid {
        match self {
            Self::Package(id) => id.0,
            Self::Group(id) => id.0,
        }
    }
}

fn decode(row: &Row<'_>) -> Result<Conflict, StoreError> {
    let mut c = Columns::of(row, "incompatibility");
    let (kind, other, name) = (c.int("kind")?, c.id::<Uuid>("other_id")?, c.text("name")?);
    let package = PackageId(other);
    let through = match kind {
        HELD => Through::Assignment { package, assignment: c.id("id")? },
        ASKED => Through::Request { package, request: c.id("id")? },
        MEMBER => Through::Membership { group: ObjectId(other) },
        other => return Err(StoreError::Internal(format!("a conflict of the kind {other}"))),
    };
    Ok(Conflict { through, name })
}

/// What somebody has that a package excludes: live assignments, open requests for access, memberships through nested
/// groups too. What counts when is for the rule to say.
pub fn conflicts(package: PackageId, subject: SubjectId) -> Query<Conflict> {
    Query::new(&CONFLICTS, vec![package.0.into(), subject.0.into()], decode)
}

/// The row of a package and another thing.
pub fn listed(package: PackageId, other: Other) -> First<Uuid> {
    let params = vec![package.0.into(), other.code().into(), other.id().into()];
    Query::new(&LISTED, params, |row| Columns::of(row, "incompatibility").id("other_id")).first()
}

/// How many of the kind of `other` a package lists.
pub fn count(package: PackageId, other: Other) -> First<i64> {
    let params = vec![package.0.into(), other.code().into()];
    Query::new(&COUNT, params, |row| Columns::of(row, "incompatibility").int("count")).first()
}

/// Lists something.
pub fn insert(tx: &mut Tx<'_>, _: &Permit, package: PackageId, other: Other) {
    let params = vec![package.0.into(), other.code().into(), other.id().into()];
    tx.write(&INSERT, params).on_constraint("pk_incompatibility", listed_already);
}

/// Lists something no longer.
pub fn delete(tx: &mut Tx<'_>, _: &Permit, package: PackageId, other: Other) {
    let params = vec![package.0.into(), other.code().into(), other.id().into()];
    tx.write(&DELETE, params).exactly_one("incompatibility");
}

/// A package is gone: what it listed, and where it was listed.
pub(crate) fn forget_package(tx: &mut Tx<'_>, id: PackageId) {
    tx.write(&FORGET_PACKAGE, vec![id.0.into()]);
}

/// A group is gone for good.
pub(crate) fn forget_group(tx: &mut Tx<'_>, id: ObjectId) {
    tx.write(&FORGET_GROUP, vec![id.0.into()]);
}
