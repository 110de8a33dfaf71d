package io.github.qcow4j.nativeio;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A real file system of some kind in a sparse image file, mounted for tests that run as root.
 *
 * <p>{@link #shared} gives one per kind and virtual machine, unmounted at its end; {@link #mount}
 * one of the test's own. What a killed run left mounted, the next one cleans away. Where it cannot
 * be had the test is skipped, or with {@code CI=true} in the environment fails.
 */
public final class LoopFileSystem implements Closeable {

  /** Kinds of file systems. */
  public enum Kind {
    EXT4,
    XFS,
    BTRFS,
    TMPFS,
    /** As containers have it: a layer of its own, on a tmpfs, over another one. */
    OVERLAY;

    private boolean inMemory() {
      return this == TMPFS || this == OVERLAY;
    }

    /** Whether files can share storage. */
    public boolean reflinks() {
      return this == XFS || this == BTRFS;
    }
  }

  /** More than the smallest that {@code mkfs.xfs} makes; sparse, so that little of it is used. */
  private static final long SIZE_BYTES = 512L << 20;

  private static final String PREFIX = "qcow4j-loop-";
  private static final String MOUNT_POINT = "mnt";
  private static final String LAYERS = "layers";
  private static final Map<Kind, LoopFileSystem> SHARED = new EnumMap<>(Kind.class);
  private static @Nullable OwnedHomes owned;

  private final Path home;
  private final Path mountPoint;
  private boolean closed;

  private LoopFileSystem(Path home) {
    this.home = home;
    this.mountPoint = home.resolve(MOUNT_POINT);
  }

  /** The directory where it is mounted. */
  public Path mountPoint() {
    return mountPoint;
  }

  /** How much of it is in use, once all that was written is in its place. */
  public long usedBytes() throws IOException {
    run("sync", "-f", mountPoint.toString());
    FileStore store = Files.getFileStore(mountPoint);
    return store.getTotalSpace() - store.getUnallocatedSpace();
  }

  /** A new directory in it. */
  public Path newDirectory() throws IOException {
    return Files.createTempDirectory(mountPoint, "test");
  }

  /** Deletes a directory and all in it: the file systems that tests share are small. */
  public static void delete(Path directory) throws IOException {
    try (Stream<Path> found = Files.walk(directory)) {
      for (Path path : found.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  /** The one of this kind that all tests share, or skips the test. */
  public static synchronized LoopFileSystem shared(Kind kind) throws IOException {
    LoopFileSystem known = SHARED.get(kind);
    if (known == null) {
      known = mount(kind, SIZE_BYTES);
      SHARED.put(kind, known);
    }
    return known;
  }

  /** Makes and mounts one of this size, or skips the test. */
  public static synchronized LoopFileSystem mount(Kind kind, long sizeBytes) throws IOException {
    String missing = missing(kind);
    if (missing != null) {
      String message = "a " + kind + " file system needs " + missing;
      if ("true".equals(System.getenv("CI"))) {
        fail(message);
      }
      assumeTrue(false, message);
    }
    LoopFileSystem made = new LoopFileSystem(owned().newHome());
    boolean mounted = false;
    try {
      Files.createDirectory(made.mountPoint);
      made.makeAndMount(kind, sizeBytes);
      mounted = true;
    } finally {
      if (!mounted) {
        made.close();
      }
    }
    return made;
  }

  private void makeAndMount(Kind kind, long sizeBytes) throws IOException {
    if (kind == Kind.TMPFS) {
      mountTmpfs(mountPoint, sizeBytes);
      return;
    } else if (kind == Kind.OVERLAY) {
      mountOverlay(sizeBytes);
      return;
    }
    Path image = home.resolve("image");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(sizeBytes);
    }
    format(kind, image.toString());
    run("mount", "-o", "loop", image.toString(), mountPoint.toString());
  }

  private static void format(Kind kind, String storage) throws IOException {
    switch (kind) {
      case EXT4 -> run("mkfs.ext4", "-q", "-F", storage);
      case XFS -> run("mkfs.xfs", "-q", "-f", "-m", "reflink=1", storage);
      case BTRFS -> run("mkfs.btrfs", "-q", "-f", storage);
      default -> throw new IllegalArgumentException("has no image");
    }
  }

  /** Unmounts it and mounts another one, empty, of the same device. */
  public void replace(Kind kind) throws IOException {
    String mount = mountOf(mountPoint).orElseThrow();
    String device = mount.substring(0, mount.indexOf(' '));
    // While somebody has it open it keeps its storage.
    try (RandomAccessFile _ = new RandomAccessFile(device, "r")) {
      run("umount", mountPoint.toString());
      format(kind, device);
      run("mount", device, mountPoint.toString());
    }
  }

  private static void mountTmpfs(Path where, long sizeBytes) throws IOException {
    run("mount", "-t", "tmpfs", "-o", "size=" + sizeBytes, "qcow4j", where.toString());
  }

  private void mountOverlay(long sizeBytes) throws IOException {
    Path layers = Files.createDirectory(home.resolve(LAYERS));
    mountTmpfs(layers, sizeBytes);
    StringBuilder options = new StringBuilder();
    for (String layer : List.of("lowerdir", "upperdir", "workdir")) {
      Path directory = Files.createDirectory(layers.resolve(layer));
      options.append(options.isEmpty() ? "" : ",").append(layer).append('=').append(directory);
    }
    run("mount", "-t", "overlay", "-o", options.toString(), "qcow4j", mountPoint.toString());
  }

  /** Lets nobody write any more, or again; fails while a file is open for writing. */
  public void remount(boolean writable) throws IOException {
    run("mount", "-o", "remount," + (writable ? "rw" : "ro"), mountPoint.toString());
  }

  /** Limits how many files there may be; of a tmpfs alone. */
  public void limitFiles(int most) throws IOException {
    run("mount", "-o", "remount,nr_inodes=" + most, mountPoint.toString());
  }

  private static @Nullable String missing(Kind kind) {
    if (!"root".equals(System.getProperty("user.name"))) {
      return "root";
    }
    List<String> tools = new ArrayList<>(List.of("mount", "umount"));
    if (!kind.inMemory()) {
      tools.add("mkfs." + kind.name().toLowerCase(java.util.Locale.ROOT));
      if (!Files.exists(Path.of("/dev/loop-control"))) {
        return "/dev/loop-control";
      }
    }
    if (kind == Kind.OVERLAY && !supportsOverlays()) {
      return "it in the kernel";
    }
    for (String tool : tools) {
      boolean found =
          Arrays.stream((System.getenv("PATH") + ":/usr/sbin:/sbin").split(":", -1))
              .anyMatch(directory -> Files.isExecutable(Path.of(directory, tool)));
      if (!found) {
        return tool;
      }
    }
    return null;
  }

  private static boolean supportsOverlays() {
    try {
      return Files.readString(Path.of("/proc/filesystems")).contains("\toverlay\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    remove(home);
  }

  private void closeQuietly() {
    try {
      close();
    } catch (IOException e) {
      System.err.println("could not clean up " + home + ": " + e);
    }
  }

  private static synchronized OwnedHomes owned() throws IOException {
    OwnedHomes known = owned;
    if (known == null) {
      Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
      known = OwnedHomes.begin(temporary, PREFIX, LoopFileSystem::remove);
      owned = known;
      Runtime.getRuntime().addShutdownHook(new Thread(LoopFileSystem::endQuietly));
    }
    return known;
  }

  private static synchronized void endQuietly() {
    SHARED.values().forEach(LoopFileSystem::closeQuietly);
    try {
      owned().end();
    } catch (IOException e) {
      System.err.println("could not end " + owned + ": " + e);
    }
  }

  private static void remove(Path home) throws IOException {
    for (String mounted : List.of(MOUNT_POINT, LAYERS)) {
      unmount(home.resolve(mounted));
      if (Files.exists(home.resolve(mounted))) {
        // What a process wrote that was killed while it was being unmounted lies below.
        delete(home.resolve(mounted));
      }
    }
    Files.deleteIfExists(home.resolve("image"));
    Files.deleteIfExists(home);
  }

  private static void unmount(Path mountPoint) throws IOException {
    if (isMounted(mountPoint)) {
      try {
        run("umount", mountPoint.toString());
      } catch (IOException e) {
        // Somebody still has a file open there: out of sight now, and gone when it is closed.
        run("umount", "-l", mountPoint.toString());
      }
    }
  }

  private static boolean isMounted(Path mountPoint) throws IOException {
    return mountOf(mountPoint).isPresent();
  }

  private static Optional<String> mountOf(Path mountPoint) throws IOException {
    return Files.readAllLines(Path.of("/proc/self/mounts"), StandardCharsets.ISO_8859_1).stream()
        .filter(line -> line.contains(" " + mountPoint + " "))
        .findFirst();
  }

  private static void run(String... command) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().merge("PATH", ":/usr/sbin:/sbin", String::concat);
    Process process = builder.start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (!process.waitFor(2, TimeUnit.MINUTES) || process.exitValue() != 0) {
        process.destroyForcibly();
        throw new IOException(String.join(" ", command) + " failed: " + output);
      }
    } catch (InterruptedException e) {
      throw new UncheckedIOException(new IOException(e));
    }
  }
}
