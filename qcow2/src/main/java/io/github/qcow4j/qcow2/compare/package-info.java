/**
 * Comparing two disks: extents first, data only where extents leave the question open. Reads
 * images, changes nothing.
 */
@NullMarked
package io.github.qcow4j.qcow2.compare;

import org.jspecify.annotations.NullMarked;
