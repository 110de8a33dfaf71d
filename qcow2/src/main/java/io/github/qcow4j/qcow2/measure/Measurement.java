package io.github.qcow4j.qcow2.measure;

import org.jspecify.annotations.Nullable;

/**
 * How large a new image would become.
 *
 * @param requiredBytes what it takes to hold the source's data
 * @param fullyAllocatedBytes what it takes once the whole disk has been written to
 * @param bitmapsBytes what copies of the source's bitmaps take besides, or null when source or
 *     target cannot have any
 */
public record Measurement(
    long requiredBytes, long fullyAllocatedBytes, @Nullable Long bitmapsBytes) {}
