//! CVAT as the place where users are known: `auth = "cvat"`.
//!
//! The caller's session cookie or `Authorization` header is shown to CVAT, whose answer counts for
//! a short while. While CVAT does not answer, users that it confirmed before go on for a grace
//! period, and others are told to come again. Whatever CVAT answers, it cannot do more here than
//! name an account: answers are read up to a bound, redirects are not followed.

mod answers;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use annoscope_events::{Organization, Timestamp};
use moka::sync::Cache;
use reqwest::header::{ACCEPT, AUTHORIZATION, COOKIE, DATE, HeaderName};
use serde::Deserialize;

use super::organization_ref::OrganizationRef;
use super::{Account, Membership, Role};
use crate::clock;
use answers::{Memberships, Organizations, UserSelf};

/// Longest answer that is read, bytes: a hundred organizations have 60 kB.
const MAX_ANSWER_BYTES: usize = 512 * 1024;

/// Sessions that are remembered at most: some 500 bytes each.
const MAX_REMEMBERED: u64 = 20_000;

/// Organizations of one person that are known here.
const PAGE_SIZE: &str = "100";

/// What stands for credentials: a keyed hash, so that memory holds none.
type Key = [u8; 32];

/// An organization, and the account's role in it.
type Place = (Organization, Option<Role>);

/// The CVAT that knows the users.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CvatSettings {
    /// `cvat.url`: its server, such as `http://cvat_server:8080`. Empty by default.
    pub url: String,
    /// `cvat.cache_ms`: how long an answer about a user counts, milliseconds. Default 30 s.
    pub cache_ms: u64,
    /// `cvat.refusal_cache_ms`: how long a refusal counts, milliseconds. Default 5 s.
    pub refusal_cache_ms: u64,
    /// `cvat.grace_ms`: how long a confirmed user goes on while CVAT does not answer,
    /// milliseconds. Default 1 hour.
    pub grace_ms: u64,
    /// `cvat.timeout_ms`: how long to wait for an answer, milliseconds. Default 5 s.
    pub timeout_ms: u64,
}

/// A CVAT server. Clones share what is remembered of it.
#[derive(Clone)]
pub struct Cvat {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    config: CvatSettings,
    hash_key: [u8; 32],
    people: Cache<Key, Answer<Option<Account>>>,
    organizations: Cache<(Key, OrganizationRef), Answer<Option<Place>>>,
    memberships: Cache<Key, Answer<Vec<Membership>>>,
}

/// What CVAT told, and when.
#[derive(Clone)]
struct Answer<T> {
    what: T,
    at: Instant,
}

