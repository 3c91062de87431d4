// SPDX-License-Identifier: Apache-2.0
/*
 * elf.h - as much of the ELF64 format as a program loader reads.
 */
#ifndef KERNEL_PROC_ELF_H
#define KERNEL_PROC_ELF_H

#include <stdint.h>

struct elf_header {
	uint8_t magic[4], class, encoding, version, abi, reserved[8];
	uint16_t type, machine;
	uint32_t version_again;
	uint64_t entry, program_offset, section_offset;
	uint32_t flags;
	uint16_t header_size, program_entry_size, program_count, section_entry_size, section_count,
		name_section;
};
_Static_assert(sizeof(struct elf_header) == 64, "Elf64_Ehdr");

struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, address, physical_address, file_size, memory_size, alignment;
};
_Static_assert(sizeof(struct elf_segment) == 56, "Elf64_Phdr");

enum {
	ELF_CLASS_64 = 2, ELF_LITTLE_ENDIAN = 1, ELF_VERSION = 1,
	ELF_EXECUTABLE = 2, ELF_SHARED = 3, ELF_RISCV = 243,
	ELF_LOAD = 1, ELF_INTERPRETER = 3, ELF_PROGRAM_HEADERS = 6,
	ELF_EXEC = 1, ELF_WRITE = 2, ELF_READ = 4,
	ELF_SEGMENTS_MAX = 64,
};

/* The auxiliary vector. */
enum {
	AUX_END = 0, AUX_PHDR = 3, AUX_PHENT = 4, AUX_PHNUM = 5, AUX_PAGESZ = 6, AUX_BASE = 7,
	AUX_FLAGS = 8, AUX_ENTRY = 9, AUX_UID = 11, AUX_EUID = 12, AUX_GID = 13, AUX_EGID = 14,
	AUX_HWCAP = 16, AUX_CLKTCK = 17, AUX_SECURE = 23, AUX_RANDOM = 25, AUX_HWCAP2 = 26,
	AUX_EXECFN = 31, AUX_MINSIGSTKSZ = 51,
};

#endif
