/**
 * Persistent dirty bitmaps: the bitmap directory, read and checked. Touches the image file to load
 * the directory.
 */
@NullMarked
package io.github.qcow4j.qcow2.bitmap;

import org.jspecify.annotations.NullMarked;
