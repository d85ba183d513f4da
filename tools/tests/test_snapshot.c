// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * gates and snapshot with a module that the test plays: it gets each command where the tool would
 * write it, in the child for a snapshot, and answers with an errno and the files in sysfs.
 */
#include "cmocka_tests.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/io.h"
#include "base/out.h"
#include "verbs/verbs.h"

static char top[] = "/tmp/fastbootctl-test.XXXXXX";

/* A file below top. */
struct path {
	char s[160];
};

static struct path below(const char *name)
{
	struct path path;

	snprintf(path.s, sizeof(path.s), "%s/%s", top, name);
	return path;
}

static void put(const char *name, const char *text)
{
	FILE *to = fopen(below(name).s, "w");

	assert_non_null(to);
	assert_true(fputs(text, to) >= 0);
	assert_int_equal(fclose(to), 0);
}

/* The caller frees it. */
static char *get(const char *name)
{
	char *text = NULL;
	size_t size;

	assert_int_equal(io_read_file(below(name).s, 16384, &text, &size), 0);
	return text;
}

static bool exists(const char *name)
{
	return access(below(name).s, F_OK) == 0;
}

#define SNAPSHOT "sys/power/fastboot_snapshot"
#define REFUSAL	 "sys/power/fastboot/last_refusal"
#define TIMINGS	 "sys/power/fastboot/timings"
#define HOOKS	 "etc/fastboot/snapshot.d/"
#define OURS	 "usr/lib/fastboot/snapshot.d/"

/* What the module does with the next command. */
static pid_t parent;
static int answer;
static int raised; /* a signal for the writer's process during the command, and for fastbootctl's
		      own */
static const char *state, *refusal, *timings;

int __wrap_command_write(int fd, const char *command);
int __wrap_command_write(int fd, const char *command)
{
	assert_true(fd >= 0);
	put("command", command);
	put("writer", getpid() == parent ? "parent" : "child");
	if (raised)
		(void)raise(raised);
	if (raised && raised != SIGKILL)
		(void)kill(parent, raised);
	put(REFUSAL, refusal);
	if (!answer) {
		put(SNAPSHOT, state);
		put(TIMINGS, timings);
	}
	return answer;
}

static bool terminal;

int __wrap_isatty(int fd);
int __wrap_isatty(int fd)
{
	(void)fd;
	return terminal;
}

static void program_in(const char *folder, const char *name, const char *text)
{
	char file[96];

	snprintf(file, sizeof(file), "%s%s", folder, name);
	put(file, text);
	assert_int_equal(chmod(below(file).s, 0755), 0);
}

static void program(const char *name, const char *text)
{
	program_in(HOOKS, name, text);
}

/* Adds its name and arguments to the file "ran". */
static void good_program_in(const char *folder, const char *name)
{
	char text[300];

	snprintf(text, sizeof(text), "#!/bin/sh\necho \"${0##*/} $*\" >>%s\necho noise\n",
		 below("ran").s);
	program_in(folder, name, text);
}

static void good_program(const char *name)
{
	good_program_in(HOOKS, name);
}

/* Signals that would end fastbootctl. */
static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE };

#define NR_SIGNALS (sizeof(signals) / sizeof(signals[0]))

/* A shell ignores some of them for its jobs in the background, nohup another. */
static void signals_default(void)
{
	for (size_t i = 0; i < NR_SIGNALS; i++)
		assert_ptr_not_equal(signal(signals[i], SIG_DFL), SIG_ERR);
}

static int set_up(void **unused)
{
	char command[400];

	(void)unused;
	snprintf(command, sizeof(command),
		 "rm -rf %s/* && cd %s && mkdir -p sys/power/fastboot " HOOKS " " OURS, top, top);
	assert_int_equal(system(command), 0);
	put(SNAPSHOT, "idle\n");
	put(REFUSAL, "");
	put(TIMINGS, "");
	signals_default();
	answer = 0;
	raised = 0;
	terminal = false;
	state = "saved generation=5\n";
	refusal = "";
	timings = "pause_ms=4800\npages=62720\nbytes=63963136\nratio_percent=24\n";
	return 0;
}

