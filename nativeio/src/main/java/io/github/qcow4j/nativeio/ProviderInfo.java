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

  /** Whether this is the best there is: {@code panama}. */
  public boolean isFirstChoice() {
    return name.equals(Volumes.FIRST_CHOICE);
  }

  /** What a provider may be able to do beyond plain reading and writing. */
  public enum Capability {
    /**
     * Locks belong to the open file in the kernel ({@code F_OFD_SETLK}). Without it they belong to
     * the process there: the files this JVM opened exclude each other all the same, but a lock is
     * given up for a moment while it is converted or asked about, and lost when other code of this
     * JVM closes the same file.
     */
    OPEN_FILE_LOCKS,
    /** Holes can be told from data. */
    SEEK_DATA,
    /** Holes can be punched, ranges zeroed and reserved. */
    FALLOCATE,
    /** Ranges can be shared between files (reflink). */
    CLONE_RANGE,
    /** The kernel can copy between files. */
    KERNEL_COPY,
    /**
     * Names can be exchanged, and not replaced, in one step ({@code renameat2(2)}). Without it
     * nothing is ever replaced unasked either, but others see the steps, and a crash may fall
     * between them.
     */
    RENAME_FLAGS,
    /** Files without a name. */
    UNNAMED_FILES,
    /** Directories can be made durable. */
    DIRECTORY_SYNC,
    /** The storage of a file can be told from its length; else the length stands for it. */
    ALLOCATED_SIZE,
    /** The page cache can be passed by; else {@link OpenOptions#directIo()} has no effect. */
    DIRECT_IO
  }
}
