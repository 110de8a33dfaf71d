/**
 * Boxes, snapshots and what operations on them are asked for and answer, as values. Touches no
 * file.
 */
@NullMarked
package io.github.qcow4j.snapshot.model;

import org.jspecify.annotations.NullMarked;
