/**
 * Reference counts of host clusters: how counters are packed into refcount blocks, the refcount
 * table, and looking single counters up. Touches the image file only to load tables and blocks, and
 * decides nothing about clusters.
 */
@NullMarked
package io.github.qcow4j.qcow2.refcount;

import org.jspecify.annotations.NullMarked;
