# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The self-test boot: every line is there, with what was measured; and each is missing when the kernel
# leaves out what it speaks of.

boot --append selftest --icount=3 --timeout 100 -- sleep 1
expect_sound
expect_status 0
expect_log 'SELFTEST: qos shares ratio ok'
expect_log 'SELFTEST: affinity applied ok'
expect_log 'execd: affinity set (svc=large mask=0-1 policy=any)'
expect_log 'execd: affinity set (svc=pinned mask=2 policy=cpus)'
expect_log 'execd: qos set (svc=large class=normal shares=300 lat=3000us burst=0us)'
expect_log 'execd: qos set (svc=small class=interactive shares=100 lat=5000us burst=0us)'

boot --append 'selftest sabotage=masks' --icount=3 --timeout 100 -- sleep 1
expect_sound
reject_log 'SELFTEST: affinity applied ok'
reject_log 'execd: affinity set'

boot --append 'selftest sabotage=shares' --icount=3 --timeout 100 -- sleep 1
expect_sound
expect_log 'SELFTEST: affinity applied ok'
expect_log 'execd: affinity set (svc=pinned mask=2 policy=cpus)'
reject_log 'SELFTEST: qos shares ratio ok'

boot --append 'selftest sabotage=qos' --icount=3 --timeout 100 -- sleep 1
expect_sound
expect_log 'execd: affinity set (svc=pinned mask=2 policy=cpus)'
expect_log 'SELFTEST: qos shares ratio ok'
reject_log 'execd: qos set'

# An ordinary boot says nothing of it.
boot --icount=3 --timeout 100 -- sleep 1
reject_log 'SELFTEST:'
reject_log 'affinity set'
reject_log 'qos set'
