# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of machines that the tests run on: one row, one golden system."""

import dataclasses
import hashlib
from dataclasses import dataclass

from .accel import accelerator
from .firmware import OWN_KEYS, PLAIN, SECURE_BOOT, Firmware
from .paths import QEMU_TESTS
from .series import SERIES
from .stacks import STACKS

# The loader must take a machine with this UUID for another machine.
OTHER_UUID = "b3d7f3a4-5e0c-4f0e-9c55-0a3f5c1d2e02"

# On a machine that counts instructions, one takes 64 ns.  With 1 ns, firmware that waits
# for a device would execute a billion instructions for each second that it waits.
COUNT_SHIFT = 6


@dataclass(frozen=True)
class Machine:
    name: str
    guest: str = "tiny"         # tiny, debian or kiosk; stock: without the product
    series: str = "6.12"        # of guest/kernels.table
    type: str = "q35"
    firmware: Firmware = PLAIN
    memory: str = "1G"
    cpus: int = 2
    cpu: str = "max"            # has LA57 under TCG: the kernel runs 5-level
    disk: str = "virtio"        # virtio, nvme or ahci
    area_mib: int = 1024        # the partition of the fast-boot area
    swap_mib: int = 0           # of its swap area; 0: the smallest possible
    cmdline: str = ""
    disable_s4: bool = False
    network: bool = False
    graphics: bool = True       # has a screen
    devices: tuple = ()         # further -device arguments
    share: bool = False         # a directory of the host, tag "share", by 9p
    menu_wait: float = 0        # seconds the firmware waits for a key at power-on
    uuid: str = "7a1c5e0b-94d2-4f36-8b7e-2d90c3f1a601"  # of the machine, in SMBIOS
    file_systems: tuple = ()    # of further partitions
    scratch: str = ""           # the file system of the scratch partition: ext4, or none
    second_disk: bool = False   # one more, with an ext4; needs q35, and the first not at AHCI
    second_bus: str = "ahci"    # of the second and further disks; or virtio, usb
    places: tuple = ("", "")    # of the first and the second disk, in QEMU's words: "addr=0x8"
    initrd: str = "initrd"      # of the tiny guest; others have more (guest/build-tiny)
    stack: str = ""             # of harness/stacks.py, in place of area and scratch partition
    unified: bool = False       # has a unified kernel image, signed by the machine's owner
    touched: bool = False       # memory is allocated before power-on, as if it were real
    loader: str = None          # options of its boot entry, besides the area with Secure Boot
    counted: bool = False       # always emulated; its clock counts instructions

    def changed(self, **fields):
        """The same machine with other parts."""
        return dataclasses.replace(self, **fields)

    def qemu_arguments(self, drives=0):
        """drives: the number of disks besides the first; their ids are drive0, drive1, ..."""
        arguments = [
            "-nodefaults", "-no-user-config", "-display", "none",
            "-name", self.name, "-uuid", self.uuid, "-rtc", "base=utc",
            "-machine", f"{self.type}{self.firmware.machine_options}",
            *self.firmware.arguments, *self._accelerator_arguments(),
            "-cpu", self.cpu, "-smp", str(self.cpus), *self._memory_arguments(),
            *(["-device", "VGA"] if self.graphics else []),
            *self._disk_arguments(),
            *(word for number in range(drives) for word in self._drive_arguments(number))]
        if self.disable_s4:
            bridge = "ICH9-LPC" if self.type == "q35" else "PIIX4_PM"
            arguments += ["-global", f"{bridge}.disable_s4=1"]
        if self.menu_wait:
            arguments += ["-boot", f"menu=on,splash-time={int(self.menu_wait * 1000)}"]
        for device in self.devices:
            arguments += ["-device", device]
        if self.share:
            arguments += ["-fsdev", f"local,id=share,path={QEMU_TESTS},security_model=none,"
                          "readonly=on", "-device", "virtio-9p-pci,fsdev=share,mount_tag=share"]
        return arguments

    def _accelerator_arguments(self):
        if self.counted:
            return ["-accel", "tcg,thread=single", "-icount", f"shift={COUNT_SHIFT},sleep=off"]
        return ["-accel", accelerator()]

    def _memory_arguments(self):
        arguments = ["-m", self.memory]
        if self.touched:
            arguments += ["-object", f"memory-backend-ram,id=ram,size={self.memory},prealloc=on",
                          "-machine", "memory-backend=ram"]
        return arguments

    def _disk_arguments(self):
        if self.disk == "virtio":
            return ["-device", ",".join(filter(None, ["virtio-blk-pci,drive=disk",
                                                      self.places[0]]))]
        if self.disk == "nvme":
            return ["-device", "nvme,drive=disk,serial=fastboot"]
        if self.disk == "ahci" and self.type == "q35":
            return ["-device", "ide-hd,drive=disk,bus=ide.0"]
        if self.disk == "ahci":
            return ["-device", "ahci,id=ahci", "-device", "ide-hd,drive=disk,bus=ahci.0"]
        raise ValueError(f"{self.name}: no such disk bus: {self.disk}")

    def _drive_arguments(self, number):
        place = self.places[1] if self.second_disk and number == 0 else ""
        if not self.second_disk or self.second_bus == "virtio":
            return ["-device", ",".join(filter(None, [f"virtio-blk-pci,drive=drive{number}",
                                                      place]))]
        if self.second_bus == "usb":  # all look the same, except for the port
            place = place or f"port={number + 1},serial=alike"
            return [*(["-device", "qemu-xhci"] if number == 0 else []),
                    "-device", f"usb-storage,drive=drive{number},{place}"]
        # At the chipset's own controller, so that removing it removes no PCI device.
        return ["-device", f"ide-hd,drive=drive{number},{place or f'bus=ide.{number}'}"]

    def firmware_key(self):
        """Equal for machines that look the same to their firmware and to what it starts."""
        loader = self.loader if self.firmware.secure or self.stack else None
        alike = (self.firmware, loader, self.guest, self.series, self.type, self.memory,
                 self.cpus, self.cpu, self.disk, self.initrd, self.stack, self.unified,
                 self.disable_s4, self.network, self.graphics, self.devices, self.share,
                 self.menu_wait, self.second_disk, self.second_bus, self.places, self.touched)
        return hashlib.sha256(repr(alike).encode()).hexdigest()[:16]

    @property
    def has_product(self):
        return self.guest != "stock"

    @property
    def kernel_words(self):
        """Words of the kernel's command line: the row's own, and those that its kernel needs."""
        return " ".join(word for word in (self.cmdline, SERIES[self.series].cmdline) if word)

    @property
    def disk_device(self):
        return {"virtio": "/dev/vda", "nvme": "/dev/nvme0n1", "ahci": "/dev/sda"}[self.disk]

    @property
    def second_device(self):
        return {"virtio": "/dev/vdb", "ahci": "/dev/sda", "usb": "/dev/sda"}[self.second_bus]

    @property
    def area(self):
        """The device of the image area."""
        return self.stack and STACKS[self.stack].area or self.partition(2)

    def partition(self, number):
        return self.disk_device + ("p" if self.disk == "nvme" else "") + str(number)


