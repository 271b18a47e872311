/* report/images_check - a member of a JSON object: what registries say of an image.
 * Threads    pure functions                                                                  */
#ifndef PULLGATE_REPORT_IMAGES_CHECK_H
#define PULLGATE_REPORT_IMAGES_CHECK_H

#include "report/images.h"

void report_images_json_check(struct buf *out, const struct report_image_check *check);

#endif
