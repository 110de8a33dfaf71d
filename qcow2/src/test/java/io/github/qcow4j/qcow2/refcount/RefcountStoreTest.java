package io.github.qcow4j.qcow2.refcount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.HeaderDraft;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.table.MetadataPages;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Counters, blocks and the table of an image that is being written, and a reader of the result. */
class RefcountStoreTest {

  private static final int BITS = 9;
  private static final int CLUSTER = 1 << BITS;
  private static final int PER_BLOCK = CLUSTER / 2;
  private static final int TABLE_AT = 2 * CLUSTER;

  private SimulatedVolume volume;
  private BlockFile file;

  @BeforeEach
  void makeFile() throws IOException {
    volume = SimulatedVolume.create(SimulatedVolume.Options.standard().withRecording(false));
    file = volume.open(Path.of("/image"), OpenOptions.creatingNew());
  }

  @AfterEach
  void closeFile() throws IOException {
    file.close();
  }

  /** An image whose first block stands in cluster 1 and counts nothing yet. */
  private RefcountStore store(int order) {
    MetadataPages blocks = new MetadataPages(file, "refcount block", CLUSTER, 1 << 20);
    blocks.create(CLUSTER);
    long[] table = new long[CLUSTER / 8];
    table[0] = CLUSTER | 0x1FF;
    return new RefcountStore(file, BITS, CounterCodec.ofOrder(order), TABLE_AT, table, blocks);
  }

  private Qcow2Header header(int order, long tableOffset, int tableClusters) {
    return HeaderDraft.fresh(3, BITS, order, CompressionType.ZLIB)
        .refcountTable(tableOffset, tableClusters)
        .header();
  }

  private RefcountReader reader(Qcow2Header header, long heldBytes) throws IOException {
    return new RefcountReader(file, header, RefcountTable.load(file, header), heldBytes);
  }

  @Test
  void theStoreTellsItsShape() {
    RefcountStore store = store(4);
    assertThat(store.blockEntries()).isEqualTo(PER_BLOCK);
    assertThat(store.maxCount()).isEqualTo(65535);
    assertThat(store.tableOffset()).isEqualTo(TABLE_AT);
    assertThat(store.tableEntries()).isEqualTo(64);
    assertThat(store.blockOffset(0)).isEqualTo(CLUSTER);
    assertThat(store.blockOffset(64)).isZero();
    assertThat(store.tableCopy()[0]).isEqualTo(CLUSTER | 0x1FF);
    assertThat(store.blocks().dirtyBytes()).isEqualTo(store.dirtyBytes()).isEqualTo(CLUSTER);
    assertThat(store.firstUnusedTableIndex()).isEqualTo(1);
    assertThat(store.tableIsDirty()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, 4, 6})
  void whatIsAddedIsCountedAndReadBack(int order) throws IOException {
    RefcountStore store = store(order);
    int perBlock = store.blockEntries();
    store.add(0, 3, 1);
    store.add(perBlock + 5, 2, 1);
    if (order > 0 && order < 6) {
      store.add(1, 1, store.maxCount() - 1);
      store.add(1, 1, -1);
    }
    assertThat(store.get(0)).isEqualTo(1);
    assertThat(store.get(3)).isZero();
    assertThat(store.get(perBlock)).as("its own block").isEqualTo(1);
    assertThat(store.get(perBlock + 6)).isEqualTo(1);
    assertThat(store.get(perBlock + 7)).isZero();
    assertThat(store.get(5L * perBlock)).isZero();
    assertThat(store.dirtyBytes()).isEqualTo(2 * CLUSTER);
    assertThat(store.tableIsDirty()).isTrue();
    store.writeBlocks();
    assertThat(store.dirtyBytes()).isZero();
    store.moveTable(TABLE_AT);
    assertThat(store.tableIsDirty()).isFalse();
    RefcountReader reader = reader(header(order, TABLE_AT, 1), CLUSTER);
    for (long cluster = 0; cluster < 3L * perBlock; cluster++) {
      assertThat(reader.refcount(cluster)).isEqualTo(store.get(cluster));
    }
  }

