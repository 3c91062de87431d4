// SPDX-License-Identifier: Apache-2.0
/*
 * cg.h - the tree: nodes that narrow the CPUs of what is below them and carry shares, and the
 * threads (members) that live in them.
 *
 * It answers as Linux 6.12's cgroup v2 does. An operation checks everything that may fail and
 * then changes what cannot; a refused one leaves the tree bit for bit as it was. What an
 * operation changed is queued in the tree (cg_next_changed_*), for the caller to publish.
 *
 * Nothing here allocates: nodes, their names and members are the caller's memory, and stay where
 * they are while they are in the tree.
 *
 * Context: the caller holds whatever guards the tree; nothing here sleeps or locks.
 * Fields: (i) fixed while in the tree   (t) that guard
 */
#ifndef CGROUPS_CG_H
#define CGROUPS_CG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgroups/cpumask.h"
#include "cgroups/link.h"

struct cg_tree;

enum {
	CG_NAME_MAX = 255,
	CG_SHARES_DEFAULT = 1024, /* what weight 100 is in shares */
	CG_SHARES_IDLE = 3,       /* a node with cpu.idle */
	CG_WEIGHT_MIN = 1,
	CG_WEIGHT_DEFAULT = 100,
	CG_WEIGHT_MAX = 10000,
	CG_NICE_MIN = -20,
	CG_NICE_MAX = 19,
	CG_LIMIT_NONE = INT32_MAX, /* cgroup.max.*, pids.max: "max" */
	CG_PIDS_MAX = 4194304,     /* the highest other pids.max */
	CG_PERIOD_DEFAULT_US = 100000, /* cpu.max */
	CG_PERIOD_MIN_US = 1000,
	CG_PERIOD_MAX_US = 1000000,
	CG_QUOTA_MIN_US = 1000,
	CG_PAGE_SIZE = 4096, /* the unit of memory.max */
};
#define CG_QUOTA_MAX_US ((UINT64_C(1) << 44) - 1) /* quota and burst together */
#define CG_QUOTA_NONE UINT64_MAX                  /* cpu.max: "max" */
#define CG_MEMORY_NONE ((uint64_t)INT64_MAX / CG_PAGE_SIZE) /* memory.max: "max" */

/* A cpu.weight in shares, rounded to the nearest. */
static inline uint32_t cg_shares_of_weight(uint32_t weight)
{
	return (weight * CG_SHARES_DEFAULT + CG_WEIGHT_DEFAULT / 2) / CG_WEIGHT_DEFAULT;
}

/* In the order in which cgroup.controllers lists them. */
enum cg_controller { CG_CPUSET, CG_CPU, CG_MEMORY, CG_PIDS, CG_CONTROLLER_COUNT };

/* Sets of controllers, 1 << enum cg_controller. The threaded ones tell threads apart. */
typedef uint8_t cg_controllers;
enum {
	CG_HAS_CPUSET = 1 << CG_CPUSET,
	CG_HAS_CPU = 1 << CG_CPU,
	CG_HAS_MEMORY = 1 << CG_MEMORY,
	CG_HAS_PIDS = 1 << CG_PIDS,
	CG_THREADED_CONTROLLERS = CG_HAS_CPUSET | CG_HAS_CPU | CG_HAS_PIDS,
};

/* What the surrounding system enforces beyond masks and shares: a file over a setting that it does
 * not enforce is not there. */
enum cg_feature {
	CG_FEATURE_BANDWIDTH = 1, /* cpu.max, cpu.max.burst */
	CG_FEATURE_FREEZE = 2,    /* cgroup.freeze */
	CG_FEATURE_KILL = 4,      /* cgroup.kill */
	CG_FEATURE_MEMS = 8,      /* cpuset.mems */
	CG_FEATURE_PARTITIONS = 16, /* cpuset.cpus.exclusive, .partition, .isolated */
	CG_FEATURE_ALL = 31,
};

enum cg_type { CG_DOMAIN, CG_DOMAIN_THREADED, CG_DOMAIN_INVALID, CG_THREADED };

/* What a move takes along. */
enum cg_scope { CG_PROCESS, CG_THREAD };

