// SPDX-License-Identifier: Apache-2.0
/*
 * tty_input_test.cc - what happens to typed bytes: lines, editing, echo, signals.
 */
#include <gtest/gtest.h>

#include <string>

extern "C" {
#include "tests/kernel/dev/tty_input_on_host.h"
}

namespace {

void type(const std::string &bytes)
{
	terminal_type(bytes.data(), bytes.size());
}

std::string take(size_t size = 1000)
{
	std::string bytes(size, '\0');
	int ended;

	bytes.resize(terminal_take(bytes.data(), size, &ended));
	return bytes;
}

class Cooked : public ::testing::Test {
protected:
	void SetUp() override { terminal_reset(TERMINAL_COOKED); }
};

TEST_F(Cooked, GivesALineWhenItEnds)
{
	type("ls -l");
	EXPECT_EQ(terminal_readable(), 0u);
	type("\r");
	EXPECT_EQ(take(), "ls -l\n");
	EXPECT_STREQ(terminal_shown(), "ls -l\r\n");
}

TEST_F(Cooked, GivesOneLineAtATimeAndLongOnesInPieces)
{
	type("one\ntwo\n");
	EXPECT_EQ(take(2), "on");
	EXPECT_EQ(take(), "e\n");
	EXPECT_EQ(take(), "two\n");
}

TEST_F(Cooked, ErasesACharacterButNotTheLineBefore)
{
	type("a\nbc\x7f\x7f\x7f\x7f" "d\n");
	EXPECT_EQ(take(), "a\n");
	EXPECT_EQ(take(), "d\n");
	EXPECT_STREQ(terminal_shown(), "a\r\nbc\b \b\b \bd\r\n");
}

TEST_F(Cooked, ErasesAWholeUtf8Character)
{
	type("x\xe2\x82\xac\x7f\n");
	EXPECT_EQ(take(), "x\n");
	EXPECT_STREQ(terminal_shown(), "x\xe2\x82\xac\b \b\r\n");
}

TEST_F(Cooked, ErasesATabAsWideAsItWas)
{
	type("ab\t\x7f\n");
	EXPECT_EQ(take(), "ab\n");
	EXPECT_STREQ(terminal_shown(), "ab\t\b\b\b\b\b\b\r\n");
}

TEST_F(Cooked, ErasesWordsAndLines)
{
	type("one two  \x17" "three\n");
	EXPECT_EQ(take(), "one three\n");
	type("forget this\x15" "yes\n");
	EXPECT_EQ(take(), "yes\n");
}

TEST_F(Cooked, ShowsControlCharacters)
{
	type("\x01\n");
	EXPECT_EQ(take(), "\x01\n");
	EXPECT_STREQ(terminal_shown(), "^A\r\n");
}

TEST_F(Cooked, EndOfFileEndsALineWithoutAByte)
{
	int ended;
	char byte;

	type("ab\x04");
	EXPECT_EQ(take(), "ab");
	type("\x04");
	EXPECT_EQ(terminal_readable(), 1u);
	EXPECT_EQ(terminal_take(&byte, 1, &ended), 0u);
	EXPECT_TRUE(ended);
	EXPECT_EQ(terminal_readable(), 0u);
}

TEST_F(Cooked, EndOfFileBehindAFullReadIsNoSecondEnd)
{
	int ended;
	char bytes[2];

	type("ab\x04");
	EXPECT_EQ(terminal_take(bytes, 2, &ended), 2u);
	EXPECT_EQ(terminal_readable(), 0u);
}

TEST_F(Cooked, SendsSignalsAndForgetsTheLine)
{
	type("half\x03");
	EXPECT_EQ(terminal_signals(), 1u << 2);
	EXPECT_STREQ(terminal_shown(), "half^C");
	type("\x1c\x1a");
	EXPECT_EQ(terminal_signals(), 1u << 3 | 1u << 20);
	type("new\n");
	EXPECT_EQ(take(), "new\n");
}

TEST_F(Cooked, KeepsTheEndOfALineThatIsTooLong)
{
	type(std::string(10000, 'x') + "\n");
	std::string line = take(5000);

	EXPECT_EQ(line.size(), 4096u);
	EXPECT_EQ(line.back(), '\n');
}

TEST_F(Cooked, StillTakesSignalsWhenFull)
{
	type(std::string(10000, 'x'));
	EXPECT_GT(terminal_room(), 0u);
	type("\x03");
	EXPECT_EQ(terminal_signals(), 1u << 2);
}

TEST_F(Cooked, HasNoRoomWhileLinesWaitToBeRead)
{
	for (int i = 0; i < 3000; i++)
		type("x\n");
	EXPECT_EQ(terminal_room(), 0u);
	take();
	EXPECT_GT(terminal_room(), 0u);
}

class Raw : public ::testing::Test {
protected:
	void SetUp() override { terminal_reset(TERMINAL_RAW); }
};

TEST_F(Raw, GivesEveryByteAtOnceAndShowsNothing)
{
	std::string all;

	for (int byte = 0; byte < 256; byte++)
		all += static_cast<char>(byte);
	type(all);
	EXPECT_EQ(take(), all);
	EXPECT_STREQ(terminal_shown(), "");
	EXPECT_EQ(terminal_signals(), 0u);
}

TEST_F(Raw, SaysHowMuchItCanKeepAndLosesNothingWithin)
{
	EXPECT_EQ(terminal_room(), 4096u);
	type(std::string(4096, 'y'));
	EXPECT_EQ(terminal_room(), 0u);
	EXPECT_EQ(take(5000).size(), 4096u);
}

} // namespace
