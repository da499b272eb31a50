//! Tokens of the apps and people of the company.

use super::{TestApp, lock};
use crate::answer::Answer;
use crate::company;
use uuid::Uuid;

impl TestApp {
    /// Asks the token endpoint.
    pub async fn token(&self, fields: &[(&str, &str)]) -> Answer {
        self.form("/organizations/oauth2/v2.0/token", fields).await
    }

    async fn kept_token(&self, who: &str, fields: &[(&str, &str)]) -> String {
        if let Some(token) = lock(&self.tokens).get(who) {
            return token.clone();
        }
        let answer = self.token(fields).await.expect(200);
        let token = answer.json["access_token"].as_str().unwrap_or_default().to_owned();
        lock(&self.tokens).insert(who.to_owned(), token.clone());
        token
    }

    /// Tokens are asked for anew from now on: those that were kept have grown old.
    pub fn forget_tokens(&self) {
        lock(&self.tokens).clear();
    }

    async fn token_of(&self, app: Uuid, secret: &str) -> String {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", &app.to_string()),
            ("client_secret", secret),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        self.kept_token(&app.to_string(), &fields).await
    }

    /// A token of the app that may write.
    pub async fn token_app(&self) -> String {
        self.token_of(company::WRITER_ID, company::WRITER_SECRET).await
    }

    /// A token of the app that may only read.
    pub async fn token_reader(&self) -> String {
        self.token_of(company::READER_ID, company::READER_SECRET).await
    }

    /// A token of an app of the demo tenant.
    pub async fn token_demo(&self, app: Uuid) -> String {
        let secret = if app == tenure_demo::CLIENT_ID { company::WRITER_SECRET } else { company::READER_SECRET };
        self.token_of(app, secret).await
    }

    /// A token of a person, signed in with the published client by name and password.
    pub async fn token_person(&self, principal_name: &str) -> String {
        let fields = [
            ("grant_type", "password"),
            ("client_id", &company::CLIENT_ID.to_string()),
            ("username", principal_name),
            ("password", company::PASSWORD),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        self.kept_token(principal_name, &fields).await
    }

    /// A token of somebody of the company, by alias.
    pub async fn token_of_person(&self, alias: &str) -> String {
        self.token_person(&company::principal_name(alias)).await
    }
}