static void redirect(FILE *stream, int fd, const char *name, int *ret_saved)
{
	assert_int_equal(fflush(stream), 0);
	*ret_saved = dup(fd);
	assert_true(*ret_saved >= 0);
	assert_non_null(freopen(below(name).s, "w", stream));
}

static void give_back(FILE *stream, int fd, int saved)
{
	assert_int_equal(fflush(stream), 0);
	assert_true(dup2(saved, fd) >= 0);
	close(saved);
}

typedef int (*run_fn)(const struct verb *verb, int argc, char **argv);

/* Runs a verb with these words, NULL at their end; what it prints is in "out" and "errors". */
static int run(run_fn fn, const struct option_row *options, const char *operands, ...)
{
	const struct verb verb = { "verb", operands, "", options, fn };
	char *argv[8] = { (char *)(uintptr_t)"verb" };
	int argc = 1, out, errors, status;
	va_list words;

	va_start(words, operands);
	while ((argv[argc] = va_arg(words, char *)))
		argc++;
	va_end(words);
	redirect(stdout, STDOUT_FILENO, "out", &out);
	redirect(stderr, STDERR_FILENO, "errors", &errors);
	out_start(false);
	status = fn(&verb, argc, argv);
	assert_true(out_finish());
	give_back(stdout, STDOUT_FILENO, out);
	give_back(stderr, STDERR_FILENO, errors);
	return status;
}

#define SNAPSHOT_VERB(...)                                                                         \
	run(verb_snapshot, snapshot_options, "golden|once [TEXT]", __VA_ARGS__, NULL)
#define GATES_VERB(...) run(verb_gates, gates_options, "", __VA_ARGS__)

static void assert_says(const char *name, const char *words)
{
	_cleanup_free_ char *text = get(name);

	if (!strstr(text, words))
		print_error("%s: no \"%s\" in: %s\n", name, words, text);
	assert_non_null(strstr(text, words));
}

static void assert_silent(const char *name)
{
	_cleanup_free_ char *text = get(name);

	assert_string_equal(text, "");
}

static void assert_got(const char *command, const char *writer)
{
	_cleanup_free_ char *got = get("command");
	_cleanup_free_ char *who = get("writer");

	assert_string_equal(got, command);
	assert_string_equal(who, writer);
}

#define TWO                                                                                        \
	"fs-writable: a file system on a disk is mounted read-write\n"                             \
	"    /dev/vda3: ext4\n"                                                                    \
	"    /dev/vdb1: xfs\n"                                                                     \
	"    what to do: unmount it\n"                                                             \
	"busy: another snapshot or hibernation is under way\n"                                     \
	"    what to do: try again later\n"

static void gates_finds_nothing(void **unused)
{
	(void)unused;
	assert_int_equal(GATES_VERB(NULL), EXIT_OK);
	assert_got("test:gates golden", "parent");
	assert_says("out", "golden: no obstacle");
	assert_int_equal(GATES_VERB("--once", NULL), EXIT_OK);
	assert_got("test:gates once", "parent");
	assert_silent("errors");
}

static void gates_shows_every_obstacle(void **unused)
{
	(void)unused;
	answer = EBUSY;
	refusal = TWO;
	assert_int_equal(GATES_VERB(NULL), EXIT_REFUSED);
	assert_says("out", "golden: 2 obstacles\n\n" TWO);
	assert_says("errors", "fastbootctl: obstacles: no image would be taken; ");
	refusal = "busy: cut\n    a detail";
	assert_int_equal(GATES_VERB(NULL), EXIT_REFUSED);
	assert_says("out", "golden: 1 obstacle\n");
	assert_says("out", "cut off here");
}

