# SPDX-License-Identifier: GPL-2.0-or-later
"""The recipes of docs/recipes.md, by the files that it contains.

A golden root forgets; data that should persist is on a file system that the image does not
know.
"""

from contextlib import closing

import psycopg2
import pytest

from harness import machines, probes, recipes
from harness.checks import wait_for
from harness.golden import take_snapshot
from harness.paths import host

MACHINE = machines.DEBIAN.changed(name="debian-data", cpus=1)
INNER_PORT = 5433
RESTORES = 3


@pytest.fixture(scope="module")
def port():
    return probes.free_ports()["postgresql"]


@pytest.fixture(scope="module")
def data_disk(module_lab):
    """The only disk that all restores write to."""
    module_lab.work.mkdir(parents=True, exist_ok=True)
    path = module_lab.work / "data.qcow2"
    raw = path.with_suffix(".raw")
    host("truncate", "-s", "512M", raw)
    host("mke2fs", "-q", "-t", "ext4", "-L", "data", raw)
    host("qemu-img", "convert", "-O", "qcow2", raw, path)
    raw.unlink()
    return path


def version(vm):
    return vm.run("ls /usr/lib/postgresql").output.strip()


def make_cluster(vm):
    """Follow the recipe, whose LABEL=data is the second disk here, and start the server."""
    pg = version(vm)
    recipes.put(vm, "PostgreSQL with data that persists", own={"VERSION": pg})
    vm.run("mkdir -p /srv/pg && systemctl daemon-reload && systemctl start srv-pg.mount")
    vm.run(f"pg_createcluster {pg} data -d /srv/pg/data -p {INNER_PORT} --start-conf manual"
           " -- -A trust", timeout=180)
    vm.run(f"echo \"listen_addresses = '*'\" >>/etc/postgresql/{pg}/data/conf.d/net.conf;"
           f" echo 'host all all 0.0.0.0/0 trust' >>/etc/postgresql/{pg}/data/pg_hba.conf")
    vm.run("systemctl daemon-reload && systemctl enable srv-pg.mount &&"
           f" systemctl add-wants fastboot-restored.target postgresql@{pg}-data.service")
    vm.run(f"systemctl start postgresql@{pg}-data.service", timeout=180)
    return {}


def save(vm):
    """Take the image, for which the data is unmounted; the saved machine has it again."""
    seconds = take_snapshot(vm, command="fastbootctl snapshot golden")
    vm.run("systemctl is-active 'postgresql@*-data.service' srv-pg.mount")
    return seconds


def rows(port, statement=None):
    """The number of rows, after the statement."""
    with closing(psycopg2.connect(host="127.0.0.1", port=port, user="postgres",
                                  dbname="postgres", connect_timeout=5)) as link:
        with link, link.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
            if statement:
                cursor.execute(statement)
            cursor.execute("SELECT count(*) FROM kept")
            return cursor.fetchone()[0]


def test_data_persists(goldens, lab, data_disk, port):
    """Each restore finds what was committed before, also by the saved machine."""
    forwards = [(port, INNER_PORT)]

    def prepare(vm):
        facts = make_cluster(vm)
        assert rows(port, "INSERT INTO kept VALUES (-2)") == 1
        return facts

    def take(vm):
        seconds = save(vm)
        assert rows(port, "INSERT INTO kept VALUES (-1)") == 2
        return seconds

    made = goldens(MACHINE, prepare=prepare, take=take, drives=[data_disk], forwards=forwards)
    for number in range(2, 2 + RESTORES):
        vm = lab.copy(made, drives=[data_disk], forwards=forwards).start()
        vm.wait_restored()
        assert vm.state().startswith("restored generation=1")
        wait_for(vm, "systemctl is-active 'postgresql@*-data.service'", timeout=60)
        assert rows(port) == number
        assert rows(port, f"INSERT INTO kept VALUES ({number})") == number + 1
        vm.run("systemctl is-active fastboot-restored.target srv-pg.mount")
        vm.kill()
