package io.github.qcow4j.nativeio;

import java.util.Set;

/**
 * Which way to the kernel a volume takes.
 *
 * @param name {@code panama}, {@code jnr}, {@code portable} or {@code simulated}
 * @param capabilities what it can do at best; a file system may still refuse
 * @param reason why this one was chosen, or why a better one was not
 */
public record ProviderInfo(String name, Set<Capability> capabilities, String reason) {

  /** What a provider may be able to do beyond plain reading and writing. */
  public enum Capability {
    /** Locks belong to the open file rather than to the process. */
    OPEN_FILE_LOCKS,
    /** Holes can be told from data. */
    SEEK_DATA,
    /** Holes can be punched, ranges zeroed and reserved. */
    FALLOCATE,
    /** Ranges can be shared between files (reflink). */
    CLONE_RANGE,
    /** The kernel can copy between files. */
    KERNEL_COPY,
    /** Names can be exchanged, and not replaced, in one step. */
    RENAME_FLAGS,
    /** Files without a name. */
    UNNAMED_FILES,
    /** Directories can be made durable. */
    DIRECTORY_SYNC
  }
}