static void an_error_without_obstacles(void **unused)
{
	(void)unused;
	answer = EBUSY;
	assert_int_equal(GATES_VERB(NULL), EXIT_REFUSED);
	assert_says("errors", "fastbootctl: busy: ");
	answer = EPERM;
	assert_int_equal(GATES_VERB(NULL), EXIT_SYSTEM);
	assert_says("errors", "fastbootctl: open-failed: ");
	answer = ENOMEM;
	assert_int_equal(GATES_VERB(NULL), EXIT_SYSTEM);
	assert_says("errors", "fastbootctl: snapshot-failed: ");
	assert_says("errors", strerror(ENOMEM));
	assert_int_equal(SNAPSHOT_VERB("golden"), EXIT_SYSTEM);
	assert_says("errors", "fastbootctl: snapshot-failed: ");
}

static void assert_ran(const char *lines)
{
	_cleanup_free_ char *ran = get("ran");

	assert_string_equal(ran, lines);
}

#define BEFORE "10-first pre golden\n20-second pre golden\n"
#define AFTER  "20-second post golden\n10-first post golden\n"

static void a_golden_image_is_saved(void **unused)
{
	(void)unused;
	good_program("20-second");
	good_program("10-first");
	good_program("30-not.run");
	put(HOOKS "40-no-program", "#!/bin/sh\nexit 1\n");
	assert_int_equal(SNAPSHOT_VERB("golden", "all services up"), EXIT_OK);
	assert_got("golden all services up", "child");
	assert_says("out", "saved: golden image, generation 5\n");
	assert_says("out", "245 MiB of memory in 61.0 MiB (24 %); tasks stood still for 4.8 s\n");
	assert_ran(BEFORE AFTER);
	assert_says("errors", "noise\nnoise\nnoise\nnoise\n");
}

/*
 * The program that stops timers comes before the one that stops what uses a volume, and that before
 * the one that takes the volume down.
 */
static void programs_of_both_folders_are_in_one_order(void **unused)
{
	(void)unused;
	good_program_in(OURS, "90-stacks");
	good_program("50-database");
	good_program_in(OURS, "00-timers");
	assert_int_equal(SNAPSHOT_VERB("golden"), EXIT_OK);
	assert_ran("00-timers pre golden\n50-database pre golden\n90-stacks pre golden\n"
		   "90-stacks post golden\n50-database post golden\n00-timers post golden\n");
}

/* By a program, an empty file or a link to /dev/null; a link may give it another place. */
static void the_administrator_replaces_ours(void **unused)
{
	(void)unused;
	good_program_in(OURS, "00-timers");
	good_program_in(OURS, "10-esp");
	good_program_in(OURS, "90-stacks");
	put(HOOKS "00-timers", "");
	assert_int_equal(symlink("/dev/null", below(HOOKS "10-esp").s), 0);
	program("90-stacks", "#!/bin/sh\n");
	assert_int_equal(symlink(below(OURS "10-esp").s, below(HOOKS "20-later").s), 0);
	assert_int_equal(SNAPSHOT_VERB("golden"), EXIT_OK);
	assert_ran("20-later pre golden\n20-later post golden\n");
}

/* The programs of one would start what those of the other have stopped. */
static void two_at_once_are_refused(void **unused)
{
	int fd = open(below(SNAPSHOT).s, O_RDONLY);

	(void)unused;
	good_program("10-first");
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(SNAPSHOT_VERB("golden"), EXIT_REFUSED);
	assert_says("errors", "busy");
	assert_int_equal(close(fd), 0);
	assert_int_equal(SNAPSHOT_VERB("golden"), EXIT_OK);
	assert_ran("10-first pre golden\n10-first post golden\n");
}

static void a_restore_is_distinguished_from_a_snapshot(void **unused)
{
	(void)unused;
	good_program("20-second");
	good_program("10-first");
	state = "restored generation=5 restores=7\n";
	timings = "loader_jump_us=500000\nthawed_us=800000\n";
	assert_int_equal(SNAPSHOT_VERB("golden"), EXIT_OK);
	assert_says("out", "restored: generation 5, restore 7\n");
	assert_says("out", "tasks ran 1.3 s after");
	assert_ran(BEFORE);
	assert_int_equal(SNAPSHOT_VERB("golden", "--json"), EXIT_OK);
	assert_says("out", "\"outcome\":\"restored\"");
	assert_says("out", "\"restores\":7");
	assert_says("out", "\"thawed_us\":800000");
	assert_ran(BEFORE BEFORE);
	state = "idle\n";
	assert_int_equal(SNAPSHOT_VERB("golden"), EXIT_SYSTEM);
	assert_says("errors", "fastbootctl: snapshot-failed: ");
	assert_ran(BEFORE BEFORE BEFORE AFTER);
}