  @Test
  void aCounterNeitherFallsBelowZeroNorPassesItsWidth() throws IOException {
    RefcountStore store = store(1);
    store.add(4, 1, 3);
    assertThatThrownBy(() -> store.add(4, 1, 1))
        .isInstanceOfSatisfying(
            LimitExceededException.class, e -> assertThat(e.limit()).isEqualTo(2))
        .hasMessage("Refcount of the cluster at offset 0x800 would pass its width");
    store.add(4, 1, -3);
    assertThatThrownBy(() -> store.add(4, 1, -1))
        .isInstanceOfSatisfying(
            CorruptImageException.class, e -> assertThat(e.hostOffset()).isEqualTo(CLUSTER))
        .hasMessage("Refcount of the cluster at offset 0x800 would fall below zero");
    assertThat(store.get(4)).isZero();
  }

  @Test
  void freeClustersAreFoundWithinABlock() throws IOException {
    RefcountStore store = store(4);
    store.add(0, 10, 1);
    store.add(11, PER_BLOCK - 11, 1);
    assertThat(store.firstFreeInBlock(0)).isEqualTo(10);
    assertThat(store.firstFreeInBlock(10)).isEqualTo(10);
    assertThat(store.firstFreeInBlock(11)).isEqualTo(-1);
    assertThat(store.firstFreeInBlock(PER_BLOCK - 1)).isEqualTo(-1);
    assertThat(store.firstFreeInBlock(PER_BLOCK + 9)).as("no block").isEqualTo(PER_BLOCK + 9);
    store.add(PER_BLOCK, 4, 1);
    assertThat(store.firstFreeInBlock(PER_BLOCK)).isEqualTo(PER_BLOCK + 4);
  }

  @Test
  void clustersInARowAreFoundAcrossBlocksAndWhereThereAreNone() throws IOException {
    RefcountStore store = store(4);
    store.add(0, PER_BLOCK, 1);
    // Every other one; then two before the border, and one behind it.
    store.add(PER_BLOCK, PER_BLOCK - 2, 1);
    for (int i = 2; i < PER_BLOCK - 2; i += 2) {
      store.add(PER_BLOCK + i, 1, -1);
    }
    long border = 2L * PER_BLOCK;
    store.placeBlock(2, 40);
    store.add(border + 1, 1, 1);
    store.add(border + 6, PER_BLOCK - 6, 1);

    assertThat(store.firstFreeRun(0, 1, Long.MAX_VALUE)).isEqualTo(PER_BLOCK + 2);
    assertThat(store.firstFreeRun(0, 2, Long.MAX_VALUE)).isEqualTo(border - 2);
    assertThat(store.firstFreeRun(0, 3, Long.MAX_VALUE)).isEqualTo(border - 2);
    assertThat(store.firstFreeRun(border - 1, 2, Long.MAX_VALUE)).isEqualTo(border - 1);
    assertThat(store.firstFreeRun(0, 4, Long.MAX_VALUE)).isEqualTo(border + 2);
    assertThat(store.firstFreeRun(border + 3, 4, Long.MAX_VALUE)).isEqualTo(3L * PER_BLOCK);
    assertThat(store.firstFreeRun(0, 5, Long.MAX_VALUE)).isEqualTo(3L * PER_BLOCK);
    assertThat(store.firstFreeRun(0, 1L << 40, Long.MAX_VALUE)).isEqualTo(3L * PER_BLOCK);
  }

  @Test
  void clustersInARowPastTheEndAreNoneBeforeIt() throws IOException {
    RefcountStore store = store(4);
    store.add(0, 10, 1);
    store.add(14, 1, 1);

    assertThat(store.firstFreeRun(0, 4, 14)).isEqualTo(10);
    assertThat(store.firstFreeRun(0, 4, 13)).isGreaterThan(9);
    assertThat(store.firstFreeRun(0, 5, 19)).isGreaterThan(14);
    assertThat(store.firstFreeRun(0, 5, 20)).isEqualTo(15);
    assertThat(store.firstFreeRun(0, 1, 10)).isGreaterThanOrEqualTo(10);
    assertThat(store.firstFreeRun(3, 1, 2)).isEqualTo(3);
    assertThat(store.firstFreeRun(PER_BLOCK, 5, PER_BLOCK + 4L)).isEqualTo(PER_BLOCK);
  }

