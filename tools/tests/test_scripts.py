# SPDX-License-Identifier: GPL-2.0-or-later
"""The scripts arm and timers, and the package's esp-loader, with fakes of what they call."""
import os
import shutil
import subprocess

import pytest

from tool import TOOLS

LOADER = "EFI/fastboot/fastbootx64.efi"


class Fakes:
    """A directory of programs that replace the real ones; each call is a line of `calls`."""

    def __init__(self, directory):
        self.dir = directory
        self.bin = directory / "bin"
        self.bin.mkdir()
        self.log = directory / "calls"
        self.log.touch()

    def program(self, name, body="exit 0"):
        path = self.bin / name
        path.write_text(f"#!/bin/sh\necho \"{name} $*\" >>{self.log}\n{body}\n")
        path.chmod(0o755)

    def run(self, *command, env=None):
        done = subprocess.run(
            list(map(str, command)), capture_output=True, text=True, timeout=20,
            env={"PATH": f"{self.bin}:{os.environ['PATH']}", **(env or {})})
        return done.returncode, done.stdout, done.stderr

    def calls(self, name=""):
        return [line for line in self.log.read_text().splitlines() if line.startswith(name)]


@pytest.fixture
def fakes(tmp_path):
    return Fakes(tmp_path)


@pytest.fixture
def arm(fakes):
    """Runs arm on a system in this state; returns (status, output, errors, snapshot calls)."""
    def run(due="due: no-image: no image", state="running", active=True, module=0,
            snapshot_status=0, asked_again=None, due_status=0):
        (fakes.dir / "1").write_text(due)
        (fakes.dir / "2").write_text(asked_again or due)
        fakes.program("modprobe", f"exit {module}")
        fakes.program("fastbootctl", f"""case $1 in
            due) cat {fakes.dir}/$(grep -c 'fastbootctl due' {fakes.log}); exit {due_status} ;;
            snapshot) echo 'its output'; exit {snapshot_status} ;;
            *) exit 99 ;;
            esac""")
        fakes.program("systemctl", f"""case $* in
            'is-system-running --wait') echo {state}; [ {state} = running ] ;;
            '--quiet is-active custom.target') {'true' if active else 'false'} ;;
            '--plain --no-legend --failed') echo broken.service ;;
            *) exit 99 ;;
            esac""")
        fakes.program("sleep")
        status, out, err = fakes.run(
            TOOLS / "systemd/arm",
            env={"ARM_TARGET": "custom.target", "ARM_DELAY": "7"})
        return status, out, err, fakes.calls("fastbootctl snapshot")
    return run


def test_arm_takes_an_image_that_is_due(arm, fakes):
    status, out, err, taken = arm()
    assert (status, err, taken) == (0, "", ["fastbootctl snapshot golden armed: no-image"])
    assert out == "due: no-image: no image\nits output\n"
    assert fakes.calls("sleep") == ["sleep 7"]
    names = [line.split()[0] for line in fakes.calls()]
    assert names == ["modprobe", "fastbootctl", "systemctl", "systemctl", "sleep",
                     "fastbootctl", "fastbootctl"]


def test_arm_takes_no_image_unless_due(arm, fakes):
    status, out, err, taken = arm(due="not due: image-there: an image")
    assert (status, err, taken) == (0, "", [])
    assert "not due: image-there" in out
    assert not fakes.calls("systemctl")  # and does not wait for the boot


def test_arm_looks_again(arm):
    """Meanwhile someone may have taken an image by hand, or this is a restored system."""
    assert arm(asked_again="not due: not-first: x")[::3] == (0, [])


def test_arm_fails_as_due_does(arm):
    assert arm(due="", due_status=1)[::3] == (1, [])


def test_arm_fails_without_the_module(arm):
    assert arm(module=1)[::3] == (1, [])


def test_arm_needs_a_clean_boot(arm):
    status, _, err, taken = arm(state="degraded")
    assert (status, taken) == (1, [])
    assert "degraded" in err and "broken.service" in err


def test_arm_needs_the_target(arm):
    status, _, err, taken = arm(active=False)
    assert (status, taken) == (1, [])
    assert "custom.target" in err


def test_arm_reports_a_refusal(arm):
    """The journal gets the obstacles that the tool reports, on either output."""
    status, out, _, _ = arm(snapshot_status=3)
    assert status == 3 and "its output" in out


