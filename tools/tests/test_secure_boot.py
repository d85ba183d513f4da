# SPDX-License-Identifier: GPL-2.0-or-later
"""install, next, status and uninstall with Secure Boot on: real keys, sbsign and the real loader.

The EFI system partition and the firmware's variables are directories (esp_of_files.c).
"""
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import uuid

import pytest

from tool import EFI_GLOBAL

PROGRAM, LOADER = os.environ["FASTBOOTCTL_ESP"], pathlib.Path(os.environ["LOADER"])
DATABASE = "d719b2cb-3d3a-4596-a3bc-dad00e67656f"
SHIM = "605dab50-e046-4300-abb6-3dd810dd8b23"
X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072").bytes_le
SHA256 = uuid.UUID("c1c41626-504c-4092-aca9-41f936934328").bytes_le
MODULES_ONLY = "extendedKeyUsage=codeSigning,1.3.6.1.4.1.2312.16.1.2"
NAME = "\\EFI\\fastboot\\fastbootx64.efi"


def run(*command, **kwargs):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, timeout=60,
                          **kwargs)


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    """Makes a key as dkms does, once: NAME.key, NAME.pub (DER), NAME.pem."""
    directory = tmp_path_factory.getbasetemp() / "keys"
    directory.mkdir()

    def make(name, *extension):
        base = directory / name
        if not base.with_suffix(".pem").exists():
            run("openssl", "req", "-new", "-x509", "-nodes", "-days", 36500, "-subj", f"/CN={name}",
                "-newkey", "rsa:2048", "-keyout", f"{base}.key", "-outform", "DER",
                "-out", f"{base}.pub", *extension)
            run("openssl", "x509", "-inform", "der", "-in", f"{base}.pub", "-out", f"{base}.pem")
        return base
    return make


@pytest.fixture
def mok(keys):
    return keys("mok")


def signature_list(*certificates, kind=X509, size=None):
    """Each in a list of its own, as mokutil and firmware do."""
    lists = b""
    for data in certificates:
        entry = bytes(16) + data
        lists += kind + struct.pack("<III", 28 + len(entry), 0, len(entry) if size is None else size) + entry
    return lists


