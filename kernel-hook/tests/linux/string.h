/* SPDX-License-Identifier: GPL-2.0-only */
/* For the host: nothing that the host's own header lacks is used by the files under test. */
#include <string.h>
