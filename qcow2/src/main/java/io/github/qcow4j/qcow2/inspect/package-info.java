/**
 * What can be said of an image and its chain from headers alone. Opens the named files, one after
 * the other, and closes them again; reads no guest data.
 */
@NullMarked
package io.github.qcow4j.qcow2.inspect;

import org.jspecify.annotations.NullMarked;
