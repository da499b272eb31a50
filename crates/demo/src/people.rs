//! Who works at Contoso, and who visits.

use crate::staff::{GUESTS, Guest, LEAVER, ROLES, TEAMS, Team};
use crate::{DOMAIN, fixed};
use serde_json::{Value, json};
use tenure_domain::directory::Attributes;
use tenure_domain::directory::user::UserKind;
use tenure_service::bootstrap::give_role;
use tenure_service::directory::users::{self, NewPassword, NewUser};
use tenure_service::{Ctx, ServiceError};

/// Makes the people and gives them their directory roles.
pub(crate) fn seed(ctx: &mut Ctx<'_, '_>, password_hash: &str) -> Result<(), ServiceError> {
    let mut number = 0;
    for team in TEAMS {
        for member in team.members {
            number += 1;
            let password = NewPassword { hash: password_hash.to_owned(), must_change: false };
            users::create(ctx, &NewUser { password: Some(password), ..employee(team, *member, number) })?;
        }
    }
    for guest in &GUESTS {
        let id = users::create(ctx, &visitor(guest))?;
        users::add_sponsor(ctx, id, fixed::person(guest.sponsor))?;
    }
    for (role, alias) in ROLES {
        give_role(ctx, role, fixed::person(alias))?;
    }
    Ok(())
}

/// Employee number `number`, who has no password yet.
fn employee(team: &Team, (alias, given, surname, title): (&str, &str, &str, &str), number: u32) -> NewUser {
    let place = team.place;
    let address = format!("{alias}@{DOMAIN}");
    let attributes = attributes(json!({
        "givenName": given,
        "surname": surname,
        "jobTitle": title,
        "department": team.department,
        "companyName": "Contoso",
        "employeeId": format!("C{:05}", 10_000 + number),
        "employeeType": "Employee",
        "employeeHireDate": format!("20{}-{:02}-01T00:00:00Z", 12 + number % 12, 1 + number * 5 % 12),
        "officeLocation": format!("{} {}/{:02}", place.city, 1 + number % 4, 1 + number * 7 % 30),
        "city": place.city,
        "state": place.state,
        "country": place.country,
        "postalCode": place.postal_code,
        "usageLocation": place.country_code,
        "preferredLanguage": place.language,
        "businessPhones": [format!("{}{number:02}", place.phone)],
    }));
    NewUser {
        id: Some(fixed::person(alias)),
        name: format!("{given} {surname}"),
        principal_name: address.clone(),
        mail: Some(address),
        nickname: Some(alias.to_owned()),
        kind: UserKind::Member,
        is_enabled: alias != LEAVER,
        password: None,
        manager: team.manager.map(fixed::person),
        attributes,
    }
}

/// A guest, who signs in at home.
fn visitor(guest: &Guest) -> NewUser {
    let Guest { alias, domain, given, surname, .. } = guest;
    let mail = format!("{alias}@{domain}");
    let nickname = format!("{alias}_{domain}#EXT#");
    let attributes = attributes(json!({
        "givenName": given,
        "surname": surname,
        "jobTitle": guest.title,
        "companyName": guest.company,
        "creationType": "Invitation",
        "externalUserState": "Accepted",
        "otherMails": [&mail],
    }));
    NewUser {
        id: Some(fixed::person(alias)),
        name: format!("{given} {surname}"),
        principal_name: format!("{nickname}@{DOMAIN}"),
        mail: Some(mail),
        nickname: Some(nickname),
        kind: UserKind::Guest,
        is_enabled: true,
        password: None,
        manager: None,
        attributes,
    }
}

/// The members of a JSON object.
pub(crate) fn attributes(object: Value) -> Attributes {
    match object {
        Value::Object(members) => Attributes(members),
        _ => Attributes::default(),
    }
}
