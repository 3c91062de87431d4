// SPDX-License-Identifier: Apache-2.0
/*
 * program.c - a path becomes an address space that is ready to run.
 *
 *   USER_END - 2 pages   one page: the code that a signal handler returns to
 *   USER_END - 4 pages   the stack's end; RLIMIT_STACK below it, demand-paged, never executable
 *
 * There is no randomization: the same program starts in the same memory, so that runs repeat to
 * the instruction.
 */
#include <string.h>

#include "kernel/fs/vfs.h"
#include "kernel/kernel.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/elf.h"
#include "kernel/proc/program.h"
#include "kernel/proc/task.h"
#include "kernel/riscv/csr.h"
#include "kernel/sys/abi.h"
#include "kernel/sys/random.h"

enum { HEAD_SIZE = 256, PATH_SIZE = 4096, AUX_COUNT = 20, RANDOM_SIZE = 16 };

#define TRAMPOLINE_ADDRESS (USER_END - 2 * PAGE_SIZE)
#define STACK_TOP          (USER_END - 4 * PAGE_SIZE)
#define STACK_SIZE_MIN     (4UL * ARGUMENT_BYTES_MAX)
#define STACK_SIZE_MAX     (256UL << 20)

#define HWCAP_BIT(letter) (1UL << ((letter) - 'a'))
#define HWCAP                                                                                      \
	(HWCAP_BIT('i') | HWCAP_BIT('m') | HWCAP_BIT('a') | HWCAP_BIT('f') | HWCAP_BIT('d') |      \
		HWCAP_BIT('c'))

/* --- the first stack --- */

static int map_stack(struct address_space *space, uint64_t limit)
{
	uint64_t size = MAX(MIN(limit, STACK_SIZE_MAX), STACK_SIZE_MIN);
	struct vm_request request = {
		.protection = VM_READ | VM_WRITE,
		.flags = VM_STACK,
		.placement = VM_MAP_FIXED_NOREPLACE,
		.file_end = UINT64_MAX,
	};
	int64_t mapped;

	request.length = ALIGN_UP(size, PAGE_SIZE);
	request.address = STACK_TOP - request.length;
	mapped = vm_map(space, &request);
	return mapped < 0 ? (int)mapped : 0;
}

/* The stack's contents, as one piece of memory that ends at STACK_TOP. */
struct stack_image {
	char *bytes;
	size_t size;
	uint64_t *next;         /* where the next word goes */
	uaddr_t address;        /* of bytes[0] in the program */
	uaddr_t strings, random, file_name;
};

static void push_word(struct stack_image *image, uint64_t word)
{
	*image->next++ = word;
}

static void push_pair(struct stack_image *image, uint64_t key, uint64_t value)
{
	push_word(image, key);
	push_word(image, value);
}

/* `count` pointers to strings that begin at `text`; answers what follows them. */
static const char *push_pointers(struct stack_image *image, const char *text, uint32_t count,
				 const struct argument_list *list)
{
	for (uint32_t i = 0; i < count; i++) {
		push_word(image, image->strings + (uaddr_t)(text - list->text));
		text += strlen(text) + 1;
	}
	push_word(image, 0);
	return text;
}

static void push_auxiliary(struct stack_image *image, const struct elf_image *elf,
			   const struct cred *cred)
{
	push_pair(image, AUX_HWCAP, HWCAP);
	push_pair(image, AUX_PAGESZ, PAGE_SIZE);
	push_pair(image, AUX_CLKTCK, TICKS_PER_SECOND);
	push_pair(image, AUX_PHDR, elf->header_address);
	push_pair(image, AUX_PHENT, sizeof(struct elf_segment));
	push_pair(image, AUX_PHNUM, elf->header_count);
	push_pair(image, AUX_BASE, elf->interpreter_base);
	push_pair(image, AUX_FLAGS, 0);
	push_pair(image, AUX_ENTRY, elf->entry);
	push_pair(image, AUX_UID, cred->uid);
	push_pair(image, AUX_EUID, cred->euid);
	push_pair(image, AUX_GID, cred->gid);
	push_pair(image, AUX_EGID, cred->egid);
	push_pair(image, AUX_SECURE, 0);
	push_pair(image, AUX_RANDOM, image->random);
	push_pair(image, AUX_HWCAP2, 0);
	push_pair(image, AUX_EXECFN, image->file_name);
	push_pair(image, AUX_MINSIGSTKSZ, MINSIGSTKSZ);
	push_pair(image, AUX_END, 0);
}

