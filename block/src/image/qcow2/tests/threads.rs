//! Requests of several threads to one image.

use std::sync::Arc;

use super::clusters::{Random, SHAPE, Shape, contents, make, open};
use super::journal::{corruptions, leaks};
use crate::image::qcow2::clusters::Clusters;
use crate::image::storage::ZeroMode;

const THREADS: u64 = 4;
const STEPS: u64 = 400;
const SECTOR: usize = 512;

/// Makes random requests to a range of the image, whose contents it knows.
fn run(image: &Clusters, shape: Shape, start: u64, length: u64, seed: u64) -> Vec<u8> {
    let mut model = vec![0; length as usize];
    let mut random = Random(seed);
    for step in 0..STEPS {
        let first = random.below(length / SECTOR as u64) as usize * SECTOR;
        let most = (model.len() - first).min(4 * shape.cluster_size);
        let range = first..first + (1 + random.below((most / SECTOR) as u64) as usize) * SECTOR;
        let (offset, bytes) = (start + first as u64, range.len() as u64);
        match random.below(12) {
            0 => image.flush().expect("it can be flushed"),
            1 | 2 => {
                image
                    .write_zeroes(offset, bytes, ZeroMode::Allocated)
                    .expect("zeroes can be written");
                model[range].fill(0);
            }
            3 => {
                image.discard(offset, bytes).expect("clusters can be freed");
                let size = shape.cluster_size as u64;
                let (from, to) = (offset.next_multiple_of(size), offset + bytes);
                let to = if to == shape.size { to } else { to - to % size };
                if from < to {
                    model[(from - start) as usize..(to - start) as usize].fill(0);
                }
            }
            4 | 5 => {
                let size = shape.cluster_size as u64;
                let from = offset.next_multiple_of(size);
                if from + size > start + length {
                    continue;
                }
                let data = vec![step as u8 | 1; shape.cluster_size];
                // The write fails for clusters with data.
                if image.write_compressed(from, &data, |_| {}).is_ok() {
                    model[(from - start) as usize..][..shape.cluster_size].copy_from_slice(&data);
                }
            }
            6 | 7 => {
                let mut data = vec![0xee; range.len()];
                image.read(offset, &mut data).expect("it can be read");
                assert!(data == model[range], "{shape:?}");
            }
            _write => {
                let data: Vec<u8> =
                    range.clone().map(|at| (at / SECTOR) as u8 ^ (step + seed) as u8).collect();
                image.write(offset, &data).expect("data can be written");
                model[range].copy_from_slice(&data);
            }
        }
    }
    model
}

#[test]
fn requests_of_several_threads_neither_lose_data_nor_clusters() {
    for (cluster_size, refcount_bits, extended) in
        [(512, 1, false), (4096, 16, false), (32768, 64, false), (16384, 16, true)]
    {
        for small_caches in [false, true] {
            // The ranges end within a cluster, so that two threads write to its parts.
            let part = 40 * 4096 + 3 * SECTOR as u64;
            let size = THREADS * part;
            let shape =
                Shape { cluster_size, refcount_bits, extended, small_caches, size, ..SHAPE };
            let journal = make(shape);
            let image = Arc::new(open(journal.clone().into(), shape, true));
            let expected: Vec<u8> = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..THREADS)
                    .map(|number| {
                        let image = &image;
                        scope.spawn(move || run(image, shape, number * part, part, number + 1))
                    })
                    .collect();
                let parts = threads.into_iter();
                parts.flat_map(|thread| thread.join().expect("it does not fail")).collect()
            });
            image.flush().expect("it can be flushed");
            let file = journal.file.lock();
            assert!(contents(&file, shape) == expected, "{shape:?}");
            assert_eq!((corruptions(&file, &[]), leaks(&file)), (0, 0), "{shape:?}");
        }
    }
}
