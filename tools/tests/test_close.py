# SPDX-License-Identifier: GPL-2.0-or-later
"""
The programs 10-esp and 90-stacks, on a machine that is a folder: a mount table, processes, and
fakes of what they call.  What the fakes were asked to do is a line of `calls`.
"""
import os
import shutil
import subprocess

import pytest

from test_scripts import Fakes
from tool import TOOLS

CLOSE = TOOLS / "snapshot.d/close"
UNIT = "systemd-cryptsetup@secret.service"

MOUNT = """while [ $# -gt 2 ]; do
    case $1 in -t) type=$2 ;; -o) options=$2 ;; esac; shift 2
done
[ ! -e {dir}/broken ] || ! grep -qxF "$2" {dir}/broken || {{ echo broken >&2; exit 32; }}
add() {{ printf '%s' "$1" | sed 's/ /\\\\040/g'; }}
number=$(awk -v source="$(add "$1" | sed 's/\\\\/&&/g')" '$2 == source {{ print $1; exit }}' {dir}/numbers)
[ -n "$number" ] || exit 32
printf '%s\\n' "9 1 $number / $(add "$2") $options - $type $(add "$1") rw" >>{table}"""

UMOUNT = """path=$(printf '%s' "$1" | sed 's/ /\\\\040/g')
if [ -e {dir}/busy ] && grep -qxF "$1" {dir}/busy; then
    echo "umount: $1: target is busy." >&2
    exit 32
fi
P=$path awk '{{ line[NR] = $0 }} $5 == ENVIRON["P"] {{ last = NR }}
    index($5, ENVIRON["P"] "/") == 1 {{ below = 1 }}
    END {{ if (!last || below) exit 32
        for (i = 1; i <= NR; i++) if (i != last) print line[i] }}' {table} >{table}.new || {{
    echo "umount: $1: target is busy, or not mounted." >&2
    exit 32
}}
mv {table}.new {table}"""

SYSTEMCTL = """case $* in
*list-units*) awk '{{ print $1, "loaded active running" }}' {dir}/automounts ;;
'show --property=Type --value '*) U=$4 awk '$2 == ENVIRON["U"] {{ print $4 }}' {dir}/units ;;
'show --property=What --value '*) U=$4 awk '$2 == ENVIRON["U"] {{ print $5 }}' {dir}/units ;;
'show --property=Where --value '*) U=$4 awk '$1 == ENVIRON["U"] {{ print $3 }}' {dir}/units ;;
'show --property=LoadState --value '*) grep -qxF "$4" {dir}/crypttab && echo loaded ;;
'--job-mode=ignore-dependencies stop systemd-crypt'*) ! grep -qx crypt {dir}/stuck || exit 1
    rm -f {dev}/mapper/secret ;;
'--job-mode=ignore-dependencies stop '*) grep -vxF "$3" {dir}/automounts >{dir}/left
    mv {dir}/left {dir}/automounts ;;
'start systemd-crypt'*) [ ! -e {dir}/locked ] || exit 1; touch {dev}/mapper/secret ;;
start*) echo "$2" >>{dir}/automounts ;;
*) exit 99 ;;
esac"""

STACK = {
    "lvs": "[ \"$4\" = data ] && echo '  {dev}/mapper/data-home' && echo '  {dev}/mapper/data-swap'",
    "vgchange": """case $1 in
        -an) ! grep -qx vg {dir}/stuck || {{ echo 'in use' >&2; exit 5; }}
            rm -f {dev}/mapper/data-* ;;
        -ay) touch {dev}/mapper/data-home {dev}/mapper/data-swap ;;
        esac""",
    "cryptsetup": "! grep -qx crypt {dir}/stuck && rm -f {dev}/mapper/secret",
    "systemd-escape": "echo \"$2\"",
    "mdadm": """case $* in
        '--detail --export '*) echo MD_UUID=1:2:3:4 ;;
        --detail*) [ -e \"$2\" ] ;;
        --stop*) ! grep -qx md {dir}/stuck && rm \"$2\" ;;
        --assemble*) touch \"$2\" ;;
        esac""",
    "zpool": """case $* in
        'list -H -o name tank') [ -e {dir}/tank ] ;;
        export*) ! grep -qx zpool {dir}/stuck && rm {dir}/tank ;;
        import*) touch {dir}/tank ;;
        *) exit 1 ;;
        esac""",
    "lsblk": "for last; do :; done; readlink -f \"$last\"",
    "udevadm": "",
}