/* argc, argv, envp and the vector at the bottom; random bytes, the strings, the path at the top. */
static void lay_out(struct stack_image *image, const struct argument_list *list,
		    const struct elf_image *elf, const char *path, const struct cred *cred)
{
	size_t path_size = strlen(path) + 1;
	size_t words = 1 + list->argument_count + 1 + list->environment_count + 1 + 2 * AUX_COUNT;
	const char *text = list->text;

	image->file_name = STACK_TOP - sizeof(uint64_t) - path_size;
	image->strings = image->file_name - list->used;
	image->random = ALIGN_DOWN(image->strings - RANDOM_SIZE, 16UL);
	image->address = ALIGN_DOWN(image->random - words * sizeof(uint64_t), 16UL);
	image->size = STACK_TOP - image->address;
	image->bytes = kzalloc(image->size);
	if (!image->bytes)
		return;
	image->next = (uint64_t *)(void *)image->bytes;
	push_word(image, list->argument_count);
	text = push_pointers(image, text, list->argument_count, list);
	push_pointers(image, text, list->environment_count, list);
	push_auxiliary(image, elf, cred);
	random_bytes(image->bytes + (image->random - image->address), RANDOM_SIZE);
	memcpy(image->bytes + (image->strings - image->address), list->text, list->used);
	memcpy(image->bytes + (image->file_name - image->address), path, path_size);
}

int program_build_stack(struct address_space *space, const struct argument_list *list,
			const struct elf_image *elf, const char *path, const struct cred *cred,
			uint64_t stack_limit, uaddr_t *stack)
{
	struct stack_image image = { 0 };
	int error = map_stack(space, stack_limit);

	if (error)
		return error;
	lay_out(&image, list, elf, path, cred);
	if (!image.bytes)
		return -ENOMEM;
	error = address_space_write(space, image.address, image.bytes, image.size);
	space->argument_start = image.strings;
	space->argument_end = image.strings + list->environment_offset;
	*stack = image.address;
	kfree(image.bytes);
	return error;
}

/* li a7, 139 (rt_sigreturn); ecall */
static int map_trampoline(struct address_space *space)
{
	static const uint32_t code[] = { 0x08b00893, 0x00000073 };
	struct vm_request request = {
		.address = TRAMPOLINE_ADDRESS,
		.length = PAGE_SIZE,
		.protection = VM_READ | VM_WRITE,
		.placement = VM_MAP_FIXED_NOREPLACE,
		.file_end = UINT64_MAX,
	};
	int64_t mapped = vm_map(space, &request);
	int error;

	if (mapped < 0)
		return (int)mapped;
	error = address_space_write(space, TRAMPOLINE_ADDRESS, code, sizeof(code));
	if (error)
		return error;
	space->signal_trampoline = TRAMPOLINE_ADDRESS;
	return vm_protect(space, TRAMPOLINE_ADDRESS, PAGE_SIZE, VM_READ | VM_EXEC);
}

/* --- scripts --- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* "#! interpreter [one argument]" in `line`, cut into strings in place. */
static int parse_script(char *line, size_t size, char **interpreter, char **argument)
{
	char *end = memchr(line, '\n', size), *next;

	if (!end)
		return -ENOEXEC;
	while (end > line && is_blank(end[-1]))
		end--;
	*end = '\0';
	for (next = line + 2; is_blank(*next); next++)
		;
	*interpreter = next;
	while (*next && !is_blank(*next))
		next++;
	if (next == *interpreter)
		return -ENOEXEC;
	while (is_blank(*next))
		*next++ = '\0';
	*argument = *next ? next : NULL;
	return 0;
}

