//! Whether JSON that is kept and not acted on has the shape its property is declared with, and that JSON as the shape is
//! written: it is given back so, and a client that trusts `$metadata` must be able to read it.

use super::{one_of, parse_time};
use jiff::civil::Date;
use serde_json::{Map, Value as Json};
use tenure_domain::time::IsoDuration;
use tenure_odata::nearest;
use tenure_odata::types::{Primitive, Shape, Structure, Type};
use uuid::Uuid;

/// Something else than what is declared.
#[derive(Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Where, as the rest of a JSON pointer.
    pub at: String,
    /// The rest of a sentence about it.
    pub wanted: String,
}

impl Misfit {
    fn here(wanted: impl Into<String>) -> Self {
        Self { at: String::new(), wanted: wanted.into() }
    }

    fn below(self, name: &str) -> Self {
        let name = name.replace('~', "~0").replace('/', "~1");
        Self { at: format!("/{name}{}", self.at), wanted: self.wanted }
    }
}

/// The value as it is kept. Null says that nothing is there: members that can never be null are left out then, as are
/// annotations. Members that nobody declared are let pass only where they are null (decisions.md L1).
pub fn fit(shape: Shape, value: &Json) -> Result<Json, Misfit> {
    if value.is_null() {
        return Ok(Json::Null);
    }
    if !shape.many {
        return one(shape.of, value);
    }
    let items = value.as_array().ok_or_else(|| Misfit::here("must be a list"))?;
    let item = |(i, item): (usize, &Json)| {
        let fitting = match item {
            Json::Null if shape.nullable => Ok(Json::Null),
            Json::Null => Err(Misfit::here("must not be null")),
            item => one(shape.of, item),
        };
        fitting.map_err(|misfit| misfit.below(&i.to_string()))
    };
    items.iter().enumerate().map(item).collect()
}

fn one(of: Type, value: &Json) -> Result<Json, Misfit> {
    match of {
        Type::Primitive(primitive) => {
            as_declared(primitive, value).map_err(|wanted| Misfit::here(format!("must be {wanted}")))
        }
        Type::Enum(words) => {
            let text = value.as_str().unwrap_or_default();
            // Several words can be given at once, where that has a meaning.
            let known = |word: &str| words.word(words.code(word.trim())?);
            let all: Option<Vec<&str>> = text.split(',').map(known).collect();
            all.map(|all| Json::from(all.join(","))).ok_or_else(|| Misfit::here(format!("must be {}", one_of(words))))
        }
        Type::Structure(structure) => members(structure, value),
    }
}

fn members(structure: &Structure, value: &Json) -> Result<Json, Misfit> {
    let object = value.as_object().ok_or_else(|| Misfit::here("must be an object"))?;
    let mut kept = Map::new();
    for (name, value) in object.iter().filter(|(name, _)| !name.contains('@')) {
        let spelt = |known: &str| known.eq_ignore_ascii_case(name);
        match structure.all_members().find(|m| m.name.spellings().any(spelt)) {
            Some(member) if value.is_null() && (member.shape.many || !member.shape.nullable) => {}
            Some(member) => {
                let fitting = fit(member.shape, value).map_err(|misfit| misfit.below(name))?;
                let known = member.name.spellings().find(|known| spelt(known)).unwrap_or(name);
                kept.insert(known.to_owned(), fitting);
            }
            None if structure.is_open => {
                kept.insert(name.clone(), value.clone());
            }
            None if value.is_null() => {}
            None => {
                let known = structure.all_members().flat_map(|m| m.name.spellings());
                let hint = nearest(name, known).map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
                return Err(Misfit::here(format!("is not known here{hint}")).below(name));
            }
        }
    }
    Ok(Json::Object(kept))
}

