//! Objects that other commands name by their identifiers: TLS credentials, authorizations, secrets,
//! threads and throttle groups.

mod authorization;
mod certificate;
mod credentials;
mod iothread;
mod messages;
mod properties;
mod secret;
mod throttle_group;

use std::collections::BTreeMap;
use std::sync::Arc;

use block::nodes::Graph;
use block::throttle::ThrottleGroups;
use nbd::TlsOptions;
use parking_lot::Mutex;
use qapi_core::Result;

use crate::options::is_identifier;
use crate::schema::object::{ObjectKind, ObjectOptions};
use crate::schema::throttle::ThrottleGroupProperties;
use authorization::Authorization;
pub use credentials::TlsCredentials;
use iothread::Iothread;
pub use properties::ObjectProperties;
use secret::Secret;
use throttle_group::ThrottleGroup;

/// The most objects.
const OBJECTS_MAX: usize = 1024;

/// The longest identifier of an object in bytes.
const ID_MAX: usize = 255;

/// The objects. Clones share the state.
#[derive(Clone, Default)]
pub struct Objects {
    objects: Arc<Mutex<BTreeMap<String, Object>>>,
    throttle_groups: ThrottleGroups,
}

/// An object. Users share it, so that they keep it when it is removed.
#[derive(Clone)]
enum Object {
    Authorization(Arc<Authorization>),
    Iothread(Arc<Iothread>),
    Secret(Arc<Secret>),
    ThrottleGroup(Arc<ThrottleGroup>),
    TlsCredentials(Arc<TlsCredentials>),
}

impl Object {
    fn properties(self) -> Arc<dyn ObjectProperties> {
        match self {
            Object::Authorization(object) => object,
            Object::Iothread(object) => object,
            Object::Secret(object) => object,
            Object::ThrottleGroup(object) => object,
            Object::TlsCredentials(object) => object,
        }
    }
}

impl Objects {
    /// No objects yet. Those that are throttle groups limit the nodes of a graph.
    pub fn new(graph: &Graph) -> Self {
        let throttle_groups = graph.throttle_groups().clone();
        Objects { throttle_groups, ..Objects::default() }
    }

    /// Adds an object. Blocks.
    ///
    /// # Errors
    /// The identifier is malformed or in use, or the object cannot be created from its properties.
    pub fn add(&self, options: ObjectOptions) -> Result<()> {
        let ObjectOptions { id, kind } = options;
        if !is_identifier(&id) {
            return Err(messages::not_an_identifier("id"));
        }
        if id.len() > ID_MAX {
            return Err(messages::id_too_long(ID_MAX));
        }
        // The files of an object are read without the lock.
        let object = match kind {
            ObjectKind::AuthzList(list) => {
                Object::Authorization(Arc::new(Authorization::list(list)?))
            }
            ObjectKind::AuthzSimple(simple) => {
                Object::Authorization(Arc::new(Authorization::identity(simple)))
            }
            ObjectKind::Iothread(properties) => {
                Object::Iothread(Arc::new(Iothread::new(properties)?))
            }
            ObjectKind::Secret(properties) => Object::Secret(Arc::new(Secret::new(properties)?)),
            ObjectKind::ThrottleGroup(properties) => {
                return self.add_throttle_group(id, &properties);
            }
            ObjectKind::TlsCredsPsk(_) => return Err(messages::no_pre_shared_keys()),
            ObjectKind::TlsCredsX509(properties) => {
                Object::TlsCredentials(Arc::new(TlsCredentials::load(properties)?))
            }
        };
        self.insert(id, || Ok(object))
    }

    fn insert(&self, id: String, object: impl FnOnce() -> Result<Object>) -> Result<()> {
        let mut objects = self.objects.lock();
        if objects.contains_key(&id) {
            return Err(messages::duplicate_object(&id));
        }
        if objects.len() >= OBJECTS_MAX {
            return Err(messages::too_many(OBJECTS_MAX));
        }
        objects.insert(id, object()?);
        Ok(())
    }

    fn add_throttle_group(&self, id: String, properties: &ThrottleGroupProperties) -> Result<()> {
        let limits = throttle_group::limits(properties)?;
        let name = id.clone();
        self.insert(id, || {
            let group = self.throttle_groups.add(&name, limits)?;
            Ok(Object::ThrottleGroup(Arc::new(ThrottleGroup::new(group))))
        })
    }

    /// Removes an object. Its users keep it.
    ///
    /// # Errors
    /// There is no such object, or it is a throttle group with nodes.
    pub fn remove(&self, id: &str) -> Result<()> {
        let mut objects = self.objects.lock();
        let object = objects.get(id).ok_or_else(|| messages::object_not_found(id))?;
        if matches!(object, Object::ThrottleGroup(_)) && !self.throttle_groups.remove(id) {
            return Err(messages::object_in_use(id));
        }
        objects.remove(id);
        Ok(())
    }

    fn get(&self, id: &str) -> Option<Object> {
        self.objects.lock().get(id).cloned()
    }

    /// All objects, by identifier.
    pub fn all(&self) -> Vec<(String, Arc<dyn ObjectProperties>)> {
        let objects = self.objects.lock();
        objects.iter().map(|(id, object)| (id.clone(), object.clone().properties())).collect()
    }

    /// Whether a thread for requests exists.
    pub fn has_iothread(&self, id: &str) -> bool {
        matches!(self.get(id), Some(Object::Iothread(_)))
    }

    /// TLS for a server with certain credentials, for the clients that the object `authorization`
    /// authorizes. That object is looked up for each client.
    ///
    /// # Errors
    /// There is no such object; or it is no TLS credentials for a server.
    pub fn tls_server(&self, id: &str, authorization: Option<&str>) -> Result<TlsOptions> {
        let credentials = match self.get(id) {
            Some(Object::TlsCredentials(credentials)) => credentials,
            Some(
                Object::Authorization(_)
                | Object::Iothread(_)
                | Object::Secret(_)
                | Object::ThrottleGroup(_),
            ) => {
                return Err(messages::not_tls_credentials(id));
            }
            None => return Err(messages::no_tls_credentials(id)),
        };
        let config = credentials.server().ok_or_else(messages::not_server_credentials)?;
        let options = TlsOptions::new(config);
        let Some(authorization) = authorization.map(str::to_owned) else { return Ok(options) };
        let objects = self.clone();
        Ok(options.authorize(move |certificates| {
            let identity = certificates.first().and_then(certificate::distinguished_name);
            identity.is_some_and(|identity| objects.authorizes(&authorization, &identity))
        }))
    }

    /// Whether an authorization exists and authorizes an identity.
    fn authorizes(&self, id: &str, identity: &str) -> bool {
        let is_authorized = match self.get(id) {
            Some(Object::Authorization(authorization)) => authorization.authorizes(identity),
            Some(
                Object::Iothread(_)
                | Object::Secret(_)
                | Object::ThrottleGroup(_)
                | Object::TlsCredentials(_),
            )
            | None => false,
        };
        if !is_authorized {
            tracing::warn!(identity, authorization = id, "a client with TLS is denied");
        }
        is_authorized
    }
}
