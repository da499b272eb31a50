//! Answers to the questions of a policy and of resources (behaviour.md c.5): whether they fit, and what is kept of them.

use super::{Change, Decision, Request};
use crate::attribute::{AskedAttribute, AttributeChange, GivenAttribute};
use crate::audit::{Activity, AuditEvent, AuditTarget, Modified, TargetKind};
use crate::ids::{AssignmentId, ObjectId, QuestionId};
use crate::limits::ANSWER_CHARS_MAX;
use crate::policy::{Choice, Question, QuestionKind};
use crate::refusal::{Code, Refusal};
use serde::{Deserialize, Serialize};

/// An answer to a question.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Answer {
    /// Which question.
    pub question: QuestionId,
    /// What is stored.
    pub value: String,
    /// What is shown.
    #[serde(default)]
    pub display: Option<String>,
    /// Whether the question has choices; the policy knows, and tells when the request is made.
    #[serde(default)]
    pub is_choice: bool,
    /// The question as it was when it was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Box<Question>>,
    /// The attribute of the person that the answer is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<AnsweredAttribute>,
}

/// The attribute that an answer is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredAttribute {
    /// Its name.
    pub name: String,
    /// Whether it stays when access ends.
    pub is_persistent: bool,
    /// The value that the directory had when the question was answered.
    #[serde(default)]
    pub before: Option<String>,
    /// Nobody answered: that value counts as the answer, and is not ours to write.
    #[serde(default)]
    pub is_filled: bool,
}

/// What is asked: by the policy, and by the resources of the package.
#[derive(Clone, Copy, Debug)]
pub(super) struct Questions<'q> {
    pub policy: &'q str,
    pub asked: &'q [Question],
    pub attributes: &'q [AskedAttribute],
}

fn refuse(message: String) -> Refusal {
    Refusal::new(Code::InvalidAnswers, message).detail("/answers", "not acceptable")
}

/// How a question is called in messages.
fn label(question: &Question) -> String {
    format!("`{}`", question.text)
}

/// The answers to a question that say something.
fn given<'a>(answers: &'a [Answer], question: &Question) -> Vec<&'a Answer> {
    answers.iter().filter(|a| a.question == question.id && !a.value.trim().is_empty()).collect()
}

