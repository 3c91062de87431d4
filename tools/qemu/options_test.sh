#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# options_test.sh - every mistake on ./run's command line ends with 2 and says what is wrong,
# and every right one fills the variables. No machine is started.
set -euo pipefail

# shellcheck source=tools/qemu/options.sh
source tools/qemu/options.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
: >"$scratch/prog"
mkdir "$scratch/empty" "$scratch/good"
: >"$scratch/good/a.ini"

# mistaken TEXT OPTION...: refused with 2, and the message holds TEXT.
mistaken() {
	local said status=0
	said=$( (parse_options "${@:2}") 2>&1) || status=$?
	((status == 2)) && [[ $said == *"$1"* ]] || {
		echo "FAILED: ${*:2}: status $status, says: $said"
		exit 1
	}
}

# means TEXT OPTION...: accepted, and the variables are TEXT.
means() {
	local is
	is=$(parse_options "${@:2}" &&
		echo "$smp $mem $numa [$append] $config $icount ${slice:--} $limit [${adds[*]}] [${command[*]}]")
	[[ $is == "$1" ]] || {
		echo "FAILED: ${*:2}: $is, not $1"
		exit 1
	}
}

mistaken "--smp 0: not a whole number from 1 to 512" --smp 0
mistaken "--smp 513: not" --smp 513
mistaken "--smp 08: not" --smp=08
mistaken "--smp -1: not" --smp -1
mistaken "--smp 1;id: not" --smp "1;id"
mistaken "--smp needs a value" --smp
mistaken "--mem 5Q: not a size" --mem 5Q
mistaken "--mem 0: not a size" --mem 0
mistaken "--numa 5: more memory nodes than CPUs (4)" --numa 5
mistaken "--numa 4: less than 1M" --numa 4 --mem 3M
mistaken "--numa 65: not a whole number from 1 to 64" --numa 65 --smp 65
mistaken "--capacities 1,: not numbers" --capacities 1,
mistaken "--capacities 1,0: not numbers" --capacities 1,0
mistaken "--distances 10,0: not numbers" --distances 10,0
mistaken "--distances 10,20: not one for each of the 4 pairs of nodes" --numa 2 --distances 10,20
mistaken "--cpu-nodes 0,1: not one for each of the 4 CPUs" --numa 2 --cpu-nodes 0,1
mistaken "--memory-nodes 0: not one for each of the 2 memory nodes" --numa 2 --memory-nodes 0
mistaken "--memory-nodes 0,2: there is no node 2" --numa 2 --memory-nodes 0,2
mistaken "--threads 9: not a whole number from 1 to 8" --threads 9
mistaken "--packages 2 --threads 4: 4 CPUs cannot be split like that" --packages 2 --threads 4
mistaken "--packages 3 --threads 1: 4 CPUs cannot" --packages 3
mistaken "--capacities 1,2: not one for each of the 4 CPUs" --capacities 1,2
mistaken "--timeout x: not" --timeout x
mistaken "--icount 11: not a whole number from 0 to 10" --icount=11
mistaken "--slice needs --icount" --slice 10
mistaken "--add $scratch/none: no such file" --add "$scratch/none"
mistaken "--add $scratch/empty: not a file" --add "$scratch/empty"
mistaken "without . and .." --add "$scratch/prog:/a/../b"
mistaken "without . and .." --add "$scratch/prog:/a/"
mistaken "--config $scratch/none: no such directory" --config "$scratch/none"
mistaken "no *.ini file" --config "$scratch/empty"
mistaken "--kernel $scratch/none: no such file" --kernel "$scratch/none"
mistaken "-- without a command" --
mistaken "--frob: no such option" --frob
mistaken "ls: not an option; a command comes after --" ls

means "4 256M 0 [] demo no - 0 [] []"
means "512 2G 64 [] demo no - 0 [] []" --smp 512 --mem=2G --numa 64
means "8 256M 0 [] demo no - 0 [] []" --smp 8 --packages 2 --threads=2
means "1 32 0 [a b=c] none 0 10 7 [] []" --smp 1 --mem 32 --append a --append b=c \
	--config none --icount --slice 10 --timeout 7
means "4 256M 0 [] demo 6 - 0 [] []" --icount=6
means "4 256M 0 [] $scratch/good no - 0 [] []" --config "$scratch/good"
means "4 256M 0 [] demo no - 0 [$scratch/prog $scratch/prog:/bin/x] [ls --smp 9]" \
	--add "$scratch/prog" --add "$scratch/prog:/bin/x" -- ls --smp 9

[[ $(add_path a/b) == /b && $(add_file a/b) == a/b ]] || exit 1
[[ $(add_path a:b:/c/d) == /c/d && $(add_file a:b:/c/d) == a:b ]] || exit 1
