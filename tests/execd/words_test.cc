// SPDX-License-Identifier: Apache-2.0
#include "execd/words.h"

#include <cerrno>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace {

struct Split {
	int result;
	std::vector<std::string> words;
	std::string reason;
};

Split split(const char *text, size_t size = 200, unsigned int count_max = 32)
{
	std::vector<char> out(size);
	const char *reason = "";
	Split split{words_split(text, out.data(), size, count_max, &reason), {}, reason};
	const char *at = out.data();
	for (int i = 0; i < split.result; i++) {
		split.words.emplace_back(at);
		at += split.words.back().size() + 1;
	}
	return split;
}

using Words = std::vector<std::string>;

TEST(WordsSplit, TakesBlanksAsSeparators)
{
	EXPECT_EQ(split("/bin/a  b\tc ").words, (Words{"/bin/a", "b", "c"}));
	EXPECT_EQ(split("  ").result, 0);
	EXPECT_EQ(split("").result, 0);
}

TEST(WordsSplit, KeepsQuotedBlanks)
{
	EXPECT_EQ(split("sh -c 'a \"b\" \\'").words, (Words{"sh", "-c", "a \"b\" \\"}));
	EXPECT_EQ(split("a\"b c\"'d e'f").words, (Words{"ab cd ef"}));
	EXPECT_EQ(split("'' \"\"").words, (Words{"", ""}));
}

TEST(WordsSplit, TakesABackslashBeforeWhatItCanEscape)
{
	EXPECT_EQ(split("a\\ b").words, (Words{"a b"}));
	EXPECT_EQ(split("\"\\\"\\\\\\n\"").words, (Words{"\"\\\\n"}));
}

TEST(WordsSplit, RefusesWhatIsLeftOpen)
{
	for (const char *text : {"'a", "\"a", "a\\", "a \"b 'c'"}) {
		EXPECT_EQ(split(text).result, -EINVAL) << text;
		EXPECT_NE(split(text).reason, "") << text;
	}
}

TEST(WordsSplit, HasRoomForExactlyItsLimits)
{
	EXPECT_EQ(split("a b c", 6).result, 3);
	EXPECT_EQ(split("a b c", 5).result, -E2BIG);
	EXPECT_EQ(split("a b c", 200, 3).result, 3);
	EXPECT_EQ(split("a b c", 200, 2).result, -E2BIG);
}

}  // namespace
