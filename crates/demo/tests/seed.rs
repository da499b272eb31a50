//! The demo tenant on both databases: what is in it, that it is the same every time, and that people can use it.

use std::collections::BTreeSet;
use std::sync::Arc;
use tenure_demo::{CLIENT_ID, READER_CLIENT_ID, SEED, Secrets, TENANT_ID, seed};
use tenure_domain::Timestamp;
use tenure_domain::authorize::{Capabilities, Capability};
use tenure_domain::directory::user::User;
use tenure_domain::ids::{ObjectId, PackageId, SeededEntropy};
use tenure_domain::policy::expiration::WantedSchedule;
use tenure_domain::request::RequestType;
use tenure_domain::time::ManualClock;
use tenure_odata::edm::{Column, EntityType};
use tenure_odata::{Cells, Value, ValueRef};
use tenure_service::identity::{clients, people};
use tenure_service::requests::{self, SubmitCommand, TargetRef};
use tenure_service::view::{OwnedRow, Select, columns as c};
use tenure_service::{Clocks, Engine, Identity, bootstrap, query};
use tenure_testkit::{Db, both_databases};
use uuid::Uuid;

static USER: EntityType = EntityType::new("user", c::user::RELATION, &[]);
static GROUP: EntityType = EntityType::new("group", c::group::RELATION, &[]);
static APPLICATION: EntityType = EntityType::new("application", c::application::RELATION, &[]);
static SERVICE: EntityType = EntityType::new("servicePrincipal", c::service_principal::RELATION, &[]);
static CATALOG: EntityType = EntityType::new("accessPackageCatalog", c::catalog::RELATION, &[]);
static PACKAGE: EntityType = EntityType::new("accessPackage", c::package::RELATION, &[]);
static POLICY: EntityType = EntityType::new("accessPackageAssignmentPolicy", c::policy::RELATION, &[]);
static REQUEST: EntityType = EntityType::new("accessPackageAssignmentRequest", c::request::RELATION, &[]);
static ASSIGNMENT: EntityType = EntityType::new("accessPackageAssignment", c::assignment::RELATION, &[]);

const SPRING: &str = "2026-03-02T09:30:00Z";
const SUMMER: &str = "2026-07-15T17:05:00Z";

fn engine(db: &Db, now: &str) -> Engine {
    let clock = Arc::new(ManualClock::at(now.parse::<Timestamp>().expect("a time")));
    let clocks = Clocks { business: clock.clone(), wall: clock };
    Engine::new(db.store(), clocks, Arc::new(|| Box::new(SeededEntropy::new(SEED))))
}

fn secrets() -> Secrets {
    Secrets { client: "client".to_owned(), reader: "reader".to_owned(), password_hash: "hash".to_owned() }
}

fn seeded(db: &Db, now: &str) -> Engine {
    let engine = engine(db, now);
    let secrets = secrets();
    let tenant = engine.write_blocking(move |ctx| seed(ctx, &secrets)).expect("the seed");
    assert_eq!((tenant.id, tenant.is_demo), (TENANT_ID, true));
    engine
}

/// The wanted columns of all rows.
fn rows(engine: &Engine, entity: &'static EntityType, columns: &[Column]) -> Vec<OwnedRow> {
    let columns = columns.to_vec();
    let read = engine.read_blocking(move |ctx| {
        let (mut out, width) = (Vec::new(), columns.len());
        query::read(ctx, &[Select::all(entity, columns.clone(), 999)], &mut |_, row| {
            out.push(OwnedRow((0..width).map(|i| owned(row.cell(i))).collect()));
            Ok(())
        })?;
        Ok(out)
    });
    read.expect("rows")
}

fn owned(cell: ValueRef<'_>) -> Value {
    match cell {
        // One of the databases has numbers for them.
        ValueRef::Bool(b) => Value::Int(i64::from(b)),
        ValueRef::Int(n) => Value::Int(n),
        ValueRef::Text(t) => Value::Text(t.to_owned()),
        ValueRef::Id(id) => Value::Id(id),
        _ => Value::Null,
    }
}

fn count(engine: &Engine, entity: &'static EntityType, column: Column, value: impl Into<Value>) -> usize {
    let value = value.into();
    rows(engine, entity, &[column]).iter().filter(|row| row.0[0] == value).count()
}

fn person(engine: &Engine, alias: &str) -> User {
    let name = format!("{alias}@contoso.example");
    let found = engine.read_blocking(move |ctx| people::find(ctx, &name)).expect("a read");
    found.unwrap_or_else(|| panic!("{alias} is missing")).user
}

