// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads a seq_file of procfs as text.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/seq_file.h>
#include <linux/uio.h>

#include "compat.h"
#include "held.h"

#define PROCFS_TEXT_MAX (1u << 20)

/* Reads up to size bytes; the length, or a negative errno. */
static ssize_t procfs_read(struct file *file, char *text, size_t size)
{
	struct kiocb kiocb;
	size_t length = 0;

	init_sync_kiocb(&kiocb, file);
	while (length < size) {
		struct kvec part = { .iov_base = text + length, .iov_len = size - length };
		struct iov_iter iter;
		ssize_t got;

		iov_iter_kvec(&iter, ITER_DEST, &part, 1, part.iov_len);
		got = seq_read_iter(&kiocb, &iter);
		if (got < 0)
			return got;
		if (!got)
			break;
		length += got;
	}
	return length;
}

static char *procfs_read_all(struct file *file)
{
	ssize_t length;
	char *text;

	if (file_inode(file)->i_sb->s_magic != PROC_SUPER_MAGIC)
		return ERR_PTR(-EMEDIUMTYPE);
	text = held_kvcalloc(1, PROCFS_TEXT_MAX);
	if (!text)
		return ERR_PTR(-ENOMEM);
	length = procfs_read(file, text, PROCFS_TEXT_MAX - 1);
	if (length == PROCFS_TEXT_MAX - 1)
		length = -EFBIG;
	if (length < 0) {
		held_kvfree(text);
		return ERR_PTR(length);
	}
	text[length] = '\0';
	return text;
}

char *procfs_text(const char *path)
{
	struct file *file;
	char *text;

	file = held_open(path, O_RDONLY);
	if (IS_ERR(file))
		return ERR_CAST(file);
	text = procfs_read_all(file);
	held_close(file);
	return text;
}