/* What changed in a node since its changes were last taken: bits of cg_next_changed_node(). */
enum cg_change {
	CG_CHANGED_EFFECTIVE = 1, /* cpuset.cpus.effective (its members' masks are queued too) */
	CG_CHANGED_SHARES = 2,    /* cg_node_shares(), or whether it competes as a group at all */
	CG_CHANGED_EVENTS = 4,    /* cgroup.events: populated */
	CG_CHANGED_PIDS = 8,      /* pids.events */
	CG_CHANGED_BANDWIDTH = 16, /* quota, period or burst */
	CG_CHANGED_FROZEN = 32,   /* cg_node_is_frozen(), and so cgroup.events */
	CG_CHANGED_MEMS = 64,     /* cpuset.mems.effective */
	CG_CHANGED_PARTITION = 128, /* cpuset.cpus.partition */
	CG_CHANGED_FREEZE = 256,  /* cg_node_freezes(): its members are to stop or to go on */
	CG_CHANGED_MEMORY_MAX = 512,     /* memory.max */
	CG_CHANGED_MEMORY_EVENTS = 1024, /* memory.events */
	CG_CHANGED_MEMORY_LOCAL = 2048,  /* memory.events.local */
	CG_CHANGED_QOS = 4096,    /* cg_node_qos(), cg_node_latency_us(): what its members inherit */
};

/* cpuset.cpus.partition: what a node wants to be. */
enum cg_partition { CG_MEMBER, CG_ROOT, CG_ISOLATED };

/* What memory.events counts. */
enum cg_memory_event {
	CG_MEMORY_EVENT_MAX,            /* memory.max refused a charge */
	CG_MEMORY_EVENT_OOM,            /* nothing could be reclaimed: someone is to be killed */
	CG_MEMORY_EVENT_OOM_KILL,       /* a process was */
	CG_MEMORY_EVENT_OOM_GROUP_KILL, /* everybody was, by memory.oom.group */
	CG_MEMORY_EVENT_COUNT,
};

/* QoS classes: when a task runs, not how much. The numbers are those of the system calls. */
enum cg_qos {
	CG_QOS_IDLE, CG_QOS_NORMAL, CG_QOS_INTERACTIVE, CG_QOS_PERF_BURST,
	CG_QOS_INHERITED, /* what the node above has; at the top CG_QOS_NORMAL */
};

/* sched.latency_ms, and the hint of a task, in us. */
enum { CG_LATENCY_NONE = 0, CG_LATENCY_MIN_US = 100, CG_LATENCY_MAX_US = 100000 };

/* sched.cpu_class: the kind of CPUs that a node wants. */
enum cg_cpu_class { CG_ANY_CPU, CG_PERFORMANCE, CG_EFFICIENCY, CG_CPU_CLASS_COUNT };

/* Why it is not: cg_node_is_partition() is true of one without a fault only. */
enum cg_fault {
	CG_FAULT_NONE,
	CG_FAULT_LIST,           /* none of its CPUs is its parent's, or they are taken */
	CG_FAULT_INVALID_PARENT, /* the parent wants to be a partition and is none */
	CG_FAULT_PARENT,         /* the parent is a member */
	CG_FAULT_SHARED,         /* a sibling asks for one of its CPUs */
	CG_FAULT_NO_CPU,         /* it, or its parent, has tasks and would have no CPU */
	CG_FAULT_HOTPLUG,        /* the same, because CPUs went */
	CG_FAULT_EMPTY,          /* it asks for no CPU */
	CG_FAULT_HOUSEKEEPING,   /* CPUs isolated at boot are for isolated partitions only */
	CG_FAULT_PERMISSION,     /* CPUs of the tree's root are for the privileged */
	CG_FAULT_REMOTE,         /* a partition further down has its CPUs already */
	CG_FAULT_COUNT,
};

struct cg_node {
	struct cg_tree *tree;     /* (i) */
	struct cg_node *parent;   /* (i) NULL: the root, or removed */
	const char *name;         /* (i) name_length bytes, the caller's; "" for the root */
	uint64_t id;              /* (i) never used again; rises, so children are in its order */
	uint16_t depth;           /* (i) 0 for the root */
	uint8_t name_length;      /* (i) */
	bool dead;                /* (t) removed: answers -ENODEV to everything */

