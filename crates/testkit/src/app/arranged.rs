//! What tests arrange without asking the API for it, because it offers no way or because nobody could.

use super::{MASTER_KEY, TestApp};
use tenure_domain::authorize::{Action, DirectoryRole, Permit};
use tenure_domain::ids::ObjectId;
use tenure_domain::settings::TenantSettings as Switches;
use tenure_service::Identity;
use tenure_service::identity::keys;
use tenure_service::rows::tenant;
use tenure_store::rows::directory::object::{self, Source};
use uuid::Uuid;

impl TestApp {
    /// Looks after the keys as a server does every minute: makes the next one, takes over those of other nodes.
    ///
    /// # Panics
    /// When the database fails.
    pub async fn look_after_keys(&self) {
        let ring = keys::refresh(&self.engine, MASTER_KEY, self.app.key_times()).await.expect("the keys");
        if let Some(ring) = ring {
            self.app.replace_keys(ring);
        }
    }

    /// Gives a directory role to somebody, as the first start does.
    ///
    /// # Panics
    /// When there is no such object.
    pub async fn give_role(&self, role: DirectoryRole, to: Uuid) {
        let given = self.engine.write(Identity::System, Uuid::nil(), move |ctx| {
            tenure_service::bootstrap::give_role(ctx, role, ObjectId(to))
        });
        given.await.expect("the role is given");
    }

    /// Gives the tenant another value of its switches.
    ///
    /// # Panics
    /// When the database fails.
    pub async fn set_switches(&self, change: impl Fn(&mut Switches) + Send + Sync + 'static) {
        let changed = self.engine.write(Identity::System, Uuid::nil(), move |ctx| {
            if let Some(tenant) = ctx.fetch(tenant::get())? {
                let mut switches = tenant.settings;
                change(&mut switches);
                tenant::set_settings(ctx.tx, &Permit::system(Action::WriteSettings), &switches)?;
            }
            Ok(())
        });
        changed.await.expect("the switches are set");
    }

    /// From here on an outside directory is the master of an object, under the key `key`, and takes writes or not.
    ///
    /// # Panics
    /// When there is no such object.
    pub async fn master_elsewhere(&self, id: Uuid, can_write: bool) {
        self.master_elsewhere_as(id, can_write, "key").await;
    }

    /// The same, under another key: two objects of one test are told apart by it.
    ///
    /// # Panics
    /// When there is no such object.
    pub async fn master_elsewhere_as(&self, id: Uuid, can_write: bool, key: &'static str) {
        let source = Source { id, kind: "memory".to_owned(), name: "Head office".to_owned(), can_write };
        let adopted = self.engine.write(Identity::System, Uuid::nil(), move |ctx| {
            object::insert_source(ctx.tx, &source);
            object::set_source(ctx.tx, ObjectId(id), source.id, key);
            Ok(())
        });
        adopted.await.expect("the object is there");
    }
}
