# SPDX-License-Identifier: GPL-2.0-or-later
"""fastbootctl completion: what bash and zsh offer."""
import functools
import re
import subprocess

from tool import ctl, verb_options


@functools.cache
def completion(shell):
    return ctl("completion", shell)[0]


def bash_completes(words):
    """What bash offers for the last of these words."""
    script = (completion("bash") +
              'COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))\n'
              "$(complete -p fastbootctl | sed 's/.*-F \\([^ ]*\\) .*/\\1/')\n"
              'printf "%s\\n" "${COMPREPLY[@]}"\n')
    done = subprocess.run(["bash", "-u", "-c", script, "bash", *words], capture_output=True,
                          text=True, timeout=30)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return [line for line in done.stdout.splitlines() if line]


def test_bash_completes_verbs_and_options():
    verbs = verb_options()
    assert bash_completes(["fastbootctl", ""]) == list(verbs)
    assert bash_completes(["fastbootctl", "mark"]) == ["mark-good"]
    for verb, options in verbs.items():
        assert bash_completes(["fastbootctl", verb, "-"]) == options, verb


def test_bash_completes_values(tmp_path):
    def offered(*words):
        return bash_completes(["fastbootctl", *words])
    (tmp_path / "partition").touch()
    (tmp_path / "place").mkdir()
    start = str(tmp_path / "p")
    assert offered("inspect", "--slot", "") == ["a", "b"]
    assert offered("inspect", "--slot", "=", "b") == ["b"]
    assert offered("inspect", "--slot", "=") == ["a", "b"]
    assert offered("prepare", "--slots", "") == ["1", "2"]
    assert offered("prepare", "--label", "") == []
    assert offered("snapshot", "g") == ["golden"]
    assert offered("snapshot", "--yes", "") == ["golden", "once"]
    assert offered("snapshot", "golden", "") == []
    assert offered("completion", "") == ["bash", "zsh"]
    assert offered("help", "rep") == ["report"]
    assert sorted(offered("verify", "--slot", "a", start)) == [
        str(tmp_path / "partition"), str(tmp_path / "place")]
    assert offered("install", "--esp", start) == [str(tmp_path / "place")]
    assert offered("frobnicate", "") == []


def test_bash_completion_is_clean():
    script = ctl("completion", "bash")[0]
    assert subprocess.run(["bash", "-n"], input=script, text=True, timeout=30).returncode == 0


# Replaces zsh's own completion functions by functions that print their arguments.
ZSH = r"""
emulate -R zsh
_describe() { print -l -- "${(@P)${@[-1]}}" }
_arguments() { print -l -- "$@" }
_fastbootctl() {
	eval "$(<$1)"
}
file=$1
shift
words=("$@") CURRENT=$#
_fastbootctl $file
"""


def zsh_completes(tmp_path, *words):
    script = tmp_path / "_fastbootctl"
    script.write_text(completion("zsh"))
    done = subprocess.run(["zsh", "-f", "-c", ZSH, "zsh", str(script), *words],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout.splitlines()


def test_zsh_completes_verbs_and_options(tmp_path):
    assert ctl("completion", "zsh")[0].startswith("#compdef fastbootctl\n")
    verbs = verb_options()
    assert [line.split(":")[0] for line in zsh_completes(tmp_path, "fastbootctl", "")] == \
        list(verbs)
    for verb, options in verbs.items():
        answer = zsh_completes(tmp_path, "fastbootctl", verb, "")
        found = [re.match(r"--[a-z-]+", line)[0] for line in answer if line.startswith("--")]
        assert found == options, verb


def test_zsh_completes_values(tmp_path):
    answer = zsh_completes(tmp_path, "fastbootctl", "snapshot", "")
    assert ":golden|once:(golden once)" in answer and "::TEXT: " in answer
    assert any(line.startswith("--slot=[") and line.endswith("]:a|b:(a b)")
               for line in zsh_completes(tmp_path, "fastbootctl", "verify", ""))
    assert "::DEV:_files" in zsh_completes(tmp_path, "fastbootctl", "prepare", "")
    assert any(line.endswith(":DIR:_files -/")
               for line in zsh_completes(tmp_path, "fastbootctl", "uninstall", ""))
