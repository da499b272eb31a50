//! The one-time link of the first administrator (decisions.md K13): sets the password.

use super::form::Form;
use super::pages;
use super::signin::{acceptable, set_password};
use crate::error::Failure;
use crate::http::{Raw, Reply};
use axum::http::Method;
use tenure_service::{Cost, Ctx, Identity, bootstrap};

/// The page of the link, and what it sends back.
pub async fn answer(raw: &Raw) -> Result<Reply, Failure> {
    let link = Form::of_query(raw);
    let name = link.get("user").unwrap_or_default().to_owned();
    let code = link.get("code").unwrap_or_default().to_owned();
    let (asked, with) = (name.clone(), code.clone());
    let look = move |ctx: &mut Ctx<'_, '_>| bootstrap::setup_link(ctx, &asked, &with);
    let Some(user) = raw.app.engine().read(Cost::Small, Identity::System, raw.id, look).await? else {
        return Ok(pages::over(raw));
    };
    if raw.method == Method::GET {
        return Ok(pages::setup(raw, &name, None));
    }
    let form = Form::of_body(raw);
    let new = match acceptable(raw, &form, &user).await? {
        Ok(new) => new,
        Err(fault) => return Ok(pages::setup(raw, &name, Some(&fault))),
    };
    let redeem = move |ctx: &mut Ctx<'_, '_>| bootstrap::redeem_setup_link(ctx, &name, &code);
    let Some(person) = raw.app.engine().write(Identity::System, raw.id, redeem).await? else {
        return Ok(pages::over(raw));
    };
    set_password(raw, person, new).await?;
    Ok(pages::setup_done(raw, &user.principal_name))
}