impl Questions<'_> {
    fn find(&self, id: QuestionId) -> Option<&Question> {
        let of_attribute = || self.attributes.iter().map(|a| &a.attribute.question).find(|q| q.id == id);
        self.asked.iter().find(|q| q.id == id).or_else(of_attribute)
    }

    /// What is wrong with the answers to the policy's questions.
    pub(super) fn fault(&self, answers: &[Answer]) -> Option<Refusal> {
        if answers.iter().any(|a| a.value.chars().count() > ANSWER_CHARS_MAX) {
            return Some(refuse(format!("an answer has more than {ANSWER_CHARS_MAX} characters")));
        }
        if let Some(stray) = answers.iter().find(|a| self.find(a.question).is_none()) {
            return Some(refuse(format!("the policy `{}` asks no question `{}`", self.policy, stray.question)));
        }
        for question in self.asked {
            let given = given(answers, question);
            if question.is_required && given.is_empty() {
                return Some(refuse(format!("the question {} ({}) must be answered", label(question), question.id)));
            }
            if let Some(misfit) = misfit(question, &given) {
                return Some(refuse(misfit));
            }
        }
        None
    }

    /// What is wrong with the attributes: each needs a value, in the directory or from an answer, and a locked one keeps
    /// its value.
    pub(super) fn attributes_fault(&self, answers: &[Answer]) -> Option<Refusal> {
        for asked in self.attributes {
            let question = &asked.attribute.question;
            let given = given(answers, question);
            if given.is_empty() && asked.current.is_none() {
                let name = &asked.attribute.name;
                return Some(refuse(format!(
                    "the attribute `{name}` is empty: the question {} must be answered",
                    label(question)
                )));
            }
            let other = given.iter().any(|a| Some(a.value.trim()) != asked.current.as_deref().map(str::trim));
            if asked.is_locked() && other {
                let message = format!(
                    "the attribute `{}` has a value that requests cannot change; leave the answer to {} out",
                    asked.attribute.name,
                    label(question)
                );
                return Some(Refusal::new(Code::AttributeLocked, message).detail("/answers", "locked"));
            }
            if let Some(misfit) = misfit(question, &given) {
                return Some(refuse(misfit));
            }
        }
        None
    }

    /// The answers as they are kept: each with its question as it is now, choices with their text.
    pub(super) fn kept(&self, answers: &[Answer]) -> Vec<Answer> {
        let one = |(answer, is_filled): (Answer, bool)| {
            let question = self.find(answer.question)?;
            let attribute = self.attributes.iter().find(|a| a.attribute.question.id == answer.question);
            let display = answer.display.clone().or_else(|| shown(question, &answer.value));
            Some(Answer {
                display,
                is_choice: matches!(question.kind, QuestionKind::Choice { .. }),
                asked: Some(Box::new(question.clone())),
                attribute: attribute.map(|a| AnsweredAttribute {
                    name: a.attribute.name.clone(),
                    is_persistent: a.attribute.is_persistent,
                    before: a.current.clone(),
                    is_filled,
                }),
                ..answer
            })
        };
        // A value that is there already counts as the answer, so that whoever decides sees it.
        let is_open = |a: &&AskedAttribute| !answers.iter().any(|given| given.question == a.attribute.question.id);
        let filled = self.attributes.iter().filter(is_open).filter_map(|a| {
            let value = a.current.clone()?;
            Some((Answer { question: a.attribute.question.id, value, ..Answer::default() }, true))
        });
        answers.iter().map(|answer| (answer.clone(), false)).chain(filled).filter_map(one).collect()
    }

    /// New answers, and earlier ones to questions that are still asked and were not answered anew.
    pub(super) fn over(&self, earlier: &[Answer], answers: &[Answer]) -> Vec<Answer> {
        let is_new = |id: QuestionId| answers.iter().any(|a| a.question == id);
        let stays = |a: &&Answer| !is_new(a.question) && self.asked.iter().any(|q| q.id == a.question);
        earlier.iter().filter(stays).chain(answers).cloned().collect()
    }
}

/// What the choices that a value means are called.
fn shown(question: &Question, value: &str) -> Option<String> {
    let QuestionKind::Choice { choices, .. } = &question.kind else { return None };
    let texts: Vec<&str> = chosen(value, choices)
        .iter()
        .filter_map(|value| choices.iter().find(|c| c.value == *value).map(|c| c.text.as_str()))
        .collect();
    Some(texts.join(", ")).filter(|text| !text.is_empty())
}

/// Why answers do not fit their question.
fn misfit(question: &Question, given: &[&Answer]) -> Option<String> {
    let several = matches!(question.kind, QuestionKind::Choice { multiple: true, .. });
    if given.len() > 1 && !several {
        return Some(format!("the question {} is answered twice", label(question)));
    }
    given.iter().find_map(|answer| match &question.kind {
        QuestionKind::Choice { choices, multiple } => {
            let values = if *multiple { chosen(&answer.value, choices) } else { vec![answer.value.clone()] };
            let stray = values.into_iter().find(|value| !choices.iter().any(|c| c.value == *value))?;
            Some(format!("`{stray}` is not a choice of the question {}", label(question)))
        }
        QuestionKind::Text { single_line: true, .. } if answer.value.contains(['\n', '\r']) => {
            Some(format!("the answer to the question {} must be on one line", label(question)))
        }
        QuestionKind::Text { pattern: Some(pattern), .. } if !question.matches(&answer.value) => {
            Some(format!("the answer to the question {} does not match `{pattern}`", label(question)))
        }
        QuestionKind::Text { .. } => None,
    })
}

