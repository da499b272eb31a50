//! What a client does about the package of many: a role of its own is put in, or taken out, and reaches them by a job.

use serde_json::Value;

use super::super::world::{EM, member_role, roles};
use super::{Client, Count, Stand};
use crate::failure::{Failure, Outcome};

/// Steps until something is held; each may end in a denial.
const STEPS_MAX: u32 = 200;

impl Client {
    /// The group whose role is this client's.
    pub fn group_of_role(&self) -> Option<&str> {
        self.world.rules.as_ref()?.many.groups.get(self.number).map(String::as_str)
    }

    /// Holds what needs approval, and has its role in the package of many.
    pub fn hold_all(&mut self) -> Outcome<()> {
        for _ in 0..STEPS_MAX {
            if self.petition.stand == Stand::Holds {
                break;
            }
            self.go_on_with_petition()?;
        }
        if self.role.is_none() { self.change_role() } else { Ok(()) }
    }

    pub(super) fn change_role(&mut self) -> Outcome<()> {
        let rules = self.world.rules.clone();
        let (Some(rules), Some(group)) = (rules, self.group_of_role().map(str::to_owned)) else {
            return self.change_department();
        };
        let path = roles(&rules.many.package.id);
        match self.role.take() {
            Some(role) => {
                let answer = self.call("DELETE", &format!("{path}/{role}"), None)?;
                // Who lost the answer and repeats the call finds nothing to delete.
                if answer.status == 204 || answer.status == 404 && answer.tries > 1 {
                    self.counts.add(Count::Roles, 1);
                } else {
                    self.role = Some(role);
                    self.fault("take a role out", &answer);
                }
            }
            None => {
                let answer = self.call("POST", &path, Some(&member_role(&group)))?;
                if answer.status == 201 {
                    self.role = Some(answer.text("/id").to_owned());
                    self.counts.add(Count::Roles, 1);
                } else {
                    self.fault("put a role in", &answer);
                }
            }
        }
        Ok(())
    }

    /// Whether its role is in the package, after a run that was cut off.
    pub(super) fn find_role(&mut self) -> Outcome<()> {
        let rules = self.world.rules.clone();
        let (Some(rules), Some(group)) = (rules, self.group_of_role().map(str::to_owned)) else { return Ok(()) };
        let expand = "resourceRoleScopes($expand=role,scope)";
        let path = format!("{EM}/accessPackages/{}?$expand={expand}", rules.many.package.id);
        let found = self.call("GET", &path, None)?;
        let Some(all) = found.json.get("resourceRoleScopes").and_then(Value::as_array) else {
            return Err(Failure::new(format!("GET {path} answered {}: {}", found.status, found.json)));
        };
        let is_ours = |role: &&Value| role.pointer("/scope/originId").and_then(Value::as_str) == Some(&group);
        let id = all.iter().find(is_ours).and_then(|role| role.get("id")?.as_str());
        self.role = id.map(str::to_owned);
        Ok(())
    }
}
