# SPDX-License-Identifier: GPL-2.0-or-later
"""fastbootctl status."""
import re

import pytest

from tool import MIB, ctl, efi_variable, env_of, json_of, put_image, refused


def test_status_in_text_and_json(host, tmp_path):
    root, _ = host
    put_image(tmp_path / "partition", 1, 12, "quiet")
    power = root / "sys/power"
    assert json_of("status", env=env_of(host))["kernel"]["loaded"] is False
    (power / "fastboot_snapshot").write_text("saved generation=12\n")
    (power / "fastboot/target").write_text("\n")
    (power / "fastboot/last_refusal").write_text("fs-writable: a disk\n /mnt is\033 ext4\n")
    (power / "fastboot/generation").write_text("12\n")
    out, _ = ctl("status", env=env_of(host))
    assert "kernel: saved generation=12" in out
    assert "last refusal fs-writable" in out and "/mnt is? ext4" in out
    assert re.search("slot B +generation 12", out) and "quiet" in out
    data = json_of("status", env=env_of(host))
    assert data["kernel"]["state"] == "saved generation=12"
    assert data["kernel"]["restore_count"] is None
    assert data["kernel"]["mode"] is None and data["kernel"]["attempts"] is None
    assert "attempts" not in out
    (power / "fastboot/mode").write_text("golden\n")
    (power / "fastboot/attempts").write_text("2\n")
    assert data["kernel"]["seal"] is None
    (power / "fastboot/seal").write_text("secure-boot\n")
    out, _ = ctl("status", env=env_of(host))
    assert re.search("mode +golden", out) and re.search("attempts +2", out)
    data = json_of("status", env=env_of(host))
    assert re.search("seal +secure-boot", out) and data["kernel"]["seal"] == "secure-boot"
    assert data["kernel"]["mode"] == "golden" and data["kernel"]["attempts"] == "2"
    assert data["images"]["slots"][0]["status"] == "slot-empty"
    assert data["images"]["slots"][1]["generation"] == 12


def test_status_of_the_loader(host, tmp_path):
    variables = tmp_path / "efivars"
    variables.mkdir()
    env = {**env_of(host), "EFIVARFS_PATH": f"{variables}/"}
    loader = json_of("status", env=env)["loader"]
    assert loader == {"efi_variables": True, "boot_entry": False}
    efi_variable(variables, "FastbootLastResult", "8ac4f28e-6d6f-4bd2-9e59-1a1cf66f2b35",
                 b"result=refused\ncode=fs-changed\nsentence=changed \033 = other\n"
                 b"partition=33221100-5544-7766-8899-aabbccddeeff\n"
                 b"passed=b\npassed_code=slot-quarantined\n")
    result = {"result": "refused", "code": "fs-changed", "sentence": "changed ? = other",
              "partition": "33221100-5544-7766-8899-aabbccddeeff",
              "passed": "b", "passed_code": "slot-quarantined"}
    (host[0] / "sys/power/fastboot/loader_result").write_text("result=restored\n")
    out, _ = ctl("status", env=env)
    for key, value in result.items():
        assert f"{key}={value}" in out
    data = json_of("status", env=env)
    assert data["loader"]["last_result"] == result


@pytest.mark.parametrize("variables", [True, False])
def test_status_of_the_loader_from_the_module(host, tmp_path, variables):
    efivars = tmp_path / "efivars"
    if variables:
        efivars.mkdir()
    env = {**env_of(host), "EFIVARFS_PATH": f"{efivars}/"}
    loader_result = host[0] / "sys/power/fastboot/loader_result"
    loader_result.write_text("\n")
    assert "result=" not in ctl("status", env=env)[0]
    assert "last_result" not in json_of("status", env=env)["loader"]
    loader_result.write_text("result=restored\nattempts=2\n")
    out, _ = ctl("status", env=env)
    assert "result=restored" in out and "attempts=2" in out
    loader = json_of("status", env=env)["loader"]
    assert loader["efi_variables"] is variables
    assert loader["last_result"] == {"result": "restored", "attempts": "2"}


def test_status_without_an_area(host, tmp_path):
    (tmp_path / "partition").write_bytes(bytes(MIB))
    refused("area-missing", "status", env=env_of(host))
    assert json_of("status", status=1, env=env_of(host))["images"] == {"present": False}


def test_status_shows_which_image_is_restored_next(partition):
    path = partition()
    put_image(path, 0, 5)
    put_image(path, 1, 6)
    answer = json_of("status", path)["images"]["slots"]
    assert [slot["restored_next"] for slot in answer] == [False, True]
    assert "restored next" in ctl("status", path)[0].split("slot B")[1]
    ctl("rollback", path)
    answer = json_of("status", path)["images"]["slots"]
    assert [(slot["restored_next"], slot["rank"]) for slot in answer] == [(True, 7), (False, 6)]
    assert "promoted" in ctl("status", path)[0].split("slot B")[0]
