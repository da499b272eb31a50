//! What happened: audit events, built by the rules and the use cases, never by handlers (behaviour.md i.2).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! activities {
    ($($category:ident { $($name:ident = $text:literal, $operation:literal;)+ })+) => {
        /// An activity that is recorded. Names and operations are interface words, kept as they are published.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Activity { $($(#[doc = $text] $name,)+)+ }

        impl Activity {
            /// The name shown and filtered by.
            pub const fn name(self) -> &'static str {
                match self { $($(Self::$name => $text,)+)+ }
            }

            /// The kind of operation.
            pub const fn operation(self) -> &'static str {
                match self { $($(Self::$name => $operation,)+)+ }
            }

            /// The category it is filed under.
            pub const fn category(self) -> Category {
                match self { $($(Self::$name)|+ => Category::$category,)+ }
            }
        }
    };
}

/// Where an activity is filed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Catalogs, packages, policies, requests and assignments.
    EntitlementManagement,
    /// Users.
    UserManagement,
    /// Groups.
    GroupManagement,
    /// Applications, service principals and consent.
    ApplicationManagement,
    /// Directory roles.
    RoleManagement,
    /// Sites.
    SiteManagement,
}

impl Category {
    /// The published word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EntitlementManagement => "EntitlementManagement",
            Self::UserManagement => "UserManagement",
            Self::GroupManagement => "GroupManagement",
            Self::ApplicationManagement => "ApplicationManagement",
            Self::RoleManagement => "RoleManagement",
            Self::SiteManagement => "SiteManagement",
        }
    }

    /// The service that logs it.
    pub const fn service(self) -> &'static str {
        match self {
            Self::EntitlementManagement => "Entitlement Management",
            _ => "Core Directory",
        }
    }
}

