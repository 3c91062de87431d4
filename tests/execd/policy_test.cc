// SPDX-License-Identifier: Apache-2.0
/*
 * policy_test.cc - what a policy.ini allows and denies, and questions and answers of any kind.
 */
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "execd/policy.h"

namespace {

struct Policy {
	struct policy policy;
	std::vector<std::string> errors;

	explicit Policy(const std::string &text)
	{
		struct recipe_report report = {[](void *context, const char *line) {
			static_cast<Policy *>(context)->errors.push_back(line);
		}, this};
		policy_read(&policy, "p.ini", text.c_str(), &report);
	}
	bool allows(const std::string &who, enum recipe_setting setting, const std::string &value)
	{
		char reason[160];
		return policy_allows(&policy, who.c_str(), setting, value.c_str(), reason, sizeof(reason));
	}
	std::string answer(const std::string &question)
	{
		char text[POLICY_PACKET_MAX];
		size_t length = policy_answer(&policy, question.data(), question.size(), text, sizeof(text));
		return std::string(text, length);
	}
};

enum policy_verdict verdict(const std::string &answer, std::string *reason = nullptr)
{
	char text[32];
	enum recipe_setting setting;
	enum policy_verdict verdict =
		policy_verdict(answer.data(), answer.size(), &setting, text, sizeof(text));
	if (verdict == POLICY_DENIED && reason)
		*reason = std::to_string(setting) + text;
	return verdict;
}

using Lines = std::vector<std::string>;

} // namespace

TEST(PolicyAllows, IsStrictWhenNothingIsSaid)
{
	for (const char *text : {"", "[default]\n", "[service other]\ncpus=yes\nshares=10000\n"}) {
		Policy policy(text);
		EXPECT_FALSE(policy.allows("service a", RECIPE_CPUS, "0"));
		EXPECT_TRUE(policy.allows("service a", RECIPE_CPU_CLASS, "any"));
		EXPECT_FALSE(policy.allows("service a", RECIPE_CPU_CLASS, "performance"));
		EXPECT_TRUE(policy.allows("service a", RECIPE_SHARES, "500"));
		EXPECT_FALSE(policy.allows("service a", RECIPE_SHARES, "501"));
		EXPECT_TRUE(policy.allows("service a", RECIPE_QOS, "normal"));
		EXPECT_FALSE(policy.allows("service a", RECIPE_QOS, "interactive"));
		EXPECT_FALSE(policy.allows("service a", RECIPE_LATENCY, "9999"));
		EXPECT_TRUE(policy.allows("service a", RECIPE_BURST, "0"));
		EXPECT_FALSE(policy.allows("service a", RECIPE_BURST, "1"));
	}
}

TEST(PolicyAllows, GoesByTheSectionThenByTheDefault)
{
	Policy policy("[default]\nshares=600\nlatency=5\n[service a]\nshares=700\ncpus=yes\n"
		      "[group a]\nqos=interactive perf-burst\n");
	EXPECT_TRUE(policy.errors.empty());
	EXPECT_TRUE(policy.allows("service a", RECIPE_SHARES, "700"));
	EXPECT_FALSE(policy.allows("service a", RECIPE_SHARES, "701"));
	EXPECT_TRUE(policy.allows("service b", RECIPE_SHARES, "600"));
	EXPECT_FALSE(policy.allows("service b", RECIPE_SHARES, "601"));
	EXPECT_TRUE(policy.allows("service a", RECIPE_LATENCY, "5"));
	EXPECT_FALSE(policy.allows("service a", RECIPE_LATENCY, "4"));
	EXPECT_TRUE(policy.allows("service a", RECIPE_CPUS, "0-511"));
	EXPECT_FALSE(policy.allows("group a", RECIPE_CPUS, "0"));
	EXPECT_TRUE(policy.allows("group a", RECIPE_QOS, "perf-burst"));
	EXPECT_FALSE(policy.allows("group a", RECIPE_QOS, "perf"));
	EXPECT_FALSE(policy.allows("group a", RECIPE_QOS, "burst"));
	EXPECT_FALSE(policy.allows("group a", RECIPE_QOS, ""));
}

TEST(PolicyAllows, TakesNoNumberThatIsNone)
{
	Policy policy("[default]\nshares=10000\n");
	for (const char *value : {"", "-1", "1e3", "0x1", "10000000000000", " 1"})
		EXPECT_FALSE(policy.allows("service a", RECIPE_SHARES, value)) << value;
}

