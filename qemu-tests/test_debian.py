# SPDX-License-Identifier: GPL-2.0-or-later
"""The main job: a Debian with services, saved once, restored ten times from one image.

Each of the ten must continue as if nothing had happened, must be called good, because otherwise
the fourth would be refused, and must draw different random numbers from the first one on.  What
should notice a restore, by docs/recipes.md, does: a tunnel to the outside is opened again, a CI
runner has a new name.
"""

import re

import psycopg2
import pytest

from harness import checks, images, machines, probes, product, recipes
from harness.checks import TEST_GUID, wait_for
from harness.hub import HOST, Hub
from harness.paths import GUEST_SCRIPTS
from harness.waiting import wait_until

# How often one image is restored; for the previous release, ten times in the full matrix only.
ROWS = [
    pytest.param(machines.DEBIAN, 10, id="debian"),
    pytest.param(machines.DEBIAN_12, 2, id="debian-12"),
    pytest.param(machines.DEBIAN_12, 10, id="debian-12-ten", marks=pytest.mark.full),
]

# Seconds until a restored system is called good: no longer than the checks of a restore take, but
# long enough that the power button can be pressed before.
DELAY = 8


def start_inside(vm, name):
    source = GUEST_SCRIPTS / "debian" / "inside" / f"{name}.py"
    vm.put(f"/root/{name}.py", source.read_text())
    vm.run(f"python3 /root/{name}.py </dev/null >/run/{name}.log 2>&1 &")


def start_holders(vm):
    """Start processes whose whole state must come back: a pattern, a connection, random numbers."""
    for name in ("pattern", "connection", "randomness"):
        start_inside(vm, name)
    wait_for(vm, "grep -q intact /run/pattern", timeout=120)
    wait_for(vm, "test -s /run/connection -a -s /run/random", timeout=120)


def start_listener(vm):
    """Start two processes that wait for the announcement of a restore."""
    vm.run("udevadm monitor --kernel --property </dev/null >/run/uevents 2>&1 &")
    wait_for(vm, "grep -q KERNEL /run/uevents")
    start_inside(vm, "waiter")
    wait_for(vm, "test -s /run/waiter")


def start_session(vm):
    """Start a psql that a pipe feeds, and that keeps a transaction open; returns its answer."""
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


# Commands that print processes which must be the same after a restore, and how many there are.
PROCESSES = [
    ("systemctl show --property=MainPID --value 'postgresql@*-main.service' redis-server nginx", 3),
    ("pgrep -f 'postgres: [0-9]+/main: (checkpointer|walwriter|background writer)'", 3),
    ("pgrep -f 'nginx: worker'", 2),
    ("pgrep -f 'python3 /root/pattern.py'", 1),
    ("pgrep -f 'python3 /root/connection.py'", 2),
    ("pgrep -f 'python3 /root/randomness.py'", 1),
    ("pgrep -x psql", 1),
]


def process_ids(vm):
    ids = [vm.run(command).output.split() for command, _ in PROCESSES]
    assert [len(found) for found in ids] == [count for _, count in PROCESSES], ids
    assert "0" not in ids[0]
    return ids


RUNNER = "A CI runner or a lab machine"
TUNNEL = "An ssh tunnel, or another client that holds a connection"
UNIT = "/etc/systemd/system/tunnel.service"
# Changes to the unit, for the same client without the announcement of a restore.
UNAWARE = [("PartOf=fastboot-restored.target\n", ""), (" fastboot-restored.target\n", "\n"),
           ("yes hub", "yes -o ClearAllForwardings=yes unaware@hub")]


def put_runner(vm):
    vm.put("/usr/local/bin/register-runner", "#!/bin/sh\necho \"$@\" >>/srv/registered\n", "755")
    recipes.put(vm, RUNNER)


