# SPDX-License-Identifier: GPL-2.0-or-later
"""Where `make install` puts each file."""
import subprocess

from tool import MANUALS, TOOLS, ctl


def test_install_puts_everything_where_it_belongs(tmp_path):
    subprocess.run(["make", "-s", "-C", TOOLS, "-o", "all", "install", f"DESTDIR={tmp_path}"],
                   check=True, timeout=60)
    for place, mode in (("usr/lib/fastboot/healthy", 0o755),
                        ("usr/lib/systemd/system/fastboot-healthy.service", 0o644),
                        ("usr/lib/systemd/system/fastboot-restored.target", 0o644),
                        ("usr/lib/systemd/system/fastboot-restored.service", 0o644),
                        ("usr/lib/systemd/system/fastboot-arm.service", 0o644),
                        ("usr/lib/systemd/system/fastboot-timers.service", 0o644),
                        ("usr/lib/systemd/system/fastboot-pstore.service", 0o644),
                        ("usr/lib/systemd/system/fastboot-reopen.service", 0o644),
                        ("usr/lib/fastboot/snapshot.d/00-timers", 0o755),
                        ("usr/lib/fastboot/snapshot.d/10-esp", 0o755),
                        ("usr/lib/fastboot/snapshot.d/90-stacks", 0o755),
                        ("usr/lib/fastboot/close", 0o755),
                        ("usr/lib/systemd/system/systemd-remount-fs.service.d"
                         "/fastboot-overlayroot.conf", 0o644),
                        ("usr/lib/fastboot/arm", 0o755), ("etc/default/fastboot", 0o644),
                        ("etc/fastboot/restored.d", 0o755), ("etc/fastboot/snapshot.d", 0o755),
                        ("usr/lib/udev/rules.d/90-fastboot.rules", 0o644),
                        ("usr/sbin/fastbootctl", 0o755)):
        assert (tmp_path / place).stat().st_mode & 0o777 == mode, place


def test_install_puts_manuals_and_completions_where_they_belong(tmp_path):
    subprocess.run(["make", "-s", "-C", TOOLS, "-o", "all", "install", f"DESTDIR={tmp_path}"],
                   check=True, timeout=60)
    share = tmp_path / "usr/share"
    for page in MANUALS:
        assert (share / f"man/man{page[-1]}" / page).is_file(), page
    for shell, place in (("bash", "bash-completion/completions/fastbootctl"),
                         ("zsh", "zsh/vendor-completions/_fastbootctl")):
        assert (share / place).read_text() == ctl("completion", shell)[0]
        assert (share / place).stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "etc/fastboot/snapshot.d").is_dir()
