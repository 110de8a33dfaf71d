/**
 * The check of one image's metadata: every reference is counted and held against the stored
 * reference counts, and every table entry against the format (qcow2 specification, "Reference
 * counts" and "Cluster mapping").
 *
 * <p>{@link io.github.qcow4j.qcow2.check.ImageCheck} is the job. It reads the image's metadata and
 * nothing else: no guest data, no backing file, no data file.
 */
@NullMarked
package io.github.qcow4j.qcow2.check;

import org.jspecify.annotations.NullMarked;
