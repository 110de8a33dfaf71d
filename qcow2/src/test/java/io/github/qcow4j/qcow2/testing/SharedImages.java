package io.github.qcow4j.qcow2.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A directory of generated images. With {@code -Dqcow4j.images=DIRECTORY} all JVMs of one build
 * share it, and each image is made by whichever wants it first; without, it belongs to this JVM and
 * goes with it.
 *
 * <p>The directory's last name is the build's own: those beside it are of earlier builds, whose
 * recipes may have been others, and are deleted.
 */
final class SharedImages {

  private static final String LOCK = ".lock";
  private static final String DONE = ".done";

  private final Path root;
  private final boolean shared;

  private SharedImages(Path root, boolean shared) {
    this.root = root;
    this.shared = shared;
  }

  /** The directory for images of one kind. */
  static SharedImages of(String kind) {
    @Nullable String build = System.getProperty("qcow4j.images");
    if (build == null) {
      return new SharedImages(ScratchDirectory.create("qcow4j-" + kind + "-"), false);
    }
    try {
      Path ofBuild = Files.createDirectories(Path.of(build)).toRealPath();
      deleteEarlier(ofBuild);
      return new SharedImages(Files.createDirectories(ofBuild.resolve(kind)), true);
    } catch (IOException e) {
      throw new UncheckedIOException("no directory for images", e);
    }
  }

  /** A directory that the caller keeps. */
  static SharedImages in(Path root) {
    try {
      return new SharedImages(Files.createDirectories(root), true);
    } catch (IOException e) {
      throw new UncheckedIOException("no directory for images", e);
    }
  }

  Path root() {
    return root;
  }

  /** Leaves nothing behind that is of no use to others. */
  void endWith(Ahead<?, ?> writers) {
    if (shared) {
      // A process that went on writing would spoil what another JVM makes anew.
      Runtime.getRuntime().addShutdownHook(new Thread(writers::stop));
    } else {
      ScratchDirectory.deleteAtExit(root, writers);
    }
  }

  /** Makes something. */
  @FunctionalInterface
  interface Maker {
    /** Returns the path, below the root, of what was made. */
    Path make();
  }

  /**
   * Makes something unless another JVM has.
   *
   * @param name its name, unique in this directory; not asked for twice at a time in one JVM
   * @return the path of what was made
   */
  Path once(String name, Maker maker) {
    Path done = root.resolve(name + DONE);
    try (FileChannel channel =
            FileChannel.open(
                root.resolve(name + LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock _ = channel.lock()) {
      if (Files.exists(done)) {
        return root.resolve(Files.readString(done));
      }
      // What a killed JVM left half done.
      ScratchDirectory.deleteIfThere(root.resolve(name));
      Path made = maker.make();
      Files.writeString(done, root.relativize(made).toString());
      return made;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot make " + name, e);
    }
  }

  private static void deleteEarlier(Path ofBuild) throws IOException {
    try (Stream<Path> builds = Files.list(ofBuild.getParent())) {
      builds.filter(path -> !path.equals(ofBuild)).forEach(ScratchDirectory::delete);
    }
  }
}
