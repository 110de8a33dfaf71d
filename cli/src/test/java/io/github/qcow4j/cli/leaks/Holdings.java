package io.github.qcow4j.cli.leaks;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** What this process holds, of each kind so much; on Linux. */
final class Holdings {

  private static final Path SELF = Path.of("/proc/self");

  /**
   * Buffers go with the objects that own them, which a thread of the JDK sees to some time after
   * the collection, and a thread that has ended takes a moment to be gone: of so many looks the
   * least counts.
   */
  private static final int LOOKS = 10;

  private static final MemoryMXBean MEMORY = ManagementFactory.getMemoryMXBean();

  /** A kind of thing that a process can have too many of. */
  enum Kind {
    /** Bytes of objects that somebody refers to. */
    LIVE_HEAP_BYTES,
    /** Bytes that the C library has lent out and not got back: see {@link LentMemory}. */
    LENT_BYTES,
    /** KiB of memory that this process has for itself, in no file: proc_pid_status(5). */
    PRIVATE_KIBIBYTES,
    /** Ranges of addresses, one for a file's part, a library's or a thread's stack. */
    MAPPINGS,
    DESCRIPTORS,
    THREADS
  }

  private Holdings() {}

  /** The least that is seen of each kind in some looks. */
  static Map<Kind, Long> now() throws IOException {
    Map<Kind, Long> least = new EnumMap<>(Kind.class);
    for (int look = 0; look < LOOKS; look++) {
      System.gc();
      look().forEach((kind, amount) -> least.merge(kind, amount, Math::min));
    }
    return least;
  }

  private static Map<Kind, Long> look() throws IOException {
    Map<Kind, Long> seen = new EnumMap<>(Kind.class);
    seen.put(Kind.LIVE_HEAP_BYTES, MEMORY.getHeapMemoryUsage().getUsed());
    Optional<Long> lent = LentMemory.bytes();
    lent.ifPresent(bytes -> seen.put(Kind.LENT_BYTES, bytes));
    seen.put(Kind.PRIVATE_KIBIBYTES, privateKibibytes());
    try (Stream<String> lines = Files.lines(SELF.resolve("maps"))) {
      seen.put(Kind.MAPPINGS, lines.count());
    }
    seen.put(Kind.DESCRIPTORS, entries("fd"));
    seen.put(Kind.THREADS, entries("task"));
    return seen;
  }

  private static long privateKibibytes() throws IOException {
    try (Stream<String> lines = Files.lines(SELF.resolve("status"))) {
      return lines
          .filter(line -> line.startsWith("RssAnon:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
          .findFirst()
          .orElseThrow();
    }
  }

  private static long entries(String directory) throws IOException {
    try (Stream<Path> entries = Files.list(SELF.resolve(directory))) {
      return entries.count();
    }
  }
}
