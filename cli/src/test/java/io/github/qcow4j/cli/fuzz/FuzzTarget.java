package io.github.qcow4j.cli.fuzz;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * A parser and the bytes that it is given. Whatever they are, it ends with an answer or with an
 * {@link IOException}, which is what the errors of images and archives are; anything else escapes
 * and is a finding.
 */
enum FuzzTarget {
  /** Header, extensions, snapshot table and bitmap directory. */
  HEADER(ImageAttacks::inspect),
  /** L1 and L2 tables, clusters, compressed ones too, of the disk and of its snapshots. */
  READING(ImageAttacks::read),
  /** Refcounts, and all that refers to a cluster. */
  CHECKING(ImageAttacks::check),
  /** A repair, and a check of what it made. */
  REPAIRING(ImageAttacks::repair),
  /** Writes, snapshots, bitmaps and another size. */
  WRITING(ImageAttacks::write),
  /** Names of backing files, which lead to the image itself at best. */
  CHAIN(ImageAttacks::follow),
  /** A {@code .boxlite} file. */
  ARCHIVE(TextAttacks::stageArchive),
  /** The manifest of one. */
  MANIFEST(TextAttacks::stageManifest),
  /** The {@code snapshot.json} of a directory. */
  ENVELOPE(TextAttacks::readEnvelope),
  /** Option strings of {@code qemu-img}, and names that hold options. */
  OPTIONS(TextAttacks::parseOptions);

  static final Path FILE = Path.of("/d/image.qcow2");

  /** More than any parser needs of a tiny file: a disk that is full is no finding. */
  private static final long CAPACITY_BYTES = 64L << 20;

  @SuppressWarnings("ImmutableEnumChecker") // Functions without state.
  private final Attack attack;

  FuzzTarget(Attack attack) {
    this.attack = attack;
  }

  /** Gives a parser the bytes that stand in {@link #FILE}. */
  @FunctionalInterface
  interface Attack {
    void run(Volume volume, byte[] input) throws IOException;
  }

  /** Runs once, on a volume of its own. */
  void run(byte[] input) {
    SimulatedVolume volume =
        SimulatedVolume.create(
            SimulatedVolume.Options.standard().withCapacity(CAPACITY_BYTES).withRecording(false));
    try {
      volume.createDirectory(Path.of("/d"));
      write(volume, FILE, input);
      attack.run(volume, input);
    } catch (IOException e) {
      // Foreseen.
    }
    volume.assertNothingOpen();
  }

  static void write(Volume volume, Path path, byte[] content) throws IOException {
    try (BlockFile file = volume.open(path, OpenOptions.creatingNew())) {
      file.write(ByteBuffer.wrap(content), 0);
    }
  }
}
