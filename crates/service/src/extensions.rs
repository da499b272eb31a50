//! Workflow extensions of catalogs: make, change, delete (behaviour.md g; semantics.md 10).

use crate::ctx::Ctx;
use crate::error::ServiceError;
use std::collections::BTreeMap;
use tenure_domain::Patch;
use tenure_domain::audit::{Activity, AuditEvent, AuditTarget, Modified, TargetKind};
use tenure_domain::authorize::Action;
use tenure_domain::extension::{ExtensionKind, ExtensionSettings, WorkflowExtension, may_add};
use tenure_domain::ids::{CatalogId, ExtensionId};
use tenure_domain::limits::IN_LIST_MAX;
use tenure_domain::policy::{Faults, PolicyBody};
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::text::{check_description, check_name};
use tenure_store::rows;
use uuid::Uuid;

/// An extension to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewExtension {
    /// When it can be called.
    pub kind: ExtensionKind,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it does.
    pub settings: ExtensionSettings,
}

/// What shall change about an extension. Of its settings, those that are given.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ExtensionPatch {
    /// The kind as the body says it; it cannot change.
    pub kind: Option<ExtensionKind>,
    /// Its name.
    pub name: Patch<String>,
    /// What it is for.
    pub description: Patch<String>,
    /// The new settings from the old ones.
    pub settings: SettingsPatch,
}

/// What shall change about the settings of an extension.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SettingsPatch {
    /// Where the call goes.
    pub endpoint: Patch<tenure_domain::extension::Endpoint>,
    /// How it proves who makes it.
    pub authentication: Patch<tenure_domain::extension::Authentication>,
    /// How patient the caller is.
    pub patience: Patch<tenure_domain::extension::Patience>,
    /// How long the request waits.
    pub callback: Patch<tenure_domain::time::IsoDuration>,
}

impl SettingsPatch {
    /// The settings after it.
    pub fn on(self, old: ExtensionSettings) -> ExtensionSettings {
        ExtensionSettings {
            endpoint: self.endpoint.apply(old.endpoint),
            authentication: self.authentication.apply(old.authentication),
            patience: self.patience.apply(old.patience),
            callback: self.callback.apply(old.callback),
        }
    }
}

fn target(extension: &WorkflowExtension) -> AuditTarget {
    AuditTarget::new(TargetKind::Other, extension.id, extension.name.clone())
}

fn missing(id: ExtensionId) -> Refusal {
    Refusal::not_found("workflow extension", id)
}

fn kept(settings: &ExtensionSettings) -> String {
    serde_json::to_string(settings).unwrap_or_default()
}

/// Makes an extension in a catalog.
pub fn create(ctx: &mut Ctx<'_, '_>, catalog: CatalogId, new: &NewExtension) -> Result<ExtensionId, ServiceError> {
    let wanted = (rows::catalog::get(catalog), rows::extension::count(catalog));
    let (pending, (found, there)) = ctx.load_placed(Action::WriteExtensions, wanted)?;
    let (permit, catalog) = pending.on(found, || Refusal::not_found("catalog", catalog))?;
    check_name("displayName", &new.name)?;
    check_description("description", new.description.as_deref())?;
    new.settings.check(new.kind)?;
    may_add(there.unwrap_or_default())?;
    let by = ctx.signature()?;
    let extension = WorkflowExtension {
        id: ctx.ids.next(ctx.now),
        catalog: catalog.id,
        kind: new.kind,
        name: new.name.clone(),
        description: new.description.clone(),
        settings: new.settings.clone(),
        created_at: ctx.now,
        modified_at: ctx.now,
        created_by: by.clone(),
        modified_by: by,
        version: 1,
    };
    rows::extension::insert(ctx.tx, &permit, &extension)?;
    let modified =
        [Modified::set("DisplayName", &extension.name), Modified::set("Settings", kept(&extension.settings))];
    let row = AuditEvent::new(Activity::CreateExtension, target(&extension).with(modified));
    ctx.audit(&row.about(crate::catalogs::target(&catalog)))?;
    Ok(extension.id)
}