/* Also in a restored system, where the state is about that restore. */
static void a_refused_snapshot_shows_all_obstacles(void **unused)
{
	(void)unused;
	good_program("10-first");
	put(SNAPSHOT, "restored generation=5 restores=7\n");
	answer = EBUSY;
	refusal = TWO;
	assert_int_equal(SNAPSHOT_VERB("golden"), EXIT_REFUSED);
	assert_says("out", "golden: 2 obstacles\n\n" TWO);
	assert_says("errors", "fastbootctl: obstacles: no image was taken: ");
	assert_ran("10-first pre golden\n10-first post golden\n");
	assert_int_equal(unlink(below("ran").s), 0);
	assert_int_equal(SNAPSHOT_VERB("once", "--yes"), EXIT_REFUSED);
	assert_ran("10-first pre once\n10-first post once\n");
	assert_int_equal(SNAPSHOT_VERB("--json", "golden"), EXIT_REFUSED);
	assert_says("out", "\"outcome\":\"refused\"");
	assert_says("out", "\"code\":\"obstacles\"");
	assert_says("out", "\"/dev/vdb1: xfs\"");
	assert_says("out", "\"advice\":\"try again later\"");
}

/* Like a good one, but "pre" ends differently. */
static void failing_program(const char *name, const char *end)
{
	char text[300];

	snprintf(text, sizeof(text), "#!/bin/sh\necho \"${0##*/} $*\" >>%s\n[ $1 = post ] || %s\n",
		 below("ran").s, end);
	program(name, text);
}

/* The one that failed may have done half of its work. */
static void a_failing_program_stops_the_snapshot(void **unused)
{
	(void)unused;
	good_program("10-first");
	failing_program("20-second", "exit 3");
	good_program("30-third");
	assert_int_equal(SNAPSHOT_VERB("golden"), EXIT_REFUSED);
	assert_says("errors", "fastbootctl: hook-failed: ");
	assert_says("errors", "20-second pre ended with status 3");
	assert_ran(BEFORE AFTER);
	failing_program("20-second", "kill -9 $$");
	assert_int_equal(SNAPSHOT_VERB("golden"), EXIT_REFUSED);
	assert_says("errors", "20-second pre was killed by signal 9");
	assert_ran(BEFORE AFTER BEFORE AFTER);
	program("20-second", "#!/no/such/shell\n");
	assert_int_equal(SNAPSHOT_VERB("golden"), EXIT_REFUSED);
	assert_says("errors", "20-second pre ended with status 127");
	assert_says("errors", "warning: ");
	assert_says("errors", "20-second post ended with status 127");
	assert_false(exists("command"));
}

/* The image was taken, so the status is 0; the other programs still run. */
static void a_program_that_fails_afterwards_is_warned_of(void **unused)
{
	(void)unused;
	good_program("10-first");
	program("20-second", "#!/bin/sh\n[ $1 = pre ] || exit 5\n");
	assert_int_equal(SNAPSHOT_VERB("golden"), EXIT_OK);
	assert_says("out", "saved: ");
	assert_says("errors", "fastbootctl: warning: ");
	assert_says("errors", "20-second post ended with status 5\n");
	assert_ran("10-first pre golden\n10-first post golden\n");
	assert_int_equal(SNAPSHOT_VERB("golden", "--json"), EXIT_OK);
	assert_says("out", "\"outcome\":\"saved\"");
	assert_says("out", "\"warnings\":[");
	assert_says("out", "/20-second post ended with status 5\"");
}

