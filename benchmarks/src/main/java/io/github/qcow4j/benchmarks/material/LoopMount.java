package io.github.qcow4j.benchmarks.material;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A file system of some kind in a sparse file, mounted until it is closed. Needs root. */
public final class LoopMount implements Closeable {

  private final Path home;

  private LoopMount(Path home) {
    this.home = home;
  }

  /** Whether this process may mount anything. */
  public static boolean isPossible() {
    return "root".equals(System.getProperty("user.name"))
        && Files.exists(Path.of("/dev/loop-control"));
  }

  /**
   * Makes one.
   *
   * @param kind as {@code mkfs} calls it
   * @param parent where its file goes
   * @param sizeBytes how large it is; what is deleted in it takes no room in its file
   */
  public static LoopMount make(String kind, Path parent, long sizeBytes) throws IOException {
    LoopMount made = new LoopMount(Files.createTempDirectory(parent, "qcow4j-benchmark-" + kind));
    boolean mounted = false;
    try {
      Files.createDirectory(made.directory());
      try (RandomAccessFile file = new RandomAccessFile(made.image().toFile(), "rw")) {
        file.setLength(sizeBytes);
      }
      Program.require("mkfs." + kind).run(List.of("-q", made.image().toString()));
      Program.require("mount")
          .run(List.of("-o", "loop,discard", made.image().toString(), made.directory().toString()));
      mounted = true;
    } finally {
      if (!mounted) {
        made.delete();
      }
    }
    return made;
  }

  private Path image() {
    return home.resolve("image");
  }

  /** Where it is mounted. */
  public Path directory() {
    return home.resolve("mnt");
  }

  @Override
  public void close() throws IOException {
    Program.require("umount").run(List.of(directory().toString()));
    delete();
  }

  private void delete() throws IOException {
    Files.deleteIfExists(directory());
    Files.deleteIfExists(image());
    Files.deleteIfExists(home);
  }
}
