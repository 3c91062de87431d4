// SPDX-License-Identifier: Apache-2.0
/*
 * delegate.c - a subtree in another user's hands: owners and modes of groups and their files, and who may
 * move whom.
 */
#define _GNU_SOURCE
#include <grp.h>
#include <signal.h>
#include <sys/wait.h>

#include "tests/guest/group.h"
#include "tests/guest/tap.h"

enum { USER = 1000, OTHER = 1001 };

/* What the function answers in a child of that user. */
static int as(uid_t user, int (*function)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (setgroups(0, NULL) || setresgid(user, user, user) || setresuid(user, user, user))
			_exit(99);
		_exit(-function());
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -200;
}

static int owned_by(const char *group, const char *file, uid_t uid, mode_t mode)
{
	char path[GROUP_PATH];
	struct stat stat_;

	group_path(path, group, file);
	return stat(path, &stat_) == 0 && stat_.st_uid == uid && (stat_.st_mode & 07777) == mode;
}

static int give(const char *group, const char *file, uid_t uid)
{
	char path[GROUP_PATH];

	group_path(path, group, file);
	return chown(path, uid, uid) ? -errno : 0;
}

static pid_t sleeper;

static int make_below(void) { return group_make("yard/mine/new"); }
static int make_outside(void) { return group_make("yard/theirs/new"); }
static int remove_below(void) { return group_remove("yard/mine/new"); }
static int set_below(void) { return group_put("yard/mine/new", "pids.max", "7"); }
static int set_own_limit(void) { return group_put("yard/mine", "pids.max", "7"); }
static int control(void) { return group_put("yard/mine", "cgroup.subtree_control", "+pids"); }
static int move_to_new(void) { return group_move("yard/mine/new", sleeper); }
static int move_back(void) { return group_move("yard/mine/old", sleeper); }
static int move_out(void) { return group_move("yard/theirs", sleeper); }
static int move_self_in(void) { return group_move("yard/mine", 0); }
static int chown_file(void) { return give("yard/mine", "pids.max", USER); }

static int chmod_new(void)
{
	return chmod(GROUP_ROOT "/yard/mine/new/pids.max", 0600) ? -errno : 0;
}

static void test_owners(void)
{
	ok(owned_by("yard/mine", "", 0, 0755) && owned_by("yard/mine", "pids.max", 0, 0644) &&
	   owned_by("yard/mine", "cgroup.events", 0, 0444), "what root makes is root's");
	ok(as(USER, make_below) == -EACCES, "nobody else makes a group in it");
	ok(as(USER, set_own_limit) == -EACCES, "or writes its files");
	int directory = group_open("yard/mine", "", O_RDONLY | O_DIRECTORY);
	struct stat seen;
	ok(give("yard/mine", "", USER) == 0 && owned_by("yard/mine", "", USER, 0755), "a directory is given away");
	ok(fstat(directory, &seen) == 0 && seen.st_uid == USER, "and an open descriptor of it sees that");
	close(directory);
	ok(owned_by("yard/mine", "pids.max", 0, 0644), "its files are not");
	give("yard/mine", "cgroup.procs", USER);
	give("yard/mine", "cgroup.subtree_control", USER);
	ok(owned_by("yard/mine", "cgroup.procs", USER, 0644), "those are given one by one");
	ok(as(USER, chown_file) == -EPERM, "by root alone");
	ok(chmod(GROUP_ROOT "/yard/theirs", 0700) == 0 && owned_by("yard/theirs", "", 0, 0700), "modes are kept");
	ok(mkdir(GROUP_ROOT "/yard/private", 0700) == 0 && owned_by("yard/private", "", 0, 0700) &&
	   group_remove("yard/private") == 0, "mkdir's, too");
}

static void test_owner(void)
{
	ok(as(USER, control) == 0, "the owner hands controllers on");
	ok(as(USER, make_below) == 0 && owned_by("yard/mine/new", "", USER, 0755) &&
	   owned_by("yard/mine/new", "cgroup.procs", USER, 0644) &&
	   owned_by("yard/mine/new", "pids.max", USER, 0644), "makes groups, which are the owner's");
	ok(as(USER, set_below) == 0 && group_is("yard/mine/new", "pids.max", "7"), "sets what is below");
	ok(as(USER, set_own_limit) == -EACCES, "but not the group's own limit");
	ok(as(USER, chmod_new) == 0 && owned_by("yard/mine/new", "pids.max", USER, 0600), "sets modes");
	ok(as(OTHER, set_below) == -EACCES, "which rule for others");
	ok(as(USER, make_outside) == -EACCES, "and makes nothing elsewhere");
}

static void test_moves(void)
{
	sleeper = fork();
	if (sleeper == 0) {
		pause();
		_exit(0);
	}
	group_make("yard/mine/old");
	give("yard/mine/old", "cgroup.procs", USER);
	group_move("yard/mine/old", sleeper);
	ok(as(USER, move_to_new) == 0, "the owner moves a task within the subtree");
	ok(as(USER, move_back) == 0, "and back");
	ok(as(USER, move_out) == -EACCES, "not out of it");
	ok(as(USER, move_self_in) == -EACCES, "nor anything in: the common ancestor is root's");
	ok(as(OTHER, move_to_new) == -EACCES, "somebody else moves nothing");
	group_move("", sleeper);
	ok(as(USER, move_to_new) == -EACCES, "a task outside stays outside");
	kill(sleeper, SIGKILL);
	waitpid(sleeper, NULL, 0);
	group_remove("yard/mine/old");
}

/* The rights are the opener's. */
static void test_opener(void)
{
	int status;
	pid_t child;

	int by_root = group_open("yard/mine/new", "cgroup.procs", O_WRONLY);
	child = fork();
	if (child == 0) {
		if (setresuid(OTHER, OTHER, OTHER))
			_exit(99);
		_exit(write(by_root, "0", 1) == 1 ? 0 : errno);
	}
	waitpid(child, &status, 0);
	ok(WEXITSTATUS(status) == 0, "what root opened moves anything, whoever writes");
	close(by_root);

	child = fork();
	if (child == 0) {
		if (seteuid(USER))
			_exit(99);
		int by_user = group_open("yard/mine/new", "cgroup.procs", O_WRONLY);
		if (seteuid(0))
			_exit(99);
		_exit(write(by_user, "0", 1) == 1 ? 0 : errno);
	}
	waitpid(child, &status, 0);
	ok(WEXITSTATUS(status) == EACCES, "what a user opened moves no more in root's hands");
}

int main(void)
{
	group_put("", "cgroup.subtree_control", "+pids");
	group_make("yard");
	group_put("yard", "cgroup.subtree_control", "+pids");
	group_make("yard/mine");
	group_make("yard/theirs");
	test_owners();
	test_owner();
	test_moves();
	test_opener();
	ok(as(USER, remove_below) == 0, "the owner removes a group");
	group_remove("yard/mine");
	group_remove("yard/theirs");
	group_remove("yard");
	return tap_done();
}
