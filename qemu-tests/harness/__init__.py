# SPDX-License-Identifier: GPL-2.0-or-later
"""Drive the built product from outside: machines, disks, consoles, probes."""