  @Test
  void aBlockIsMadeInTheFirstClusterItCounts() throws IOException {
    RefcountStore store = store(4);
    store.ensureBlock(5);
    assertThat(store.tableIsDirty()).isFalse();
    store.ensureBlock(3 * PER_BLOCK + 5);
    store.ensureBlock(3 * PER_BLOCK);
    assertThat(store.blockOffset(3)).isEqualTo(3L * PER_BLOCK * CLUSTER);
    assertThat(store.get(3 * PER_BLOCK)).isEqualTo(1);
    assertThat(store.firstUnusedTableIndex()).isEqualTo(4);
    assertThat(file.size()).as("stored at once").isEqualTo((3L * PER_BLOCK + 1) * CLUSTER);
    store.writeTable();
    assertThat(word(TABLE_AT + 24)).isEqualTo(3L * PER_BLOCK * CLUSTER);
    assertThat(word(TABLE_AT)).as("not changed, not written").isZero();
    assertThat(store.tableIsDirty()).isFalse();
    file.truncate(0);
    store.writeTable();
    assertThat(file.size()).isZero();
  }

  @Test
  void onlyChangedEntriesAreWritten() throws IOException {
    RefcountStore store = store(4);
    store.ensureBlock(5L * PER_BLOCK);
    store.ensureBlock(2L * PER_BLOCK);
    file.truncate(0);
    store.writeTable();
    assertThat(file.size()).isEqualTo(TABLE_AT + 6 * 8);
    assertThat(word(TABLE_AT + 16)).isEqualTo(2L * PER_BLOCK * CLUSTER);
    assertThat(word(TABLE_AT + 40)).isEqualTo(5L * PER_BLOCK * CLUSTER);
  }

  @Test
  void theHeadersBlockIsNeverMade() {
    MetadataPages blocks = new MetadataPages(file, "refcount block", CLUSTER, 1 << 20);
    RefcountStore store =
        new RefcountStore(file, BITS, CounterCodec.ofOrder(4), TABLE_AT, new long[64], blocks);
    assertThatThrownBy(() -> store.ensureBlock(3)).isInstanceOf(CorruptImageException.class);
    assertThat(store.firstUnusedTableIndex()).isZero();
  }

  @Test
  void theTableGrowsByHalfInWholeClusters() throws IOException {
    RefcountStore store = store(4);
    assertThat(store.tableMustMove(64)).isFalse();
    store.ensureBlock(64L * PER_BLOCK);
    assertThat(store.tableEntries()).isEqualTo(128);
    assertThat(store.tableMustMove(64)).isTrue();
    assertThat(store.tableMustMove(128)).isFalse();
    store.ensureBlock(500L * PER_BLOCK);
    assertThat(store.tableEntries()).isEqualTo(512);
    store.ensureBlock(512L * PER_BLOCK);
    assertThat(store.tableEntries()).isEqualTo(768);
    assertThat(store.blockOffset(64)).isEqualTo(64L * PER_BLOCK * CLUSTER);
    store.moveTable(1 << 20);
    assertThat(store.tableOffset()).isEqualTo(1 << 20);
    assertThat(word((1 << 20) + 64 * 8)).isEqualTo(64L * PER_BLOCK * CLUSTER);
    assertThat(word(1 << 20)).isEqualTo(CLUSTER | 0x1FF);
  }

  @ParameterizedTest
  @ValueSource(ints = {128, 129, 191})
  void theTableGrowsAsFarAsABlockBehindItNeeds(int tableIndex) throws IOException {
    RefcountStore store = store(4);
    store.ensureBlock((long) tableIndex * PER_BLOCK);
    assertThat(store.tableEntries()).isEqualTo(192);
    assertThat(store.blockOffset(tableIndex)).isEqualTo((long) tableIndex * PER_BLOCK * CLUSTER);
  }

  @Test
  void theTableEndsAtItsLimit() throws IOException {
    RefcountStore store = store(4);
    long last = FormatLimits.MAX_REFCOUNT_TABLE_BYTES / 8 - 1;
    assertThatThrownBy(() -> store.placeBlock(last + 1, 77))
        .isInstanceOf(LimitExceededException.class)
        .hasMessage("Reference count table too large");
    assertThat(store.tableEntries()).isEqualTo(64);
    store.placeBlock(last, 77);
    assertThat(store.tableEntries()).isEqualTo((int) last + 1);
    assertThat(store.blockOffset(last)).isEqualTo(77L * CLUSTER);
  }

