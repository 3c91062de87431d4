// SPDX-License-Identifier: Apache-2.0
/*
 * program.h - loading a program: its arguments, its ELF files, its first stack.
 *
 * execve builds a whole new address space beside the old one; until it is complete nothing of
 * the caller has changed, so every error leaves the caller as it was.
 */
#ifndef KERNEL_PROC_PROGRAM_H
#define KERNEL_PROC_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/mm/layout.h"
#include "kernel/proc/cred.h"

struct address_space;
struct file;
struct trap_frame;

enum {
	ARGUMENT_BYTES_MAX = 128 * 1024, /* argv and envp with their NULs: more is E2BIG */
	SCRIPT_DEPTH_MAX = 4,            /* #! of #! of ...: more is ELOOP */
};

/* What a process runs; shared by the processes that fork made. */
struct program {
	uint32_t references; /* (a) */
	struct file *file;   /* (i) */
	char path[];         /* (i) */
};
/* Takes over the file's reference. NULL: no memory (the reference stays the caller's). */
struct program *program_create(struct file *file, const char *path);
void program_get(struct program *program);
void program_put(struct program *program); /* NULL is fine; may sleep */

/* argv's strings, then envp's, each with its NUL, in one growing buffer. */
struct argument_list {
	char *text;
	size_t used, size;
	uint32_t argument_count, environment_count;
	size_t environment_offset; /* where envp's strings begin */
};
/* Each: 0, -E2BIG, -ENOMEM, -EFAULT. Arguments first, then the environment. */
int arguments_from_user(struct argument_list *list, uaddr_t argv, uaddr_t envp);
int arguments_from_kernel(struct argument_list *list, const char *const *argv,
			  const char *const *envp);
/* A script: `count` strings take the place of argv[0]. */
int arguments_replace_first(struct argument_list *list, const char *const *strings,
			    unsigned int count);
void arguments_free(struct argument_list *list);

/* What elf_load() found out. */
struct elf_image {
	uaddr_t entry;             /* of the program */
	uaddr_t start;             /* where to begin: the interpreter's entry if there is one */
	uaddr_t header_address;    /* of the program headers, mapped */
	uint16_t header_count;
	uaddr_t interpreter_base;  /* 0: none */
	uaddr_t break_start;
};
/* Maps a program (and its interpreter) into a new address space: 0; -ENOEXEC: not an ELF file of
 * this machine, or its headers make no sense; -ENOENT: no such interpreter; -ENOMEM; -EIO. `head`
 * is the file's first bytes. */
int elf_load(struct address_space *space, struct file *file, const uint8_t *head, size_t size,
	     struct elf_image *image);

/* Maps the stack and writes argc, argv, envp and the auxiliary vector: 0 or -errno, *stack the
 * stack pointer. */
int program_build_stack(struct address_space *space, const struct argument_list *list,
			const struct elf_image *image, const char *path, const struct cred *cred,
			uint64_t stack_limit, uaddr_t *stack);

/* A program ready to run. */
struct loaded_program {
	struct address_space *space;
	struct program *program;
	uaddr_t start, stack;
};
/* Follows #! lines, loads. `arguments` is changed by scripts. */
int program_load(const char *path, struct argument_list *arguments, const struct cred *cred,
		 uint64_t stack_limit, struct loaded_program *loaded);
void program_unload(struct loaded_program *loaded);

/* The registers a program starts with. */
void program_start_frame(struct trap_frame *frame, uaddr_t start, uaddr_t stack);

#endif
