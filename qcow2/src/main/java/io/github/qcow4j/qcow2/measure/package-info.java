/**
 * How large an image would become: {@link io.github.qcow4j.qcow2.measure.ImageMeasure} is the job.
 * Reads the source's tables and asks its files for holes; reads no guest data and writes nothing.
 */
@NullMarked
package io.github.qcow4j.qcow2.measure;

import org.jspecify.annotations.NullMarked;
