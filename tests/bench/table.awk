# SPDX-License-Identifier: Apache-2.0
#
# table.awk - the table of tests/bench/run. Reads rows.txt; `work` is the folder with what each machine
# printed, a file `KERNEL.MACHINE` each, `kernels` their names.

# A measure that was taken several times counts with its mean.
function load(kernel, machine,    file, line, word, key) {
	file = work "/" kernel "." machine
	while ((getline line <file) > 0) {
		sub(/\r$/, "", line)
		if (split(line, word, " ") != 3)
			continue
		key = kernel SUBSEP machine SUBSEP word[1]
		times[key]++
		value[key] += (word[2] - value[key]) / times[key]
	}
}

# The figure, or 0 and a complaint.
function figure(kernel, machine, name) {
	if (value[kernel, machine, name] + 0 > 0)
		return value[kernel, machine, name] + 0
	complain(name " was not measured on " kernel ", machine `" machine "`")
	return 0
}

function complain(text) {
	print "tests/bench/run: " text >"/dev/stderr"
	failed = 1
}

# How it grows from depth 1 to 4 and 16. Where children of the root compete with each other and with a rival, those of
# other groups hand over what they are owed: that has a price, and is not to grow from there.
function growth(kernel, name,    one, four, sixteen, from) {
	one = figure(kernel, "one", "d1." name)
	four = figure(kernel, "one", "d4." name)
	sixteen = figure(kernel, "one", "d16." name)
	if (!one)
		return "-"
	from = name ~ "^rival" ? 4 : 1
	if (kernel == "taper" && name ~ held && name !~ chance && sixteen > 1.05 * (from == 1 ? one : four))
		complain(name " grows by more than 5 % from depth " from " to 16: " one ", " four ", " sixteen)
	return sprintf("%.2f, %.2f", four / one, sixteen / one)
}

function row(what, cpus, ours, theirs, our_growth, their_growth) {
	printf "| %s | %d | %d |", what, cpus, ours + 0.5
	if (!peer)
		printf " %s |\n", our_growth
	else
		printf " %d | %.2f | %s | %s |\n", theirs + 0.5, theirs ? ours / theirs : 0, our_growth,
			their_growth
	if (peer && ours > theirs / 2)
		complain(what ": more than half of what Linux takes: " ours " of " theirs)
}

BEGIN {
	FS = " *[|] *"
	# A switch, a wake-up or a start is not to depend on the depth; a path has a name for each level, and a
	# move counts in each node above.
	# How often a thousand tasks switch for their messages is chance, for a few hundred instructions each.
	held = "^(ctx|rival|yield|wake|fork|exec)"
	# Once in a millisecond somebody weighs all levels anew; whether that meets one wake-up of a hundred is chance.
	chance = "[.]p99$"
	count = split(kernels, kernel, " ")
	peer = count > 1
	for (k = 1; k <= count; k++) {
		load(kernel[k], "one")
		load(kernel[k], "two")
		load(kernel[k], "turns")
	}
	print "| measure (instructions) | CPUs | Taper |" \
		(peer ? " Linux | of Linux | Taper at depth 4, 16 | Linux at depth 4, 16 |" : " at depth 4, 16 |")
	print peer ? "|---|---|---|---|---|---|---|" : "|---|---|---|---|"
}

/^#/ || NF < 3 { next }
$1 == "depth" {
	row($3, 1, figure("taper", "one", "d1." $2), peer ? figure("linux", "one", "d1." $2) : 0,
		growth("taper", $2), peer ? growth("linux", $2) : "")
	next
}
{
	row($3, $1 == "one" ? 1 : 2, figure("taper", $1, $2), peer ? figure("linux", $1, $2) : 0, "", "")
}

END {
	for (k = 1; k <= count; k++)
		printf "%sFairness on %s, worst error of a share: flat %s %%, nested two levels %s %%; " \
			"reset to the benchmark: %.3f s\n", k == 1 ? "\n" : "", kernel[k],
			value[kernel[k], "two", "fair.flat.worst_error"],
			value[kernel[k], "two", "fair.nested.worst_error"],
			value[kernel[k], "one", "info.boottime"]
	exit failed
}
