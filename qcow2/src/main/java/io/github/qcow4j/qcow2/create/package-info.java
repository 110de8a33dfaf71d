/**
 * New qcow2 images: what may be combined, how a fresh image is laid out, and its publication.
 * Touches the new file, and the backing file only to ask for its size.
 */
@NullMarked
package io.github.qcow4j.qcow2.create;

import org.jspecify.annotations.NullMarked;
