package io.github.qcow4j.qcow2.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.HeaderExtensions;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Images in which a wrong entry calls guest data a table, or a table guest data. What a repair
 * wrote into the table changed the data.
 */
class RepairLeavesGuestDataTest {

  private static final int CS = 65_536;
  private static final int RESERVED_BIT = 16;
  private static final String FAR = "write -P 1 512M 64k";

  @TempDir private Path directory;

  private Workbench bench;

  @BeforeEach
  void makeBench() {
    bench = Workbench.in(directory);
  }

  /**
   * Copied flags were taken from it, eight thousand of them; one counter can say no more than 1.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 16})
  void noFlagsAreSetInDataOfTheDiskThatAnL1EntryCallsATable(int refcountBits) throws IOException {
    Path image = image("refcount_bits=" + refcountBits, "write -P 0x8f 0 64k", FAR);
    long data = dataOffset(image);
    nameAsTable(image, data | ImageSurgeon.COPIED);

    requireLeftAlone(image, surgeon -> data);
  }

  /** Nothing says any more that they are data, but they make no sense as a table. */
  @Test
  void noFlagsAreSetInDataThatOnlyAnL1EntryRefersTo() throws IOException {
    Path image = image("", "write -P 0x8f 0 64k", FAR);
    long data = dataOffset(image);
    ImageSurgeon.operate(image, surgeon -> surgeon.setL1Entry(0, data | ImageSurgeon.COPIED));

    requireLeftAlone(image, surgeon -> data);
  }

  @Test
  void noFlagsAreSetInDataOfASnapshotThatAnL1EntryCallsATable() throws IOException {
    Path image = image("", "write -P 0x8f 0 64k");
    bench.snapshot(image, "first");
    bench.write(image, FAR);
    long data = dataOffset(image);
    nameAsTable(image, data);

    requireLeftAlone(image, surgeon -> data);
  }

  /** It was told as repaired, the image was clean, and the guest's data were others. */
  @Test
  void noFlagsAreSetInDataThatLookLikeATable() throws IOException {
    Path image = image("", "write -P 0 0 64k", "write -P 7 64k 64k", FAR);
    long data = dataOffset(image);
    ImageSurgeon.operate(
        image, surgeon -> surgeon.setNumber(data, ImageSurgeon.COPIED | surgeon.clusterOffset(CS)));
    nameAsTable(image, data | ImageSurgeon.COPIED);

    requireLeftAlone(image, surgeon -> data);
  }

  @Test
  void noReservedBitsAreClearedInDataThatLookLikeATable() throws IOException {
    Path image = image("", "write -P 0 0 64k", "write -P 7 64k 64k", FAR);
    long data = dataOffset(image);
    ImageSurgeon.operate(
        image,
        surgeon -> {
          surgeon.setNumber(data, surgeon.clusterOffset(CS) | RESERVED_BIT);
          surgeon.setRefcount(data, 2);
          surgeon.setRefcount(surgeon.clusterOffset(CS), 2);
          surgeon.setL2Entry(0, data);
          surgeon.setL2Entry(CS, surgeon.clusterOffset(CS));
        });
    nameAsTable(image, data);

    requireLeftAlone(image, surgeon -> data);
  }

  @Test
  void noFlagsAreSetInATableThatIsDataOfABitmap() throws IOException {
    Path image = image("", "write -P 7 0 64k");
    assertThat(bench.qemu().img("bitmap", "--add", image.toString(), "a").exitCode()).isZero();
    ImageSurgeon.operate(
        image,
        surgeon -> {
          long marks =
              surgeon.number(
                  surgeon.number(
                      surgeon.extensions().contentOffset(HeaderExtensions.BITMAPS) + 16));
          long table = surgeon.l2TableOffset(0);
          surgeon.setNumber(marks, table);
          surgeon.setRefcount(table, 2);
          surgeon.setL1Entry(0, table);
          surgeon.setL2Entry(0, surgeon.clusterOffset(0));
        });

    requireLeftAlone(image, surgeon -> surgeon.l2TableOffset(0));
  }

  @Test
  void noFlagsAreSetInTheL1TableThatIsDataOfASnapshot() throws IOException {
    Path image = image("", "write -P 7 0 64k");
    bench.snapshot(image, "first");
    bench.write(image, "write -P 8 0 64k");
    ImageSurgeon.operate(
        image,
        surgeon -> {
          long l1 = surgeon.get(HeaderField.L1_TABLE_OFFSET);
          long snapshotL1 = surgeon.number(surgeon.get(HeaderField.SNAPSHOTS_OFFSET));
          long table = surgeon.number(snapshotL1) & ImageSurgeon.OFFSET_MASK;
          surgeon.setNumber(table + 5 * Long.BYTES, l1);
          surgeon.setRefcount(l1, 2);
          surgeon.setL1Entry(0, surgeon.l2TableOffset(0));
        });

    requireLeftAlone(image, surgeon -> surgeon.get(HeaderField.L1_TABLE_OFFSET));
  }

  /** Counted twice, and a table both times. */
  @Test
  void aTableThatASnapshotSharesIsPutRight() throws IOException {
    Path image = image("", "write -P 7 0 64k");
    bench.snapshot(image, "first");
    ImageSurgeon.operate(
        image,
        surgeon -> {
          assertThat(surgeon.refcount(surgeon.l2TableOffset(0))).isEqualTo(2);
          surgeon.setL2Entry(0, surgeon.clusterOffset(0) | ImageSurgeon.COPIED);
          surgeon.setL2Entry(CS, ImageSurgeon.ZERO | RESERVED_BIT);
        });

    assertThat(repair(image)).isZero();
    bench.qemu().assertCheckClean(image);
    bench.qemu().io(image, "read -P 7 0 64k");
  }

  private Path image(String options, String... commands) {
    return bench.image("image", options, 1 << 30, commands);
  }

  private static long dataOffset(Path image) {
    try (ImageSurgeon surgeon = ImageSurgeon.open(image)) {
      return surgeon.clusterOffset(0);
    }
  }

  private static void nameAsTable(Path image, long l1Entry) {
    ImageSurgeon.operate(image, surgeon -> surgeon.setL1Entry(1, l1Entry));
  }

  /**
   * Requires that a repair changes no byte of a cluster, and says that something is still wrong.
   */
  private static void requireLeftAlone(Path image, ToLongFunction<ImageSurgeon> hostOffset)
      throws IOException {
    byte[] before = cluster(image, hostOffset);
    long errors = repair(image);
    assertThat(Arrays.equals(before, cluster(image, hostOffset))).as("it is as it was").isTrue();
    assertThat(errors).isPositive();
  }

  private static byte[] cluster(Path image, ToLongFunction<ImageSurgeon> hostOffset) {
    try (ImageSurgeon surgeon = ImageSurgeon.open(image)) {
      return surgeon.read(hostOffset.applyAsLong(surgeon), CS);
    }
  }

  /** How many errors the repair itself and a check afterwards leave, the greater number. */
  private static long repair(Path image) throws IOException {
    try (ImageRepair repair = ImageRepair.open(Volumes.host(), image)) {
      long left =
          repair.run(RepairScope.ALL, finding -> {}, new JobControl()).remaining().corruptions();
      long found = repair.check(finding -> {}, new JobControl()).corruptions();
      assertThat(left > 0).isEqualTo(found > 0);
      return Math.max(left, found);
    }
  }
}
