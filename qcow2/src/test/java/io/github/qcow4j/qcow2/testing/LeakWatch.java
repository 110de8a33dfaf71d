package io.github.qcow4j.qcow2.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.LeakGuard;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What may be left over of work on the files of one directory: open files, threads, memory outside
 * the heap, temporary files. Begins to watch when it is made; on Linux.
 */
public final class LeakWatch {

  /** What the JDK keeps for threads and calls of its own. */
  private static final long SPARE_BYTES = 4 << 20;

  private static final int COLLECTIONS = 200;

  private final Path directory;

  /** Files of the portable provider share threads, which another test may have begun. */
  private final Set<Thread> threads = Thread.getAllStackTraces().keySet();

  private final long offHeapBytes = offHeapBytes();

  public LeakWatch(Path directory) {
    this.directory = directory;
  }

  /** Fails when something is there that was not. */
  public void assertNothingIsLeft() throws IOException {
    assertThat(openFiles()).isEmpty();
    assertThat(openThreads()).isEmpty();
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).noneMatch(file -> file.getFileName().toString().startsWith("."));
    }
    // Buffers go with the heap's objects, but a thread of the JDK frees them some time afterwards.
    for (int i = 0; i < COLLECTIONS && offHeapBytes() > offHeapBytes + SPARE_BYTES; i++) {
      System.gc();
    }
    assertThat(offHeapBytes())
        .as("bytes outside the heap")
        .isLessThanOrEqualTo(offHeapBytes + SPARE_BYTES);
  }

  /** Ours that go on. */
  private List<String> openThreads() {
    List<Thread> ours =
        Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> !threads.contains(thread))
            .filter(thread -> thread.getName().startsWith("qcow4j"))
            .toList();
    List<String> alive = new ArrayList<>();
    for (Thread thread : ours) {
      if (!LeakGuard.ends(thread)) {
        alive.add(thread.getName());
      }
    }
    return alive;
  }

  /** The files of the directory that this process has open, once for each time. */
  public List<String> openFiles() throws IOException {
    try (Stream<Path> handles = Files.list(Path.of("/proc/self/fd"))) {
      return openFiles(handles.toList());
    }
  }

  /** Of these handles, each a link to its file. */
  List<String> openFiles(List<Path> handles) throws IOException {
    List<String> open = new ArrayList<>();
    for (Path handle : handles) {
      try {
        String target = Files.readSymbolicLink(handle).toString();
        if (target.startsWith(directory.toString())) {
          open.add(target);
        }
      } catch (NoSuchFileException e) {
        // That of the listing itself, or one that another thread has closed meanwhile.
      }
    }
    return open;
  }

  /** Direct buffers and arenas: both are taken from the same limit. */
  private static long offHeapBytes() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(pool -> pool.getName().equals("direct"))
        .mapToLong(BufferPoolMXBean::getMemoryUsed)
        .sum();
  }
}