class Machine:
    """Mounts are (number, type, source, target); `mounted` gives their targets, in order."""

    def __init__(self, fakes):
        self.fakes, self.dir = fakes, fakes.dir
        self.proc, self.dev, self.run = (self.dir / name for name in ("proc", "dev", "run"))
        (self.proc / "self").mkdir(parents=True)
        (self.dev / "mapper").mkdir(parents=True)
        self.table = self.proc / "self/mountinfo"
        (self.proc / "swaps").write_text("Filename Type Size Used Priority\n")
        for name in ("automounts", "units", "crypttab", "stuck", "numbers"):
            (self.dir / name).touch()
        self.table.write_text("20 1 0:20 / / rw,relatime shared:1 - overlay overlayroot rw\n"
                              "21 20 0:21 / /run rw,nosuid - tmpfs tmpfs rw,size=1k\n")
        for name, body in {"mount": MOUNT, "umount": UMOUNT, "systemctl": SYSTEMCTL,
                           "sleep": "", **STACK}.items():
            fakes.program(name, body.format(dir=self.dir, dev=self.dev, table=self.table))

    def mount(self, number, kind, source, target, root="/", options="rw,relatime", own="rw"):
        escaped = [word.replace(" ", r"\040") for word in (root, target, source)]
        with (self.dir / "numbers").open("a") as file:
            file.write(f"{number} {escaped[2]}\n")
        with self.table.open("a") as file:
            file.write(f"30 20 {number} {escaped[0]} {escaped[1]} {options} shared:2"
                       f" - {kind} {escaped[2]} {own}\n")

    def mounted(self):
        targets = (line.split()[4] for line in self.table.read_text().splitlines())
        return [target.replace(r"\040", " ") for target in targets if target not in ("/", "/run")]

    def automount(self, where, kind, what):
        name = where.strip("/").replace("-", r"\x2d").replace("/", "-")
        with (self.dir / "units").open("a") as file:
            file.write(f"{name}.automount {name}.mount {where} {kind} {what}\n")
        with (self.dir / "automounts").open("a") as file:
            file.write(f"{name}.automount\n")
        with self.table.open("a") as file:
            file.write(f"25 20 0:40 / {where} rw - autofs systemd-1 rw,fd=1\n")
        return f"{name}.automount"

    def process(self, number, name, **links):
        directory = self.proc / str(number)
        directory.mkdir()
        (directory / "comm").write_text(name + "\n")
        for link, path in links.items():
            (directory / link).symlink_to(path)
        return directory

    def busy(self, *targets):
        (self.dir / "busy").write_text("".join(f"{target}\n" for target in targets))

    def stack(self, *names):
        for name in names:
            (self.dev / name).touch()

    def settings(self, close):
        (self.dir / "settings").write_text(f"HEALTHY_DELAY=3\nFASTBOOT_CLOSE='{close}'\n")

    def do(self, name, *args, env=None):
        link = self.dir / name
        if not link.exists():
            link.symlink_to(CLOSE)
        status, out, err = self.fakes.run(link, *args, env={
            "FASTBOOT_PROC": str(self.proc), "FASTBOOT_DEV": str(self.dev),
            "FASTBOOT_RUN": str(self.run), "FASTBOOT_SYSTEMD": str(self.dir),
            "FASTBOOT_SETTINGS": str(self.dir / "settings"), **(env or {})})
        return status, out + err

    def esp(self, when):
        return self.do("10-esp", when, "golden")

    def stacks(self, when):
        return self.do("90-stacks", when, "golden")

    def restored(self):
        """What fastboot-reopen.service does."""
        return self.do("close", "post")

    def calls(self, *names):
        """What changed something."""
        asks = ("systemctl show", "systemctl --plain", "mdadm --detail", "zpool list")
        return [line for line in self.fakes.calls() if line.startswith(names or (
            "mount", "umount", "systemctl", "vgchange", "cryptsetup", "mdadm", "zpool"))
            and not line.startswith(asks)]


