//! Several nodes, and the erasure of names.

use crate::world::{Node, verify};
use std::thread;
use tenure_domain::limits::{LEASE_SKEW_SECONDS, SEAL_LEASE_SECONDS};
use tenure_testkit::both_databases;

both_databases! {
    fn erasure_empties_names_and_keeps_the_proof(db) {
        let node = Node::first(&db);
        let ada = node.person("ada");
        node.person("ben");
        node.seal();
        assert!(node.export().contains("ada Archer"));
        assert_eq!(node.erase(ada), 1);
        assert_eq!(node.erase(ada), 0, "there is nothing left to erase");
        node.seal();
        let export = node.export();
        assert!(!export.contains("ada Archer") && !export.contains("ada@contoso.example"), "{export}");
        assert!(export.contains("ben Archer"));
        assert!(export.contains("Erase personal data of audit") && export.contains(&ada.to_string()));
        let summary = verify(export.as_bytes()).unwrap_or_else(|f| panic!("{f}\n{export}"));
        assert_eq!((summary.rows, summary.erased, summary.unsealed), (3, 1, 0));
    }

    fn nothing_new_makes_no_checkpoint(db) {
        let node = Node::first(&db);
        assert_eq!(node.seal(), 0);
        node.person("ada");
        assert_eq!(node.seal(), 1);
        assert_eq!((node.seal(), node.finish()), (0, 0));
    }

    fn one_node_seals_for_all_until_its_lease_ends(db) {
        let (one, other) = (Node::first(&db), Node::further(&db, 2));
        one.person("ada");
        assert_eq!(one.seal(), 1);
        other.person("ben");
        assert_eq!(other.seal(), 0, "the other node has the lease");
        assert_eq!(verify(other.export().as_bytes()).map(|s| s.unsealed), Ok(1));
        assert_eq!(one.seal(), 1);
        other.person("cleo");
        other.let_pass(SEAL_LEASE_SECONDS + LEASE_SKEW_SECONDS + 1);
        assert_eq!(other.seal(), 1, "the lease has ended");
        other.finish();
        one.person("dora");
        assert_eq!(one.seal(), 1, "the lease was given back");
    }

    fn nodes_that_seal_at_once_make_one_chain(db) {
        let (one, other) = (Node::first(&db), Node::further(&db, 2));
        let work = |node: &Node, name: &str| {
            for n in 0..12 {
                node.person(&format!("{name}{n}"));
                node.finish();
            }
        };
        thread::scope(|scope| {
            scope.spawn(|| work(&one, "one"));
            scope.spawn(|| work(&other, "other"));
        });
        let export = one.export();
        let summary = verify(export.as_bytes()).unwrap_or_else(|f| panic!("{f}\n{export}"));
        assert_eq!((summary.rows, summary.unsealed), (24, 0));
        assert!(summary.checkpoints >= 12, "{summary}");
    }

    fn a_process_that_died_before_its_checkpoint_leaves_a_good_audit(db) {
        let node = Node::first(&db);
        node.person("ada");
        node.seal();
        node.person("ben");
        // No more of this node is heard of.
        drop(node);
        let next = Node::further(&db, 2);
        next.person("cleo");
        assert_eq!(verify(next.export().as_bytes()).map(|s| s.unsealed), Ok(2));
        next.finish();
        assert_eq!(verify(next.export().as_bytes()).map(|s| (s.rows, s.unsealed)), Ok((3, 0)));
    }
}
