// SPDX-License-Identifier: Apache-2.0
/*
 * policy.h - what services may have, read from policy.ini, and the questions about it. Pure.
 *
 *   [default]        for whoever has no section of his own
 *   [service NAME], [group PATH]
 *     cpus = yes | no          whether it may be pinned to CPUs
 *     class = WORD...          which classes of CPUs
 *     shares = N               at most
 *     qos = WORD...            which classes
 *     latency = MS             at least (a shorter one is denied)
 *     burst = US               at most
 *   [log]
 *     values = yes | no        whether masks and shares are logged
 *
 * What a section does not say is as in [default], and what that does not say is strict. A line that
 * makes no sense is told and leaves its key strict.
 *
 * A question is one packet, "service NAME\n" (or "group PATH\n") and "KEY VALUE\n" for each setting. The
 * answer is "allow\n", or "deny KEY REASON\n" for the first that is denied.
 */
#ifndef EXECD_POLICY_H
#define EXECD_POLICY_H

#include "execd/recipes.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
	POLICY_RULE_MAX = 128,
	POLICY_WORDS_MAX = 64,
	POLICY_PACKET_MAX = 2048,
};

#define POLICY_FILE "/etc/policyd/policy.ini"
#define POLICY_SOCKET "/run/policyd.sock"

struct policy_rule {
	char who[RECIPE_VALUE_MAX]; /* "default", "service NAME", "group PATH" */
	char allowed[RECIPE_SETTING_COUNT][POLICY_WORDS_MAX];
	unsigned int said;          /* 1 << enum recipe_setting */
};

struct policy {
	struct policy_rule rules[POLICY_RULE_MAX];
	size_t rule_count;
	bool logs_values;
	unsigned int error_count;
	struct recipe_report report;
};

/* Reads the text (NUL-terminated); `file` is its name in error lines. */
void policy_read(struct policy *policy, const char *file, const char *text,
		 const struct recipe_report *report);

/* Whether `who` may have the value; if not, why, in reason. */
bool policy_allows(const struct policy *policy, const char *who, enum recipe_setting setting,
		   const char *value, char *reason, size_t size);

/* The answer to a question, NUL-terminated; `length` bytes of any kind may be asked. Answers its length;
 * 0: this is no question. */
size_t policy_answer(const struct policy *policy, const char *question, size_t length, char *answer,
		     size_t size);

/* The question about a group's settings: its length, 0 when there is nothing to ask. */
size_t policy_question(const char *who, const struct recipe_limits *limits, char *question,
		       size_t size);

enum policy_verdict { POLICY_ALLOWED, POLICY_DENIED, POLICY_NO_ANSWER };

/* What an answer says; anything but the two forms is none. *setting and reason when it is denied. */
enum policy_verdict policy_verdict(const char *answer, size_t length, enum recipe_setting *setting,
				   char *reason, size_t size);

#ifdef __cplusplus
}
#endif

#endif
