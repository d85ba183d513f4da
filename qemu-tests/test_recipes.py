# SPDX-License-Identifier: GPL-2.0-or-later
"""The recipes of docs/recipes.md, as they stand there.

A golden root forgets; data that is to persist lies on a file system that the image does not
know.
"""

from contextlib import closing

import psycopg2
import pytest

from harness import machines, probes
from harness.checks import wait_for
from harness.paths import host

MACHINE = machines.DEBIAN.changed(name="debian-data")
INNER_PORT = 5433
RESTORES = 3

# Of docs/recipes.md, "PostgreSQL with data that persists"; LABEL=data is the second disk here.
SRV_PG_MOUNT = """[Unit]
Description=Data of PostgreSQL

[Mount]
What=/dev/disk/by-label/data
Where=/srv/pg

[Install]
WantedBy=fastboot-restored.target
"""
PERSISTENT = """[Unit]
RequiresMountsFor=/srv/pg
PartOf=fastboot-restored.target
"""


@pytest.fixture(scope="module")
def port():
    return probes.free_ports()["postgresql"]


@pytest.fixture(scope="module")
def data_disk(module_lab):
    """The one disk that all restores write to."""
    module_lab.work.mkdir(parents=True, exist_ok=True)
    path = module_lab.work / "data.qcow2"
    raw = path.with_suffix(".raw")
    host("truncate", "-s", "512M", raw)
    host("mke2fs", "-q", "-t", "ext4", "-L", "data", raw)
    host("qemu-img", "convert", "-O", "qcow2", raw, path)
    raw.unlink()
    return path


def make_cluster(vm):
    """Follows the recipe; the data ends up unmounted, its service stopped."""
    vm.put("/etc/systemd/system/srv-pg.mount", SRV_PG_MOUNT)
    vm.run("mkdir -p /srv/pg && systemctl daemon-reload && systemctl start srv-pg.mount")
    vm.run(f"pg_createcluster 15 data -d /srv/pg/data -p {INNER_PORT} --start-conf manual -- -A trust",
           timeout=180)
    vm.run("mkdir -p '/etc/systemd/system/postgresql@15-data.service.d'")
    vm.put("/etc/systemd/system/postgresql@15-data.service.d/persistent.conf", PERSISTENT)
    vm.run("echo \"listen_addresses = '*'\" >>/etc/postgresql/15/data/conf.d/net.conf;"
           " echo 'host all all 0.0.0.0/0 trust' >>/etc/postgresql/15/data/pg_hba.conf")
    vm.run("systemctl daemon-reload && systemctl enable srv-pg.mount &&"
           " systemctl add-wants fastboot-restored.target postgresql@15-data.service")
    vm.run("systemctl stop postgresql@15-data.service srv-pg.mount")
    vm.run("! grep -q /srv/pg /proc/mounts")
    return {}


def rows(port, statement=None):
    """How many rows there are, after the statement."""
    with closing(psycopg2.connect(host="127.0.0.1", port=port, user="postgres",
                                  dbname="postgres", connect_timeout=5)) as link:
        with link, link.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
            if statement:
                cursor.execute(statement)
            cursor.execute("SELECT count(*) FROM kept")
            return cursor.fetchone()[0]


def test_data_persists(goldens, lab, data_disk, port):
    """Each restore finds what the one before has committed; the power fails in between."""
    golden = goldens(MACHINE, prepare=make_cluster, drives=[data_disk],
                     forwards=[(port, INNER_PORT)])
    forwards = [(port, INNER_PORT)]
    for number in range(RESTORES):
        vm = lab.copy(golden, drives=[data_disk], forwards=forwards).start()
        vm.wait_restored()
        assert vm.state().startswith("restored generation=1")
        wait_for(vm, "systemctl is-active postgresql@15-data.service", timeout=60)
        assert rows(port) == number
        assert rows(port, f"INSERT INTO kept VALUES ({number})") == number + 1
        vm.run("systemctl is-active fastboot-restored.target srv-pg.mount")
        vm.kill()
