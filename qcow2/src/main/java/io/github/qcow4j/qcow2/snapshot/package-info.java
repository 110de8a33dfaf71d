/**
 * Internal snapshots: the snapshot table, read and checked. Touches the image file to load the
 * table.
 */
@NullMarked
package io.github.qcow4j.qcow2.snapshot;

import org.jspecify.annotations.NullMarked;