activities! {
    EntitlementManagement {
        CreateCatalog = "Create access package catalog", "CreateEntitlementGrantCatalog";
        UpdateCatalog = "Update access package catalog", "UpdateEntitlementGrantCatalog";
        DeleteCatalog = "Delete access package catalog", "DeleteEntitlementGrantCatalog";
        CreateResourceRequest = "Create resource request", "CreateEntitlementResourceRequest";
        CreateResourceRemoveRequest = "Create resource remove request", "CreateEntitlementResourceRemoveRequest";
        UpdateCatalogResource = "Update access package catalog resource", "UpdateEntitlementResource";
        CreatePackage = "Create access package", "CreateEntitlement";
        UpdatePackage = "Update access package", "UpdateEntitlement";
        DeletePackage = "Delete access package", "DeleteEntitlement";
        CreatePolicy = "Create access package assignment policy", "CreateEntitlementGrantPolicy";
        UpdatePolicy = "Update access package assignment policy", "UpdateEntitlementGrantPolicy";
        DeletePolicy = "Delete access package assignment policy", "DeleteEntitlementGrantPolicy";
        UserRequests = "User requests access package assignment", "CreateEntitlementGrantRequest";
        UserRequestsRemoval = "User requests to remove access package assignment", "CreateEntitlementGrantRequest";
        AdministratorAssigns = "Administrator directly assigns user to access package", "CreateEntitlementGrantRequest";
        AdministratorRemoves = "Administrator directly removes user access package assignment", "CreateEntitlementGrantRequest";
        SystemRemoves = "Entitlement Management removes access package assignment request for user", "CreateEntitlementGrantRequest";
        AutoApprove = "Auto approve access package assignment request", "ApproveEntitlementGrantRequest";
        ScheduleStart = "Schedule a future access package assignment", "UpdateEntitlementGrantRequest";
        ReadyToFulfill = "Ready to fulfill access package assignment request", "UpdateEntitlementGrantRequest";
        Fulfill = "Fulfill access package assignment request", "FulfillEntitlementGrantRequest";
        PartiallyFulfill = "Partially fulfill access package assignment request", "FulfillEntitlementGrantRequest";
        FailRequest = "Failed access package assignment request", "FulfillEntitlementGrantRequest";
        CancelRequest = "Cancel access package assignment request", "CancelEntitlementGrantRequest";
        UserRequestsUpdate = "Create access package assignment user update request", "CreateEntitlementGrantRequest";
        UserRequestsExtension = "User requests to extend access package assignment", "CreateEntitlementGrantRequest";
        AdministratorUpdates = "Update access package assignment request", "CreateEntitlementGrantRequest";
        ApproveStage = "Approval stage completed for access package assignment request", "ApproveEntitlementGrantRequest";
        Approve = "Approve access package assignment request", "ApproveEntitlementGrantRequest";
        Deny = "Deny access package assignment request", "DenyEntitlementGrantRequest";
        TimeOut = "Access package assignment request timed out (no approver action taken)", "DenyEntitlementGrantRequest";
        UpdateAnswers = "Update request answers by approver", "UpdateEntitlementGrantRequest";
        ExtendAssignment = "Extend access package assignment", "ExtendEntitlementGrant";
        FulfillRole = "Fulfill access package resource assignment", "FulfillEntitlementGrantResource";
        RemoveRole = "Remove access package resource assignment", "RemoveEntitlementGrantResource";
        CreateIncompatiblePackage = "Create incompatible access package", "CreateIncompatibleEntitlement";
        DeleteIncompatiblePackage = "Delete incompatible access package", "DeleteIncompatibleEntitlement";
        CreateIncompatibleGroup = "Create incompatible group", "CreateIncompatibleGroup";
        DeleteIncompatibleGroup = "Delete incompatible group", "DeleteIncompatibleGroup";
        CreateOrganization = "Create connected organization", "CreateConnectedOrganization";
        UpdateOrganization = "Update connected organization", "UpdateConnectedOrganization";
        DeleteOrganization = "Delete connected organization", "DeleteConnectedOrganization";
        AssignInternalSponsor = "Assign user as internal sponsor", "AssignInternalSponsor";
        AssignExternalSponsor = "Assign user as external sponsor", "AssignExternalSponsor";
        RemoveInternalSponsor = "Remove user as internal sponsor", "RemoveInternalSponsor";
        RemoveExternalSponsor = "Remove user as external sponsor", "RemoveExternalSponsor";
        AddRoleAssignment = "Add Entitlement Management role assignment", "AddEntitlementRoleAssignment";
        RemoveRoleAssignment = "Remove Entitlement Management role assignment", "RemoveEntitlementRoleAssignment";
        DeleteRequest = "Delete access package assignment request", "DeleteEntitlementGrantRequest";
        RemoveAssignment = "Remove access package assignment", "RemoveEntitlementGrant";
        DeleteForDeletedUser = "Delete access package assignment policy for a deleted user", "RemoveEntitlementGrant";
        CreateExtension = "Create custom extension", "CreateCustomExtension";
        UpdateExtension = "Update custom extension", "UpdateCustomExtension";
        DeleteExtension = "Delete custom extension", "DeleteCustomExtension";
        UpdateSettings = "Update tenant setting", "UpdateEntitlementSettings";
    }
    UserManagement {
        AddUser = "Add user", "Add";
        UpdateUser = "Update user", "Update";
        DeleteUser = "Delete user", "Delete";
        RestoreUser = "Restore user", "Restore";
        HardDeleteUser = "Hard delete user", "HardDelete";
        ChangePassword = "Change user password", "Update";
        CreateApproval = "Create request approval", "CreateRequestApproval";
        AddApprover = "Add approver to request approval", "AddRequestApprover";
        DelegateApprovals = "Delegate approvals", "Update";
        InviteUser = "Invite external user", "Invite";
        ResetPassword = "Reset user password", "Update";
        RefuseSignIn = "Refuse sign-in", "SignIn";
        ErasePersonal = "Erase personal data of audit", "Erase";
        LinkIdentity = "Link external identity to user", "Update";
        UnlinkIdentity = "Unlink external identities from user", "Update";
        SignInOutside = "Sign in with external identity provider", "SignIn";
    }
    GroupManagement {
        AddGroup = "Add group", "Add";
        UpdateGroup = "Update group", "Update";
        DeleteGroup = "Delete group", "Delete";
        RestoreGroup = "Restore group", "Restore";
        HardDeleteGroup = "Hard delete group", "HardDelete";
        AddMember = "Add member to group", "Assign";
        RemoveMember = "Remove member from group", "Unassign";
        AddOwner = "Add owner to group", "Assign";
        RemoveOwner = "Remove owner from group", "Unassign";
    }
    ApplicationManagement {
        AddApplication = "Add application", "Add";
        UpdateApplication = "Update application", "Update";
        DeleteApplication = "Delete application", "Delete";
        RestoreApplication = "Restore application", "Restore";
        HardDeleteApplication = "Hard delete application", "HardDelete";
        AddServicePrincipal = "Add service principal", "Add";
        UpdateServicePrincipal = "Update service principal", "Update";
        RemoveServicePrincipal = "Remove service principal", "Delete";
        AddAppRoleAssignment = "Add app role assignment grant to user", "Assign";
        RemoveAppRoleAssignment = "Remove app role assignment from user", "Unassign";
        AddApplicationOwner = "Add owner to application", "Assign";
        RemoveApplicationOwner = "Remove owner from application", "Unassign";
        Consent = "Consent to application", "Assign";
        RemoveGrant = "Remove delegated permission grant", "Unassign";
    }
    RoleManagement {
        AddRoleMember = "Add member to role", "Assign";
        RemoveRoleMember = "Remove member from role", "Unassign";
        RefuseAction = "Refuse administrator action", "Refuse";
    }
    SiteManagement {
        AddSite = "Add site", "Add";
        UpdateSite = "Update site", "Update";
        DeleteSite = "Delete site", "Delete";
        AddSiteGroup = "Add group to site", "Add";
        AddSiteMember = "Add member to site group", "Assign";
        RemoveSiteMember = "Remove member from site group", "Unassign";
    }
}