fn package(engine: &Engine, name: &str) -> PackageId {
    let all = rows(engine, &PACKAGE, &[c::package::ID, c::package::NAME]);
    let found = all.into_iter().find(|row| row.0[1] == Value::from(name)).expect("the package");
    match found.0[0] {
        Value::Id(id) => PackageId(id),
        _ => panic!("the key is an id"),
    }
}

/// State, target and kind of the rows of one package.
fn of_package(engine: &Engine, entity: &'static EntityType, columns: [Column; 3], package: PackageId) -> Vec<OwnedRow> {
    let all = rows(engine, entity, &columns);
    all.into_iter().filter(|row| row.0[0] == Value::Id(package.0)).collect()
}

const ASSIGNED: [Column; 3] = [c::assignment::PACKAGE, c::assignment::STATE, c::assignment::TARGET];
const REQUESTED: [Column; 3] = [c::request::PACKAGE, c::request::STATE, c::request::KIND];

fn numbers(rows: &[OwnedRow], cell: usize) -> BTreeSet<i64> {
    rows.iter().filter_map(|row| row.cell(cell).int()).collect()
}

both_databases! {
    fn the_company_is_as_large_as_promised(db) {
        let engine = seeded(&db, SPRING);
        let people = rows(&engine, &USER, &[c::user::ID]).len();
        assert!((48..=60).contains(&people), "{people} people");
        assert_eq!(count(&engine, &USER, c::user::TYPE, 2), 4, "guests");
        assert_eq!(count(&engine, &USER, c::user::ENABLED, 0), 1, "disabled accounts");
        assert_eq!(rows(&engine, &GROUP, &[c::group::ID]).len(), 14, "groups");
        assert_eq!(count(&engine, &GROUP, c::group::SECURITY, 0), 3, "Microsoft 365 groups");
        assert_eq!(rows(&engine, &APPLICATION, &[c::application::ID]).len(), 5, "three applications, two daemons");
        assert_eq!(rows(&engine, &CATALOG, &[c::catalog::ID]).len(), 5, "four catalogs beside General");
        assert_eq!(count(&engine, &CATALOG, c::catalog::EXTERNAL, 1), 2, "Partners and General");
        assert_eq!(rows(&engine, &PACKAGE, &[c::package::ID]).len(), 9, "packages");
        let scopes = numbers(&rows(&engine, &POLICY, &[c::policy::SCOPE]), 0);
        assert_eq!(scopes, BTreeSet::from([0, 1, 3, 4, 5, 7, 8]), "scopes of policies");
    }

    fn everything_is_found_under_the_same_ids_in_every_demo(db) {
        let (first, second) = (seeded(&db, SPRING), Db::fresh(db.kind));
        let second = seeded(&second, SUMMER);
        let tables: [(&'static EntityType, [Column; 2]); 7] = [
            (&USER, [c::user::ID, c::user::UPN]),
            (&GROUP, [c::group::ID, c::group::NICKNAME]),
            (&APPLICATION, [c::application::ID, c::application::APP_ID]),
            (&SERVICE, [c::service_principal::ID, c::service_principal::APP_ID]),
            (&CATALOG, [c::catalog::ID, c::catalog::NAME]),
            (&PACKAGE, [c::package::ID, c::package::NAME]),
            (&POLICY, [c::policy::ID, c::policy::NAME]),
        ];
        for (entity, columns) in tables {
            assert_eq!(rows(&first, entity, &columns), rows(&second, entity, &columns), "{}", entity.name);
        }
    }

    fn the_sign_ins_exist_and_managers_are_three_levels_deep(db) {
        let engine = seeded(&db, SPRING);
        let aliases = [
            "admin", "governance", "owner", "packages", "assignments", "reader", "manager", "approver", "requestor",
            "outsider", "auditor",
        ];
        for alias in aliases {
            let name = format!("{alias}@CONTOSO.example");
            let account = engine.read_blocking(move |ctx| people::find(ctx, &name)).expect("a read").expect(alias);
            assert!(account.user.is_enabled && account.password.is_some_and(|p| p.hash == "hash" && !p.must_change));
        }
        let requestor = person(&engine, "requestor");
        assert_eq!(requestor.manager, Some(person(&engine, "manager").id));
        let mut above = Vec::new();
        let mut next = requestor.manager;
        while let Some(id) = next {
            let user = engine.read_blocking(move |ctx| people::get(ctx, id)).expect("a read").expect("a manager");
            next = user.manager;
            above.push(user.name);
        }
        assert_eq!(above, ["Nadia Rahman", "Marcus Webb", "Patricia Lindqvist"]);
    }

    fn the_two_apps_have_their_permissions(db) {
        let engine = seeded(&db, SPRING);
        let known = |app_id: Uuid, secret: &'static str| {
            engine.read_blocking(move |ctx| {
                let client = clients::find(ctx, app_id)?.expect("the client");
                assert!(client.has_secret(secret, ctx.wall));
                clients::permissions(ctx, &client)
            })
        };
        let writer = known(CLIENT_ID, "client").expect("permissions");
        assert!(writer.len() == 9 && writer.contains(&"Sites.FullControl.All".to_owned()), "{writer:?}");
        let reader = known(READER_CLIENT_ID, "reader").expect("permissions");
        assert!(reader.len() == 8 && reader.iter().all(|p| p.contains(".Read.")), "{reader:?}");
    }

    fn marketing_campaign_has_a_history(db) {
        let engine = seeded(&db, SPRING);
        let campaign = package(&engine, "Marketing Campaign");
        let assignments = of_package(&engine, &ASSIGNMENT, ASSIGNED, campaign);
        let in_state = |state: i64| assignments.iter().filter(|row| row.cell(1).int() == Some(state)).count();
        assert_eq!([0, 1, 2, 3, 4].map(in_state), [1, 1, 6, 3, 1], "assignments in every state");
        let requests = of_package(&engine, &REQUEST, REQUESTED, campaign);
        assert_eq!(numbers(&requests, 1), BTreeSet::from([2, 3, 4, 6, 7, 8]), "all but those of an approval");
        assert_eq!(numbers(&requests, 2), BTreeSet::from([1, 3, 4, 6, 9]), "every type of request");
        let partly = count(&engine, &ASSIGNMENT, c::assignment::STATE, 1);
        assert_eq!(partly, 2, "one more assignment, of another package, lost a part");
        let outsider = person(&engine, "outsider").id;
        assert_eq!(count(&engine, &ASSIGNMENT, c::assignment::TARGET, Value::Id(outsider.0)), 0);
    }

    fn the_product_asks_for_somebody_who_is_not_in_the_directory_and_nobody_is_the_requestor(db) {
        let engine = seeded(&db, SPRING);
        let partner = package(&engine, "Partner Workspace");
        let columns = [c::request::PACKAGE, c::request::STATE, c::request::REQUESTOR];
        let scheduled: Vec<_> = of_package(&engine, &REQUEST, columns, partner)
            .into_iter()
            .filter(|row| row.cell(1).int() == Some(6))
            .collect();
        assert_eq!(scheduled.len(), 1, "the stranger's");
        assert!(scheduled[0].cell(2).is_null(), "the stranger did not ask himself");
    }

    fn the_requestor_gets_marketing_campaign_at_once(db) {
        let engine = seeded(&db, SPRING);
        let campaign = package(&engine, "Marketing Campaign");
        let delivered = |engine: &Engine| count(engine, &ASSIGNMENT, c::assignment::STATE, 2);
        let before = delivered(&engine);
        ask(&engine, campaign, person(&engine, "requestor").id);
        assert_eq!(delivered(&engine), before + 1);
    }

    fn a_failure_at_the_end_leaves_nothing(db) {
        let engine = engine(&db, SPRING);
        let secrets = secrets();
        let failed = engine.write_blocking(move |ctx| {
            seed(ctx, &secrets)?;
            Err::<(), _>(tenure_service::ServiceError::Internal("the power fails".to_owned()))
        });
        assert!(failed.is_err());
        assert_eq!(engine.read_blocking(bootstrap::tenant).expect("a read"), None);
        assert_eq!(rows(&engine, &USER, &[c::user::ID]).len(), 0);
    }
}

/// Asks as the person, with the scope that a portal has.
fn ask(engine: &Engine, package: PackageId, who: ObjectId) {
    let capabilities = Capabilities::NONE.with(Capability::SubjectAccess);
    let identity = Identity::Token { principal: who, is_app: false, capabilities, epoch: 0, client: None };
    let command = SubmitCommand {
        kind: RequestType::UserAdd,
        package,
        policy: None,
        target: TargetRef::Caller,
        wanted: WantedSchedule::default(),
        justification: None,
        answers: Vec::new(),
        credentials: Vec::new(),
        bypass_approval: false,
        validate_only: false,
    };
    let asked = engine.write(identity, Uuid::nil(), move |ctx| requests::submit(ctx, &command));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(asked).expect("the request is made");
}