static void a_dry_run_runs_nothing(void **unused)
{
	(void)unused;
	good_program("10-first");
	assert_int_equal(SNAPSHOT_VERB("once", "--dry-run"), EXIT_OK);
	assert_got("test:gates once", "parent");
	good_program("20-second");
	assert_int_equal(SNAPSHOT_VERB("once", "--dry-run"), EXIT_OK);
	assert_says("out", "/10-first pre once\n");
	assert_says("out", "/20-second post once\nwould run after: ");
	assert_says("out", "once: no obstacle\n");
	answer = EBUSY;
	refusal = TWO;
	assert_int_equal(SNAPSHOT_VERB("golden", "--dry-run"), EXIT_REFUSED);
	assert_says("out", "golden: 2 obstacles");
	assert_int_equal(SNAPSHOT_VERB("golden", "--dry-run", "--json"), EXIT_REFUSED);
	assert_says("out", "\"outcome\":\"dry-run\"");
	assert_says("out", "/10-first\"");
	assert_false(exists("ran"));
}

static void once_asks(void **unused)
{
	int saved = dup(STDIN_FILENO);

	(void)unused;
	assert_int_equal(SNAPSHOT_VERB("once"), EXIT_REFUSED);
	assert_says("errors", "not-confirmed");
	assert_int_equal(SNAPSHOT_VERB("once", "--json"), EXIT_REFUSED);
	assert_says("errors", "not-confirmed");
	terminal = true;
	put("answer", "n\ny\n");
	assert_non_null(freopen(below("answer").s, "r", stdin));
	assert_int_equal(SNAPSHOT_VERB("once"), EXIT_REFUSED);
	assert_says("out", "powers off");
	assert_int_equal(SNAPSHOT_VERB("once", "--json"), EXIT_REFUSED);
	assert_says("out", "\"code\":\"not-confirmed\"");
	assert_false(exists("command"));
	state = "restored generation=6 restores=1\n";
	assert_int_equal(SNAPSHOT_VERB("once"), EXIT_OK);
	assert_got("once ", "child");
	assert_true(dup2(saved, STDIN_FILENO) >= 0);
	close(saved);
	unlink(below("command").s);
	terminal = false;
	assert_int_equal(SNAPSHOT_VERB("once", "--yes"), EXIT_OK);
	assert_got("once ", "child");
}

static void a_terminal_has_a_line(void **unused)
{
	(void)unused;
	assert_int_equal(SNAPSHOT_VERB("golden"), EXIT_OK);
	assert_silent("errors");
	terminal = true;
	assert_int_equal(SNAPSHOT_VERB("golden"), EXIT_OK);
	assert_says("errors", "\rtaking the image (golden), all tasks stand still meanwhile: 0 s");
	assert_says("errors", "\r\033[K");
}

static void an_interrupt_ends_nothing(void **unused)
{
	struct sigaction after;

	(void)unused;
	good_program("10-first");
	for (size_t i = 0; i < NR_SIGNALS; i++) {
		raised = signals[i];
		assert_int_equal(SNAPSHOT_VERB("golden"), EXIT_OK);
		assert_says("out", "saved: ");
		assert_ran("10-first pre golden\n10-first post golden\n");
		assert_int_equal(unlink(below("ran").s), 0);
		assert_int_equal(sigaction(raised, NULL, &after), 0);
		assert_ptr_equal(after.sa_handler, SIG_DFL);
	}
	raised = SIGKILL;
	assert_int_equal(SNAPSHOT_VERB("golden"), EXIT_SYSTEM);
	assert_says("errors", "snapshot-failed: the writer was killed by signal 9");
}

/* What the first program has stopped is started again; the second is not run at all. */
static void an_interrupt_before_the_image(void **unused)
{
	(void)unused;
	good_program("20-second");
	for (size_t i = 0; i < NR_SIGNALS; i++) {
		char end[64], message[40];

		/* A terminal signals both; which of them it ends does not matter. */
		snprintf(end, sizeof(end), "kill -%d $PPID%s", signals[i], i % 2 ? " $$" : "");
		snprintf(message, sizeof(message), "interrupted: signal %d arrived", signals[i]);
		failing_program("10-first", end);
		assert_int_equal(SNAPSHOT_VERB("golden"), EXIT_REFUSED);
		assert_says("errors", message);
		assert_false(exists("command"));
		assert_ran("10-first pre golden\n10-first post golden\n");
		assert_int_equal(unlink(below("ran").s), 0);
	}
}

