package io.github.qcow4j.cli.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.MemoryFolder;
import io.github.qcow4j.qcow2.testing.HeaderExtensions;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.ToolRun;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A file that has lost its tail may refer to what lies behind its end by less than a cluster, and
 * count it, and is sound for every check. New structures were written over it: they were put behind
 * the end of the file without a look at the counters there.
 */
final class LostTailTest {

  private static final int SIZE = 1 << 20;
  private static final int REST = 1000;

  private static final List<String> COMMANDS =
      List.of(
          "amend -o refcount_bits=32 IMAGE",
          "amend -o refcount_bits=64 IMAGE",
          "amend -o compat=0.10 IMAGE",
          "amend -o lazy_refcounts=on IMAGE",
          "amend -o size=10T IMAGE",
          "resize IMAGE 10T",
          "resize IMAGE +1G",
          "resize --shrink IMAGE 512k",
          "snapshot -c new IMAGE",
          "snapshot -a old IMAGE",
          "snapshot -d old IMAGE",
          "bitmap --add IMAGE more",
          "bitmap --clear IMAGE marks",
          "bitmap --remove IMAGE marks",
          "bench -w -c 4 -f qcow2 IMAGE",
          "check -r leaks IMAGE",
          "check -r all IMAGE");

  @TempDir(factory = MemoryFolder.class)
  private Path directory;

  private final QemuTools qemu = QemuTools.require();
  private Workbench bench;

  @BeforeEach
  void prepare() {
    bench = Workbench.in(directory);
  }

  @Test
  void aCompressedClusterBehindTheEndIsNotWrittenOver() throws IOException {
    Path image = bench.image("image", "", SIZE, "write -c -P 5 0 64k");
    requireSound(withoutTail(image));
  }

  @Test
  void aCompressedClusterOfASnapshotBehindTheEndIsNotWrittenOver() throws IOException {
    Path image = bench.image("image", "", SIZE, "write -P 5 0 64k");
    bench.snapshot(image, "old");
    bench.write(image, "write -c -P 6 64k 64k");
    requireSound(withoutTail(image));
  }

  @Test
  void aBitmapTableBehindTheEndIsNotWrittenOver() throws IOException {
    Path image = bench.image("image", "", SIZE, "write -P 5 0 64k");
    bench.snapshot(image, "old");
    assertThat(qemu.img("bitmap", "--add", image.toString(), "marks").exitCode()).isZero();
    bench.operate(
        image,
        surgeon -> {
          long directoryOffset =
              surgeon.number(surgeon.extensions().contentOffset(HeaderExtensions.BITMAPS) + 16);
          long table = surgeon.number(directoryOffset);
          long behind = surgeon.appendCluster();
          surgeon.setNumber(directoryOffset, behind);
          surgeon.setRefcount(table, 0);
        });
    requireSound(withoutTail(image));
  }

  /** As a crash of QEMU may leave them: what was hidden behind the end comes to light. */
  @Test
  void clustersCountedBehindTheEndAreNotTaken() throws IOException {
    Path image = bench.image("image", "", SIZE, "write -P 5 0 64k");
    bench.snapshot(image, "old");
    bench.operate(
        image,
        surgeon -> {
          long end = surgeon.lengthBytes();
          for (int i = 0; i < 5; i++) {
            surgeon.setRefcount(end + (long) i * surgeon.clusterSizeBytes(), 1);
          }
          // Two free ones among them.
          surgeon.setRefcount(end + 2L * surgeon.clusterSizeBytes(), 0);
          surgeon.setRefcount(end + 3L * surgeon.clusterSizeBytes(), 0);
        });
    requireMet(image, 3);
  }

  @Test
  void countersOfOneBitBehindTheEndRefuseNothing() throws IOException {
    Path image = bench.image("image", "refcount_bits=1", SIZE, "write -P 5 0 64k");
    bench.operate(image, surgeon -> surgeon.setNumber(surgeon.refcountTableEntry(0), 2, 0xffff));
    requireMet(image, 3);
    assertThat(run(image, "resize IMAGE 10T").exitCode()).isZero();
  }

  /** A snapshot made the file end behind it, or, where it was farther than that goes, at 0. */
  @Test
  void aCounterFarBehindTheEndMakesTheFileNoLonger() throws IOException {
    Path image = bench.image("image", "", SIZE, "write -P 5 0 64k");
    bench.operate(
        image,
        surgeon -> {
          surgeon.setRefcountTableEntry(9, surgeon.appendCluster());
          surgeon.setRefcount(300_000L * surgeon.clusterSizeBytes(), 1);
        });
    assertThat(check(image)).isZero();
    long before = Files.size(image);

    assertThat(run(image, "snapshot -c new IMAGE").exitCode()).isZero();
    assertThat(Files.size(image)).isBetween(before, 2 * before);
    assertThat(check(image)).isZero();
  }

  @Test
  void aRepairPutsNoCountersThereEither() {
    Path image = bench.image("image", "", SIZE, "write -c -P 5 0 64k");
    bench.operate(withoutTail(image), surgeon -> surgeon.setRefcountTableEntry(0, 0));
    assertThat(check(image)).isEqualTo(2);

    assertThat(run(image, "check -q -r all IMAGE").exitCode()).isZero();
    assertThat(check(image)).isZero();
  }

  /** The file ends in the cluster before its last one. */
  private static Path withoutTail(Path image) {
    return ImageSurgeon.operate(
        image,
        surgeon -> {
          long clusters = (surgeon.lengthBytes() - 1) / surgeon.clusterSizeBytes();
          surgeon.truncate((clusters - 1) * surgeon.clusterSizeBytes() + REST);
        });
  }

  private void requireSound(Path image) throws IOException {
    requireMet(image, 0);
  }

  /**
   * Every command leaves an image without errors, or as it was.
   *
   * @param worst what QEMU's check may say afterwards: 0 for nothing, 3 for leaks
   */
  private void requireMet(Path image, int worst) throws IOException {
    assertThat(check(image)).isZero();
    byte[] before = Files.readAllBytes(image);
    Path copy = directory.resolve("copy");
    for (String command : COMMANDS) {
      Files.copy(image, copy, StandardCopyOption.REPLACE_EXISTING);
      OurRun run = run(copy, command);
      // What writes guest data as it goes may meet the lost cluster late.
      if (run.exitCode() == 0 || command.startsWith("bench")) {
        ToolRun check = qemu.img("check", copy.toString());
        assertThat(check.exitCode()).as("%s %s", run, check).isIn(0, worst);
        assertThat(check.toString()).as("%s", run).doesNotContain("refcount=2");
      } else {
        assertThat(Files.readAllBytes(copy)).as("%s", run).isEqualTo(before);
      }
    }
  }

  private static OurRun run(Path image, String command) {
    return OurRun.asQemuImg(command.replace("IMAGE", image.toString()).split(" ", -1));
  }

  private int check(Path image) {
    return qemu.img("check", image.toString()).exitCode();
  }
}
