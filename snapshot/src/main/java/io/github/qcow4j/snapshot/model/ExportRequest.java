package io.github.qcow4j.snapshot.model;

import io.github.qcow4j.snapshot.archive.Compression;
import org.jspecify.annotations.Nullable;

/**
 * A box to be exported to an archive.
 *
 * @param box the box's name
 * @param snapshot the snapshot to be exported, or null for the live disks
 * @param compression how to compress
 * @param level how hard, a level of {@code compression}
 */
public record ExportRequest(
    String box, @Nullable String snapshot, Compression compression, int level) {}
