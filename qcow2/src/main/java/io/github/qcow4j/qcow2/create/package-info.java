/**
 * New qcow2 images: what may be combined, how a fresh image is laid out, and its publication.
 * Touches the new file and its data file alone.
 */
@NullMarked
package io.github.qcow4j.qcow2.create;

import org.jspecify.annotations.NullMarked;
