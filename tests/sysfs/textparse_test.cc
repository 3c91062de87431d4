// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/sysfs/host.h"

static struct text text(const std::string &bytes)
{
	return {bytes.data(), bytes.size()};
}

static std::string as_unsigned(const std::string &bytes)
{
	uint64_t number = 0;
	int error = text_to_unsigned(text(bytes), &number);
	return error ? "!" + std::to_string(-error) : std::to_string(number);
}

static std::string as_signed(const std::string &bytes)
{
	int64_t number = 0;
	int error = text_to_signed(text(bytes), &number);
	return error ? "!" + std::to_string(-error) : std::to_string(number);
}

static const std::string invalid = "!" + std::to_string(EINVAL),
			 range = "!" + std::to_string(ERANGE);

TEST(TextToUnsigned, TakesEveryBaseOfC)
{
	EXPECT_EQ(as_unsigned("100"), "100");
	EXPECT_EQ(as_unsigned("0x64"), "100");
	EXPECT_EQ(as_unsigned("0XfF"), "255");
	EXPECT_EQ(as_unsigned("010"), "8");
	EXPECT_EQ(as_unsigned("0"), "0");
	EXPECT_EQ(as_unsigned("+1"), "1");
	EXPECT_EQ(as_unsigned("+0x10\n"), "16");
}

TEST(TextToUnsigned, RefusesJunk)
{
	for (const char *bytes : {"", "\n", "+", "-1", "-0", "abc", "1.5", "5 5", " 5", "5 ",
		     "5\n\n", "08", "0x", "0xg", "++1", "+-1", "1a", "max"})
		EXPECT_EQ(as_unsigned(bytes), invalid) << bytes;
}

TEST(TextToUnsigned, KeepsTo64Bits)
{
	EXPECT_EQ(as_unsigned("18446744073709551615"), "18446744073709551615");
	EXPECT_EQ(as_unsigned("18446744073709551616"), range);
	EXPECT_EQ(as_unsigned("0xffffffffffffffff"), "18446744073709551615");
	EXPECT_EQ(as_unsigned("0x10000000000000000"), range);
	EXPECT_EQ(as_unsigned("99999999999999999999999x"), range);
}

TEST(TextToSigned, KeepsTo64Bits)
{
	EXPECT_EQ(as_signed("-20"), "-20");
	EXPECT_EQ(as_signed("-0x10\n"), "-16");
	EXPECT_EQ(as_signed("9223372036854775807"), "9223372036854775807");
	EXPECT_EQ(as_signed("9223372036854775808"), range);
	EXPECT_EQ(as_signed("-9223372036854775808"), "-9223372036854775808");
	EXPECT_EQ(as_signed("-9223372036854775809"), range);
	EXPECT_EQ(as_signed("-"), invalid);
	EXPECT_EQ(as_signed("--1"), invalid);
	EXPECT_EQ(as_signed("-+1"), invalid);
}

TEST(TextToInt, KeepsTo32Bits)
{
	int32_t number = 7;
	EXPECT_EQ(text_to_int(text("2147483648"), &number), -ERANGE);
	EXPECT_EQ(text_to_int(text("-2147483649"), &number), -ERANGE);
	EXPECT_EQ(text_to_int(text("x"), &number), -EINVAL);
	EXPECT_EQ(number, 7);
	EXPECT_EQ(text_to_int(text("2147483647"), &number), 0);
	EXPECT_EQ(number, INT32_MAX);
	EXPECT_EQ(text_to_int(text("-2147483648"), &number), 0);
	EXPECT_EQ(number, INT32_MIN);
}

TEST(TextTrim, CutsWhiteSpaceAtBothEnds)
{
	std::string bytes = " \t\r\n\v\fa b \n";
	struct text trimmed = text_trim(text(bytes));
	EXPECT_EQ(std::string(trimmed.start, trimmed.length), "a b");
	EXPECT_EQ(text_trim(text(" \n")).length, 0U);
	EXPECT_EQ(text_trim(text("")).length, 0U);
}

TEST(TextUntilNul, EndsBeforeTheFirst)
{
	EXPECT_EQ(text_until_nul("ab\0c", 4).length, 2U);
	EXPECT_EQ(text_until_nul("ab", 2).length, 2U);
	EXPECT_EQ(text_until_nul("", 0).length, 0U);
}

TEST(TextNextWord, SplitsAtEverySeparator)
{
	std::string bytes = "+cpu  -x";
	struct text rest = text(bytes), word;
	std::vector<std::string> words;
	while (text_next_word(&rest, ' ', &word))
		words.emplace_back(word.start, word.length);
	EXPECT_EQ(words, (std::vector<std::string>{"+cpu", "", "-x"}));
}

TEST(TextToBytes, WrapsAroundAsLinuxDoes)
{
	uint64_t bytes = 1;
	EXPECT_EQ(text_to_bytes({"18446744073709551616", 20}, &bytes), 0);
	EXPECT_EQ(bytes, 0U);
	EXPECT_EQ(text_to_bytes({"16E", 3}, &bytes), 0);
	EXPECT_EQ(bytes, 0U);
	EXPECT_EQ(text_to_bytes({"", 0}, &bytes), 0);
	EXPECT_EQ(bytes, 0U);
	EXPECT_EQ(text_to_bytes({"0x1e", 4}, &bytes), 0);
	EXPECT_EQ(bytes, 30U);
}

TEST(Outbuf, CountsPastItsEnd)
{
	char buffer[8] = "#######";
	struct outbuf out = {buffer, 4, 0};
	outbuf_text(&out, "ab");
	outbuf_signed(&out, -123);
	outbuf_char(&out, '\n');
	EXPECT_EQ(out.length, 7U);
	EXPECT_EQ(std::string(buffer), "ab-1###");
	struct cpumask mask = mask_of("0-3,9");
	outbuf_list(&out, &mask);
	outbuf_field(&out, "n", 5);
	EXPECT_EQ(out.length, 7U + 5 + 4);
	EXPECT_EQ(std::string(buffer), "ab-1###");
}

TEST(Outbuf, WritesTheWidestNumbers)
{
	char buffer[64];
	struct outbuf out = {buffer, sizeof(buffer), 0};
	outbuf_signed(&out, INT64_MIN);
	outbuf_char(&out, ' ');
	outbuf_unsigned(&out, UINT64_MAX);
	outbuf_char(&out, ' ');
	outbuf_unsigned(&out, 0);
	EXPECT_EQ(std::string(buffer, out.length), "-9223372036854775808 18446744073709551615 0");
}
