// SPDX-License-Identifier: GPL-2.0-or-later
#include "area/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"

/* The first with the programming interface, the second without (linux/pci_ids.h). */
#define PCI_CLASS_AHCI 0x010601u
#define PCI_CLASS_IDE  0x0101u

/* Each component of the path may be what a disk is plugged into; the last one counts. */
static bool parse_component(const char *component, struct place_path *place)
{
	unsigned int segment, bus, device, function, host;
	char more;

	if (sscanf(component, "%x:%x:%x.%x%c", &segment, &bus, &device, &function, &more) == 4) {
		*place = (struct place_path){ .segment = (uint16_t)segment,
					      .bus = (uint8_t)bus,
					      .devfn = (uint8_t)(device << 3 | function) };
		snprintf(place->function, sizeof(place->function), "%s", component);
		return segment <= UINT16_MAX; /* otherwise the kernel has invented it (VMD) */
	}
	if (strncmp(component, "usb", 3) == 0)
		return false; /* firmware numbers its ports differently */
	if (strncmp(component, "virtio", 6) == 0 && !place->kind)
		place->kind = IMG_PLACE_CONTROLLER;
	if (strcmp(component, "nvme") == 0)
		place->kind = IMG_PLACE_NVME;
	if (sscanf(component, "ata%u%c", &place->ata, &more) == 1)
		place->kind = IMG_PLACE_ATA;
	/* For other controllers firmware has its own numbers. */
	if (sscanf(component, "%u:%u:%u:%llu%c", &host, &place->channel, &place->target,
		   &place->lun, &more) == 4 &&
	    place->kind == IMG_PLACE_CONTROLLER)
		place->kind = IMG_PLACE_SCSI;
	return true;
}

bool place_parse(const char *path, struct place_path *ret_place)
{
	_cleanup_free_ char *copy = strdup(path);
	char *rest = copy, *component;

	*ret_place = (struct place_path){ 0 };
	while (rest && (component = strsep(&rest, "/"))) {
		if (!parse_component(component, ret_place))
			return false;
	}
	return ret_place->kind != 0;
}

/* Controllers whose ports firmware numbers in the same way: AHCI, IDE; not those of an array. */
static bool has_ports(const struct place_path *place)
{
	uint64_t class;

	return io_system_number(&class, "/sys/bus/pci/devices/%s/class", place->function) &&
	       (class == PCI_CLASS_AHCI || class >> 8 == PCI_CLASS_IDE);
}

static bool read_unit(const char *name, const struct place_path *place, uint64_t *ret_unit)
{
	uint64_t port;

	switch (place->kind) {
	case IMG_PLACE_ATA: /* the kernel numbers ports from 1 (drivers/ata/libata-transport.c) */
		if (!has_ports(place) ||
		    !io_system_number(&port, "/sys/class/ata_port/ata%u/port_no", place->ata) ||
		    port == 0)
			return false;
		*ret_unit = (port - 1) << 12 | place->channel << 4 | place->target;
		return true;
	case IMG_PLACE_NVME:
		return io_system_number(ret_unit, "/sys/class/block/%s/nsid", name);
	case IMG_PLACE_SCSI:
		*ret_unit = (uint64_t)place->target << 14 | place->lun;
		return place->channel == 0 && place->lun >> 14 == 0;
	default:
		*ret_unit = 0;
		return true;
	}
}

uint64_t place_of(const char *name)
{
	_cleanup_free_ char *link = io_system_path("/sys/class/block/%s", name);
	_cleanup_free_ char *path = link ? realpath(link, NULL) : NULL;
	struct place_path place;
	uint64_t unit;

	if (!path || !place_parse(path, &place) || !read_unit(name, &place, &unit))
		return 0;
	return img_place(place.segment, place.bus, place.devfn, place.kind, unit);
}

#define VPD_MAX	 256
#define VPD_HEAD 4 /* kernel-hook/places.c says how libata fills page 0x80 */

static uint64_t ata_identity(const char *name)
{
	_cleanup_free_ char *path = io_system_path("/sys/class/block/%s/device/vpd_pg80", name);
	_cleanup_free_ char *page = NULL;
	size_t size;

	if (!path || io_read_file(path, VPD_MAX, &page, &size) ||
	    size < VPD_HEAD + IMG_ATA_SERIAL_SIZE || page[VPD_HEAD - 1] != IMG_ATA_SERIAL_SIZE)
		return 0;
	return img_ata_identity((const uint8_t *)page + VPD_HEAD);
}

uint64_t place_parse_eui64(const char *text)
{
	uint8_t byte[8];
	uint64_t identity = 0;
	int end = 0;

	if (sscanf(text, "%2hhx %2hhx %2hhx %2hhx %2hhx %2hhx %2hhx %2hhx%n", &byte[0], &byte[1],
		   &byte[2], &byte[3], &byte[4], &byte[5], &byte[6], &byte[7], &end) != 8 ||
	    (text[end] && text[end] != '\n'))
		return 0;
	for (size_t i = sizeof(byte); i > 0; i--)
		identity = identity << 8 | byte[i - 1];
	return identity;
}

static uint64_t nvme_identity(const char *name)
{
	_cleanup_free_ char *path = io_system_path("/sys/class/block/%s/eui", name);
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (!path || io_read_file(path, VPD_MAX, &text, &size))
		return 0;
	return place_parse_eui64(text);
}

uint64_t place_identity(const char *name)
{
	switch (img_place_kind(place_of(name))) {
	case IMG_PLACE_ATA:
		return ata_identity(name);
	case IMG_PLACE_NVME:
		return nvme_identity(name);
	default:
		return 0;
	}
}
