//! The tree of objects: the containers `/objects`, `/chardevs` and `/backend`, and the objects in
//! them.

mod messages;
pub mod types;

use std::sync::Arc;

use qapi_core::Result;
use serde_json::Value;

use crate::chardevs::Chardevs;
use crate::objects::{ObjectProperties, Objects};
use crate::schema::qom::ObjectPropertyInfo;

/// The containers below the root.
const CONTAINERS: [&str; 3] = ["backend", "objects", "chardevs"];

/// The type of the root and of its children.
const CONTAINER_TYPE: &str = "container";

/// The objects at the time of a command.
pub struct Tree {
    objects: Vec<(String, Arc<dyn ObjectProperties>)>,
    chardevs: Vec<(String, Arc<dyn ObjectProperties>)>,
}

/// A place in the tree.
#[derive(Clone, Copy)]
enum Place<'a> {
    Root,
    /// The container of this name.
    Container(&'static str),
    Object(&'a dyn ObjectProperties),
}

impl Tree {
    /// The tree of the current objects and character devices.
    pub fn new(objects: &Objects, chardevs: &Chardevs) -> Self {
        Tree { objects: objects.all(), chardevs: chardevs.all() }
    }

    /// The properties of the object at a path.
    ///
    /// # Errors
    /// No object has the path, or several do.
    pub fn list(&self, path: &str) -> Result<Vec<ObjectPropertyInfo>> {
        let place = match self.resolve(path).as_slice() {
            [place] => *place,
            [] => return Err(messages::no_object(path)),
            _several => return Err(messages::ambiguous_path(path)),
        };
        Ok(self.properties(place))
    }

    /// The value of a property.
    ///
    /// # Errors
    /// No object has the path, or several do; it has no such property, or the property cannot be
    /// read.
    pub fn get(&self, path: &str, property: &str) -> Result<Value> {
        let place = self.find(path)?;
        let type_name = self.check_property(place, property)?;
        if property == "type" {
            return Ok(type_name.into());
        }
        let value = match place {
            Place::Root => Some(format!("/{property}").into()),
            Place::Container(name) => Some(format!("/{name}/{property}").into()),
            Place::Object(object) => object.property(property),
        };
        value.ok_or_else(|| messages::not_readable(type_name, property))
    }

    /// Changes a property.
    ///
    /// # Errors
    /// As for [`Tree::get`], and those of the object.
    pub fn set(&self, path: &str, property: &str, value: Value) -> Result<()> {
        let place = self.find(path)?;
        let type_name = self.check_property(place, property)?;
        match place {
            Place::Object(object) if property != "type" => object.set_property(property, value),
            Place::Object(_) | Place::Root | Place::Container(_) => {
                Err(messages::not_writable(type_name, property))
            }
        }
    }

    /// As in QEMU, an ambiguous path is one of no object here.
    fn find(&self, path: &str) -> Result<Place<'_>> {
        match self.resolve(path).as_slice() {
            [place] => Ok(*place),
            _none_or_several => Err(messages::no_object(path)),
        }
    }

    /// The places with this path: one, or none if the path begins at the root. A partial path
    /// begins anywhere.
    fn resolve(&self, path: &str) -> Vec<Place<'_>> {
        let walk = |from| self.descendant(from, path);
        if path.starts_with('/') {
            return walk(Place::Root).into_iter().collect();
        }
        let containers = CONTAINERS.into_iter().map(Place::Container);
        let objects = self.objects.iter().chain(&self.chardevs);
        let objects = objects.map(|(_, object)| Place::Object(&**object));
        let starts = std::iter::once(Place::Root).chain(containers).chain(objects);
        // Two places make the path ambiguous.
        starts.filter_map(walk).take(2).collect()
    }

    fn descendant<'a>(&'a self, from: Place<'a>, path: &str) -> Option<Place<'a>> {
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        parts.try_fold(from, |place, part| self.child(place, part))
    }

    fn child<'a>(&'a self, place: Place<'a>, name: &str) -> Option<Place<'a>> {
        match place {
            Place::Root => {
                CONTAINERS.into_iter().find(|known| *known == name).map(Place::Container)
            }
            Place::Container(container) => {
                let mut objects = self.children(container).iter();
                let found = objects.find(|(id, _)| id == name);
                found.map(|(_, object)| Place::Object(&**object))
            }
            Place::Object(_) => None,
        }
    }

    fn children(&self, container: &str) -> &[(String, Arc<dyn ObjectProperties>)] {
        match container {
            "objects" => &self.objects,
            "chardevs" => &self.chardevs,
            _backend => &[],
        }
    }

    fn properties(&self, place: Place<'_>) -> Vec<ObjectPropertyInfo> {
        let child = |name: &str, type_name: &str| property(name, &format!("child<{type_name}>"));
        let mut properties = types::properties(type_name(place));
        match place {
            Place::Root => {
                properties.extend(CONTAINERS.map(|name| child(name, CONTAINER_TYPE)));
            }
            Place::Container(container) => {
                let objects = self.children(container).iter();
                properties.extend(objects.map(|(id, object)| child(id, object.type_name())));
            }
            Place::Object(_) => {}
        }
        properties
    }

    /// Returns the type of an object that has a property.
    fn check_property(&self, place: Place<'_>, property: &str) -> Result<&'static str> {
        let type_name = type_name(place);
        let is_own = types::has_property(type_name, property);
        if is_own || self.child(place, property).is_some() {
            Ok(type_name)
        } else {
            Err(messages::no_property(type_name, property))
        }
    }
}

fn type_name(place: Place<'_>) -> &'static str {
    match place {
        Place::Root | Place::Container(_) => CONTAINER_TYPE,
        Place::Object(object) => object.type_name(),
    }
}

fn property(name: &str, type_name: &str) -> ObjectPropertyInfo {
    ObjectPropertyInfo {
        name: name.to_owned(),
        r#type: type_name.to_owned(),
        description: None,
        default_value: None,
    }
}