TEST(PolicyRead, LeavesStrictWhatMakesNoSense)
{
	Policy policy("[default]\ncpus=yes\nshares=9000\n[service a]\ncpus=maybe\nshares=many\nfrob=1\n[x]\ny=1\n"
		      "[log]\nvalues=perhaps\n");
	EXPECT_EQ(policy.errors,
		  (Lines{"p.ini:5: [service a]: this value makes no sense here",
			 "p.ini:6: [service a]: this value makes no sense here",
			 "p.ini:7: [service a]: there is no such key",
			 "p.ini:8: [x]: [default], [service NAME], [group PATH] or [log] is wanted",
			 "p.ini:9: [x]: [default], [service NAME], [group PATH] or [log] is wanted",
			 "p.ini:11: [log]: values = yes or no is wanted"}));
	EXPECT_FALSE(policy.allows("service a", RECIPE_CPUS, "0"));
	EXPECT_FALSE(policy.allows("service a", RECIPE_SHARES, "501"));
	EXPECT_FALSE(policy.policy.logs_values);
	EXPECT_TRUE(Policy("[log]\nvalues=yes\n").policy.logs_values);
}

TEST(PolicyAnswer, AnswersForTheFirstThatIsDenied)
{
	Policy policy("[service a]\ncpus=yes\n");
	EXPECT_EQ(policy.answer("service a\ncpus 0-3\nshares 500\n"), "allow\n");
	EXPECT_EQ(policy.answer("service a\n"), "allow\n");
	EXPECT_EQ(policy.answer("service a\nshares 501\nqos idle\n"),
		  "deny shares the policy allows at most 500\n");
	EXPECT_EQ(policy.answer("service b\ncpus 0\nshares 501\n"),
		  "deny cpus the policy does not let it choose CPUs\n");
}

TEST(PolicyAnswer, AnswersNothingToWhatIsNoQuestion)
{
	Policy policy("[default]\ncpus=yes\n");
	for (const std::string &question : {std::string(), std::string("\n"), std::string("service a"),
		     std::string("log\n"), std::string("service \n"), std::string("service a\nfrob 1\n"),
		     std::string("service a\nshares 1"), std::string("service a\nshares\n"),
		     std::string("service a\0\nshares 1\n", 20), std::string(2000, 'a') + "\n"})
		EXPECT_EQ(policy.answer(question), "") << question;
	std::mt19937 random(1);
	for (int round = 0; round < 20000; round++) {
		std::string bytes = round % 2 ? "service a\ncpus 1\n" : "";
		for (auto i = random() % 40; i > 0; i--)
			bytes += (char)random();
		policy.answer(bytes);
		verdict(bytes);
	}
}

TEST(PolicyVerdict, TakesTheTwoFormsOnly)
{
	EXPECT_EQ(verdict("allow\n"), POLICY_ALLOWED);
	for (const std::string &answer : {std::string(), std::string("allow"), std::string("allow\n\n"),
		     std::string("allow all\n"), std::string("ALLOW\n"), std::string("deny\n"), std::string("deny x y\n"),
		     std::string("allow\0\n", 7), std::string(1000, 'a')})
		EXPECT_EQ(verdict(answer), POLICY_NO_ANSWER) << answer;
	std::string reason;
	EXPECT_EQ(verdict("deny shares too \x1b[2m many of them, far too many\n", &reason), POLICY_DENIED);
	EXPECT_EQ(reason, std::to_string(RECIPE_SHARES) + "too ?[2m many of them, far too ");
}

TEST(PolicyQuestion, IsUnderstoodByTheOtherSide)
{
	static struct recipe_limits limits;
	char question[POLICY_PACKET_MAX];
	EXPECT_EQ(policy_question("service a", &limits, question, sizeof(question)), 0U);
	limits.of[RECIPE_SHARES] = {"700", {"a.ini", 1}};
	limits.of[RECIPE_CPUS] = {"0-3", {"a.ini", 1}};
	size_t length = policy_question("service a", &limits, question, sizeof(question));
	EXPECT_EQ(std::string(question, length), "service a\ncpus 0-3\nshares 700\n");
	EXPECT_EQ(policy_question("service a", &limits, question, 20), 0U);
}
