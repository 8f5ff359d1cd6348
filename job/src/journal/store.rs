//! The records in the file.

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use redb::{
    Database, DatabaseError, Durability, ReadableTable, ReadableTableMetadata, StorageError,
    TableDefinition,
};
use serde_json::Value;

use super::options::{JournalError, JournalOptions, Sync};
use crate::record::{JobEnd, JobRecord};

/// The records as JSON, by numbers that grow.
const RECORDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");

/// The memory for pages of the file, in bytes.
const CACHE: usize = 1 << 20;

/// Any error of the store. The errors of its parts are large.
struct StoreError(Box<redb::Error>);

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        Self(Box::new(error.into()))
    }
}

#[derive(Debug)]
pub(super) struct Store {
    path: PathBuf,
    database: Database,
    options: JournalOptions,
}

impl Store {
    /// Opens or creates the file, and reads all records.
    pub(super) fn open(path: &Path, options: JournalOptions) -> Result<Self, JournalError> {
        check_file(path).map_err(|error| JournalError::Io(path.to_owned(), error))?;
        // The library may panic on a damaged file.
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let database = Database::builder().set_cache_size(CACHE).create(path);
            let database = database.map_err(|error| database_error(path, error))?;
            let store = Self { path: path.to_owned(), database, options };
            // Creates the table.
            store.append(&[])?;
            store.read(usize::MAX)?;
            Ok(store)
        }));
        opened.unwrap_or_else(|_panic| {
            Err(JournalError::Damaged(path.to_owned(), "the store cannot read it".to_owned()))
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The last records, the newest first.
    pub(super) fn read(&self, limit: usize) -> Result<Vec<JobRecord>, JournalError> {
        let texts = self.read_texts(limit).map_err(|error| self.error(error))?;
        let damaged =
            || JournalError::Damaged(self.path.clone(), "a record is malformed".to_owned());
        texts.iter().map(|text| decode(text).ok_or_else(damaged)).collect()
    }

    fn read_texts(&self, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let table = self.database.begin_read()?.open_table(RECORDS)?;
        let mut texts = Vec::new();
        for entry in table.iter()?.rev().take(limit) {
            texts.push(entry?.1.value().to_owned());
        }
        Ok(texts)
    }

    /// Adds records, and removes those beyond the limit: all of this, or nothing.
    pub(super) fn append(&self, records: &[JobRecord]) -> Result<(), JournalError> {
        self.append_texts(records).map_err(|error| self.error(error))
    }

    fn append_texts(&self, records: &[JobRecord]) -> Result<(), StoreError> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(match self.options.sync {
            Sync::EachRecord => Durability::Immediate,
            Sync::Later => Durability::Eventual,
        });
        {
            let mut table = transaction.open_table(RECORDS)?;
            let next = table.last()?.map_or(0, |(number, _)| number.value() + 1);
            for (number, record) in (next..).zip(records) {
                table.insert(number, self.encode(record).as_slice())?;
            }
            while table.len()? > self.options.records {
                table.pop_first()?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    fn encode(&self, record: &JobRecord) -> Vec<u8> {
        let text = |record: &JobRecord| serde_json::to_vec(record).unwrap_or_default();
        let result = record.result.as_ref().and_then(|result| serde_json::to_vec(result).ok());
        if result.is_none_or(|result| result.len() <= self.options.result_bytes) {
            return text(record);
        }
        tracing::warn!(id = record.id, "the result of a job is too large for the journal");
        text(&JobRecord { result: None, ..record.clone() })
    }

    fn error(&self, StoreError(error): StoreError) -> JournalError {
        match *error {
            redb::Error::Io(error) => JournalError::Io(self.path.clone(), error),
            other => JournalError::Damaged(self.path.clone(), other.to_string()),
        }
    }
}

/// Checks that the file, if there is one, is a regular file that can be written. Otherwise a file
/// of another kind, or one of another user, would count as damaged.
fn check_file(path: &Path) -> io::Result<()> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(metadata) if metadata.is_file() => {
            File::options().read(true).write(true).open(path).map(drop)
        }
        Ok(_) => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")),
    }
}

fn database_error(path: &Path, error: DatabaseError) -> JournalError {
    let path = path.to_owned();
    match error {
        DatabaseError::DatabaseAlreadyOpen => JournalError::InUse(path),
        DatabaseError::Storage(StorageError::Io(error)) if !is_content_error(&error) => {
            JournalError::Io(path, error)
        }
        other => JournalError::Damaged(path, other.to_string()),
    }
}

/// Whether an error is about the content of the file, which is then too short or no database.
fn is_content_error(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}

/// Reads a record that [`Store::encode`] has written.
fn decode(text: &[u8]) -> Option<JobRecord> {
    let mut record: Value = serde_json::from_slice(text).ok()?;
    let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
    let number = |name: &str| record.get(name).and_then(Value::as_i64);
    let end = text("end")?;
    Some(JobRecord {
        id: text("id")?,
        job_type: text("type")?,
        end: JobEnd::ALL.iter().copied().find(|known| known.as_str() == end)?,
        error: text("error"),
        current_progress: number("current-progress")?,
        total_progress: number("total-progress")?,
        created_at: number("created-at")?,
        ended_at: number("ended-at")?,
        result: record.get_mut("result").map(Value::take),
    })
}
