/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command to the module: docs/abi/sysfs-power-fastboot. */
#ifndef FASTBOOTCTL_COMMAND_H
#define FASTBOOTCTL_COMMAND_H

/* 0 and a file to write one command to, or the exit status after a report: module-missing. */
int command_open(int *ret_fd);

/* Returns when the command has ended.  0, or its errno. */
int command_write(int fd, const char *command);

#endif
