# SPDX-License-Identifier: GPL-2.0-or-later
"""`fastbootctl simulate` decides as the loader does, and `verify` sees what the loader sees.

The tool is asked in the running system, the loader at the boot before or after.
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


def ask(vm, verb, *options, status=0):
    """The verb's answer in JSON."""
    result = product.fastbootctl(vm, verb, *options, "--json 2>/dev/null", check=False)
    assert result.status == status, result.output
    return json.loads(result.output)


def simulate(vm, *options, code=None):
    """The answer, whose verdict must be a refusal with this code, or None: a restore."""
    answer = ask(vm, "simulate", *(options or ("--this-boot",)), status=1 if code else 0)
    assert answer["verdict"]["restore"] is (code is None)
    assert answer["verdict"].get("code") == code
    return answer


def statuses(vm, status):
    """{kind: status} of the proofs of slot A."""
    answer = ask(vm, "verify", "--slot", "a", status=status)
    assert answer["slots"][0]["good"] is True
    return {row["kind"]: row["status"] for row in answer["slots"][0]["proofs"]}


def same_as_the_loader(verdict, result):
    """result: what the loader has left for the system."""
    for key in ("code", "sentence", "advice", "object"):
        assert verdict[key] == result[key], key
    for key in ("golden", "today"):
        assert int(verdict[key], 16) == int(result[key], 16), key
    assert verdict["field"] == result.get("field")
    assert str(verdict["index"]) == result["index"]
    assert verdict["partition"] == result.get("partition")


# Memory maps.

def cut(ranges, start, end):
    """The ranges (start, end, type) without what is between start and end."""
    for low, high, kind in ranges:
        for piece in ((low, min(high, start)), (max(low, end), high)):
            if piece[0] < piece[1]:
                yield *piece, kind


NAMES = {"System RAM": "Available", "ACPI Tables": "ACPI_Recl",
         "ACPI Non-volatile Storage": "ACPI_NVS"}


def memory_map(vm, image):
    """This boot's memory map, from the kernel, as `simulate --memmap` reads it."""
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
    image = ask(vm, "inspect", "--slot", "a")["slots"][0]
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
    """Write to the file system, look at the verdicts, then unmount it."""
    vm.run(f"mount -o remount,rw {MOUNTED} && echo new >{MOUNTED}/new && sync")
    answer = ask(vm, "verify", "--slot", "a", status=1)
    assert answer["error"]["code"] == "fs-changed"
    assert {row["mounted_read_write"] for row in answer["slots"][0]["proofs"]} == {None, MOUNTED}
    simulate(vm, code="fs-changed")
    vm.run(f"umount {MOUNTED}")


def test_restored_and_then_changed(lab, golden):
    vm = lab.at_entry(golden).start()
    assert checks.outcome(vm, golden.facts) == "restored"
    answer = simulate(vm)
    assert answer["generation"] == 1 and answer["passed_over"] == []
    assert answer["pages"]["busy"] == 0 and answer["pages"]["spare"] > 0
    held = statuses(vm, 0)
    assert set(held.values()) == {"ok"} and len(held) == 5, held
    assert len(answer["proofs"]) == 5
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
    """The system that boots normally on another machine finds the loader's reason by itself."""
    vm = lab.copy(golden, golden.machine.changed(**changes)).start()
    result = checks.normal_boot_after_refusal(vm, code)
    verdict = simulate(vm, code=code)["verdict"]
    if code == "ram-size":  # loader and tool count memory a little differently
        result["today"] = verdict["today"]
    same_as_the_loader(verdict, result)
