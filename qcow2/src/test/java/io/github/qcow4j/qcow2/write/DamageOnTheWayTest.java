package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.AmendRequest;
import io.github.qcow4j.qcow2.Amendment;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.bitmap.BitmapChange;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.testing.HeaderExtensions;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A change of a damaged image is refused as corrupt before it has written a byte. */
class DamageOnTheWayTest {

  private static final int CS = 65_536;

  @TempDir Path directory;

  private Workbench bench;
  private Path image;

  @BeforeEach
  void makeImage() {
    bench = Workbench.in(directory);
    image = bench.image("image.qcow2", "", 8 << 20, "write -P 7 0 1M");
    bench.snapshot(image, "first");
    bench.write(image, "write -P 8 0 64k");
  }

  /** A change, on a disk with a snapshot. */
  enum Change {
    SNAPSHOT(disk -> disk.createSnapshot("second", Instant.EPOCH)),
    APPLY(disk -> disk.applySnapshot(disk.snapshots().getFirst())),
    DELETE(disk -> disk.deleteSnapshot(disk.snapshots().getFirst())),
    BITMAP(disk -> disk.changeBitmaps(List.of(new BitmapChange.Add("b", 0)))),
    GROW(disk -> disk.resize(16L << 30)),
    SHRINK(disk -> disk.resize(1 << 19)),
    WRITE(disk -> disk.write(4 << 20, ByteBuffer.wrap(new byte[] {1})));

    @SuppressWarnings("ImmutableEnumChecker") // Functions without state.
    private final Action action;

    Change(Action action) {
      this.action = action;
    }
  }

  /** Something done to an open image. */
  @FunctionalInterface
  interface Action {
    void run(Qcow2Image disk) throws IOException;
  }

  @ParameterizedTest
  @EnumSource
  void aRefcountBlockAtANegativeOffsetIsNoInternalError(Change change) throws IOException {
    for (int index : new int[] {0, 1}) {
      assertRefused(
          surgeon -> surgeon.setRefcountTableEntry(index, 1L << 63 | 2 * CS), change.action);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "8000000000000000",
    "ffffffffffffffff",
    "fffffffffffffe00",
    "0100000000000000",
    "7fffffffffff0000",
    "0000000000020200"
  })
  void aRefcountBlockStandsWhereHostOffsetsReach(String entry) throws IOException {
    assertRefused(
        surgeon -> surgeon.setRefcountTableEntry(1, Long.parseUnsignedLong(entry, 16)),
        Change.WRITE.action);
  }

  @ParameterizedTest
  @EnumSource
  void aRefcountBlockThatIsNamedTwiceRefusesIt(Change change) throws IOException {
    assertRefused(
        surgeon -> surgeon.setRefcountTableEntry(7, surgeon.refcountTableEntry(0)), change.action);
  }

  @ParameterizedTest
  @EnumSource
  void structuresOfTwoKindsInOnePlaceRefuseIt(Change change) throws IOException {
    for (HeaderField table :
        List.of(HeaderField.L1_TABLE_OFFSET, HeaderField.REFCOUNT_TABLE_OFFSET)) {
      assertRefused(
          surgeon ->
              surgeon.setNumber(surgeon.get(HeaderField.SNAPSHOTS_OFFSET), surgeon.get(table)),
          change.action);
      assertRefused(
          surgeon -> surgeon.setL1Entry(0, surgeon.get(table) | ImageSurgeon.COPIED),
          change.action);
    }
    assertRefused(
        surgeon -> surgeon.setL1Entry(0, surgeon.refcountTableEntry(0) | ImageSurgeon.COPIED),
        change.action);
  }

  /** Another cluster was counted for it, and its disk became the active one. */
  @Test
  void aSnapshotWithAClusterThatLiesOnNoBorderIsNeitherAppliedNorDeleted() throws IOException {
    for (Change change : List.of(Change.APPLY, Change.DELETE)) {
      assertRefused(
          surgeon -> {
            long l1Table = surgeon.number(surgeon.get(HeaderField.SNAPSHOTS_OFFSET));
            long l2Table = surgeon.number(l1Table) & ImageSurgeon.OFFSET_MASK;
            surgeon.setNumber(l2Table, 5 * CS + 512);
          },
          change.action);
    }
  }

  @Test
  void reservedBitsOfARefcountTableEntryAreNoPartOfItsOffset() throws IOException {
    ImageSurgeon.operate(
        image, surgeon -> surgeon.setRefcountTableEntry(0, surgeon.refcountTableEntry(0) | 0x1ff));
    for (Change change : Change.values()) {
      Path copy = bench.copy(image, change.name());
      run(copy, change.action);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"APPLY", "DELETE"})
  void aSnapshotsTableThatIsNowhereRefusesIt(Change change) throws IOException {
    assertRefused(surgeon -> surgeon.setNumber(snapshotL1(surgeon), 1L << 55), change.action);
    assertRefused(surgeon -> surgeon.setNumber(snapshotL1(surgeon), 0x200), change.action);
  }