@pytest.fixture
def machine(tmp_path):
    return Machine(Fakes(tmp_path))


def esp(machine, target="/boot/efi", source="/dev/sda1", number="8:1"):
    machine.mount(number, "vfat", source, target, own="rw,fmask=0077,utf8,errors=remount-ro")


MOUNTED_AGAIN = ("mount -t vfat -o rw,relatime,fmask=0077,utf8,errors=remount-ro"
                 " /dev/sda1 /boot/efi")


# The ESP

def test_esp_is_unmounted_and_mounted_as_it_was(machine):
    esp(machine)
    assert machine.esp("pre") == (0, "")
    assert machine.mounted() == []
    assert machine.esp("post") == (0, "")
    assert machine.calls() == ["umount /boot/efi", MOUNTED_AGAIN]
    assert machine.mounted() == ["/boot/efi"]
    assert not (machine.run / "closed").exists()


def test_a_restored_system_mounts_it(machine):
    """The folder /run is in the image; each restore of a golden one finds it as it was."""
    esp(machine)
    machine.esp("pre")
    image = (machine.run / "closed").read_text(), machine.table.read_text()
    for _ in range(2):
        (machine.run / "closed").write_text(image[0])
        machine.table.write_text(image[1])
        assert machine.restored() == (0, "")
        assert machine.mounted() == ["/boot/efi"]


def test_two_and_nested(machine):
    esp(machine, "/boot", "/dev/sda2", "8:2")
    esp(machine)
    esp(machine, "/mnt/other disk", "/dev/sdb1", "8:17")
    before = machine.table.read_text()
    assert machine.esp("pre") == (0, "")
    assert machine.calls("umount") == ["umount /mnt/other disk", "umount /boot/efi",
                                       "umount /boot"]
    assert machine.esp("post") == (0, "")
    assert machine.mounted() == ["/boot", "/boot/efi", "/mnt/other disk"]
    assert before.count("vfat") == machine.table.read_text().count("vfat")


def test_mounted_twice(machine):
    esp(machine)
    esp(machine, "/efi")
    assert machine.esp("pre") == (0, "")
    assert machine.mounted() == []
    assert machine.esp("post") == (0, "")
    assert machine.mounted() == ["/boot/efi", "/efi"]


@pytest.mark.parametrize("name", ["a b", "a\\0401", "100%d", "*", "-o", "tab\tname"])
def test_strange_names(machine, name):
    """As mountinfo has them: \\040, and a digit after it."""
    target = "/media/" + name.replace("\\040", " ")
    escaped = target.replace(" ", r"\040").replace("\t", r"\011")
    machine.mount("8:1", "vfat", "/dev/sda1", escaped)
    machine.fakes.program("umount", f"printf '%s' \"$1\" >{machine.dir}/asked")
    machine.fakes.program("mount", f"printf '%s' \"$6\" >{machine.dir}/asked_again")
    assert machine.esp("pre") == (0, "")
    assert (machine.dir / "asked").read_text() == target
    machine.table.write_text("")
    assert machine.restored() == (0, "")
    assert (machine.dir / "asked_again").read_text() == target


