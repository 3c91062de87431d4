# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# options.sh - the command line of ./run and of the tests' machines; sourced by both.
#
# parse_options fills the variables below, all of them checked; nothing is started here, so
# that a mistake costs no build. A mistake ends the program with 2.

smp=4
mem=256M
numa=0
distances=
cpu_nodes=
memory_nodes=
append=
config=demo
icount=no
slice=
limit=0
kernel=
capacities=
packages=1
threads=1
adds=()
command=()
run_name=${run_name:-run}

usage() {
	cat <<-'END'
		usage: ./run [OPTION]... [-- COMMAND [ARGUMENT]...]

		Boots Taper in QEMU: into a shell, or to run COMMAND once the services are up.

		  --smp N           CPUs, 1 to 512 (4)
		  --mem SIZE        memory: a number with M or G, M when left out (256M)
		  --numa N          split CPUs and memory evenly into N memory nodes, 1 to 64
		  --distances LIST  with --numa: how far each node is from each, row by row: 10,20,40,10
		  --cpu-nodes LIST  with --numa: the node of each CPU, if not evenly: 0,0,0,2
		  --memory-nodes LIST  with --numa: the node of each Nth of the memory: 0,1,1,3
		  --packages N      split the CPUs evenly into N packages, 1 to 512 (1)
		  --threads N       N CPUs at a time are the threads of one core, 1 to 8 (1)
		  --capacities LIST strengths of the CPUs, 512,512,1024,1024; without it all are equal
		  --append TEXT     add TEXT to the kernel's command line; may be repeated
		  --config DIR      what execd starts: the *.ini files of DIR instead of the demo's;
		                    `none`: no services, an empty tree
		  --icount[=N]      virtual time: an instruction is 2^N nanoseconds (1), runs repeat exactly
		  --slice USEC      with --icount: give each CPU turns of at most USEC microseconds
		  --timeout SECONDS end the machine after so many seconds
		  --add FILE[:PATH] put FILE into the guest, at PATH (/NAME when left out); repeatable
		  --kernel FILE     boot FILE instead of the kernel built here
		  --help            print this

		With COMMAND, standard output is the command's and nothing else, standard input reaches
		it unaltered but has no end, standard error has its errors and the kernel's log, and the
		exit status is the command's: 124 when the timeout ran out, 125 when the kernel panicked,
		130 after ^C. Without, leave with `poweroff` in the guest, or with ^A x.

		    ./run --add ./prog -- /prog --its-option
	END
}

# mistake WHAT: a wrong command line.
mistake() {
	printf '%s: %s\n%s: see ./run --help\n' "$run_name" "$1" "$run_name" >&2
	exit 2
}

# want_number OPTION VALUE MIN MAX
want_number() {
	[[ $2 =~ ^[1-9][0-9]{0,8}$|^0$ ]] && (($2 >= $3 && $2 <= $4)) ||
		mistake "$1 $2: not a whole number from $3 to $4"
}

# mebibytes SIZE: 512M, 2G or 256, as a number; fails on anything else.
mebibytes() {
	[[ $1 =~ ^([1-9][0-9]{0,6})([MmGg]?)$ ]] || return 1
	case ${BASH_REMATCH[2]} in
	[Gg]) echo $((BASH_REMATCH[1] * 1024)) ;;
	*) echo "${BASH_REMATCH[1]}" ;;
	esac
}

# want_file OPTION FILE
want_file() {
	[[ -e $2 ]] || mistake "$1 $2: no such file"
	[[ -f $2 || -p $2 ]] || mistake "$1 $2: not a file"
	[[ -r $2 ]] || mistake "$1 $2: may not be read (permission denied)"
}