def open_tunnels(vm, hub):
    """One tunnel by the recipe, and one whose client must notice a restore by itself."""
    vm.run(f"echo {HOST} hub.example.org >>/etc/hosts")
    vm.run(f"echo Port {hub.port} >/etc/ssh/ssh_config.d/hub.conf")
    unit = recipes.put(vm, TUNNEL, own={"8080": str(hub.forwarded)})[UNIT]
    vm.put("/root/.ssh/id_ed25519", hub.client_key, "600")
    vm.put("/root/.ssh/known_hosts", f"[hub.example.org]:{hub.port} {hub.public_key}\n")
    for words, others in UNAWARE:
        assert words in unit
        unit = unit.replace(words, others)
    vm.put("/etc/systemd/system/unaware.service", unit)
    vm.run("systemctl daemon-reload && systemctl enable --now tunnel.service unaware.service")
    tunnel_is_open(hub, within=60)
    logs_in(hub, "unaware", within=60)


def logs_in(hub, user, within):
    """The user's client connects, or has done so since the logins were last cleared."""
    wait_until(lambda: hub.logins[user], f"{user} connects", within)


def serves_a_page(port):
    try:
        probes.nginx(port)
    except OSError:
        return False
    return True


def tunnel_is_open(hub, within):
    """The client has connected, and the tunnel carries a page."""
    wait_until(lambda: hub.logins["tunnel"] and serves_a_page(hub.forwarded),
               "the tunnel carries a page", within)


def prepare(vm, ports, hub):
    probes.FirstReplies(vm, ports).wait(120)
    put_runner(vm)
    open_tunnels(vm, hub)
    probes.redis(ports["redis"], command="SET kept in-memory", expect=b"+OK\r\n")
    vm.run(f"echo HEALTHY_DELAY={DELAY} >>/etc/default/fastboot")
    start_holders(vm)
    start_listener(vm)
    session = start_session(vm)
    return {"ids": process_ids(vm), "session": session,
            "boot_id": checks.boot_id(vm),
            "connection": int(vm.run("cat /run/connection").output)}


@pytest.fixture(scope="module")
def ports():
    return probes.free_ports()


@pytest.fixture(scope="module")
def hub():
    """The outside: an ssh server, with a port that is forwarded into the guest."""
    hub = Hub()
    hub.forwarded = probes.free_ports()["nginx"]
    yield hub
    hub.close()


@pytest.fixture
def golden(goldens, ports, hub, row):
    return goldens(row, prepare=lambda vm: prepare(vm, ports, hub),
                   forwards=probes.forwards(ports))


def same_system(vm, facts):
    assert checks.boot_id(vm) == facts["boot_id"]
    assert process_ids(vm) == facts["ids"]


def session_continues(vm, facts):
    """The restored transaction sees its own rows, and can still write."""
    answer = ask_session(
        vm, "INSERT INTO held VALUES (1001);"
        " SELECT pg_current_xact_id(), pg_backend_pid(); SELECT count(*), sum(n) FROM held;")
    assert answer == facts["session"] + "\n1001|501501"


def connection_continues(vm, facts):
    now = int(vm.run("cat /run/connection").output)
    assert now >= facts["connection"]
    wait_for(vm, f"test $(cat /run/connection) -gt {now}", timeout=10)


def pattern_is_intact(vm):
    """A whole round of checks, begun after the restore, finds it intact."""
    rounds = int(re.match(r"intact (\d+)", vm.run("cat /run/pattern").output).group(1))
    vm.run("pkill -USR1 -f 'python3 /root/pattern.py'")
    wait_for(vm, f"! grep -qx 'intact {rounds}' /run/pattern", timeout=60)
    assert vm.run("cat /run/pattern").output == f"intact {rounds + 1}"


def services_answer(ports):
    """Each answers from outside, with the state it had, and can write."""
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
    """The variable that the previous restore wrote exists, once efivarfs is mounted again."""
    if number == 1:
        return
    product.remount_efivars(vm)
    before = f"{product.EFIVARS}/Restore{number - 1}-{TEST_GUID}"
    assert vm.run(f"dd if={before} bs=4 skip=1 2>/dev/null").output == \
        f"written-Restore{number - 1}"