def test_options(machine):
    """Read-only by the mount or by the file system: either way it is so again."""
    machine.mount("8:1", "vfat", "/dev/sda1", "/a", options="ro,nosuid", own="rw,utf8")
    machine.mount("8:2", "vfat", "/dev/sda2", "/b", options="rw,noexec", own="ro")
    machine.esp("pre")
    machine.esp("post")
    assert machine.calls("mount") == ["mount -t vfat -o ro,nosuid,utf8 /dev/sda1 /a",
                                      "mount -t vfat -o ro,noexec /dev/sda2 /b"]


def test_nothing_mounted(machine):
    """Other file systems are not touched, nor a vfat in a file."""
    machine.mount("8:3", "ext4", "/dev/sda3", "/srv")
    machine.mount("7:0", "vfat", "/dev/loop0", "/mnt")
    assert machine.esp("pre") == (0, "")
    assert machine.esp("post") == (0, "")
    assert machine.calls() == []
    assert machine.mounted() == ["/srv", "/mnt"]


@pytest.mark.skipif(not shutil.which("busybox"), reason="busybox is not installed")
def test_busybox(machine):
    """It lacks flock, among others."""
    esp(machine)
    applets = machine.dir / "applets"
    applets.mkdir()
    for name in ("sh", "awk", "sed", "grep", "mkdir", "touch", "rm", "mv", "cat"):
        (applets / name).symlink_to(shutil.which("busybox"))
    env = {"PATH": f"{machine.fakes.bin}:{applets}", "FASTBOOT_SYSTEMD": "/none"}
    assert machine.do("10-esp", "pre", env=env) == (0, "")
    assert machine.mounted() == []
    assert machine.do("10-esp", "post", env=env) == (0, "")
    assert machine.mounted() == ["/boot/efi"]


def test_post_without_pre(machine):
    esp(machine)
    assert machine.esp("post") == (0, "")
    assert machine.restored() == (0, "")
    assert machine.calls() == []


def test_pre_twice(machine):
    """A snapshot of a system that was restored a moment ago; somebody has mounted one of two."""
    esp(machine)
    esp(machine, "/efi", "/dev/sdb1", "8:17")
    machine.esp("pre")
    assert machine.esp("pre") == (0, "")
    esp(machine)
    assert machine.esp("pre") == (0, "")
    assert machine.mounted() == []
    assert machine.esp("post") == (0, "")
    assert machine.mounted() == ["/boot/efi", "/efi"]
    assert len(machine.calls("mount")) == 2


def test_somebody_mounted_it_meanwhile(machine):
    esp(machine)
    machine.esp("pre")
    esp(machine)
    assert machine.esp("post") == (0, "")
    assert machine.mounted() == ["/boot/efi"]
    assert machine.calls("mount") == []


def test_systemd_mounts_it_at_the_same_time(machine):
    esp(machine)
    machine.esp("pre")
    path = machine.fakes.bin / "mount"
    path.write_text(path.read_text() + "\necho 'already mounted' >&2; exit 32\n")
    assert machine.restored() == (0, "")
    assert machine.mounted() == ["/boot/efi"]


def test_busy(machine):
    """The holders are named, once each, and the other one is mounted again."""
    esp(machine)
    esp(machine, "/efi", "/dev/sdb1", "8:17")
    machine.busy("/boot/efi")
    holder = machine.process(12, "my editor", cwd="/boot/efi", root="/", exe="/usr/bin/vi")
    (holder / "fd").mkdir()
    (holder / "fd/3").symlink_to("/boot/efi/a file")
    machine.process(13, "other", cwd="/boot/efisys", root="/", exe="/usr/bin/vi")
    mapped = machine.process(14, "mapper", cwd="/")
    (mapped / "map_files").mkdir()
    (mapped / "map_files/1-2").symlink_to("/boot/efi/lib.so")
    status, text = machine.esp("pre")
    assert status == 1
    assert "10-esp: /boot/efi cannot be unmounted: umount: /boot/efi: target is busy.\n" in text
    assert text.count("process 12 (my editor) uses /boot/efi") == 1
    assert "process 14 (mapper) uses /boot/efi/lib.so" in text
    assert "process 13" not in text
    assert machine.mounted() == ["/boot/efi", "/efi"]
    assert not (machine.run / "closed").exists()
    assert machine.esp("post") == (0, "")  # fastbootctl runs it for a program that failed
    assert len(machine.calls("mount")) == 1