/// The choices that a value means: itself, a JSON list, or a list with commas or semicolons between. The published model
/// has one text for all of them, and clients differ.
fn chosen(value: &str, choices: &[Choice]) -> Vec<String> {
    if choices.iter().any(|c| c.value == value) {
        return vec![value.to_owned()];
    }
    if let Ok(list) = serde_json::from_str::<Vec<String>>(value) {
        return list;
    }
    value.split([',', ';']).map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// The attributes that a request's answers are for are written with the access that it gives, where the directory still has
/// what it had when they were answered: what somebody wrote meanwhile is newer, and stays (behaviour.md c.5).
pub(super) fn give_attributes(decision: &mut Decision, request: &Request, assignment: AssignmentId) {
    let value = |a: &Answer| {
        let attribute = a.attribute.as_ref().filter(|_| !a.value.trim().is_empty())?;
        Some(GivenAttribute {
            name: attribute.name.clone(),
            value: a.value.trim().to_owned(),
            before: attribute.before.clone(),
            is_filled: attribute.is_filled,
            is_persistent: attribute.is_persistent,
        })
    };
    let values: Vec<GivenAttribute> = request.answers.iter().filter_map(value).collect();
    if !values.is_empty() {
        let user = ObjectId(request.target.0);
        let given: Vec<String> = values.iter().filter(|v| !v.is_filled).map(|v| v.name.clone()).collect();
        if !given.is_empty() {
            decision.audit.push(attributes_row(request, given.into_iter()));
        }
        decision.change(Change::Attributes(AttributeChange::Give { assignment, user, values }));
    }
}

/// The audit row of attributes that are written or emptied: which they are, and not what they say (decisions.md K12).
pub(super) fn attributes_row(request: &Request, names: impl Iterator<Item = String>) -> AuditEvent {
    let modified = names.map(|property| Modified { property, old: None, new: None });
    let target = AuditTarget::new(TargetKind::User, request.target.0, None).with(modified);
    AuditEvent::new(Activity::UpdateUser, target).correlated(request.id.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribute::ResourceAttribute;
    use uuid::Uuid;

    fn question(id: u128, kind: QuestionKind) -> Question {
        Question {
            id: QuestionId(Uuid::from_u128(id)),
            is_required: false,
            is_editable: false,
            sequence: 0,
            text: format!("Question {id}"),
            localizations: Vec::new(),
            kind,
        }
    }

    fn text(id: u128, pattern: Option<&str>, single_line: bool) -> Question {
        question(id, QuestionKind::Text { single_line, pattern: pattern.map(ToOwned::to_owned) })
    }

    fn choice(id: u128, multiple: bool) -> Question {
        let choices = ["eu", "us", "a,b"].map(|v| Choice {
            value: v.to_owned(),
            text: v.to_uppercase(),
            localizations: Vec::new(),
        });
        question(id, QuestionKind::Choice { multiple, choices: choices.to_vec() })
    }

    fn answer(id: u128, value: &str) -> Answer {
        Answer { question: QuestionId(Uuid::from_u128(id)), value: value.to_owned(), ..Answer::default() }
    }

    fn message(questions: &[Question], answers: &[Answer]) -> Option<String> {
        Questions { policy: "P", asked: questions, attributes: &[] }.fault(answers).map(|r| r.message)
    }

    #[test]
    fn a_required_question_needs_an_answer_that_says_something() {
        let asked = [Question { is_required: true, ..text(1, None, false) }];
        for answers in [vec![], vec![answer(1, "  ")]] {
            assert!(
                message(&asked, &answers).is_some_and(|m| m.contains("Question 1") && m.contains("must be answered"))
            );
        }
        assert_eq!(message(&asked, &[answer(1, "yes")]), None);
        assert_eq!(message(&[text(1, None, false)], &[]), None);
    }

    #[test]
    fn an_answer_to_something_else_is_refused() {
        assert!(message(&[text(1, None, false)], &[answer(2, "x")]).is_some_and(|m| m.contains("asks no question")));
        assert!(
            message(&[text(1, None, false)], &[answer(1, "x"), answer(1, "y")]).is_some_and(|m| m.contains("twice"))
        );
    }

    #[test]
    fn a_pattern_and_a_single_line_are_kept_to() {
        let asked = [text(1, Some("^[A-Z]{2}[0-9]{3}$"), true)];
        assert_eq!(message(&asked, &[answer(1, "AB123")]), None);
        assert!(message(&asked, &[answer(1, "ab123")]).is_some_and(|m| m.contains("Question 1")));
        assert!(message(&[text(1, None, true)], &[answer(1, "a\nb")]).is_some_and(|m| m.contains("one line")));
        assert_eq!(message(&[text(1, None, false)], &[answer(1, "a\nb")]), None);
    }

    #[test]
    fn a_pattern_is_about_the_whole_answer() {
        let says =
            |pattern: &str, value: &str| message(&[text(1, Some(pattern), false)], &[answer(1, value)]).is_none();
        for (pattern, whole, part) in [
            ("[0-9]{3}", "123", "x123y"),
            ("a|ab", "ab", "abc"),
            ("yes|no", "no", "nobody"),
            ("(?x) [0-9]{3} # a number", "123", "1234"),
            ("(?m)^a$", "a", "a\nb"),
            ("^[0-9]+$", "7", "7\n"),
        ] {
            assert!(says(pattern, whole), "{pattern}");
            assert!(!says(pattern, part), "{pattern}");
        }
    }

    #[test]
    fn choices_are_among_those_offered_and_several_only_where_that_is_allowed() {
        assert_eq!(message(&[choice(1, false)], &[answer(1, "eu")]), None);
        assert!(message(&[choice(1, false)], &[answer(1, "eu,us")]).is_some());
        for value in ["eu", "eu,us", "eu; us", "[\"eu\",\"us\"]", "a,b"] {
            assert_eq!(message(&[choice(1, true)], &[answer(1, value)]), None, "{value}");
        }
        assert_eq!(message(&[choice(1, true)], &[answer(1, "eu"), answer(1, "us")]), None);
        assert!(message(&[choice(1, true)], &[answer(1, "eu,mars")]).is_some_and(|m| m.contains("`mars`")));
    }

    #[test]
    fn what_is_kept_says_what_was_asked() {
        let questions = [choice(1, true)];
        let asked = Questions { policy: "P", asked: &questions, attributes: &[] };
        let kept = asked.kept(&[answer(1, "eu,us")]);
        let shown: Vec<Option<&str>> = kept.iter().map(|a| a.display.as_deref()).collect();
        assert_eq!(shown, [Some("EU, US")]);
        assert!(kept.iter().all(|a| a.is_choice && a.asked.is_some()));
    }

    #[test]
    fn a_locked_attribute_is_filled_once() {
        let asked = |current: Option<&str>, is_editable| {
            let attribute = ResourceAttribute {
                name: "jobTitle".to_owned(),
                is_editable,
                is_persistent: false,
                question: text(1, None, true),
            };
            [AskedAttribute { attribute, current: current.map(ToOwned::to_owned) }]
        };
        let code = |asked: &[AskedAttribute], answers: &[Answer]| {
            let questions = Questions { policy: "P", asked: &[], attributes: asked };
            questions.attributes_fault(answers).map(|r| r.code)
        };
        assert_eq!(code(&asked(None, false), &[answer(1, "Analyst")]), None);
        assert_eq!(code(&asked(None, false), &[]), Some(Code::InvalidAnswers));
        assert_eq!(code(&asked(Some("Analyst"), false), &[]), None);
        assert_eq!(code(&asked(Some("Analyst"), false), &[answer(1, "Analyst")]), None);
        assert_eq!(code(&asked(Some("Analyst"), false), &[answer(1, "Boss")]), Some(Code::AttributeLocked));
        assert_eq!(code(&asked(Some("Analyst"), true), &[answer(1, "Boss")]), None);
    }
}
