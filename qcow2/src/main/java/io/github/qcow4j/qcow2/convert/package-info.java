/**
 * Conversion: the content of one image, or of several one behind the other, read through all layers
 * and written to a target without any. Flattening a chain is a conversion. Touches its sources only
 * to read.
 */
@NullMarked
package io.github.qcow4j.qcow2.convert;

import org.jspecify.annotations.NullMarked;
