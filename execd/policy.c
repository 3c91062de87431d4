// SPDX-License-Identifier: Apache-2.0
/*
 * policy.c - rules from text, and answers from rules. Pure.
 */
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execd/policy.h"

/* How a setting is allowed. */
enum measure { YES_OR_NO, ONE_OF, AT_MOST, AT_LEAST };

static const struct {
	enum measure measure;
	const char *strict; /* when nobody says anything */
} settings[RECIPE_SETTING_COUNT] = {
	[RECIPE_CPUS] = { YES_OR_NO, "no" },  [RECIPE_CPU_CLASS] = { ONE_OF, "any" },
	[RECIPE_SHARES] = { AT_MOST, "500" }, [RECIPE_QOS] = { ONE_OF, "idle normal" },
	[RECIPE_LATENCY] = { AT_LEAST, "999999999" }, [RECIPE_BURST] = { AT_MOST, "0" },
};

struct reader {
	struct policy *policy;
	const char *file;
};

static bool is_number(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	return digits && digits < 10 && !text[digits];
}

static bool makes_sense(enum measure measure, const char *value)
{
	switch (measure) {
	case YES_OR_NO:
		return !strcmp(value, "yes") || !strcmp(value, "no");
	case ONE_OF:
		return *value && strlen(value) < POLICY_WORDS_MAX;
	default:
		return is_number(value);
	}
}

static void complain(const struct reader *reader, int line, const char *section, const char *what)
{
	char text[512];
	snprintf(text, sizeof(text), "%s:%d: [%.60s]: %.200s", reader->file, line, section, what);
	reader->policy->error_count++;
	reader->policy->report.line(reader->policy->report.context, text);
}

static struct policy_rule *rule_of(struct policy *policy, const char *who)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (!strcmp(policy->rules[i].who, who))
			return &policy->rules[i];
	return NULL;
}

static struct policy_rule *rule_make(struct policy *policy, const char *who)
{
	struct policy_rule *rule = rule_of(policy, who);
	if (rule || policy->rule_count == POLICY_RULE_MAX)
		return rule;
	rule = &policy->rules[policy->rule_count++];
	memset(rule, 0, sizeof(*rule));
	snprintf(rule->who, sizeof(rule->who), "%s", who);
	return rule;
}

static bool names_somebody(const char *section)
{
	return !strcmp(section, "default") || (!strncmp(section, "service ", 8) && section[8]) ||
	       (!strncmp(section, "group ", 6) && section[6]);
}

/* A key of a rule. A value without sense leaves the key said, and strict. */
static void take_setting(struct reader *reader, const char *section, const char *name,
			 const char *value, int line)
{
	struct policy_rule *rule = rule_make(reader->policy, section);
	if (!rule) {
		complain(reader, line, section, "there is no room for more sections (128)");
		return;
	}
	for (unsigned int i = 0; i < RECIPE_SETTING_COUNT; i++) {
		if (strcmp(recipe_settings[i].key, name))
			continue;
		bool sense = makes_sense(settings[i].measure, value);
		if (!sense)
			complain(reader, line, section, "this value makes no sense here");
		snprintf(rule->allowed[i], sizeof(rule->allowed[i]), "%s",
			 sense ? value : settings[i].strict);
		rule->said |= 1U << i;
		return;
	}
	complain(reader, line, section, "there is no such key");
}

static int take_key(void *user, const char *section, const char *name, const char *value, int line)
{
	struct reader *reader = user;
	if (!strcmp(section, "log")) {
		if (name && !strcmp(name, "values") && makes_sense(YES_OR_NO, value))
			reader->policy->logs_values = !strcmp(value, "yes");
		else if (name)
			complain(reader, line, section, "values = yes or no is wanted");
	} else if (!names_somebody(section)) {
		complain(reader, line, section, "[default], [service NAME], [group PATH] or [log] is wanted");
	} else if (name) {
		take_setting(reader, section, name, value, line);
	}
	return 1;
}

void policy_read(struct policy *policy, const char *file, const char *text,
		 const struct recipe_report *report)
{
	struct reader reader = { policy, file };
	memset(policy, 0, sizeof(*policy));
	policy->report = *report;
	int line = ini_parse_string(text, take_key, &reader);
	if (line > 0)
		complain(&reader, line, "", "neither [SECTION], NAME=VALUE nor a comment");
}

/* ---- answers ---- */

