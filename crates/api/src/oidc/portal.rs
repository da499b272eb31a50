//! Signing in for the product's own pages: `/signin?next=/…`. It ends in a session cookie and at the page that was asked
//! for (decisions.md K6).

use super::form::Form;
use super::pages;
use super::signin::{self, Credentials, Purpose};
use crate::error::Failure;
use crate::http::{Raw, Reply};
use crate::session;
use axum::http::{Method, StatusCode, header};
use tenure_auth::secret;
use tenure_domain::directory::user::User;
use tenure_service::identity::sessions::{self, Method as Proof};
use tenure_service::{Ctx, Identity};

/// Where the page is.
pub const PATH: &str = "/signin";

/// A path of this server; the front page in place of anything that could lead elsewhere.
pub fn local_path(next: Option<&str>) -> String {
    let is_local = |path: &&str| {
        let after = path.strip_prefix('/');
        after.is_some_and(|rest| !rest.starts_with('/'))
            && !path.contains('\\')
            && path.bytes().all(|b| b.is_ascii_graphic())
    };
    next.filter(is_local).unwrap_or("/").to_owned()
}

/// The page, and what it sends back.
pub async fn answer(raw: &Raw) -> Result<Reply, Failure> {
    let next = local_path(Form::of_query(raw).get("next"));
    let visit = signin::visit(raw, Purpose::Portal { next }).await?;
    if raw.method == Method::GET {
        return Ok(pages::sign_in(raw, &visit, None));
    }
    if !session::is_own_form(&raw.headers, &raw.base) {
        let message = "this form was not sent by a page of this server; open the sign-in page and try again";
        return Ok(pages::failed(raw, &Failure::new(StatusCode::FORBIDDEN, "Forbidden", message)));
    }
    let form = Form::of_body(raw);
    let credentials = Credentials {
        name: form.get("username").unwrap_or_default().to_owned(),
        password: form.get("password").unwrap_or_default().to_owned(),
    };
    let signed_in = signin::check(raw, credentials).await?;
    signin::proceed(raw, visit, signed_in).await
}

/// Begins the session and shows the page that was asked for.
pub async fn begin(raw: &Raw, next: &str, user: &User, proof: Proof) -> Result<Reply, Failure> {
    let text = secret::generate(&mut *raw.app.engine().entropy());
    let before = session::cookie(&raw.headers, session::COOKIE).map(ToOwned::to_owned);
    let (kept, person) = (text.clone(), user.clone());
    let begin = move |ctx: &mut Ctx<'_, '_>| {
        sessions::begin(ctx, &kept, before.as_deref(), &person, proof);
        Ok(())
    };
    raw.app.engine().write(Identity::System, raw.id, begin).await?;
    let location = format!("{}{}", raw.base, local_path(Some(next)));
    Ok(Reply::empty(StatusCode::SEE_OTHER)
        .with(header::LOCATION, &location)
        .with(header::SET_COOKIE, &session::session_cookie(&text)))
}

#[cfg(test)]
mod tests {
    use super::local_path;

    #[test]
    fn the_next_page_is_one_of_ours() {
        for good in ["/", "/my/access", "/governance/packages?x=1#y", "/@contoso.example"] {
            assert_eq!(local_path(Some(good)), good);
        }
        for bad in [
            "//evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "https://evil.example",
            "evil",
            "",
            "/a\nb",
            "/ä",
            "/a b",
        ] {
            assert_eq!(local_path(Some(bad)), "/", "{bad}");
        }
        assert_eq!(local_path(None), "/");
    }
}
