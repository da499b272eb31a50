//! A metadata document in XML.

use std::collections::BTreeMap;

use roxmltree::{Document, Node};

use super::model::{Kind, Member, Model, Operation, Structured, short};
use crate::failure::{Context, Failure, Outcome};

pub fn read(text: &str) -> Outcome<Model> {
    let document = Document::parse(text).context("reading the XML")?;
    let schema = document.descendants().find(|node| is(node, "Schema"));
    let schema = schema.ok_or_else(|| Failure::new("there is no Schema element"))?;
    let mut model = Model::default();
    for node in schema.children().filter(Node::is_element) {
        let name = attribute(&node, "Name")?;
        match node.tag_name().name() {
            "EnumType" => drop(model.enums.insert(name, words(&node)?)),
            "EntityType" => drop(model.types.insert(name, structured(&node, Kind::Entity)?)),
            "ComplexType" => drop(model.types.insert(name, structured(&node, Kind::Complex)?)),
            "Action" => operation(&mut model, &name, &node, false)?,
            "Function" => operation(&mut model, &name, &node, true)?,
            "EntityContainer" => tops(&mut model, &node)?,
            other => return Err(Failure::new(format!("a Schema has no {other}"))),
        }
    }
    Ok(model)
}

/// Whichever namespace it is in.
fn is(node: &Node<'_, '_>, name: &str) -> bool {
    node.tag_name().name() == name
}

fn attribute(node: &Node<'_, '_>, name: &str) -> Outcome<String> {
    let found = node.attribute(name).map(ToOwned::to_owned);
    found.ok_or_else(|| Failure::new(format!("a {} has no {name}", node.tag_name().name())))
}

fn words(node: &Node<'_, '_>) -> Outcome<BTreeMap<String, Option<i64>>> {
    let members = node.children().filter(|n| is(n, "Member"));
    members
        .map(|member| {
            let value = attribute(&member, "Value")?.parse().context("a Value of a Member")?;
            Ok((attribute(&member, "Name")?, Some(value)))
        })
        .collect()
}

fn structured(node: &Node<'_, '_>, kind: Kind) -> Outcome<Structured> {
    let mut members = BTreeMap::new();
    for child in node.children() {
        let is_navigation = is(&child, "NavigationProperty");
        if is_navigation || is(&child, "Property") {
            members.insert(attribute(&child, "Name")?, member(&child, is_navigation)?);
        }
    }
    Ok(Structured { kind, base: node.attribute("BaseType").map(short), members })
}

fn member(node: &Node<'_, '_>, is_navigation: bool) -> Outcome<Member> {
    let nullable = node.attribute("Nullable") != Some("false");
    Ok(Member { type_name: short(&attribute(node, "Type")?), nullable, is_navigation })
}

fn operation(model: &mut Model, name: &str, node: &Node<'_, '_>, is_function: bool) -> Outcome<()> {
    let mut parameters = node.children().filter(|n| is(n, "Parameter"));
    let binding = parameters.next().ok_or_else(|| Failure::new(format!("{name} is bound to nothing")))?;
    let bound_to = short(&attribute(&binding, "Type")?);
    let parameters =
        parameters.map(|p| Ok((attribute(&p, "Name")?, member(&p, false)?))).collect::<Outcome<BTreeMap<_, _>>>()?;
    let returns = node.children().find(|n| is(n, "ReturnType"));
    let returns = returns.map(|n| member(&n, false)).transpose()?;
    model.operations.insert(format!("{name}({bound_to})"), Operation { is_function, parameters, returns });
    Ok(())
}

fn tops(model: &mut Model, node: &Node<'_, '_>) -> Outcome<()> {
    for child in node.children().filter(Node::is_element) {
        let typed = if is(&child, "EntitySet") { "EntityType" } else { "Type" };
        model.tops.insert(attribute(&child, "Name")?, short(&attribute(&child, typed)?));
    }
    Ok(())
}