def test_busy_for_a_moment(machine):
    esp(machine)
    machine.busy("/boot/efi")
    machine.fakes.program("sleep", f"rm {machine.dir}/busy")
    assert machine.esp("pre") == (0, "")
    assert machine.mounted() == []


def test_something_mounted_below(machine):
    esp(machine)
    machine.mount("0:50", "tmpfs", "tmpfs", "/boot/efi/a b")
    (machine.proc / "swaps").write_text("Filename\n/boot/efi/swap\\040file file 1 0 -2\n")
    status, text = machine.esp("pre")
    assert status == 1
    assert "tmpfs is mounted below it: /boot/efi/a b" in text
    assert "/boot/efi/swap file is swap space" in text
    assert machine.mounted() == ["/boot/efi", "/boot/efi/a b"]


def test_something_mounted_over(machine):
    esp(machine)
    machine.mount("0:50", "tmpfs", "tmpfs", "/boot/efi")
    status, text = machine.esp("pre")
    assert status == 1 and "something else is mounted over it" in text
    assert machine.calls() == []


def test_a_bind_mount_of_a_folder(machine):
    """It could not be mounted again from the device alone, so it stays."""
    esp(machine)
    machine.mount("8:1", "vfat", "/dev/sda1", "/srv/tftp", root="/EFI")
    status, text = machine.esp("pre")
    assert status == 1 and "/srv/tftp is a part of /dev/sda1" in text
    assert machine.mounted() == ["/boot/efi", "/srv/tftp"]


def test_another_namespace(machine):
    esp(machine)
    other = machine.process(77, "container")
    (other / "mountinfo").write_text("1 1 8:1 / /boot/efi rw - vfat /dev/sda1 rw\n")
    near = machine.process(78, "near")
    (near / "mountinfo").write_text("1 1 8:11 / /boot/efi rw - vfat /dev/sda11 rw\n")
    status, text = machine.esp("pre")
    assert status == 1
    assert "process 77 (container) sees it" in text and "process 78" not in text
    assert machine.mounted() == ["/boot/efi"]


def test_a_failure_afterwards_is_tried_again(machine):
    """It stays in the log, and the rest is mounted."""
    esp(machine)
    esp(machine, "/efi", "/dev/sdb1", "8:17")
    machine.esp("pre")
    (machine.dir / "broken").write_text("/boot/efi\n")
    status, text = machine.restored()
    assert (status, text) == (1, "close: /boot/efi cannot be mounted again: broken\n")
    assert machine.mounted() == ["/efi"]
    (machine.dir / "broken").unlink()
    assert machine.restored() == (0, "")
    assert machine.mounted() == ["/efi", "/boot/efi"]


def test_killed_in_the_middle(machine):
    """What is in the log may not have been done."""
    esp(machine)
    esp(machine, "/efi", "/dev/sdb1", "8:17")
    umount = machine.fakes.bin / "umount"
    works = umount.read_text()
    umount.write_text(works + """
        pid=$PPID
        while grep -q 10-esp /proc/$pid/cmdline; do
            parent=$(cut -d ' ' -f 4 /proc/$pid/stat)
            kill -9 $pid
            pid=$parent
        done
        """)
    assert machine.esp("pre")[0] == -9
    assert machine.mounted() == ["/boot/efi"]
    umount.write_text(works)
    assert machine.esp("post") == (0, "")
    assert machine.mounted() == ["/boot/efi", "/efi"]


