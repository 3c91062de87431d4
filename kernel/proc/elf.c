// SPDX-License-Identifier: Apache-2.0
/*
 * elf.c - maps an ELF program, and its interpreter when it names one.
 *
 * Nothing in the file is believed: a pass over the headers checks every number against the
 * others, the file's size and the address space, and only then a second pass maps. Sums are
 * made only of numbers that were bounded before.
 */
#include <string.h>

#include "kernel/fs/vfs.h"
#include "kernel/kernel.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/elf.h"
#include "kernel/proc/program.h"

enum { INTERPRETER_PATH_MAX = 256 };
#define ELIBBAD 80

/* Where position-independent programs and interpreters go, and where those must end. */
#define PROGRAM_BASE     0x2000000000UL
#define INTERPRETER_BASE 0x3000000000UL
#define LOAD_END         0x3800000000UL

struct elf_file {
	struct file *file;
	struct elf_header header;
	struct elf_segment *segments; /* kmalloc'ed */
	uaddr_t low, high;            /* the pages that its segments cover, before the base */
	uaddr_t base;                 /* added to every address */
};

/* --- checking --- */

static int check_header(const struct elf_header *header)
{
	if (memcmp(header->magic, "\177ELF", 4) || header->class != ELF_CLASS_64 ||
	    header->encoding != ELF_LITTLE_ENDIAN || header->version != ELF_VERSION ||
	    header->machine != ELF_RISCV)
		return -ENOEXEC;
	if (header->type != ELF_EXECUTABLE && header->type != ELF_SHARED)
		return -ENOEXEC;
	if (header->program_entry_size != sizeof(struct elf_segment) || !header->program_count ||
	    header->program_count > ELF_SEGMENTS_MAX)
		return -ENOEXEC;
	return 0;
}

static int check_segment(const struct elf_segment *segment, uint64_t file_size)
{
	if (segment->file_size > segment->memory_size || segment->address > USER_END ||
	    segment->memory_size > USER_END - segment->address)
		return -ENOEXEC;
	if (segment->offset > file_size || segment->file_size > file_size - segment->offset)
		return -ENOEXEC;
	if ((segment->address ^ segment->offset) % PAGE_SIZE)
		return -ENOEXEC;
	return 0;
}

/* All segments, and the span that they cover. */
static int check_segments(struct elf_file *elf)
{
	uint64_t file_size = vfs_file_size(elf->file);

	elf->low = UINT64_MAX;
	elf->high = 0;
	for (unsigned int i = 0; i < elf->header.program_count; i++) {
		const struct elf_segment *segment = &elf->segments[i];
		uaddr_t start = ALIGN_DOWN(segment->address, PAGE_SIZE);
		uaddr_t end;

		if (segment->type != ELF_LOAD || !segment->memory_size)
			continue;
		if (check_segment(segment, file_size))
			return -ENOEXEC;
		end = ALIGN_UP(segment->address + segment->memory_size, PAGE_SIZE);
		elf->low = MIN(elf->low, start);
		elf->high = MAX(elf->high, end);
	}
	return elf->high > elf->low ? 0 : -ENOEXEC;
}

static int choose_base(struct elf_file *elf, uaddr_t base)
{
	if (elf->header.type == ELF_EXECUTABLE) {
		elf->base = 0;
		return elf->low >= USER_MIN && elf->high <= LOAD_END ? 0 : -ENOEXEC;
	}
	if (elf->high > LOAD_END - base)
		return -ENOEXEC;
	elf->base = base;
	return 0;
}

/* `head` may be shorter than a header; then it is none. */
static int read_headers(struct elf_file *elf, const uint8_t *head, size_t head_size)
{
	size_t size;
	int64_t got;

	if (head_size < sizeof(elf->header))
		return -ENOEXEC;
	memcpy(&elf->header, head, sizeof(elf->header));
	if (check_header(&elf->header))
		return -ENOEXEC;
	size = elf->header.program_count * sizeof(struct elf_segment);
	elf->segments = kmalloc(size);
	if (!elf->segments)
		return -ENOMEM;
	got = vfs_read_kernel(elf->file, elf->segments, size, elf->header.program_offset);
	if (got < 0)
		return (int)got;
	return (size_t)got == size ? check_segments(elf) : -ENOEXEC;
}

/* --- mapping --- */

static uint32_t protection_of(const struct elf_segment *segment)
{
	return (segment->flags & ELF_READ ? VM_READ : 0u) |
	       (segment->flags & ELF_WRITE ? VM_WRITE : 0u) |
	       (segment->flags & ELF_EXEC ? VM_EXEC : 0u);
}

/* Pages of the file, and past them zeros. Where the two meet inside a page, the rest of that page
 * reads as zero too. */
