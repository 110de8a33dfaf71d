/**
 * Persistent dirty bitmaps: the bitmap directory, tables and bits, read and checked, and what
 * changes of them mean. Touches the image file to load them; how they are written back is decided
 * elsewhere.
 */
@NullMarked
package io.github.qcow4j.qcow2.bitmap;

import org.jspecify.annotations.NullMarked;