class Board:
    """A machine with Debian's shim and GRUB, and with Secure Boot on."""

    def __init__(self, directory):
        self.root = directory / "root"
        self.esp = self.root / "boot/efi"
        self.variables = directory / "efivars"
        self.variables.mkdir()
        self.distribution("debian")
        (self.root / "etc").mkdir()
        (self.root / "etc/os-release").write_text('NAME="Debian"\nID=debian\n')
        (self.root / "proc/sys/kernel").mkdir(parents=True)
        (self.root / "proc/sys/kernel/panic").write_text("5\n")
        self.loader = LOADER
        self.installed = self.esp / "EFI/fastboot/fastbootx64.efi"
        self.path = os.environ["PATH"]
        self.put("SecureBoot", b"\1")
        self.put("SetupMode", b"\0")
        self.put("Boot0000", struct.pack("<IH", 1, 4) + "debian\0".encode("utf-16-le")
                 + bytes.fromhex("7fff0400"), attributes=7)
        self.put("BootOrder", b"\0\0", attributes=7)
        block = self.root / "sys/class/block"
        block.mkdir(parents=True)

    def distribution(self, name, *files):
        folder = self.esp / "EFI" / name
        folder.mkdir(parents=True)
        for file in files or ("shimx64.efi", "grubx64.efi"):
            (folder / file).touch()

    def put(self, name, data, guid=EFI_GLOBAL, attributes=6):
        (self.variables / f"{name}-{guid}").write_bytes(struct.pack("<I", attributes) + data)

    def enrol(self, *keys, name="MokListRT", guid=SHIM):
        """Behind a list of hashes, as shim has it."""
        self.put(name, signature_list(bytes(32), kind=SHA256)
                 + signature_list(*(key.with_suffix(".pub").read_bytes() for key in keys)), guid)

    def dkms(self, key, cert=None, place="var/lib/dkms/mok.key", cert_place="var/lib/dkms/mok.pub"):
        (self.root / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(key.with_suffix(".key"), self.root / place)
        shutil.copy((cert or key).with_suffix(".pub"), self.root / cert_place)

    def ctl(self, *args, status=0):
        done = subprocess.run(
            [PROGRAM, *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=60, env={**os.environ, "FASTBOOTCTL_ROOT": str(self.root), "PATH": self.path,
                             "EFIVARFS_PATH": f"{self.variables}/"})
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
        assert done.returncode == status, (done.stdout, done.stderr)
        return done.stdout, done.stderr

    def install(self, *args, status=0):
        return self.ctl("install", "--loader", self.loader, *args, status=status)

    def refused(self, code, *args, status=1):
        """Nothing has changed, and the reason is this."""
        before = self.state()
        _, err = self.install(*args, status=status)
        assert err.splitlines()[-1].startswith(f"fastbootctl: {code}: "), err
        assert self.state() == before
        return err

    def state(self):
        return {path: path.read_bytes() for folder in (self.variables, self.esp)
                for path in folder.rglob("*") if path.is_file()}

    def entry(self, number=1):
        """(device path's file, options) of a boot entry."""
        path = self.variables / f"Boot{number:04X}-{EFI_GLOBAL}"
        data = path.read_bytes()[4:]
        size, = struct.unpack_from("<H", data, 4)
        at = data.index(b"\0\0\0", 6) + 3
        at += at % 2
        options = data[at + size:]
        assert len(options) % 2 == 0  # otherwise shim ignores them
        file = data[at:at + size].split(b"\4\4", 1)[1][2:].split(b"\0\0\0", 1)[0] + b"\0"
        return file.decode("utf-16-le"), options.decode("utf-16-le")

    def order(self):
        return (self.variables / f"BootOrder-{EFI_GLOBAL}").read_bytes()[4:]


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path)


def is_signed_by(key, file):
    return subprocess.run(["sbverify", "--cert", f"{key}.pem", file],
                          capture_output=True, timeout=60).returncode == 0


def test_without_secure_boot_nothing_is_signed(board, mok):
    """Although there is a key."""
    board.dkms(mok)
    board.put("SecureBoot", b"\0")
    out, err = board.install("--first")
    assert board.installed.read_bytes() == LOADER.read_bytes()
    assert board.entry() == (NAME, "")
    assert "signed" not in out and "Secure Boot" not in out and not err


@pytest.mark.parametrize("variables,state", [
    ({"SecureBoot": b"\0"}, "off"), ({"SecureBoot": b"\0", "SetupMode": b"\1"}, "setup-mode"),
    ({}, "on"), ({"MokSBStateRT": b"\1"}, "validation-off"), ({"SecureBoot": b""}, "off")])
def test_status_says_whether_secure_boot_is_on(board, variables, state):
    for name, data in variables.items():
        board.put(name, data, SHIM if name.startswith("Mok") else EFI_GLOBAL)
    out, _ = board.ctl("status", status=1)  # there is no area
    assert f"Secure Boot: {state}\n" in out
    answer = json.loads(board.ctl("status", "--json", status=1)[0])
    assert answer["secure_boot"] == {"state": state}


def test_install_signs_and_starts_by_shim(board, mok):
    board.dkms(mok)
    out, err = board.install("--options", "slot=a quiet")
    assert is_signed_by(mok, board.installed) and not err
    assert board.entry() == ("\\EFI\\debian\\shimx64.efi", f"{NAME} slot=a quiet\0")
    assert f"signed with {board.root}/var/lib/dkms/mok.key" in out
    for words in (f"mokutil --import {board.root}/var/lib/dkms/mok.pub", "Enroll MOK", "--first"):
        assert words in out
    board.install("--options", "")
    assert board.entry()[1] == f"{NAME}\0"


def test_install_in_json(board, mok):
    board.dkms(mok)
    answer = json.loads(board.install("--json")[0])
    assert answer["secure_boot"] == {"state": "on", "loader": "not-enrolled"}
    assert answer["loader"]["action"] == "written"
    assert answer["loader"]["signed_with"] == f"{board.root}/var/lib/dkms/mok.key"
    board.enrol(mok)
    answer = json.loads(board.install("--json")[0])
    assert answer["secure_boot"] == {"state": "on", "loader": "ok"}
    assert answer["loader"]["action"] == "unchanged"


def test_an_only_entry_is_first(board, mok):
    """Of a machine that was started from the fallback path."""
    board.dkms(mok)
    (board.variables / f"BootOrder-{EFI_GLOBAL}").unlink()
    board.refused("not-enrolled")


def test_first_needs_the_certificate(board, keys, mok):
    """shim would wait for a key: an unattended machine would hang."""
    board.dkms(mok)
    board.refused("not-enrolled", "--first")
    board.refused("not-enrolled", "--recovery")
    board.enrol(keys("other"))
    board.refused("not-enrolled", "--first")
    board.enrol(keys("other"), mok)
    out, _ = board.install("--first")
    assert "mokutil" not in out and "Before --first" not in out


@pytest.mark.parametrize("name,guid", [("MokListRT", SHIM), ("db", DATABASE), (None, None)])
def test_where_the_certificate_may_be(board, keys, mok, name, guid):
    board.dkms(mok)
    if name:
        board.enrol(mok, name=name, guid=guid)
    else:  # the rest of a list too long for one variable
        board.enrol(keys("other"))
        table = board.root / "sys/firmware/efi/mok-variables/MokListRT"
        table.parent.mkdir(parents=True)
        table.write_bytes(signature_list(mok.with_suffix(".pub").read_bytes()))
    assert "Before --first" in board.install()[0]
    board.install("--first")


def test_the_firmwares_keys_may_be_ignored(board, mok):
    """mokutil --ignore-db: shim does not look at them."""
    board.dkms(mok)
    board.enrol(mok, name="db", guid=DATABASE)
    board.put("MokIgnoreDB", b"\1", SHIM)
    board.refused("not-enrolled", "--first")
    board.install("--first", "--direct")


def test_shim_reads_the_first_of_a_list(board, mok):
    board.dkms(mok)
    certificate = mok.with_suffix(".pub").read_bytes()
    entry = bytes(16) + certificate
    head = X509 + struct.pack("<III", 28 + 2 * len(entry), 0, len(entry))
    board.put("MokListRT", head + bytes(len(entry)) + entry, SHIM)
    board.refused("not-enrolled", "--first")
    board.put("MokListRT", head + entry + bytes(len(entry)), SHIM)
    board.install("--first")


@pytest.mark.parametrize("name,guid", [("MokListXRT", SHIM), ("dbx", DATABASE)])
def test_a_revoked_certificate(board, mok, name, guid):
    board.dkms(mok)
    board.enrol(mok)
    board.enrol(mok, name=name, guid=guid)
    board.refused("not-enrolled", "--first")


def test_a_malformed_list_enrols_nothing(board, mok):
    board.dkms(mok)
    certificate = mok.with_suffix(".pub").read_bytes()
    for size in (0, 15, 16, 17, 1 << 31):
        board.put("MokListRT", signature_list(certificate, size=size), SHIM)
        board.refused("not-enrolled", "--first")
    board.put("MokListRT", signature_list(certificate)[:-1], SHIM)
    board.refused("not-enrolled", "--first")


def test_an_entry_that_is_first_stays_accepted(board, keys, mok):
    """A new key, after an upgrade: the old loader is better than one that shim stops at."""
    board.dkms(mok)
    board.enrol(mok)
    board.install("--first")
    board.dkms(keys("other"))
    board.refused("not-enrolled")
    board.refused("not-enrolled", "--no-variables")
    board.enrol(mok, keys("other"))
    board.install("--no-variables")
    assert is_signed_by(keys("other"), board.installed)


def test_install_again_keeps_the_signature(board, mok):
    """Each signature is another, and flash wears out."""
    board.dkms(mok)
    board.install()
    before = board.state()
    assert "unchanged" in board.install()[0]
    assert board.state() == before
    board.installed.write_bytes(board.installed.read_bytes()[:-1])
    assert "written" in board.install()[0]
    assert is_signed_by(mok, board.installed)


def test_dry_run_changes_nothing(board, mok):
    board.dkms(mok)
    before = board.state()
    out, _ = board.install("--dry-run")
    assert "would be written, signed with" in out
    assert board.state() == before
    board.refused("not-enrolled", "--dry-run", "--first")


def test_without_sbsigntool(board, mok, tmp_path):
    board.dkms(mok)
    board.path = str(tmp_path)
    assert "apt install sbsigntool" in board.refused("sbsigntool-missing")


def test_without_a_key(board):
    board.refused("no-signing-key")


def test_keys_for_modules(board, keys, mok):
    """Ubuntu's key, which shim accepts for modules alone; dkms' is used if it is there, too."""
    ubuntu = keys("ubuntu", "-addext", MODULES_ONLY)
    board.dkms(ubuntu, place="var/lib/shim-signed/mok/MOK.priv",
               cert_place="var/lib/shim-signed/mok/MOK.der")
    board.refused("key-for-modules")
    board.refused("key-for-modules", "--key", f"{ubuntu}.key", "--cert", f"{ubuntu}.pem")
    board.dkms(mok)
    board.install()
    assert is_signed_by(mok, board.installed)
    signed = board.esp.parent / "signed.efi"
    run("sbsign", "--key", f"{ubuntu}.key", "--cert", f"{ubuntu}.pem", "--output", signed, LOADER)
    board.loader = signed
    board.enrol(ubuntu)
    board.refused("not-enrolled", "--first")


def test_the_key_of_the_distribution(board, mok):
    board.dkms(mok, place="var/lib/shim-signed/mok/MOK.priv",
               cert_place="var/lib/shim-signed/mok/MOK.der")
    board.install()
    assert is_signed_by(mok, board.installed)


@pytest.mark.parametrize("form", ["text", "pkcs8", "pkcs1"])
def test_a_given_key(board, mok, tmp_path, form):
    """As text and as DER."""
    key, cert = f"{mok}.key", f"{mok}.pem"
    if form != "text":
        key, cert = tmp_path / "key.der", f"{mok}.pub"
        run("openssl", "rsa" if form == "pkcs1" else "pkcs8", "-in", f"{mok}.key", "-outform", "der",
            "-out", key, *(("-traditional",) if form == "pkcs1" else ("-topk8", "-nocrypt")))
    out, _ = board.install("--key", key, "--cert", cert)
    assert is_signed_by(mok, board.installed)
    assert ("openssl x509" in out) == (form == "text")
    assert "mokutil --import " + ("mok.der" if form == "text" else cert) in out


def test_a_key_that_cannot_sign(board, keys, mok, tmp_path):
    garbage = tmp_path / "garbage"
    garbage.write_text("garbage")
    board.refused("sign-failed", "--key", garbage, "--cert", f"{mok}.pem")
    board.refused("sign-failed", "--key", f"{keys('other')}.key", "--cert", f"{mok}.pem")
    board.refused("open-failed", "--key", tmp_path / "none", "--cert", f"{mok}.pem", status=3)
    board.refused("usage", "--key", f"{mok}.key", status=2)
    board.refused("usage", "--direct", "--shim", "EFI/debian/shimx64.efi", status=2)


def test_which_shim(board, mok):
    board.dkms(mok)
    shutil.rmtree(board.esp / "EFI/debian")
    board.distribution("BOOT", "shimx64.efi")
    board.refused("no-shim")
    board.distribution("ubuntu")
    board.install()
    assert board.entry()[0] == "\\EFI\\ubuntu\\shimx64.efi"
    board.distribution("fedora")
    board.refused("no-shim")
    board.distribution("debian")
    board.install()
    assert board.entry()[0] == "\\EFI\\debian\\shimx64.efi"
    board.install("--shim", "EFI/fedora/shimx64.efi")
    assert board.entry()[0] == "\\EFI\\fedora\\shimx64.efi"
    board.refused("no-shim", "--shim", "EFI/suse/shimx64.efi")


def test_a_loader_without_sbat(board, mok, tmp_path):
    """shim starts no such loader, whoever has signed it; the firmware does."""
    board.dkms(mok)
    board.enrol(mok)
    board.loader = tmp_path / "loader.efi"
    run("objcopy", "--remove-section", ".sbat", "--target", "efi-app-x86_64", LOADER, board.loader)
    board.refused("no-sbat")
    board.enrol(mok, name="db", guid=DATABASE)
    board.install("--direct")


def test_direct_needs_the_firmwares_own_key(board, mok):
    board.dkms(mok)
    board.enrol(mok)
    board.refused("not-enrolled", "--direct", "--first")
    assert "firmware's own (db)" in board.install("--direct")[0]
    board.enrol(mok, name="db", guid=DATABASE)
    board.install("--direct", "--first", "--options", "quiet")
    assert board.entry() == (NAME, "quiet\0")


def test_a_loader_signed_elsewhere(board, keys, mok):
    """The key is on another machine: nothing is signed here, and packages replace nothing."""
    signed = board.esp.parent / "signed.efi"
    run("sbsign", "--key", f"{mok}.key", "--cert", f"{mok}.pem", "--output", signed, LOADER)
    board.enrol(mok)
    board.loader = signed
    board.install("--first")
    assert board.installed.read_bytes() == signed.read_bytes()
    board.loader = LOADER
    board.refused("no-signing-key", "--no-variables")
    board.dkms(keys("other"))
    board.refused("not-enrolled", "--no-variables")


def test_a_package_signs_what_was_signed(board, mok):
    """Even if Secure Boot is off today; on a disk image, nothing is."""
    board.dkms(mok)
    board.install("--no-variables")
    assert board.installed.read_bytes() == LOADER.read_bytes()
    board.install()
    board.put("SecureBoot", b"\0")
    board.installed.write_bytes(board.installed.read_bytes() + b"older")
    assert "written" in board.install("--no-variables")[0]
    assert is_signed_by(mok, board.installed)


def test_the_entry_stays_behind_shim(board, mok):
    """Secure Boot may be off for a day."""
    board.dkms(mok)
    board.install("--options", "quiet")
    entry = board.entry()
    board.put("SecureBoot", b"\0")
    board.install("--first")
    assert board.entry() == entry and is_signed_by(mok, board.installed)
    board.install("--direct")
    assert board.entry() == (NAME, "quiet\0")


def test_next_refuses_what_shim_would_stop_at(board, mok):
    def refused(code):
        _, err = board.ctl("next", status=1)
        assert err.startswith(f"fastbootctl: {code}: ")
        assert not (board.variables / f"BootNext-{EFI_GLOBAL}").exists()

    board.dkms(mok)
    board.install()
    refused("not-enrolled")
    shutil.copy(LOADER, board.installed)
    refused("not-signed")
    board.enrol(mok)
    board.install()
    board.ctl("next")
    assert (board.variables / f"BootNext-{EFI_GLOBAL}").read_bytes()[4:] == b"\1\0"
    shutil.rmtree(board.esp / "EFI")  # not mounted: nothing to look at
    board.ctl("next")


def test_status_shows_the_loader(board, mok):
    def answer():
        data = json.loads(board.ctl("status", "--json", status=1)[0])
        return data["secure_boot"], data["loader"].get("behind_shim")

    board.dkms(mok)
    assert answer() == ({"state": "on"}, None)
    board.install("--options", "quiet")
    assert answer() == ({"state": "on", "loader": "not-enrolled"}, True)
    out, _ = board.ctl("status", status=1)
    assert "started by shim" in out and re.search("options +quiet\n", out)
    assert re.search("loader +not-enrolled: ", out)
    board.enrol(mok)
    assert answer()[0]["loader"] == "ok"
    shutil.copy(LOADER, board.installed)
    assert answer()[0]["loader"] == "not-signed"
    shutil.rmtree(board.esp / "EFI")
    assert answer()[0] == {"state": "on"}
    assert "not mounted" in board.ctl("status", status=1)[0]


def test_uninstall_removes_the_entry_behind_shim(board, mok):
    board.dkms(mok)
    board.install()
    shim = board.variables / f"Boot0007-{EFI_GLOBAL}"
    shutil.copy(board.variables / f"Boot0001-{EFI_GLOBAL}", shim)
    data = shim.read_bytes()  # the same, but of another loader: the distribution's own entry
    shim.write_bytes(data.replace("fastboot\\".encode("utf-16-le"), "fastbook\\".encode("utf-16-le")))
    board.ctl("uninstall")
    assert not (board.variables / f"Boot0001-{EFI_GLOBAL}").exists()
    assert not board.installed.exists()
    assert shim.exists() and (board.esp / "EFI/debian/shimx64.efi").exists()
