//! The pages of the authority. Plain forms, no script; everything that came from outside is escaped.

use super::signin::{Purpose, Visit};
use crate::error::Failure;
use crate::http::{Raw, Reply};
use axum::http::{HeaderName, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt::Write;
use tenure_auth::scopes;
use tenure_domain::directory::user::User;
use tenure_service::identity::consent::Scopes;

const HTML: &str = "text/html; charset=utf-8";
const CONTENT_SECURITY_POLICY: HeaderName = HeaderName::from_static("content-security-policy");

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1b1a19; --soft: #605e5c; --line: #c8c6c4; --back: #f3f2f1; --card: #fff; --go: #0f6cbd; --bad: #b10e1c; }
@media (prefers-color-scheme: dark) { :root { --ink: #f3f2f1; --soft: #c8c6c4; --line: #605e5c; --back: #1b1a19; --card: #292827; --go: #479ef5; --bad: #f1707b; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--back); color: var(--ink); font: 15px/1.5 'Segoe UI', system-ui, sans-serif; }
main { width: min(440px, calc(100vw - 32px)); padding: 44px; background: var(--card); border-radius: 4px; box-shadow: 0 2px 6px rgb(0 0 0 / 20%); overflow-wrap: anywhere; }
@media (max-width: 480px) { main { padding: 28px 24px; } }
.brand { margin: 0 0 16px; font-weight: 600; color: var(--soft); }
h1 { margin: 0 0 12px; font-size: 24px; font-weight: 600; line-height: 1.25; }
p { margin: 0 0 16px; }
.soft { color: var(--soft); }
label { display: block; margin-bottom: 16px; }
input[type=text], input[type=password], input[type=email] { display: block; width: 100%; margin-top: 4px; padding: 8px; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: 4px; }
input:focus-visible, button:focus-visible { outline: 2px solid var(--go); outline-offset: 1px; }
ul { margin: 0 0 16px; padding-left: 20px; }
.buttons { display: flex; gap: 8px; justify-content: flex-end; margin-top: 24px; }
button { min-width: 108px; padding: 6px 12px; font: inherit; font-weight: 600; color: var(--ink); background: transparent; border: 1px solid var(--line); border-radius: 4px; cursor: pointer; }
button.go { color: #fff; background: var(--go); border-color: var(--go); }
@media (prefers-color-scheme: dark) { button.go { color: #1b1a19; } }
a.button { display: block; padding: 6px 12px; font-weight: 600; text-align: center; text-decoration: none; color: var(--ink); border: 1px solid var(--line); border-radius: 4px; }
a.button:focus-visible { outline: 2px solid var(--go); outline-offset: 1px; }
p:has(> a.button) { margin: 16px 0 0; }
.fault { margin: 0 0 16px; padding: 8px 12px; color: var(--bad); border: 1px solid currentcolor; border-radius: 4px; }
.check { display: flex; gap: 8px; align-items: baseline; }
.code { font-family: ui-monospace, monospace; letter-spacing: .1em; text-transform: uppercase; }
";

/// Text that stands between tags or in an attribute.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

fn page(raw: &Raw, title: &str, inner: &str) -> Reply {
    let mut nonce = [0_u8; 16];
    raw.app.engine().entropy().fill(&mut nonce);
    let nonce = URL_SAFE_NO_PAD.encode(nonce);
    let tenant = escape(&raw.app.tenant().name);
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{} · {tenant}</title>\n\
         <style nonce=\"{nonce}\">{STYLE}</style>\n</head>\n<body>\n<main>\n<p class=\"brand\">{tenant}</p>\n{inner}\n</main>\n\
         </body>\n</html>\n",
        escape(title)
    );
    // No form-action: browsers would hold the way back to the client against it.
    let policy = format!("default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; frame-ancestors 'none'");
    Reply::text(HTML, html).with(CONTENT_SECURITY_POLICY, &policy)
}

fn fault_box(fault: Option<&str>) -> String {
    fault.map_or_else(String::new, |f| format!("<p class=\"fault\" role=\"alert\">{}</p>\n", escape(f)))
}

fn authority(raw: &Raw, name: &str) -> String {
    format!("{}/{}/oauth2/v2.0/{name}", raw.base, raw.app.tenant().id)
}

/// Name and password.
pub fn sign_in(raw: &Raw, visit: &Visit, fault: Option<&str>) -> Reply {
    let (action, hidden, hint) = match &visit.purpose {
        Purpose::Authorize { query } => {
            let hint = super::form::Form::parse(query.as_bytes()).get("login_hint").unwrap_or_default().to_owned();
            (format!("{}?{query}", authority(raw, "authorize")), String::new(), hint)
        }
        Purpose::Device { user_code } => {
            let hidden = format!("<input type=\"hidden\" name=\"user_code\" value=\"{}\">\n", escape(user_code));
            (authority(raw, "deviceauth"), hidden, String::new())
        }
        Purpose::Portal { next } => {
            let next = form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>();
            (format!("{}{}?next={next}", raw.base, super::portal::PATH), String::new(), String::new())
        }
    };
    // Who mistyped the password need not type the name again.
    let typed = fault.and_then(|_| super::form::Form::of_body(raw).get("username").map(ToOwned::to_owned));
    let hint = typed.unwrap_or(hint);
    // The cursor waits where something is to be typed.
    let (at_name, at_password) = if hint.is_empty() { (" autofocus", "") } else { ("", " autofocus") };
    let mut inner = String::from("<h1>Sign in</h1>\n");
    let _ = writeln!(inner, "<p class=\"soft\">to continue to {}</p>", escape(&visit.client.name));
    inner.push_str(&fault_box(fault));
    let _ = write!(
        inner,
        "<form method=\"post\" action=\"{}\">\n{hidden}\
         <label>User name<input type=\"text\" name=\"username\" value=\"{}\" autocomplete=\"username\" inputmode=\"email\" \
         autocapitalize=\"none\" spellcheck=\"false\" required{at_name}></label>\n\
         <label>Password<input type=\"password\" name=\"password\" autocomplete=\"current-password\" required{at_password}></label>\n\
         <div class=\"buttons\"><button class=\"go\">Sign in</button></div>\n</form>",
        escape(&action),
        escape(&hint)
    );
    inner.push_str(&provider_buttons(raw, &visit.purpose));
    page(raw, "Sign in", &inner)
}

/// A button for each provider outside: links, because they carry nothing that is secret.
fn provider_buttons(raw: &Raw, purpose: &Purpose) -> String {
    let mut buttons = String::new();
    for provider in raw.app.outside().providers() {
        let link = super::provider::link(raw, provider, purpose);
        let _ =
            write!(buttons, "\n<p><a class=\"button\" href=\"{}\">{}</a></p>", escape(&link), escape(&provider.label));
    }
    buttons
}

fn two_passwords() -> &'static str {
    "<label>New password<input type=\"password\" name=\"new_password\" autocomplete=\"new-password\" required autofocus></label>\n\
     <label>New password again<input type=\"password\" name=\"repeated_password\" autocomplete=\"new-password\" required></label>\n\
     <p class=\"soft\">At least 8 characters, with three of: lower case, upper case, digits, symbols.</p>\n\
     <div class=\"buttons\"><button class=\"go\">Set password</button></div>\n"
}

/// What the page for a new password shows.
pub struct NewPasswordPage<'a> {
    /// The ticket that brings the answer back.
    pub ticket: &'a str,
    /// Whose password.
    pub user: &'a User,
    /// What was wrong with the last try.
    pub fault: Option<&'a str>,
}

/// A new password is due.
pub fn new_password(raw: &Raw, shown: &NewPasswordPage<'_>) -> Reply {
    let inner = format!(
        "<h1>Update your password</h1>\n<p class=\"soft\">{} signs in for the first time, or the password was reset.</p>\n{}\
         <form method=\"post\" action=\"{}\">\n<input type=\"hidden\" name=\"ticket\" value=\"{}\">\n{}</form>",
        escape(&shown.user.principal_name),
        fault_box(shown.fault),
        escape(&authority(raw, "continue")),
        escape(shown.ticket),
        two_passwords()
    );
    page(raw, "Update your password", &inner)
}

/// What the page of consent shows.
pub struct ConsentPage<'a> {
    /// The ticket that brings the answer back.
    pub ticket: &'a str,
    /// Who asks, and for what.
    pub visit: &'a Visit,
    /// Who is asked.
    pub user: &'a User,
    /// The permissions in question.
    pub names: &'a Scopes,
    /// Whether he may consent for everybody.
    pub administrator: bool,
}

fn permission_list(names: &Scopes) -> String {
    let mut list = String::from("<ul>\n");
    for name in names {
        let what = scopes::find(name).map_or("", |p| p.description);
        let _ = writeln!(list, "<li>{} <span class=\"soft\">({})</span></li>", escape(what), escape(name));
    }
    list.push_str("</ul>\n");
    list
}

/// May this application do that for you?
pub fn consent(raw: &Raw, shown: &ConsentPage<'_>) -> Reply {
    let for_all = if shown.administrator {
        "<label class=\"check\"><input type=\"checkbox\" name=\"for_all\" value=\"yes\"> Consent on behalf of your organization</label>\n"
    } else {
        ""
    };
    let inner = format!(
        "<h1>Permissions requested</h1>\n<p>{} asks to do this for {}:</p>\n{}\
         <p class=\"soft\">It can never do more than you may do yourself. An administrator can withdraw this.</p>\n\
         <form method=\"post\" action=\"{}\">\n<input type=\"hidden\" name=\"ticket\" value=\"{}\">\n{for_all}\
         <div class=\"buttons\"><button name=\"decision\" value=\"cancel\">Cancel</button>\
         <button class=\"go\" name=\"decision\" value=\"accept\">Accept</button></div>\n</form>",
        escape(&shown.visit.client.name),
        escape(&shown.user.principal_name),
        permission_list(shown.names),
        escape(&authority(raw, "continue")),
        escape(shown.ticket),
    );
    page(raw, "Permissions requested", &inner)
}

/// Somebody else must consent.
pub fn needs_administrator(raw: &Raw, visit: &Visit, names: &Scopes) -> Reply {
    let inner = format!(
        "<h1>Approval required</h1>\n<p>{} asks for permissions that only an administrator can give:</p>\n{}\
         <p>Ask a Global Administrator to sign in to it once and to consent for the organization.</p>",
        escape(&visit.client.name),
        permission_list(names)
    );
    Reply { status: StatusCode::FORBIDDEN, ..page(raw, "Approval required", &inner) }
}

/// The code that a device shows.
pub fn device_code(raw: &Raw, fault: Option<&str>) -> Reply {
    let inner = format!(
        "<h1>Enter code</h1>\n<p class=\"soft\">Type the code that your app or device shows.</p>\n{}\
         <form method=\"post\" action=\"{}\">\n\
         <label>Code<input class=\"code\" type=\"text\" name=\"user_code\" autocomplete=\"off\" autocapitalize=\"characters\" \
         spellcheck=\"false\" required autofocus></label>\n\
         <div class=\"buttons\"><button class=\"go\">Next</button></div>\n</form>",
        fault_box(fault),
        escape(&authority(raw, "deviceauth"))
    );
    page(raw, "Enter code", &inner)
}

fn message(raw: &Raw, title: &str, text: &str) -> Reply {
    page(raw, title, &format!("<h1>{}</h1>\n<p>{}</p>", escape(title), escape(text)))
}

/// The device may go on.
pub fn device_done(raw: &Raw, client: &str) -> Reply {
    message(
        raw,
        "You have signed in",
        &format!("You have signed in to {client} on your device. You may close this window."),
    )
}

/// The device is told no.
pub fn device_declined(raw: &Raw) -> Reply {
    message(raw, "Declined", "Your device was not signed in. You may close this window.")
}

/// The sign-in took too long, or a page was sent twice.
pub fn over(raw: &Raw) -> Reply {
    let text = "This page was used already, or waited too long. Go back to the app and sign in again.";
    Reply { status: StatusCode::BAD_REQUEST, ..message(raw, "Start again", text) }
}

/// A client that cannot be answered elsewhere.
pub fn failed(raw: &Raw, failure: &Failure) -> Reply {
    let shown = message(raw, "Sign-in is not possible", failure.message());
    Reply { status: failure.status(), ..shown }
}

/// Nobody is signed in any more.
pub fn signed_out(raw: &Raw) -> Reply {
    message(raw, "You signed out", "You may close this window.")
}

/// The first administrator sets the password.
pub fn setup(raw: &Raw, name: &str, fault: Option<&str>) -> Reply {
    let action = format!("{}/setup?{}", raw.base, raw.query);
    let inner = format!(
        "<h1>Welcome to Tenure</h1>\n<p class=\"soft\">Set the password of {}, the first administrator.</p>\n{}\
         <form method=\"post\" action=\"{}\">\n{}</form>",
        escape(name),
        fault_box(fault),
        escape(&action),
        two_passwords()
    );
    page(raw, "Welcome to Tenure", &inner)
}

/// The first administrator can sign in.
pub fn setup_done(raw: &Raw, name: &str) -> Reply {
    message(raw, "Your account is ready", &format!("{name} can sign in now. This link does not work any more."))
}

/// Sends a form to a client: a button, because there is no script.
pub fn form_post(raw: &Raw, redirect: &str, params: &[(&str, &str)]) -> Reply {
    let mut inner = format!("<h1>Almost done</h1>\n<form method=\"post\" action=\"{}\">\n", escape(redirect));
    for (name, value) in params {
        let _ = writeln!(inner, "<input type=\"hidden\" name=\"{}\" value=\"{}\">", escape(name), escape(value));
    }
    inner.push_str("<div class=\"buttons\"><button class=\"go\" autofocus>Continue</button></div>\n</form>");
    page(raw, "Continue", &inner)
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn nothing_from_outside_becomes_markup() {
        assert_eq!(escape("<a href=\"x\">'&"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
    }
}
