package io.github.qcow4j.qcow2.testing;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * One file of a generated chain.
 *
 * @param path absolute path of the image file
 * @param format {@code qcow2} or {@code raw}
 * @param backingName the backing name as stored in this layer, or null for the base
 * @param dataFile absolute path of the external data file, or null
 * @param virtualSizeBytes guest size when the script is done
 * @param options text of {@code -o} at creation; empty for a raw file
 */
public record ZooLayer(
    Path path,
    String format,
    @Nullable String backingName,
    @Nullable Path dataFile,
    long virtualSizeBytes,
    String options) {}
