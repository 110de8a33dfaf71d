package io.github.qcow4j.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.check.CheckReport;
import io.github.qcow4j.qcow2.check.ImageCheck;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.snapshot.SnapshotTable;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.LeakWatch;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * As many snapshots as the format allows, and as large a table of them. Made one by one they would
 * take hours, for each writes the table anew: all but the last share one L1 table.
 */
class ManySnapshotsTest {

  private static final int MOST = 65_536;
  private static final long MOST_TABLE_BYTES = 64 << 20;

  @TempDir private Path directory;

  @Test
  void anImageHas65536SnapshotsAndNotOneMore() throws IOException {
    Workbench bench = Workbench.in(directory);
    Path image = image(bench);
    forge(image, MOST - 1, 0);
    LeakWatch watch = new LeakWatch(directory);
    try (Qcow2Image disk = WritableImage.open(image)) {
      assertThat(disk.createSnapshot("last", Instant.EPOCH).name()).isEqualTo("last");
    }
    byte[] before = Files.readAllBytes(image);
    try (Qcow2Image disk = WritableImage.open(image)) {
      assertThatThrownBy(() -> disk.createSnapshot("more", Instant.EPOCH))
          .isInstanceOf(LimitExceededException.class);
      assertThat(disk.snapshots()).hasSize(MOST);
      assertThat(disk.snapshots().getLast().name()).isEqualTo("last");
    }
    assertThat(Files.readAllBytes(image)).isEqualTo(before);
    assertClean(image);
    watch.assertNothingIsLeft();
    assertThat(bench.qemu().img("snapshot", "-l", image.toString()).orFail().stdout())
        .contains("s" + (MOST - 2) + " ", "last ");
    bench.qemu().assertCheckClean(image);
  }

  @Test
  void aTableOfSnapshotsTakes64MiBAndNotOneByteMore() throws IOException {
    Workbench bench = Workbench.in(directory);
    Path image = image(bench);
    long bytes = forge(image, 1030, 65_000);
    assertThat(bytes).isLessThanOrEqualTo(MOST_TABLE_BYTES);
    String tooLong = "m".repeat((int) (MOST_TABLE_BYTES - bytes));
    byte[] before = Files.readAllBytes(image);
    try (Qcow2Image disk = WritableImage.open(image)) {
      assertThatThrownBy(() -> disk.createSnapshot(tooLong, Instant.EPOCH))
          .isInstanceOf(LimitExceededException.class);
    }
    assertThat(Files.readAllBytes(image)).isEqualTo(before);
    bench.qemu().assertCheckClean(image);
    assertClean(image);
  }

  private static Path image(Workbench bench) {
    Path image = bench.image("image.qcow2", "refcount_bits=32", 1 << 20, "write -P 7 0 64k");
    return bench.snapshot(image, "s0");
  }

  /**
   * Writes a table of so many snapshots that all are the one that is there, with names of their
   * own.
   *
   * @param nameBytes how long the names are at least
   * @return the table's length in bytes
   */
  private static long forge(Path image, int count, int nameBytes) throws IOException {
    InternalSnapshot first;
    try (Qcow2Image disk = (Qcow2Image) Disks.open(image)) {
      first = disk.snapshots().getFirst();
    }
    List<InternalSnapshot> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String name = "s" + i + "x".repeat(Math.max(0, nameBytes - 6));
      all.add(
          new InternalSnapshot(
              first.l1TableOffset(),
              first.l1Entries(),
              Integer.toString(i + 1),
              name,
              0,
              0,
              0,
              0,
              first.diskBytes(),
              first.icount(),
              first.extraBytes(),
              first.unknownExtra()));
    }
    ByteBuffer encoded = SnapshotTable.encode(image, all);
    byte[] table = new byte[encoded.remaining()];
    encoded.get(table);
    ImageSurgeon.operate(
        image,
        surgeon -> {
          int clusters = Math.ceilDiv(table.length, surgeon.clusterSizeBytes());
          long home = surgeon.appendClusters(clusters);
          for (int i = 0; i < clusters; i++) {
            surgeon.setRefcount(home + (long) i * surgeon.clusterSizeBytes(), 1);
          }
          surgeon.write(home, table);
          surgeon.setRefcount(surgeon.get(HeaderField.SNAPSHOTS_OFFSET), 0);
          surgeon.set(HeaderField.SNAPSHOTS_OFFSET, home);
          surgeon.set(HeaderField.NB_SNAPSHOTS, count);
          surgeon.setRefcount(first.l1TableOffset(), count);
          // And the disk itself refers to them.
          surgeon.setRefcount(surgeon.l2TableOffset(0), count + 1L);
          surgeon.setRefcount(surgeon.clusterOffset(0), count + 1L);
        });
    return table.length;
  }

  private static void assertClean(Path image) throws IOException {
    try (ImageCheck check = ImageCheck.open(Volumes.host(), image)) {
      CheckReport report = check.run(finding -> {}, new JobControl());
      assertThat(report.outcome()).as("%s", report).isEqualTo(CheckReport.Outcome.CONSISTENT);
    }
  }
}
