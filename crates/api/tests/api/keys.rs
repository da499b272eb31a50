//! Keys that sign tokens (decisions.md K1): published ahead, then active, then retired until the last token has ended;
//! on every node, without a restart. And secrets at rest: sealed for one place only (K11).

use crate::signin::claims;
use tenure_service::identity::keys::{self, KeyState};
use tenure_service::rows::identity;
use tenure_service::{Identity, ServiceError};
use tenure_testkit::app::{MASTER_KEY, on_every_database, on_two_nodes};
use tenure_testkit::{TestApp, company};
use uuid::Uuid;

const DAY: i64 = 86_400;

/// The ids of the published keys.
async fn published(app: &TestApp) -> Vec<String> {
    let keys = app.get("/common/discovery/v2.0/keys", "").await.expect(200);
    let keys = keys.json["keys"].as_array().cloned().unwrap_or_default();
    keys.iter().map(|k| k["kid"].as_str().unwrap_or_default().to_owned()).collect()
}

/// A new token, and the id of the key that signed it.
async fn token(app: &TestApp) -> (String, String) {
    let (client, scope) = (company::WRITER_ID.to_string(), "https://graph.microsoft.com/.default");
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", client.as_str()),
        ("client_secret", company::WRITER_SECRET),
        ("scope", scope),
    ];
    let answer = app.token(&fields).await.expect(200);
    let token = answer.json["access_token"].as_str().unwrap_or_default().to_owned();
    assert_eq!(claims(&token)["idtyp"], "app");
    let header = format!(".{}", token.split('.').next().unwrap_or_default());
    let key = claims(&header)["kid"].as_str().unwrap_or_default().to_owned();
    (token, key)
}

async fn status(app: &TestApp, token: &str) -> u16 {
    app.get("/v1.0/groups", token).await.status
}

async fn rotate(app: &TestApp, withdraw: bool) {
    let rotated = app
        .engine()
        .write(Identity::System, Uuid::nil(), move |ctx| keys::rotate(ctx, &MASTER_KEY, withdraw).map(drop));
    rotated.await.expect("another key");
}

#[test]
fn a_key_is_published_a_day_before_it_signs_and_retired_when_its_last_token_has_ended() {
    on_two_nodes(async |one, other| {
        let first = published(one).await;
        assert_eq!(first.len(), 1);
        // The company was founded a day before the start.
        one.let_pass(88 * DAY - 60);
        one.look_after_keys().await;
        assert_eq!(published(one).await, first, "a minute before its time there is no next key");
        one.let_pass(60);
        one.look_after_keys().await;
        let both = published(one).await;
        assert_eq!((both.len(), &both[0]), (2, &first[0]), "next and active");
        assert_eq!(token(one).await.1, first[0]);
        other.look_after_keys().await;
        assert_eq!(published(other).await, both, "no restart is needed");
        one.let_pass(DAY - 60);
        let (old, key) = token(one).await;
        assert_eq!(key, first[0], "it signs to the end of its time");
        one.let_pass(60);
        let (new, key) = token(other).await;
        assert_eq!(key, both[1]);
        assert_eq!([status(one, &new).await, status(one, &old).await], [200, 200]);
        assert_eq!([status(other, &new).await, status(other, &old).await], [200, 200], "retired keys still verify");
        one.let_pass(90 * 60 + 60);
        assert_eq!(published(one).await, both, "the last token it may have signed can still be good");
        one.let_pass(60);
        assert_eq!([published(one).await, published(other).await], [&both[1..], &both[1..]]);
        one.look_after_keys().await;
        assert_eq!(published(one).await, &both[1..]);
    });
}

#[test]
fn two_nodes_make_one_key() {
    on_two_nodes(async |one, other| {
        one.let_pass(88 * DAY);
        tokio::join!(one.look_after_keys(), other.look_after_keys());
        tokio::join!(one.look_after_keys(), other.look_after_keys());
        let keys = published(one).await;
        assert_eq!((keys.len(), &keys), (2, &published(other).await));
    });
}

