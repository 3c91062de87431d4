// SPDX-License-Identifier: Apache-2.0
/*
 * replay_test.cc - the recorded conversations with Linux, and ours where Linux is at fault, line for line,
 * played on the host.
 */
#include <gtest/gtest.h>

#include <memory>

#include "tests/oracle/replay.h"
#include "tests/oracle/trace.h"

class HostPlayer : public Player
{
      public:
	bool knows(const std::string &file) const override
	{
		return Replay::knows(file);
	}

	void start_sequence() override
	{
		Recorder recorder = replay_ ? replay_->recorder() : Recorder::IsFresh;
		replay_ = std::make_unique<Replay>(isolated_, recorder);
	}

	std::vector<std::string> run(size_t, const std::string &operation) override
	{
		return replay_->run(operation);
	}

	explicit HostPlayer(const std::string &isolated) : isolated_(isolated) {}

      private:
	std::string isolated_; /* isolcpus= of the recorder's machine */
	std::unique_ptr<Replay> replay_;
};

class Oracle : public testing::TestWithParam<std::string>
{
};

TEST_P(Oracle, AgreesLineForLine)
{
	bool is_taper = GetParam().rfind("taper", 0) == 0;
	bool is_isolated = GetParam().find("isolcpus") != std::string::npos;
	HostPlayer player(is_isolated ? "6-7" : "");
	Comparison comparison = compare_with_trace(GetParam(), &player);
	for (const std::string &failure : comparison.failures)
		ADD_FAILURE() << failure;
	EXPECT_GT(comparison.compared, is_taper ? 5U : 350U);
}

INSTANTIATE_TEST_SUITE_P(Traces, Oracle,
	testing::Values(
		"core", "effective", "affinity", "weight", "threaded", "mems", "syntax", "hotplug",
		"partition", "isolcpus", "taper", "taper_isolcpus"),
	[](const auto &info) { return info.param; });
