//! Permission names of the Graph application: their published ids, and what they let a token do (decisions.md B12, J1).

use tenure_domain::authorize::{Capabilities, Capability as C};
use uuid::Uuid;

/// A permission.
#[derive(Clone, Copy, Debug)]
pub struct Permission {
    /// Its published name.
    pub name: &'static str,
    app_role: Option<u128>,
    scope: Option<u128>,
    gives: &'static [C],
    /// Whether only an administrator can consent to it as a delegated permission.
    pub needs_administrator: bool,
    /// What it lets an application do, for the consent page.
    pub description: &'static str,
}

impl Permission {
    /// The published id as an app role.
    pub fn app_role_id(&self) -> Option<Uuid> {
        self.app_role.map(Uuid::from_u128)
    }

    /// The published id as a delegated scope.
    pub fn scope_id(&self) -> Option<Uuid> {
        self.scope.map(Uuid::from_u128)
    }

    /// What it lets a token do.
    pub fn capabilities(&self) -> Capabilities {
        self.gives.iter().copied().collect()
    }
}

/// Scopes of the sign-in protocol itself; every client may ask for them.
pub const PROTOCOL_SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// All permissions.
#[rustfmt::skip]
pub const PERMISSIONS: &[Permission] = &[
    Permission { name: "openid", app_role: None, scope: Some(0x37f7_f235_527c_4136_accd_4a02_d197_296e), gives: &[], needs_administrator: false, description: "Sign you in" },
    Permission { name: "profile", app_role: None, scope: Some(0x14da_d69e_099b_42c9_810b_d002_981f_eec1), gives: &[], needs_administrator: false, description: "See your name and user name" },
    Permission { name: "email", app_role: None, scope: Some(0x64a6_cdd6_aab1_4aaf_94b8_3cc8_405e_90d0), gives: &[], needs_administrator: false, description: "See your mail address" },
    Permission { name: "offline_access", app_role: None, scope: Some(0x7427_e0e9_2fba_42fe_b0c0_848c_9e6a_8182), gives: &[], needs_administrator: false, description: "Keep the access you give it" },
    Permission { name: "User.Read", app_role: None, scope: Some(0xe1fe_6dd8_ba31_4d61_89e7_8863_9da4_683d), gives: &[C::SelfRead], needs_administrator: false, description: "Read your profile" },
    Permission { name: "User.ReadBasic.All", app_role: Some(0x9723_5f07_e226_4f63_ace3_3958_8e11_d3a1), scope: Some(0xb340_eb25_3456_403f_be2f_af7a_0d37_0277), gives: &[C::SelfRead, C::UserRead], needs_administrator: false, description: "Read the basic profiles of all users" },
    Permission { name: "User.Read.All", app_role: Some(0xdf02_1288_bdef_4463_88db_98f2_2de8_9214), scope: Some(0xa154_be20_db9c_4678_8ab7_66f6_cc09_9a59), gives: &[C::SelfRead, C::UserRead], needs_administrator: true, description: "Read the profiles of all users" },
    Permission { name: "User.ReadWrite.All", app_role: Some(0x741f_803b_c850_494e_b5df_cde7_c675_a1ca), scope: Some(0x204e_0828_b5ca_4ad8_b9f3_f32a_958e_7cc4), gives: &[C::SelfRead, C::UserRead, C::UserWrite], needs_administrator: true, description: "Read and change all users" },
    Permission { name: "User.Invite.All", app_role: Some(0x0985_0681_111b_4a89_9bed_3f2c_ae46_d706), scope: Some(0x63dd_7cd9_b489_4adf_a28c_ac38_b9a0_f962), gives: &[C::UserInvite], needs_administrator: true, description: "Invite guests" },
    Permission { name: "Group.Read.All", app_role: Some(0x5b56_7255_7703_4780_807c_7be8_301a_e99b), scope: Some(0x5f8c_59db_677d_491f_a6b8_5f17_4b11_ec1d), gives: &[C::GroupRead], needs_administrator: true, description: "Read all groups" },
    Permission { name: "Group.ReadWrite.All", app_role: Some(0x62a8_2d76_70ea_41e2_9197_3705_8180_4d09), scope: Some(0x4e46_008b_f24c_477d_8fff_7bb4_ec7a_afe0), gives: &[C::GroupRead, C::GroupWrite], needs_administrator: true, description: "Read and change all groups" },
    Permission { name: "GroupMember.Read.All", app_role: Some(0x9883_0695_27a2_44f7_8c18_0c3e_bc96_98f6), scope: Some(0xbc02_4368_1153_4739_b217_4326_f2e9_66d0), gives: &[C::GroupRead], needs_administrator: true, description: "Read group memberships" },
    Permission { name: "GroupMember.ReadWrite.All", app_role: Some(0xdbaa_e8cf_10b5_4b86_a4a1_f871_c94c_6695), scope: Some(0xf811_25ac_d3b7_4573_a3b2_7099_cc39_df9e), gives: &[C::GroupRead, C::GroupWrite], needs_administrator: true, description: "Read and change group memberships" },
    Permission { name: "Directory.Read.All", app_role: Some(0x7ab1_d382_f21e_4acd_a863_ba3e_13f7_da61), scope: Some(0x06da_0dbc_49e2_44d2_8312_53f1_66ab_848a), gives: &[C::SelfRead, C::UserRead, C::GroupRead, C::ApplicationRead, C::GrantRead, C::RoleRead, C::OrganizationRead], needs_administrator: true, description: "Read the directory" },
    Permission { name: "Directory.ReadWrite.All", app_role: Some(0x19db_c75e_c2e2_444c_a770_ec69_d855_9fc7), scope: Some(0xc536_6453_9fb0_48a5_a156_24f0_c49a_4b84), gives: &[C::SelfRead, C::UserRead, C::UserWrite, C::GroupRead, C::GroupWrite, C::ApplicationRead, C::ApplicationWrite, C::GrantRead, C::GrantWrite, C::RoleRead, C::OrganizationRead], needs_administrator: true, description: "Read and change the directory" },
    Permission { name: "Organization.Read.All", app_role: Some(0x4984_76ce_e0fe_48b0_b801_37ba_7e26_85c6), scope: Some(0x4908_d5b9_3fb2_4b1e_9336_1888_b793_7185), gives: &[C::OrganizationRead], needs_administrator: true, description: "Read what the organization says of itself" },
    Permission { name: "Application.Read.All", app_role: Some(0x9a5d_68dd_52b0_4cc2_bd40_abcf_44ac_3a30), scope: Some(0xc79f_8feb_a9db_4090_85f9_90d8_20ca_a0eb), gives: &[C::ApplicationRead], needs_administrator: true, description: "Read all applications" },
    Permission { name: "Application.ReadWrite.All", app_role: Some(0x1bfe_fb4e_e0b5_418b_a88f_73c4_6d2c_c8e9), scope: Some(0xbdfb_f15f_ee85_4955_8675_146e_8e52_96b5), gives: &[C::ApplicationRead, C::ApplicationWrite], needs_administrator: true, description: "Read and change all applications" },
    Permission { name: "AppRoleAssignment.ReadWrite.All", app_role: Some(0x06b7_08a9_e830_4db3_a914_8e69_da51_d44f), scope: Some(0x84bc_cea3_f856_4a8a_967b_dbe0_a3d5_3a64), gives: &[C::ApplicationRead, C::AppRoleAssignmentWrite], needs_administrator: true, description: "Give and take app roles" },
    Permission { name: "DelegatedPermissionGrant.Read.All", app_role: Some(0x81b4_724a_58aa_41c1_8a55_84ef_9746_6587), scope: Some(0xa197_cdc4_a8e7_4d49_9d35_4ca7_c838_87b4), gives: &[C::GrantRead], needs_administrator: true, description: "Read what people and administrators consented to" },
    Permission { name: "DelegatedPermissionGrant.ReadWrite.All", app_role: Some(0x8e8e_4742_1d95_4f68_9d56_6ee7_5648_c72a), scope: Some(0x41ce_6ca6_6826_4807_84f1_1c82_854f_7ee5), gives: &[C::GrantRead, C::GrantWrite], needs_administrator: true, description: "Change what people and administrators consented to" },
    Permission { name: "RoleManagement.Read.Directory", app_role: Some(0x483b_ed4a_2ad3_4361_a73b_c83c_cdbd_c53c), scope: Some(0x741c_54c3_0c1e_44a1_818b_3f97_ab4e_8c83), gives: &[C::RoleRead], needs_administrator: true, description: "Read directory roles" },
    Permission { name: "RoleManagement.ReadWrite.Directory", app_role: Some(0x9e3f_62cf_ca93_4989_b6ce_bf83_c28f_9fe8), scope: Some(0xd01b_97e9_cbc0_49fe_810a_750a_fd55_27a3), gives: &[C::RoleRead, C::RoleWrite], needs_administrator: true, description: "Give and take directory roles" },
    Permission { name: "EntitlementManagement.Read.All", app_role: Some(0xc74f_d47d_ed3c_45c3_9a9e_b867_6de6_85d2), scope: Some(0x5449_aa12_1393_4ea2_a7c7_d0e0_6c1a_56b2), gives: &[C::EntitlementRead], needs_administrator: true, description: "Read entitlement management" },
    Permission { name: "EntitlementManagement.ReadWrite.All", app_role: Some(0x9acd_699f_1e81_4958_b001_93b1_d250_6e19), scope: Some(0xae7a_573d_81d7_432b_ad44_4ed5_c9d8_9038), gives: &[C::EntitlementRead, C::EntitlementWrite, C::SubjectAccess], needs_administrator: true, description: "Read and change entitlement management" },
    Permission { name: "EntitlementMgmt-SubjectAccess.ReadWrite", app_role: None, scope: Some(0xe9fd_cbbb_8807_410f_b9ec_8d54_68c7_c2ac), gives: &[C::SubjectAccess], needs_administrator: false, description: "Ask for access and see your own" },
    Permission { name: "AuditLog.Read.All", app_role: Some(0xb0af_ded3_3588_46d8_8b3d_9842_eff7_78da), scope: Some(0xe4c9_e354_4dc5_45b8_9e7c_e139_3b0b_1a20), gives: &[C::AuditRead], needs_administrator: true, description: "Read the audit log" },
    Permission { name: "Sites.Read.All", app_role: Some(0x332a_536c_c7ef_4017_ab91_3369_7092_4f0d), scope: Some(0x205e_70e5_aba6_4c52_a976_6d2d_46c4_8043), gives: &[C::SiteRead], needs_administrator: false, description: "Read all sites" },
    Permission { name: "Sites.FullControl.All", app_role: Some(0xa821_16e5_55eb_4c41_a434_62fe_8a61_c773), scope: Some(0x5a54_b8b3_347c_476d_8f8e_42d5_c742_4d29), gives: &[C::SiteRead, C::SiteWrite], needs_administrator: true, description: "Control all sites" },
];