def test_killed_before_it_was_done(machine):
    esp(machine)
    machine.run.mkdir()
    (machine.run / "closed").write_text(
        "mount 8:1 / vfat /dev/sda1 /boot/efi rw,relatime,fmask=0077,utf8,errors=remount-ro\n")
    assert machine.restored() == (0, "")
    assert machine.calls() == []


# Automount units

def test_an_automount_does_not_mount_at_once(machine):
    """The unit is stopped when nothing is mounted on it, and mounts at the next access."""
    unit = machine.automount("/boot/efi", "vfat", "/dev/disk/by-uuid/1-2")
    esp(machine)
    assert machine.esp("pre") == (0, "")
    assert machine.esp("post") == (0, "")
    assert machine.calls() == ["umount /boot/efi",
                               f"systemctl --job-mode=ignore-dependencies stop {unit}",
                               f"systemctl start {unit}"]


def test_an_automount_that_waits(machine):
    unit = machine.automount("/mnt/my-disk", "vfat", "/dev/sdb1")
    machine.automount("/srv/nfs", "nfs", "server:/")
    assert machine.esp("pre") == (0, "")
    assert machine.restored() == (0, "")
    assert machine.calls() == [f"systemctl --job-mode=ignore-dependencies stop {unit}",
                               f"systemctl start {unit}"]


def test_an_automount_that_somebody_has_started(machine):
    """The log has it already, from a snapshot whose end has not come yet."""
    unit = machine.automount("/boot/efi", "vfat", "/dev/sda1")
    machine.esp("pre")
    (machine.dir / "automounts").write_text(f"{unit}\n")
    assert machine.esp("pre") == (0, "")
    assert (machine.dir / "automounts").read_text() == ""


def test_a_busy_automount_is_not_stopped(machine):
    """The automount is not stopped under it: systemd would unmount lazily."""
    machine.automount("/boot/efi", "vfat", "/dev/sda1")
    esp(machine)
    machine.busy("/boot/efi")
    assert machine.esp("pre")[0] == 1
    assert not [call for call in machine.calls() if "stop" in call]
    assert machine.mounted()[-1] == "/boot/efi"


def test_without_systemd(machine):
    esp(machine)
    env = {"FASTBOOT_SYSTEMD": str(machine.dir / "none")}
    assert machine.do("10-esp", "pre", "once", env=env) == (0, "")
    assert machine.do("10-esp", "post", "once", env=env) == (0, "")
    assert machine.calls() == ["umount /boot/efi", MOUNTED_AGAIN]


# What /etc/default/fastboot lists

ALL = "vg:data crypt:secret md:md0 zpool:tank"
DOWN = ["vgchange -an data",
        f"systemctl --job-mode=ignore-dependencies stop {UNIT}",
        "mdadm --stop {dev}/md0", "zpool export tank"]
UP = ["zpool import tank", "mdadm --assemble {dev}/md0 --uuid=1:2:3:4",
      f"systemctl start {UNIT}", "vgchange -ay data"]


def stacked(machine):
    """All four, one in the other, with file systems of two; the root is not on them."""
    machine.stack("mapper/data-home", "mapper/data-swap", "mapper/secret", "md0")
    (machine.dir / "tank").touch()
    (machine.dir / "crypttab").write_text(UNIT + "\n")
    machine.settings(ALL)
    machine.mount("8:3", "ext4", "/dev/sda3", "/srv")
    machine.mount("253:1", "ext4", str(machine.dev / "mapper/data-home"), "/srv/my data")
    machine.mount("0:60", "zfs", "tank/logs", "/var/log")
    machine.mount("0:61", "zfs", "tanker/logs", "/var/other")


def lines(machine, wanted):
    return [line.format(dev=machine.dev) for line in wanted]