	struct cg_link siblings;  /* (t) in parent->children, oldest first */
	struct cg_link children;  /* (t) head */
	struct cg_link name_link; /* (t) in one of the tree's buckets */
	struct cg_link members;   /* (t) head, in order of arrival */
	struct cg_link changed_link; /* (t) in the tree's queue of changed nodes */
	uint16_t changed;         /* (t) enum cg_change; 0: not in that queue */

	cg_controllers subtree_control; /* (t) enabled for the children */
	struct cg_node *domain;   /* (t) itself, or the root of the threaded subtree it is in */
	uint32_t threaded_children; /* (t) children of type CG_THREADED */
	uint32_t populated_domain_children, populated_threaded_children; /* (t) */
	uint32_t member_count;    /* (t) members here */
	uint32_t child_count;     /* (t) children here */
	uint32_t descendant_count; /* (t) nodes below */
	int32_t descendants_max;  /* (t) cgroup.max.descendants */
	int32_t depth_max;        /* (t) cgroup.max.depth */

	struct cpumask cpus;      /* (t) cpuset.cpus: the request */
	bool asks;                /* (t) it is not empty */
	struct cpumask effective; /* (t) cpuset.cpus.effective */
	struct cpumask exclusive; /* (t) cpuset.cpus.exclusive: the request */
	struct cpumask exclusive_effective; /* (t) what of it, or of a partition's cpus, it has */
	uint8_t cpu_class;        /* (t) enum cg_cpu_class: what of them it wants */
	uint8_t partition;        /* (t) enum cg_partition: what it wants to be */
	uint8_t fault;            /* (t) enum cg_fault: why it is not */
	bool remote;              /* (t) a partition that has its CPUs from the tree's root */
	bool borrows;             /* (t) a partition with no CPU of its own that uses its parent's */
	uint32_t partition_children; /* (t) children that want to be partitions */
	struct cg_link partition_link; /* (t) in tree->partitions while it is one */
	struct cg_link beside_link; /* (t) in tree->beside */
	struct cg_node *taker;    /* (t) while there: what child took CPUs, or the last; NULL: many */
	bool in_turn;             /* (t) while there: its children were being looked at in turn */
	uint64_t mems;            /* (t) cpuset.mems: the request, one bit a memory node */
	uint64_t effective_mems;  /* (t) cpuset.mems.effective */

	uint8_t qos;              /* (t) sched.qos: enum cg_qos */
	uint32_t latency_us;      /* (t) sched.latency_ms; CG_LATENCY_NONE: that of the node above */
	uint32_t shares;          /* (t) by cpu.weight or .nice */
	bool idle;                /* (t) cpu.idle */
	uint64_t quota_us;        /* (t) cpu.max: CPU time in each period, or CG_QUOTA_NONE */
	uint64_t period_us;       /* (t) cpu.max */
	uint64_t burst_us;        /* (t) cpu.max.burst: saved time that may be used on top */

	bool opaque;              /* (t) sched.opaque: who is here or below sees no more than that */
	bool freeze;              /* (t) cgroup.freeze: its own request */
	uint32_t freezers;        /* (t) nodes from here up that request it */
	uint32_t running_count;   /* (t) members here and below that have not stopped */

	int32_t pids_max;         /* (t) pids.max */
	int32_t task_count;       /* (t) members here and below */
	uint64_t pids_refused;    /* (t) pids.events: forks that this limit or one below refused */
	uint64_t pids_refused_here; /* (t) pids.events.local: that this limit refused */

	uint64_t memory_max;      /* (t) memory.max in pages, or CG_MEMORY_NONE */
	bool memory_oom_group;    /* (t) memory.oom.group */
	uint64_t memory_events[CG_MEMORY_EVENT_COUNT];      /* (t) of it and what is below */
	uint64_t memory_events_here[CG_MEMORY_EVENT_COUNT]; /* (t) memory.events.local */
};

/* A thread's place in the tree. The caller reads it under the guard and changes nothing in it but
 * tid (a thread that takes over its process's identity in execve). */
