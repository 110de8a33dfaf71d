package io.github.qcow4j.cli.fuzz;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A parser and the bytes that it is given. Whatever they are, it ends with an answer or with an
 * {@link IOException}, which is what the errors of images and archives are; anything else escapes
 * and is a finding.
 */
enum FuzzTarget {
  /** Header, extensions, snapshot table and bitmap directory. */
  HEADER(ImageAttacks::inspect, Promise.READS_THE_FILE_ALONE),
  /** L1 and L2 tables, clusters, compressed ones too, of the disk and of its snapshots. */
  READING(ImageAttacks::read, Promise.READS_THE_FILE_ALONE),
  /** Refcounts, and all that refers to a cluster. */
  CHECKING(ImageAttacks::check, Promise.READS_THE_FILE_ALONE),
  /** A repair, and a check of what it made. */
  REPAIRING(ImageAttacks::repair, Promise.NONE),
  /** Writes, snapshots, bitmaps and another size. */
  WRITING(ImageAttacks::write, Promise.NONE),
  /** Names of backing files, and chains of them. */
  CHAIN(ImageAttacks::follow, Promise.KEEPS_THE_FILE),
  /** A {@code .boxlite} file. */
  ARCHIVE(TextAttacks::stageArchive, Promise.KEEPS_THE_FILE),
  /** The manifest of one. */
  MANIFEST(TextAttacks::stageManifest, Promise.NONE),
  /** A directory: its files, what they are to the box, and what its JSON says of them. */
  DIRECTORY(DirectoryAttack::stage, Promise.KEEPS_THE_FILE),
  /** The {@code snapshot.json} of a directory. */
  ENVELOPE(TextAttacks::readEnvelope, Promise.KEEPS_THE_FILE),
  /** Option strings of {@code qemu-img}, and names that hold options. */
  OPTIONS(TextAttacks::parseOptions, Promise.NONE);

  static final Path FILE = Path.of("/d/image.qcow2");

  /** More than any parser needs of a tiny file: a disk that is full is no finding. */
  private static final long CAPACITY_BYTES = 64L << 20;

  @SuppressWarnings("ImmutableEnumChecker") // Functions without state.
  private final Attack attack;

  private final Promise promise;

  FuzzTarget(Attack attack, Promise promise) {
    this.attack = attack;
    this.promise = promise;
  }

  /** What holds of {@link #FILE} when an attack is over. */
  private enum Promise {
    NONE,
    KEEPS_THE_FILE,
    /** No other file was opened either, whatever the image says it needs. */
    READS_THE_FILE_ALONE
  }

  /** Gives a parser the bytes that stand in {@link #FILE}. */
  @FunctionalInterface
  interface Attack {
    void run(SimulatedVolume volume, byte[] input) throws IOException;
  }

  /**
   * Runs once, on a volume of its own.
   *
   * @return why the input was not taken, or null where it was
   */
  @Nullable IOException run(byte[] input) {
    SimulatedVolume volume =
        SimulatedVolume.create(
            SimulatedVolume.Options.standard().withCapacity(CAPACITY_BYTES).withRecording(false));
    try {
      volume.createDirectory(Path.of("/d"));
      write(volume, FILE, input);
      long before = volume.contentHash(FILE);
      IOException foreseen = run(volume, input);
      requirePromise(volume, input, before);
      volume.assertNothingOpen();
      return foreseen;
    } catch (IOException e) {
      throw new UncheckedIOException("the test's own file", e);
    }
  }

  private @Nullable IOException run(SimulatedVolume volume, byte[] input) {
    try {
      attack.run(volume, input);
      return null;
    } catch (IOException e) {
      return e;
    }
  }

  private void requirePromise(SimulatedVolume volume, byte[] input, long before)
      throws IOException {
    if (promise != Promise.NONE
        && (volume.contentHash(FILE) != before
            || volume.status(FILE).sizeBytes() != input.length)) {
      throw new AssertionError(this + " changed the file");
    }
    if (promise == Promise.READS_THE_FILE_ALONE && !volume.everOpened().equals(Set.of(FILE))) {
      throw new AssertionError(this + " opened " + volume.everOpened());
    }
  }

  static void write(Volume volume, Path path, byte[] content) throws IOException {
    try (BlockFile file = volume.open(path, OpenOptions.creatingNew())) {
      file.write(ByteBuffer.wrap(content), 0);
    }
  }
}