/// The permission of that name, without regard to case.
pub fn find(name: &str) -> Option<&'static Permission> {
    PERMISSIONS.iter().find(|p| p.name.eq_ignore_ascii_case(name))
}

/// What a token with these permission names may do.
pub fn capabilities<'n>(names: impl IntoIterator<Item = &'n str>) -> Capabilities {
    names.into_iter().filter_map(find).fold(Capabilities::NONE, |all, p| all.union(p.capabilities()))
}

/// The permission whose app role has this id.
pub fn of_app_role(id: Uuid) -> Option<&'static Permission> {
    PERMISSIONS.iter().find(|p| p.app_role == Some(id.as_u128()))
}

/// What an app with these app roles may do.
pub fn capabilities_of_roles(ids: &[Uuid]) -> Capabilities {
    let given = ids.iter().filter_map(|id| of_app_role(*id));
    given.fold(Capabilities::NONE, |all, p| all.union(p.capabilities()))
}

/// A scope as it was asked for, without the resource in front: `https://graph.microsoft.com/User.Read` is `User.Read`.
pub fn bare(scope: &str) -> &str {
    scope.rsplit('/').next().unwrap_or(scope)
}

/// The scope by which a client asks for everything it was given.
pub const DEFAULT: &str = ".default";

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_and_ids_are_unique() {
        let names: BTreeSet<&str> = PERMISSIONS.iter().map(|p| p.name).collect();
        assert_eq!(names.len(), PERMISSIONS.len());
        let ids: Vec<Uuid> = PERMISSIONS.iter().flat_map(|p| [p.app_role_id(), p.scope_id()]).flatten().collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    }

    #[test]
    fn names_become_capabilities() {
        let all = capabilities(["user.read", "EntitlementManagement.Read.All", "Unknown.Name"]);
        assert!(all.has(C::SelfRead) && all.has(C::EntitlementRead) && !all.has(C::EntitlementWrite));
        assert_eq!(bare("https://graph.microsoft.com/User.Read"), "User.Read");
        assert_eq!(bare("https://127.0.0.1/.default"), DEFAULT);
    }
}