struct cg_member {
	struct cg_node *node;     /* (t) NULL: in no tree */
	struct cg_link node_link; /* (t) in node->members */
	struct cg_link threads;   /* (t) ring of the threads of one process */
	struct cg_link changed_link; /* (t) in the tree's queue of changed members */
	bool leads;               /* (t) stands for its process: the leader, or another later */
	bool pinned;              /* (t) has a pin */
	bool running;             /* (t) has not stopped; false where nobody counts (cg_count_running) */
	bool keeps_off;           /* (t) has its first mask yet, without the CPUs isolated at boot */
	bool kernel_thread;       /* (i) is never moved or pinned, and obeys no node's mask */
	int32_t tid;              /* (t) */
	int32_t pid;              /* (i) its process */
	struct cpumask pin;       /* (t) the whole last request of sched_setaffinity */
	struct cpumask allowed;   /* (t) where it may run: never empty */
};

enum { CG_NAME_BUCKETS = 1024 };

/* What the surrounding system promised to tasks of partitions. Each answers 0 or -EBUSY, and changes nothing
 * in the tree. */
struct cg_promises {
	/* Whether the partition's can be kept with those CPUs. */
	int (*may_shrink)(const struct cg_node *partition, const struct cpumask *cpus);
	/* Whether those of the partitions among the node's children can be kept in the node's own, with the
	 * CPUs that it has now. */
	int (*may_merge)(const struct cg_node *node);
};

struct cg_tree {
	struct cg_node root;
	struct cpumask possible;       /* (i) CPUs that may ever be there */
	struct cpumask online;         /* (t) CPUs that run */
	unsigned int cpu_count;        /* (i) one more than the last possible CPU */
	cg_controllers available;      /* (i) what the root offers */
	uint8_t features;              /* (i) enum cg_feature */
	bool counts_running;           /* (i) members stop when the caller says so, not at once */
	const struct cg_promises *promises; /* (i) NULL: none */
	uint64_t mems;                 /* (i) memory nodes that are there */
	struct cpumask given_out;      /* (t) the root's, that partitions have */
	uint32_t opaque_count;         /* (t) nodes with sched.opaque; a look without the guard is a hint */
	uint32_t exclusive_count;      /* (t) nodes with a cpuset.cpus.exclusive */
	struct cpumask class_cpus[CG_CPU_CLASS_COUNT]; /* (i) the CPUs of each class */
	struct cpumask boot_isolated;  /* (i) kept from ordinary work since the boot */
	struct cg_link partitions;     /* (t) head: all that are partitions now */
	struct cg_link beside;         /* (t) head, within an operation: gave CPUs to a child, or got */
	uint64_t last_id;              /* (t) */
	uint64_t shape;                /* (t) how often a node was made or removed */
	struct cg_link changed_nodes;   /* (t) head: what the caller has not taken yet */
	struct cg_link changed_members; /* (t) head */
	struct cg_link names[CG_NAME_BUCKETS]; /* (t) all nodes but the root, by parent and name */
};

/* The tree of a machine: a root without members. `online` is a part of `possible`, not empty. */
void cg_tree_init(struct cg_tree *tree, const struct cpumask *possible,
		  const struct cpumask *online, cg_controllers available);
/* Right after it: what the system enforces (else nothing), its memory nodes (else the first). */
void cg_tree_set_features(struct cg_tree *tree, unsigned int features, uint64_t mems);
/* And: the CPUs that the machine's owner keeps from ordinary work, not all of those online. What
 * the system starts keeps off them as long as nobody says otherwise. */
void cg_tree_set_isolated(struct cg_tree *tree, const struct cpumask *isolated);
/* And: the CPUs of the two classes (else each CPU is of both). */
void cg_tree_set_classes(struct cg_tree *tree, const struct cpumask *performance,
			 const struct cpumask *efficiency);
/* And: a member of a node that freezes has stopped when cg_member_stopped() says so; without this call
 * each stops at once. */
void cg_count_running(struct cg_tree *tree);
/* And: they are asked about before a partition's own list loses it a CPU, or its cpuset goes. */
void cg_tree_set_promises(struct cg_tree *tree, const struct cg_promises *promises);

/* ---- shape: cg_tree.c ---- */

/*
 * Makes *node the youngest child of `parent`. The name (1 to CG_NAME_MAX bytes, no '/') stays the
 * caller's and must not change or move. O(depth).
 * -EEXIST there is such a child, -EINVAL the name holds a newline, is empty or too long,
 * -EAGAIN a cgroup.max.* limit of an ancestor, -ENODEV the parent is dead.
 */
