// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the head of the stream.  The whole list of pfns comes before the first data page, so it
 * must be kept; 4 bytes for each page, reserved before the freeze.
 */
#include <linux/build_bug.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <imgfmt/imgfmt.h>

#include "held.h"
#include "stream.h"

#define STREAM_END  (~0ull)
#define PFNS_A_PAGE (PAGE_SIZE / sizeof(u64))

/* kernel/power/power.h: struct swsusp_info, after the arch record. */
struct stream_info {
	struct stream_arch arch;
	u8 rest_of_uts[344];
	u32 version_code;
	u32 pad0;
	u64 num_physpages;
	u32 cpus;
	u32 pad1;
	u64 image_pages;
	u64 pages;
	u64 size;
};
static_assert(offsetof(struct stream_info, num_physpages) == 400);
static_assert(offsetof(struct stream_info, image_pages) == 416);
static_assert(offsetof(struct stream_info, size) == 432);

/*
 * The kernel needs a free page frame for each page it saves, so it saves at most half of RAM; a
 * sixteenth more for frames that totalram leaves out.
 */
u64 stream_max_pages(void)
{
	return totalram_pages() / 2 + totalram_pages() / 16 + SZ_16K;
}

int stream_prepare(struct stream *stream, struct checkpoint *checkpoint, void __user *user,
		   const void *kernel)
{
	*stream = (struct stream){
		.checkpoint = checkpoint,
		.user = user,
		.kernel = kernel,
		.capacity = round_up(stream_max_pages(), PFNS_A_PAGE),
	};
	stream->kept = held_vzalloc(array_size(stream->capacity, sizeof(u32)));
	return stream->kept ? 0 : -ENOMEM;
}

void stream_release(struct stream *stream)
{
	held_vfree(stream->kept);
	stream->kept = NULL;
}

size_t stream_memory(const struct stream *stream)
{
	return array_size(stream->capacity, sizeof(u32));
}

static int info_read(struct stream *stream, struct report *report)
{
	const struct stream_info *info = stream->kernel;
	u64 meta_pages;
	int error;

	error = checkpoint_read(stream->checkpoint, stream->user);
	if (error)
		return report_obstacle(
			report, IMG_E_CAPTURE, error,
			"the kernel made no image (error %d); is /sys/power/pm_test set?", error);
	if (info->arch.magic != IMG_ARCH_MAGIC)
		return report_obstacle(report, IMG_E_RECORD_ARCH, 0, "magic %llx, expected %llx",
				       info->arch.magic, IMG_ARCH_MAGIC);
	/* A wakeup event or pm_test ends the kernel's part early, without an error. */
	if (!info->image_pages)
		return report_obstacle(
			report, IMG_E_CAPTURE, -EAGAIN,
			"the kernel stopped early: a wakeup event, or pm_test is set");
	meta_pages = info->pages - info->image_pages - 1;
	if (info->pages <= info->image_pages || info->size != info->pages * PAGE_SIZE)
		return report_obstacle(report, IMG_E_RECORD_ARCH, 0,
				       "pages %llu, image pages %llu and size %llu do not agree",
				       info->pages, info->image_pages, info->size);
	if (meta_pages > stream->capacity / PFNS_A_PAGE)
		return report_obstacle(report, IMG_E_INDEX_FULL, 0,
				       "%llu pages of pfns, room for %llu", meta_pages,
				       stream->capacity / PFNS_A_PAGE);
	stream->arch = info->arch;
	stream->data_pages = info->image_pages;
	stream->count = meta_pages * PFNS_A_PAGE;
	return 0;
}

/* Keeps the pfns of one page of the list; ends the list at the end mark. */
static int pfns_keep(struct stream *stream, u64 first, struct report *report)
{
	const u64 *entry = stream->kernel;
	u64 i;

	for (i = 0; i < PFNS_A_PAGE && first + i < stream->count; i++) {
		u64 pfn = entry[i] & ~STREAM_PFN_ZERO;

		if (entry[i] == STREAM_END)
			stream->count = first + i;
		else if (pfn >= STREAM_KEPT_ZERO)
			return report_obstacle(report, IMG_E_INDEX_BOUNDS, 0, "pfn %llx", entry[i]);
		else
			stream->kept[first + i] = pfn | (pfn != entry[i] ? STREAM_KEPT_ZERO : 0);
	}
	return 0;
}

/* Reads all pages of pfns, after the end mark too, because the data pages follow them. */
static int pfns_read(struct stream *stream, struct report *report)
{
	u64 i, all = stream->count;

	for (i = 0; i < all; i += PFNS_A_PAGE) {
		int error = checkpoint_read(stream->checkpoint, stream->user);

		if (error)
			return report_obstacle(report, IMG_E_CAPTURE, error,
					       "page %llu of pfns: error %d", i / PFNS_A_PAGE,
					       error);
		error = pfns_keep(stream, i, report);
		if (error)
			return error;
	}
	return 0;
}

static int pfns_check(const struct stream *stream, struct report *report)
{
	u64 i, next = 0, data = 0;

	for (i = 0; i < stream->count; i++) {
		u64 pfn = stream_pfn(stream, i) & ~STREAM_PFN_ZERO;

		if (pfn < next)
			return report_obstacle(report, IMG_E_INDEX_ORDER, 0, "pfn %llx after %llx",
					       pfn, next - 1);
		next = pfn + 1;
		data += !(stream_pfn(stream, i) & STREAM_PFN_ZERO);
	}
	if (data != stream->data_pages)
		return report_obstacle(report, IMG_E_INDEX_COUNT, 0,
				       "%llu pfns with data, %llu data pages", data,
				       stream->data_pages);
	return 0;
}

int stream_begin(struct stream *stream, struct report *report)
{
	int error = info_read(stream, report);

	if (!error)
		error = pfns_read(stream, report);
	if (!error)
		error = pfns_check(stream, report);
	return error;
}