  @ParameterizedTest
  @EnumSource(names = {"SNAPSHOT", "APPLY", "DELETE"})
  void aCounterThatIsTooLowIsFoundBeforeAnythingIsWritten(Change change) throws IOException {
    for (HeaderField table :
        List.of(HeaderField.SNAPSHOTS_OFFSET, HeaderField.REFCOUNT_TABLE_OFFSET)) {
      assertRefused(surgeon -> surgeon.setRefcount(surgeon.get(table), 0), change.action);
    }
  }

  @Test
  void theClustersOfABitmapAreCountedOrItStays() throws IOException {
    bench.qemu().img("bitmap", "--add", image.toString(), "b0").orFail();
    Action remove = disk -> disk.changeBitmaps(List.of(new BitmapChange.Remove("b0")));
    Action clear = disk -> disk.changeBitmaps(List.of(new BitmapChange.Clear("b0")));
    for (Action action : List.of(remove, clear)) {
      assertRefused(surgeon -> surgeon.setRefcount(bitmapDirectory(surgeon), 0), action);
      assertRefused(
          surgeon -> surgeon.setRefcount(surgeon.number(bitmapDirectory(surgeon)), 0), action);
    }
    run(image, remove);
    bench.qemu().assertCheckClean(image);
  }

  @Test
  void bitsOfABitmapThatAreMetadataAreNotGivenBack() throws IOException {
    bench.qemu().img("bitmap", "--add", image.toString(), "b0").orFail();
    Consumer<ImageSurgeon> damage =
        surgeon -> {
          long block = surgeon.refcountTableEntry(0);
          surgeon.setNumber(surgeon.number(bitmapDirectory(surgeon)), block);
          surgeon.setRefcount(block, 2);
        };
    assertRefused(damage, disk -> disk.changeBitmaps(List.of(new BitmapChange.Remove("b0"))));
    assertRefused(damage, disk -> disk.changeBitmaps(List.of(new BitmapChange.Clear("b0"))));
    assertRefused(damage, Change.GROW.action);
    assertRefused(damage, Change.SHRINK.action);
  }

  @Test
  void aDowngradeThatDamageStopsKeepsTheBitmaps() throws IOException {
    bench.qemu().img("bitmap", "--add", image.toString(), "b0").orFail();
    Action downgrade =
        disk -> Amendment.run(disk, AmendRequest.NOTHING.withVersion(2), new JobControl());
    assertRefused(surgeon -> surgeon.setL1Entry(0, 1L << 55), downgrade);
    assertRefused(surgeon -> surgeon.setNumber(snapshotL1(surgeon), 0x200), downgrade);
    run(image, downgrade);
    bench.qemu().assertCheckClean(image);
  }

  @Test
  void aHeaderWithoutRoomForAnotherVersionIsFoundBeforeTablesAreWritten() throws IOException {
    Action downgrade =
        disk -> Amendment.run(disk, AmendRequest.NOTHING.withVersion(2), new JobControl());
    Path full =
        ImageSurgeon.operate(
            bench.copy(image, "full.qcow2"),
            surgeon -> {
              surgeon.set(HeaderField.HEADER_LENGTH, CS);
              surgeon.write(1000, new byte[] {1});
            });
    byte[] before = Files.readAllBytes(full);
    assertThatThrownBy(() -> run(full, downgrade)).isInstanceOf(LimitExceededException.class);
    assertThat(Files.readAllBytes(full)).isEqualTo(before);
  }

  @Test
  void aDiskIsNotCutWhenItsSizeCouldNotBeChangedAfterwards() throws IOException {
    bench.qemu().img("bitmap", "--add", image.toString(), "b0").orFail();
    for (Consumer<ImageSurgeon> damage :
        List.<Consumer<ImageSurgeon>>of(
            surgeon -> surgeon.setNumber(surgeon.number(bitmapDirectory(surgeon)), 2),
            surgeon -> surgeon.setRefcount(bitmapDirectory(surgeon), 0),
            surgeon -> surgeon.setRefcount(surgeon.get(HeaderField.SNAPSHOTS_OFFSET), 0),
            surgeon -> surgeon.setRefcount(surgeon.get(HeaderField.L1_TABLE_OFFSET), 0),
            surgeon -> surgeon.setL1Entry(0, 1L << 55))) {
      assertRefused(damage, Change.SHRINK.action);
    }
    run(image, Change.SHRINK.action);
    bench.qemu().assertCheckClean(image);
  }

  /** Some of it was gone by the time that a counter of the rest was found to be too low. */
  @Test
  void aDiskIsNotCutWhenWhatIsCutOffIsNotCounted() throws IOException {
    Path longer = bench.image("longer.qcow2", "", 8L << 20, "write 0 8M");
    long end = (8L << 20) - CS;
    for (Consumer<ImageSurgeon> damage :
        List.<Consumer<ImageSurgeon>>of(
            surgeon -> surgeon.setRefcount(surgeon.clusterOffset(end), 0),
            surgeon ->
                surgeon.setNumber(
                    surgeon.l2EntryHostOffset(end),
                    surgeon.clusterOffset(end - CS) | ImageSurgeon.COPIED))) {
      byte[] sound = Files.readAllBytes(longer);
      ImageSurgeon.operate(longer, damage);
      byte[] before = Files.readAllBytes(longer);
      assertThatThrownBy(() -> run(longer, disk -> disk.resize(4L << 20)))
          .isInstanceOf(CorruptImageException.class)
          .hasMessageContaining("would fall below zero");
      assertThat(Files.readAllBytes(longer)).isEqualTo(before);
      Files.write(longer, sound);
    }
    run(longer, disk -> disk.resize(4L << 20));
    bench.qemu().assertCheckClean(longer);
  }

