package io.github.qcow4j.qcow2;

import static io.github.qcow4j.qcow2.Disks.QCOW2;
import static io.github.qcow4j.qcow2.Disks.VOLUME;
import static io.github.qcow4j.qcow2.Disks.allocatedBytes;
import static io.github.qcow4j.qcow2.Disks.contentOf;
import static io.github.qcow4j.qcow2.Disks.open;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.testing.HeaderExtensions;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Limits hold before memory is taken. The files are sparse and as long as their fields claim, so
 * that nothing but the limit refuses them.
 */
class LimitsTest {

  private static final int SIZE = 1 << 20;
  private static final long FAR = 1L << 40;
  private static final int LITTLE = 1 << 20;

  @TempDir private Path directory;
  private Workbench bench;

  @BeforeEach
  void prepare() {
    bench = Workbench.in(directory);
  }

  @ParameterizedTest
  @CsvSource({
    "L1_SIZE, 4194305, Active L1 table too large",
    "L1_SIZE, 0xffffffff, Active L1 table too large",
    "REFCOUNT_TABLE_CLUSTERS, 129, Reference count table too large",
    "REFCOUNT_TABLE_CLUSTERS, 0xffffffff, Reference count table too large",
    "NB_SNAPSHOTS, 65537, Snapshot table too large",
    "NB_SNAPSHOTS, 0xffffffff, Snapshot table too large",
    "BACKING_FILE_SIZE, 1024, Backing file name too long",
    "BACKING_FILE_SIZE, 0xffffffff, Backing file name too long",
  })
  void aHeaderFieldOverItsLimitIsRefusedInQemusWords(
      HeaderField field, String value, String message) {
    bench.image("base.qcow2", "", SIZE);
    Path image = bench.overlay("image.qcow2", "", "base.qcow2");
    bench.operate(
        image,
        surgeon -> {
          surgeon.set(field, Long.decode(value));
          surgeon.truncate(FAR);
        });

    assertLimit(() -> open(image), message);
    assertThat(bench.qemu().img("info", image.toString()).stderr()).contains(message);
  }

  @Test
  void aDiskTooBigForAnyL1TableIsRefused() {
    Path image = bench.image("image.qcow2", "", SIZE);
    for (long size : List.of(1L << 62, Long.MIN_VALUE, -512L)) {
      bench.operate(image, surgeon -> surgeon.set(HeaderField.SIZE, size));

      assertLimit(() -> open(image), "Image is too big");
    }
  }

  @Test
  void theLargestL1TableIsReadAndTakesNoMoreThanItsSize() throws IOException {
    Path image = bench.image("image.qcow2", "", SIZE, "write -P 66 0 1M");
    bench.operate(
        image,
        surgeon -> {
          long l1Entry = surgeon.l1Entry(0);
          surgeon.set(HeaderField.L1_TABLE_OFFSET, FAR);
          surgeon.set(HeaderField.L1_SIZE, 4_194_304);
          surgeon.truncate(FAR + (32 << 20));
          surgeon.setL1Entry(0, l1Entry);
        });

    assertThat(contentOf(image)).containsOnly(66);
    assertThat(allocatedBytes(() -> readThenFail(image))).isLessThan(34 << 20);
  }

  @Test
  void aTableMustLieInTheFileItself() {
    Path image = bench.image("image.qcow2", "", SIZE, "write -P 66 0 1M");
    bench.operate(image, surgeon -> surgeon.set(HeaderField.L1_SIZE, 4_194_304));

    assertThatThrownBy(() -> contentOf(image))
        .isInstanceOf(CorruptImageException.class)
        .hasMessageStartingWith("active L1 table reaches past the end of the file");
    assertThat(allocatedBytes(() -> readThenFail(image))).isLessThan(LITTLE);
  }

  @Test
  void extraDataOfASnapshotIsLimited() {
    Path image = withSnapshot(entry -> 36, 1025);

    assertLimit(() -> open(image), "Too much extra metadata in snapshot table entry 0");
  }

