/**
 * The first cluster of a qcow2 file: header fields, feature bits, header extensions and the backing
 * file name, parsed into values and checked against the limits of the format. Touches only the file
 * it is given.
 */
@NullMarked
package io.github.qcow4j.qcow2.header;

import org.jspecify.annotations.NullMarked;