  @Test
  void blocksThatCountNothingButThemselvesAreDropped() throws IOException {
    RefcountStore store = store(4);
    store.add(0, 3, 1);
    store.ensureBlock(PER_BLOCK);
    store.ensureBlock(2 * PER_BLOCK);
    store.ensureBlock(3 * PER_BLOCK);
    store.add(2 * PER_BLOCK + 9, 1, 1);
    store.add(3 * PER_BLOCK, 1, 1);
    store.writeBlocks();
    store.writeTable();
    assertThat(store.dropEmptyBlocks()).containsExactly((long) PER_BLOCK);
    assertThat(store.blockOffset(1)).isZero();
    assertThat(store.blockOffset(2)).isNotZero();
    assertThat(store.blockOffset(3)).as("shared").isNotZero();
    assertThat(store.tableIsDirty()).isTrue();
    file.truncate(0);
    store.writeTable();
    assertThat(file.size()).isEqualTo(TABLE_AT + 16);
    store.add(2 * PER_BLOCK + 9, 1, -1);
    assertThat(store.dropEmptyBlocks()).containsExactly(2L * PER_BLOCK);
  }

  @Test
  void aBlockThatWasDroppedIsNotWrittenWhereItStood() throws IOException {
    RefcountStore store = store(4);
    store.add(0, 3, 1);
    store.writeBlocks();
    store.ensureBlock(PER_BLOCK);
    assertThat(store.dropEmptyBlocks()).containsExactly((long) PER_BLOCK);
    assertThat(store.dirtyBytes()).isZero();
    file.write(ByteBuffer.allocate(8).putLong(0, 77), PER_BLOCK * CLUSTER);
    store.writeBlocks();
    assertThat(word(PER_BLOCK * CLUSTER)).as("the cluster's next use").isEqualTo(77);
  }

  @Test
  void aBlockElsewhereThatCountsNothingIsDropped() throws IOException {
    RefcountStore store = store(4);
    store.add(0, 4, 1);
    store.placeBlock(2, 3);
    assertThat(store.dropEmptyBlocks()).containsExactly(3L);
    store.placeBlock(2, 3);
    store.add(2 * PER_BLOCK, 1, 1);
    assertThat(store.dropEmptyBlocks()).isEmpty();
  }

  @Test
  void theTableOfAReaderIsThatOfTheFile() throws IOException {
    file.write(ByteBuffer.allocate(16).putLong(1023).putLong(CLUSTER + 1).flip(), TABLE_AT);
    file.write(ByteBuffer.allocate(8).putLong(0, Long.MIN_VALUE), TABLE_AT + 24);
    long end = FormatLimits.MAX_FILE_BYTES;
    file.write(ByteBuffer.allocate(16).putLong(end - CLUSTER).putLong(end).flip(), TABLE_AT + 32);
    Qcow2Header header = header(4, TABLE_AT, 2);
    RefcountTable table = RefcountTable.load(file, header);
    assertThat(table.size()).isEqualTo(128);
    assertThat(table.entry(0)).isEqualTo(1023);
    assertThat(table.blockOffset(0)).isEqualTo(512);
    assertThat(table.entry(6)).isZero();
    assertThat(table.isBlockAligned(0)).isTrue();
    assertThat(table.isBlockReachable(1)).isTrue();
    assertThat(table.isBlockReachable(3)).isFalse();
    assertThat(table.isBlockReachable(4)).as("up to where files end").isTrue();
    assertThat(table.isBlockReachable(5)).as("behind that").isFalse();
    assertThat(table.blockIndex(PER_BLOCK * 3L + 7)).isEqualTo(3);
    assertThat(table.indexInBlock(PER_BLOCK * 3L + 7)).isEqualTo(7);
    assertThat(table.countersPerBlock()).isEqualTo(PER_BLOCK);
    assertThat(table.blockBytes()).isEqualTo(CLUSTER);
    Qcow2Header coarse =
        HeaderDraft.fresh(3, 12, 4, CompressionType.ZLIB).refcountTable(TABLE_AT, 1).header();
    assertThat(RefcountTable.load(file, coarse).isBlockAligned(0)).isFalse();
    assertThat(RefcountTable.load(file, header(4, 1L << 60, 1)).entry(0)).isZero();
  }

