//! The forms of an object, for languages that do not join the members of several types: a struct
//! has one, and a union has one for each branch.

use crate::generate::lookup::Lookup;
use crate::model::{Definition, Member, TypeName};

/// The greatest number of forms of one union. Unions whose branches are unions multiply them.
const MAX_FORMS: usize = 4_096;

/// The members of an object with given values of its discriminators.
#[derive(Clone, Default)]
pub(super) struct Form<'s> {
    /// The discriminators, each with the values that this form has.
    pub(super) tags: Vec<(&'s Member, Vec<&'s str>)>,
    /// The other members.
    pub(super) members: Vec<&'s Member>,
}

impl<'s> Form<'s> {
    /// The values of the first discriminator, as a name for the form.
    pub(super) fn name(&self) -> String {
        let values = self.tags.iter().map(|(_, values)| match values.as_slice() {
            [only] => *only,
            _ => "other",
        });
        values.collect::<Vec<_>>().join("-")
    }

    fn add(&mut self, members: impl IntoIterator<Item = &'s Member>) {
        self.members.extend(members);
    }
}

impl<'s> Lookup<'s> {
    /// The forms of a type that is a struct or union.
    ///
    /// # Errors
    /// There are more than [`MAX_FORMS`]; returns an error text.
    pub(super) fn forms_of(&self, ty: &TypeName) -> Result<Vec<Form<'s>>, String> {
        self.find(ty).map_or_else(|| Ok(Vec::new()), |found| self.forms(found))
    }

    /// The forms of a struct or union. Values without a branch share one form.
    ///
    /// # Errors
    /// There are more than [`MAX_FORMS`]; returns an error text.
    pub(super) fn forms(&self, definition: &'s Definition) -> Result<Vec<Form<'s>>, String> {
        let mut first = Form::default();
        let Some(union) = self.variants(definition) else {
            first.add(self.shared(definition));
            return Ok(vec![first]);
        };
        let is_tag = |member: &&Member| member.name.text == union.tag.name.text;
        first.add(self.shared(definition).into_iter().filter(|member| !is_tag(member)));
        let (mut forms, mut others) = (Vec::new(), Vec::new());
        for (value, branch) in &union.cases {
            let value = value.name.text.as_str();
            let Some(branch) = branch else {
                others.push(value);
                continue;
            };
            for added in self.forms_of(&branch.ty)? {
                let mut form = first.clone();
                form.tags.push((union.tag, vec![value]));
                form.tags.extend(added.tags);
                form.add(added.members);
                forms.push(form);
            }
        }
        if !others.is_empty() {
            first.tags.push((union.tag, others));
            forms.push(first);
        }
        if forms.len() > MAX_FORMS {
            let name = &definition.name.text;
            return Err(format!("the union `{name}` has more than {MAX_FORMS} forms"));
        }
        Ok(forms)
    }
}
