// SPDX-License-Identifier: Apache-2.0
// `schedctl trace`: what becomes of records; every output is read back by a JSON parser.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "tests/tools/failing_malloc.h"

extern "C" {
#include "tools/schedctl/timeline.h"
}

namespace {

struct trace_record Record(uint64_t us, enum trace_event event, unsigned int cpu, int32_t tid,
			   const char *name, int32_t other = 0, uint32_t value = 0)
{
	struct trace_record record = {};
	record.time_ns = 7000000000 + us * 1000;
	record.event = static_cast<uint16_t>(event);
	record.cpu = static_cast<uint16_t>(cpu);
	record.tid = tid;
	record.other = other;
	record.value = value;
	std::memcpy(record.name, name, strnlen(name, sizeof(record.name)));
	return record;
}

// The timeline's text; fails when Python does not take it for JSON with a list of events.
std::string Timeline(std::vector<struct trace_record> records)
{
	char *text = nullptr;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	EXPECT_TRUE(timeline_write(stream, records.data(), records.size()));
	fclose(stream);
	std::string answer(text, size);
	std::free(text);
	FILE *parser = popen("python3 -c 'import json, sys\n"
			     "t = json.load(sys.stdin.buffer)\n"
			     "for e in t[\"traceEvents\"]: e[\"ph\"], e[\"name\"], e[\"ts\"] >= 0, e[\"tid\"]'", "w");
	fwrite(answer.data(), 1, answer.size(), parser);
	EXPECT_EQ(pclose(parser), 0) << answer;
	return answer;
}

size_t Count(const std::string &text, const std::string &what)
{
	size_t count = 0;
	for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
		count++;
	return count;
}

TEST(Timeline, IsEmptyWithoutRecords)
{
	std::string text = Timeline({});
	EXPECT_EQ(Count(text, "\"ph\":"), 1U); // the name of the whole
}

TEST(Timeline, MakesASliceOfEachTurn)
{
	std::string text = Timeline({
		Record(10, TRACE_SWITCH, 0, 5, "shell", 0, TRACE_RUNNABLE),
		Record(25, TRACE_SWITCH, 0, 0, "idle", 5, TRACE_SLEEPS),
		Record(40, TRACE_SWITCH, 0, 6, "other", 0, TRACE_RUNNABLE),
		Record(41, TRACE_SWITCH, 1, 5, "shell", 0, TRACE_RUNNABLE),
	});
	EXPECT_NE(text.find("{\"ph\":\"X\",\"pid\":1,\"tid\":0,\"ts\":0.000,\"dur\":15.000,\"name\":\"shell\","
			    "\"args\":{\"tid\":5,\"end\":\"sleeps\"}}"), std::string::npos) << text;
	EXPECT_NE(text.find("\"ts\":30.000,\"dur\":1.000,\"name\":\"other\",\"args\":{\"tid\":6,\"end\":\"?\"}"),
		  std::string::npos) << text;
	EXPECT_EQ(Count(text, "\"ph\":\"X\""), 3U) << "the idle task has no slice, an open one ends with the trace";
	EXPECT_EQ(Count(text, "\"thread_name\""), 2U);
}

TEST(Timeline, DrawsAnArrowFromAWakeUpToTheSliceItLedTo)
{
	std::string text = Timeline({
		Record(0, TRACE_SWITCH, 0, 5, "a", 0, 0),
		Record(3, TRACE_WAKE, 0, 6, "b", 5, 1),
		Record(4, TRACE_WAKE, 0, 7, "never", 5, 1),
		Record(9, TRACE_SWITCH, 1, 6, "b", 0, 0),
		Record(12, TRACE_SWITCH, 1, 8, "c", 6, 0),
		Record(15, TRACE_SWITCH, 1, 6, "b", 8, 0),
	});
	EXPECT_EQ(Count(text, "\"ph\":\"s\""), 2U);
	EXPECT_EQ(Count(text, "\"ph\":\"f\""), 1U) << text;
	EXPECT_NE(text.find("{\"ph\":\"f\",\"pid\":1,\"tid\":1,\"ts\":9.000,\"name\":\"wake-up\",\"cat\":\"wake\","
			    "\"id\":1,\"bp\":\"e\"}"), std::string::npos) << text;
}

TEST(Timeline, SortsByTimeAcrossCpus)
{
	std::string text = Timeline({
		Record(5, TRACE_SWITCH, 0, 5, "later", 0, 0),
		Record(9, TRACE_SWITCH, 0, 0, "idle", 5, 1),
		Record(1, TRACE_WAKE, 1, 5, "later", 0, 0),
	});
	EXPECT_EQ(Count(text, "\"ph\":\"f\""), 1U) << text;
	EXPECT_NE(text.find("\"ts\":4.000,\"dur\":4.000"), std::string::npos) << text;
}

TEST(Timeline, LeavesAGapWhereRecordsWereLost)
{
	std::string text = Timeline({
		Record(0, TRACE_SWITCH, 0, 5, "a", 0, 0),
		Record(5, TRACE_LOST, 0, 0, "", 0, 123),
		Record(9, TRACE_SWITCH, 0, 6, "b", 5, 0),
		Record(12, TRACE_SWITCH, 0, 5, "a", 6, 0),
	});
	EXPECT_NE(text.find("\"records lost\",\"args\":{\"task\":\"\",\"tid\":0,\"count\":123}"), std::string::npos)
		<< text;
	EXPECT_NE(text.find("\"dur\":5.000,\"name\":\"a\",\"args\":{\"tid\":5,\"end\":\"?\"}"), std::string::npos);
	EXPECT_NE(text.find("\"dur\":3.000,\"name\":\"b\""), std::string::npos);
}

TEST(Timeline, ShowsEveryEventAndAnyName)
{
	std::vector<struct trace_record> records;
	for (int event = 0; event < TRACE_EVENT_COUNT + 2; event++)
		records.push_back(Record(static_cast<uint64_t>(event), static_cast<enum trace_event>(event), 0, 5,
					 "q\"\\\x01\xff\n</0123456789", 3, 1));
	std::string text = Timeline(records);
	EXPECT_NE(text.find("\"task\":\"q\\u0022\\u005c\\u0001\\u00ff\\u000a</01234567\""), std::string::npos) << text;
	for (const char *name : {"records lost", "wake-up", "migration", "mask", "throttled", "released", "CPU online"})
		EXPECT_NE(text.find(std::string("\"name\":\"") + name), std::string::npos) << name;
}

TEST(Timeline, IsJsonWhateverTheRecords)
{
	const char *given = std::getenv("TAPER_FUZZ_SEED");
	uint64_t seed = given ? std::strtoull(given, nullptr, 0) : 1;
	SCOPED_TRACE("seed " + std::to_string(seed));
	std::mt19937_64 random(seed);
	std::vector<struct trace_record> records(3000);
	for (struct trace_record &record : records) {
		for (size_t i = 0; i < sizeof(record); i++)
			reinterpret_cast<unsigned char *>(&record)[i] = static_cast<unsigned char>(random());
		record.event %= TRACE_EVENT_COUNT + 1;
		record.cpu %= 9;
		record.time_ns %= 1000000;
		if (random() % 2)
			record.tid = static_cast<int32_t>(random() % 8);
	}
	Timeline(records);
}

// Without memory to sort in, too: the C library has a way then that keeps no order.
TEST(Timeline, KeepsTheOrderOfEqualTimes)
{
	std::vector<struct trace_record> records;
	unsigned int failures = 0;

	for (int i = 0; i < 200; i++)
		records.push_back(Record(5, TRACE_SWITCH, 0, i + 1, "task", i, TRACE_RUNNABLE));
	std::string whole = Timeline(records);
	for (bool failed = true; failed && failures < 100; failures += failed) {
		std::vector<struct trace_record> copy = records;
		std::string text(whole.size() + 1000, '\0');
		FILE *stream = fmemopen(text.data(), text.size(), "w");

		setvbuf(stream, nullptr, _IONBF, 0);
		fail_malloc(failures + 1);
		bool done = timeline_write(stream, copy.data(), copy.size());
		failed = malloc_has_failed();
		fclose(stream);
		EXPECT_TRUE(done ? text.c_str() == whole : failed) << "allocation " << failures + 1;
	}
	EXPECT_GE(failures, 3U);
}

} // namespace
