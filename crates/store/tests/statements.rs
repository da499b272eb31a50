//! Every registered statement can be prepared on both databases, and a use case keeps or loses all it wrote.

use tenure_domain::authorize::{Action, Permit, Sight};
use tenure_domain::catalog::{Catalog, CatalogKind};
use tenure_domain::ids::CatalogId;
use tenure_domain::{Code, Timestamp, Uuid};
use tenure_odata::edm::{EntityType, Relation};
use tenure_store::view::{self, Select};
use tenure_store::{Store, StoreError, rows};
use tenure_testkit::both_databases;

/// Catalogs, to be counted.
static CATALOGS: EntityType = EntityType::new("catalog", Relation("catalog"), &[]);

fn catalog(n: u128, name: &str) -> Catalog {
    Catalog {
        id: CatalogId(Uuid::from_u128(n)),
        name: name.to_owned(),
        description: None,
        kind: CatalogKind::UserManaged,
        is_published: true,
        is_external: false,
        unique_name: None,
        created_at: Timestamp::UNIX_EPOCH,
        modified_at: Timestamp::UNIX_EPOCH,
        created_by: String::new(),
        modified_by: String::new(),
        version: 1,
    }
}

fn insert(store: &Store, catalog: &Catalog) -> Result<(), StoreError> {
    let catalog = catalog.clone();
    store.write_blocking(move |tx| {
        rows::catalog::insert(tx, &Permit::system(Action::WriteCatalogs), &catalog);
        Ok(())
    })
}

both_databases! {
    fn every_statement_is_understood(db) {
        let store = db.store();
        for sql in Store::statements() {
            let result: Result<(), StoreError> = store.read_blocking(|tx| tx.prepare_only(sql));
            assert!(result.is_ok(), "{} on {:?}: {result:?}", sql.name, db.kind);
        }
    }

    fn a_broken_constraint_is_the_refusal_its_statement_names(db) {
        let store = db.store();
        insert(&store, &catalog(1, "Marketing")).expect("the first");
        let refused = insert(&store, &catalog(2, "MARKETING"));
        assert!(matches!(refused, Err(StoreError::Refused(r)) if r.code == Code::DuplicateCatalog));
        let taken = insert(&store, &catalog(1, "Sales"));
        assert!(matches!(taken, Err(StoreError::Conflict { constraint }) if constraint == "pk_catalog"));
        let there = store.read_blocking(|tx| tx.fetch(rows::catalog::get(CatalogId(Uuid::from_u128(1)))));
        assert_eq!(there.expect("a read").map(|c| c.name), Some("Marketing".to_owned()));
    }

    fn a_count_ends_at_its_limit(db) {
        let store = db.store();
        for (n, name) in [(1, "One"), (2, "Two"), (3, "Three")] {
            insert(&store, &catalog(n, name)).expect("a catalog");
        }
        let counted = |most: u32| {
            let read = store.read_blocking(move |tx| {
                let all = Select::all(&CATALOGS, Vec::new(), 1);
                view::counts_up_to(tx, &Sight::ALL, &[all.clone(), all], most)
            });
            let read: Result<_, StoreError> = read;
            read.expect("counts")
        };
        assert_eq!((counted(2), counted(3), counted(4)), (vec![2, 2], vec![3, 3], vec![3, 3]));
    }

    fn a_refused_use_case_leaves_nothing(db) {
        let store = db.store();
        let result: Result<(), StoreError> = store.write_blocking(|tx| {
            rows::catalog::insert(tx, &Permit::system(Action::WriteCatalogs), &catalog(1, "Half"));
            tx.fetch(rows::catalog::general())?;
            Err(StoreError::Internal("refused".to_owned()))
        });
        assert!(result.is_err());
        let there = store.read_blocking(|tx| tx.fetch(rows::catalog::get(CatalogId(Uuid::from_u128(1)))));
        assert_eq!(there.expect("a read"), None);
    }

    fn a_panic_in_a_use_case_harms_nobody_else(db) {
        let store = db.store();
        let result: Result<(), StoreError> = store.write_blocking(|tx| {
            rows::catalog::insert(tx, &Permit::system(Action::WriteCatalogs), &catalog(1, "Half"));
            tx.fetch(rows::catalog::general())?;
            panic!("a bug");
        });
        assert!(matches!(result, Err(StoreError::Internal(_))));
        insert(&store, &catalog(1, "Whole")).expect("the next one works");
    }

    fn connections_that_have_died_are_replaced_without_a_refusal(db) {
        let store = db.store();
        let write = |n: u128| {
            let catalog = catalog(n, &format!("Number {n}"));
            store.write_blocking(move |tx| {
                tx.fetch(rows::catalog::general())?;
                rows::catalog::insert(tx, &Permit::system(Action::WriteCatalogs), &catalog);
                Ok::<_, StoreError>(())
            })
        };
        (1..=12).for_each(|n| write(n).expect("a write"));
        db.sever();
        (13..=24).for_each(|n| write(n).expect("a write over a connection that has died"));
        db.sever();
        for n in 1..=24 {
            let there = store.read_blocking(move |tx| tx.fetch(rows::catalog::get(CatalogId(Uuid::from_u128(n)))));
            assert!(there.expect("a read over a connection that has died").is_some());
        }
    }

    fn a_row_that_changed_meanwhile_is_stale(db) {
        let store = db.store();
        insert(&store, &catalog(1, "Marketing")).expect("an insert");
        let mut old = catalog(1, "Sales");
        old.version = 7;
        let result: Result<(), StoreError> = store.write_blocking(move |tx| {
            rows::catalog::update(tx, &Permit::system(Action::WriteCatalogs), &old);
            Ok(())
        });
        assert!(matches!(result, Err(StoreError::Stale { table: "catalog" })), "{result:?}");
    }
}
