/**
 * Boxes: named sets of disks with snapshots, clones, export and import. Stands on the image layer,
 * {@code io.github.qcow4j.qcow2}, and reaches files only through the ground floor.
 */
@NullMarked
package io.github.qcow4j.snapshot;

import org.jspecify.annotations.NullMarked;