/// Why nothing is known of a user now.
#[derive(Debug, thiserror::Error)]
#[error("CVAT, which knows the users, does not answer. Try again.")]
pub struct CvatUnavailable(#[from] pub Silence);

/// Why CVAT told nothing.
#[derive(Debug, thiserror::Error)]
pub enum Silence {
    /// None came.
    #[error("no answer")]
    Http(#[from] reqwest::Error),
    /// A status that says nothing about users.
    #[error("status {0}")]
    Status(u16),
    /// More than is read.
    #[error("an answer of more than {MAX_ANSWER_BYTES} bytes")]
    TooLong,
    /// Not in the form of its API.
    #[error("an answer that is not understood")]
    Malformed(#[from] serde_json::Error),
}

impl Cvat {
    /// The CVAT of that configuration; nothing is asked yet.
    pub fn new(config: CvatSettings) -> Result<Cvat, reqwest::Error> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_millis(config.timeout_ms))
            .no_proxy()
            .build()?;
        let mut hash_key = [0_u8; 32];
        rand::RngCore::fill_bytes(&mut rand::rng(), &mut hash_key);
        // What is older than the longest of these is of no use.
        let longest = config
            .cache_ms
            .max(config.refusal_cache_ms)
            .max(config.grace_ms);
        let lifetime = Duration::from_millis(longest.max(1));
        Ok(Cvat {
            inner: Arc::new(Inner {
                http,
                hash_key,
                people: cache(lifetime),
                organizations: cache(lifetime),
                memberships: cache(lifetime),
                config,
            }),
        })
    }

    /// Whether it answers anybody, and what its clock says then.
    pub(crate) async fn time(&self) -> Result<Option<Timestamp>, Silence> {
        let base = self.inner.config.url.trim_end_matches('/');
        let url = format!("{base}/api/server/about");
        let answer = self.inner.http.get(url).send().await?;
        if answer.status().is_server_error() {
            return Err(Silence::Status(answer.status().as_u16()));
        }
        let date = answer.headers().get(DATE);
        let date = date.and_then(|date| jiff::fmt::rfc2822::parse(date.to_str().ok()?).ok());
        Ok(date.map(|date| Timestamp::from_millis(date.timestamp().as_millisecond())))
    }

    /// The account of these credentials; `None` where CVAT does not know them.
    pub(crate) async fn account(&self, shown: &Shown) -> Result<Option<Account>, CvatUnavailable> {
        let key = self.key(shown);
        self.remembered(&self.inner.people, key, Option::is_some, async || {
            let user = self.ask::<UserSelf>(shown, "users/self", &[]).await?;
            Ok(user.map(UserSelf::into_account))
        })
        .await
    }

    /// The organization of that slug or id, as far as the person may see it, and the person's
    /// role in it.
    pub(crate) async fn organization(
        &self,
        shown: &Shown,
        account: &Account,
        wanted: OrganizationRef,
    ) -> Result<Option<Place>, CvatUnavailable> {
        let key = (self.key(shown), wanted.clone());
        self.remembered(
            &self.inner.organizations,
            key,
            Option::is_some,
            async || {
                let Some(organization) = self.find_organization(shown, &wanted).await? else {
                    return Ok(None);
                };
                let parameters = [("org", organization.slug.as_str()), ("user", &account.name)];
                let members = self
                    .ask::<Memberships>(shown, "memberships", &parameters)
                    .await?;
                let role = members.and_then(|members| members.role(organization.id, account.id));
                Ok(Some((organization, role)))
            },
        )
        .await
    }

    /// The organizations of a person, by slug.
    pub(crate) async fn memberships(
        &self,
        shown: &Shown,
        account_id: i64,
        name: &str,
    ) -> Result<Vec<Membership>, CvatUnavailable> {
        let key = self.key(shown);
        self.remembered(
            &self.inner.memberships,
            key,
            |_| true,
            async || {
                let size = ("page_size", PAGE_SIZE);
                let parameters = [size];
                let organizations = self.ask::<Organizations>(shown, "organizations", &parameters);
                let Some(organizations) = organizations.await? else {
                    return Ok(Vec::new());
                };
                let parameters = [size, ("user", name)];
                let members = self
                    .ask::<Memberships>(shown, "memberships", &parameters)
                    .await?;
                Ok(organizations.with_roles(&members.unwrap_or_default(), account_id))
            },
        )
        .await
    }

    async fn find_organization(
        &self,
        shown: &Shown,
        wanted: &OrganizationRef,
    ) -> Result<Option<Organization>, Silence> {
        match wanted {
            OrganizationRef::Slug(slug) => {
                let parameters = [("slug", slug.as_str())];
                let found = self
                    .ask::<Organizations>(shown, "organizations", &parameters)
                    .await?;
                Ok(found.and_then(|found| found.with_slug(slug)))
            }
            OrganizationRef::Id(id) => {
                let found = self.ask(shown, &format!("organizations/{id}"), &[]).await?;
                Ok(found.map(answers::Organization::into_event_organization))
            }
        }
    }

    /// What CVAT told a moment ago, or tells now, or, while it does not answer, told not too long
    /// ago. `is_yes` says which answers are confirmations: only these outlive a silence, and the
    /// others count for less long.
    async fn remembered<K, T>(
        &self,
        cache: &Cache<K, Answer<T>>,
        key: K,
        is_yes: impl Fn(&T) -> bool,
        ask: impl AsyncFnOnce() -> Result<T, Silence>,
    ) -> Result<T, CvatUnavailable>
    where
        K: std::hash::Hash + Eq + Send + Sync + 'static,
        T: Clone + Send + Sync + 'static,
    {
        let config = &self.inner.config;
        let known = cache.get(&key);
        let age = |known: &Answer<T>| clock::monotonic().saturating_duration_since(known.at);
        if let Some(known) = &known {
            let lifetime_ms = if is_yes(&known.what) {
                config.cache_ms
            } else {
                config.refusal_cache_ms
            };
            if age(known) < Duration::from_millis(lifetime_ms) {
                return Ok(known.what.clone());
            }
        }
        match ask().await {
            Ok(what) => {
                let at = clock::monotonic();
                let known = Answer { what, at };
                cache.insert(key, known.clone());
                Ok(known.what)
            }
            Err(silence) => match known {
                Some(known)
                    if is_yes(&known.what)
                        && age(&known) < Duration::from_millis(config.grace_ms) =>
                {
                    tracing::warn!(error = %silence, "CVAT does not answer; who was known goes on");
                    Ok(known.what)
                }
                _ => Err(silence.into()),
            },
        }
    }

    /// Asks CVAT with the caller's credentials; `None` where it refuses them or knows no such thing.
    async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        shown: &Shown,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Option<T>, Silence> {
        let url = format!("{}/api/{path}", self.inner.config.url.trim_end_matches('/'));
        let mut request = self.inner.http.get(url).query(parameters);
        request = request.header(ACCEPT, "application/vnd.cvat+json");
        let (name, value) = shown.header();
        let mut response = request.header(name, &*value).send().await?;
        match response.status().as_u16() {
            200 => {}
            401 | 403 | 404 => return Ok(None),
            status => return Err(Silence::Status(status)),
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(Silence::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Some(serde_json::from_slice(&body)?))
    }

    fn key(&self, shown: &Shown) -> Key {
        let mut hasher = blake3::Hasher::new_keyed(&self.inner.hash_key);
        let (name, value) = shown.header();
        hasher.update(name.as_str().as_bytes());
        hasher.update(b"\0");
        hasher.update(&value);
        hasher.finalize().into()
    }
}

fn cache<K, V>(lifetime: Duration) -> Cache<K, V>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    let cache = Cache::builder().max_capacity(MAX_REMEMBERED);
    cache.time_to_live(lifetime).build()
}

/// The credentials that CVAT is shown, and nothing else of the request.
pub(crate) enum Shown {
    /// The value of `Authorization`.
    Authorization(Vec<u8>),
    /// The value of the cookie `sessionid`: other cookies are none of CVAT's business.
    Session(String),
}

impl Shown {
    fn header(&self) -> (HeaderName, Cow<'_, [u8]>) {
        match self {
            Shown::Authorization(value) => (AUTHORIZATION, value.into()),
            Shown::Session(id) => (COOKIE, format!("sessionid={id}").into_bytes().into()),
        }
    }
}
