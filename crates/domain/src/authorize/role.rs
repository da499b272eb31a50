//! Roles: those of the directory that Tenure gives a meaning to, and those of entitlement management, which are held in
//! a scope (behaviour.md d.1).

use crate::ids::CatalogId;
use std::fmt;
use uuid::Uuid;

macro_rules! roles {
    ($(#[$doc:meta])* $type:ident { $($name:ident = $id:literal, $text:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $type { $(#[doc = $text] $name,)+ }

        impl $type {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The published id of its role definition.
            pub const fn id(self) -> Uuid {
                match self { $(Self::$name => Uuid::from_u128($id),)+ }
            }

            /// Its name, as people read it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The role of that id.
            pub fn from_id(id: Uuid) -> Option<Self> {
                Self::ALL.iter().copied().find(|r| r.id() == id)
            }
        }
    };
}

roles! {
    /// A directory role that Tenure gives a meaning to. It is held for the whole tenant.
    DirectoryRole {
        GlobalAdministrator = 0x62e9_0394_69f5_4237_9190_0121_7714_5e10, "Global Administrator";
        IdentityGovernanceAdministrator = 0x45d8_d3c5_c802_45c6_b32a_1d70_b5e1_e86e, "Identity Governance Administrator";
        GlobalReader = 0xf2ef_992c_3afb_46b9_b7cf_a126_ee74_c451, "Global Reader";
        SecurityReader = 0x5d6b_6bb7_de71_4623_b4af_9638_0a35_2509, "Security Reader";
        UserAdministrator = 0xfe93_0be7_5e62_47db_91af_98c3_a49a_38b1, "User Administrator";
        GroupsAdministrator = 0xfdd7_a751_b60b_444a_984c_0265_2fe8_fa1c, "Groups Administrator";
        ApplicationAdministrator = 0x9b89_5d92_2cd3_44c7_9d02_a6ac_2d5e_a5c3, "Application Administrator";
        PrivilegedRoleAdministrator = 0xe861_1ab8_c189_46e8_94e1_6021_3ab1_f814, "Privileged Role Administrator";
        GuestInviter = 0x95e7_9109_95c0_4d8e_aee3_d01a_ccf2_d47b, "Guest Inviter";
        SharePointAdministrator = 0xf28a_1f50_f6e7_4571_818b_6a12_f2af_6b6c, "SharePoint Administrator";
    }
}

impl DirectoryRole {
    /// Whether it gives its holder the power to have every other role.
    pub const fn gives_roles(self) -> bool {
        matches!(self, Self::GlobalAdministrator | Self::PrivilegedRoleAdministrator)
    }
}

roles! {
    /// A role of entitlement management (behaviour.md d.1). It is held in a [`Scope`].
    EntitlementRole {
        CatalogOwner = 0xae79_f266_94d4_4dab_b730_feca_7e13_2178, "Catalog owner";
        CatalogReader = 0x4427_2f93_9762_48e8_af59_1b53_51b1_d6b3, "Catalog reader";
        PackageManager = 0x7f48_0852_ebdc_47d4_87de_0d84_9838_4a83, "Access package manager";
        AssignmentManager = 0xe218_2095_804a_4656_ae11_6473_4e9b_7ae5, "Access package assignment manager";
        CatalogCreator = 0xba92_d953_d8e0_4e39_a797_0cbe_db0a_89e8, "Catalog creator";
        OrganizationAdministrator = 0xe65c_f63f_9cc2_4b48_8871_cb66_7e9d_90fb, "Connected Organization Administrator";
    }
}

impl EntitlementRole {
    /// Those that are held for a catalog. Each of them sees all that lies in it (behaviour.md d.2, decisions.md J7).
    pub const OF_CATALOGS: [Self; 4] =
        [Self::CatalogOwner, Self::CatalogReader, Self::PackageManager, Self::AssignmentManager];

    /// Whether it is held for a catalog; the others are held for the whole tenant.
    pub fn is_of_catalogs(self) -> bool {
        Self::OF_CATALOGS.contains(&self)
    }
}

/// Where a role is held, and where a thing lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// The whole tenant.
    Tenant,
    /// One catalog.
    Catalog(CatalogId),
}

/// The path of a catalog as an `appScopeId`, up to its id (semantics.md 11).
const CATALOG_PATH: &str = "/AccessPackageCatalog/";

impl Scope {
    /// The scope that an `appScopeId` means: `/`, or `/AccessPackageCatalog/{id}`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text == "/" {
            return Some(Self::Tenant);
        }
        let (path, id) = (text.get(..CATALOG_PATH.len())?, text.get(CATALOG_PATH.len()..)?);
        let id = Uuid::try_parse(id).ok().filter(|_| path.eq_ignore_ascii_case(CATALOG_PATH))?;
        Some(Self::Catalog(CatalogId(id)))
    }

    /// The catalog, if it is one.
    pub const fn catalog(self) -> Option<CatalogId> {
        match self {
            Self::Tenant => None,
            Self::Catalog(id) => Some(id),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tenant => f.write_str("/"),
            Self::Catalog(id) => write!(f, "{CATALOG_PATH}{id}"),
        }
    }
}

/// A role of entitlement management that somebody holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Which.
    pub role: EntitlementRole,
    /// Where.
    pub scope: Scope,
}

/// A role of entitlement management with the places where somebody holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldIn {
    /// Which.
    pub role: EntitlementRole,
    /// Some of the places, in their order.
    pub scopes: Vec<Scope>,
    /// How many there are.
    pub count: usize,
}

/// The roles that somebody holds, each once, with at most `max` of the places where he does.
pub fn by_role(held: &[Held], max: usize) -> Vec<HeldIn> {
    let places = |role: EntitlementRole| {
        let mut scopes: Vec<Scope> = held.iter().filter(|h| h.role == role).map(|h| h.scope).collect();
        scopes.sort_unstable();
        scopes.dedup();
        let count = scopes.len();
        scopes.truncate(max);
        HeldIn { role, scopes, count }
    };
    EntitlementRole::ALL.iter().map(|role| places(*role)).filter(|held| held.count > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_named_by_role_and_counted_beyond_what_is_named() {
        use EntitlementRole as E;
        let catalog = |n| Scope::Catalog(CatalogId(Uuid::from_u128(n)));
        let held = |role, scope| Held { role, scope };
        let mut all: Vec<Held> = [3, 1, 2, 1].map(|n| held(E::CatalogReader, catalog(n))).to_vec();
        all.push(held(E::CatalogCreator, Scope::Tenant));
        let creator = HeldIn { role: E::CatalogCreator, scopes: vec![Scope::Tenant], count: 1 };
        let reader = |max: u128| HeldIn { role: E::CatalogReader, scopes: (1..=max).map(catalog).collect(), count: 3 };
        assert_eq!(by_role(&all, 3), [reader(3), creator.clone()]);
        assert_eq!(by_role(&all, 2), [reader(2), creator]);
        assert!(by_role(&[], 2).is_empty());
    }

    #[test]
    fn scopes_are_written_as_they_are_read() {
        let catalog = Scope::Catalog(CatalogId(Uuid::from_u128(7)));
        for scope in [Scope::Tenant, catalog] {
            assert_eq!(Scope::parse(&scope.to_string()), Some(scope));
        }
        assert_eq!(Scope::parse(&catalog.to_string().to_uppercase()), Some(catalog), "case does not matter");
        for wrong in ["", "7", "/AccessPackageCatalog/", "/AccessPackageCatalog/seven", "/administrativeUnits/7", "/é"]
        {
            assert_eq!(Scope::parse(wrong), None, "{wrong}");
        }
    }
}
