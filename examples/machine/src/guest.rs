//! The guest: a program that counts, and writes each number to the disk.
//!
//! The program is RV32I machine code. [`PROGRAM`] has it as words, each with its source; a test
//! compares both.
//!
//! Number `n` fills sector `n` modulo 1024 with words of the value `n`. The number is at address
//! `0x8000_1000` before it is on the disk. At any moment, the disk therefore has all numbers up to
//! the one in memory, or all but the last. The status of the last write follows the number in
//! memory.

/// The program, which begins at the beginning of the RAM.
pub(crate) const PROGRAM: [(u32, &str); 22] = [
    // The addresses of the counter, of the disk, of the buffer and of the timer.
    (0x8000_1437, "lui x8, 0x80001000"),
    (0x1000_04b7, "lui x9, 0x10000000"),
    (0x8000_2937, "lui x18, 0x80002000"),
    (0x0200_09b7, "lui x19, 0x02000000"),
    // The disk is to read the buffer.
    (0x0124_a223, "sw x18, 4(x9)"),
    // The loop: the next number.
    (0x0004_2283, "lw x5, 0(x8)"),
    (0x0012_8293, "addi x5, x5, 1"),
    (0x0054_2023, "sw x5, 0(x8)"),
    // Fill the buffer with it.
    (0x0009_0313, "addi x6, x18, 0"),
    (0x2009_0393, "addi x7, x18, 512"),
    (0x0053_2023, "sw x5, 0(x6)"),
    (0x0043_0313, "addi x6, x6, 4"),
    (0xfe73_1ce3, "bne x6, x7, 0x80000028"),
    // Choose the sector, and write the buffer to it.
    (0x3ff2_fe13, "andi x28, x5, 1023"),
    (0x01c4_a023, "sw x28, 0(x9)"),
    (0x0010_0e93, "addi x29, x0, 1"),
    (0x01d4_a423, "sw x29, 8(x9)"),
    // Remember whether the write has succeeded.
    (0x00c4_af03, "lw x30, 12(x9)"),
    (0x01e4_2223, "sw x30, 4(x8)"),
    // Wait for 1000 µs, and go to the next number.
    (0x3e80_0f93, "addi x31, x0, 1000"),
    (0x01f9_a423, "sw x31, 8(x19)"),
    (0xfc1f_f06f, "jal x0, 0x80000014"),
];

/// The program as bytes.
pub(crate) fn image() -> Vec<u8> {
    PROGRAM.iter().flat_map(|(word, _)| word.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use rrs_lib::instruction_string_outputter::InstructionStringOutputter;
    use rrs_lib::process_instruction;

    use super::*;
    use crate::ram::RAM_BASE;

    #[test]
    fn the_words_are_their_source() {
        for (address, (word, source)) in (RAM_BASE..).step_by(4).zip(PROGRAM) {
            let mut disassembler = InstructionStringOutputter { insn_pc: address };
            let text = process_instruction(&mut disassembler, word);
            assert_eq!(text.as_deref(), Some(source), "{address:#x}");
        }
    }
}
