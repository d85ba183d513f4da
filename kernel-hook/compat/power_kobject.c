// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/power's kobject, from a neighbour in sysfs or by its path.  Kbuild searches the kernel's
 * header and sets HAVE_KERNFS_PARENT.
 */
#include <linux/fs.h>
#include <linux/kernfs.h>
#include <linux/magic.h>
#include <linux/namei.h>

#include "compat.h"

#ifdef HAVE_KERNFS_PARENT
/* /sys/kernel and /sys/power have the same parent. */
static struct kobject *power_kobject_by_neighbour(void)
{
	struct kernfs_node *node;
	struct kobject *kobject;

	node = kernfs_find_and_get_ns(kernel_kobj->sd->parent, "power", NULL);
	if (!node)
		return NULL;
	kobject = node->priv;
	kernfs_put(node);
	return kobject;
}
#else
static struct kobject *power_kobject_by_neighbour(void)
{
	return NULL;
}
#endif

static struct kobject *power_kobject_by_path(void)
{
	struct kobject *kobject = NULL;
	struct kernfs_node *node;
	struct path path;

	if (kern_path("/sys/power", LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path))
		return NULL;
	if (path.dentry->d_sb->s_magic == SYSFS_MAGIC) {
		node = d_inode(path.dentry)->i_private;
		kobject = node->priv;
	}
	path_put(&path);
	return kobject;
}

struct kobject *power_kobject_get(void)
{
	struct kobject *kobject = power_kobject_by_neighbour();

	return kobject ? kobject : power_kobject_by_path();
}