def test_stacks_are_closed_and_opened(machine):
    stacked(machine)
    assert machine.stacks("pre") == (0, "")
    assert machine.calls() == ["umount /var/log", "umount /srv/my data", *lines(machine, DOWN)]
    assert machine.mounted() == ["/srv", "/var/other"]
    done = len(machine.calls())
    assert machine.stacks("post") == (0, "")
    again = machine.calls()[done:]
    assert [call for call in again if not call.startswith("mount")] == lines(machine, UP)
    assert again[-2].endswith("data-home /srv/my data") and again[-1].endswith("/var/log")
    assert sorted(machine.mounted()) == ["/srv", "/srv/my data", "/var/log", "/var/other"]
    # A node must be there before it is mounted.
    assert len(machine.fakes.calls("udevadm settle")) == 4


def test_stacks_in_a_restored_system(machine):
    stacked(machine)
    machine.stacks("pre")
    assert machine.restored() == (0, "")
    assert "/srv/my data" in machine.mounted()
    assert machine.restored() == (0, "")
    assert len(machine.calls("vgchange -ay")) == 1


@pytest.mark.parametrize("stuck,step", [("vg", 0), ("crypt", 1), ("md", 2), ("zpool", 3)])
def test_a_failure_in_the_middle_is_undone(machine, stuck, step):
    stacked(machine)
    (machine.dir / "stuck").write_text(stuck + "\n")
    machine.process(5, "kvm", cwd="/", exe=str(machine.dev / "mapper/data-home"))
    before = sorted(machine.mounted())
    status, text = machine.stacks("pre")
    item = ALL.split()[step]
    assert status == 1 and f"90-stacks: {item} cannot be closed" in text
    assert ("process 5 (kvm)" in text) == (stuck == "vg")
    assert sorted(machine.mounted()) == before
    assert all((machine.dev / name).exists() for name in ("mapper/data-home", "mapper/secret",
                                                          "md0"))
    assert (machine.dir / "tank").exists()
    assert not (machine.run / "closed").exists()
    assert not [call for call in machine.calls() for late in lines(machine, DOWN)[step + 1:]
                if call == late]


def test_a_busy_file_system_of_a_stack(machine):
    stacked(machine)
    machine.busy("/srv/my data")
    machine.process(9, "postgres", cwd="/srv/my data/base")
    status, text = machine.stacks("pre")
    assert status == 1 and "process 9 (postgres) uses /srv/my data/base" in text
    assert not [call for call in machine.calls() if call in lines(machine, DOWN)]
    assert "/var/log" in machine.mounted()


def test_a_volume_that_cannot_be_opened_again(machine):
    """It is found before anything is unmounted."""
    stacked(machine)
    (machine.dir / "crypttab").write_text("")
    status, text = machine.stacks("pre")
    assert status == 1 and "crypt:secret is not in /etc/crypttab" in text
    assert machine.calls() == []


def test_a_volume_that_stays_locked(machine):
    """Nobody has given the passphrase yet: later the rest is done."""
    machine.stack("mapper/secret")
    (machine.dir / "crypttab").write_text(UNIT + "\n")
    machine.settings("crypt:secret")
    machine.mount("253:1", "ext4", str(machine.dev / "mapper/secret"), "/srv")
    assert machine.stacks("pre") == (0, "")
    (machine.dir / "locked").touch()
    (machine.dir / "broken").write_text("/srv\n")
    status, text = machine.restored()
    assert status == 1 and "crypt secret cannot be opened again" in text
    (machine.dir / "locked").unlink()
    (machine.dir / "broken").unlink()
    assert machine.restored() == (0, "")
    assert machine.mounted() == ["/srv"]


def test_what_is_not_active_is_left_alone(machine):
    machine.settings(ALL)
    (machine.dir / "crypttab").write_text("")
    assert machine.stacks("pre") == (0, "")
    assert machine.stacks("post") == (0, "")
    assert machine.calls() == []


