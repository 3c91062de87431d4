// SPDX-License-Identifier: Apache-2.0
#include "execd/recipes.h"

#include "gtest/gtest.h"
#include "tests/execd/reading.h"

namespace {

using Lines = std::vector<std::string>;

TEST(RecipesRead, TakesEveryKeyOfAService)
{
	Reading reading("# comment\n[service web]\nexec = /bin/httpd -f \"a b\" ; comment\n"
			"group = /srv//web/\ncpus=0-3,6\nshares: 300\nrestart=on-failure\n");
	EXPECT_EQ(reading.errors, Lines{});
	ASSERT_EQ(reading.recipes->service_count, 1u);
	const struct recipe_service &web = reading.service(0);
	EXPECT_STREQ(web.name, "web");
	EXPECT_STREQ(web.command, "/bin/httpd");
	EXPECT_EQ(std::string(web.command, 18), std::string("/bin/httpd\0-f\0a b\0", 18));
	EXPECT_EQ(web.argument_count, 3u);
	EXPECT_STREQ(web.group, "srv/web");
	EXPECT_STREQ(web.limits.of[RECIPE_CPUS].value, "0-3,6");
	EXPECT_EQ(web.limits.of[RECIPE_CPUS].place.line, 5);
	EXPECT_STREQ(web.limits.of[RECIPE_SHARES].value, "300");
	EXPECT_EQ(web.restart, RECIPE_RESTART_ON_FAILURE);
	EXPECT_FALSE(web.wrong);
}

TEST(RecipesRead, HasDefaults)
{
	Reading reading("[service web]\nexec=a\n");
	EXPECT_STREQ(reading.service(0).group, "web");
	EXPECT_EQ(reading.service(0).restart, RECIPE_RESTART_ALWAYS);
	EXPECT_EQ(reading.service(0).limits.of[RECIPE_CPUS].place.line, 0);
	EXPECT_EQ(reading.service(0).limits.of[RECIPE_SHARES].place.line, 0);
}

TEST(RecipesRead, TakesGroups)
{
	Reading reading("[group a/b]\ncpus=1\nshares=10000\n[group c]\ncpus=\n");
	EXPECT_EQ(reading.errors, Lines{});
	EXPECT_EQ(reading.paths(), (Lines{"a/b", "c"}));
	EXPECT_STREQ(reading.group(0).limits.of[RECIPE_SHARES].value, "10000");
	EXPECT_STREQ(reading.group(1).limits.of[RECIPE_CPUS].value, "");
	EXPECT_EQ(reading.group(1).limits.of[RECIPE_CPUS].place.line, 5);
}

TEST(RecipesRead, DoesNotMindIndentationAndCarriageReturns)
{
	Reading reading("  [service a]\r\n\texec=x\r\n\tgroup=g\r\n\r\n");
	EXPECT_EQ(reading.errors, Lines{});
	EXPECT_STREQ(reading.service(0).command, "x");
	EXPECT_STREQ(reading.service(0).group, "g");
}

TEST(RecipesRead, DoesNotMindALastLineWithoutNewline)
{
	Reading reading("[service a]\nexec=x");
	EXPECT_EQ(reading.errors, Lines{});
	EXPECT_EQ(reading.service(0).argument_count, 1u);
}

/* A mistake, and the one line that tells it. The section is wrong; the next one is not. */
struct Mistake {
	const char *text;
	const char *error;
};

const Mistake service_mistakes[] = {
	{"cpus=0-x", "service a: cpus 0-x: this is no CPU list such as 0-3,6 (EINVAL)"},
	{"cpus=3-1", "service a: cpus 3-1: this is no CPU list such as 0-3,6 (EINVAL)"},
	{"cpus=512", "service a: cpus 512: there are at most 512 CPUs, 0-511 (ERANGE)"},
	{"shares=0", "service a: shares 0: shares go from 1 to 10000 (ERANGE)"},
	{"shares=10001", "service a: shares 10001: shares go from 1 to 10000 (ERANGE)"},
	{"shares=99999999999999999999",
	 "service a: shares 99999999999999999999: shares go from 1 to 10000 (ERANGE)"},
	{"shares=-1", "service a: shares -1: a whole number is wanted (EINVAL)"},
	{"shares=", "service a: shares : a whole number is wanted (EINVAL)"},
	{"shares=1.5", "service a: shares 1.5: a whole number is wanted (EINVAL)"},
	{"class=fast", "service a: class fast: any, performance or efficiency is wanted (EINVAL)"},
	{"class=", "service a: class : any, performance or efficiency is wanted (EINVAL)"},
	{"qos=high", "service a: qos high: idle, normal, interactive or perf-burst is wanted (EINVAL)"},
	{"latency=-1", "service a: latency -1: a whole number of milliseconds is wanted (EINVAL)"},
	{"latency=101", "service a: latency 101: at most 100 ms (ERANGE)"},
	{"latency=10000", "service a: latency 10000: at most 100 ms (ERANGE)"},
	{"burst=1ms", "service a: burst 1ms: a whole number of microseconds is wanted (EINVAL)"},
	{"burst=1000000000", "service a: burst 1000000000: at most 999999999 us (ERANGE)"},
	{"restart=maybe",
	 "service a: restart maybe: always, on-failure or never is wanted"},
	{"group=a/../b", "service a: group: a/../b: '..' is no name of a group (EINVAL)"},
	{"group=", "service a: group: a group's name is empty; '/' is the root (EINVAL)"},
	{"exec=y", "service a: exec is set twice"},
	{"restrat=never", "service a: there is no key 'restrat'; 'restart' is one"},
	{"colour=red", "service a: there is no key 'colour'"},
	{"junk", "neither [SECTION], NAME=VALUE nor a comment"},
};

TEST(RecipesRead, TellsEachMistakeOnce)
{
	for (const Mistake &mistake : service_mistakes) {
		Reading reading(std::string("[service a]\nexec=x\n") + mistake.text +
				"\n[service b]\nexec=y\n");
		EXPECT_EQ(reading.errors, Lines{std::string("a.ini:3: ") + mistake.error});
		EXPECT_EQ(reading.recipes->error_count, 1u);
		ASSERT_EQ(reading.recipes->service_count, 2u) << mistake.text;
		EXPECT_TRUE(reading.service(0).wrong) << mistake.text;
		EXPECT_FALSE(reading.service(1).wrong) << mistake.text;
	}
}

TEST(RecipesRead, TellsWhatIsWrongWithACommand)
{
	EXPECT_EQ(Reading("[service a]\nexec=\n").errors,
		  Lines{"a.ini:2: service a: exec : no program is named"});
	EXPECT_EQ(Reading("[service a]\nexec=''\n").errors,
		  Lines{"a.ini:2: service a: exec '': no program is named"});
	EXPECT_EQ(Reading("[service a]\nexec=sh -c 'x ; y'\n").errors,
		  Lines{"a.ini:2: service a: exec sh -c 'x: a quote or a backslash is left open "
			"(a ';' behind a blank starts a comment)"});
}

TEST(RecipesRead, TellsOfASectionThatIsNone)
{
	for (const char *section : {"servce a", "service", "service a b", "group", "Group a"}) {
		Reading reading(std::string("[") + section + "]\nexec=x\nshares=1\n");
		EXPECT_EQ(reading.errors, Lines{std::string("a.ini:1: [") + section +
						"]: [service NAME], [group PATH], [affinity NAME] or [qos NAME] is wanted"});
		EXPECT_EQ(reading.recipes->service_count, 0u);
		EXPECT_EQ(reading.recipes->group_count, 0u);
	}
}

TEST(RecipesRead, TakesASectionWithoutKeys)
{
	Reading reading("[servce a]\n[group g]\n[service b]\n");
	EXPECT_EQ(reading.errors,
		  Lines{"a.ini:1: [servce a]: [service NAME], [group PATH], [affinity NAME] or [qos NAME] is wanted"});
	ASSERT_EQ(reading.recipes->group_count, 1u);
	EXPECT_STREQ(reading.recipes->groups[0].path, "g");
	ASSERT_EQ(reading.recipes->service_count, 1u);
	EXPECT_STREQ(reading.service(0).name, "b");
}

TEST(RecipesRead, TellsOfAKeyBeforeAnySection)
{
	EXPECT_EQ(Reading("exec=x\n").errors, Lines{"a.ini:1: exec: stands before any [section]"});
}

TEST(RecipesRead, DoesNotGiveTheKeysOfABrokenSectionToTheOneBefore)
{
	Reading reading("[service a]\nexec=x\n[service b\nshares=7\n");
	EXPECT_EQ(reading.errors, Lines{"a.ini:3: neither [SECTION], NAME=VALUE nor a comment"});
	ASSERT_EQ(reading.recipes->service_count, 1u);
	EXPECT_EQ(reading.service(0).limits.of[RECIPE_SHARES].place.line, 0);
	EXPECT_FALSE(reading.service(0).wrong);
}

TEST(RecipesRead, RefusesTheRootAndBadPathsAsGroups)
{
	EXPECT_EQ(Reading("[group /]\ncpus=1\n").errors,
		  Lines{"a.ini:1: [group /]: the root takes no settings"});
	EXPECT_EQ(Reading("[group a/..]\ncpus=1\n").errors,
		  Lines{"a.ini:1: [group a/..]: a/..: '..' is no name of a group (EINVAL)"});
	EXPECT_EQ(Reading("[service a/b]\nexec=x\n").errors,
		  Lines{"a.ini:1: [service a/b]: a service's name holds no slash"});
}

TEST(RecipesRead, KeepsTheFirstOfTwoFilesThatNameOneThing)
{
	Reading reading("[service a]\nexec=x\n[group g]\ncpus=1\n");
	reading.read("b.ini", "[group g]\ncpus=2\nshares=2\n[service a]\nexec=y\n");
	EXPECT_EQ(reading.errors,
		  (Lines{"b.ini:1: [group g]: this group is already there, from a.ini:3",
			 "b.ini:4: [service a]: this service is already there, from a.ini:1"}));
	EXPECT_STREQ(reading.service(0).command, "x");
	EXPECT_STREQ(reading.group(0).limits.of[RECIPE_CPUS].value, "1");
}

TEST(RecipesRead, TakesLinesAndSectionsUpToTheirLimits)
{
	std::string longest = "exec=" + std::string(192, 'x');
	EXPECT_EQ(Reading("[service a]\n" + longest + "\n").errors, Lines{});
	Reading line("[service a]\nrestart=never\n" + longest + "x\nshares=1\n");
	EXPECT_EQ(line.errors, Lines{"a.ini:3: the line has more than 197 bytes"});
	EXPECT_TRUE(line.service(0).wrong);

	std::string name(49 - 8, 'n');
	Reading fits("[service " + name + "]\nexec=x\n");
	EXPECT_EQ(fits.errors, Lines{});
	EXPECT_EQ(fits.service(0).name, name);
	Reading section("[service n" + name + "]\nexec=x\n");
	EXPECT_EQ(section.errors, Lines{"a.ini:1: the section's name has more than 49 bytes"});
	EXPECT_EQ(section.recipes->service_count, 0u);
}

TEST(RecipesRead, RefusesFilesThatAreNoText)
{
	EXPECT_EQ(Reading(std::string("[service a]\0exec=x\n", 19)).errors,
		  Lines{"a.ini: this is no text: it holds a zero byte"});
	EXPECT_EQ(Reading(std::string(RECIPE_TEXT_MAX, '\n')).errors, Lines{});
	EXPECT_EQ(Reading(std::string(RECIPE_TEXT_MAX + 1, '\n')).errors,
		  Lines{"a.ini: the file has more than 65536 bytes"});
	std::string junk;
	for (int i = 0; i < 16; i++)
		junk += "junk\n";
	Reading reading("[service a]\nexec=x\n" + junk);
	ASSERT_EQ(reading.errors.size(), 17u);
	EXPECT_EQ(reading.errors[16], "a.ini: 16 lines make no sense: left out");
	EXPECT_EQ(reading.recipes->service_count, 0u);
}

TEST(RecipesRead, HasRoomForExactlyItsLimits)
{
	std::string text;
	for (int i = 0; i < RECIPE_SERVICE_MAX; i++)
		text += "[service s" + std::to_string(i) + "]\nexec=x\n";
	for (int i = 0; i < RECIPE_GROUP_MAX; i++)
		text += "[group g" + std::to_string(i) + "]\ncpus=0\n";
	Reading reading(text);
	EXPECT_EQ(reading.errors, Lines{});
	reading.read("b.ini", "[service more]\nexec=x\n[group more]\ncpus=0\nshares=1\n");
	EXPECT_EQ(reading.errors,
		  (Lines{"b.ini:1: [service more]: there is no room for more services (64)",
			 "b.ini:3: [group more]: there is no room for more groups (128)"}));
}

TEST(RecipesRead, SurvivesAnyBytes)
{
	/* A small generator of its own: the same texts each time. */
	static const char pieces[] = "[]=;:#\"'\\ \t\nservicegroupexecpu0-9/.,\xef\xbb\xbf\x01\xff";
	unsigned int state = 1;
	for (int round = 0; round < 2000; round++) {
		std::string text;
		for (int i = 0; i < 300; i++) {
			state = state * 1103515245u + 12345u;
			text += pieces[(state >> 16) % (sizeof(pieces) - 1)];
		}
		Reading reading(text);
		reading.order();
		EXPECT_EQ(reading.errors.size(), reading.recipes->error_count);
	}
}

}  // namespace