static const char *allowed_of(const struct policy *policy, const char *who, unsigned int setting)
{
	const char *const names[] = { who, "default" };
	for (size_t i = 0; i < 2; i++) {
		const struct policy_rule *rule = rule_of((struct policy *)policy, names[i]);
		if (rule && rule->said >> setting & 1)
			return rule->allowed[setting];
	}
	return settings[setting].strict;
}

static bool has_word(const char *words, const char *word)
{
	size_t length = strlen(word);
	for (const char *at = words; *at; at += strcspn(at, " ")) {
		at += strspn(at, " ");
		if (strcspn(at, " ") == length && !strncmp(at, word, length))
			return length;
	}
	return false;
}

bool policy_allows(const struct policy *policy, const char *who, enum recipe_setting setting,
		   const char *value, char *reason, size_t size)
{
	const char *allowed = allowed_of(policy, who, setting);

	switch (settings[setting].measure) {
	case YES_OR_NO:
		snprintf(reason, size, "the policy does not let it choose CPUs");
		return !strcmp(allowed, "yes");
	case ONE_OF:
		snprintf(reason, size, "the policy allows %s", allowed);
		return has_word(allowed, value);
	case AT_MOST:
		snprintf(reason, size, "the policy allows at most %s", allowed);
		return is_number(value) && atol(value) <= atol(allowed);
	default:
		snprintf(reason, size, "the policy allows at least %s", allowed);
		return is_number(value) && atol(value) >= atol(allowed);
	}
}

/* The next line of the text, without its newline; false: there is none that is whole. */
static bool next_line(const char **text, const char *end, char *line, size_t size)
{
	const char *newline = memchr(*text, '\n', (size_t)(end - *text));
	size_t length = newline ? (size_t)(newline - *text) : size;
	if (length >= size || memchr(*text, '\0', length))
		return false;
	memcpy(line, *text, length);
	line[length] = '\0';
	*text = newline + 1;
	return true;
}

static int setting_of(const char *line, const char **value)
{
	for (unsigned int i = 0; i < RECIPE_SETTING_COUNT; i++) {
		size_t length = strlen(recipe_settings[i].key);
		if (strncmp(line, recipe_settings[i].key, length) || line[length] != ' ')
			continue;
		*value = line + length + 1;
		return (int)i;
	}
	return -1;
}

size_t policy_answer(const struct policy *policy, const char *question, size_t length, char *answer,
		     size_t size)
{
	const char *at = question, *end = question + length, *value;
	char who[RECIPE_VALUE_MAX + 8], line[RECIPE_VALUE_MAX + 16], reason[160];

	if (!next_line(&at, end, who, sizeof(who)) || !names_somebody(who))
		return 0;
	while (at < end) {
		int setting = next_line(&at, end, line, sizeof(line)) ? setting_of(line, &value) : -1;
		if (setting < 0)
			return 0;
		if (!policy_allows(policy, who, (enum recipe_setting)setting, value, reason,
				   sizeof(reason)))
			return (size_t)snprintf(answer, size, "deny %s %s\n",
						recipe_settings[setting].key, reason);
	}
	return (size_t)snprintf(answer, size, "allow\n");
}

size_t policy_question(const char *who, const struct recipe_limits *limits, char *question,
		       size_t size)
{
	size_t length = (size_t)snprintf(question, size, "%s\n", who), bare = length;
	for (unsigned int i = 0; i < RECIPE_SETTING_COUNT && length < size; i++)
		if (limits->of[i].place.line)
			length += (size_t)snprintf(question + length, size - length, "%s %s\n",
						   recipe_settings[i].key, limits->of[i].value);
	return length == bare || length >= size ? 0 : length;
}

enum policy_verdict policy_verdict(const char *answer, size_t length, enum recipe_setting *setting,
				   char *reason, size_t size)
{
	const char *at = answer, *value;
	char line[RECIPE_VALUE_MAX + 64];

	if (!next_line(&at, answer + length, line, sizeof(line)) || at != answer + length)
		return POLICY_NO_ANSWER;
	if (!strcmp(line, "allow"))
		return POLICY_ALLOWED;
	int denied = strncmp(line, "deny ", 5) ? -1 : setting_of(line + 5, &value);
	if (denied < 0)
		return POLICY_NO_ANSWER;
	*setting = (enum recipe_setting)denied;
	/* It goes to the console. */
	size_t count = 0;
	for (; *value && count + 1 < size; value++)
		reason[count++] = *value >= ' ' && *value < 127 ? *value : '?';
	reason[count] = '\0';
	return POLICY_DENIED;
}