/// What kind of object an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TargetKind {
    /// A person.
    User,
    /// A group.
    Group,
    /// An application.
    Application,
    /// A service principal.
    ServicePrincipal,
    /// A catalog.
    AccessPackageCatalog,
    /// A resource of a catalog.
    AccessPackageResource,
    /// A package.
    AccessPackage,
    /// A policy.
    AccessPackageAssignmentPolicy,
    /// An assignment request.
    AccessPackageAssignmentRequest,
    /// An assignment.
    AccessPackageAssignment,
    /// A resource request.
    AccessPackageResourceRequest,
    /// A connected organization.
    ConnectedOrganization,
    /// A directory role.
    Role,
    /// A site.
    Site,
    /// Anything else.
    Other,
}

/// A property that got another value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Modified {
    /// Its name.
    pub property: String,
    /// The value before.
    pub old: Option<String>,
    /// The value after.
    pub new: Option<String>,
}

impl Modified {
    /// `property` went from `old` to `new`; `None` when they are equal.
    pub fn change(property: &str, old: Option<String>, new: Option<String>) -> Option<Self> {
        (old != new).then(|| Self { property: property.to_owned(), old, new })
    }

    /// `property` has got a value.
    pub fn set(property: &str, new: impl Into<String>) -> Self {
        Self { property: property.to_owned(), old: None, new: Some(new.into()) }
    }

    /// `property` has lost its value.
    pub fn cleared(property: &str, old: impl Into<String>) -> Self {
        Self { property: property.to_owned(), old: Some(old.into()), new: None }
    }
}

/// An object an event is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditTarget {
    /// Its kind.
    pub kind: TargetKind,
    /// Its id.
    pub id: Uuid,
    /// Its name at the time.
    pub name: Option<String>,
    /// What changed about it.
    pub modified: Vec<Modified>,
}

impl AuditTarget {
    /// A target without changes of its own.
    pub fn new(kind: TargetKind, id: impl Into<Uuid>, name: impl Into<Option<String>>) -> Self {
        Self { kind, id: id.into(), name: name.into(), modified: Vec::new() }
    }

    /// Adds what changed.
    pub fn with(mut self, modified: impl IntoIterator<Item = Modified>) -> Self {
        self.modified.extend(modified);
        self
    }
}

/// One thing that happened. Who did it, and when, is known where it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// What was done.
    pub activity: Activity,
    /// Whether it succeeded.
    pub succeeded: bool,
    /// Why, where that is worth saying.
    pub reason: Option<String>,
    /// What it is about; at least one.
    pub targets: Vec<AuditTarget>,
    /// Further facts.
    pub details: Vec<(String, String)>,
    /// Ties the rows of one assignment request together; otherwise the id of the HTTP request.
    pub correlation: Option<Uuid>,
}

impl AuditEvent {
    /// A success about `target`.
    pub fn new(activity: Activity, target: AuditTarget) -> Self {
        Self { activity, succeeded: true, reason: None, targets: vec![target], details: Vec::new(), correlation: None }
    }

    /// Adds an object it is about.
    pub fn about(mut self, target: AuditTarget) -> Self {
        self.targets.push(target);
        self
    }

    /// Ties it to an assignment request.
    pub fn correlated(mut self, id: impl Into<Uuid>) -> Self {
        self.correlation = Some(id.into());
        self
    }

    /// Says why.
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Marks it as a failure.
    pub fn failed(mut self) -> Self {
        self.succeeded = false;
        self
    }
}