int cg_create(struct cg_node *parent, struct cg_node *node, const char *name, size_t length);

/* Takes *node out of the tree; afterwards it is dead and the caller's again. O(depth).
 * -EBUSY the root, members below, or children; -ENODEV dead already. */
int cg_remove(struct cg_node *node);

/* The child of that name; NULL: none. Does not depend on the number of children. */
struct cg_node *cg_find_child(const struct cg_node *parent, const char *name, size_t length);

static inline bool cg_node_is_dead(const struct cg_node *node)
{
	return node->dead;
}

/* The oldest child, the next younger sibling; NULL: none. */
struct cg_node *cg_first_child(const struct cg_node *node);
struct cg_node *cg_next_sibling(const struct cg_node *node);
/* The node after `node` in a walk over `top` and all below it, parents first; NULL: the end.
 * The second leaves out what is below `node`. */
struct cg_node *cg_next_below(const struct cg_node *node, const struct cg_node *top);
struct cg_node *cg_next_beside(const struct cg_node *node, const struct cg_node *top);

/* ---- controllers and types: cg_control.c ---- */

/* cgroup.controllers: what this node itself has, and may hand on. */
cg_controllers cg_node_controllers(const struct cg_node *node);
enum cg_type cg_node_type(const struct cg_node *node);
bool cg_node_is_threaded(const struct cg_node *node);
bool cg_node_is_populated(const struct cg_node *node); /* a member in it or below */

/* cgroup.subtree_control: all of it or nothing; a controller is in one of the sets at most.
 * -ENOENT not among the node's controllers, -EBUSY a child hands on what is to be disabled, or a
 * domain controller is to be enabled while there are members, -EOPNOTSUPP inside an invalid
 * domain, or a domain controller inside a threaded subtree; -ENODEV. Without cpuset children's members
 * come to the node's own CPUs: -ENOSPC it has none, -EBUSY too few for what they were promised. */
int cg_set_subtree_control(struct cg_node *node, cg_controllers enable, cg_controllers disable);

/* cgroup.type: "threaded". 0 too when it is already. -EOPNOTSUPP populated, hands on a domain
 * controller, or the parent's domain cannot be the root of a threaded subtree; -ENODEV. */
int cg_set_threaded(struct cg_node *node);

/* cgroup.max.*; 0 to CG_LIMIT_NONE. A limit below the present count is kept, too. -ENODEV. */
int cg_set_depth_max(struct cg_node *node, int32_t limit);
int cg_set_descendants_max(struct cg_node *node, int32_t limit);

/* cgroup.freeze: 0 or 1, else -ERANGE. What is below freezes with it. O(nodes below). -EACCES the
 * root, -ENODEV. */
int cg_set_freeze(struct cg_node *node, int32_t freeze);

/* sched.opaque: 0 or 1, else -ERANGE. -EACCES the root, -ENODEV. */
int cg_set_opaque(struct cg_node *node, int32_t opaque);
/* The node's nearest that is opaque, itself included: whoever is in `node` sees it and what is below
 * it. NULL: there is none, and it sees everything. O(depth). */
const struct cg_node *cg_opaque_top(const struct cg_node *node);
/* Whether who is in `viewer` sees that node's CPUs. */
bool cg_sees(const struct cg_node *viewer, const struct cg_node *node);

/* Whether its members are to stand still; whether all of them do, those below included. */
static inline bool cg_node_freezes(const struct cg_node *node)
{
	return node->freezers;
}

static inline bool cg_node_is_frozen(const struct cg_node *node)
{
	return node->freezers && !node->running_count;
}

/* ---- CPUs: cg_cpuset.c ---- */

/*
 * cpuset.cpus: the request. O(nodes whose effective mask changes, their children and members).
 * -EINVAL not all possible, -ENOSPC emptied while populated, -EBUSY a partition's only list emptied, or
 * its tasks were promised more CPUs (struct cg_promises) than are left online, -EACCES the root, -ENODEV.
 */
int cg_set_cpus(struct cg_node *node, const struct cpumask *cpus);

/*
 * sched.cpu_class. A partition's own CPUs are not narrowed. Cost as cg_set_cpus(). -EACCES the root,
 * -ENODEV.
 */