/* As by nohup. */
static void an_ignored_signal_stays_so(void **unused)
{
	struct sigaction after;

	(void)unused;
	assert_ptr_not_equal(signal(SIGHUP, SIG_IGN), SIG_ERR);
	failing_program("10-first", "kill -1 $PPID");
	assert_int_equal(SNAPSHOT_VERB("golden"), EXIT_OK);
	assert_int_equal(sigaction(SIGHUP, NULL, &after), 0);
	assert_ptr_equal(after.sa_handler, SIG_IGN);
	assert_ptr_not_equal(signal(SIGHUP, SIG_DFL), SIG_ERR);
}

static void without_the_module(void **unused)
{
	(void)unused;
	good_program("10-first");
	assert_int_equal(unlink(below(SNAPSHOT).s), 0);
	assert_int_equal(GATES_VERB(NULL), EXIT_REFUSED);
	assert_says("errors", "fastbootctl: module-missing: ");
	assert_says("errors", "modprobe fastboot_snapshot");
	assert_int_equal(SNAPSHOT_VERB("golden"), EXIT_REFUSED);
	assert_says("errors", "fastbootctl: module-missing: ");
	assert_false(exists("ran"));
}

static void descriptions(void **unused)
{
	char text[129];

	(void)unused;
	memset(text, 'x', sizeof(text));
	text[128] = '\0';
	assert_int_equal(SNAPSHOT_VERB("golden", text), EXIT_USAGE);
	assert_int_equal(SNAPSHOT_VERB("golden", "two\nlines"), EXIT_USAGE);
	assert_int_equal(SNAPSHOT_VERB("golden", "two", "words"), EXIT_USAGE);
	assert_int_equal(SNAPSHOT_VERB("gold"), EXIT_USAGE);
	assert_int_equal(SNAPSHOT_VERB("--json"), EXIT_USAGE);
	assert_false(exists("command"));
	text[127] = '\0';
	assert_int_equal(SNAPSHOT_VERB("golden", text), EXIT_OK);
	assert_says("command", text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(gates_finds_nothing, set_up),
		cmocka_unit_test_setup(gates_shows_every_obstacle, set_up),
		cmocka_unit_test_setup(an_error_without_obstacles, set_up),
		cmocka_unit_test_setup(a_golden_image_is_saved, set_up),
		cmocka_unit_test_setup(programs_of_both_folders_are_in_one_order, set_up),
		cmocka_unit_test_setup(the_administrator_replaces_ours, set_up),
		cmocka_unit_test_setup(two_at_once_are_refused, set_up),
		cmocka_unit_test_setup(a_restore_is_distinguished_from_a_snapshot, set_up),
		cmocka_unit_test_setup(a_refused_snapshot_shows_all_obstacles, set_up),
		cmocka_unit_test_setup(a_failing_program_stops_the_snapshot, set_up),
		cmocka_unit_test_setup(a_program_that_fails_afterwards_is_warned_of, set_up),
		cmocka_unit_test_setup(a_dry_run_runs_nothing, set_up),
		cmocka_unit_test_setup(once_asks, set_up),
		cmocka_unit_test_setup(a_terminal_has_a_line, set_up),
		cmocka_unit_test_setup(an_interrupt_ends_nothing, set_up),
		cmocka_unit_test_setup(an_interrupt_before_the_image, set_up),
		cmocka_unit_test_setup(an_ignored_signal_stays_so, set_up),
		cmocka_unit_test_setup(without_the_module, set_up),
		cmocka_unit_test_setup(descriptions, set_up),
	};
	char command[64];
	int failed;

	parent = getpid();
	if (!mkdtemp(top) || setenv("FASTBOOTCTL_ROOT", top, 1))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return failed || system(command);
}
