// SPDX-License-Identifier: Apache-2.0
// cpu.pressure: what it shows, and the triggers that are written to it.
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/sysfs/host.h"

TEST(CpuPressure, ShowsTwoDecimals)
{
	Host host;
	host.make("a");
	host.pressure = {{10000, 1234, 5, 67}, {30, 0, 100, 18446744073709551615U}};
	EXPECT_EQ(host.read("a/cpu.pressure"), "some avg10=100.00 avg60=12.34 avg300=0.05 total=67\n"
		"full avg10=0.30 avg60=0.00 avg300=1.00 total=18446744073709551615\n");
	EXPECT_EQ(host.read("cpu.pressure"), "some avg10=100.00 avg60=12.34 avg300=0.05 total=67\n"
		"full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
}

TEST(CpuPressure, TakesTriggersAsLinuxScansThem)
{
	Host host;
	host.make("a");
	const struct {
		std::string text;
		bool full;
		uint32_t threshold_us, window_us;
	} good[] = {
		{"some 150000 1000000", false, 150000, 1000000},
		{"full 150000 1000000\n", true, 150000, 1000000},
		{"some 1 1", false, 1, 1},
		{"some 10000000 10000000", false, 10000000, 10000000},
		{"some \t\v 007\r\n0008", false, 7, 8},     // any white space; 0 is no sign of octal
		{"some5 6", false, 5, 6},                    // also none
		{"some 5 6junk", false, 5, 6},               // nobody looks behind the second number
		{"full 5 6 7", true, 5, 6},
		{"some 4294967301 4294967302", false, 5, 6}, // of 2^32 and more the low 32 bits
		{"some 18446744073709551621 6", false, 5, 6},
		{std::string("some 5 67\0008", 11), false, 5, 67},
	};
	for (const auto &trigger : good) {
		host.watched = nullptr;
		EXPECT_EQ(host.write("a/cpu.pressure", trigger.text), 0) << trigger.text;
		ASSERT_EQ(host.watched, host.node("a")) << trigger.text;
		EXPECT_EQ(host.trigger.full, trigger.full) << trigger.text;
		EXPECT_EQ(host.trigger.threshold_us, trigger.threshold_us) << trigger.text;
		EXPECT_EQ(host.trigger.window_us, trigger.window_us) << trigger.text;
		EXPECT_TRUE(host.trigger.often);
	}
	EXPECT_EQ(host.write("cpu.pressure", "full 1 2"), 0); // on the root, too
	EXPECT_EQ(host.watched, host.node("."));
}

TEST(CpuPressure, RefusesWhatIsNoTrigger)
{
	Host host;
	host.make("a");
	const std::string bad[] = {"some", "some 5", "some 5 ", "some 5,6", "some -5 6", "some +5 6", "some 5 -6",
		"some 0x5 6", "some 5 0x6", "Some 5 6", "any 5 6", "ful 5 6", "somefull 5 6", " some 5 6", "\n",
		"5 6", "some five six", "some 5.0 6", "\xff\xfe some 5 6", "some  56",
		"some 0 1000000",           // no threshold
		"some 1000001 1000000",     // which is longer than the window
		"some 1 0", "some 0 0",     // no window
		"some 1 10000001",          // longer than 10 s
		"some 4294967296 1000000",  // 0 in 32 bits
		"some 5 4294967296", std::string("some 5\0 6", 9), std::string(4096, '5')};
	for (const std::string &text : bad)
		EXPECT_EQ(host.write("a/cpu.pressure", text), -EINVAL) << text;
	EXPECT_EQ(host.write("a/cpu.pressure", std::string(1, '\0')), -EINVAL);
	EXPECT_EQ(host.write("a/cpu.pressure", ""), 0);
	EXPECT_EQ(host.write("a/cpu.pressure", std::string(4097, ' ')), -E2BIG);
	EXPECT_EQ(host.watched, nullptr);
	struct sysfs_place place;
	host.find("a/cpu.pressure", &place);
	struct cg_node *a = host.node("a");
	host.remove("a");
	EXPECT_EQ(sysfs_store(&host.environment, place.row, a, "some 5 6", 8), -ENODEV);
	EXPECT_EQ(host.watched, nullptr);
}

TEST(CpuPressure, LetsTheUnprivilegedHaveWindowsOfWholeTwoSeconds)
{
	Host host;
	host.make("a");
	host.may_watch_often = false;
	for (const char *text : {"some 1 1000000", "some 1 1999999", "some 1 2000001", "some 1 3000000",
		     "some 1 9999999"})
		EXPECT_EQ(host.write("a/cpu.pressure", text), -EINVAL) << text;
	EXPECT_EQ(host.watched, nullptr);
	for (const char *text : {"some 1 2000000", "full 10000000 10000000", "some 5999999 6000000"}) {
		EXPECT_EQ(host.write("a/cpu.pressure", text), 0) << text;
		EXPECT_FALSE(host.trigger.often);
	}
}
