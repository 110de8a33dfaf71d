/**
 * Measuring: many requests to one image at once, as a guest makes them. Touches the image only
 * through reading and writing it.
 */
@NullMarked
package io.github.qcow4j.qcow2.bench;

import org.jspecify.annotations.NullMarked;