static int map_segment(struct address_space *space, const struct elf_file *elf,
		       const struct elf_segment *segment)
{
	uaddr_t address = elf->base + segment->address;
	uaddr_t start = ALIGN_DOWN(address, PAGE_SIZE);
	uaddr_t end = ALIGN_UP(address + segment->memory_size, PAGE_SIZE);
	uaddr_t file_end =
		segment->file_size ? ALIGN_UP(address + segment->file_size, PAGE_SIZE) : start;
	struct vm_request request = {
		.protection = protection_of(segment), .placement = VM_MAP_FIXED_NOREPLACE,
	};
	int64_t mapped;

	if (file_end > start) {
		request.address = start;
		request.length = file_end - start;
		request.file = elf->file;
		request.offset = ALIGN_DOWN(segment->offset, PAGE_SIZE);
		request.file_end = segment->memory_size > segment->file_size ?
					   segment->offset + segment->file_size : UINT64_MAX;
		mapped = vm_map(space, &request);
		if (mapped < 0)
			return (int)mapped;
	}
	if (end > file_end) {
		request.address = file_end;
		request.length = end - file_end;
		request.file = NULL;
		request.offset = 0;
		request.file_end = UINT64_MAX;
		mapped = vm_map(space, &request);
		if (mapped < 0)
			return (int)mapped;
	}
	return 0;
}

static int map_segments(struct address_space *space, const struct elf_file *elf)
{
	for (unsigned int i = 0; i < elf->header.program_count; i++) {
		const struct elf_segment *segment = &elf->segments[i];
		int error;

		if (segment->type != ELF_LOAD || !segment->memory_size)
			continue;
		error = map_segment(space, elf, segment);
		if (error)
			return error == -EEXIST ? -ENOEXEC : error; /* segments that overlap */
	}
	return 0;
}

/* Where the program finds its own program headers in memory; 0: nowhere. */
static uaddr_t find_headers(const struct elf_file *elf)
{
	for (unsigned int i = 0; i < elf->header.program_count; i++) {
		const struct elf_segment *segment = &elf->segments[i];

		if (segment->type == ELF_PROGRAM_HEADERS)
			return elf->base + segment->address;
		if (segment->type == ELF_LOAD && elf->header.program_offset >= segment->offset &&
		    elf->header.program_offset - segment->offset < segment->file_size)
			return elf->base + segment->address + elf->header.program_offset -
			       segment->offset;
	}
	return 0;
}

/* --- the interpreter (a dynamic linker) --- */

static int read_interpreter_path(const struct elf_file *elf, char path[INTERPRETER_PATH_MAX])
{
	for (unsigned int i = 0; i < elf->header.program_count; i++) {
		const struct elf_segment *segment = &elf->segments[i];
		int64_t got;

		if (segment->type != ELF_INTERPRETER)
			continue;
		if (segment->file_size < 2 || segment->file_size > INTERPRETER_PATH_MAX)
			return -ENOEXEC;
		got = vfs_read_kernel(elf->file, path, segment->file_size, segment->offset);
		if (got < 0)
			return (int)got;
		if ((uint64_t)got != segment->file_size || path[got - 1])
			return -ENOEXEC;
		return 1;
	}
	return 0;
}

static int map_interpreter(struct address_space *space, const char *path, struct elf_image *image)
{
	struct elf_file elf = { 0 };
	struct elf_header head;
	int64_t got;
	int error = vfs_open_program(path, &elf.file);

	if (error)
		return error;
	got = vfs_read_kernel(elf.file, &head, sizeof(head), 0);
	error = got < 0 ? (int)got : read_headers(&elf, (const uint8_t *)&head, (size_t)got);
	if (!error)
		error = choose_base(&elf, INTERPRETER_BASE);
	if (!error)
		error = map_segments(space, &elf);
	image->interpreter_base = elf.base;
	image->start = elf.base + elf.header.entry;
	kfree(elf.segments);
	file_put(elf.file);
	return error == -ENOEXEC ? -ELIBBAD : error;
}

int elf_load(struct address_space *space, struct file *file, const uint8_t *head, size_t size,
	     struct elf_image *image)
{
	struct elf_file elf = { .file = file };
	char path[INTERPRETER_PATH_MAX];
	int error = read_headers(&elf, head, size);

	memset(image, 0, sizeof(*image));
	if (!error)
		error = choose_base(&elf, PROGRAM_BASE);
	if (!error)
		error = map_segments(space, &elf);
	if (!error) {
		image->entry = elf.base + elf.header.entry;
		image->start = image->entry;
		image->header_address = find_headers(&elf);
		image->header_count = elf.header.program_count;
		image->break_start = elf.base + elf.high;
		error = read_interpreter_path(&elf, path);
	}
	if (error == 1)
		error = map_interpreter(space, path, image);
	kfree(elf.segments);
	return error;
}
