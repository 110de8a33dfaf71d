/**
 * What stands where: the whole of a disk as a list of ranges, each with the layer and the place in
 * a file that hold it. Reads tables, refcounts and the holes of files, never guest data.
 */
@NullMarked
package io.github.qcow4j.qcow2.map;

import org.jspecify.annotations.NullMarked;