@pytest.mark.parametrize("delay", ["1.5", "soon", "-1"])
def test_arm_needs_seconds(fakes, delay):
    status, _, err = fakes.run(TOOLS / "systemd/arm", env={"ARM_DELAY": delay})
    assert status == 2 and "ARM_DELAY" in err


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_units_are_well_formed(tmp_path):
    names = [path.name for path in (TOOLS / "systemd").glob("fastboot-*.*")]
    assert len(names) == 7
    for name in names:
        text = (TOOLS / "systemd" / name).read_text()
        text = text.replace("/usr/lib/fastboot/snapshot.d", str(TOOLS / "snapshot.d"))
        text = text.replace("/usr/lib/fastboot/close", str(TOOLS / "snapshot.d/close"))
        text = text.replace("/usr/lib/fastboot", str(TOOLS / "systemd"))
        (tmp_path / name).write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no",
                           *(str(tmp_path / name) for name in names)],
                          capture_output=True, text=True, timeout=60)
    assert not [line for line in done.stderr.splitlines() if "fastboot-" in line], done.stderr


class Esp:
    """esp-loader on a system with an ESP that is mounted, in fstab, or missing."""

    def __init__(self, fakes):
        self.fakes = fakes
        self.dir = fakes.dir / "esp"
        script = (TOOLS / "debian/esp-loader").read_text()
        self.script = fakes.dir / "esp-loader"
        places = "places='/boot/efi /efi /boot'"
        assert places in script
        settings = "settings=/etc/default/fastboot\n"
        assert settings in script
        self.settings = fakes.dir / "settings"
        self.script.write_text(script.replace(places, f"places='{fakes.dir}/none {self.dir}'")
                               .replace(settings, f"settings={self.settings}\n"))
        self.script.chmod(0o755)

    def run(self, action, mounted=False, fstab=True, loader=True, entry=True, works=True):
        self.dir.mkdir()
        if loader:
            (self.dir / LOADER).parent.mkdir(parents=True)
            (self.dir / LOADER).touch()
        here = f"[ $dir = {self.dir} ] && echo vfat"
        self.fakes.program("findmnt", f"""for dir; do :; done
            if [ $4 = --fstab ]; then {here if fstab else 'false'}
            else {here if mounted else 'false'}; fi""")
        self.fakes.program("mount")
        self.fakes.program("umount")
        self.fakes.program("fastbootctl", f"""[ $1 = status ] || exit {0 if works else 1}
            echo '  "boot_entry": {'true' if entry else 'false'},'""")
        status, _, err = self.fakes.run(self.script, action)
        assert status == 0  # a package must be removable
        return [line for line in self.fakes.calls() if not line.startswith(
            ("findmnt", "fastbootctl status"))], err


@pytest.fixture
def esp(fakes):
    return Esp(fakes)


def test_refresh_mounts_and_unmounts(esp):
    calls, err = esp.run("refresh")
    assert calls == [f"mount {esp.dir}", f"fastbootctl install --no-variables --esp {esp.dir}",
                     f"umount {esp.dir}"]
    assert err == ""


def test_refresh_leaves_a_mount_alone(esp):
    calls, err = esp.run("refresh", mounted=True)
    assert calls == [f"fastbootctl install --no-variables --esp {esp.dir}"]


def test_refresh_signs_with_the_key_that_is_set(esp):
    esp.settings.write_text("HEALTHY_DELAY=3\nSIGN_KEY='/etc/my key'\nSIGN_CERT=/etc/cert\n")
    calls, err = esp.run("refresh", mounted=True)
    assert calls == [f"fastbootctl install --no-variables --esp {esp.dir}"
                     " --key /etc/my key --cert /etc/cert"]
    assert err == ""


def test_dkms_has_the_loader_signed(fakes):
    """If it is installed: the module is of use without it."""
    script = (TOOLS.parent / "kernel-hook/sign-loader").read_text()
    assert "/usr/lib/fastboot/esp-loader" in script
    tree = fakes.dir / "tree"
    subprocess.run(["make", "-s", "-C", TOOLS.parent / "kernel-hook", "stage", f"DEST={tree}"],
                   check=True, timeout=60)
    assert 'POST_BUILD="sign-loader"\n' in (tree / "dkms.conf").read_text()
    assert os.access(tree / "sign-loader", os.X_OK)  # or dkms warns and continues
    (fakes.dir / "sign-loader").write_text(
        script.replace("/usr/lib/fastboot/esp-loader", str(fakes.bin / "esp-loader")))
    assert fakes.run("sh", fakes.dir / "sign-loader") == (0, "", "")
    fakes.program("esp-loader")
    assert fakes.run("sh", fakes.dir / "sign-loader") == (0, "", "")
    assert fakes.calls() == ["esp-loader refresh"]


def test_refresh_installs_nothing_new(esp):
    calls, err = esp.run("refresh", mounted=True, loader=False)
    assert (calls, err) == ([], "")


@pytest.mark.parametrize("action", ["refresh", "remove"])
@pytest.mark.parametrize("entry", [True, False])
def test_without_an_esp(esp, action, entry):
    """Reported only if something remains that should not."""
    calls, err = esp.run(action, fstab=False, entry=entry)
    assert calls == []
    assert ("cannot be mounted" in err) == entry