  @Test
  void theL1TableOfASnapshotIsLimited() throws IOException {
    Path image = withSnapshot(entry -> 8, 4_194_305);

    try (Qcow2Image disk = (Qcow2Image) open(image)) {
      assertLimit(
          () -> disk.openSnapshot(disk.snapshots().getFirst()), "Snapshot L1 table too large");
    }
  }

  @Test
  void aSnapshotTableThatLeavesTheFileIsCorrupt() {
    Path image = bench.snapshot(bench.image("image.qcow2", "", SIZE), "s");
    bench.operate(image, surgeon -> surgeon.set(HeaderField.NB_SNAPSHOTS, 65_536));

    assertThatThrownBy(() -> open(image))
        .isInstanceOf(CorruptImageException.class)
        .hasMessageContaining("reaches past the end of the file");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 4, 65536, exceeding the QEMU supported maximum of 65535",
    "8, 8, 67107841, exceeds the maximum supported size",
    "8, 8, -1, exceeds the maximum supported size",
  })
  void theBitmapDirectoryIsLimited(int at, int width, long value, String message) {
    Path image = bench.image("image.qcow2", "", SIZE);
    bench.qemu().img("bitmap", "--add", image.toString(), "b").orFail();
    bench.operate(
        image,
        surgeon -> {
          long extension = surgeon.extensions().contentOffset(HeaderExtensions.BITMAPS);
          surgeon.setNumber(extension + at, width, value);
          surgeon.truncate(FAR);
        });

    assertThatThrownBy(() -> open(image))
        .isInstanceOf(LimitExceededException.class)
        .hasMessageContaining(message);
    assertThat(allocatedBytes(() -> open(image))).isLessThan(LITTLE);
  }

  @Test
  void anL1TableMayNameL2TablesAgainOnlySoOften() throws IOException {
    int allowed = (int) (FormatLimits.MAX_REPEATED_L2_BYTES >> 21);
    Path image = bench.image("image.qcow2", "cluster_size=2M", 600L << 39, "write 0 2M");
    bench.operate(
        image,
        surgeon -> {
          long entry = surgeon.l1Entry(0) & ~ImageSurgeon.COPIED;
          for (int i = 0; i <= allowed; i++) {
            surgeon.setL1Entry(i, entry);
          }
        });
    try (DiskImage disk = open(image)) {
      assertThat(disk.extentAt(0, 512).kind()).isEqualTo(Extent.Kind.DATA);
    }

    bench.operate(image, surgeon -> surgeon.setL1Entry(allowed + 1, surgeon.l1Entry(0)));
    try (DiskImage disk = open(image)) {
      assertThatThrownBy(() -> disk.extentAt(0, 512))
          .isInstanceOf(LimitExceededException.class)
          .hasMessage(
              "active L1 table names L2 tables %d times that it has named before", allowed + 1);
    }
  }

  @Test
  void anL1TableMayNameL2TablesInHolesOnlyAsFarAsTheyCanBeWalked() throws IOException {
    long tableBytes = 2L << 20;
    int named = 2800;
    Path image = bench.image("image.qcow2", "cluster_size=2M", 2900L << 39, "write 0 2M");
    bench.operate(
        image,
        surgeon -> {
          long far = 1L << 40;
          for (int i = 0; i < named; i++) {
            surgeon.setL1Entry(i + 1, far + i * tableBytes);
          }
          surgeon.truncate(far + named * tableBytes);
        });

    try (DiskImage disk = open(image)) {
      assertThatThrownBy(() -> disk.extentAt(0, 512))
          .isInstanceOf(LimitExceededException.class)
          .hasMessage(
              "active L1 table names %d L2 tables, more than the file has storage for", named + 1);
    }

    bench.operate(
        image,
        surgeon -> {
          for (int i = 1000; i < named; i++) {
            surgeon.setL1Entry(i + 1, 0);
          }
        });
    try (DiskImage disk = open(image)) {
      assertThat(disk.extentAt(0, 512).kind()).isEqualTo(Extent.Kind.DATA);
    }
  }

  @Test
  void bitmapTablesMayBeOnlySoLargeTogether() throws IOException {
    int entries = (int) (FormatLimits.MAX_BITMAP_DATA_BYTES / 512);
    // The file takes less storage than one more table would have.
    int allowed = (int) (FormatLimits.MAX_BITMAP_TABLES_BYTES / entries / Long.BYTES);
    Path image = bench.image("image.qcow2", "cluster_size=512", SIZE);
    bench.qemu().img("bitmap", "--add", image.toString(), "b").orFail();
    bench.operate(image, surgeon -> nameBitmaps(surgeon, allowed, entries));
    open(image).close();

    bench.operate(image, surgeon -> nameBitmaps(surgeon, allowed + 1, entries));
    assertThatThrownBy(() -> open(image))
        .isInstanceOf(LimitExceededException.class)
        .hasMessage("Bitmap tables have %d bytes together", (allowed + 1L) * entries * Long.BYTES);
  }

  /** Bitmaps that are in use, whose tables need not fit the disk, at one place far away. */
  private static void nameBitmaps(ImageSurgeon surgeon, int count, int entries) {
    ByteBuffer directory = ByteBuffer.allocate(count * 32);
    for (int i = 0; i < count; i++) {
      directory.position(i * 32).putLong(FAR).putInt(entries).putInt(1).put((byte) 1).put((byte) 9);
      directory.putShort((short) 4).putInt(0).put(Integer.toString(1000 + i).getBytes(US_ASCII));
    }
    surgeon.truncate(2 * FAR);
    surgeon.write(FAR / 2, directory.array());
    long extension = surgeon.extensions().contentOffset(HeaderExtensions.BITMAPS);
    surgeon.setNumber(extension, 4, count);
    surgeon.setNumber(extension + 8, directory.capacity());
    surgeon.setNumber(extension + 16, FAR / 2);
  }

  @Test
  void theVirtualSizeOfEveryLayerCanBeLimited() throws IOException {
    bench.image("base.qcow2", "", 2 * SIZE);
    Path top = bench.unsafeOverlay("top.qcow2", "base.qcow2", "qcow2", SIZE);
    ImageOptions enough = QCOW2.withMaxVirtualSize(2 * SIZE);
    ImageOptions tooLittle = QCOW2.withMaxVirtualSize(2 * SIZE - 1);

    DiskImages.open(VOLUME, top, ReferencePolicy.allow(), enough).close();
    assertThatThrownBy(() -> DiskImages.open(VOLUME, top, ReferencePolicy.allow(), tooLittle))
        .isInstanceOfSatisfying(
            LimitExceededException.class, e -> assertThat(e.limit()).isEqualTo(2 * SIZE - 1));
  }

  private Path withSnapshot(java.util.function.LongUnaryOperator field, long value) {
    Path image = bench.snapshot(bench.image("image.qcow2", "", SIZE), "s");
    Consumer<ImageSurgeon> edit =
        surgeon ->
            surgeon.setNumber(
                surgeon.get(HeaderField.SNAPSHOTS_OFFSET) + field.applyAsLong(0), 4, value);
    return bench.operate(image, edit.andThen(surgeon -> surgeon.truncate(FAR)));
  }

  private static void assertLimit(ThrowingCallable work, String message) {
    assertThatThrownBy(work).isInstanceOf(LimitExceededException.class).hasMessage(message);
    assertThat(allocatedBytes(work)).isLessThan(LITTLE);
  }

  private static void readThenFail(Path image) throws IOException {
    try (DiskImage disk = open(image)) {
      disk.read(0, ByteBuffer.allocate(512));
      throw new IOException("read");
    }
  }
}