static int apply_script(char *line, size_t size, struct argument_list *arguments, char *path)
{
	const char *strings[3];
	char *interpreter, *argument;
	unsigned int count = 0;
	int error = parse_script(line, size, &interpreter, &argument);

	if (error)
		return error;
	strings[count++] = interpreter;
	if (argument)
		strings[count++] = argument;
	strings[count++] = path;
	error = arguments_replace_first(arguments, strings, count);
	strcpy(path, interpreter); /* shorter than HEAD_SIZE, in a buffer of PATH_SIZE */
	return error;
}

/* --- loading --- */

static int load_image(struct file *file, const uint8_t *head, size_t size, const char *path,
		      const struct argument_list *arguments, const struct cred *cred,
		      uint64_t stack_limit, struct loaded_program *loaded)
{
	struct address_space *space = address_space_create();
	struct elf_image image;
	int error;

	if (!space)
		return -ENOMEM;
	error = elf_load(space, file, head, size, &image);
	if (!error)
		error = map_trampoline(space);
	if (!error)
		error = program_build_stack(space, arguments, &image, path, cred, stack_limit,
					    &loaded->stack);
	if (error) {
		address_space_put(space);
		return error;
	}
	space->brk_start = image.break_start;
	space->brk_end = image.break_start;
	loaded->space = space;
	loaded->start = image.start;
	return 0;
}

/* Opens what `path` names in the end, through scripts; `path` becomes that one's path. */
static int open_image(char *path, struct argument_list *arguments, struct file **file,
	uint8_t *head, size_t *size)
{
	for (unsigned int depth = 0; depth <= SCRIPT_DEPTH_MAX; depth++) {
		int64_t got;
		int error = vfs_open_program(path, file);

		if (error)
			return error;
		got = vfs_read_kernel(*file, head, HEAD_SIZE, 0);
		if (got >= 2 && head[0] == '#' && head[1] == '!') {
			error = apply_script((char *)head, (size_t)got, arguments, path);
		} else if (got >= 0) {
			*size = (size_t)got;
			return 0;
		} else {
			error = (int)got;
		}
		file_put(*file);
		if (error)
			return error;
	}
	return -ELOOP;
}

int program_load(const char *path, struct argument_list *arguments, const struct cred *cred,
		 uint64_t stack_limit, struct loaded_program *loaded)
{
	uint8_t head[HEAD_SIZE];
	struct file *file = NULL;
	size_t size = 0;
	char *real_path = kmalloc(PATH_SIZE);
	int error = -ENOMEM;

	memset(loaded, 0, sizeof(*loaded));
	if (!real_path)
		return -ENOMEM;
	strlcpy(real_path, path, PATH_SIZE);
	error = open_image(real_path, arguments, &file, head, &size);
	if (error) {
		kfree(real_path);
		return error;
	}
	error = load_image(file, head, size, path, arguments, cred, stack_limit, loaded);
	if (!error && vfs_file_path(file, real_path, PATH_SIZE) < 0)
		strlcpy(real_path, path, PATH_SIZE);
	if (!error) {
		loaded->program = program_create(file, real_path);
		if (!loaded->program) {
			program_unload(loaded);
			error = -ENOMEM;
		}
	}
	if (error)
		file_put(file);
	kfree(real_path);
	return error;
}

void program_unload(struct loaded_program *loaded)
{
	if (loaded->space)
		address_space_put(loaded->space);
	program_put(loaded->program);
	memset(loaded, 0, sizeof(*loaded));
}

void program_start_frame(struct trap_frame *frame, uaddr_t start, uaddr_t stack)
{
	memset(frame, 0, sizeof(*frame));
	frame->pc = start;
	frame->sp = stack;
	frame->status =
		(csr_read(sstatus) & ~(SSTATUS_SPP | SSTATUS_SIE | SSTATUS_FS | SSTATUS_SUM)) |
		SSTATUS_SPIE;
}
