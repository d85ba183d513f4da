# SPDX-License-Identifier: GPL-2.0-or-later
"""`fastbootctl simulate` and the loader decide alike, and `verify` sees what the loader sees.

The one is asked in the running system, the other at the start before or after that.
"""

import json

import pytest

from harness import checks, disk, machines, product, restores

MACHINE = machines.SMALL.changed(name="tiny-simulate", file_systems=("ext4",))
DATA = MACHINE.partition(disk.partition_number(MACHINE, "ext4"))
MOUNTED = "/fs/data"


def mount(vm):
    vm.run(f"mkdir -p {MOUNTED} && mount -t ext4 -o ro {DATA} {MOUNTED}")
    return checks.leave_traces(vm)


@pytest.fixture(scope="module")
def golden(goldens):
    return goldens(MACHINE, mount)


def tell(vm, verb, *options, status=0):
    """What the verb says in JSON."""
    result = product.fastbootctl(vm, verb, *options, "--json 2>/dev/null", check=False)
    assert result.status == status, result.output
    return json.loads(result.output)


def simulate(vm, *options, code=None):
    """The verdict, which must be the refusal `code`, or to restore."""
    told = tell(vm, "simulate", *(options or ("--this-boot",)), status=1 if code else 0)
    assert told["verdict"]["restore"] is (code is None)
    assert told["verdict"].get("code") == code
    return told


def statuses(vm, status):
    """{kind: status} of the proofs of slot A."""
    told = tell(vm, "verify", "--slot", "a", status=status)
    assert told["slots"][0]["good"] is True
    return {row["kind"]: row["status"] for row in told["slots"][0]["proofs"]}


def same_as_the_loader(verdict, result):
    """result: what the loader left behind."""
    for key in ("code", "sentence", "advice", "object"):
        assert verdict[key] == result[key], key
    for key in ("golden", "today"):
        assert int(verdict[key], 16) == int(result[key], 16), key
    assert verdict["field"] == result.get("field")
    assert str(verdict["index"]) == result["index"]
    assert verdict["partition"] == result.get("partition")


# Memory maps.

def cut(ranges, start, end):
    """The ranges [start, end, type) without what lies in these bounds."""
    for low, high, kind in ranges:
        for piece in ((low, min(high, start)), (max(low, end), high)):
            if piece[0] < piece[1]:
                yield *piece, kind


NAMES = {"System RAM": "Available", "ACPI Tables": "ACPI_Recl",
         "ACPI Non-volatile Storage": "ACPI_NVS"}


def memory_map(vm, image):
    """This boot's, as `simulate --memmap` reads it: what the kernel was told."""
    text = vm.run("for d in /sys/firmware/memmap/*; do"
                  " echo $(cat $d/start) $(cat $d/end) $(cat $d/type); done").output
    rows = [line.split(None, 2) for line in text.splitlines()]
    ranges = [(int(start, 16), int(last, 16) + 1, NAMES.get(kind.strip(), "Reserved"))
              for start, last, kind in rows]
    for region in image["runtime_map"]:
        if region["type"] in (3, 4) or not int(region["attribute"], 16) >> 63:
            continue
        start, size = int(region["phys"], 16), region["pages"] * 4096
        ranges = [*cut(ranges, start, start + size), (start, start + size, region["type"])]
    return ranges


def put_map(vm, ranges):
    lines = (f"{start:x} {end - 1:x} {kind} {8 << 60:x}" if isinstance(kind, int)
             else f"{start:x} {end - 1:x} {kind}" for start, end, kind in ranges)
    vm.put("/tmp/map", "".join(f"{line}\n" for line in lines).encode())
    return "--memmap", "/tmp/map"


def ask_about_maps(vm):
    image = tell(vm, "inspect", "--slot", "a")["slots"][0]
    ranges = memory_map(vm, image)
    today = simulate(vm, *put_map(vm, ranges))["pages"]
    assert today == simulate(vm)["pages"]
    page = image["longest_runs"][0]["pfn"] * 4096

    hole = list(cut(ranges, page, page + 4096))
    verdict = simulate(vm, *put_map(vm, hole), code="page-not-free")["verdict"]
    assert verdict["golden"] == f"{page:#x}" and verdict["memory"] == "not in the map"

    services = [*hole, (page, page + 4096, "BS_Data")]
    pages = simulate(vm, *put_map(vm, services))["pages"]
    assert (pages["free"], pages["busy"]) == (today["free"] - 1, 1)

    verdict = simulate(vm, *put_map(vm, [*hole, (page, page + 4096, "ACPI_NVS")]),
                       code="page-not-free")["verdict"]
    assert verdict["memory"] == "ACPI_NVS"


def change(vm):
    """The file system is written to, and later unmounted."""
    vm.run(f"mount -o remount,rw {MOUNTED} && echo new >{MOUNTED}/new && sync")
    told = tell(vm, "verify", "--slot", "a", status=1)
    assert told["error"]["code"] == "fs-changed"
    assert {row["mounted_read_write"] for row in told["slots"][0]["proofs"]} == {None, MOUNTED}
    simulate(vm, code="fs-changed")
    vm.run(f"umount {MOUNTED}")


def test_restored_and_then_changed(lab, golden):
    vm = lab.at_entry(golden).start()
    assert checks.outcome(vm, golden.facts) == "restored"
    told = simulate(vm)
    assert told["generation"] == 1 and told["passed_over"] == []
    assert told["pages"]["busy"] == 0 and told["pages"]["spare"] > 0
    held = statuses(vm, 0)
    assert set(held.values()) == {"ok"} and len(held) == 5, held
    assert len(told["proofs"]) == 5
    ask_about_maps(vm)

    change(vm)
    verdict = simulate(vm, code="fs-changed")["verdict"]
    assert statuses(vm, 1)["ext2/3/4 superblock"] == "fs-changed"
    restores.reset(vm)
    result = checks.reason_everywhere(vm, "fs-changed")
    same_as_the_loader(verdict, result)
    assert result["partition"] == disk.PARTUUID["ext4"]
    same_as_the_loader(simulate(vm, code="fs-changed")["verdict"], result)


CHANGES = [
    pytest.param({"uuid": machines.OTHER_UUID}, "machine-id", id="another-machine"),
    pytest.param({"cpu": "max,-bmi2"}, "cpu-model", id="cpu-feature"),
    pytest.param({"cpus": 3}, "cpu-count", id="cpu-count"),
    pytest.param({"devices": ("virtio-rng-pci",)}, "pci-devices", id="pci-device"),
    pytest.param({"memory": "640M"}, "ram-size", id="memory"),
]


@pytest.mark.parametrize("changes, code", CHANGES)
def test_another_machine(lab, golden, changes, code):
    """The system that boots normally there finds the loader's reason by itself."""
    vm = lab.copy(golden, golden.machine.changed(**changes)).start()
    result = checks.normal_boot_after_refusal(vm, code)
    verdict = simulate(vm, code=code)["verdict"]
    if code == "ram-size":  # which the two count a little differently
        result["today"] = verdict["today"]
    same_as_the_loader(verdict, result)
