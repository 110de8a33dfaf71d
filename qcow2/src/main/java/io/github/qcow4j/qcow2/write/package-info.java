/**
 * Changing an image: what a write does to the tables is decided here, under the image's metadata
 * lock; the bytes move outside it; and one class decides in which order changed metadata reaches
 * the disk.
 */
@NullMarked
package io.github.qcow4j.qcow2.write;

import org.jspecify.annotations.NullMarked;