# Together the rows cover every bus, both chipsets, the oldest, the main and the newest
# kernel, both paging depths, memory above 4 GiB and firmware without S4, but not every
# combination.  The default series is 6.12: 6.1 takes twice as long to unpack itself.
TINY = Machine("tiny-q35")
# For tests that are not about the machine: little memory, so that a snapshot is quick, and no
# screen, where a refusal would stay for three seconds.
SMALL = TINY.changed(name="tiny-small", memory="512M", area_mib=256, graphics=False,
                     scratch="ext4", loader="verbose")  # so that it reports its progress
# Secure Boot on: the firmware starts shim, shim the signed loader, or GRUB and with that a kernel
# that is locked down (harness/variables.py, disk.py).
SECURE = SMALL.changed(name="tiny-secure", firmware=SECURE_BOOT)
# The loader starts a unified kernel image; the same without shim, with none but the owner's key.
VETTED = SECURE.changed(name="tiny-vetted", unified=True, loader=r"verbose kernel=\EFI\Linux\tiny.efi")
VETTED_OWN_KEYS = VETTED.changed(name="tiny-vetted-own-keys", firmware=OWN_KEYS)
# As Debian's installer partitions a disk (harness/stacks.py).  With LUKS images are sealed, with
# or without Secure Boot.
LVM = SMALL.changed(name="tiny-lvm", stack="lvm", initrd="initrd-stacks")
LUKS = LVM.changed(name="tiny-luks", stack="crypto", loader="verbose seal=always")
LUKS_SECURE = LUKS.changed(name="tiny-luks-secure", firmware=SECURE_BOOT, loader="verbose")
ARRAYS = LVM.changed(name="tiny-arrays", stack="arrays", second_disk=True)
FILE = LVM.changed(name="tiny-file", stack="file-ext4")
FILE_XFS = LVM.changed(name="tiny-file-xfs", stack="file-xfs")
TINY_5G = Machine("tiny-q35-5g", memory="5G", area_mib=4096)
MATRIX = [
    TINY,
    Machine("tiny-q35-nvme-newest", series="newest", disk="nvme"),
    Machine("tiny-q35-ahci-no5lvl-61", series="6.1", disk="ahci", cmdline="no5lvl",
            disable_s4=True),
    Machine("tiny-pc-virtio", type="pc"),
    TINY_5G,
]
# Each kernel outside the default tier, on the same machine.
FULL_SERIES = [Machine(f"tiny-q35-{row.name.replace('.', '')}", series=row.name)
               for row in SERIES.values() if row.tier != "default"]
FULL_MATRIX = FULL_SERIES + [
    Machine("tiny-q35-61", series="6.1"),
    Machine("tiny-q35-newest", series="newest"),
    Machine("tiny-q35-nvme", disk="nvme"),
    Machine("tiny-q35-nvme-61", series="6.1", disk="nvme"),
    Machine("tiny-q35-ahci", disk="ahci"),
    Machine("tiny-q35-ahci-newest", series="newest", disk="ahci"),
    Machine("tiny-pc-virtio-61", series="6.1", type="pc"),
    Machine("tiny-pc-ahci-newest", series="newest", type="pc", disk="ahci"),
    Machine("tiny-pc-nvme-s4off", type="pc", disk="nvme", disable_s4=True),
    Machine("tiny-q35-no5lvl", cmdline="no5lvl"),
    Machine("tiny-q35-la57off", cpu="max,la57=off"),
    Machine("tiny-q35-qemu64", cpu="qemu64"),
    Machine("tiny-q35-nokaslr", cmdline="nokaslr"),
    Machine("tiny-q35-pti", cmdline="pti=on"),
    Machine("tiny-q35-poison", cmdline="page_poison=1"),
    Machine("tiny-q35-1cpu", cpus=1),
    Machine("tiny-q35-4cpu", cpus=4),
    Machine("tiny-q35-5g-61", series="6.1", memory="5G", area_mib=4096),
]
# What users have: Debian 13 on its own kernel, and the previous release.
DEBIAN = Machine("debian", guest="debian", memory="2G", area_mib=2048,
                 cmdline="overlayroot=tmpfs", network=True)
DEBIAN_12 = DEBIAN.changed(name="debian-12", series="6.1")
KIOSK = DEBIAN.changed(name="kiosk", guest="kiosk", memory="1G", area_mib=1024, network=False,
                       cpus=1)