/// Changes an extension of a catalog.
pub fn update(
    ctx: &mut Ctx<'_, '_>,
    catalog: CatalogId,
    id: ExtensionId,
    patch: &ExtensionPatch,
) -> Result<(), ServiceError> {
    let (pending, old) = ctx.load_placed(Action::WriteExtensions, rows::extension::get(id))?;
    let (permit, old) = pending.on(old.filter(|e| e.catalog == catalog), || missing(id))?;
    if patch.kind.is_some_and(|kind| kind != old.kind) {
        let message = "the type of an extension does not change; make another one";
        return Err(Refusal::new(Code::InvalidModel, message).detail("/@odata.type", "not the type it has").into());
    }
    let patch = patch.clone();
    let new = WorkflowExtension {
        name: patch.name.or(old.name.clone()),
        description: patch.description.apply(old.description.clone()),
        settings: patch.settings.on(old.settings.clone()),
        modified_at: ctx.now,
        modified_by: ctx.signature()?,
        ..old.clone()
    };
    check_name("displayName", &new.name)?;
    check_description("description", new.description.as_deref())?;
    new.settings.check(new.kind)?;
    rows::extension::update(ctx.tx, &permit, &new)?;
    let modified = [
        Modified::change("DisplayName", Some(old.name), Some(new.name.clone())),
        Modified::change("Description", old.description, new.description.clone()),
        Modified::change("Settings", Some(kept(&old.settings)), Some(kept(&new.settings))),
    ];
    ctx.audit(&AuditEvent::new(Activity::UpdateExtension, target(&new).with(modified.into_iter().flatten())))
}

/// Deletes an extension that no policy names (semantics.md 10).
pub fn delete(ctx: &mut Ctx<'_, '_>, catalog: CatalogId, id: ExtensionId) -> Result<(), ServiceError> {
    let (pending, found) = ctx.load_placed(Action::WriteExtensions, rows::extension::get(id))?;
    let (permit, extension) = pending.on(found.filter(|e| e.catalog == catalog), || missing(id))?;
    let held = ctx.fetch(rows::hold::extension(id))?;
    if !held.is_empty() {
        let message = format!("policies name the workflow extension `{}`; take it out of them first", extension.name);
        return Err(Refusal::new(Code::ExtensionInUse, message).because_of(held).into());
    }
    rows::extension::delete(ctx.tx, &permit, id);
    ctx.audit(&AuditEvent::new(Activity::DeleteExtension, target(&extension)))
}

/// What goes with a catalog is on record as if it had been deleted first.
pub(crate) fn end_of_catalog(ctx: &mut Ctx<'_, '_>, catalog: CatalogId) -> Result<(), ServiceError> {
    for extension in ctx.fetch(rows::extension::of_catalog(catalog))? {
        ctx.audit(&AuditEvent::new(Activity::DeleteExtension, target(&extension)))?;
    }
    Ok(())
}

/// Whether the extensions that a policy names newly are there, in its catalog, and of the kind its stages need.
pub(crate) fn fit(
    ctx: &mut Ctx<'_, '_>,
    catalog: CatalogId,
    body: &PolicyBody,
    old: Option<&PolicyBody>,
) -> Result<(), ServiceError> {
    let known = old.map(|old| old.extensions.as_slice()).unwrap_or_default();
    let is_new = |named: &tenure_domain::policy::ExtensionStageSetting| {
        !known.iter().any(|k| k.extension == named.extension && k.stage == named.stage)
    };
    let named: Vec<_> = body.extensions.iter().enumerate().filter(|(_, e)| is_new(e)).collect();
    if named.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = named.iter().map(|(_, e)| e.extension).collect();
    let found = ctx.fetch(ids.chunks(IN_LIST_MAX).map(rows::extension::existing).collect::<Vec<_>>())?;
    let found: BTreeMap<Uuid, ExtensionKind> =
        found.into_iter().flatten().filter(|(_, place, _)| *place == catalog).map(|(id, _, kind)| (id, kind)).collect();
    let mut faults = Faults::default();
    for (at, setting) in named {
        let place = |member: &str| format!("customExtensionStageSettings/{at}/{member}");
        match found.get(&setting.extension) {
            None => {
                let message = format!("the catalog has no workflow extension `{}`", setting.extension);
                faults.add(&place("customExtension"), message);
            }
            Some(kind) if !kind.fits(setting.stage) => {
                faults.add(&place("stage"), "an extension of this type is not called at this stage".to_owned());
            }
            Some(_) => {}
        }
    }
    Ok(faults.finish()?)
}
