/**
 * The qcow2 format, images, chains, and the jobs on them. Reaches files only through the ground
 * floor, {@code io.github.qcow4j.nativeio}.
 */
@NullMarked
package io.github.qcow4j.qcow2;

import org.jspecify.annotations.NullMarked;