# add_path SPEC, add_file SPEC: the halves of FILE[:PATH]; PATH begins with a slash.
add_file() { if [[ $1 == ?*:/* ]]; then echo "${1%:/*}"; else echo "$1"; fi; }
add_path() { if [[ $1 == ?*:/* ]]; then echo "/${1##*:/}"; else echo "/${1##*/}"; fi; }

# want_list OPTION LIST EXAMPLE: numbers, separated by commas; 0 is one of the nodes alone.
want_list() {
	[[ $2 =~ ^(0|[1-9][0-9]{0,8})(,(0|[1-9][0-9]{0,8}))*$ && ($1 == *-nodes || ,$2, != *,0,*) ]] ||
		mistake "$1 $2: not numbers such as $3"
}

# want_count OPTION LIST COUNT WHAT: so many of them, or no list at all.
want_count() {
	local commas=${2//[^,]/}
	[[ -z $2 ]] || ((${#commas} + 1 == $3)) || mistake "$1 $2: not one for each of the $3 $4"
}

# want_nodes OPTION LIST: numbers of nodes, or no list at all.
want_nodes() {
	local node
	for node in ${2//,/ }; do
		((node < numa)) || mistake "$1 $2: there is no node $node"
	done
}

want_add() {
	local path
	path=$(add_path "$1")
	want_file --add "$(add_file "$1")"
	[[ /$path/ != */../* && /$path/ != */./* && $path != */ ]] ||
		mistake "--add $1: the path in the guest must name a file, without . and .."
}

want_config() {
	[[ $1 != demo && $1 != none ]] || return 0
	[[ -d $1 ]] || mistake "--config $1: no such directory"
	compgen -G "$1/*.ini" >/dev/null ||
		mistake "--config $1: no *.ini file in it; for no services say --config none"
}

parse_options() {
	while (($#)); do
		case $1 in
		--help | -h)
			usage
			exit 0
			;;
		--icount)
			icount=0
			shift
			continue
			;;
		--icount=*)
			want_number --icount "${1#*=}" 0 10 && icount=${1#*=}
			shift
			continue
			;;
		--)
			shift
			(($#)) || mistake "-- without a command"
			command=("$@")
			break
			;;
		--*=*)
			set -- "${1%%=*}" "${1#*=}" "${@:2}"
			continue
			;;
		--smp | --mem | --numa | --distances | --cpu-nodes | --memory-nodes | --packages | \
			--threads | --capacities | --append | --config | --slice | --timeout | --add | \
			--kernel)
			(($# > 1)) || mistake "$1 needs a value"
			;;
		-*) mistake "$1: no such option" ;;
		*) mistake "$1: not an option; a command comes after --" ;;
		esac
		case $1 in
		--smp) want_number "$1" "$2" 1 512 && smp=$2 ;;
		--mem)
			mebibytes "$2" >/dev/null || mistake "--mem $2: not a size such as 256M or 2G"
			mem=$2
			;;
		--numa) want_number "$1" "$2" 1 64 && numa=$2 ;;
		--distances) want_list "$1" "$2" 10,20,40,10 && distances=$2 ;;
		--cpu-nodes) want_list "$1" "$2" 0,0,0,2 && cpu_nodes=$2 ;;
		--memory-nodes) want_list "$1" "$2" 0,1,1,3 && memory_nodes=$2 ;;
		--packages) want_number "$1" "$2" 1 512 && packages=$2 ;;
		--threads) want_number "$1" "$2" 1 8 && threads=$2 ;;
		--capacities) want_list "$1" "$2" 512,512,1024,1024 && capacities=$2 ;;
		--append) append+="${append:+ }$2" ;;
		--config) want_config "$2" && config=$2 ;;
		--slice) want_number "$1" "$2" 1 1000000 && slice=$2 ;;
		--timeout) want_number "$1" "$2" 1 1000000 && limit=$2 ;;
		--add) want_add "$2" && adds+=("$2") ;;
		--kernel) want_file "$1" "$2" && kernel=$2 ;;
		esac
		shift 2
	done
	((numa <= smp)) || mistake "--numa $numa: more memory nodes than CPUs ($smp)"
	((smp % (packages * threads) == 0)) ||
		mistake "--packages $packages --threads $threads: $smp CPUs cannot be split like that"
	want_count --capacities "$capacities" "$smp" CPUs
	want_count --cpu-nodes "$cpu_nodes" "$smp" CPUs
	want_count --memory-nodes "$memory_nodes" "$numa" "memory nodes"
	want_count --distances "$distances" $((numa * numa)) "pairs of nodes"
	want_nodes --cpu-nodes "$cpu_nodes"
	want_nodes --memory-nodes "$memory_nodes"
	((numa <= $(mebibytes "$mem"))) || mistake "--numa $numa: less than 1M for a node"
	[[ -z $slice || $icount != no ]] || mistake "--slice needs --icount"
}