#[test]
fn a_server_that_was_off_for_a_year_goes_on_with_its_key_until_the_next_is_known() {
    on_two_nodes(async |one, other| {
        let first = published(one).await;
        one.let_pass(365 * DAY);
        assert_eq!(token(one).await.1, first[0]);
        one.look_after_keys().await;
        assert_eq!(published(one).await.len(), 2);
        one.let_pass(DAY - 60);
        assert_eq!(token(one).await.1, first[0]);
        other.look_after_keys().await;
        one.let_pass(60);
        let key = token(one).await.1;
        assert_ne!(key, first[0]);
        assert_eq!(token(other).await.1, key);
    });
}

#[test]
fn a_key_that_is_rotated_by_command_signs_when_every_node_can_have_seen_it() {
    on_two_nodes(async |one, other| {
        let (old, first) = token(one).await;
        assert_eq!([status(one, &old).await, status(other, &old).await], [200, 200]);
        rotate(one, false).await;
        one.let_pass(60);
        one.look_after_keys().await;
        other.look_after_keys().await;
        assert_eq!([token(one).await.1, token(other).await.1], [first.clone(), first.clone()]);
        one.let_pass(60);
        let (new, key) = token(one).await;
        assert_ne!(key, first);
        assert_eq!([status(one, &old).await, status(other, &old).await], [200, 200], "old tokens live on");
        assert_eq!([status(one, &new).await, status(other, &new).await], [200, 200]);
        let ring = one.engine().write(Identity::System, Uuid::nil(), |ctx| {
            let wall = ctx.wall;
            keys::open(ctx, &MASTER_KEY).map(|ring| ring.states(wall).into_iter().map(|(_, s)| s).collect::<Vec<_>>())
        });
        assert_eq!(ring.await.expect("the keys"), [KeyState::Retired, KeyState::Active]);
    });
}

#[test]
fn a_key_that_is_withdrawn_takes_its_tokens_along_although_both_nodes_remember_them() {
    on_two_nodes(async |one, other| {
        let (old, first) = token(one).await;
        assert_eq!([status(one, &old).await, status(other, &old).await], [200, 200]);
        // What was published ahead is replaced, too: it may be known to others just as well.
        rotate(one, false).await;
        rotate(one, true).await;
        one.look_after_keys().await;
        other.look_after_keys().await;
        assert_eq!(published(one).await.len(), 2);
        assert_eq!(published(one).await[0], first);
        one.let_pass(120);
        one.look_after_keys().await;
        other.look_after_keys().await;
        assert_eq!(published(one).await.len(), 1);
        assert_eq!([status(one, &old).await, status(other, &old).await], [401, 401]);
        let (new, _) = token(other).await;
        assert_eq!([status(one, &new).await, status(other, &new).await], [200, 200]);
    });
}

#[test]
fn a_sealed_value_opens_in_its_own_row_only() {
    on_every_database(async |app| {
        let moved = app.engine().write(Identity::System, Uuid::nil(), |ctx| {
            let (wall, id) = (ctx.wall, ctx.ids.next(ctx.wall));
            let rows = ctx.fetch(identity::keys("token", wall))?;
            let row = rows.first().cloned().ok_or_else(|| ServiceError::Internal("no key".to_owned()))?;
            identity::insert_key(ctx.tx, "token", &identity::SigningKey { id, ..row }, wall);
            keys::open(ctx, &MASTER_KEY).map(drop)
        });
        let refused = moved.await.expect_err("another row");
        assert!(refused.to_string().contains("the master key does not fit"), "{refused}");
        let open = |ctx: &mut tenure_service::Ctx<'_, '_>| keys::open(ctx, &MASTER_KEY).map(drop);
        let opened = app.engine().write(Identity::System, Uuid::nil(), open);
        opened.await.expect("nothing was kept of it");
    });
}

#[test]
fn another_master_key_is_refused_and_starts_nothing_anew() {
    on_every_database(async |app| {
        let before = published(app).await;
        let open = |master: [u8; 32]| {
            app.engine().write(Identity::System, Uuid::nil(), move |ctx| keys::open(ctx, &master).map(|r| r.times()))
        };
        let refused = open([8; 32]).await.expect_err("another master key");
        assert!(refused.to_string().contains("the master key does not fit this database"), "{refused}");
        let kept: Vec<String> =
            open(MASTER_KEY).await.expect("the keys").iter().map(|t| t.id.simple().to_string()).collect();
        assert_eq!(kept, before);
    });
}