int cg_set_cpu_class(struct cg_node *node, enum cg_cpu_class cpu_class);

/* Whether it is a partition now; the root always is. */
static inline bool cg_node_is_partition(const struct cg_node *node)
{
	return !node->parent || (node->partition && !node->fault);
}

/*
 * cpuset.cpus.exclusive: the CPUs that a partition here, or further down, may have for itself.
 * -EINVAL not all possible, one is a sibling's, or they are all that a sibling asks for; -EBUSY as for
 * cg_set_cpus(); -EACCES the root, -ENODEV.
 */
int cg_set_exclusive(struct cg_node *node, const struct cpumask *exclusive);

/* Who asks to take CPUs from the tree's root for a node deep in it. */
enum cg_privilege { CG_PRIVILEGED, CG_UNPRIVILEGED };

/* cpuset.cpus.partition. 0 also when it does not become one: node->fault tells why. -EACCES the
 * root, -ENODEV. */
int cg_set_partition(struct cg_node *node, enum cg_partition partition,
		     enum cg_privilege privilege);

/* cpuset.cpus.isolated: the CPUs that isolated partitions have, and those isolated at boot that
 * no partition has. O(partitions). */
struct cpumask cg_isolated(const struct cg_tree *tree);

/* cpuset.mems, likewise for memory nodes; errors as for cg_set_cpus(). */
int cg_set_mems(struct cg_node *node, uint64_t mems);

/* CPUs came or went. A part of possible, not empty. Requests and pins stay. */
void cg_set_online(struct cg_tree *tree, const struct cpumask *online);

/* ---- shares: cg_shares.c ---- */

/* cpu.weight and cpu.weight.nice. -ERANGE outside the limits; -EINVAL the node is idle;
 * -EACCES the root; -ENODEV. */
int cg_set_weight(struct cg_node *node, uint64_t weight);
int cg_set_nice(struct cg_node *node, int64_t nice);
/* cpu.idle: 0 or 1, else -EINVAL. The weight is kept and comes back. -EACCES, -ENODEV. */
int cg_set_idle(struct cg_node *node, int64_t idle);

/* The one scale behind nice levels (CG_NICE_MIN to CG_NICE_MAX), and the level nearest to it. */
uint32_t cg_shares_of_nice(int nice);
int cg_nice_of_shares(int64_t shares);

/*
 * cpu.max and cpu.max.burst: -EINVAL a quota or a period outside its limits, a burst above the
 * quota, or both together above CG_QUOTA_MAX_US; -EACCES, -ENODEV. A child's quota may exceed its
 * parent's.
 */
int cg_set_bandwidth(struct cg_node *node, uint64_t quota_us, uint64_t period_us);
int cg_set_burst(struct cg_node *node, uint64_t burst_us);

/* What the scheduler divides by: 1024 is weight 100. */
static inline uint32_t cg_node_shares(const struct cg_node *node)
{
	return node->idle || node->qos == CG_QOS_IDLE ? (uint32_t)CG_SHARES_IDLE : node->shares;
}
unsigned int cg_node_weight(const struct cg_node *node); /* as cpu.weight reads */
int cg_node_nice(const struct cg_node *node);            /* as cpu.weight.nice reads: the nearest */

/* The group in which a node's members compete: the nearest that has the cpu controller, itself
 * included; the root when none has. O(depth): for changes, not for the scheduler's paths. */
struct cg_node *cg_node_group(struct cg_node *node);

/* ---- memory: cg_memory.c ---- */

/* memory.max in pages; CG_MEMORY_NONE and more: no limit. The caller then brings the usage below it.
 * -EACCES the root, -ENODEV. */
int cg_set_memory_max(struct cg_node *node, uint64_t pages);
/* memory.oom.group: 0 or 1, else -EINVAL. -EACCES the root, -ENODEV. */
int cg_set_memory_oom_group(struct cg_node *node, int32_t group);
/* Something happened to a node's memory: those above count it, too. O(depth). */
void cg_memory_event(struct cg_node *node, enum cg_memory_event event);
/* Who dies together with a process of `victim` when `limited` has run out of memory: the highest node
 * from `victim` up to `limited` with memory.oom.group; NULL: nobody. The root has no such file. */
