package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;

/**
 * A disk that outgrows the cluster of its L1 table, so that the table moves: with clusters of 512
 * bytes, one holds the 64 entries for 2 MiB of disk. Sometimes a snapshot shares the L2 tables.
 */
final class L1TableGrowth implements CrashWorkload {

  private static final Path IMAGE = Path.of("/disk.qcow2");
  private static final int CLUSTER_BITS = 9;
  private static final int ONE_CLUSTER_BYTES = 2 << 20;
  private static final int MOST_LESS_SECTORS = 60;
  private static final int MOST_MORE_SECTORS = 300;
  private static final int MOST_BYTES = 3_000;

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    boolean snapshot = random.nextBoolean();
    // Snapshots of version 2 cannot say their own size.
    int version = snapshot || random.nextInt(3) > 0 ? 3 : 2;
    int refcountOrder = version == 2 ? 4 : 3 + random.nextInt(4);
    int oldBytes = ONE_CLUSTER_BYTES - sectors(random, MOST_LESS_SECTORS);
    int newBytes = ONE_CLUSTER_BYTES + sectors(random, MOST_MORE_SECTORS);
    ImageCreation.create(
        volume, IMAGE, ImageSpecs.of(oldBytes, version, CLUSTER_BITS, refcountOrder, false));
    volume.settle();
    Qcow2Header before = header(volume);
    DiskModel model = new DiskModel(volume, IMAGE, new byte[oldBytes]);
    try (Qcow2Image disk = LeftImage.open(volume, IMAGE, true)) {
      write(disk, model, 0, random);
      write(disk, model, oldBytes - MOST_BYTES, random);
      if (snapshot) {
        model.createSnapshot(disk);
        write(disk, model, 0, random);
      }
      model.resize(disk, newBytes, null);
      write(disk, model, oldBytes, random);
      model.sync(disk);
      write(disk, model, 0, random);
      write(disk, model, oldBytes - MOST_BYTES, random);
    }
    model.durable();
    Qcow2Header after = header(volume);
    assertThat(after.l1Entries()).as("L1 entries").isGreaterThan(before.l1Entries());
    assertThat(after.l1TableOffset())
        .as("where the L1 table is now")
        .isNotEqualTo(before.l1TableOffset());
    return state -> LeftImage.requireOldOrNew(state, IMAGE);
  }

  private static int sectors(Random random, int most) {
    return DiskVersion.SECTOR_BYTES * (1 + random.nextInt(most));
  }

  private static void write(Qcow2Image disk, DiskModel model, int least, Random random)
      throws IOException {
    int from = least + random.nextInt(model.sizeBytes() - least);
    int length = 1 + random.nextInt(Math.min(model.sizeBytes() - from, MOST_BYTES));
    model.write(disk, from, RandomChanges.randomBytes(random, length));
  }

  private static Qcow2Header header(SimulatedVolume volume) throws IOException {
    try (Qcow2Image disk = LeftImage.open(volume, IMAGE, false)) {
      return disk.header();
    }
  }
}
