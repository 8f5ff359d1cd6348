//! The undamaged images, which `fuzz/image/images/make.py` makes with QEMU's tools.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use flate2::read::ZlibDecoder;

const SECTOR: usize = 512;

/// The kinds of images, with a number that belongs to the seeds of each.
pub const KINDS: &[(&str, u64)] = &[
    ("v2", 1),
    ("v3", 2),
    ("cluster-512", 3),
    ("cluster-4k", 4),
    ("cluster-2m", 5),
    ("refcount-1", 6),
    ("refcount-64", 7),
    ("lazy", 8),
    ("extended-l2", 9),
    ("zlib", 10),
    ("zstd", 11),
    ("data-file", 12),
    ("data-file-raw", 13),
    ("backing", 14),
    ("snapshot", 15),
    ("bitmap", 16),
];

/// The image of a kind, and the files that belong to it.
#[derive(Debug)]
pub struct Base {
    /// The number of the kind.
    pub number: u64,
    /// The files; the one named `image` is the image.
    pub files: Vec<BaseFile>,
}

/// A file of an image.
#[derive(Debug)]
pub struct BaseFile {
    /// The name of the file, which other files refer to.
    pub name: String,
    /// The contents.
    pub bytes: Vec<u8>,
    /// The numbers of the sectors that are not zero.
    sectors: Vec<usize>,
}

impl Base {
    /// Loads the image of a kind.
    ///
    /// # Errors
    /// There is no such kind, or its files are missing or malformed.
    pub fn load(kind: &str) -> io::Result<Self> {
        let known = KINDS.iter().find(|(name, _)| *name == kind);
        let (name, number) = known.ok_or_else(|| io::Error::other(format!("no kind {kind}")))?;
        let folder =
            surroundings::package_folder(env!("CARGO_MANIFEST_DIR")).join("images").join(name);
        let mut paths: Vec<_> =
            fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        // The order of `read_dir` differs between file systems.
        paths.sort();
        let files = paths.iter().map(|path| BaseFile::load(path)).collect::<io::Result<_>>()?;
        Ok(Base { number: *number, files })
    }

    /// Writes all files to a folder. Existing files are replaced.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        self.files.iter().try_for_each(|file| file.write(&folder.join(&file.name)))
    }

    /// The file of this name.
    pub fn file(&self, name: &str) -> Option<&BaseFile> {
        self.files.iter().find(|file| file.name == name)
    }
}

impl BaseFile {
    fn load(path: &Path) -> io::Result<Self> {
        let malformed = || io::Error::other(format!("{} is malformed", path.display()));
        let mut packed = Vec::new();
        ZlibDecoder::new(File::open(path)?).read_to_end(&mut packed)?;
        let number = |bytes: &[u8]| {
            let bytes = bytes.try_into().map_err(|_| malformed())?;
            usize::try_from(u64::from_be_bytes(bytes)).map_err(|_| malformed())
        };
        let (length, records) = packed.split_at_checked(8).ok_or_else(malformed)?;
        let length = number(length)?;
        let mut bytes = vec![0; length.next_multiple_of(SECTOR)];
        let mut sectors = Vec::new();
        for record in records.chunks(8 + SECTOR) {
            let (sector, contents) = record.split_at_checked(8).ok_or_else(malformed)?;
            let sector = number(sector)?;
            let place = bytes.chunks_mut(SECTOR).nth(sector).ok_or_else(malformed)?;
            place.copy_from_slice(contents);
            sectors.push(sector);
        }
        bytes.truncate(length);
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok(BaseFile { name: name.ok_or_else(malformed)?, bytes, sectors })
    }

    /// Writes the file, with holes.
    fn write(&self, path: &Path) -> io::Result<()> {
        let file = File::create(path)?;
        file.set_len(self.bytes.len() as u64)?;
        for run in self.sectors.chunk_by(|one, next| one + 1 == *next) {
            let start = run[0] * SECTOR;
            let end = (start + run.len() * SECTOR).min(self.bytes.len());
            file.write_all_at(&self.bytes[start..end], start as u64)?;
        }
        Ok(())
    }
}
