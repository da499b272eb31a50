//! What packages are suggested to somebody from: those he had, and those that people around him have.

use crate::driver::{Statement, dialect};
use crate::fetch::{Columns, Query};
use crate::sql::sql;
use tenure_domain::ids::{ObjectId, PackageId};
use tenure_domain::limits::{RELATED_ASSIGNMENTS_MAX, RELATED_PEOPLE_MAX, SUGGESTION_PACKAGES_MAX};
use tenure_domain::suggestion::{Held, Past, Person};

sql! {
    PAST: "SELECT a.package_id, count(*), max(a.ended_at) FROM assignment a WHERE a.target_id = $1 AND NOT a.is_live AND a.ended_at IS NOT NULL GROUP BY a.package_id ORDER BY 3 DESC, 1 LIMIT $2";
    AROUND: "SELECT o.id, o.display_name FROM directory_object o WHERE o.deleted_at IS NULL AND o.id IN (SELECT r.id FROM dir_user r WHERE r.manager_id = $1 UNION SELECT p.id FROM dir_user m JOIN dir_user p ON p.manager_id = m.manager_id WHERE m.id = $1 UNION SELECT b.manager_id FROM dir_user b WHERE b.id = $1 AND b.manager_id IS NOT NULL) AND o.id <> $1 ORDER BY o.id LIMIT $2";
    NOW: "SELECT a.package_id, a.target_id FROM assignment a WHERE a.target_id = $1 AND a.is_live ORDER BY a.package_id LIMIT $2";
}

/// The packages that somebody had, the latest end first.
pub fn past(of: ObjectId) -> Query<Past> {
    Query::new(&PAST, vec![of.0.into(), i64::from(SUGGESTION_PACKAGES_MAX).into()], |row| {
        let mut c = Columns::of(row, "assignment");
        Ok(Past { package: c.id("package_id")?, times: c.int("count")?, last_end: c.time("ended_at")? })
    })
}

/// The people around somebody: who reports to him, who reports to whom he reports to, and that one.
pub fn around(of: ObjectId) -> Query<Person> {
    Query::new(&AROUND, vec![of.0.into(), i64::from(RELATED_PEOPLE_MAX).into()], |row| {
        let mut c = Columns::of(row, "directory_object");
        Ok(Person { id: c.id("id")?, name: c.text("display_name")? })
    })
}

/// The packages that somebody has.
pub fn held(of: ObjectId) -> Query<PackageId> {
    Query::new(&NOW, vec![of.0.into(), i64::from(RELATED_ASSIGNMENTS_MAX).into()], |row| {
        Columns::of(row, "assignment").id("package_id")
    })
}

/// The packages that these people have; at most [`RELATED_PEOPLE_MAX`] people.
pub fn held_by(people: &[Person]) -> Query<Held> {
    let list = dialect::in_list(1, people.len().max(1));
    let last = people.len().max(1) + 1;
    let text = format!(
        "SELECT a.package_id, a.target_id FROM assignment a WHERE a.target_id IN {list} AND a.is_live \
         ORDER BY a.package_id, a.target_id LIMIT ${last}"
    );
    let mut params: Vec<tenure_odata::Value> = people.iter().map(|p| p.id.0.into()).collect();
    if params.is_empty() {
        params.push(uuid::Uuid::nil().into());
    }
    params.push(i64::from(RELATED_ASSIGNMENTS_MAX).into());
    Query::of(Statement::new(text, params), |row| {
        let mut c = Columns::of(row, "assignment");
        Ok(Held { package: c.id("package_id")?, by: c.id("target_id")? })
    })
}