def test_nothing_is_listed(machine):
    machine.stack("mapper/data-home")
    machine.mount("253:1", "ext4", str(machine.dev / "mapper/data-home"), "/srv")
    assert machine.stacks("pre") == (0, "")
    machine.settings("")
    assert machine.stacks("pre") == (0, "")
    assert machine.calls() == []


@pytest.mark.parametrize("close", ["lvm:data", "data", "vg:data/home:x nonsense"])
def test_what_is_not_understood(machine, close):
    stacked(machine)
    machine.settings(close)
    status, text = machine.stacks("pre")
    assert status == 1 and "FASTBOOT_CLOSE" in text
    assert machine.calls() == []


def test_a_program_that_is_not_installed(machine):
    machine.settings("zpool:tank")
    (machine.fakes.bin / "zpool").unlink()
    path = {name: f"/usr/bin/{name}" for name in (
        "awk", "sed", "grep", "readlink", "flock", "mkdir", "touch", "rm", "mv", "cat", "find",
        "sh", "printf", "tr")}
    for name, place in path.items():
        (machine.fakes.bin / name).symlink_to(place)
    status, text = machine.do("90-stacks", "pre", env={"PATH": str(machine.fakes.bin)})
    assert status == 1 and "zpool:tank needs zpool" in text


def test_a_btrfs_is_mounted_by_its_subvolume(machine):
    """Its number in the mount table is not its device's."""
    machine.stack("md0")
    machine.settings("md:md0")
    machine.mount("0:70", "btrfs", str(machine.dev / "md0"), "/home", root="/@home",
                  own="rw,subvolid=256,subvol=/@home")
    assert machine.stacks("pre") == (0, "")
    assert machine.stacks("post") == (0, "")
    assert machine.calls("mount") == [
        f"mount -t btrfs -o rw,relatime,subvolid=256,subvol=/@home {machine.dev}/md0 /home"]


def test_an_automount_on_a_stack(machine):
    machine.stack("md0")
    machine.settings("md:md0")
    unit = machine.automount("/srv", "ext4", str(machine.dev / "md0"))
    other = machine.automount("/boot/efi", "vfat", "/dev/sda1")
    assert machine.stacks("pre") == (0, "")
    assert machine.calls("systemctl") == [
        f"systemctl --job-mode=ignore-dependencies stop {unit}"]
    assert machine.stacks("post") == (0, "")
    assert other not in "".join(machine.calls())


def test_the_lock_is_not_inherited(machine):
    """LVM warns of it, and a daemon that mount starts would hold it."""
    stacked(machine)
    for name in ("vgchange", "umount", "mount"):
        path = machine.fakes.bin / name
        path.write_text(path.read_text() + "\n[ ! -e /proc/$$/fd/9 ] && [ ! -e /proc/$$/fd/3 ]"
                        f" || echo {name} >>{machine.dir}/inherited\n")
    assert machine.stacks("pre") == (0, "")
    assert machine.stacks("post") == (0, "")
    assert not (machine.dir / "inherited").exists()


def test_the_signal_of_a_terminal(machine):
    """It does not leave the machine without what it had."""
    esp(machine)
    machine.esp("pre")
    path = machine.fakes.bin / "mount"
    path.write_text(path.read_text().replace("\n", "\nkill -INT $PPID; kill -TERM $PPID\n", 1))
    assert machine.esp("post") == (0, "")
    assert machine.mounted() == ["/boot/efi"]


@pytest.mark.parametrize("name,args", [("10-esp", ["stop"]), ("90-stacks", []), ("close", ["pre"])])
def test_usage(machine, name, args):
    status, text = machine.do(name, *args)
    assert status == 2 and "usage" in text


def test_it_is_plain_sh():
    for shell in ("dash", "bash"):
        subprocess.run([shell, "-n", CLOSE], check=True, timeout=20)
    assert os.access(CLOSE, os.X_OK)