/// A primitive as its type is written, or what it should be: strict readers take one spelling, and we take several.
fn as_declared(primitive: Primitive, value: &Json) -> Result<Json, &'static str> {
    let text = value.as_str();
    let trimmed = text.map(str::trim);
    let (fitting, wanted) = match primitive {
        Primitive::String => (text.map(Json::from), "a text"),
        Primitive::Binary => (text.map(Json::from), "a text in base64"),
        Primitive::Guid => (trimmed.and_then(|t| Uuid::parse_str(t).ok()).map(|v| spelt(&v)), "a GUID"),
        Primitive::Boolean => (value.as_bool().map(Json::from), "true or false"),
        Primitive::Int32 => (value.as_i64().and_then(|n| i32::try_from(n).ok()).map(Json::from), "a whole number"),
        Primitive::DateTimeOffset => {
            (text.and_then(parse_time).map(|v| spelt(&v)), "an instant such as 2026-03-01T09:00:00Z")
        }
        Primitive::Date => {
            (trimmed.and_then(|t| t.parse::<Date>().ok()).map(|v| spelt(&v)), "a day such as 2026-03-01")
        }
        Primitive::Duration => {
            let duration = text.and_then(|t| t.parse::<IsoDuration>().ok());
            (duration.map(|v| spelt(&v)), "an ISO 8601 duration such as P30D or PT8H")
        }
    };
    fitting.ok_or(wanted)
}

fn spelt(value: &impl ToString) -> Json {
    Json::from(value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::schema::types::{GUID, TEXTS, TIME, directory as t};
    use serde_json::json;

    fn at(shape: Shape, value: &Json) -> Option<String> {
        fit(shape, value).err().map(|misfit| misfit.at)
    }

    #[test]
    fn a_misfit_is_found_where_it_stands() {
        assert_eq!(at(TEXTS, &json!(["a", 1])).as_deref(), Some("/1"));
        assert_eq!(at(TEXTS, &json!(["a", null])).as_deref(), Some("/1"));
        assert_eq!(at(TEXTS, &json!("a")).as_deref(), Some(""));
        assert_eq!(at(TIME, &json!("yesterday")).as_deref(), Some(""));
        let web = Shape::structure(&t::WEB);
        let wrong = json!({ "redirectUris": [], "implicitGrantSettings": { "enableIdTokenIssuance": "yes" } });
        assert_eq!(at(web, &wrong).as_deref(), Some("/implicitGrantSettings/enableIdTokenIssuance"));
        assert_eq!(at(web, &json!({ "redirectUri": "x" })).as_deref(), Some("/redirectUri"));
        let signature = Shape::structure(&t::REQUEST_SIGNATURE);
        assert_eq!(
            at(signature, &json!({ "allowedWeakAlgorithms": "md5" })).as_deref(),
            Some("/allowedWeakAlgorithms")
        );
    }

    #[test]
    fn what_fits_is_kept_under_its_name_and_what_says_nothing_is_not() {
        let access = Shape::structures(&t::REQUIRED_ACCESS);
        let given = json!([{ "ResourceAppId": "x", "resourceAccess": null, "more": null, "a@odata.type": "b" }]);
        assert_eq!(fit(access, &given), Ok(json!([{ "resourceAppId": "x" }])));
        assert_eq!(fit(TIME, &json!(null)), Ok(Json::Null));
        for (given, kept) in [
            ("2026-03-01T09:00:00", "2026-03-01T09:00:00Z"),
            (" 2026-03-01T10:00:00+01:00", "2026-03-01T09:00:00Z"),
            ("2026-03-01T09:00:00.5Z", "2026-03-01T09:00:00.5Z"),
        ] {
            assert_eq!(fit(TIME, &json!(given)), Ok(json!(kept)));
        }
        let braced = json!("{0191F0A4-0000-7000-8000-000000000001}");
        assert_eq!(fit(GUID, &braced), Ok(json!("0191f0a4-0000-7000-8000-000000000001")));
        let made_up = Shape::structure(&t::SECURITY_ATTRIBUTES);
        assert_eq!(fit(made_up, &json!({ "set": { "a": 1 } })), Ok(json!({ "set": { "a": 1 } })));
    }
}
