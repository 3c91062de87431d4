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

# Whatever the values are.
boot --config "$PWD/tests/execd/selftest" --append selftest --icount=3 --timeout 100 -- sleep 1
expect_sound
expect_log 'execd: qos set (svc=saver class=perf-burst shares=37 lat=2000us burst=30000us)'
expect_log 'execd: qos set (svc=idler class=idle shares=1 lat=10000us burst=0us)'
expect_log 'execd: qos set (svc=least class=normal shares=1 lat=3000us burst=0us)'
expect_log 'execd: qos set (svc=most class=normal shares=10000 lat=100000us burst=0us)'
reject_log 'execd: qos set (svc=rooted'

boot --append 'selftest sabotage=masks' --icount=3 --timeout 100 -- sleep 1
expect_sound
reject_log 'SELFTEST: affinity applied ok'
reject_log 'execd: affinity set'

boot --append 'selftest sabotage=shares' --icount=3 --timeout 100 -- sleep 1
expect_sound
expect_log 'SELFTEST: affinity applied ok'
expect_log 'execd: affinity set (svc=pinned mask=2 policy=cpus)'
reject_log 'SELFTEST: qos shares ratio ok'
reject_log 'execd: qos set'

boot --append 'selftest sabotage=qos' --icount=3 --timeout 100 -- sleep 1
expect_sound
expect_log 'execd: affinity set (svc=pinned mask=2 policy=cpus)'
expect_log 'SELFTEST: qos shares ratio ok'
reject_log 'execd: qos set'

boot --append 'selftest sabotage=burst' --icount=3 --timeout 100 -- sleep 1
expect_sound
expect_log 'SELFTEST: affinity applied ok'
expect_log 'SELFTEST: qos shares ratio ok'
expect_log 'execd: affinity set (svc=pinned mask=2 policy=cpus)'
reject_log 'execd: qos set'

# Only who has asked for a burst misses it.
boot --config "$PWD/tests/execd/selftest" --append 'selftest sabotage=quota-burst' --icount=3 --timeout 100 -- sleep 1
expect_sound
expect_log 'execd: affinity set (svc=saver mask=0-3 policy=any)'
expect_log 'execd: qos set (svc=least class=normal shares=1 lat=3000us burst=0us)'
reject_log 'execd: qos set (svc=saver'

# Where there is one CPU no mask can be seen to hold.
boot --smp 1 --append selftest --icount=3 --timeout 100 -- sleep 1
expect_sound
expect_log 'SELFTEST: qos shares ratio ok'
reject_log 'SELFTEST: affinity applied ok'

# An ordinary boot says nothing of it.
boot --icount=3 --timeout 100 -- sleep 1
reject_log 'SELFTEST:'
reject_log 'affinity set'
reject_log 'qos set'