struct cg_node *cg_memory_oom_group(struct cg_node *victim, const struct cg_node *limited);

/* ---- QoS: cg_qos.c ---- */

/* sched.qos. CG_QOS_IDLE makes the node idle among its siblings as cpu.idle does. O(nodes below).
 * -EACCES the root, -ENODEV. */
int cg_set_qos(struct cg_node *node, enum cg_qos qos);
/* sched.latency_ms: CG_LATENCY_NONE, or CG_LATENCY_MIN_US to CG_LATENCY_MAX_US, else -ERANGE. O(nodes
 * below). -EACCES the root, -ENODEV. */
int cg_set_latency(struct cg_node *node, uint64_t latency_us);
/* What members that asked for nothing have: of the nearest node up that says it. O(depth). */
enum cg_qos cg_node_qos(const struct cg_node *node);
uint32_t cg_node_latency_us(const struct cg_node *node);

/* ---- members: cg_member.c ---- */

/* The first thread of a new process, without a pin; 0 or the errors of cg_check_attach(). */
int cg_attach(struct cg_member *member, struct cg_node *node, int32_t pid);
/* A kernel thread, in the root for ever; it may run everywhere. */
void cg_attach_kernel_thread(struct cg_member *member, struct cg_tree *tree, int32_t tid);

/*
 * A new thread takes its creator's node and pin: CG_THREAD joins the creator's process, CG_PROCESS
 * starts one whose pid is `tid`. `into` is another node (CLONE_INTO_CGROUP); NULL: the same.
 * Fills *child, child->allowed included. -EAGAIN a pids.max on the way up (and counts it);
 * with `into` the errors of cg_check_attach() too. The creator is no kernel thread.
 */
int cg_fork(struct cg_member *child, struct cg_member *creator, struct cg_node *into,
	    enum cg_scope scope, int32_t tid);

/* The thread is gone: it populates nothing any more. *member is the caller's again. */
void cg_detach(struct cg_member *member);

/*
 * Whether a process (or one thread of it) may go from its node into `node`.
 * -ENODEV dead, -EINVAL a kernel thread, -EOPNOTSUPP an invalid domain, or one thread into another
 * resource domain, -EBUSY the node hands on domain controllers, -ENOSPC it has no CPU.
 */
int cg_check_attach(const struct cg_member *member, const struct cg_node *node,
		    enum cg_scope scope);

/* Moves one thread, or all of its process; errors as above. Pins stay. O(threads * depth). */
int cg_move(struct cg_member *member, struct cg_node *node, enum cg_scope scope);

/* sched_setaffinity: remembers all of `request`, allows what the node has of it now.
 * -EINVAL nothing of it is there, or a kernel thread. */
int cg_pin(struct cg_member *member, const struct cpumask *request);

/* The member stands still for its node; it goes on. O(depth). */
void cg_member_stopped(struct cg_member *member);
void cg_member_continued(struct cg_member *member);

/* pids.max: 0 to CG_PIDS_MAX, or CG_LIMIT_NONE. -EINVAL, -EACCES the root, -ENODEV. */
int cg_set_pids_max(struct cg_node *node, int64_t limit);

/* The node's members in order, `member` NULL for the first; NULL: the end. */
struct cg_member *cg_next_member(const struct cg_node *node, const struct cg_member *member);

/* ---- what changed ---- */

/*
 * Takes the next changed node off the queue and tells what changed in it; NULL: none left. Whoever
 * guards the tree empties both queues before letting go of it. A member is there when its node or
 * `allowed` changed; one that is detached or a node that is removed is not.
 */
struct cg_node *cg_next_changed_node(struct cg_tree *tree, unsigned int *what);
struct cg_member *cg_next_changed_member(struct cg_tree *tree);
void cg_forget_changes(struct cg_tree *tree);

/* ---- the checker: cg_check.c ---- */

/* Asserts every invariant of the whole tree. O(everything). */
void cg_check(const struct cg_tree *tree);

/* Whoever links these objects says what a broken invariant does; it does not return. */
void cg_assert_failed(const char *expression, const char *file, int line)
	__attribute__((noreturn));
#define cg_assert(expression) \
	((expression) ? (void)0 : cg_assert_failed(#expression, __FILE__, __LINE__))

#endif
