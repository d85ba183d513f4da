# SPDX-License-Identifier: GPL-2.0-or-later
"""The main job: a Debian with services, saved once, started ten times from the one image."""

import re
import time

import psycopg2
import pytest

from harness import checks, machines, probes
from harness.checks import EFIVARS, TEST_GUID
from harness.paths import GUEST_SCRIPTS

RESTORES = 10


def start_holders(vm):
    """Processes whose whole state must come back: a pattern, a connection."""
    for name in ("pattern", "connection"):
        source = GUEST_SCRIPTS / "debian" / "inside" / f"{name}.py"
        vm.put(f"/root/{name}.py", source.read_text())
        vm.run(f"python3 /root/{name}.py </dev/null >/run/{name}.log 2>&1 &")
    wait_for(vm, "grep -q intact /run/pattern")
    wait_for(vm, "test -s /run/connection")


def wait_for(vm, command, timeout=120):
    vm.run(f"until {command}; do sleep 0.2; done 2>/dev/null", timeout=timeout)


def start_session(vm):
    """A psql that is fed by a pipe: its transaction stays open."""
    vm.run("mkfifo /run/session.in")
    vm.run("psql -U postgres -qAt </run/session.in >>/run/session.out 2>&1 &")
    vm.run("exec 7>/run/session.in")
    return ask_session(
        vm, "BEGIN; CREATE TEMPORARY TABLE held (n int);"
        " INSERT INTO held SELECT generate_series(1, 1000);"
        " SELECT pg_current_xact_id(), pg_backend_pid();")


def ask_session(vm, statements):
    """The output of the statements in the one open session."""
    vm.run(": >/run/session.out")
    vm.run(f"echo \"{statements} SELECT 'answered';\" >&7")
    wait_for(vm, "grep -q answered /run/session.out")
    return vm.run("cat /run/session.out").output.split("answered")[0].strip()


# What must be the same processes after a restore, and how many there are.
PROCESSES = [
    ("systemctl show --property=MainPID --value postgresql@15-main redis-server nginx", 3),
    ("pgrep -f 'postgres: 15/main: (checkpointer|walwriter|background writer)'", 3),
    ("pgrep -f 'nginx: worker'", 2),
    ("pgrep -f 'python3 /root/pattern.py'", 1),
    ("pgrep -f 'python3 /root/connection.py'", 2),
    ("pgrep -x psql", 1),
]


def process_ids(vm):
    ids = [vm.run(command).output.split() for command, _ in PROCESSES]
    assert [len(found) for found in ids] == [count for _, count in PROCESSES], ids
    assert "0" not in ids[0]
    return ids


def prepare(vm, ports):
    probes.FirstReplies(ports, time.monotonic()).wait(120)
    probes.redis(ports["redis"], command="SET kept in-memory", expect=b"+OK\r\n")
    start_holders(vm)
    session = start_session(vm)
    return {"ids": process_ids(vm), "session": session,
            "boot_id": vm.run("cat /proc/sys/kernel/random/boot_id").output,
            "connection": int(vm.run("cat /run/connection").output)}


@pytest.fixture(scope="module")
def ports():
    return probes.free_ports()


@pytest.fixture(scope="module")
def golden(goldens, ports):
    return goldens(machines.DEBIAN, prepare=lambda vm: prepare(vm, ports),
                   forwards=probes.forwards(ports))


def same_system(vm, facts):
    assert vm.run("cat /proc/sys/kernel/random/boot_id").output == facts["boot_id"]
    assert process_ids(vm) == facts["ids"]


def session_goes_on(vm, facts):
    """The restored transaction sees its own rows, and can still write."""
    answer = ask_session(
        vm, "INSERT INTO held VALUES (1001);"
        " SELECT pg_current_xact_id(), pg_backend_pid(); SELECT count(*), sum(n) FROM held;")
    assert answer == facts["session"] + "\n1001|501501"


def connection_goes_on(vm, facts):
    now = int(vm.run("cat /run/connection").output)
    assert now >= facts["connection"]
    wait_for(vm, f"test $(cat /run/connection) -gt {now}", timeout=10)


def pattern_is_intact(vm):
    """A whole round that began after the restore."""
    rounds = int(re.match(r"intact (\d+)", vm.run("cat /run/pattern").output).group(1))
    wait_for(vm, f"grep -qv 'intact {rounds}$\\|intact {rounds + 1}$' /run/pattern", timeout=60)
    assert vm.run("cat /run/pattern").output.startswith("intact ")


def services_answer(ports):
    """From outside: each with the state it had, and able to work."""
    probes.redis(ports["redis"], command="GET kept", expect=b"$9\r\nin-memory\r\n")
    probes.redis(ports["redis"], command="SET written now", expect=b"+OK\r\n")
    probes.postgresql(ports["postgresql"], query="SELECT sum(n) FROM generate_series(1, 100) n",
                      expect=5050)
    with psycopg2.connect(host="127.0.0.1", port=ports["postgresql"], user="postgres",
                          dbname="postgres", sslmode="disable", connect_timeout=10) as link:
        with link.cursor() as cursor:
            cursor.execute("CREATE TABLE written (n int); INSERT INTO written VALUES (7);"
                           " SELECT n FROM written")
            assert cursor.fetchone() == (7,)
    link.close()
    probes.nginx(ports["nginx"])


def variables_written_before(vm, number):
    """What the restore before this one wrote is there, once the listing is renewed."""
    if number == 1:
        return
    vm.run(f"umount {EFIVARS} && mount -t efivarfs efivarfs {EFIVARS}")
    before = f"{EFIVARS}/Restore{number - 1}-{TEST_GUID}"
    assert vm.run(f"dd if={before} bs=4 skip=1 2>/dev/null").output == \
        f"written-Restore{number - 1}"


def check_everything(vm, golden, ports, number):
    checks.restored_state(vm, restores=number)
    checks.clock(vm)
    same_system(vm, golden.facts)
    session_goes_on(vm, golden.facts)
    connection_goes_on(vm, golden.facts)
    pattern_is_intact(vm)
    services_answer(ports)
    checks.processors(vm)
    checks.disk_io(vm)
    checks.efi_variables(vm, f"Restore{number}")
    variables_written_before(vm, number)
    return checks.random_bytes(vm)


def test_ten_restores_from_one_image(lab, golden, ports):
    lab.note(capture=golden.facts["capture"], cold_boot_to_shell=golden.facts["cold_boot"])
    vm, random_bytes = None, set()
    for number in range(1, RESTORES + 1):
        options = {"forwards": probes.forwards(ports)}
        vm = lab.again(vm, **options) if vm else lab.copy(golden, **options)
        vm.start()
        replies = probes.FirstReplies(ports, vm.started).wait(60, vm.running)
        vm.wait_restored()
        lab.note(restore=number, entry=vm.entry_started(), restored=vm.restored_at(),
                 all_services=max(replies.values()))
        random_bytes.add(check_everything(vm, golden, ports, number))
        if number == RESTORES:
            vm.press_power_button()
            vm.wait_power_off()
        else:
            vm.kill()
    assert len(random_bytes) == RESTORES