  /**
   * It is taken before its tables are moved to free clusters, and refcount blocks with them: of one
   * behind the end of the file that cannot be, as nothing counts it, or can.
   */
  @ParameterizedTest
  @ValueSource(longs = {3L << 30, (1L << 56) - CS})
  void aSnapshotIsTakenThoughARefcountBlockIsNowhere(long block) throws IOException {
    ImageSurgeon.operate(image, surgeon -> surgeon.setRefcountTableEntry(1, block));
    run(
        image,
        disk ->
            assertThat(disk.createSnapshot("second", Instant.EPOCH).name()).isEqualTo("second"));
    run(
        image,
        disk ->
            assertThat(disk.snapshots())
                .extracting(InternalSnapshot::name)
                .containsExactly("first", "second"));
  }

  @Test
  void bitmapsOfAnotherSizeAreNotWrittenWhenWhatIsReplacedIsNotCounted() throws IOException {
    bench.qemu().img("bitmap", "--add", image.toString(), "b0").orFail();
    for (HeaderField table :
        List.of(HeaderField.SNAPSHOTS_OFFSET, HeaderField.REFCOUNT_TABLE_OFFSET)) {
      for (long size : new long[] {12 << 20, 16L << 30}) {
        assertRefused(
            surgeon -> surgeon.setRefcount(surgeon.get(table), 0), disk -> disk.resize(size));
      }
    }
    run(image, disk -> disk.resize(12 << 20));
    bench.qemu().assertCheckClean(image);
  }

  @Test
  void guestDataIsNotWrittenOverATableThatAnEntryCallsData() throws IOException {
    Action write = disk -> disk.write(0, ByteBuffer.wrap(new byte[] {1}));
    for (HeaderField table :
        List.of(
            HeaderField.L1_TABLE_OFFSET,
            HeaderField.REFCOUNT_TABLE_OFFSET,
            HeaderField.SNAPSHOTS_OFFSET)) {
      assertRefused(
          surgeon -> surgeon.setL2Entry(0, surgeon.get(table) | ImageSurgeon.COPIED), write);
    }
    assertRefused(
        surgeon -> surgeon.setL2Entry(0, surgeon.l2TableOffset(0) | ImageSurgeon.COPIED), write);
    assertRefused(
        surgeon -> surgeon.setL2Entry(0, surgeon.clusterOffset(0) + 512 | ImageSurgeon.COPIED),
        write);
    assertRefused(
        surgeon ->
            surgeon.setL2Entry(
                0,
                surgeon.get(HeaderField.L1_TABLE_OFFSET) | ImageSurgeon.COPIED | ImageSurgeon.ZERO),
        write);
  }

  @Test
  void aTableThatAnEntryCallsDataIsNotGivenBack() throws IOException {
    long[] l1 = new long[1];
    ImageSurgeon.operate(
        image,
        surgeon -> {
          l1[0] = surgeon.get(HeaderField.L1_TABLE_OFFSET);
          surgeon.setL2Entry(0, l1[0] | ImageSurgeon.COPIED);
        });
    run(image, disk -> disk.discard(0, CS));
    try (ImageSurgeon surgeon = ImageSurgeon.open(image)) {
      assertThat(surgeon.refcount(l1[0])).isEqualTo(1);
    }
  }

  private void assertRefused(Consumer<ImageSurgeon> damage, Action action) throws IOException {
    Path damaged = ImageSurgeon.operate(bench.copy(image, "damaged.qcow2"), damage);
    byte[] before = Files.readAllBytes(damaged);
    assertThatThrownBy(() -> run(damaged, action)).isInstanceOf(CorruptImageException.class);
    assertThat(Arrays.mismatch(Files.readAllBytes(damaged), before)).isEqualTo(-1);
    Files.delete(damaged);
  }

  private static void run(Path image, Action action) throws IOException {
    try (Qcow2Image disk =
        (Qcow2Image)
            DiskImages.open(
                Volumes.host(),
                image,
                ReferencePolicy.deny(),
                ImageOptions.of(ImageFormat.QCOW2).withWriting())) {
      action.run(disk);
    }
  }

  private static long snapshotL1(ImageSurgeon surgeon) {
    return surgeon.number(surgeon.get(HeaderField.SNAPSHOTS_OFFSET));
  }

  private static long bitmapDirectory(ImageSurgeon surgeon) {
    return surgeon.number(surgeon.extensions().contentOffset(HeaderExtensions.BITMAPS) + 16);
  }
}
