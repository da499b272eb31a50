//! What `additionalAccess(accessPackageId='…',incompatibleAccessPackageId='…')` stands for (semantics.md 7): who holds
//! both of two packages, for instance because he had them before they became incompatible.

use tenure_domain::refusal::{Code, Refusal};
use tenure_odata::Value;
use tenure_service::view::Predicate;
use uuid::Uuid;

const PARAMETERS: [&str; 2] = ["accessPackageId", "incompatibleAccessPackageId"];

/// The condition on assignments, with both packages; or every parameter that is not as it should be.
pub fn additional_access(args: &[(String, String)]) -> Result<(Predicate, Vec<Value>), Refusal> {
    let message =
        "additionalAccess takes accessPackageId='…' and incompatibleAccessPackageId='…', the ids of two packages";
    let mut refusal = Refusal::new(Code::InvalidModel, message);
    let mut packages = Vec::new();
    for name in PARAMETERS {
        let mut given = args.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        match (given.next(), given.next()) {
            (Some(text), None) => match Uuid::parse_str(text.trim()) {
                Ok(id) => packages.push(id),
                Err(_) => refusal = refusal.detail(name, "not a GUID"),
            },
            (Some(_), Some(_)) => refusal = refusal.detail(name, "given twice"),
            (None, _) => refusal = refusal.detail(name, "missing"),
        }
    }
    for (name, _) in args.iter().filter(|(n, _)| !PARAMETERS.iter().any(|known| known.eq_ignore_ascii_case(n))) {
        refusal = refusal.detail(name.as_str(), "unknown parameter");
    }
    if let [one, other] = packages.as_slice()
        && one == other
    {
        refusal = refusal.detail("incompatibleAccessPackageId", "the same package");
    }
    if !refusal.details.is_empty() {
        return Err(refusal);
    }
    Ok((Predicate::AssignmentAdditionalAccess, packages.into_iter().map(Value::Id).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(args: &[(&str, &str)]) -> Vec<String> {
        let args: Vec<(String, String)> = args.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let refusal = additional_access(&args).err();
        let details = refusal.into_iter().flat_map(|r| r.details);
        details.map(|d| format!("{}: {}", d.target.unwrap_or_default(), d.message)).collect()
    }

    const ONE: &str = "0191f0a4-0000-7000-8000-000000000001";
    const TWO: &str = "0191f0a4-0000-7000-8000-000000000002";

    #[test]
    fn it_takes_two_packages_and_says_what_is_wrong_with_anything_else() {
        assert_eq!(faults(&[("accessPackageId", ONE), ("incompatibleAccessPackageId", TWO)]), [""; 0]);
        assert_eq!(faults(&[("ACCESSPACKAGEID", ONE), ("incompatibleaccesspackageid", TWO)]), [""; 0]);
        assert_eq!(faults(&[]), ["accessPackageId: missing", "incompatibleAccessPackageId: missing"]);
        assert_eq!(
            faults(&[("accessPackageId", "x"), ("", TWO)]),
            ["accessPackageId: not a GUID", "incompatibleAccessPackageId: missing", ": unknown parameter"]
        );
        let same = [("accessPackageId", ONE), ("incompatibleAccessPackageId", ONE)];
        assert_eq!(faults(&same), ["incompatibleAccessPackageId: the same package"]);
        let twice = [("accessPackageId", ONE), ("accessPackageId", TWO), ("incompatibleAccessPackageId", TWO)];
        assert_eq!(faults(&twice), ["accessPackageId: given twice"]);
    }
}