@pytest.mark.parametrize("action", ["refresh", "remove"])
def test_failures_are_reported(esp, action):
    _, err = esp.run(action, works=False)
    assert "stays" in err and str(esp.dir) in err


@pytest.mark.parametrize("loader,entry", [(True, True), (True, False), (False, True)])
def test_remove(esp, loader, entry):
    calls, err = esp.run("remove", loader=loader, entry=entry)
    assert calls == [f"mount {esp.dir}", f"fastbootctl uninstall --esp {esp.dir}",
                     f"umount {esp.dir}"]
    assert err == ""


def test_remove_without_loader_or_entry(esp):
    calls, err = esp.run("remove", mounted=True, loader=False, entry=False)
    assert (calls, err) == ([], "")


# timers: stopped for the snapshot, started after it

@pytest.fixture
def timers(fakes):
    """Runs the script; systemd has the timers `has`: (name, state, the property set or None)."""
    def run(*args, has=(), show=0, start=0, active="", loaded=""):
        blocks = "\n\n".join(
            f"Id={name}\nActiveState={state}" + "".join(
                f"\n{other}={'yes' if other == flag else 'no'}"
                for other in ("Transient", "RefuseManualStop"))
            for name, state, flag in has)
        (fakes.dir / "timers").write_text(blocks + "\n")
        fakes.program("systemctl", f"""case $* in
            'show --property=LoadState --value '*)
                case ' {loaded} ' in *" $4 "*) echo loaded ;; *) echo not-found ;; esac ;;
            show*) cat {fakes.dir}/timers; exit {show} ;;
            start*) exit {start} ;;
            '--quiet is-active '*) case ' {active} ' in *" $3 "*) ;; *) exit 3 ;; esac ;;
            stop* | reset-failed*) ;;
            *) exit 99 ;;
            esac""")
        status, out, err = fakes.run(
            TOOLS / "snapshot.d/00-timers", *args,
            env={"FASTBOOT_RUN": str(fakes.dir / "run"), "FASTBOOT_SYSTEMD": str(fakes.dir)})
        assert out == ""
        return status, err
    return run


TIMERS = (("b.timer", "active", None), (r"a\x2db.timer", "active", None),
          ("run-r12.timer", "active", "Transient"), ("stays.timer", "active", "RefuseManualStop"),
          ("off.timer", "inactive", None))


def test_timers_are_stopped_and_started(timers, fakes):
    assert timers("pre", "golden", has=TIMERS) == (0, "")
    assert fakes.calls("systemctl stop") == [r"systemctl stop b.timer a\x2db.timer"]
    assert timers("post", "golden") == (0, "")
    # The image would contain a start limit that snapshots have used up.
    assert fakes.calls("systemctl reset") == [r"systemctl reset-failed a\x2db.timer b.timer"]
    assert fakes.calls("systemctl start") == [r"systemctl start a\x2db.timer b.timer"]
    assert timers("post") == (0, "")
    assert len(fakes.calls("systemctl start")) == 1


def test_timers_that_were_not_started_yet(timers, fakes):
    """A snapshot of a system restored a moment ago: its timers are already stopped."""
    timers("pre", has=TIMERS[:1])
    assert timers("pre", has=(("c.timer", "active", None),)) == (0, "")
    assert fakes.calls("systemctl stop") == ["systemctl stop b.timer", "systemctl stop c.timer"]
    timers("post")
    assert fakes.calls("systemctl start") == ["systemctl start b.timer c.timer"]


def test_timers_without_any(timers, fakes):
    assert timers("pre", has=TIMERS[2:]) == (0, "")
    assert timers("post") == (0, "")
    assert fakes.calls("systemctl st") == []


def test_timers_that_cannot_be_listed(timers, fakes):
    """No image is taken by mistake while timers run."""
    assert timers("pre", has=TIMERS, show=1)[0] == 1
    assert fakes.calls("systemctl stop") == []


def test_timers_are_tried_again(timers, fakes):
    """Except for those that run, and those that no longer exist."""
    timers("pre", has=(*TIMERS[:2], ("gone.timer", "active", None)))
    assert timers("post", start=1, active=r"a\x2db.timer", loaded=r"a\x2db.timer b.timer")[0] == 1
    assert timers("post") == (0, "")
    assert fakes.calls("systemctl start")[1:] == ["systemctl start b.timer"]
    status, err = timers("stop")
    assert status == 2 and "usage" in err


def test_timers_without_systemd(timers, fakes):
    status, _, err = fakes.run(TOOLS / "snapshot.d/00-timers", "pre",
                              env={"FASTBOOT_SYSTEMD": str(fakes.dir / "none"),
                                   "FASTBOOT_RUN": str(fakes.dir / "run")})
    assert (status, err) == (0, "")