def announced(vm, number):
    """The uevent has arrived, with the number of this restore, and poll() has returned."""
    wait_for(vm, "grep -q '^FASTBOOT=restored' /run/uevents")
    event = vm.run("grep -B 9 -A 9 '^FASTBOOT=restored' /run/uevents").output.splitlines()
    assert {"ACTION=change", "SUBSYSTEM=fastboot", "DEVPATH=/power/fastboot", "GENERATION=1",
            f"RESTORES={number}"} <= set(event)
    wait_for(vm, f"grep -qx {number} /run/waiter", timeout=10)
    assert vm.run("cat /run/waiter").output.split() == ["0", str(number)]


def good_with_its_services(vm):
    """The loader has counted an attempt; once the services are up, it is taken back."""
    assert product.attribute(vm, "attempts") == "1"
    checks.called_good(vm)
    assert vm.run("systemctl is-failed fastboot-healthy.service", check=False).status != 0


def runner_is_new(vm, number):
    """It has registered once, with the name of this restore; the previous job's traces are gone."""
    wait_for(vm, "test -s /srv/registered", timeout=20)
    assert vm.run("cat /srv/registered").output == f"--name debian-{number}"
    vm.run("! test -e /srv/job")
    vm.run("echo traces >/srv/job")


FIRST_DRAWN = ("awk 'NR > 1 && $1 - before > leap { leap = $1 - before; line = $0 }"
               " { before = $1 } END { print leap, line }' /run/random")


def drawn(vm):
    """The first two random numbers that a process drew after the restore."""
    leap, _, *numbers = vm.run(FIRST_DRAWN).output.split()
    assert float(leap) > 2, "the clock shows no time without power"
    assert len(numbers) == 2 and all(len(number) == 32 for number in numbers)
    return numbers


def check_everything(vm, golden, ports, hub, number):
    checks.restored_state(vm, restores=number)
    announced(vm, number)
    tunnel_is_open(hub, within=20)
    runner_is_new(vm, number)
    checks.clock(vm)
    same_system(vm, golden.facts)
    session_continues(vm, golden.facts)
    connection_continues(vm, golden.facts)
    pattern_is_intact(vm)
    services_answer(ports)
    checks.processors(vm)
    checks.disk_io(vm)
    checks.efi_variables(vm, f"Restore{number}")
    variables_written_before(vm, number)
    good_with_its_services(vm)
    logs_in(hub, "unaware", within=30)
    return [*drawn(vm), checks.random_bytes(vm)]


@pytest.mark.parametrize("row, restores", ROWS)
def test_restores_from_one_image(lab, golden, ports, hub, row, restores):
    lab.note(capture=golden.facts["capture"], cold_boot_to_shell=golden.facts["cold_boot"])
    vm, random_numbers = None, []
    options = {"forwards": probes.forwards(ports)}
    for number in range(1, restores + 1):
        vm = lab.again(vm, **options) if vm else lab.copy(golden, **options)
        hub.logins.clear()
        vm.start()
        replies = probes.FirstReplies(vm, ports).wait(60)
        vm.wait_restored()
        lab.note(restore=number, entry=vm.entry_started(), restored=vm.restored_at(),
                 all_services=max(replies.values()))
        random_numbers += check_everything(vm, golden, ports, hub, number)
        vm.kill()
    assert len(set(random_numbers)) == len(random_numbers) == 3 * restores
    shut_down_early(lab.again(vm, **options))


def attempts(vm):
    with images.area_of(vm.machine, vm.disk) as area:
        return area.newest().state().attempts


def shut_down_early(vm):
    """A shutdown by the power button before the delay is over calls the system good, too."""
    vm.start().wait_restored()
    wait_for(vm, f"pgrep -fx 'sleep {DELAY}'")  # the delay has begun
    vm.press_power_button()
    vm.wait_console("reboot: Power down")
    assert not vm.console.first("Finished .*fastboot-healthy")
    vm.wait_power_off()
    assert attempts(vm) == 0