  @Test
  void theTableOfAReaderGoesToItsLastEntryAndNoFurther() throws IOException {
    file.write(
        ByteBuffer.allocate(16).putLong(5 << BITS).putLong(6 << BITS).flip(), TABLE_AT + 504);
    RefcountTable table = RefcountTable.load(file, header(4, TABLE_AT, 1));
    assertThat(table.blockOffset(63)).isEqualTo(5 << BITS);
    assertThat(table.blockOffset(64)).as("what stands behind it").isZero();
    file.truncate(TABLE_AT + 516);
    table = RefcountTable.load(file, header(4, TABLE_AT, 2));
    assertThat(table.blockOffset(63)).isEqualTo(5 << BITS);
    assertThat(table.blockOffset(64)).as("cut within").isZero();
  }

  @Test
  void whatOfATableLiesPastTheEndOfTheFileTakesNoMemory() throws IOException {
    file.write(ByteBuffer.allocate(16).putLong(8, CLUSTER), TABLE_AT);
    TappedVolume tapped = new TappedVolume(volume);
    try (BlockFile image = tapped.volume().open(file.path(), OpenOptions.reading())) {
      RefcountTable table = RefcountTable.load(image, header(4, TABLE_AT, 2));
      assertThat(table.size()).isEqualTo(128);
      assertThat(table.blockOffset(1)).isEqualTo(CLUSTER);
      assertThat(tapped.bytesRead()).isEqualTo(16);
    }
  }

  @Test
  void aReaderHoldsTheBlocksLastUsed() throws IOException {
    RefcountStore store = store(4);
    store.add(0, 1, 7);
    store.add(PER_BLOCK, 1, 7);
    store.add(2 * PER_BLOCK, 1, 7);
    store.writeBlocks();
    store.moveTable(TABLE_AT);
    RefcountReader reader = reader(header(4, TABLE_AT, 1), 2 * CLUSTER);
    assertThat(reader.refcount(0)).isEqualTo(7);
    assertThat(reader.refcount(PER_BLOCK)).isEqualTo(8);
    store.add(0, 1, 1);
    store.add(PER_BLOCK, 1, 1);
    store.add(2 * PER_BLOCK, 1, 1);
    store.writeBlocks();
    assertThat(reader.refcount(0)).as("held").isEqualTo(7);
    assertThat(reader.refcount(2 * PER_BLOCK)).isEqualTo(9);
    assertThat(reader.refcount(0)).as("used before").isEqualTo(7);
    assertThat(reader.refcount(PER_BLOCK)).as("let go").isEqualTo(9);
    assertThat(reader.refcount(63L * PER_BLOCK)).isZero();
    assertThat(reader.bytesRead()).as("three blocks, one of them again").isEqualTo(4 * CLUSTER);
  }

  @Test
  void aReaderRefusesWhatNoBlockCanBe() throws IOException {
    ByteBuffer table = ByteBuffer.allocate(CLUSTER);
    table.putLong(8, 3 * 512).putLong(16, 1L << 62 | 1L << 63).putLong(24, 1L << 40);
    file.write(table, TABLE_AT);
    Qcow2Header header =
        HeaderDraft.fresh(3, 10, 4, CompressionType.ZLIB).refcountTable(TABLE_AT, 1).header();
    RefcountReader reader = reader(header, 0);
    byte[] target = new byte[1024];
    assertThatThrownBy(() -> reader.refcount(512))
        .isInstanceOf(CorruptImageException.class)
        .hasMessage("Refblock offset 0x600 unaligned (reftable index: 0x1)");
    assertThatThrownBy(() -> reader.refcount(1024))
        .isInstanceOf(IOException.class)
        .isNotInstanceOf(CorruptImageException.class);
    for (int index : new int[] {0, 3}) {
      java.util.Arrays.fill(target, (byte) 5);
      reader.read(index, target);
      assertThat(target).containsOnly(0);
    }
  }

  private long word(long at) throws IOException {
    ByteBuffer word = ByteBuffer.allocate(8);
    file.readPadded(word, at);
    return word.getLong(0);
  }
}
